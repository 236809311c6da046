"""How hard a number is to predict: a small network that learns how far predictions of the training rows are off."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning

from lamina.errors import InvalidSettingError, NonFiniteError, ShapeError, phrase
from lamina.estimators import MLPRegressor
from lamina.model.golden_section import golden_section
from lamina.model.table_settings import RunSettings, usual_batch_size

__all__ = ["MOST_TRAINING_ROWS", "Difficulty", "learn_slope"]

MOST_TRAINING_ROWS = 10_000
_EPOCHS = 30
_FLOOR = 0.1  # of the median: the logarithm of an error that happens to be 0 says nothing
_BOUNDS = (0.005, 0.995)  # quantiles of the training rows, beyond which difficulty does not go
_LEAST_SLOPE = 0.01


@dataclass(frozen=True, eq=False)
class Difficulty:
    """Learns the logarithm of the distance between target and prediction, from the features and the prediction.

    Parameters
    ----------
    network : MLPRegressor
        Predicts ``log |y - prediction|`` of each target, centered and scaled.
    scale : ndarray of shape (targets,)
        The standard deviations of these logarithms.
    low, high : ndarray of shape (targets,)
        The range of what the network predicts for training rows, without the outermost.
    slope : ndarray of shape (targets,)
        By how much the logarithm of an error grows with its prediction, in [0, 1]; see :func:`learn_slope`.
    """

    network: MLPRegressor
    scale: np.ndarray
    low: np.ndarray
    high: np.ndarray
    slope: np.ndarray

    def __post_init__(self) -> None:
        shapes = {array.shape for array in (self.scale, self.low, self.high, self.slope)}
        if shapes != {(self.network.n_outputs_,)}:
            raise ShapeError(phrase("the difficulty", "must have one scale, range and slope a target", sorted(shapes)))
        fits = (self.scale > 0) & (self.low <= self.high) & (self.slope >= 0) & (self.slope <= 1)
        if not (fits & np.isfinite(self.scale) & np.isfinite(self.low) & np.isfinite(self.high)).all():
            rule = "must have scales above 0, ranges that rise and slopes from 0 to 1"
            raise InvalidSettingError(phrase("the difficulty", rule, [self.scale, self.low, self.high, self.slope]))

    @classmethod
    def learn(
        cls,
        X: Any,
        predicted: np.ndarray,
        y: np.ndarray,
        run: RunSettings,
        cardinalities: Sequence[int | None] | None = None,
    ) -> Self | None:
        """Learn from training rows, at most 10,000 of them; None if nothing is to be learned, or nothing was.

        Parameters
        ----------
        X : ndarray or csr_matrix of shape (n, features)
        predicted, y : ndarray of shape (n, targets)
            On the scale on which the network learned them.
        run : RunSettings
        cardinalities : sequence of int and None, optional
            For each feature the number of its categories, if it holds codes.
        """
        if len(y) > MOST_TRAINING_ROWS:
            some = np.sort(np.random.default_rng(run.seed).permutation(len(y))[:MOST_TRAINING_ROWS])
            X, predicted, y = X[some], predicted[some], y[some]
        errors = np.abs(y - predicted)
        floor = _FLOOR * np.median(errors, axis=0)
        if not (np.isfinite(errors).all() and (floor > 0).all()):
            return None
        logarithms = np.log(errors + floor)
        center, scale = logarithms.mean(axis=0), logarithms.std(axis=0)
        if not (scale > 0).all():
            return None
        inputs = _inputs(X, predicted)
        # Predictions, which stand beside the features, are no codes.
        of_inputs = None if cardinalities is None else (*cardinalities, *(None,) * predicted.shape[1])
        network = _trained(inputs, ((logarithms - center) / scale).astype(inputs.dtype), run, of_inputs)
        if network is None:
            return None
        low, high = np.quantile(_columns(network.predict(inputs)).astype(np.float64), _BOUNDS, axis=0)
        return cls(network, scale, low, high, np.ones(len(scale)))

    def logarithms(self, X: Any, predicted: np.ndarray) -> np.ndarray:
        """The logarithm of each row's expected error, up to a constant, ndarray of shape (n, targets)."""
        found = _columns(self.network.predict(_inputs(X, predicted))).astype(np.float64)
        return np.asarray(np.clip(found, self.low, self.high) * self.scale)

    def factors(self, X: Any, predicted: np.ndarray) -> np.ndarray:
        """By how much wider the interval of each row is, ndarray of shape (n, targets)."""
        return np.asarray(np.exp(self.slope * self.logarithms(X, predicted)))

    @property
    def is_of_use(self) -> bool:
        """Whether widths depend on it."""
        return bool((self.slope > _LEAST_SLOPE).any())


def learn_slope(logarithms: np.ndarray, errors: np.ndarray) -> float:
    """How far a difficulty is to be believed: 0 if errors do not grow with it, 1 if they are proportional to it.

    Errors are taken as exponentially distributed with the mean ``a exp(slope logarithm)``; the slope in [0, 1] maximizes the
    likelihood, with ``a`` at its best, less ``slope^2``, which counts where rows are few.

    Parameters
    ----------
    logarithms, errors : ndarray of shape (n,)

    Examples
    --------
    >>> logarithms = np.linspace(-2, 2, 200)
    >>> round(learn_slope(logarithms, np.exp(0.5 * logarithms)), 2), learn_slope(logarithms, np.ones(200)) < 0.01
    (0.5, True)
    """
    tiny = np.finfo(np.float64).tiny

    def surprise(slope: float) -> float:
        mean = np.mean(errors * np.exp(-slope * logarithms))
        return float(len(errors) * np.log(max(mean, tiny)) + slope * logarithms.sum() + slope**2)

    return golden_section(surprise, 0.0, 1.0, 1e-3)


def _trained(
    inputs: Any, logarithms: np.ndarray, run: RunSettings, cardinalities: tuple[int | None, ...] | None
) -> MLPRegressor | None:
    """A network that has learned the logarithms; None if Ctrl-C or diverging weights kept it from that."""
    network = MLPRegressor(
        hidden_layer_sizes=(64, 32),
        activation="mish",
        cardinalities=cardinalities,
        dropout=0.1,
        solver="adamw",
        learning_rate_init=0.002,
        weight_decay=0.01,
        batch_size=min(usual_batch_size(len(logarithms)), len(logarithms)),
        max_iter=_EPOCHS,
        n_iter_no_change=np.inf,
        random_state=run.seed,
        engine=run.engine,
        device=run.device,
        n_threads=run.threads,
        on_interrupt="return",
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            warnings.filterwarnings("ignore", message="Training interrupted")
            return network.fit(inputs, logarithms if logarithms.shape[1] > 1 else logarithms[:, 0])
    except (KeyboardInterrupt, NonFiniteError):
        return None


def _inputs(X: Any, predicted: np.ndarray) -> Any:
    """The features with the predictions beside them."""
    beside = predicted.astype(X.dtype)
    blocks: Any = [X, sparse.csr_matrix(beside) if sparse.issparse(X) else beside]
    return sparse.hstack(blocks, format="csr") if sparse.issparse(X) else np.hstack(blocks)


def _columns(numbers: np.ndarray) -> np.ndarray:
    return numbers.reshape(len(numbers), -1)
