"""The compiled part of the native engine (``csrc/bind``)."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from lamina.engine.plan import TrainingPlan
from lamina.engine.program import Program

class Source:
    @staticmethod
    def dense(values: np.ndarray) -> Source: ...
    @staticmethod
    def sparse(values: np.ndarray, columns: np.ndarray, offsets: np.ndarray, width: int) -> Source: ...

class Batches:
    @staticmethod
    def make(inputs: list[Source], targets: list[Source], sample_weight: np.ndarray | None) -> Batches: ...

class Blas:
    @staticmethod
    def from_capsules(sgemm: object, dgemm: object) -> Blas | None: ...

# (sums, output, activation, weight) of a layer, and the slope at which its activation is flat
_Layer: TypeAlias = tuple[int, int, int, int, float]
# (rows, layers, edges, probes, updates, tables, losses, changes)
_Watch: TypeAlias = tuple[
    Batches, Sequence[_Layer], np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray,
    np.ndarray, np.ndarray, np.ndarray,
]  # fmt: skip

class _Executor:
    def __init__(
        self,
        program: Program,
        parameters: np.ndarray,
        state: np.ndarray,
        blas: Blas | None,
        instruction_set: str,
        product: str,
        num_threads: int,
        most_threads: int,
    ) -> None: ...
    def configure(self, plan: TrainingPlan, slots: np.ndarray) -> None: ...
    def train(
        self,
        data: Batches,
        order: np.ndarray,
        batch_size: int,
        first_step: int,
        learning_rates: np.ndarray,
        weight_decays: np.ndarray | None,
        dropout_rates: np.ndarray | None,
        losses: np.ndarray,
        norms: np.ndarray | None,
        head_losses: np.ndarray | None,
        watches: Sequence[_Watch],
    ) -> tuple[int, int, tuple[int, str, str] | None]: ...
    def train_epochs(
        self,
        data: Batches,
        first_epoch: int,
        num_epochs: int,
        shuffle: bool,
        batch_size: int,
        first_step: int,
        learning_rates: np.ndarray,
        weight_decays: np.ndarray | None,
        dropout_rates: np.ndarray | None,
        losses: np.ndarray,
        head_losses: np.ndarray | None,
        best_loss: float,
        best_parameters: np.ndarray,
        best_state: np.ndarray,
        parameters_before: np.ndarray,
        state_before: np.ndarray,
        watches: Sequence[_Watch],
    ) -> tuple[int, int, tuple[int, str, str] | None, float, int]: ...
    def predict(self, data: Batches, links: Sequence[str], mixed: bool, outputs: Sequence[np.ndarray]) -> None: ...
    def evaluate(self, data: Batches, losses: np.ndarray) -> None: ...
    def loss_and_gradient(
        self,
        data: Batches,
        order: np.ndarray,
        training: bool,
        step: int,
        gradient: np.ndarray,
        head_losses: np.ndarray | None,
    ) -> float: ...
    def gradient(
        self,
        data: Batches,
        order: np.ndarray,
        first_row: int,
        whole: float | None,
        step: int,
        dropout_rates: np.ndarray | None,
        gradient: np.ndarray,
        losses: np.ndarray,
        head_losses: np.ndarray | None,
    ) -> float: ...
    def forward(
        self,
        data: Batches,
        order: np.ndarray,
        first_row: int,
        step: int,
        dropout_rates: np.ndarray | None,
        outputs: Sequence[np.ndarray],
    ) -> None: ...
    def backward(self, d_outputs: Sequence[np.ndarray], step: int, gradient: np.ndarray) -> None: ...
    def update(
        self,
        gradient: np.ndarray,
        losses: np.ndarray,
        total_weight: float,
        step: int,
        learning_rate: float,
        weight_decay: float,
    ) -> tuple[float, float, bool, tuple[int, str, str] | None]: ...
    def abandon(self) -> None: ...
    def observe(
        self,
        data: Batches,
        order: np.ndarray,
        training: bool,
        step: int,
        dropout_rates: np.ndarray | None,
        d_outputs: Sequence[np.ndarray],
        values: Sequence[np.ndarray],
        d_values: Sequence[np.ndarray],
        gradient: np.ndarray,
        losses: np.ndarray,
        head_losses: np.ndarray | None,
    ) -> list[bool]: ...
    def probe(
        self,
        data: Batches,
        layers: Sequence[_Layer],
        edges: np.ndarray,
        table: np.ndarray,
        losses: np.ndarray,
    ) -> None: ...
    def change(self, layers: Sequence[_Layer], before: np.ndarray, norms: np.ndarray) -> None: ...
    def perturb(
        self,
        data: Batches,
        order: np.ndarray,
        batch_size: int,
        first_step: int,
        learning_rates: np.ndarray,
        all: bool,
        trials: int,
        scale: float,
        antithetic: bool,
        accept_ties: bool,
        objective: Callable[[int, list[np.ndarray]], float] | None,
        widths: Sequence[int],
        losses: np.ndarray,
        objectives: np.ndarray,
        head_losses: np.ndarray | None,
    ) -> tuple[int, int, int, tuple[int, str, str] | None]: ...
    def threads_for(self, data: Batches, rows: int) -> int: ...
    def may_use_blas(self, rows: int) -> bool: ...

class ExecutorF32(_Executor): ...
class ExecutorF64(_Executor): ...

class _Perceptron:
    def __init__(
        self,
        x: Source,
        targets: np.ndarray,
        row_weights: np.ndarray,
        rows: np.ndarray,
        weights: np.ndarray,
        bias: float,
        learning_rate: float,
        bias_rate: float,
        alpha: float,
        l1_ratio: float,
    ) -> None: ...
    def learn(
        self, order: np.ndarray | None, seed: int | None, first_epoch: int, epochs: int
    ) -> tuple[list[float], list[int], np.ndarray, bool]: ...
    def weights(self) -> np.ndarray: ...
    @property
    def bias(self) -> float: ...

class PerceptronF32(_Perceptron): ...
class PerceptronF64(_Perceptron): ...

def instruction_sets() -> list[str]: ...
def kernel_table(dtype: str, instruction_set: str) -> int: ...
def multiply(
    out: np.ndarray,
    a: np.ndarray,
    b: np.ndarray,
    transpose_a: bool,
    transpose_b: bool,
    blas: Blas | None,
    instruction_set: str,
    product: str,
    repetitions: int = 1,
) -> None: ...
def multiply_mixed(
    out: np.ndarray,
    a: np.ndarray,
    b: np.ndarray,
    transpose_a: bool,
    transpose_b: bool,
    instruction_set: str,
    repetitions: int = 1,
) -> None: ...
def has_fast_mixed(instruction_set: str) -> bool: ...
def tile_unit() -> str: ...
def available_threads() -> int: ...
def limit_threads(most: int) -> None: ...
def permutation(n: int, seed: int, epoch: int, part: int = 0) -> np.ndarray: ...
