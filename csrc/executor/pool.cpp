#include "executor/pool.hpp"

#ifdef __linux__
#include <sched.h>
#endif

namespace lamina {

int available_threads() {
#ifdef __linux__
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0) return CPU_COUNT(&allowed);
#endif
  const unsigned threads = std::thread::hardware_concurrency();
  return threads > 0 ? static_cast<int>(threads) : 1;
}

Pool::Pool(int num_threads) {
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
    busy_.wait(busy);
}

void Pool::work() {
  for (std::int64_t tile = next_.fetch_add(1, std::memory_order_relaxed); tile < tiles_;
       tile = next_.fetch_add(1, std::memory_order_relaxed))
    call_(data_, tile);
}

void Pool::serve() {
  std::uint32_t seen = 0;
  while (true) {
    round_.wait(seen, std::memory_order_acquire);
    seen = round_.load(std::memory_order_acquire);
    if (stop_.load(std::memory_order_relaxed)) return;
    work();
    if (busy_.fetch_sub(1, std::memory_order_acq_rel) == 1) busy_.notify_one();
  }
}

}  // namespace lamina
