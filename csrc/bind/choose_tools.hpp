// Chooses what does the work: the kernels of an instruction set that this machine supports, with or without
// BLAS.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bind/bind.hpp"
#include "bind/tile_unit.hpp"
#include "executor/product.hpp"
#include "kernels/kernels.hpp"

namespace lamina {

// Multiply-adds from which BLAS is faster than the built-in product. Measured on an x86-64 machine with
// OpenBLAS 0.3.30: with AVX2 or AVX-512 the built-in product is as fast or faster up to 2000 x 2000 x 2000
// (up to 4 times at 32 x 64 x 64); with SSE2 only for the smallest products.
inline constexpr i64 kBlasFromNarrow = i64{1} << 14, kBlasFromWide = i64{1} << 33;

struct InstructionSet {
  std::string name;
  const Kernels<float>* f32;
  const Kernels<double>* f64;
  const MixedKernels* mixed;
  i64 blas_from;

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
  std::vector<InstructionSet> sets{{"baseline", kernels_f32_baseline(), kernels_f64_baseline(),
                                    mixed_kernels_baseline(), kBlasFromNarrow}};
  [[maybe_unused]] const auto offer = [&](const char* name, const Kernels<float>* f32,
                                          const Kernels<double>* f64, const MixedKernels* mixed) {
    if (f32 && f64 && mixed)  // null: built for another architecture
      sets.push_back({name, f32, f64, mixed, kBlasFromWide});
  };
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    offer("avx2", kernels_f32_avx2(), kernels_f64_avx2(), mixed_kernels_avx2());
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
    offer("avx512", kernels_f32_avx512(), kernels_f64_avx512(), mixed_kernels_avx512());
    if (__builtin_cpu_supports("avx512bf16")) {
      offer("avx512bf16", kernels_f32_avx512(), kernels_f64_avx512(), mixed_kernels_avx512bf16());
      if (tile_unit_state() == TileUnitState::granted)
        offer("amx", kernels_f32_avx512(), kernels_f64_avx512(), mixed_kernels_amx());
    }
  }
#endif
  return sets;
}

// The tools that the caller named; "" means the best instruction set.
template <class T>
Tools<T> choose_tools(const std::optional<Blas>& blas, const std::string& instruction_set,
                      const std::string& product, int num_threads) {
  Tools<T> tools{nullptr, nullptr, nullptr, ProductKind::automatic, 0, num_threads};
  for (const InstructionSet& set : instruction_sets()) {
    if (!instruction_set.empty() && set.name != instruction_set) continue;
    tools.kernels = set.template kernels<T>();
    tools.mixed = set.mixed;
    tools.blas_from = set.blas_from;
  }
  if (!tools.kernels) throw nb::value_error(("no such instruction set here: " + instruction_set).c_str());
  if constexpr (sizeof(T) == sizeof(float)) {
    tools.blas = blas ? blas->f32 : nullptr;
  } else {
    tools.blas = blas ? blas->f64 : nullptr;
  }
  if (product == "built_in") tools.product = ProductKind::built_in;
  if (product == "blas") tools.product = ProductKind::blas;
  return tools;
}

}  // namespace lamina
