// Products in mixed precision for AMX with AVX-512 BF16; null if the compiler does not target them (another
// architecture).
#if defined(__AMX_BF16__) || defined(__AMXBF16__)  // clang 14 says it so

#include "kernels/gemm/tiles.hpp"

namespace lamina {

const MixedKernels* mixed_kernels_amx() { return &kTiles; }

}  // namespace lamina

#else

#include "kernels/mixed.hpp"

namespace lamina {

const MixedKernels* mixed_kernels_amx() { return nullptr; }

}  // namespace lamina

#endif
