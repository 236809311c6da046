// The kernels of the instruction sets that this machine has, best last.
#pragma once

#include <string>
#include <vector>

#include "kernels/kernels.hpp"

namespace lamina {

struct InstructionSet {
  std::string name;
  const Kernels<float>* f32;
  const Kernels<double>* f64;

  template <class T>
  const Kernels<T>* kernels() const {
    if constexpr (sizeof(T) == sizeof(float)) {
      return f32;
    } else {
      return f64;
    }
  }
};

inline std::vector<InstructionSet> instruction_sets() {
  std::vector<InstructionSet> sets{{"baseline", kernels_f32_baseline(), kernels_f64_baseline()}};
  [[maybe_unused]] const auto offer = [&](const char* name, const Kernels<float>* f32, const Kernels<double>* f64) {
    if (f32 && f64) sets.push_back({name, f32, f64});  // null: built for another architecture
  };
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) offer("avx2", kernels_f32_avx2(), kernels_f64_avx2());
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    offer("avx512", kernels_f32_avx512(), kernels_f64_avx512());
#endif
  return sets;
}

}  // namespace lamina
