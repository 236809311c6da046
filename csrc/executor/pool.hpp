// Threads that work on tiles. The tiles depend only on the problem, never on the number of threads, so that
// results are the same to the bit.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace lamina {

// A round is one call of `run`. It is over when its tiles are done, even if some workers never took one: a
// worker that sleeps, or whose processor has other work, does not delay the others.
class Pool {
 public:
  // If the system refuses threads, the pool works with those it got, in the worst case only the caller's.
  explicit Pool(int wanted);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  int wanted() const { return wanted_; }
  int num_threads() const { return static_cast<int>(workers_.size()) + 1; }

  // Calls f(tile) for every tile in [0, tiles), also on the calling thread; returns when all are done.
  // tiles < 2^32.
  template <class F>
  void run(std::int64_t tiles, F& f) {
    start(static_cast<std::uint32_t>(tiles), &f,
          [](void* data, std::int64_t tile) { (*static_cast<F*>(data))(tile); });
  }

 private:
  using Call = void (*)(void* data, std::int64_t tile);

  void start(std::uint32_t tiles, void* data, Call call);
  bool take_tile();
  void serve();

  int wanted_;
  std::vector<std::thread> workers_;
  std::atomic<std::uint64_t> left_{0};    // round << 32 | tiles that nobody has taken yet
  std::atomic<std::uint32_t> undone_{0};  // tiles of this round
  std::atomic<std::uint32_t> round_{0};   // a new value wakes the workers
  std::atomic<bool> stop_{false};
  int spins_;  // of the calling thread, while it waits for the workers

  // The round's work. A worker may read it while that of the next round is written; it then gets no tile.
  std::atomic<void*> data_{nullptr};
  std::atomic<Call> call_{nullptr};
};

// The default number of threads: at most the limit and the processors that this process may run on.
int available_threads();

// There is no limit at first. It applies to the whole process: lamina/engine/threads.py.
void limit_threads(int most);

// f(tile) for every tile; without a pool (one thread) a plain loop.
template <class F>
void over_tiles(Pool* pool, std::int64_t tiles, F f) {
  if (pool && tiles > 1) {
    pool->run(tiles, f);
  } else {
    for (std::int64_t tile = 0; tile < tiles; ++tile) f(tile);
  }
}

inline constexpr std::int64_t kTileSize =
    32768;  // elements: about 10 us of work, and a first- or second-level cache's worth

// f(first, count) over pieces of [0, size), each of about kTileSize / width.
template <class F>
void over_pieces(Pool* pool, std::int64_t size, std::int64_t width, F f) {
  const std::int64_t piece = width >= kTileSize ? 1 : kTileSize / (width > 0 ? width : 1);
  if (size <= piece) {
    f(std::int64_t{0}, size);
    return;
  }
  over_tiles(pool, (size + piece - 1) / piece, [&](std::int64_t tile) {
    const std::int64_t first = tile * piece;
    f(first, first + piece <= size ? piece : size - first);
  });
}

}  // namespace lamina
