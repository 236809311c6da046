#pragma once

#include <Python.h>

#include <chrono>
#include <thread>

namespace lamina {

// While the interpreter ends, it ends each other thread that asks for its lock, by unwinding that thread's
// stack; frames that must not throw make an abort of the process of it. Such a thread waits for the process
// to end instead, as Python itself lets it from version 3.14 on.
template <class Ask>
auto asked_for_gil(const Ask& ask) noexcept {
  try {
    return ask();
  } catch (...) {
    for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
  }
}

// Releases the interpreter's lock for as long as it lives.
class ReleasedGil {
 public:
  ReleasedGil() : state_(PyEval_SaveThread()) {}
  ~ReleasedGil() {
    asked_for_gil([this] { PyEval_RestoreThread(state_); });
  }
  ReleasedGil(const ReleasedGil&) = delete;
  ReleasedGil& operator=(const ReleasedGil&) = delete;

 private:
  PyThreadState* state_;
};

// Holds the interpreter's lock for as long as it lives.
class HeldGil {
 public:
  HeldGil() : state_(asked_for_gil([] { return PyGILState_Ensure(); })) {}
  ~HeldGil() { PyGILState_Release(state_); }
  HeldGil(const HeldGil&) = delete;
  HeldGil& operator=(const HeldGil&) = delete;

 private:
  PyGILState_STATE state_;
};

}  // namespace lamina
