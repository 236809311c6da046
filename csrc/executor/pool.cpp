#include "executor/pool.hpp"

#include <algorithm>
#include <exception>
#include <limits>

#ifdef __linux__
#include <sched.h>
#endif

namespace lamina {
namespace {

constexpr int kMostSpins = 4096;  // about 50 us, longer than most gaps between two parts of a step
constexpr int kFewestSpins = 16;

std::atomic<int> limit{std::numeric_limits<int>::max()};

int num_processors() {
#ifdef __linux__
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0) return CPU_COUNT(&allowed);
#endif
  return static_cast<int>(std::thread::hardware_concurrency());
}

inline void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("yield");
#endif
}

// Returns once `value` is no longer `old`. Spins as long as that helps, since a step has many short parts; if
// the other threads share their processors with other work, it soon sleeps instead. `spins` adapts to this.
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

int available_threads() { return std::max(1, std::min(num_processors(), limit.load())); }

void limit_threads(int most) { limit.store(std::max(1, most)); }

Pool::Pool(int wanted) : wanted_(wanted), spins_(kMostSpins) {
  try {
    for (int i = 1; i < wanted; ++i) workers_.emplace_back([this] { serve(); });
  } catch (const std::exception&) {  // no more processes or memory for this user, container or address space
  }
}

Pool::~Pool() {
  stop_.store(true, std::memory_order_relaxed);
  round_.fetch_add(1, std::memory_order_release);
  round_.notify_all();
  for (auto& worker : workers_) worker.join();
}

void Pool::start(std::uint32_t tiles, void* data, Call call) {
  data_.store(data, std::memory_order_relaxed);
  call_.store(call, std::memory_order_relaxed);
  undone_.store(tiles, std::memory_order_relaxed);
  const std::uint32_t round = round_.load(std::memory_order_relaxed) + 1;
  left_.store(std::uint64_t{round} << 32 | tiles, std::memory_order_release);
  round_.store(round, std::memory_order_release);
  round_.notify_all();
  while (take_tile()) {
  }
  for (std::uint32_t undone = undone_.load(std::memory_order_acquire); undone != 0;
       undone = undone_.load(std::memory_order_acquire))
    wait_while(undone_, undone, spins_);
}

// Does one tile of the current round, if one is left. The work was read before the tile was taken, and
// belongs to the tile's round: as long as a tile is left, the round is not over and its work is not replaced.
bool Pool::take_tile() {
  std::uint64_t left = left_.load(std::memory_order_acquire);
  while (static_cast<std::uint32_t>(left) != 0) {
    void* data = data_.load(std::memory_order_relaxed);
    const Call call = call_.load(std::memory_order_relaxed);
    if (!left_.compare_exchange_weak(left, left - 1, std::memory_order_acq_rel, std::memory_order_acquire))
      continue;
    call(data, static_cast<std::uint32_t>(left) - 1);
    if (undone_.fetch_sub(1, std::memory_order_acq_rel) == 1) undone_.notify_one();
    return true;
  }
  return false;
}

void Pool::serve() {
  std::uint32_t seen = 0;
  int spins = kMostSpins;
  while (true) {
    wait_while(round_, seen, spins);
    seen = round_.load(std::memory_order_acquire);
    if (stop_.load(std::memory_order_relaxed)) return;
    while (take_tile()) {
    }
  }
}

}  // namespace lamina
