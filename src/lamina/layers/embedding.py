"""Embedding: categories as learned vectors."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar, final

from lamina.errors import InvalidSettingError, ShapeError, counted, phrase
from lamina.initializers import Auto, Initializer, RowInitializer, Uniform, get_initializer
from lamina.layers.drafts import Incoming, OpDraft, ParameterDraft
from lamina.layers.trainable_layer import TrainableLayer, names_freezing
from lamina.validation import Rule, boolean, integer, number, one_of, sequence_of, value

__all__ = ["Embedding", "usual_width"]

_CARDINALITY = integer(1, 2**53)
_ENTRIES = sequence_of(one_of(_CARDINALITY, value(None)), at_least=1)
_SHOWN = 3  # columns that a summary lists


def _are_cardinalities(given: object) -> bool:
    return _CARDINALITY.accepts(given) or (
        _ENTRIES.accepts(given) and isinstance(given, Collection) and any(entry is not None for entry in given)
    )


_CARDINALITIES = Rule(
    "an integer in [1, 2**53], or a sequence of such for each column (None: it passes unchanged), not all None",
    _are_cardinalities,
)


def _plain_cardinalities(given: Any) -> int | tuple[int | None, ...]:
    if _CARDINALITY.accepts(given):
        return int(given)
    return tuple(None if entry is None else int(entry) for entry in given)


def _plain_width(given: Any) -> int | tuple[int, ...] | None:
    if given is None:
        return None
    return int(given) if integer(1).accepts(given) else tuple(map(int, given))


def usual_width(cardinality: int) -> int:
    """The rule of thumb for the length of the vectors of so many categories.

    >>> [usual_width(cardinality) for cardinality in (2, 100, 1_000)]
    [2, 21, 77]
    """
    return int(min(600, round(1.6 * cardinality**0.56)))


@final
@names_freezing
@dataclass(frozen=True)
class Embedding(TrainableLayer):
    """Categories as learned vectors: each code k of a column becomes row k of a table (Guo & Berkhahn 2016).

    The categories of a column are given as codes, whole numbers from 0 to its cardinality - 1. A vector is what a linear layer
    would make of the dummy variables of its category; here neither they nor the products with 0 are computed. Columns keep their
    order in the output, with vectors in the places of codes; columns without categories pass unchanged, so that one matrix may
    hold numbers and codes. (``PiecewiseLinear`` leaves such columns out.) The layer reads inputs of the network alone, which may
    hold integers, or floats that are whole. Anything else is an error when data are given, in training and in prediction.

    A step changes only the rows of the categories that occur in its batch (more exactly, that have a gradient), so that it takes
    no longer with a million categories than with ten. All other rows stand still, with the optimizer's memory of them; neither
    ``l2`` nor weight decay acts on them in that step. So Adam is torch's ``SparseAdam`` here (but for the place of eps), and
    momentum does not move rows on that have no gradient. L-BFGS and perturbed weights do not follow the gradient of a batch: they
    change all rows.

    With ``mask``, some codes are replaced by that of one row in training, so that this row learns what to say of a category that
    is unknown. Encode categories that are new or missing in prediction as this code.

    Parameters
    ----------
    cardinalities : int or sequence of int and None
        How many categories each column has, at least 1: an entry for each column, with None for one that passes unchanged, or
        one number for all columns. In float32, codes are exact up to 2**24 categories, in float64 up to 2**53.
    width : int or sequence of int, optional
        Length of the vectors, or of those of each column with categories, at least 1. By default
        ``min(600, round(1.6 * cardinality ** 0.56))``, a rule of thumb found by trial and error (Howard & Gugger 2020).
    weight_init : str, Initializer or dict, default="auto"
        Initial values of the tables ``weight_0``, ``weight_1``, … of the columns with these numbers, of shape (cardinality,
        width). "auto" is uniform within ± 1 / sqrt(width) (Gorishniy et al. 2021): no vector is much longer than a scaled number.
    mask : float, default=0.0
        Probability in [0, 1) with which each code is replaced in training by that of the row ``unknown``.
    unknown : int, default=0
        That row in every table; negative numbers count from the end, as -1 for the last.
    l2 : float, default=0.0
        Penalty ``1/2 * l2 * sum w^2`` on the rows that a step changes; at least 0. Rare categories are so penalized rarely.
    decay : bool, default=True
        Whether decoupled weight decay acts on these rows.
    trainable : bool, default=True
        Whether training changes its parameters; see :class:`TrainableLayer`.
    learning_rate_factor : float or dict of str to float, default=1.0
        Multiplies the learning rate; see :class:`TrainableLayer`. A dict names tables, for ``cardinalities`` in a sequence.
    name : str, optional
        Default "embedding_1", "embedding_2", …

    Raises
    ------
    InvalidSettingError
        When a setting is out of range, there are not as many widths as columns with categories, ``unknown`` is no row of a table,
        or ``weight_init`` is for biases or fits a layer to training rows.
    ShapeError
        When the input has another number of columns.

    References
    ----------
    Guo & Berkhahn, "Entity embeddings of categorical variables", 2016, section 3.
    Howard & Gugger, "fastai: a layered API for deep learning", 2020; the rule is its ``emb_sz_rule``.
    Gorishniy, Rubachev, Khrulkov & Babenko, "Revisiting deep learning models for tabular data", 2021: the initial values of the
    authors' code.

    Examples
    --------
    >>> from lamina import Dense, Embedding, Sequential
    >>> network = Sequential([Embedding([None, 7, 12], width=[3, 4]), Dense(1)], input_width=3)
    >>> [parameter.shape for parameter in network.parameters]
    [(7, 3), (12, 4), (8, 1), (1,)]
    """

    cardinalities: int | Sequence[int | None]
    width: int | Sequence[int] | None = None
    _: KW_ONLY
    weight_init: str | Initializer | Mapping[str, Any] = "auto"
    mask: float = 0.0
    unknown: int = 0
    l2: float = 0.0
    decay: bool = True

    kind: ClassVar[str] = "embedding"
    reads_codes: ClassVar[bool] = True
    rules: ClassVar[Mapping[str, Rule]] = {
        "cardinalities": _CARDINALITIES,
        "width": one_of(value(None), integer(1), sequence_of(integer(1), at_least=1)),
        "mask": number(0, 1, "left"),
        "unknown": integer(-(2**53), 2**53),
        "l2": number(0),
        "decay": boolean(),
    }
    converters: ClassVar[Mapping[str, Callable[[Any], Any]]] = {
        "cardinalities": _plain_cardinalities,
        "width": _plain_width,
        "weight_init": get_initializer,
        "unknown": int,
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        embedded = [cardinality for cardinality in self._columns(1) if cardinality is not None]
        if isinstance(self.width, tuple) and (isinstance(self.cardinalities, int) or len(self.width) != len(embedded)):
            columns = "one number" if isinstance(self.cardinalities, int) else f"a sequence of {len(embedded)} numbers"
            rule = f"must be {columns} beside these cardinalities, or None"
            raise InvalidSettingError(phrase("width", rule, self.width, owner=self.label))
        for cardinality in embedded:
            if not -cardinality <= self.unknown < cardinality:
                rule = f"must be the number of a row of every table, from 0 to {min(embedded) - 1}, or negative from the end"
                raise InvalidSettingError(phrase("unknown", rule, self.unknown, owner=self.label))
        initializer = get_initializer(self.weight_init)
        if initializer.draws_only == "bias" or isinstance(initializer, RowInitializer):
            rule = "must draw weights, and not fit them to training rows"
            raise InvalidSettingError(phrase("weight_init", rule, initializer, owner=self.label))

    @property
    def parameter_names(self) -> tuple[str, ...]:  # type: ignore[override]
        """The names of the tables; that of the first alone while the number of columns is not known."""
        return tuple(f"weight_{j}" for j, cardinality in enumerate(self._columns(1)) if cardinality is not None)

    def check_widths(self, incoming: Sequence[Incoming], owner: str) -> None:
        (source,) = incoming
        if not isinstance(self.cardinalities, int) and source.width != len(self.cardinalities):
            rule = f"must have {counted(len(self.cardinalities), 'column')}, as many as there are cardinalities for"
            raise ShapeError(phrase(f"the input {source.sender}", rule, source.width, owner=owner))

    def ops(self, widths: Sequence[int]) -> tuple[OpDraft, ...]:
        columns = self._columns(widths[0])
        vectors = self._widths(columns)
        tables = tuple(
            self._table(j, cardinality, vectors[j]) for j, cardinality in enumerate(columns) if cardinality is not None
        )
        embeds = tuple(0.0 if cardinality is None else 1.0 for cardinality in columns)
        embedding = OpDraft("embedding", sum(vectors), tables, settings=embeds)
        if self.mask == 0:
            return (embedding,)
        codes = (-1.0 if cardinality is None else float(self.unknown % cardinality) for cardinality in columns)
        return OpDraft("mask_codes", len(columns), settings=(float(self.mask), *codes)), embedding

    def _table(self, column: int, cardinality: int, width: int) -> ParameterDraft:
        initializer = get_initializer(self.weight_init)
        if isinstance(initializer, Auto):
            bound = 1.0 / math.sqrt(width)
            initializer = Uniform(-bound, bound)
        # one row at a time is read, as if one input had a weight of 1
        fans = (1, width)
        return ParameterDraft(
            f"weight_{column}", (cardinality, width), initializer, *fans, l2=self.l2, decay=self.decay, by_row=True
        )

    def _columns(self, width: int) -> tuple[int | None, ...]:
        """The cardinality of each column of an input of this width."""
        return (self.cardinalities,) * width if isinstance(self.cardinalities, int) else tuple(self.cardinalities)

    def _widths(self, columns: Sequence[int | None]) -> list[int]:
        """How many columns of the output each column becomes."""
        if isinstance(self.width, Sequence):
            given = iter(self.width)
            return [1 if cardinality is None else next(given) for cardinality in columns]
        return [1 if cardinality is None else self.width or usual_width(cardinality) for cardinality in columns]

    @property
    def fixed_width(self) -> int | None:
        return None if isinstance(self.cardinalities, int) else sum(self._widths(self._columns(1)))

    def describe(self) -> str:
        columns = self._columns(1)
        pairs = [
            "1" if cardinality is None else f"{cardinality} → {width}"
            for cardinality, width in zip(columns, self._widths(columns), strict=True)
        ]
        more = ", …" if len(pairs) > _SHOWN else ""
        return f"Embedding({', '.join(pairs[:_SHOWN])}{more})"
