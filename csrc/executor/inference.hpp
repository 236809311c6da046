// Predictions and losses in inference mode: piece by piece, with the pieces divided among threads.
#pragma once

#include <vector>

#include "executor/context.hpp"
#include "executor/program_facts.hpp"
#include "executor/workers.hpp"
#include "executor/workspace.hpp"

namespace lamina {

// How data are cut into pieces if only outputs are wanted: this many rows each, fewer in the last one.
struct Pieces {
  i64 rows, count;
};

template <class T>
class Inference {
 public:
  // All arguments belong to the caller.
  Inference(const ProgramFacts& facts, const Tools<T>& tools, Workers& workers)
      : facts_(facts), tools_(tools), workers_(workers) {}

  // Applies to each output its link, a function without settings, and averages over members; without links,
  // the logits of all members. mixed: dense ops multiply in bfloat16; only of float.
  void predict(const Weights<T>& weights, const Batches& data, const std::vector<Function>& links, bool mixed,
               const std::vector<T*>& outputs);
  // losses (heads,)
  void evaluate(const Weights<T>& weights, const Batches& data, double* losses);

 private:
  Pieces pieces_of(const Batches& data) const;
  template <class Use>
  void run(const Weights<T>& weights, const Batches& data, const Pieces& pieces, bool mixed, Use use);

  const ProgramFacts& facts_;
  const Tools<T>& tools_;
  Workers& workers_;
  std::vector<Workspace<T>> work_;  // one per thread
};

extern template class Inference<float>;
extern template class Inference<double>;

}  // namespace lamina
