"""What simple models reach on the rows, cross-validated, and how many targets they hold for exchanged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lamina.doctor.probes.given_rows import dense_rows, draw_rows, liveliest_columns, standardized
from lamina.doctor.probes.target_noise import TargetNoise, class_noise, number_noise

__all__ = ["Baselines", "class_baselines", "number_baselines"]

_MOST_ROWS = 900
_MOST_COLUMNS = 128
_MOST_CLASSES = 50
_FEWEST_ROWS = 12
_FEWEST_OF_CLASS = 4  # on average
_FOLDS = 3
_NEIGHBORS = 7
_TREES = 12
_LEAST_WEIGHT = 1e-3


@dataclass(frozen=True, slots=True)
class Baselines:
    """Scores of simple models on rows that they did not see: accuracy of classes, R² of numbers.

    Cross-validated in three parts on at most 900 rows and their 128 liveliest columns, each of mean 0 and standard deviation 1.

    Attributes
    ----------
    rows : int
        The rows that were used; 0, and all scores NaN, where there are too few (below 12, or 4 a class), one class or over 50.
    guess : float
        The share of the commonest class; 0 for numbers, whose guess is the mean.
    linear : float
        Of a logistic or ridge regression.
    neighbors : float
        Of a vote or mean of the 7 nearest rows.
    trees : float
        Of twelve randomized trees.
    noise : TargetNoise
        Of classes by the mean of the three's probabilities, of numbers by the best of the three; of several targets, the first.
    """

    rows: int
    guess: float
    linear: float
    neighbors: float
    trees: float
    noise: TargetNoise = field(default_factory=TargetNoise)

    @property
    def nonlinear(self) -> float:
        """The better one of neighbors and trees."""
        return max(self.neighbors, self.trees)

    @property
    def best(self) -> float:
        """The best of the three."""
        return max(self.linear, self.nonlinear)

    @property
    def skill(self) -> float:
        """The share of the guess's errors that the best of the three avoids: 1 for a perfect model, 0 for a guess."""
        return (self.best - self.guess) / (1.0 - self.guess) if self.guess < 1.0 else 0.0


_UNKNOWN = Baselines(0, *(np.nan,) * 4)


def class_baselines(X: Any, numbers: np.ndarray, *, seed: int = 0) -> Baselines:
    """Score simple classifiers.

    Parameters
    ----------
    X : array or sparse matrix of shape (n, d)
    numbers : ndarray of shape (n,)
        Class numbers.
    seed : int, default=0
        Draws rows and parts.

    Examples
    --------
    >>> X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]] * 30)
    >>> scores = class_baselines(X, np.array([0, 1, 1, 0] * 30))  # exclusive or
    >>> scores.linear < 0.7, scores.nonlinear
    (True, 1.0)
    """
    z, rows = _prepared(X, seed)
    classes, target = np.unique(numbers[rows], return_inverse=True)
    target = target.reshape(-1)
    if len(rows) < _FEWEST_ROWS or not 2 <= len(classes) <= min(_MOST_CLASSES, len(rows) / _FEWEST_OF_CLASS):
        return _UNKNOWN
    folds = _folds(len(rows), seed)
    chances = [_held_out(make, z, target, folds, len(classes)) for make in (_logistic, _vote, _forest)]
    hits = [chance.argmax(axis=1) == target for chance in chances]
    return Baselines(
        len(rows),
        float(np.bincount(target).max() / len(target)),
        linear=float(hits[0].mean()),
        neighbors=float(hits[1].mean()),
        trees=float(hits[2].mean()),
        noise=class_noise(np.mean(chances, axis=0), target),
    )


def number_baselines(X: Any, y: np.ndarray, *, seed: int = 0) -> Baselines:
    """As :func:`class_baselines`, for targets that are numbers, an ndarray of shape (n, k): R² averaged over the k."""
    z, rows = _prepared(X, seed)
    target = standardized(y[rows])
    if len(rows) < _FEWEST_ROWS or not target.shape[1]:
        return _UNKNOWN
    folds = _folds(len(rows), seed)
    models = (_ridge, _mean_of_neighbors, _forest_of_numbers)
    width = target.shape[1]

    def predict(weight: np.ndarray) -> list[np.ndarray]:
        return [_held_out(make, z, target, folds, width, weight) for make in models]

    scores = [float(1 - ((guess - target) ** 2).mean(axis=0).mean()) for guess in predict(np.ones(len(rows)))]
    noise = number_noise(lambda weight: [guess[:, 0] for guess in predict(weight)], target[:, 0])
    return Baselines(len(rows), 0.0, *scores, noise)


