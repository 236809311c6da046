"""Mean and spread of predictions: of what the loss itself predicts, over an ensemble's members, over dropout masks, or of all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lamina.engine.executor import Executor
from lamina.engine.plan import InputArray
from lamina.network import Network
from lamina.training.meaning import Meaning
from lamina.validation import check_parameters, integer

__all__ = ["PredictiveDistribution", "predict_distributions"]

_USUAL_SAMPLES = 100


@dataclass(frozen=True, eq=False, slots=True)
class PredictiveDistribution:
    """Mean and spread of predictions.

    Attributes
    ----------
    mean : ndarray of the predictions' shape
        The mean prediction (of probabilities, for a classifier), float64.
    spread : ndarray of the same shape
        A standard deviation, float64: of predictions over the masks or over the members of an ensemble (the square root of the
        unbiased variance), of the target where the loss predicts that (``gaussian_nll``), or of several of these: the square root
        of the mean of its variances plus the variance of its means (law of total variance).
    mc_samples : int
        The number of masks drawn; 0 if none were.
    """

    mean: np.ndarray
    spread: np.ndarray
    mc_samples: int

    def __str__(self) -> str:
        over = f" over {self.mc_samples} masks" if self.mc_samples else ""
        spread = f"spread {self.spread.mean():.3g} on average, {self.spread.max():.3g} at most"
        return f"{len(self.mean)} predictions{over}: {spread}"


def predict_distributions(
    network: Network,
    meanings: Sequence[Meaning],
    weights: Executor,
    inputs: Sequence[InputArray],
    mc_samples: int | None,
    seed: int,
    engine: str = "auto",
    n_threads: int | None = None,
    device: str = "auto",
) -> list[PredictiveDistribution]:
    """A distribution for each output; see :meth:`lamina.training.Trainer.predict_distribution`.

    ``meanings`` are those of one member.
    """
    meanings = [meaning.over(weights.program.members) for meaning in meanings]
    if mc_samples is None and all(meaning.spread for meaning in meanings):
        return [_as_predicted(meaning, logits) for meaning, logits in zip(meanings, weights.predict(inputs), strict=True)]
    from lamina.training.monte_carlo import sample_moments  # rarely needed

    count = _USUAL_SAMPLES if mc_samples is None else mc_samples
    rules = {"mc_samples": integer(2), "seed": integer(0)}
    check_parameters({"mc_samples": count, "seed": seed}, rules, owner="Monte Carlo dropout")
    moments = sample_moments(network, meanings, weights, inputs, count, seed, engine, n_threads, device)
    return [PredictiveDistribution(mean, spread, count) for mean, spread in moments]


def _as_predicted(meaning: Meaning, logits: np.ndarray) -> PredictiveDistribution:
    assert meaning.spread is not None
    mean, spread = (of(logits).astype(np.float64) for of in (meaning.predict, meaning.spread))
    return PredictiveDistribution(mean, spread, 0)
