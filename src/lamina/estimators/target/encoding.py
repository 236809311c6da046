"""Converts between the user's class labels and the numbers that a network is trained on."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy import sparse
from sklearn.utils.multiclass import is_multilabel

from lamina.errors import DataError, phrase
from lamina.estimators.given_data import check_labels

__all__ = ["LabelEncoding"]

# Rows encoded at a time, so that temporary arrays stay in the cache and are small compared with the data.
_CHUNK_ROWS = 1 << 14


class LabelEncoding(NamedTuple):
    """The classes of a problem and the encoding of labels as numbers.

    ``kind`` is "binary" (one or two classes; a label becomes 0 or 1), "multiclass" (a label becomes its class index)
    or "multilabel" (a row of zeros and ones is kept). Encoded labels have shape (n, 1), or (n, classes) for "multilabel".

    >>> encoding = LabelEncoding.learn(np.array(["no", "yes", "maybe"]))
    >>> encoding.encode(np.array(["yes", "no"])).ravel()
    array([2, 1], dtype=uint8)
    >>> encoding.decode(np.array([[0.2, 0.1, 3.0]]), threshold=0.0)
    array(['yes'], dtype='<U5')
    """

    classes: np.ndarray
    kind: str
    sparse_output: bool = False

    @classmethod
    def learn(cls, y: Any, labels: Any = None) -> LabelEncoding:
        """The encoding of the labels ``y`` (or of ``labels``, all possible classes, if given).

        Raises
        ------
        DataError
            If ``y`` does not hold labels, or has several columns with values other than 0 and 1.
        """
        check_labels(y)
        if sparse.issparse(y) or (np.ndim(y) == 2 and np.shape(y)[1] > 1):
            if not is_multilabel(y):
                raise DataError("`y` with several columns must hold 0 and 1, one column per label. Or fit one model per column.")
            return cls(np.arange(np.shape(y)[1]), "multilabel", bool(sparse.issparse(y)))
        classes = np.unique(np.asarray(y if labels is None else labels))
        return cls(classes, "binary" if len(classes) <= 2 else "multiclass")

    @property
    def num_classes(self) -> int:
        return len(self.classes)

    def check_kind(self, y: Any) -> None:
        """Raise if targets are of another kind than those that were learned.

        Raises
        ------
        DataError
            If the number of labels per row differs, or strings and numbers are exchanged.
        """
        learned, came = self._described(self.classes), self._described(y)
        if self.kind == "multilabel":
            learned = f"{self.num_classes} labels of 0 and 1 per row"
        if came != learned:
            repair = "Fit a new model for another kind of target."
            raise DataError(phrase("y", f"must be of the kind learned in fit ({learned})", came, repair=repair))

    @staticmethod
    def _described(y: Any) -> str:
        """The kind of targets, in words."""
        if sparse.issparse(y) or (np.ndim(y) == 2 and np.shape(y)[1] > 1):
            return f"{np.shape(y)[1]} labels of 0 and 1 per row"
        array = np.asarray(y)
        is_text = array.dtype.kind in "SUT" or (array.dtype == object and any(isinstance(label, str) for label in array.flat))
        return f"one label per row, {'strings' if is_text else 'numbers'}"

    def encode(self, y: Any) -> np.ndarray:
        """Encode the labels ``y`` as numbers of the smallest unsigned type.

        Raises
        ------
        DataError
            If a label is not among the classes, or the labels are of another kind.
        """
        self.check_kind(y)
        if self.kind == "multilabel":
            dense: np.ndarray = np.asarray(y.toarray() if hasattr(y, "toarray") else y)
            return np.asarray(dense != 0, dtype=np.uint8)
        labels = np.asarray(y).ravel()
        last = self.num_classes - 1
        encoded = np.empty((len(labels), 1), dtype=np.min_scalar_type(last))
        for start in range(0, len(labels), _CHUNK_ROWS):
            part = labels[start : start + _CHUNK_ROWS]
            positions = np.minimum(np.searchsorted(self.classes, part), last)
            if not np.array_equal(self.classes[positions], part):
                raise DataError(
                    f"`y` has classes not in `self.classes_`. `self.classes_` has {self.classes}. 'y' has {np.unique(labels)}."
                )
            encoded[start : start + len(part), 0] = positions
        return encoded

    def indicators(self, encoded: np.ndarray) -> np.ndarray:
        """Zeros and ones of shape (n, outputs): one column per class, or a single column for two classes."""
        if self.kind == "multiclass":
            return np.asarray(encoded == np.arange(self.num_classes), dtype=np.uint8)
        return encoded

    def choose(self, scores: np.ndarray, threshold: float | np.ndarray) -> np.ndarray:
        """Encoded labels for ``scores`` (n, outputs): the largest one, or every one above the ``threshold``."""
        if self.kind == "multilabel" or scores.shape[1] == 1:
            return np.asarray(scores > threshold, dtype=np.int64)
        best: np.ndarray = scores.argmax(axis=1)
        return best[:, np.newaxis]

    def decode(self, scores: np.ndarray, threshold: float | np.ndarray) -> np.ndarray:
        """The labels for ``scores``, in the same form as ``y``."""
        labels = self.labels_of(self.choose(scores, threshold))
        return sparse.csr_matrix(labels) if self.sparse_output else labels  # type: ignore[return-value]  # as predict says

    def labels_of(self, encoded: np.ndarray) -> np.ndarray:
        """The inverse of :meth:`encode`, dense."""
        if self.kind == "multilabel":
            return encoded
        # a softmax over a single class has a second output
        labels: np.ndarray = self.classes[np.minimum(encoded.ravel(), self.num_classes - 1)]
        return labels
