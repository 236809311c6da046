"""What simple models reach on the rows, cross-validated, and how often they are wrong where they are surest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.doctor.probes.given_rows import dense_rows, draw_rows, liveliest_columns, standardized

__all__ = ["Baselines", "class_baselines", "number_baselines"]

_MOST_ROWS = 900
_MOST_COLUMNS = 128
_MOST_CLASSES = 50
_FEWEST_ROWS = 12
_FEWEST_OF_CLASS = 4  # on average
_FOLDS = 3
_NEIGHBORS = 7
_TREES = 12


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
    balanced : float
        The mean over classes of the share that the mean of the three's probabilities gets right; NaN for numbers.
    confident_error : float
        Share of errors in that quarter of the rows of which this mean is surest; NaN for numbers.
    doubtful_error : float
        Share of errors in that half of which it is least sure.
    rarest_recall : float
        The share of the rarest class's rows that it recognizes if all classes count the same, that is, if its probabilities are
        divided by the classes' shares; NaN for numbers.
    """

    rows: int
    guess: float
    linear: float
    neighbors: float
    trees: float
    balanced: float = np.nan
    confident_error: float = np.nan
    doubtful_error: float = np.nan
    rarest_recall: float = np.nan

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
    together = np.mean(chances, axis=0)
    hit = together.argmax(axis=1) == target
    by_sureness = np.argsort(-together.max(axis=1), kind="stable")
    surest, doubtful = by_sureness[: len(rows) // 4], by_sureness[len(rows) // 2 :]
    return Baselines(
        len(rows),
        float(np.bincount(target).max() / len(target)),
        linear=float(hits[0].mean()),
        neighbors=float(hits[1].mean()),
        trees=float(hits[2].mean()),
        balanced=float(np.mean([hit[target == number].mean() for number in range(len(classes))])),
        confident_error=float(1 - hit[surest].mean()),
        doubtful_error=float(1 - hit[doubtful].mean()),
        rarest_recall=_rarest_recall(together, target),
    )


def number_baselines(X: Any, y: np.ndarray, *, seed: int = 0) -> Baselines:
    """As :func:`class_baselines`, for targets that are numbers, an ndarray of shape (n, k): R² averaged over the k."""
    z, rows = _prepared(X, seed)
    target = standardized(y[rows])
    if len(rows) < _FEWEST_ROWS or not target.shape[1]:
        return _UNKNOWN
    folds = _folds(len(rows), seed)
    models = (_ridge, _mean_of_neighbors, _forest_of_numbers)
    guesses = [_held_out(make, z, target, folds, target.shape[1]) for make in models]
    scores = [float(1 - ((guess - target) ** 2).mean(axis=0).mean()) for guess in guesses]
    return Baselines(len(rows), 0.0, *scores)


def _rarest_recall(chances: np.ndarray, target: np.ndarray) -> float:
    counts = np.bincount(target)
    rarest = int(counts.argmin())
    said = (chances / counts).argmax(axis=1)
    return float((said[target == rarest] == rarest).mean())


def _prepared(X: Any, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rows = draw_rows(X.shape[0], _MOST_ROWS, seed)
    columns = liveliest_columns(dense_rows(X, rows[:256]), _MOST_COLUMNS)
    return standardized(dense_rows(X[:, columns], rows)), rows


def _folds(n: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).permutation(np.arange(n) % _FOLDS)


Model = Callable[[np.ndarray, np.ndarray, np.ndarray, int], np.ndarray]


def _held_out(model: Model, z: np.ndarray, target: np.ndarray, folds: np.ndarray, width: int) -> np.ndarray:
    """What the model says of each row after it has seen the other folds, ndarray of shape (n, width)."""
    out = np.zeros((len(z), width))
    if not z.shape[1]:
        z = np.zeros((len(z), 1))
    for fold in range(_FOLDS):
        inside = folds != fold
        out[~inside] = model(z[inside], target[inside], z[~inside], width)
    return out


def _logistic(z: np.ndarray, numbers: np.ndarray, asked: np.ndarray, width: int) -> np.ndarray:
    import warnings

    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # thirty steps come close enough
        return _chances(LogisticRegression(max_iter=30), z, numbers, asked, width)


def _vote(z: np.ndarray, numbers: np.ndarray, asked: np.ndarray, width: int) -> np.ndarray:
    return _nearest(z, asked, np.eye(width)[numbers])


def _forest(z: np.ndarray, numbers: np.ndarray, asked: np.ndarray, width: int) -> np.ndarray:
    from sklearn.ensemble import ExtraTreesClassifier

    return _chances(ExtraTreesClassifier(_TREES, min_samples_leaf=2, random_state=0), z, numbers, asked, width)


def _ridge(z: np.ndarray, target: np.ndarray, asked: np.ndarray, width: int) -> np.ndarray:
    from sklearn.linear_model import Ridge

    return Ridge(1.0).fit(z, target).predict(asked).reshape(len(asked), width)  # type: ignore[no-any-return]


def _mean_of_neighbors(z: np.ndarray, target: np.ndarray, asked: np.ndarray, width: int) -> np.ndarray:
    return _nearest(z, asked, target)


def _forest_of_numbers(z: np.ndarray, target: np.ndarray, asked: np.ndarray, width: int) -> np.ndarray:
    from sklearn.ensemble import ExtraTreesRegressor

    forest = ExtraTreesRegressor(_TREES, min_samples_leaf=2, random_state=0)
    return forest.fit(z, target if width > 1 else target[:, 0]).predict(asked).reshape(len(asked), width)  # type: ignore[no-any-return]


def _chances(model: Any, z: np.ndarray, numbers: np.ndarray, asked: np.ndarray, width: int) -> np.ndarray:
    seen = np.unique(numbers)
    out = np.zeros((len(asked), width))
    out[:, seen] = model.fit(z, numbers).predict_proba(asked) if len(seen) > 1 else 1.0
    return out


def _nearest(z: np.ndarray, asked: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The mean of ``values`` over the 7 rows of ``z`` that are nearest to each row of ``asked``."""
    k = min(_NEIGHBORS, len(z))
    squares = (z**2).sum(axis=1) - 2 * asked @ z.T
    nearest = np.argpartition(squares, k - 1, axis=1)[:, :k]
    return values[nearest].mean(axis=1)  # type: ignore[no-any-return]
