"""PiecewiseLinear: each number as its shares of several bins."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar, Self, final

from lamina.errors import DataError, ShapeError, counted, phrase
from lamina.layers.bin_edges import SMALLEST_BIN, column_edges
from lamina.layers.drafts import Incoming, OpDraft
from lamina.layers.layer import Layer
from lamina.validation import Rule, boolean, check_parameters, integer, number, sequence_of

__all__ = ["PiecewiseLinear"]

_NUMBERS = sequence_of(sequence_of(number()), at_least=1)


def _are_edges(given: object) -> bool:
    if not _NUMBERS.accepts(given) or not isinstance(given, Collection):
        return False
    columns = [list(edges) for edges in given]
    return any(columns) and all(
        len(edges) != 1 and all(right - left >= SMALLEST_BIN for left, right in pairwise(edges)) for edges in columns
    )


_EDGES = Rule(
    "a sequence of increasing finite numbers for each column, two or more (or none: no bins) that lie at least 1e-30 apart, "
    "and of at least one column with bins",
    _are_edges,
)


def _to_tuples(edges: Sequence[Sequence[float]]) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(map(float, column)) for column in edges)


@final
@dataclass(frozen=True)
class PiecewiseLinear(Layer):
    """y = which share of each bin lies below x: a number becomes as many as it has bins (Gorishniy et al. 2022, eq. 1).

    With edges b_0 < b_1 < … < b_T of a column, the bin from b_(t−1) to b_t gives (x − b_(t−1)) / (b_t − b_(t−1)), cut off at 0
    and 1; the first bin goes on below b_0, the last above b_T. A linear layer on it is a piecewise-linear function of x, so units
    behind it learn jumps and bends where a column has them. The edges do not change in training: :meth:`from_data` chooses
    them from the training rows, and they are kept in the network's description.

    Parameters
    ----------
    edges : sequence of sequences of float
        For each column of the input its edges, increasing, two or more; or none for a column that gets no bins and so is left
        out of the output (join it with ``Concat``). The output is as wide as there are bins.
    clip : bool, default=False
        Cut off the first and the last bin of a column, too: values beyond the edges are then taken as the edge itself. Without
        it (as in the paper) a value far outside of the training rows gives a large number if its bin is small.
    name : str, optional
        Default "piecewise_linear_1", "piecewise_linear_2", …

    Raises
    ------
    InvalidSettingError
        When the edges of a column do not increase, are not finite or are closer than 1e-30, or no column has bins.
    ShapeError
        When the input has another number of columns.

    References
    ----------
    Gorishniy, Rubachev & Babenko, "On embeddings for numerical features in tabular deep learning", 2022, section 3.2.

    Examples
    --------
    >>> from lamina import Input
    >>> from lamina.layers import PiecewiseLinear
    >>> PiecewiseLinear([[0.0, 1.0, 3.0], [], [-1.0, 1.0]])(Input(3)).width
    3
    """

    edges: Sequence[Sequence[float]]
    clip: bool = False

    kind: ClassVar[str] = "piecewise_linear"
    rules: ClassVar[Mapping[str, Rule]] = {"edges": _EDGES, "clip": boolean()}
    converters: ClassVar[Mapping[str, Callable[[Any], Any]]] = {"edges": _to_tuples, "clip": bool}

    @classmethod
    def from_data(
        cls, X: Any, *, bins: int = 16, y: Any = None, min_distinct: int = 2, clip: bool = False, name: str | None = None
    ) -> Self:
        """The layer with edges for these rows, by quantiles or by a tree on the target.

        Without ``y``, the edges of a column are ``bins + 1`` quantiles, each once; where fewer than half of them differ, as some
        values are very frequent, they are quantiles of the distinct values (paper, section 3.2.1). A column of at most
        ``bins + 1`` distinct values has these as its edges, so 0 and 1 make one bin. With ``y``, they are its
        smallest and largest value and the thresholds of scikit-learn's decision tree on this column alone, with ``bins`` leaves
        of at least n / (8 bins) rows (section 3.2.2).

        Parameters
        ----------
        X : array of shape (n, columns)
            The training rows, as the layer will read them: scaled, if they are scaled before.
        bins : int, default=16
            The most bins of a column, at least 1.
        y : array of shape (n,) or (n, outputs), optional
            The target; floating-point numbers grow regression trees, whole numbers and labels classification trees.
        min_distinct : int, default=2
            A column with fewer distinct values gets no bins, as does a constant one; at least 2.
        clip : bool, default=False
        name : str, optional

        Returns
        -------
        PiecewiseLinear

        Raises
        ------
        DataError
            When X holds anything but finite real numbers, y neither these nor labels of one type, a column's bins would be
            smaller than 1e-30, or no column has so many distinct values.
        ShapeError
            When X does not have two axes, or y has another number of rows, or neither one axis nor two.

        Examples
        --------
        >>> import numpy as np
        >>> X = np.arange(9.0)[:, None]
        >>> PiecewiseLinear.from_data(X, bins=4).edges
        ((0.0, 2.0, 4.0, 6.0, 8.0),)
        >>> PiecewiseLinear.from_data(X, bins=4, y=X[:, 0] > 2).edges
        ((0.0, 2.5, 8.0),)
        """
        rules = {"bins": integer(1), "min_distinct": integer(2)}
        check_parameters({"bins": bins, "min_distinct": min_distinct}, rules, owner="PiecewiseLinear.from_data")
        edges = column_edges(X, bins, y, min_distinct)
        if not any(edges):
            raise DataError(
                f"PiecewiseLinear.from_data: no column has {min_distinct} distinct values, so there are no bins. "
                "Lower min_distinct, or leave the layer out."
            )
        return cls(edges, clip, name=name)

    def check_widths(self, incoming: Sequence[Incoming], owner: str) -> None:
        (source,) = incoming
        if source.width != len(self.edges):
            rule = f"must have {counted(len(self.edges), 'column')}, as many as there are edges for"
            raise ShapeError(phrase(f"the input {source.sender}", rule, source.width, owner=owner))

    def ops(self, widths: Sequence[int]) -> tuple[OpDraft, ...]:
        columns = (number for edges in self.edges for number in (float(len(edges)), *edges))
        return (OpDraft("piecewise_linear", self.fixed_width, settings=(float(self.clip), *columns)),)

    @property
    def fixed_width(self) -> int:
        return sum(max(len(edges) - 1, 0) for edges in self.edges)

    def describe(self) -> str:
        return f"PiecewiseLinear({counted(self.fixed_width, 'bin')})"
