"""What is trained: rows × features, network, batch, epochs. Each is a classification with Adam, float32."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["WORKLOADS", "Workload"]


@dataclass(frozen=True, slots=True)
class Workload:
    """One training job, equal for all sides. ``bar``: how many times faster than scikit-learn it has to be."""

    name: str
    rows: int
    features: int
    classes: int
    hidden: tuple[int, ...]
    batch_size: int
    epochs: int
    bar: float

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """X of shape (rows, features) float32 and class indices y (rows,): a random linear teacher with noise."""
        rng = np.random.default_rng(0)
        x = rng.normal(size=(self.rows, self.features)).astype(np.float32)
        scores = x @ rng.normal(size=(self.features, self.classes)) + rng.normal(size=(self.rows, self.classes))
        return x, scores.argmax(axis=1)

    @property
    def num_steps(self) -> int:
        return self.epochs * -(-self.rows // self.batch_size)


WORKLOADS = (
    Workload("tiny", 10_000, 20, 2, (64, 64), 32, 3, 10),
    Workload("default", 10_000, 20, 2, (100,), 200, 10, 10),
    Workload("mnist", 10_000, 784, 10, (512, 512), 128, 1, 2),
    Workload("online", 2_000, 20, 2, (64,), 1, 2, 100),
)
