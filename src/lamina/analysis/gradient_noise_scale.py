"""Gradient noise scale: the batch size up to which more examples per step pay off (McCandlish, Kaplan, Amodei et al. 2018)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.analysis.passes import batches_of
from lamina.analysis.subject import Weights, subject_of
from lamina.analysis.training_objective import TrainingObjective
from lamina.errors import InvalidSettingError, phrase
from lamina.network import Network
from lamina.network.heads import Losses
from lamina.training import Trainer
from lamina.validation import check_parameters, integer, one_of, value

__all__ = ["GradientNoiseScale", "gradient_noise_scale", "unbiased_estimates"]


@dataclass(frozen=True, slots=True)
class GradientNoiseScale:
    """Result of :func:`gradient_noise_scale`.

    Attributes
    ----------
    scale : float
        B_simple = tr(Σ) / |G|², in examples: at this batch size, a step is half signal and half noise. Infinite if the
        estimate of |G|² is not positive, that is, if noise dominates the gradient.
    error : float
        Standard error of ``scale``, by jackknife over the draws.
    noise : float
        Estimate of tr(Σ), the summed variance of one example's gradient.
    squared_norm : float
        Estimate of |G|², where G is the gradient over all data.
    suggestion : int
        The power of 2 nearest to ``scale``, at least 1 and at most the number of examples.
    small, big, num_draws : int
        The batch sizes compared, and the number of batches of each.
    """

    scale: float
    error: float
    noise: float
    squared_norm: float
    suggestion: int
    small: int
    big: int
    num_draws: int

    def __str__(self) -> str:
        measured = f"gradient noise scale {self.scale:.3g} ± {self.error:.2g} examples (tr Σ {self.noise:.3g}, "
        measured += f"|G|² {self.squared_norm:.3g}; {self.num_draws} draws of {self.small} and of {self.big})"
        rule = "the power of 2 nearest to the scale: smaller batches need more steps, larger ones more examples"
        return f"{measured}.\nSuggested batch size {self.suggestion}, {rule}."


def gradient_noise_scale(
    network: Network | Trainer,
    X: Any,
    y: Any,
    loss: Losses | None = None,
    *,
    small: int = 16,
    big: int | None = None,
    num_draws: int = 64,
    weights: Weights = None,
    state: np.ndarray | None = None,
    seed: int = 0,
    engine: str = "auto",
) -> GradientNoiseScale:
    """Measure B_simple = tr(Σ) / |G|² from gradients of small and big batches, and suggest a batch size.

    E|G_B|² = |G|² + tr(Σ) / B for batches of B examples drawn with replacement. Two sizes give unbiased estimates of both::

        |G|²  = (big |G_big|² − small |G_small|²) / (big − small)
        tr(Σ) = (|G_small|² − |G_big|²) / (1 / small − 1 / big)

    Both are averaged over the draws before the division. The scale grows during training, so measure again later.

    Parameters
    ----------
    network : Network or Trainer
        A trainer supplies its loss and its current weights.
    X, y
        Targets in the form that the loss expects.
    loss : loss, optional
        Required unless ``network`` is a trainer.
    small, big : int, optional
        Batch sizes, 1 <= small < big. Defaults: 16, and 16 times ``small``.
    num_draws : int, default=64
        Number of batches of each size, at least 2.
    weights, state
        As in :func:`lamina.analysis.activation_statistics`.
    seed : int, default=0
        Seed of initial weights, batches and dropout masks.
    engine : {"auto", "native", "reference", "torch"}, default="auto"

    Returns
    -------
    GradientNoiseScale
        Measured on the gradients that training would use, including batch normalization and penalties.

    Raises
    ------
    DataError
        If there is no loss.
    InvalidSettingError, ShapeError
        If a setting is out of range, or data, weights or loss do not fit the network.

    References
    ----------
    McCandlish, Kaplan, Amodei & the OpenAI Dota team, "An empirical model of large-batch training", 2018, equation 2.9 and
    appendix A.1.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import Dense, Sequential
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(1000, 5))
    >>> y = X.sum(axis=1) + rng.normal(scale=10.0, size=1000)
    >>> gradient_noise_scale(Sequential([Dense(1)]), X, y, "squared_error").suggestion
    64
    """
    owner = "gradient_noise_scale"
    settings = {"small": small, "big": big, "num_draws": num_draws, "seed": seed}
    rules = {"small": integer(1), "big": one_of(integer(2), value(None)), "num_draws": integer(2), "seed": integer(0)}
    check_parameters(settings, rules, owner=owner)
    big = 16 * small if big is None else big
    if big <= small:
        raise InvalidSettingError(phrase("big", f"must be greater than small ({small})", big, repair="Swap them.", owner=owner))
    subject = subject_of(network, X=X, loss=loss, weights=weights, state=state, seed=seed, needs_loss=True, owner=owner)
    data = batches_of(subject, X, y)
    objective = TrainingObjective(subject, data, engine, seed)
    rng = np.random.default_rng(seed)

    def squared_norm(size: int, draw: int) -> float:
        rows = rng.integers(0, data.num_rows, size=size)
        return float(np.sum(objective(subject.parameters, rows, step=draw)[1] ** 2))

    norms = np.array([[squared_norm(small, 2 * draw), squared_norm(big, 2 * draw + 1)] for draw in range(num_draws)])
    noise, signal = unbiased_estimates(norms[:, 0].mean(), norms[:, 1].mean(), small, big)
    scale = _ratio(noise, signal)
    suggestion = _power_of_two(scale, data.num_rows)
    return GradientNoiseScale(scale, _jackknife(norms, small, big), noise, signal, suggestion, small, big, num_draws)


def unbiased_estimates(small_norm: float, big_norm: float, small: int, big: int) -> tuple[float, float]:
    """Estimate tr(Σ) and |G|² from the mean squared gradient norms of batches of two sizes.

    >>> unbiased_estimates(4.0 + 16.0 / 2, 4.0 + 16.0 / 4, 2, 4)  # |G|² = 4, tr Σ = 16
    (16.0, 4.0)
    """
    signal = (big * big_norm - small * small_norm) / (big - small)
    noise = (small_norm - big_norm) / (1 / small - 1 / big)
    return float(noise), float(signal)


def _ratio(noise: float, signal: float) -> float:
    return max(noise, 0.0) / signal if signal > 0 else float("inf")


def _jackknife(norms: np.ndarray, small: int, big: int) -> float:
    """Standard error of the ratio, by leaving out one draw at a time."""
    n = len(norms)
    others = (norms.sum(axis=0) - norms) / (n - 1)
    scales = np.array([_ratio(*unbiased_estimates(a, b, small, big)) for a, b in others])
    if not np.isfinite(scales).all():
        return float("inf")
    return float(np.sqrt((n - 1) / n * np.sum((scales - scales.mean()) ** 2)))


def _power_of_two(scale: float, most: int) -> int:
    if not np.isfinite(scale):
        return most
    return int(min(2 ** round(float(np.log2(max(scale, 1.0)))), most))
