"""Permutation importance: how much worse a model's score gets when a column is shuffled (Breiman 2001)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from lamina.analysis.shuffled_table import shuffled_table
from lamina.data_frame import to_data_frame
from lamina.door import serve
from lamina.errors import InvalidSettingError, phrase
from lamina.html import Printed
from lamina.losses import Quantile
from lamina.metrics import LABEL_METRICS, NUMBER_METRICS, PROBABILITY_METRICS, SMALLER_IS_BETTER, indices_of_classes
from lamina.text_table import text_table
from lamina.validation import Rule, check_parameters, choice, function, integer, one_of, returned_number, value

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["PermutationImportance", "permutation_importance"]

_METRICS = {**LABEL_METRICS, **PROBABILITY_METRICS, **NUMBER_METRICS}
_RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "repeats": integer(1),
        "seed": integer(0, 2**32 - 1),
        "score": one_of(value(None), choice(_METRICS), function("truth and predictions")),
    }
)

_Judge: TypeAlias = Callable[[Any], float]


@dataclass(frozen=True, eq=False, slots=True)
class PermutationImportance(Printed):
    """How much worse a score gets without each column's information; see :func:`permutation_importance`.

    Attributes
    ----------
    names : tuple of str
        The columns.
    drops : ndarray of shape (columns, repeats)
        For each shuffle, how much worse the score was; below 0 if it was better.
    score : str
        The score's name.
    value : float
        The score with nothing shuffled.
    """

    names: tuple[str, ...]
    drops: np.ndarray
    score: str
    value: float

    @property
    def means(self) -> np.ndarray:
        """Mean of each column's drops, (columns,)."""
        means: np.ndarray = self.drops.mean(axis=1)
        return means

    @property
    def deviations(self) -> np.ndarray:
        """Standard deviation of each column's drops, (columns,); 0 for a single shuffle."""
        deviations: np.ndarray = self.drops.std(axis=1)
        return deviations

    @property
    def order(self) -> np.ndarray:
        """The columns' places from the most important to the least, (columns,)."""
        return np.argsort(-self.means, kind="stable")

    @property
    def change(self) -> str:
        """What ``drops`` are: "drop", or "rise" for a score that is better if it is smaller."""
        return "rise" if self.score in SMALLER_IS_BETTER else "drop"

    def columns(self) -> dict[str, list[Any]]:
        """Name, mean and standard deviation of each column as lists, from the most important."""
        order = self.order
        return {
            "column": [self.names[i] for i in order],
            f"mean {self.change}": self.means[order].tolist(),
            "deviation": self.deviations[order].tolist(),
        }

    def to_frame(self) -> pd.DataFrame:
        """One row per column, from the most important, as a pandas data frame."""
        return to_data_frame(self.columns(), "PermutationImportance")

    def plot(self, *, ax: Axes | None = None, top: int = 20) -> Axes:
        """Draw the ``top`` columns; see :func:`lamina.plots.plot_importance`. Needs the extra ``plot``."""
        axes: Axes = serve("PermutationImportance.plot", self, ax=ax, top=top)
        return axes

    def __str__(self) -> str:
        repeats = self.drops.shape[1]
        shuffles = f"{repeats} shuffles" if repeats > 1 else "one shuffle"
        meaning = f"{self.change.capitalize()} of {self.score}, which is {self.value:.4g} with nothing shuffled"
        return f"{text_table(self.columns())}\n{meaning}: {shuffles} of each column."


