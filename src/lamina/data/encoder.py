"""From a table of mixed columns to the matrix of numbers that a network reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, Literal, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from lamina.data.arrow_tables import as_columns
from lamina.data.column_reader import OnError
from lamina.data.column_summary import ColumnRow, ColumnSummary
from lamina.data.columns import (
    BooleanColumn,
    CategoryColumn,
    CodedColumn,
    ColumnEncoder,
    DateColumn,
    FreeTextColumn,
    NumberColumn,
    Scaling,
    column_from_dict,
)
from lamina.data.dense_features import dense_features
from lamina.data.digests import ColumnDigest, FittingSettings, TableDigest
from lamina.data.learn_column import KINDS, ColumnKind, ReadingSettings
from lamina.data.notes import note_columns
from lamina.data.nothing_to_learn import LARGEST_WHOLE, nothing_to_learn
from lamina.data.sparse_features import are_better_sparse, sparse_features
from lamina.data.table_reader import ReadTable, TableReader
from lamina.data.values import Values
from lamina.errors import DataError, InvalidSettingError, phrase_unknown
from lamina.validation import Rule, boolean, check_parameters, choice, integer, mapping_of, one_of, sequence_of, text, value

__all__ = ["TableEncoder"]

_RULES: dict[str, Rule] = {
    "scaling": choice(("robust", "standard")),
    "min_count": integer(1),
    "max_categories": integer(1),
    "embed_from": one_of(value(None), integer(2)),
    "kinds": one_of(value(None), mapping_of(choice(KINDS))),
    "decimal": one_of(value(None), choice((".", ","))),
    "thousands": one_of(value(None), choice(("", ",", ".", " ", "'"))),
    "dayfirst": one_of(value(None), boolean()),
    "missing": sequence_of(text()),
    "fold_case": boolean(),
    "on_error": choice(("fail", "missing")),
    "text": choice(("auto", "off")),
    "sparse_output": one_of(boolean(), choice(("auto",))),
}


class TableEncoder(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Encodes a table of numbers, booleans, dates, categories and free text as a float32 matrix.

    Columns are read by one set of rules, whatever library or file they come from: text that spells numbers (``$1,234.50``,
    ``21,5``, ``12%``), dates (``05/01/2020``, ``1 Aug 2022``) or truth values (``yes``, ``no``) in every row is read as such, and
    what was found is kept and used for every later table. Numbers are then scaled and softly bounded
    (:class:`~lamina.data.columns.NumberColumn`), booleans become ±1, dates become a trend and their position in the year, week
    and day (:class:`~lamina.data.columns.DateColumn`), categories are one-hot encoded with slots for missing, rare and unseen
    values (:class:`~lamina.data.columns.CategoryColumn`), and free text becomes topics of its words and a length
    (:class:`~lamina.data.columns.FreeTextColumn`). Missing values are filled and marked. Columns without information (one value
    only, or none) are left out with a note.

    Parameters
    ----------
    scaling : {"robust", "standard"}, default="robust"
        How numbers are scaled: by median and interquartile range with a soft bound, or by mean and standard deviation.
    min_count : int, default=5
        Training rows that a category needs to get its own slot; at least 1.
    max_categories : int, default=100
        Maximum number of categories with their own slot in a column, most frequent first; at least 1.
    embed_from : int, default=None
        From so many categories on that have ``min_count`` rows, at least 2, a column becomes one feature of codes, in place of
        slots: for a network that begins with an :class:`~lamina.layers.Embedding` of :attr:`cardinalities`
        (:class:`~lamina.data.columns.CodedColumn`). None: never.
    kinds : dict of str to str, default=None
        The kind of columns by name, where it is not to be found out: "number", "boolean", "date", "category" (a postal code, a
        shop ID), "text", "ignore" to leave a column out, or "auto".
    decimal : {".", ","}, default=None
        The decimal mark in text; by default found out column by column.
    thousands : {"", ",", ".", " ", "'"}, default=None
        What separates groups of three digits in text; by default found out column by column.
    dayfirst : bool, default=None
        Whether 05/01/2020 is the 5th of January. By default days come first only if a value of the column forces it.
    missing : sequence of str, default=()
        What stands for a missing value, besides the usual (nothing, ``NA``, ``N/A``, ``NaN``, ``null``, ``None``, ``?``).
    fold_case : bool, default=False
        Treat categories that differ in case alone as one.
    on_error : {"fail", "missing"}, default="fail"
        What a value of another kind than in training does: raise, or count as missing, with a note.
    text : {"auto", "off"}, default="auto"
        Whether columns of prose, in which most texts are rare and share words, are read as free text, with a note, or as
        categories, of which too few may be frequent to learn from.
    sparse_output : bool or "auto", default=False
        Give a sparse matrix; "auto": where a column has more than 16 categories.

    Attributes
    ----------
    columns_ : ColumnSummary
        What was learned of each column, as a table: kind, form, features, missing and rare rows, note.
    encoders_ : list of ColumnEncoder
        One fitted encoder per column in use, in the table's order.
    reader_ : TableReader
        How columns are read.
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
    >>> print(encoder.columns_)
    column  kind      form  features  missing  rare  note
    size    number                 2        1     0
    color   category               2        0     0
    """

    def __init__(
        self,
        *,
        scaling: Scaling = "robust",
        min_count: int = 5,
        max_categories: int = 100,
        embed_from: int | None = None,
        kinds: Mapping[str, ColumnKind] | None = None,
        decimal: str | None = None,
        thousands: str | None = None,
        dayfirst: bool | None = None,
        missing: Sequence[str] = (),
        fold_case: bool = False,
        on_error: OnError = "fail",
        text: Literal["auto", "off"] = "auto",
        sparse_output: bool | Literal["auto"] = False,
    ) -> None:
        self.scaling = scaling
        self.min_count = min_count
        self.max_categories = max_categories
        self.embed_from = embed_from
        self.kinds = kinds
        self.decimal = decimal
        self.thousands = thousands
        self.dayfirst = dayfirst
        self.missing = missing
        self.fold_case = fold_case
        self.on_error = on_error
        self.text = text
        self.sparse_output = sparse_output

    def learn(self, X: Any) -> ReadTable:
        """Learn how each column is read, and read it; :meth:`fit` takes the result, or some of its rows.

        Parameters
        ----------
        X : data frame of pandas, polars or pyarrow

        Raises
        ------
        DataError
            If a column is said to be of a kind that its values are not.
        InvalidSettingError
            If a setting is out of range or names a column that does not exist.
        """
        columns = as_columns(X, owner="TableEncoder")
        self._check_settings(list(columns))
        return TableReader.learn(columns, self.reading_settings, self.on_error)

    def fit(self, X: Any, y: Any = None) -> Self:
        """Fit an encoder to each column.

        Parameters
        ----------
        X : data frame of pandas, polars or pyarrow, or what :meth:`learn` returned, or TableDigest
            At least one row, and one column that varies. A digest is of a table that went by block by block.
        y : ignored
            Accepted for scikit-learn's pipelines.

        Raises
        ------
        DataError
            If no column varies, or as :meth:`learn`.
        InvalidSettingError
            If a setting is out of range or names a column that does not exist.
        """
        table: ReadTable | TableDigest = X if isinstance(X, ReadTable | TableDigest) else self.learn(X)
        self.reader_ = table.reader
        self.feature_names_in_ = np.array(table.reader.names, dtype=object)
        self.n_features_in_ = len(table.reader.names)
        self.encoders_: list[ColumnEncoder] = []
        self.ignored_: dict[str, str] = {}
        rows = []
        for name in table.reader.names:
            reason, encoder = table.reader.ignored.get(name, ""), None
            if not reason:
                encoder = self._encoder(name, table[name])
                reason = "" if encoder is not None else _why_nothing(table[name])
            if encoder is None:
                self.ignored_[name] = reason
            else:
                self.encoders_.append(encoder)
            rows.append(self._row(name, table.get(name), encoder))
        self.columns_ = ColumnSummary(tuple(rows))
        unasked = {name: reason for name, reason in self.ignored_.items() if reason != "left out by setting"}
        note_columns({name: f"left out, because {reason}" for name, reason in unasked.items()})
        if not self.encoders_:
            reasons = "; ".join(f"{name!r}: {reason}" for name, reason in self.ignored_.items())
            raise DataError(
                f"a table must have at least one column that varies, got {reasons or 'no column'}. Add one to learn from."
            )
        return self

    def read(self, X: Any) -> ReadTable:
        """Read the columns in use of another table; :meth:`transform` takes the result, or some of its rows.

        Parameters
        ----------
        X : data frame of pandas, polars or pyarrow

        Raises
        ------
        DataError
            If a column is missing, or holds values of another kind than in training.
        """
        check_is_fitted(self)
        needed = [encoder.column for encoder in self.encoders_]
        return self.reader_.read(as_columns(X, owner="TableEncoder"), needed, self.on_error)

    def transform(self, X: Any) -> np.ndarray:
        """Encode a table.

        Parameters
        ----------
        X : data frame of pandas, polars or pyarrow, or what :meth:`learn` or :meth:`read` returned
            With every column in use, in any order; further columns are ignored with a note.

        Returns
        -------
        features : ndarray or csr_matrix of shape (n, number of features) float32
            Finite throughout.

        Raises
        ------
        DataError
            If a column is missing, or holds values of another kind than in training.
        """
        check_is_fitted(self)
        table = X if isinstance(X, ReadTable) else self.read(X)
        return self.features_of(self.entries(table), table.num_rows)

    def entries(self, table: ReadTable) -> list[np.ndarray]:
        """What a table's cells are to ``encoders_``: an array for each, of as many entries as there are rows."""
        return [encoder.entries(table[encoder.column]) for encoder in self.encoders_]

    def features_of(self, entries: Sequence[np.ndarray], num_rows: int) -> np.ndarray:
        """What :meth:`transform` gives, of entries."""
        if self.is_sparse:
            return sparse_features(self.encoders_, entries, num_rows)  # type: ignore[return-value]  # only where asked for
        return dense_features(self.encoders_, entries, num_rows)

    @property
    def is_sparse(self) -> bool:
        """Whether :meth:`transform` gives a sparse matrix."""
        return self.sparse_output is True or (self.sparse_output == "auto" and are_better_sparse(self.encoders_))

    @property
    def cardinalities(self) -> tuple[int | None, ...] | None:
        """For each feature the number of its codes, None where it holds none; None if no feature does."""
        check_is_fitted(self)
        if not any(isinstance(encoder, CodedColumn) for encoder in self.encoders_):
            return None
        parts = (
            [encoder.cardinality] if isinstance(encoder, CodedColumn) else [None] * len(encoder.feature_names)
            for encoder in self.encoders_
        )
        return tuple(chain.from_iterable(parts))

    @property
    def reading_settings(self) -> ReadingSettings:
        """What the parameters say about how a table is read."""
        return ReadingSettings(
            kinds=dict(self.kinds or {}),
            decimal=self.decimal,
            thousands=self.thousands,
            dayfirst=self.dayfirst,
            missing=tuple(self.missing),
            fold_case=self.fold_case,
            text=self.text,
            min_count=self.min_count,
            max_categories=self.max_categories,
        )

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """The names of the features, ndarray of shape (number of features,) object."""
        check_is_fitted(self)
        return np.array([name for encoder in self.encoders_ for name in encoder.feature_names], dtype=object)

    def to_dict(self) -> dict[str, Any]:
        """Settings and fitted state as a dict of what JSON can hold, and of arrays where a column of text has many numbers."""
        check_is_fitted(self)
        return {
            "settings": {**self.get_params(), "kinds": dict(self.kinds or {}), "missing": list(self.missing)},
            "reader": self.reader_.to_dict(),
            "encoders": [encoder.to_dict() for encoder in self.encoders_],
            "ignored": self.ignored_,
            "columns": self.columns_.to_list(),
        }

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> Self:
        """The fitted encoder described by :meth:`to_dict`."""
        encoder = cls(**state["settings"])
        encoder.reader_ = TableReader.from_dict(state["reader"])
        encoder.feature_names_in_ = np.array(encoder.reader_.names, dtype=object)
        encoder.n_features_in_ = len(encoder.feature_names_in_)
        encoder.encoders_ = [column_from_dict(column) for column in state["encoders"]]
        encoder.ignored_ = dict(state["ignored"])
        encoder.columns_ = ColumnSummary.from_list(state["columns"])
        return encoder

    def _encoder(self, name: str, values: Values | ColumnDigest) -> ColumnEncoder | None:
        if isinstance(values, ColumnDigest):
            settings = FittingSettings(self.scaling, self.min_count, self.max_categories, self.embed_from)
            return values.encoder(name, settings)
        if values.kind == "number":
            return NumberColumn.fit(name, values, self.scaling)
        if values.kind == "boolean":
            return BooleanColumn.fit(name, values)
        if values.kind == "date":
            return DateColumn.fit(name, values)
        if values.kind == "text":
            return FreeTextColumn.fit(name, values)
        if self.embed_from is not None:
            coded = CodedColumn.fit(name, values, min_count=self.min_count, fewest=self.embed_from)
            if coded is not None:
                return coded
        return CategoryColumn.fit(name, values, min_count=self.min_count, max_categories=self.max_categories)

    def _row(self, name: str, values: Values | ColumnDigest | None, encoder: ColumnEncoder | None) -> ColumnRow:
        """What the summary says of a column."""
        missing = 0 if values is None else values.num_missing
        if encoder is None:
            return ColumnRow(name, "left out", "", 0, missing, 0, self.ignored_[name])
        reader = self.reader_.readers[name]
        described = "" if reader.format is None else reader.format.describe()
        form = "" if described == "plain" else described
        form = f"{encoder.cardinality} codes" if isinstance(encoder, CodedColumn) else form
        rare = 0 if values is None else values.rare(encoder) if isinstance(values, ColumnDigest) else _rare(encoder, values)
        said = self.reader_.notes.get(name, "")
        return ColumnRow(name, encoder.reads, form, len(encoder.feature_names), missing, rare, said)

    def _check_settings(self, names: Sequence[str]) -> None:
        check_parameters(self.get_params(deep=False), _RULES, owner="TableEncoder")
        for name in self.kinds or {}:
            if name not in names:
                raise InvalidSettingError(phrase_unknown("kinds", name, names, owner="TableEncoder"))


def _rare(encoder: ColumnEncoder, values: Values) -> int:
    """The rows whose category shares the slot, or code, of the rare ones."""
    if isinstance(encoder, CategoryColumn) and encoder.has_rare:
        return round(encoder.shares[len(encoder.categories)] * len(values.array))
    return int((encoder.is_unfamiliar(values) & ~values.missing).sum()) if isinstance(encoder, CodedColumn) else 0


def _why_nothing(values: Values | ColumnDigest) -> str:
    """The reason that the encoder of a column found nothing to learn from."""
    if isinstance(values, ColumnDigest):
        return values.why_nothing()
    present = values.array[~values.missing]
    if not len(present):
        return nothing_to_learn(values.kind, num_present=0, differ=False)
    of_text = values.kind == "text"
    differ = len(np.unique(present)) > 1 if of_text else bool((present != present[0]).any())
    are_huge = values.kind == "number" and bool(abs(present[0]) >= LARGEST_WHOLE)
    return nothing_to_learn(values.kind, num_present=len(present), differ=differ, are_huge=are_huge)
