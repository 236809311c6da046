// BLAS from SciPy's capsules, instruction sets, the number of threads, and the order of the examples.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <optional>
#include <string>

#include "bind/bind.hpp"
#include "bind/choose_tools.hpp"
#include "bind/gil.hpp"
#include "executor/aligned_vector.hpp"
#include "executor/mixed_product.hpp"
#include "executor/pool.hpp"
#include "random/purposes.hpp"

namespace lamina {
namespace {

// The C signature of gemm, where "?" stands for the float type as the capsule names it.
constexpr const char* kSignature =
    "void (char *, char *, int *, int *, int *, ? *, ? *, int *, ? *, int *, ? *, ? *, int *)";

// Whether `name` is kSignature with the same float type throughout, one that ends in `letter` ("..._s") or
// is `plain` ("float").
bool signature_fits(const std::string& name, char letter, const std::string& plain) {
  const std::string signature = kSignature;
  const std::size_t at = signature.find('?');
  const std::size_t end = name.find(" *", at);
  if (name.size() < at || end == std::string::npos) return false;
  const std::string scalar = name.substr(at, end - at);
  const bool right_float =
      scalar == plain || (scalar.size() > 2 && scalar.substr(scalar.size() - 2) == std::string("_") + letter);
  std::string expected;
  for (const char c : signature) c == '?' ? expected += scalar : expected += c;
  return right_float && name == expected;
}

// The function in a capsule if the capsule's name is the signature that we call, else null.
template <class Function>
Function open_capsule(nb::handle capsule, char letter, const char* plain) {
  if (!PyCapsule_CheckExact(capsule.ptr())) return nullptr;
  const char* name = PyCapsule_GetName(capsule.ptr());
  if (!name || !signature_fits(name, letter, plain)) return nullptr;
  return reinterpret_cast<Function>(PyCapsule_GetPointer(capsule.ptr(), name));
}

std::optional<Blas> blas_from_capsules(nb::handle sgemm, nb::handle dgemm) {
  const Blas blas{open_capsule<FortranGemm<float>>(sgemm, 's', "float"),
                  open_capsule<FortranGemm<double>>(dgemm, 'd', "double")};
  if (!blas.f32 || !blas.f64) return std::nullopt;
  return blas;
}

std::vector<std::string> instruction_set_names() {
  std::vector<std::string> names;
  for (const InstructionSet& set : instruction_sets()) names.push_back(set.name);
  return names;
}

// The address of a table of kernels.hpp, so that tests can call each kernel directly.
std::uintptr_t kernel_table(const std::string& dtype, const std::string& instruction_set) {
  if (dtype == "float32")
    return reinterpret_cast<std::uintptr_t>(choose_tools<float>({}, instruction_set, "automatic", 1).kernels);
  return reinterpret_cast<std::uintptr_t>(choose_tools<double>({}, instruction_set, "automatic", 1).kernels);
}

nb::ndarray<nb::numpy, i64, nb::ndim<1>> permutation(i64 n, std::uint64_t seed, std::uint32_t epoch,
                                                     std::uint32_t part) {
  auto order = std::make_unique<i64[]>(static_cast<std::size_t>(n));
  const Kernels<float>* kernels = instruction_sets().back().f32;
  {
    const ReleasedGil released;
    kernels->permute(order.get(), n, {seed, kShuffle, epoch, part});
  }
  i64* data = order.release();
  const nb::capsule owner(data, [](void* p) noexcept { delete[] static_cast<i64*>(p); });
  return {data, {static_cast<std::size_t>(n)}, owner};
}

// out = op(a) op(b), once per repetition: for tests, and to measure which product is faster for which shape.
template <class T>
void multiply(nb::ndarray<T, nb::ndim<2>, nb::c_contig, nb::device::cpu> out,
              nb::ndarray<const T, nb::ndim<2>, nb::c_contig, nb::device::cpu> a,
              nb::ndarray<const T, nb::ndim<2>, nb::c_contig, nb::device::cpu> b, bool transpose_a,
              bool transpose_b, std::optional<Blas> blas, const std::string& instruction_set,
              const std::string& product, i64 repetitions) {
  const Product<T> run{choose_tools<T>(blas, instruction_set, product, 1), nullptr};
  const auto k = static_cast<i64>(a.shape(transpose_a ? 0 : 1));
  const ReleasedGil released;
  for (i64 i = 0; i < repetitions; ++i)
    run(transpose_a, transpose_b, static_cast<i64>(out.shape(0)), static_cast<i64>(out.shape(1)), k, a.data(),
        b.data(), {}, out.data());
}

template <class T>
void bind_multiply(nb::module_& m) {
  using namespace nb::literals;
  m.def("multiply", &multiply<T>, "out"_a, "a"_a, "b"_a, "transpose_a"_a, "transpose_b"_a, "blas"_a.none(),
        "instruction_set"_a, "product"_a, "repetitions"_a = 1);
}

// The same in mixed precision.
void multiply_mixed(nb::ndarray<float, nb::ndim<2>, nb::c_contig, nb::device::cpu> out,
                    nb::ndarray<const float, nb::ndim<2>, nb::c_contig, nb::device::cpu> a,
                    nb::ndarray<const float, nb::ndim<2>, nb::c_contig, nb::device::cpu> b, bool transpose_a,
                    bool transpose_b, const std::string& instruction_set, i64 repetitions) {
  const MixedKernels& kernels = *choose_tools<float>({}, instruction_set, "automatic", 1).mixed;
  const i64 m = static_cast<i64>(out.shape(0)), n = static_cast<i64>(out.shape(1));
  const auto k = static_cast<i64>(a.shape(transpose_a ? 0 : 1));
  const Lines left{Side::left, a.data(), transpose_a ? m : k, !transpose_a, m, k};
  const Lines right{Side::right, b.data(), transpose_b ? k : n, transpose_b, n, k};
  AlignedVector<std::byte> rooms[]{AlignedVector<std::byte>(kernels.packed_size(m, k)),
                                   AlignedVector<std::byte>(kernels.packed_size(n, k))};
  const ReleasedGil released;
  for (i64 i = 0; i < repetitions; ++i) {
    const PackedLines packed = pack_lines(kernels, nullptr, rooms[0].data(), left);
    multiply_packed(kernels, nullptr, packed, pack_lines(kernels, nullptr, rooms[1].data(), right), {},
                    out.data(), n);
  }
}

bool has_fast_mixed(const std::string& instruction_set) {
  return choose_tools<float>({}, instruction_set, "automatic", 1).mixed->is_fast;
}

const char* tile_unit() {
  switch (tile_unit_state()) {
    case TileUnitState::granted:
      return "granted";
    case TileUnitState::refused:
      return "refused";
    default:
      return "absent";
  }
}

}  // namespace

void bind_tools(nb::module_& m) {
  nb::class_<Blas>(m, "Blas", "The matrix products of a BLAS library.")
      .def_static("from_capsules", &blas_from_capsules, nb::arg("sgemm"), nb::arg("dgemm"),
                  "None unless both capsules hold a Fortran product with 32-bit integers.");
  m.def("instruction_sets", &instruction_set_names,
        "The instruction sets that this machine and this build support, best last.");
  m.def("kernel_table", &kernel_table, nb::arg("dtype"), nb::arg("instruction_set"),
        "The address of a table of function pointers, for tests.");
  bind_multiply<float>(m);
  bind_multiply<double>(m);
  m.def("multiply_mixed", &multiply_mixed, nb::arg("out"), nb::arg("a"), nb::arg("b"), nb::arg("transpose_a"),
        nb::arg("transpose_b"), nb::arg("instruction_set"), nb::arg("repetitions") = 1);
  m.def("has_fast_mixed", &has_fast_mixed, nb::arg("instruction_set"),
        "Whether this instruction set, or with an empty name the best, multiplies bfloat16.");
  m.def("tile_unit", &tile_unit,
        "Of the processor's tiles (AMX): absent, refused by the system, or granted.");
  m.def("available_threads", &available_threads, "The default number of threads of the engine's pools.");
  m.def("limit_threads", &limit_threads, nb::arg("most"));
  m.def("permutation", &permutation, nb::arg("n"), nb::arg("seed"), nb::arg("epoch"), nb::arg("part") = 0);
}

}  // namespace lamina

// For threadpoolctl, which finds libraries by their symbols: lamina/engine/threads.py.
extern "C" {
[[gnu::visibility("default")]] int lamina_get_num_threads() { return lamina::available_threads(); }
[[gnu::visibility("default")]] void lamina_set_num_threads(int most) { lamina::limit_threads(most); }
}
