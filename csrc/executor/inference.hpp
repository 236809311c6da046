// Predictions and losses in inference mode: piece by piece, pieces dealt to threads.
#pragma once

#include <vector>

#include "executor/context.hpp"
#include "executor/program_facts.hpp"
#include "executor/workers.hpp"
#include "executor/workspace.hpp"

namespace lamina {

// What data are cut into where only outputs are wanted: so many rows each, the last one fewer.
struct Pieces {
  i64 rows, count;
};

template <class T>
class Inference {
 public:
  // All stay the caller's.
  Inference(const ProgramFacts& facts, const Tools<T>& tools, Workers& workers)
      : facts_(facts), tools_(tools), workers_(workers) {}

  // Each output through its link, a function without numbers of its own.
  void predict(const Weights<T>& weights, const Batches& data, const std::vector<Function>& links,
               const std::vector<T*>& outputs);
  // losses (heads,)
  void evaluate(const Weights<T>& weights, const Batches& data, double* losses);

 private:
  Pieces pieces_of(const Batches& data) const;
  template <class Use>
  void run(const Weights<T>& weights, const Batches& data, const Pieces& pieces, Use use);

  const ProgramFacts& facts_;
  const Tools<T>& tools_;
  Workers& workers_;
  std::vector<Workspace<T>> work_;  // one a thread
};

extern template class Inference<float>;
extern template class Inference<double>;

}  // namespace lamina
