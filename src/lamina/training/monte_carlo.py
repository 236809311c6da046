"""Monte Carlo dropout: the distribution of predictions over random dropout masks (Gal & Ghahramani 2016)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from lamina.engine import make_executor
from lamina.engine.executor import Executor
from lamina.engine.plan import InputArray, TrainingPlan
from lamina.errors import InvalidSettingError, phrase
from lamina.network import Network
from lamina.optimizers import GradientDescent
from lamina.validation import check_parameters, integer

__all__ = ["Link", "PredictiveDistribution", "sample_predictions"]

Link: TypeAlias = Callable[[np.ndarray], np.ndarray]

_CHUNK_ROWS = 4096  # bounds the memory of a forward pass


@dataclass(frozen=True, eq=False, slots=True)
class PredictiveDistribution:
    """Mean and spread of predictions over dropout masks.

    Attributes
    ----------
    mean : ndarray of the predictions' shape
        The mean prediction (of probabilities, for a classifier), float64.
    spread : ndarray of the same shape
        The standard deviation over the masks (the square root of the unbiased variance), float64.
    mc_samples : int
        The number of masks drawn.
    """

    mean: np.ndarray
    spread: np.ndarray
    mc_samples: int

    def __str__(self) -> str:
        spread = f"spread {self.spread.mean():.3g} on average, {self.spread.max():.3g} at most"
        return f"{len(self.mean)} predictions over {self.mc_samples} masks: {spread}"


def sample_predictions(
    network: Network,
    links: Sequence[Link],
    weights: Executor,
    inputs: Sequence[InputArray],
    mc_samples: int,
    seed: int,
    engine: str = "auto",
    n_threads: int | None = None,
) -> list[PredictiveDistribution]:
    """A distribution for each output; see :meth:`lamina.training.Trainer.predict_distribution`.

    ``links`` turn the logits of each output into predictions; mean and spread are those of the predictions, not of the logits.

    Batch normalization works as in prediction: it is folded into the weights of a copy of the network, which then runs in
    training mode.
    """
    check_parameters(
        {"mc_samples": mc_samples, "seed": seed}, {"mc_samples": integer(2), "seed": integer(0)}, owner="Monte Carlo dropout"
    )
    if not any(op.kind == "dropout" and op.settings[0] > 0 for op in weights.program.ops):
        rule, repair = "must have a dropout layer with a rate above 0", "Add Dropout, or use predict."
        raise InvalidSettingError(phrase("the network", rule, network, repair=repair, owner="Monte Carlo dropout"))
    folded, parameters, *_ = network.fold(*weights.snapshot()[:2], as_dense=True)
    executor = make_executor(folded.program(), dtype=weights.dtype, engine=engine, n_threads=n_threads)
    executor.configure(TrainingPlan(GradientDescent().rule(), seed=seed))
    executor.restore(parameters=parameters)
    parts = [_moments(executor, links, inputs, *chunk, mc_samples) for chunk in _chunks(inputs[0].shape[0])]
    columns = zip(*parts, strict=True)
    joined = [[np.concatenate(moments) for moments in zip(*column, strict=True)] for column in columns]
    return [PredictiveDistribution(mean, spread, mc_samples) for mean, spread in joined]


def _chunks(num_rows: int) -> Iterator[tuple[np.ndarray, int, int]]:
    """For each chunk: its rows, its index, and the number of chunks."""
    count = -(-num_rows // _CHUNK_ROWS)
    for i in range(count):
        yield np.arange(i * _CHUNK_ROWS, min((i + 1) * _CHUNK_ROWS, num_rows), dtype=np.int64), i, count


def _moments(
    executor: Executor, links: Sequence[Link], inputs: Sequence[InputArray], rows: np.ndarray, chunk: int, count: int, k: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Mean and standard deviation of each output's prediction, by Welford's recurrence (1962), stable for large means."""
    means: list[np.ndarray] = []
    squares: list[np.ndarray] = []
    for sample in range(k):
        # masks are keyed by the step: every chunk of every sample gets a different one
        logits = executor.forward(inputs, rows, sample * count + chunk)
        predictions = [np.asarray(link(z), dtype=np.float64) for link, z in zip(links, logits, strict=True)]
        if sample == 0:
            means, squares = [p.copy() for p in predictions], [np.zeros_like(p) for p in predictions]
            continue
        for i, prediction in enumerate(predictions):
            deviation = prediction - means[i]
            means[i] += deviation / (sample + 1)
            squares[i] += deviation * (prediction - means[i])
    return [(mean, np.sqrt(square / (k - 1))) for mean, square in zip(means, squares, strict=True)]
