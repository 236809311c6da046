// One block of memory that all buffers of a batch are cut from; grows when the batch does, never shrinks,
// never inside a step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

namespace lamina {

class Arena {
 public:
  // Hands out `count` elements, aligned to a cache line. In the measuring pass (before `commit`) the result
  // is null.
  template <class U>
  U* take(std::int64_t count) {
    U* result = block_ ? reinterpret_cast<U*>(block_.get() + used_) : nullptr;
    used_ += (static_cast<std::size_t>(count) * sizeof(U) + kLine - 1) / kLine * kLine;
    return result;
  }

  // Starts the measuring pass.
  void reset() {
    block_.reset();
    used_ = 0;
  }

  // Ends it: allocates what was asked for, so that the same calls again give the memory.
  void commit() {
    block_.reset(static_cast<std::byte*>(::operator new(used_ + kLine, std::align_val_t{kLine})));
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
