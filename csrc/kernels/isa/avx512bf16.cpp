// Products of bfloat16 for AVX-512 BF16; null if the compiler does not target it (another architecture).
#include "kernels/mixed.hpp"

namespace lamina {

const MixedKernels* mixed_kernels_avx512bf16() { return nullptr; }

}  // namespace lamina
