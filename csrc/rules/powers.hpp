// base^t for step t, at the cost of one product.
//
// The power is a function of t alone, so that training split into several calls, or resumed, gives the same
// bits as uninterrupted training; a running product would not.
#pragma once

#include <array>
#include <cmath>

#include "kernels/kernels.hpp"

namespace lamina {

class Powers {
 public:
  explicit Powers(double base) : base_(base) {
    for (i64 i = 0; i < kBlock; ++i) low_[i] = std::pow(base, static_cast<double>(i));
  }

  // t >= 0
  double operator()(i64 t) {
    if (t / kBlock != block_) {
      block_ = t / kBlock;
      high_ = std::pow(base_, static_cast<double>(block_ * kBlock));
    }
    return high_ * low_[t % kBlock];
  }

 private:
  static constexpr i64 kBlock = 64;

  double base_;
  std::array<double, kBlock> low_;
  i64 block_ = 0;
  double high_ = 1;  // base^(block * kBlock)
};

}  // namespace lamina
