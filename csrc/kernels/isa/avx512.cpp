// Kernels for AVX-512 F, DQ, VL and BW; null tables if the compiler does not target them (another
// architecture).
#if defined(__AVX512F__)

#include "kernels/isa/table.inl"

namespace lamina {

const Kernels<float>* kernels_f32_avx512() { return &kTable<float>; }
const Kernels<double>* kernels_f64_avx512() { return &kTable<double>; }
const MixedKernels* mixed_kernels_avx512() { return &kRounded; }

}  // namespace lamina

#else

#include "kernels/kernels.hpp"
#include "kernels/mixed.hpp"

namespace lamina {

const Kernels<float>* kernels_f32_avx512() { return nullptr; }
const Kernels<double>* kernels_f64_avx512() { return nullptr; }
const MixedKernels* mixed_kernels_avx512() { return nullptr; }

}  // namespace lamina

#endif
