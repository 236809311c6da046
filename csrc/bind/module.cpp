// The Python module: small classes over the executor. Python validates, C++ trusts.
#include "bind/bind.hpp"

NB_MODULE(_native, m) {
  m.doc() = "The native engine of Lamina.";
  // A model that a program still holds as it ends is no fault, and nothing that its user could mend.
  nb::set_leak_warnings(false);
  lamina::bind_sources(m);
  lamina::bind_tools(m);
  lamina::bind_executors(m);
  lamina::bind_perceptron(m);
}
