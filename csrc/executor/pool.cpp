#include "executor/pool.hpp"

#include <algorithm>

#ifdef __linux__
#include <sched.h>
#endif

namespace lamina {
namespace {

constexpr int kMostSpins = 4096;  // some 50 us, longer than what mostly lies between two parts of a step
constexpr int kFewestSpins = 16;

inline void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("yield");
#endif
}

// Returns once `value` is not `old` any more. Spins while that helps, for a step has many short parts; where
// the other threads have to share their processors with other work it soon sleeps instead: `spins` remembers.
template <class Value>
void wait_while(const std::atomic<Value>& value, Value old, int& spins) {
  for (int i = 0; i < spins; ++i) {
    if (value.load(std::memory_order_acquire) != old) {
      spins = std::min(2 * spins, kMostSpins);
      return;
    }
    pause();
  }
  spins = std::max(spins / 2, kFewestSpins);
  value.wait(old, std::memory_order_acquire);
}

}  // namespace

int available_threads() {
#ifdef __linux__
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0) return CPU_COUNT(&allowed);
#endif
  const unsigned threads = std::thread::hardware_concurrency();
  return threads > 0 ? static_cast<int>(threads) : 1;
}

Pool::Pool(int num_threads) : spins_(kMostSpins) {
  for (int i = 1; i < num_threads; ++i) workers_.emplace_back([this] { serve(); });
}

Pool::~Pool() {
  stop_.store(true, std::memory_order_relaxed);
  round_.fetch_add(1, std::memory_order_release);
  round_.notify_all();
  for (auto& worker : workers_) worker.join();
}

void Pool::start(std::int64_t tiles, void* data, Call call) {
  tiles_ = tiles;
  data_ = data;
  call_ = call;
  next_.store(0, std::memory_order_relaxed);
  busy_.store(static_cast<int>(workers_.size()), std::memory_order_relaxed);
  round_.fetch_add(1, std::memory_order_release);
  round_.notify_all();
  work();
  for (int busy = busy_.load(std::memory_order_acquire); busy != 0;
       busy = busy_.load(std::memory_order_acquire))
    wait_while(busy_, busy, spins_);
}

void Pool::work() {
  for (std::int64_t tile = next_.fetch_add(1, std::memory_order_relaxed); tile < tiles_;
       tile = next_.fetch_add(1, std::memory_order_relaxed))
    call_(data_, tile);
}

void Pool::serve() {
  std::uint32_t seen = 0;
  int spins = kMostSpins;
  while (true) {
    wait_while(round_, seen, spins);
    seen = round_.load(std::memory_order_acquire);
    if (stop_.load(std::memory_order_relaxed)) return;
    work();
    if (busy_.fetch_sub(1, std::memory_order_acq_rel) == 1) busy_.notify_one();
  }
}

}  // namespace lamina
