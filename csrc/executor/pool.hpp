// Threads for tiles. Which tiles there are depends on the problem only, never on the number of threads:
// results are the same bits.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace lamina {

// A round is one call of `run`. It is over when its tiles are done, not when every worker has come by: a
// worker that sleeps, or whose processor has other work, then costs nothing but its help.
class Pool {
 public:
  // Where the system refuses threads the pool does with those that it got: fewer, in the worst case none but
  // the caller's.
  explicit Pool(int wanted);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  int wanted() const { return wanted_; }
  int num_threads() const { return static_cast<int>(workers_.size()) + 1; }

  // Calls f(tile) for every tile in [0, tiles), the calling thread among the workers; returns when all are
  // done. tiles < 2^32.
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

  // The round's work. A worker may read it while the next round's is written; it then fails to take a tile.
  std::atomic<void*> data_{nullptr};
  std::atomic<Call> call_{nullptr};
};

// How many threads work is dealt to where nobody says: no more than the processors that this process may run
// on, nor than the limit.
int available_threads();

// At first there is none. It holds for the process: lamina/engine/threads.py.
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
