"""Monte Carlo dropout: moments of predictions over random dropout masks (Gal & Ghahramani 2016)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from lamina.engine import make_executor
from lamina.engine.executor import Executor
from lamina.engine.plan import InputArray, TrainingPlan
from lamina.errors import InvalidSettingError, phrase
from lamina.layers import BatchNorm
from lamina.network import Ensemble, Network
from lamina.optimizers import GradientDescent
from lamina.training.meaning import Meaning

__all__ = ["sample_moments"]

_CHUNK_ROWS = 4096  # bounds the memory of a forward pass


def sample_moments(
    network: Network,
    meanings: Sequence[Meaning],
    weights: Executor,
    inputs: Sequence[InputArray],
    mc_samples: int,
    seed: int,
    engine: str,
    n_threads: int | None,
    device: str = "auto",
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Mean and spread of each output over ``mc_samples`` masks: those of predictions, not of logits.

    Batch normalization works as in prediction: a copy of the network runs in training mode, with batch normalization folded into
    its weights, or frozen in an ensemble, whose members share them. Codes of categories are not masked.

    Raises
    ------
    InvalidSettingError
        If the network has no dropout.
    """
    _check_has_masks(network, meanings, weights)
    still, parameters, state = _as_in_prediction(network, *weights.snapshot()[:2])
    executor = make_executor(still.program(), dtype=weights.dtype, engine=engine, n_threads=n_threads, device=device)
    executor.configure(TrainingPlan(GradientDescent().rule(), seed=seed))
    executor.restore(parameters=parameters, state=state)
    parts = [_moments(executor, meanings, inputs, *chunk, mc_samples) for chunk in _chunks(inputs[0].shape[0])]
    columns = zip(*parts, strict=True)
    joined = [[np.concatenate(moments) for moments in zip(*column, strict=True)] for column in columns]
    return [(mean, spread) for mean, spread in joined]


def _check_has_masks(network: Network, meanings: Sequence[Meaning], weights: Executor) -> None:
    if any(op.kind == "dropout" and op.settings[0] > 0 for op in weights.program.ops):
        return
    otherwise = (
        "leave out mc_samples" if all(meaning.spread for meaning in meanings) else "make it an Ensemble (members), or use predict"
    )
    rule, repair = "must have a dropout layer with a rate above 0", f"Add Dropout, or {otherwise}."
    raise InvalidSettingError(phrase("the network", rule, network, repair=repair, owner="Monte Carlo dropout"))


def _as_in_prediction(network: Network, parameters: np.ndarray, state: np.ndarray) -> tuple[Network, np.ndarray, np.ndarray]:
    """A network whose batch normalization works in training mode as in prediction, and its vectors."""
    if isinstance(network, Ensemble):
        names = [node.layer_name for node in network.nodes if isinstance(node.layer, BatchNorm)]
        return network.freeze(*names) if names else network, parameters, state
    folded = network.fold(parameters, state, as_dense=True)
    return folded.network, folded.parameters, folded.state


def _chunks(num_rows: int) -> Iterator[tuple[np.ndarray, int, int]]:
    """For each chunk: its rows, its index, and the number of chunks."""
    count = -(-num_rows // _CHUNK_ROWS)
    for i in range(count):
        yield np.arange(i * _CHUNK_ROWS, min((i + 1) * _CHUNK_ROWS, num_rows), dtype=np.int64), i, count


def _moments(
    executor: Executor,
    meanings: Sequence[Meaning],
    inputs: Sequence[InputArray],
    rows: np.ndarray,
    chunk: int,
    count: int,
    k: int,
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Mean and spread of each output over k masks."""
    outputs = [_RunningMoments(meaning) for meaning in meanings]
    masks = [op for op in executor.program.ops if op.draws_masks]
    rates = [float(op.settings[0]) if op.kind == "dropout" else 0.0 for op in masks]
    for sample in range(k):
        # masks are keyed by the step: every chunk of every sample gets a different one
        logits = executor.forward(inputs, rows, sample * count + chunk, dropout_rates=rates)
        for output, z in zip(outputs, logits, strict=True):
            output.add(z)
    return [(output.mean, output.spread) for output in outputs]


class _RunningMoments:
    """Mean and spread of an output over masks, by Welford's recurrence (1962), stable for large means."""

    def __init__(self, meaning: Meaning) -> None:
        self._meaning = meaning
        self._count = 0
        self.mean = self._squares = self._variances = np.zeros(1)

    def add(self, logits: np.ndarray) -> None:
        """Count in one more mask's logits."""
        prediction = self._meaning.predict(logits).astype(np.float64)
        self._count += 1
        deviation = prediction - self.mean
        self.mean = self.mean + deviation / self._count
        self._squares = self._squares + deviation * (prediction - self.mean)
        if self._meaning.spread is not None:
            self._variances = self._variances + self._meaning.spread(logits).astype(np.float64) ** 2

    @property
    def spread(self) -> np.ndarray:
        """The standard deviation: of predictions, and of what logits say of targets (law of total variance)."""
        of_predictions, of_targets = self._squares / (self._count - 1), self._variances / self._count
        return np.asarray(np.sqrt(of_predictions + of_targets))
