"""Which rows of a table are for validation and for the test: those whose values say so."""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np

from lamina.data.row_hash import row_hashes
from lamina.data.table_reader import ReadTable
from lamina.errors import InvalidSettingError, phrase

__all__ = ["PartsOfRows", "Split"]


class PartsOfRows(NamedTuple):
    """Where the rows of a block belong, each ndarray of shape (n,) bool; ``sample`` is a part of ``training``."""

    training: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    sample: np.ndarray


class Split(NamedTuple):
    """A split of rows by a seeded hash of their values.

    It does not depend on the order of rows or files, nor on who reads which of them. Rows that are equal in all columns to
    predict from are in the same part.

    Parameters
    ----------
    seed : int
    validation, test : float
        Shares of all rows.
    sample : float
        The share of all rows that are a sample of those to train on; at most what the others leave.

    Examples
    --------
    >>> split = Split.of(10_000_000, seed=0, validation=0.1, test=0.2, most_held=200_000, most_sampled=100_000)
    >>> split.test, round(split.validation, 4), split.sample
    (0.0125, 0.01, 0.0078125)
    """

    seed: int
    validation: float
    test: float
    sample: float

    @classmethod
    def of(cls, num_rows: int, *, seed: int, validation: float, test: float, most_held: int, most_sampled: int) -> Self:
        """The split of about ``num_rows`` rows, of which each part has to fit in memory.

        Parameters
        ----------
        num_rows : int
        seed : int
        validation, test : float
            Shares to hold out, in [0, 1); that for validation is one of what the test leaves. They are halved until the rows are
            no more than ``most_held``.
        most_held, most_sampled : int
            The most rows for validation, and for the test, and of the sample.

        Raises
        ------
        InvalidSettingError
            If a share is none.
        """
        for name, share in {"validation": validation, "test": test}.items():
            if not 0 <= share < 1:
                raise InvalidSettingError(phrase(name, "must be in [0, 1)", share, repair="Use 0.1 for a tenth."))
        tested = _halved(test, num_rows, most_held)
        judged = _halved(validation * (1 - test), num_rows, most_held)
        sampled = min(_halved(1.0, num_rows, most_sampled), 1 - tested - judged)
        return cls(seed, judged, tested, sampled)

    def parts(self, table: ReadTable) -> PartsOfRows:
        """The part of each row, of all columns to predict from."""
        place = row_hashes(table, self.seed) / 2.0**64
        test = place < self.test
        validation = (place < self.test + self.validation) & ~test
        training = ~(test | validation)
        return PartsOfRows(training, validation, test, training & (place >= 1 - self.sample))


def _halved(share: float, num_rows: int, most: int) -> float:
    while share * num_rows > most:
        share /= 2
    return share
