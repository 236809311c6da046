// The numbers behind vector_math.hpp, for float and double.
//
// Polynomials are near-minimax (weighted least squares, reweighted after Lawson, in 40 digits), constant term
// first:
//   exponential  (e^r - 1 - r) / r^2 on |r| <= log(2) / 2           relative error of e^r - 1 below 2e-8 and
//   2e-17 logarithm    (2 atanh(s) - 2 s) / s^3 in z = s^2 <= 0.0297      error of log below 2e-9 and 3e-18
//   erf_small    erf(x) / x in z = x^2 <= 1                         below 2e-9 and 8e-18
//   erfc_scaled  erfc(x) e^(x^2) in t = 1 / (x + 2), 1 <= x <= erf_limit, weighted with e^(-x^2): below 4e-11
//   and 6e-19
//   sine         sin(2 pi u) / u in z = u^2, |u| <= 1/4               below 6e-9 and 3e-19
#pragma once

#include <cstdint>

namespace lamina {
namespace {

template <class T>
struct FloatTraits;

template <>
struct FloatTraits<float> {
  using Bits = std::uint32_t;
  static constexpr int mantissa_bits = 23;
  static constexpr Bits bias = 127;
  static constexpr float rounder = 0x1.8p23f;  // x + rounder - rounder is x rounded to an integer
  static constexpr float integer_base = 0x1p23f;
  static constexpr float smallest_normal = 0x1p-126f, largest = 0x1.fffffep127f, up = 0x1p32f,
                         infinity = __builtin_inff();
  static constexpr int up_exponent = 32;
  static constexpr float exp_low = -104.0f, exp_high = 89.0f;  // exp is 0 below and infinite above
  static constexpr float ln2_high = 0x1.63p-1f,
                         ln2_low = -0x1.bd0106p-13f;  // their sum is log 2; k * ln2_high is exact
  static constexpr float sqrt_half = 0x1.6a09e6p-1f;
  static constexpr float erf_limit = 4.0f;  // erf is 1 to the last bit from here on
  static constexpr float exponential[] = {0.5000000062520472f, 0.16666542021703581f, 0.041666279726240554f,
                                          0.008366713190994593f, 0.0013946620828319157f};
  static constexpr float logarithm[] = {0.6666677911667324f, 0.3997717975450962f, 0.2988208774117874f};
  static constexpr float erf_small[] = {1.128379165913469f,    -0.37612627133915155f, 0.11283600152183919f,
                                        -0.02685444355999837f, 0.005189533342062221f, -0.0008020823475205204f,
                                        7.889060044221716e-05f};
  static constexpr float erfc_scaled[] = {0.0018233892316052132f, 0.5193857116205546f, 1.587314077976291f,
                                          -0.5160445471180627f,   10.187489607649871f, -7.386065246533983f};
  static constexpr float sine[] = {6.2831852739231128f, -41.341677505087097f, 81.602232721121984f,
                                   -76.575022823703012f, 39.711131288135764f};
};

template <>
struct FloatTraits<double> {
  using Bits = std::uint64_t;
  static constexpr int mantissa_bits = 52;
  static constexpr Bits bias = 1023;
  static constexpr double rounder = 0x1.8p52;
  static constexpr double integer_base = 0x1p52;
  static constexpr double smallest_normal = 0x1p-1022, largest = 0x1.fffffffffffffp1023, up = 0x1p64,
                          infinity = __builtin_inf();
  static constexpr int up_exponent = 64;
  static constexpr double exp_low = -746.0, exp_high = 710.0;
  static constexpr double ln2_high = 0x1.62e42feep-1, ln2_low = 0x1.a39ef35793c76p-33;
  static constexpr double sqrt_half = 0x1.6a09e667f3bcdp-1;
  static constexpr double erf_limit = 6.0;
  static constexpr double exponential[] = {
      0.5000000000000006,    0.16666666666666677,   0.04166666666657163,    0.008333333333321239,
      0.0013888888933017282, 0.0001984126988711079, 2.4801503678022086e-05, 2.7557243212484324e-06,
      2.762663503487555e-07, 2.5109388571152945e-08};
  static constexpr double logarithm[] = {0.6666666666666738, 0.39999999999387337, 0.2857142874897966,
                                         0.2222219784737394, 0.181836044698458,   0.15312964704909732,
                                         0.14807374410865362};
  static constexpr double erf_small[] = {
      1.1283791670955126,     -0.3761263890318355,     0.1128379167094525,     -0.026866170643275615,
      0.005223977607418911,   -0.000854832598949545,   0.0001205529531492678,  -1.4924744564074491e-05,
      1.6447516537271811e-06, -1.6209167749405345e-07, 1.3722943170225136e-08, -7.801130789539177e-10};
  static constexpr double erfc_scaled[] = {
      -3.130482624974869e-06, 0.5643774081943951, 1.1232652641573266, 2.058494430231524,   1.8974774862087032,
      9.88785671324904,       -41.11775555141827, 161.22570682236483, -510.82361269090956, 994.7878158489182,
      -1153.029048407856,     748.0154634004969,  -212.13295448022689};
  static constexpr double sine[] = {6.2831853071795865, -41.341702240399756,  81.605249276073407,
                                    -76.70585975279859, 42.058693923789925,   -15.094641620647238,
                                    3.8199270528009164, -0.71772360124053634, 0.1008564103329805};
};

}  // namespace
}  // namespace lamina
