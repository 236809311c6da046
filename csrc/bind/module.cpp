// The Python module: small classes over the executor. Python validates, C++ trusts.
#include "bind/bind.hpp"

NB_MODULE(_native, m) {
  m.doc() = "The native engine of Lamina.";
  // A model that is still alive when a program ends is not an error, and users could do nothing about it.
  nb::set_leak_warnings(false);
  lamina::bind_sources(m);
  lamina::bind_tools(m);
  lamina::bind_executors(m);
  lamina::bind_perceptron(m);
}
