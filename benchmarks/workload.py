"""One piece of work, equal for all sides: network, data, first weights."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import sparse

__all__ = ["Data", "Product", "Workload"]

# (whether a and b are transposed), then rows, columns and depth of op(a) op(b).
Product = tuple[bool, bool, int, int, int]


@dataclass(frozen=True, slots=True)
class Data:
    """Rows, targets and first weights.

    ``x`` is (rows, features) float32, dense or CSR; ``y`` class numbers (rows,) int64, or numbers (rows, outputs) float32;
    ``weights`` one (weight (in, out), bias (out,)) a dense layer.
    """

    x: Any
    y: np.ndarray
    weights: list[tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """Training ``epochs`` times over the rows with Adam, or, where ``calls`` is given, predicting all rows so many times.

    ``widths`` are (features, hidden ..., outputs). ``bars`` says what is aimed at: the peer's time over ours, by side, and
    "limit" for the limit's time over ours; ``tile_bars`` says it, where given, of a processor that multiplies by tiles (AMX).
    ``regular`` turns dropout, batch normalization, L2 and clipping on. ``mixed``: with products of bfloat16. ``threads`` None is
    each library's own choice.
    """

    name: str
    rows: int
    widths: tuple[int, ...]
    batch_size: int
    epochs: int = 1
    loss: str = "softmax"
    activation: str = "relu"
    density: float = 1.0
    regular: bool = False
    mixed: bool = False
    calls: int = 0
    threads: int | None = 1
    bars: dict[str, float] = field(default_factory=dict)
    tile_bars: dict[str, float] = field(default_factory=dict)

    @property
    def predicts(self) -> bool:
        return self.calls > 0

    @property
    def steps_per_epoch(self) -> int:
        return -(-self.rows // self.batch_size)

    @property
    def num_steps(self) -> int:
        """Steps of training, or calls of prediction, that a run takes."""
        return self.calls or self.epochs * self.steps_per_epoch

    @property
    def shapes(self) -> list[tuple[int, int]]:
        """(in, out) of the dense layers."""
        return list(zip(self.widths[:-1], self.widths[1:], strict=True))

    @property
    def num_parameters(self) -> int:
        return sum((n_in + 1) * n_out for n_in, n_out in self.shapes)

    @property
    def products(self) -> list[Product]:
        """The matrix products of a full batch: forward x W; backward x^T d_out, and d_out W^T where a layer lies below."""
        n = self.rows if self.predicts else self.batch_size
        found: list[Product] = []
        for i, (n_in, n_out) in enumerate(self.shapes):
            found.append((False, False, n, n_out, n_in))
            if not self.predicts:
                found.append((True, False, n_in, n_out, n))
                if i > 0:
                    found.append((False, True, n, n_in, n_out))
        return found

    @property
    def flops(self) -> float:
        """Floating-point operations of the products, a step; the last batch of an epoch may be a part of one."""
        full = sum(2.0 * m * n * k for _, _, m, n, k in self.products)
        return full if self.predicts else full * self.rows / (self.steps_per_epoch * self.batch_size)

    @property
    def network(self) -> str:
        hidden = self.widths[1:-1]
        middle = [f"{hidden[0]}×{len(hidden)}"] if len(hidden) > 4 else list(map(str, hidden))
        return "-".join([str(self.widths[0]), *middle, str(self.widths[-1])])

    def data(self) -> Data:
        """A random linear teacher with noise, and Glorot's weights."""
        rng = np.random.default_rng(0)
        x = self._rows(rng)
        scores = x @ rng.normal(size=(self.widths[0], self.widths[-1])) + rng.normal(size=(self.rows, self.widths[-1]))
        if self.rows == 4 and self.loss == "sigmoid":
            x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.float32)
            y = np.array([0, 1, 1, 0])
        elif self.loss == "softmax":
            y = scores.argmax(axis=1)
        else:
            y = (scores / scores.std()).astype(np.float32)
        return Data(x, y, [_glorot(rng, *shape) for shape in self.shapes])

    def _rows(self, rng: np.random.Generator) -> Any:
        if self.density < 1:
            return sparse.random_array((self.rows, self.widths[0]), density=self.density, format="csr", dtype=np.float32, rng=rng)
        return rng.standard_normal(size=(self.rows, self.widths[0]), dtype=np.float32)


def _glorot(rng: np.random.Generator, n_in: int, n_out: int) -> tuple[np.ndarray, np.ndarray]:
    bound = np.sqrt(6.0 / (n_in + n_out))
    return rng.uniform(-bound, bound, size=(n_in, n_out)).astype(np.float32), np.zeros(n_out, dtype=np.float32)
