// Kernels for the compiler's baseline: SSE2 on x86-64, NEON on Arm.
#include "kernels/isa/table.inl"

namespace lamina {

const Kernels<float>* kernels_f32_baseline() { return &kTable<float>; }
const Kernels<double>* kernels_f64_baseline() { return &kTable<double>; }
const MixedKernels* mixed_kernels_baseline() { return &kRounded; }

}  // namespace lamina
