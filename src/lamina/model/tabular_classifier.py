"""The classifier of whole tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, final

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from lamina.errors import phrase
from lamina.estimators.available import available_if
from lamina.estimators.row_weights import check_row_weights
from lamina.estimators.target import gives_probabilities
from lamina.model.given_table import GivenColumns
from lamina.model.named_settings import kind_of
from lamina.model.setting_words import Words, setting_words
from lamina.model.table_model import TableModel
from lamina.model.table_settings import OptimizationSettings
from lamina.model.tabular import Tabular
from lamina.model.tabular_documentation import ATTRIBUTES, documented_parameters

__all__ = ["TabularClassifier"]


def _gives_probabilities(model: TabularClassifier) -> bool:
    loss = model.loss
    if loss is None or gives_probabilities(kind_of(loss) if isinstance(loss, str) else loss):
        return True
    raise AttributeError(
        phrase("loss", "must be one that gives probabilities, such as 'log_loss'", loss, owner=type(model).__name__)
    )


@final
@dataclass(eq=False, repr=False, kw_only=True)
class TabularClassifier(ClassifierMixin, Tabular):  # type: ignore[misc]
    __doc__ = f"""A network that learns classes from a whole table: raw columns in, labels out.

It takes a data frame as it is: numbers, categories, truth values, dates and text that spells them, with missing values. How each
column is read and encoded is learned in ``fit``, together with the network, and when to stop is decided on rows held out.

Parameters
----------
{documented_parameters(of_classes=True)}
Attributes
----------
classes_ : ndarray of shape (n_classes,)
    The labels, sorted, in the type in which they were given.
{ATTRIBUTES}
Notes
-----
One value may stand for a tuple of one: ``hidden=64``, ``activation="relu"``. In place of a name, ``optimizer``, ``schedule``,
``loss``, ``activation`` and initializers take Lamina's objects, such as ``optimizer=Adam(0.01)``.