def permutation_importance(
    model: Any, X: Any, y: Any, *, repeats: int = 5, seed: int = 0, score: str | Callable[..., float] | None = None
) -> PermutationImportance:
    """Measure how much a fitted model relies on each column: how much worse its score gets when the column is shuffled.

    Use rows that the model was not trained on. If two columns say the same, the model may do without either, and both look
    less important than they are together. The draws are those of ``sklearn.inspection.permutation_importance``, whose
    numbers these are for arrays and pandas; here, any table that the model takes may be given.

    Parameters
    ----------
    model : object
        With ``predict``; for a score of probabilities, ``predict_proba``.
    X : array-like of shape (n, columns), or data frame of pandas, polars or pyarrow
        It is not changed.
    y : array-like of shape (n,) or (n, k), or str
        The truth, as the model predicts it; or the name of the column of a data frame that holds it.
    repeats : int, default=5
        How often each column is shuffled.
    seed : int, default=0
    score : str or function, optional
        A name of :data:`lamina.metrics.LABEL_METRICS`, ``PROBABILITY_METRICS`` or ``NUMBER_METRICS``, or a function of truth
        and predictions that is better if it is larger. By default accuracy for classes, R2 for numbers, and the pinball loss for
        quantiles (:class:`~lamina.losses.Quantile`) other than the median alone: the mean over all levels that are predicted.

    Returns
    -------
    PermutationImportance

    Raises
    ------
    DataError
        If X is not a table, y is not a column of it, or the score cannot take y and the predictions.
    InvalidSettingError
        If a setting is out of range, or the model cannot predict what the score needs.

    References
    ----------
    Breiman, "Random forests", 2001, section 10.

    Examples
    --------
    >>> from lamina import MLPClassifier
    >>> X = np.random.default_rng(0).normal(size=(300, 3))
    >>> y = np.where(X[:, 1] > 0, "up", "down")
    >>> model = MLPClassifier(8, early_stopping=True, learning_rate_init=0.01, random_state=0).fit(X, y)
    >>> importance = permutation_importance(model, X, y)
    >>> importance.names[importance.order[0]]
    'x1'
    """
    check_parameters({"repeats": repeats, "seed": seed, "score": score}, _RULES, owner="permutation_importance")
    table, truth = shuffled_table(X, y, getattr(model, "feature_names_in_", None))
    judge, name = _judge(model, table.whole, truth, score)
    best = judge(table.whole)
    orders = list(_orders(table.num_rows, int(repeats), int(seed)))
    sign = -1.0 if name in SMALLER_IS_BETTER else 1.0
    drops = [[sign * (best - judge(table.shuffled(column, order))) for order in orders] for column in range(len(table.names))]
    return PermutationImportance(tuple(table.names), np.array(drops), name, best)


def _orders(num_rows: int, repeats: int, seed: int) -> Iterator[np.ndarray]:
    """scikit-learn's orders of a column's values: the same for all columns, each shuffle on top of those before it."""
    rng = np.random.RandomState(np.random.RandomState(seed).randint(np.iinfo(np.int32).max + 1))
    shuffle, order = np.arange(num_rows), np.arange(num_rows)
    for _ in range(repeats):
        rng.shuffle(shuffle)
        order = order[shuffle]
        yield order


def _judge(model: Any, X: Any, truth: np.ndarray, score: str | Callable[..., float] | None) -> tuple[_Judge, str]:
    """The function that scores the model on a table, and its name."""
    if callable(score):
        own = score
        name = getattr(own, "__name__", "score")

        def judged(table: Any) -> float:
            return returned_number(own(truth, _predict(model, table)), "the score", owner="permutation_importance")

        return judged, name
    name = score or _default_score(model, X, truth)
    metric = _METRICS[name]
    if name == "pinball" and (levels := _quantiles_of(model)) is not None:
        return lambda table: metric(truth, _predict(model, table), level=levels), name
    if name not in PROBABILITY_METRICS:
        return lambda table: metric(truth, _predict(model, table)), name
    if not hasattr(model, "predict_proba"):
        repair = "Choose one of labels, such as accuracy, or a function."
        rule = "must have predict_proba for a score of probabilities"
        raise InvalidSettingError(phrase("the model", rule, type(model).__name__, repair=repair, owner="permutation_importance"))
    num_classes = np.asarray(model.predict_proba(X)).shape[1]
    indices, _ = indices_of_classes(truth, _classes_of(model), num_classes=num_classes)
    return lambda table: metric(indices, np.asarray(model.predict_proba(table))), name


def _predict(model: Any, table: Any) -> np.ndarray:
    return np.asarray(model.predict(table))


def _quantiles_of(model: Any) -> tuple[float, ...] | None:
    """The levels of the quantiles that a model predicts; None if it predicts something else, or the median alone."""
    learned = getattr(model, "model_", model)  # of an estimator of tables
    learned = getattr(learned, "estimator", learned)
    steps = getattr(learned, "steps", None)  # of a pipeline
    loss = getattr(steps[-1][1] if steps else learned, "loss", None)
    levels = tuple(np.atleast_1d(loss.levels).tolist()) if isinstance(loss, Quantile) else ()
    return None if levels in ((), (0.5,)) else levels


def _default_score(model: Any, X: Any, truth: np.ndarray) -> str:
    if _quantiles_of(model) is not None:
        return "pinball"
    kinds = truth.dtype.kind + _predict(model, X).dtype.kind
    return "accuracy" if _classes_of(model) is not None or set(kinds) & set("SUTOb") else "r2"


def _classes_of(model: Any) -> Any:
    """The classes in the order of the model's probabilities; None if it predicts numbers, or does not say."""
    target = getattr(model, "target", None)  # of a table's model
    return getattr(model, "classes_", getattr(target, "classes", None) or None)
