"""Sources of blocks: rows that come in parts, so that they need not fit in memory together.

The contract is :class:`BlockSource`; whatever can be gone through again and again becomes one by :class:`Blocks`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol, TypeAlias

from lamina.errors import DataError, InvalidSettingError, phrase
from lamina.training.blocks.dealing import dealt
from lamina.validation import Rule, check_parameters, integer, one_of, value

__all__ = [
    "Block",
    "BlockSource",
    "Blocks",
    "as_source",
    "begin_of",
    "check_no_blocks",
    "check_passes",
    "is_iterable",
    "is_list_of_blocks",
    "is_single",
    "is_source",
    "num_rows_of",
    "source_alone",
]

Block: TypeAlias = "tuple[Any, ...]"

_AGAIN = "Give a list of blocks, an object whose __iter__ begins anew, or one with passes(epoch)"


class BlockSource(Protocol):
    """What :meth:`lamina.training.Trainer.fit` takes in place of arrays: it gives all rows, block by block, every epoch.

    A *block* is a tuple ``(X, y)`` or ``(X, y, sample_weight)`` of arrays in memory, of any number of rows; each of them is what
    ``fit`` takes for all rows at once. All blocks have weights, or none has.

    A source may say how many rows a pass gives, in an attribute ``num_rows``. Then schedules that stretch over a fit or count
    its epochs know its length from the first step on.

    Several processes train on a source (:func:`lamina.distributed.fit`) that can be shared out: ``share(rank, size)`` returns the
    source of one of them, which can be pickled. Together these give each row once in an epoch, of which ``share(0, size)`` has
    the most. A share's ``close``, if it has one, is called at the end.

    Examples
    --------
    >>> import numpy as np
    >>> class Drawn:
    ...     num_rows = 3000
    ...
    ...     def passes(self, epoch):
    ...         for block in range(3):
    ...             X = np.random.default_rng(block).normal(size=(1000, 4))
    ...             yield X, X[:, 0] * X[:, 1]
    >>> from lamina import Dense, Sequential, Trainer
    >>> trainer = Trainer(Sequential([Dense(16, activation="relu"), Dense(1)]), "squared_error")
    >>> history = trainer.fit(Drawn(), max_epochs=2)
    >>> trainer.step  # 3,000 rows in batches of 32, twice
    188
    """

    def passes(self, epoch: int) -> Iterator[Block]:
        """The blocks of an epoch, which is counted from 0 over all fits of a trainer.

        Whenever it is asked for the same epoch it gives the same blocks in the same order, so that a resumed training goes on as
        if never stopped. Another epoch may have another order, but as many rows. It is gone through in a thread of its own, and a
        second pass may begin before the first one ends.
        """


def is_iterable(given: object) -> bool:
    """Whether it may be a source of blocks, and no array, table or text."""
    has_blocks = hasattr(given, "__iter__") or callable(getattr(given, "passes", None))
    return has_blocks and not isinstance(given, str | bytes | Mapping) and not hasattr(given, "shape")


_RULES = {
    "blocks": Rule("an iterable of blocks: tuples (X, y) or (X, y, sample_weight)", is_iterable),
    "num_rows": one_of(integer(1), value(None)),
}


class Blocks:
    """A :class:`BlockSource` of anything that can be iterated: the same blocks, in the same order, every epoch.

    Parameters
    ----------
    blocks : iterable of (X, y) or (X, y, sample_weight)
        A list, or any object whose ``__iter__`` begins anew. An iterator, such as a generator, gives its blocks once: enough for
        one epoch.
    num_rows : int, optional
        The number of rows of all blocks together, >= 1. By default a trainer counts those of a list, and does not know that of
        anything else before the first epoch is over.

    Raises
    ------
    InvalidSettingError
        If ``blocks`` is not iterable, or ``num_rows`` no number of rows.
    DataError
        From :meth:`passes`, if an iterator is asked for its blocks a second time.

    Examples
    --------
    >>> import numpy as np
    >>> blocks = Blocks([(np.zeros((4, 2)), np.zeros(4)), (np.ones((3, 2)), np.ones(3))])
    >>> [len(y) for X, y in blocks.passes(0)]
    [4, 3]
    """

    def __init__(self, blocks: Iterable[Block], num_rows: int | None = None) -> None:
        check_parameters({"blocks": blocks, "num_rows": num_rows}, _RULES, owner="Blocks")
        self.blocks = blocks
        self.num_rows = num_rows
        self._single = blocks if isinstance(blocks, Iterator) else None
        self._kept: deque[Block] = deque()
        self._is_spent = False

    @property
    def is_single(self) -> bool:
        """Whether the blocks can be gone through only once."""
        return self._single is not None

    def passes(self, epoch: int) -> Iterator[Block]:
        """The blocks; ``epoch`` does not matter."""
        if self._single is None:
            return iter(self.blocks)
        if self._is_spent:
            raise DataError(f"The blocks of a {type(self.blocks).__name__} can be gone through only once. {_AGAIN}.")
        self._is_spent = True
        return self._once(self._single)

    def share(self, rank: int, size: int) -> Blocks:
        """The blocks of a list that one of several processes trains on, with about as many rows as each of the others.

        Parameters
        ----------
        rank, size : int
            Which process, from 0, of how many.

        Raises
        ------
        InvalidSettingError
            If these are no list, or fewer blocks than processes.

        Examples
        --------
        >>> import numpy as np
        >>> blocks = Blocks([(np.zeros((rows, 2)), np.zeros(rows)) for rows in (3, 1, 4, 2)])
        >>> [[len(y) for X, y in blocks.share(rank, 2).passes(0)] for rank in range(2)]
        [[1, 4], [3, 2]]
        """
        if not isinstance(self.blocks, list | tuple):
            repair = "Give a list of blocks, or a source with a method share(rank, size) of its own."
            raise InvalidSettingError(
                phrase("blocks", "must be a list to be shared out", type(self.blocks).__name__, repair=repair, owner="Blocks")
            )
        sizes = [_length(y) for _, y, *_ in self.blocks]
        return Blocks([self.blocks[number] for number in dealt(sizes, rank, size)])

    def begin(self) -> Iterator[Block]:
        """The first blocks, to look at before a pass: an iterator gives them again."""
        if self._single is None:
            yield from self.blocks
            return
        yield from tuple(self._kept)
        for block in self._single:
            self._kept.append(block)
            yield block

    def _once(self, rest: Iterator[Block]) -> Iterator[Block]:
        while self._kept:
            yield self._kept.popleft()
        yield from rest


def _length(y: Any) -> int:
    """The rows of a block, by its targets."""
    first = next(iter(y.values())) if isinstance(y, Mapping) else y
    first = first[0] if isinstance(first, list | tuple) and first and hasattr(first[0], "shape") else first
    return int(first.shape[0]) if hasattr(first, "shape") else len(first)


def is_source(given: object) -> bool:
    """Whether it is a source of blocks, or an iterator, which can be nothing else; a list may also be one array per input."""
    return callable(getattr(given, "passes", None)) or isinstance(given, Iterator)


def is_list_of_blocks(given: object, num_inputs: int) -> bool:
    """Whether it is a list of tuples that can be nothing but blocks of a network of so many inputs.

    >>> import numpy as np
    >>> X, y = np.zeros((3, 2)), np.zeros(3)
    >>> is_list_of_blocks([(X, y)], 1), is_list_of_blocks([(0.0, 1.0), (2.0, 3.0)], 1), is_list_of_blocks([(X, X), (y, y)], 2)
    (True, False, False)
    """

    def is_block(entry: object) -> bool:
        if not isinstance(entry, tuple) or len(entry) not in (2, 3):
            return False
        X = entry[0]
        if num_inputs == 1:
            return len(getattr(X, "shape", ())) > 1
        parts = list(X.values()) if isinstance(X, Mapping) else X
        return isinstance(parts, list | tuple) and bool(parts) and all(len(getattr(part, "shape", ())) > 1 for part in parts)

    return isinstance(given, list) and bool(given) and all(map(is_block, given))


def check_no_blocks(X: Any, num_inputs: int, *, owner: str) -> None:
    """Raise if X is a source of blocks where y is given beside it.

    Raises
    ------
    InvalidSettingError
    """
    if is_source(X) or is_list_of_blocks(X, num_inputs):
        rule, repair = "must be None beside blocks, which hold it", "Leave y out, or give X as arrays."
        raise InvalidSettingError(phrase("y", rule, f"X of type {type(X).__name__} and y", repair=repair, owner=owner))


def as_source(given: Any, name: str, *, owner: str) -> BlockSource:
    """The source of blocks that ``given`` is or can become.

    Raises
    ------
    InvalidSettingError
        If it is none; the message says how to write one.
    """
    if callable(getattr(given, "passes", None)):
        check_parameters(
            {"num_rows": getattr(given, "num_rows", None)}, {"num_rows": _RULES["num_rows"]}, owner=type(given).__name__
        )
        source: BlockSource = given
        return source
    if not is_iterable(given):
        repair = "Give y as well, or an iterable of tuples (X, y)."
        raise InvalidSettingError(
            phrase(name, "must be a source of blocks where y is not given", type(given).__name__, repair=repair, owner=owner)
        )
    return Blocks(given)


def source_alone(given: Any, sample_weight: Any, *, owner: str) -> BlockSource:
    """The source of blocks in ``X``, where y is not given.

    Raises
    ------
    InvalidSettingError
        If it is none, or weights are given beside it.
    """
    source = as_source(given, "X", owner=owner)
    if sample_weight is not None:
        rule, repair = "must be None beside a source of blocks", "Put the weights into the blocks: (X, y, sample_weight)."
        raise InvalidSettingError(phrase("sample_weight", rule, type(sample_weight).__name__, repair=repair, owner=owner))
    return source


def begin_of(source: BlockSource, epoch: int) -> Iterator[Block]:
    """The first blocks of an epoch, to look at before it begins."""
    return source.begin() if isinstance(source, Blocks) else source.passes(epoch)


def is_single(source: BlockSource) -> bool:
    """Whether a source can be gone through only once."""
    return isinstance(source, Blocks) and source.is_single


def num_rows_of(source: BlockSource, rows_of_block: Callable[[Block, int], int]) -> int | None:
    """How many rows a source says that it has, or a list of blocks holds; None if that is not known."""
    found = getattr(source, "num_rows", None)
    if found is None and isinstance(source, Blocks) and isinstance(source.blocks, list | tuple):
        return sum(rows_of_block(block, number) for number, block in enumerate(source.blocks))
    return None if found is None else int(found)


def check_passes(source: BlockSource, name: str, when: str, *, owner: str) -> None:
    """Raise if a source can be gone through only once.

    Raises
    ------
    InvalidSettingError
    """
    if isinstance(source, Blocks) and is_single(source):
        rule = f"must be a source that can be gone through again, {when}"
        repair = f"{_AGAIN}{'; or ask for max_epochs=1' if name == 'X' else ''}."
        raise InvalidSettingError(phrase(name, rule, type(source.blocks).__name__, repair=repair, owner=owner))
