"""The separability of a fit's rows, computed on first access."""

from __future__ import annotations

import time
import zlib
from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from lamina.errors import DataError
from lamina.estimators.perceptron.certificates import SeparatingPlane
from lamina.estimators.perceptron.separability import Separability
from lamina.estimators.perceptron.separation_program import certify
from lamina.estimators.target.encoding import LabelEncoding

__all__ = ["LazyVerdict"]

_REPAIR = "Ask for it right after fit, or use lamina.linear_separability(X, y)."


class LazyVerdict:
    """Holds rows (n, d) by reference, their encoded labels, a mask of those that count, and the units' planes (d + 1,)."""

    def __init__(
        self, X: Any, encoded: np.ndarray, counts: np.ndarray, encoding: LabelEncoding, planes: Sequence[np.ndarray]
    ) -> None:
        self._X, self._encoded, self._counts, self._encoding, self._planes = X, encoded, counts, encoding, planes
        self._fingerprint = _fingerprint(X)
        self._why_missing = ""

    @classmethod
    def missing(cls, why: str) -> Self:
        """A verdict that cannot be computed."""
        verdict = cls.__new__(cls)
        verdict._why_missing = why
        return verdict

    def work_out(self, time_s: float) -> Separability:
        """Compute the certificates from the units' planes and, for the others, by linear programs in at most ``time_s`` seconds.

        Raises
        ------
        AttributeError
            If the rows are not available.
        DataError
            If the rows were changed since the fit.
        """
        if self._why_missing:
            raise AttributeError(f"Perceptron: separability_ is missing, because {self._why_missing}. {_REPAIR}")
        if _fingerprint(self._X) != self._fingerprint:
            raise DataError(f"Perceptron: the rows of fit must not change until separability_ is known, but they did. {_REPAIR}")
        deadline = time.monotonic() + float(time_s)
        X, encoding = self._X.astype(np.float64), self._encoding
        labels = (encoding.classes[1:] if encoding.num_classes == 2 else encoding.classes).tolist()
        signs = 2.0 * encoding.indicators(self._encoded) - 1.0
        planes = [SeparatingPlane(w[:-1], float(w[-1])) for w in self._planes]
        found = [certify(X, sign, self._counts, deadline, plane) for sign, plane in zip(signs.T, planes, strict=True)]
        return Separability(dict(zip(labels, found, strict=True)))


def _fingerprint(X: Any) -> int:
    """A checksum that almost certainly changes when a value or the order of rows does."""
    parts = [X] if isinstance(X, np.ndarray) else [X.data[:, np.newaxis], X.indices[:, np.newaxis], X.indptr[:, np.newaxis]]
    checksum = 0
    for part in parts:
        bits = part.view(f"u{part.itemsize}")
        checksum = zlib.crc32(np.bitwise_xor.reduce(bits, axis=1), checksum)
    return checksum
