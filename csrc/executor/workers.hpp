// Decides how many threads a batch is worth, and owns the pool where they wait between calls.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <memory>

#include "executor/pool.hpp"
#include "executor/product.hpp"
#include "executor/program_facts.hpp"

namespace lamina {

// Threads pay off from about 0.2 ms of work per step.
template <class T>
int threads_for(const ProgramFacts& facts, const Tools<T>& tools, const Batches& data, i64 rows) {
  if (tools.num_threads > 0) return tools.num_threads;
  const i64 threads = 3 * facts.work_of(data, rows) >> 23;
  if (threads < 2) return 1;
  const int most = available_threads();
  return static_cast<int>(
      std::min<i64>(threads, tools.most_threads > 0 ? std::min(tools.most_threads, most) : most));
}

class Workers {
 public:
  // A pool of this many threads, kept until another number is requested; null for one thread.
  Pool* pool(int threads) {
    if (threads == 1) return nullptr;
    if (pool_ && process_ != getpid())
      pool_.release();  // threads do not survive a fork; joining them would hang
    if (!pool_ || pool_->wanted() != threads) pool_ = std::make_unique<Pool>(threads);
    process_ = getpid();
    return pool_.get();
  }

 private:
  std::unique_ptr<Pool> pool_;
  long process_ = 0;
};

}  // namespace lamina
