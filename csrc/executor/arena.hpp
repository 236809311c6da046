// One block of memory for all buffers of a batch. It grows with the batch, but never within a step, and never
// shrinks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#define LAMINA_ALLOW(address, size) __asan_unpoison_memory_region(address, size)
#define LAMINA_FORBID(address, size) __asan_poison_memory_region(address, size)
#else
#define LAMINA_ALLOW(address, size) static_cast<void>(0)
#define LAMINA_FORBID(address, size) static_cast<void>(0)
#endif

namespace lamina {

class Arena {
 public:
  // Returns `count` elements, aligned to a cache line and followed by a free line, which the address
  // sanitizer guards. In the measuring pass (before `commit`) the result is null.
  template <class U>
  U* take(std::int64_t count) {
    const std::size_t size = static_cast<std::size_t>(count) * sizeof(U);
    U* result = block_ ? reinterpret_cast<U*>(block_.get() + used_) : nullptr;
    if (result) LAMINA_ALLOW(result, size);
    used_ += (size + 2 * kLine - 1) / kLine * kLine;
    return result;
  }

  // Starts the measuring pass.
  void reset() {
    block_.reset();
    used_ = 0;
  }

  // Ends the measuring pass: allocates what was requested, so that repeating the same calls returns memory.
  void commit() {
    block_.reset(static_cast<std::byte*>(::operator new(used_ + kLine, std::align_val_t{kLine})));
    LAMINA_FORBID(block_.get(), used_ + kLine);
    used_ = 0;
  }

 private:
  static constexpr std::size_t kLine = 64;
  struct Free {
    void operator()(std::byte* block) const { ::operator delete(block, std::align_val_t{kLine}); }
  };
  std::unique_ptr<std::byte, Free> block_;
  std::size_t used_ = 0;
};

}  // namespace lamina
