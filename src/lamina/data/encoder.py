"""Encoder from a table of mixed columns to the numeric matrix that a network reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import narwhals.stable.v2 as nw
import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from lamina.data.columns import (
    BooleanColumn,
    CategoryColumn,
    ColumnEncoder,
    DateColumn,
    NumberColumn,
    Scaling,
    column_from_dict,
    column_kind,
)
from lamina.data.frames import as_frame
from lamina.data.notes import note
from lamina.errors import DataError, InvalidSettingError, nearest, phrase_unknown
from lamina.validation import Rule, check_parameters, choice, integer

__all__ = ["TableEncoder"]

_RULES: dict[str, Rule] = {
    "scaling": choice(("robust", "standard")),
    "min_count": integer(1),
    "max_categories": integer(1),
}


class TableEncoder(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Encodes a table of numbers, booleans, dates and categories as a float32 matrix.

    Numbers are scaled and softly bounded (:class:`~lamina.data.columns.NumberColumn`), booleans become ±1, dates become a trend
    and their position in the year, week and day (:class:`~lamina.data.columns.DateColumn`), and categories are one-hot encoded
    with slots for missing, rare and unseen values (:class:`~lamina.data.columns.CategoryColumn`). Missing values are filled and
    marked. Columns without information (one value only, or none) are left out with a note.

    Parameters
    ----------
    scaling : {"robust", "standard"}, default="robust"
        How numbers are scaled: by median and interquartile range with a soft bound, or by mean and standard deviation.
    min_count : int, default=5
        Training rows that a category needs to get its own slot; at least 1.
    max_categories : int, default=100
        Maximum number of categories with their own slot in a column, most frequent first; at least 1.
    categorical : sequence of str, default=()
        Columns of numbers or dates to treat as categories (a postal code, a shop ID).
    ignore : sequence of str, default=()
        Columns to leave out.

    Attributes
    ----------
    columns_ : list of ColumnEncoder
        One fitted encoder per column in use, in the table's order.
    ignored_ : dict of str to str
        The columns left out, with the reason.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of all columns seen in ``fit``.
    n_features_in_ : int
        Number of columns seen in ``fit``.

    Examples
    --------
    >>> import pyarrow as pa
    >>> table = pa.table({"size": [1.0, 2.0, None, 3.0], "color": ["red", "blue", "red", "blue"]})
    >>> encoder = TableEncoder(min_count=1).fit(table)
    >>> encoder.get_feature_names_out().tolist()
    ['size', 'size=(missing)', 'color=blue', 'color=red']
    >>> encoder.transform(table).round(2).tolist()[2]
    [0.0, 1.0, 0.0, 1.0]
    """

    def __init__(
        self,
        *,
        scaling: Scaling = "robust",
        min_count: int = 5,
        max_categories: int = 100,
        categorical: Sequence[str] = (),
        ignore: Sequence[str] = (),
    ) -> None:
        self.scaling = scaling
        self.min_count = min_count
        self.max_categories = max_categories
        self.categorical = categorical
        self.ignore = ignore

    def fit(self, X: Any, y: Any = None) -> Self:
        """Fit an encoder to each column.

        Parameters
        ----------
        X : data frame of pandas, polars or pyarrow
            At least one row, and one column that varies.
        y : ignored
            Accepted for scikit-learn's pipelines.

        Raises
        ------
        DataError
            If a column holds values that cannot be encoded (lists, bytes), or no column varies.
        InvalidSettingError
            If a setting is out of range or names a column that does not exist.
        """
        frame = as_frame(X, owner="TableEncoder")
        self._check_settings(frame.columns)
        self.feature_names_in_ = np.array(frame.columns, dtype=object)
        self.n_features_in_ = len(frame.columns)
        self.columns_: list[ColumnEncoder] = []
        self.ignored_: dict[str, str] = {}
        for name in frame.columns:
            encoder = self._fit_column(frame[name])
            if encoder is not None:
                self.columns_.append(encoder)
        if not self.columns_:
            reasons = "; ".join(f"{name!r}: {reason}" for name, reason in self.ignored_.items())
            raise DataError(
                f"a table must have at least one column that varies, got {reasons or 'no column'}. Add one to learn from."
            )
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Encode a table.

        Parameters
        ----------
        X : data frame of pandas, polars or pyarrow
            With every column in ``columns_``, in any order; additional columns are ignored with a note.

        Returns
        -------
        features : ndarray of shape (n, number of features) float32
            All values are finite.

        Raises
        ------
        DataError
            If a column is missing or holds values of a different kind than in training.
        """
        check_is_fitted(self)
        frame = as_frame(X, owner="TableEncoder")
        self._check_columns(frame.columns)
        return np.concatenate([encoder.transform(frame[encoder.column]) for encoder in self.columns_], axis=1)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """The names of the features, ndarray of shape (number of features,) object."""
        check_is_fitted(self)
        return np.array([name for encoder in self.columns_ for name in encoder.feature_names], dtype=object)

    def to_dict(self) -> dict[str, Any]:
        """Settings and fitted state as a JSON-serializable dict."""
        check_is_fitted(self)
        return {
            "settings": {**self.get_params(), "categorical": list(self.categorical), "ignore": list(self.ignore)},
            "feature_names_in": self.feature_names_in_.tolist(),
            "columns": [encoder.to_dict() for encoder in self.columns_],
            "ignored": self.ignored_,
        }

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> Self:
        """The fitted encoder described by :meth:`to_dict`."""
        encoder = cls(**state["settings"])
        encoder.feature_names_in_ = np.array(state["feature_names_in"], dtype=object)
        encoder.n_features_in_ = len(encoder.feature_names_in_)
        encoder.columns_ = [column_from_dict(column) for column in state["columns"]]
        encoder.ignored_ = dict(state["ignored"])
        return encoder

    def _fit_column(self, series: nw.Series) -> ColumnEncoder | None:
        name = series.name
        if name in self.ignore:
            self.ignored_[name] = "left out by setting"
            return None
        kind = column_kind(series)
        if kind is None:
            self._leave_out(name, "every value is missing")
            return None
        if name in self.categorical:
            kind = "category"
        encoder: ColumnEncoder | None
        if kind == "number":
            encoder = NumberColumn.fit(series, self.scaling)
        elif kind == "boolean":
            encoder = BooleanColumn.fit(series)
        elif kind == "date":
            encoder = DateColumn.fit(series)
        else:
            encoder = CategoryColumn.fit(series, min_count=self.min_count, max_categories=self.max_categories)
        if encoder is None:
            self._leave_out(name, _why_nothing(series, kind))
        return encoder

    def _leave_out(self, name: str, reason: str) -> None:
        self.ignored_[name] = reason
        note(f"column {name!r}: left out, because {reason}.")

    def _check_settings(self, names: Sequence[str]) -> None:
        check_parameters(self.get_params(deep=False), _RULES, owner="TableEncoder")
        for setting in ("categorical", "ignore"):
            for name in getattr(self, setting):
                if name not in names:
                    raise InvalidSettingError(phrase_unknown(setting, name, names, owner="TableEncoder"))

    def _check_columns(self, names: Sequence[str]) -> None:
        known = set(names)
        missing = [encoder.column for encoder in self.columns_ if encoder.column not in known]
        if missing:
            spare = known - set(self.feature_names_in_)
            guesses = [f"{guess!r} for {name!r}" for name in missing if (guess := nearest(name, spare))]
            repair = f"Is it {', '.join(guesses)}? Rename it." if guesses else "Add the column; its fields may be empty."
            shown = ", ".join(map(repr, missing))
            raise DataError(f"table must have every column the model was trained on, got none named {shown}. {repair}")
        extra = [name for name in names if name not in set(self.feature_names_in_)]
        if extra:
            note(f"ignored {len(extra)} columns that the model was not trained on: {', '.join(map(repr, extra[:5]))}.")


def _why_nothing(series: nw.Series, kind: str) -> str:
    """Why a column of this kind gets no encoder."""
    if kind == "category":
        return "every row holds the same value or a rare one"
    if kind in ("number", "date") and series.drop_nulls().n_unique() > 1:
        return "its finite values are equal, or too close for a float to tell apart"
    return "every row holds the same value"
