"""The regressor of whole tables."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, final

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from lamina.estimators.row_weights import check_row_weights
from lamina.metrics import r2
from lamina.model.given_table import GivenColumns
from lamina.model.setting_words import Words, setting_words
from lamina.model.table_model import TableModel
from lamina.model.table_settings import OptimizationSettings
from lamina.model.tabular import Tabular
from lamina.model.tabular_documentation import ATTRIBUTES, documented_parameters

__all__ = ["TabularRegressor"]


@final
@dataclass(eq=False, repr=False, kw_only=True)
class TabularRegressor(RegressorMixin, Tabular):  # type: ignore[misc]
    __doc__ = f"""A network that learns numbers from a whole table: raw columns in, numbers out.

It takes a data frame as it is: numbers, categories, truth values, dates and text that spells them, with missing values. How each
column is read and encoded is learned in ``fit``, together with the network, and when to stop is decided on rows held out.

Parameters
----------
{documented_parameters(of_classes=False)}
Attributes
----------
{ATTRIBUTES}
Notes
-----
One value may stand for a tuple of one: ``hidden=64``, ``activation="relu"``. In place of a name, ``optimizer``, ``schedule``,
``loss``, ``activation`` and initializers take Lamina's objects, such as ``loss=Huber(2.0)``.

Examples
--------
>>> import pandas as pd
>>> from lamina import TabularRegressor
>>> flats = pd.DataFrame({{"rooms": [1, 2, 3, 4] * 25, "town": ["Rome", "Rome", "Oslo", None] * 25}})
>>> rent = [500, 700, 1100, 1200] * 25
>>> model = TabularRegressor(hidden=16, max_epochs=100, random_state=0).fit(flats, rent)
>>> model.score(flats, rent) > 0.95
True
"""

    target_scale: Literal["auto", "linear", "log", "quantile"] = OptimizationSettings.target_scale

    _task = "regression"
    _phrases = MappingProxyType({"use the task classification": "use TabularClassifier", "fraction to hold out": "validation"})

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def predict(self, X: Any, *, mc_samples: int | None = None, seed: int = 0, precision: str = "full") -> np.ndarray:
        """The predicted numbers.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_features); or one row, or a list of dicts
            Of frames, columns are found by name, in any order; further ones are ignored with a note. Where training had names of
            columns, a row may be a dict or a pandas.Series by these names, or a tuple or list of values in the order of training.
        mc_samples : int, optional
            Predict the mean over this many dropout masks, >= 2, instead of one pass without dropout.
        seed : int, default=0
            Seed of the masks.
        precision : {"full", "mixed"}, default="full"
            "mixed": dense layers multiply numbers rounded to bfloat16, which has 8 significant bits. For many rows that is faster
            where the processor multiplies such numbers; see :doc:`/how-to/mixed-precision`.

        Returns
        -------
        ndarray of shape (n_samples,), or (n_samples, n_outputs) for several targets, or (n_samples, number of levels) for several
        quantiles

        Raises
        ------
        DataError
            If a column is missing or holds values of another kind than in training.
        """
        rows = self._known_rows(X)
        return self.model_.predict(rows, mc_samples=mc_samples, seed=seed, precision=precision)

    def predict_interval(self, X: Any, coverage: float = 0.9) -> np.ndarray:
        """Where the target of each row may lie: intervals that hold that of a share of at least ``coverage`` of new rows.

        The share is one of all rows that are like those of training and validation, not of each kind of row; see
        :meth:`TableModel.predict_interval`.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_features); or one row, or a list of dicts
            As in :meth:`predict`.
        coverage : float, default=0.9
            In (0, 1). A note says so if there were too few validation rows for it.

        Returns
        -------
        ndarray of shape (n_samples, 2), or (n_samples, n_outputs, 2) for several targets
            The lower and the upper end, with the prediction between them; not below 0 with the losses of targets that are never
            negative ("gamma", "poisson", "tweedie").

        Raises
        ------
        DataError
            As for :meth:`predict`; also if there were no or too few validation rows, or with ``calibration=False``.
        InvalidSettingError
            If the coverage is out of range.

        Examples
        --------
        >>> import pandas as pd
        >>> from lamina import TabularRegressor
        >>> flats = pd.DataFrame({"rooms": [1, 2, 3, 4] * 50, "town": ["Rome", "Rome", "Oslo", None] * 50})
        >>> rent = [500, 700, 1100, 1200] * 50
        >>> model = TabularRegressor(hidden=16, max_epochs=20, random_state=0).fit(flats, rent)
        >>> low, high = model.predict_interval(flats[:4], coverage=0.8).T
        >>> bool((low < high).all())
        True
        """
        rows = self._known_rows(X)
        with setting_words(Words(type(self).__name__)):
            return self.model_.predict_interval(rows, coverage)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """R2 of the predictions, the mean over several targets; with several quantiles, of the one nearest to the median.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), series or data frame, or str or list of str
            The numbers, or the names of the columns of X that hold them; rows without one are left out with a note.
        sample_weight : array-like of shape (n_samples,), optional

        Returns
        -------
        float
        """
        check_is_fitted(self)
        columns = self._with_truth(X, y)
        rows, truth = self.model_.target.present_rows(columns)
        predicted = self.model_.predict(columns)[rows]
        weight = None if sample_weight is None else check_row_weights(sample_weight, columns.num_rows)[rows]
        return r2(truth, predicted[:, self.model_.middle] if self.model_.levels else predicted, weight)

    def _keep(self, model: TableModel, given: GivenColumns, y: Any) -> None:
        self._adopt(model, given)