def _prepared(X: Any, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rows = draw_rows(X.shape[0], _MOST_ROWS, seed)
    columns = liveliest_columns(dense_rows(X, rows[:256]), _MOST_COLUMNS)
    return standardized(dense_rows(X[:, columns], rows)), rows


def _folds(n: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).permutation(np.arange(n) % _FOLDS)


Model = Callable[[np.ndarray, np.ndarray, np.ndarray, int, np.ndarray], np.ndarray]


def _held_out(
    model: Model, z: np.ndarray, target: np.ndarray, folds: np.ndarray, width: int, weight: np.ndarray | None = None
) -> np.ndarray:
    """What the model says of each row after it has seen the other folds, ndarray of shape (n, width)."""
    out = np.zeros((len(z), width))
    weight = np.ones(len(z)) if weight is None else np.maximum(weight, _LEAST_WEIGHT)
    if not z.shape[1]:
        z = np.zeros((len(z), 1))
    for fold in range(_FOLDS):
        inside = folds != fold
        out[~inside] = model(z[inside], target[inside], z[~inside], width, weight[inside])
    return out


def _logistic(z: np.ndarray, numbers: np.ndarray, asked: np.ndarray, width: int, weight: np.ndarray) -> np.ndarray:
    import warnings

    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # thirty steps come close enough
        return _chances(LogisticRegression(max_iter=30), z, numbers, asked, width, weight)


def _vote(z: np.ndarray, numbers: np.ndarray, asked: np.ndarray, width: int, weight: np.ndarray) -> np.ndarray:
    return _nearest(z, asked, np.eye(width)[numbers], weight)


def _forest(z: np.ndarray, numbers: np.ndarray, asked: np.ndarray, width: int, weight: np.ndarray) -> np.ndarray:
    from sklearn.ensemble import ExtraTreesClassifier

    return _chances(ExtraTreesClassifier(_TREES, min_samples_leaf=2, random_state=0), z, numbers, asked, width, weight)


def _ridge(z: np.ndarray, target: np.ndarray, asked: np.ndarray, width: int, weight: np.ndarray) -> np.ndarray:
    from sklearn.linear_model import Ridge

    return Ridge(1.0).fit(z, target, weight).predict(asked).reshape(len(asked), width)  # type: ignore[no-any-return]


def _forest_of_numbers(z: np.ndarray, target: np.ndarray, asked: np.ndarray, width: int, weight: np.ndarray) -> np.ndarray:
    from sklearn.ensemble import ExtraTreesRegressor

    forest = ExtraTreesRegressor(_TREES, min_samples_leaf=2, random_state=0)
    return forest.fit(z, target if width > 1 else target[:, 0], weight).predict(asked).reshape(len(asked), width)  # type: ignore[no-any-return]


def _chances(model: Any, z: np.ndarray, numbers: np.ndarray, asked: np.ndarray, width: int, weight: np.ndarray) -> np.ndarray:
    seen = np.unique(numbers)
    out = np.zeros((len(asked), width))
    out[:, seen] = model.fit(z, numbers, weight).predict_proba(asked) if len(seen) > 1 else 1.0
    return out


def _mean_of_neighbors(z: np.ndarray, target: np.ndarray, asked: np.ndarray, width: int, weight: np.ndarray) -> np.ndarray:
    return _nearest(z, asked, target, weight)


def _nearest(z: np.ndarray, asked: np.ndarray, values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The weighted mean of ``values`` over the 7 rows of ``z`` that are nearest to each row of ``asked``."""
    k = min(_NEIGHBORS, len(z))
    squares = (z**2).sum(axis=1) - 2 * asked @ z.T
    nearest = np.argpartition(squares, k - 1, axis=1)[:, :k]
    counts = weight[nearest][:, :, None]
    return (counts * values[nearest]).sum(axis=1) / counts.sum(axis=1)  # type: ignore[no-any-return]
