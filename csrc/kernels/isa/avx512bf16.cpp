// Products in mixed precision for AVX-512 BF16; null if the compiler does not target it (another
// architecture).
#if defined(__AVX512BF16__)

#include "kernels/gemm/bfloat16.hpp"

namespace lamina {

const MixedKernels* mixed_kernels_avx512bf16() { return &kPairs; }

}  // namespace lamina

#else

#include "kernels/mixed.hpp"

namespace lamina {

const MixedKernels* mixed_kernels_avx512bf16() { return nullptr; }

}  // namespace lamina

#endif