Examples
--------
>>> import pandas as pd
>>> from lamina import TabularClassifier
>>> shop = pd.DataFrame({{"price": ["120.00", "15.50", "30.00", "?"] * 25, "color": ["red", "blue", None, "red"] * 25}})
>>> sold = ["no", "yes", "yes", "no"] * 25
>>> model = TabularClassifier(hidden=16, max_epochs=60, random_state=0).fit(shop, sold)
>>> model.predict(shop[:4]).tolist()
['no', 'yes', 'yes', 'no']
>>> model.classes_.tolist(), model.predict_proba(shop).shape
(['no', 'yes'], (100, 2))
"""

    class_weight: str | Mapping[Any, float] | None = OptimizationSettings.class_weight
    label_smoothing: float | None = OptimizationSettings.label_smoothing
    decision_threshold: float | Literal["f1", "balanced_accuracy"] | None = OptimizationSettings.decision_threshold

    _task = "classification"
    _phrases = MappingProxyType({"use the task regression": "use TabularRegressor", "fraction to hold out": "validation"})

    def predict(self, X: Any, *, mc_samples: int | None = None, seed: int = 0, precision: str = "full") -> np.ndarray:
        """The most likely label of each row, or the one that ``decision_threshold`` decides for.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_features); or one row, or a list of dicts
            Of frames, columns are found by name, in any order; further ones are ignored with a note. Where training had names of
            columns, a row may be a dict or a pandas.Series by these names, or a tuple or list of values in the order of training.
        mc_samples : int, optional
            Predict from the mean over this many dropout masks, >= 2, instead of one pass without dropout.
        seed : int, default=0
            Seed of the masks.
        precision : {"full", "mixed"}, default="full"
            "mixed": dense layers multiply numbers rounded to bfloat16, which has 8 significant bits. For many rows that is faster
            where the processor multiplies such numbers; see :doc:`/how-to/mixed-precision`.

        Returns
        -------
        ndarray of shape (n_samples,)

        Raises
        ------
        DataError
            If a column is missing or holds values of another kind than in training.
        """
        rows = self._known_rows(X)
        predicted = self.model_.predict(rows, mc_samples=mc_samples, seed=seed, precision=precision)
        return np.asarray(predicted.astype(self.classes_.dtype))

    @available_if(_gives_probabilities)
    def predict_proba(self, X: Any, *, mc_samples: int | None = None, seed: int = 0, precision: str = "full") -> np.ndarray:
        """The probability of each class; not available with losses that give none, such as "hinge".

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_features); or one row, or a list of dicts
            As in :meth:`predict`.
        mc_samples : int, optional
            The mean over this many dropout masks, >= 2, instead of one pass without dropout; without the temperature.
        seed : int, default=0
            Seed of the masks.
        precision : {"full", "mixed"}, default="full"
            As in :meth:`predict`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Columns in the order of ``classes_``. A temperature that validation rows chose makes them as frequent as they say, if
            that helps there; see :attr:`TableModel.temperature`.
        """
        rows = self._known_rows(X)
        return self.model_.predict_proba(rows, mc_samples=mc_samples, seed=seed, precision=precision)

    @available_if(_gives_probabilities)
    def predict_set(self, X: Any, coverage: float = 0.9) -> np.ndarray:
        """Which classes each row may be of: sets that hold the true class of a share of at least ``coverage`` of new rows.

        The share is one of all rows that are like those of training and validation, not of each kind of row; see
        :meth:`TableModel.predict_set`. Not available with losses that give no probabilities, such as "hinge".

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_features); or one row, or a list of dicts
            As in :meth:`predict`.
        coverage : float, default=0.9
            In (0, 1). A note says so if there were too few validation rows for it.

        Returns
        -------
        ndarray of shape (n_samples, n_classes) bool
            Columns in the order of ``classes_``. The most probable class is always in the set.

        Raises
        ------
        DataError
            As for :meth:`predict`; also if there were no or too few validation rows, or with ``calibration=False``.
        InvalidSettingError
            If the coverage is out of range.

        Examples
        --------
        >>> import pandas as pd
        >>> from lamina import TabularClassifier
        >>> shop = pd.DataFrame({"price": [120.0, 15.5, 30.0, None] * 50, "color": ["red", "blue", None, "red"] * 50})
        >>> model = TabularClassifier(hidden=16, max_epochs=20, random_state=0).fit(shop, ["no", "yes", "yes", "no"] * 50)
        >>> [model.classes_[row].tolist() for row in model.predict_set(shop[:3])]
        [['no'], ['yes'], ['yes']]
        """
        rows = self._known_rows(X)
        with setting_words(Words(type(self).__name__)):
            return self.model_.predict_set(rows, coverage)

    @available_if(_gives_probabilities)
    def predict_log_proba(self, X: Any, *, precision: str = "full") -> np.ndarray:
        """The logarithm of :meth:`predict_proba`, of shape (n_samples, n_classes); available where that is."""
        probabilities = self.predict_proba(X, precision=precision)
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(probabilities))

    def decision_function(self, X: Any, *, precision: str = "full") -> np.ndarray:
        """How far each row is from the decision, in logits; larger values mean higher confidence.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_features)
        precision : {"full", "mixed"}, default="full"
            As in :meth:`predict`.

        Returns
        -------
        ndarray of shape (n_samples,) for two classes, else (n_samples, n_classes)
            Of two classes, the second is predicted where it is above 0, also with a ``decision_threshold``. Columns are in
            the order of ``classes_``.
        """
        columns = self._known(X)
        return self.model_.decision_function(columns, precision=precision)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """The share of rows whose label is predicted.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_features)
        y : array-like or series of shape (n_samples,), or str
            The labels, or the name of the column of X that holds them.
            Rows without one are left out with a note; a label that training did not have is never predicted.
        sample_weight : array-like of shape (n_samples,), optional

        Returns
        -------
        float
        """
        check_is_fitted(self)
        columns = self._with_truth(X, y)
        target = self.model_.target
        rows, truth = target.present_rows(columns, unknown="keep")
        right = (truth >= 0) & (target.class_labels[truth] == self.model_.predict(columns)[rows])
        weight = None if sample_weight is None else check_row_weights(sample_weight, columns.num_rows)[rows]
        return float(np.average(right, weights=weight))

    def _keep(self, model: TableModel, given: GivenColumns, y: Any) -> None:
        self._adopt(model, given)
        self.classes_ = _typed(model.target.class_labels, None if isinstance(y, str) else y)


def _typed(labels: np.ndarray, y: Any) -> np.ndarray:
    """Labels in the type of an array that held them."""
    if labels.dtype.kind not in "US":
        dtype = getattr(y, "dtype", None)
        return labels.astype(dtype) if isinstance(dtype, np.dtype) and dtype.kind in "biuf" else labels
    return labels if np.asarray(y).dtype.kind == "U" else labels.astype(object)
