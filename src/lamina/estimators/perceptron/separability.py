"""Decides whether planes separate the classes, with a certificate either way that can be checked."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils import check_array, check_consistent_length

from lamina.errors import DataError, phrase
from lamina.estimators.perceptron.certificates import CommonPoint, SeparatingPlane
from lamina.estimators.perceptron.separation_program import certify
from lamina.estimators.row_weights import check_row_weights
from lamina.estimators.target.encoding import LabelEncoding
from lamina.validation import check_parameters, number, one_of, value

__all__ = ["Separability", "linear_separability"]


@dataclass(frozen=True, slots=True)
class Separability:
    """Whether each class of labeled rows can be separated from all others by a plane.

    Attributes
    ----------
    certificates : dict of label to SeparatingPlane, CommonPoint or None
        One per class; for two classes, only that of the second. None: not decided, for lack of time or precision.
    """

    certificates: Mapping[Any, SeparatingPlane | CommonPoint | None]

    @property
    def separable(self) -> bool | None:
        """True: every class is separable. False: at least one is not. None: not decided."""
        found = list(self.certificates.values())
        if any(isinstance(certificate, CommonPoint) for certificate in found):
            return False
        return None if None in found else True

    def verify(self, X: Any, y: Any) -> bool:
        """Whether every certificate holds for these rows and labels; False if one is missing.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_features)
            The rows for which separability was decided, in the same order.
        y : array of shape (n_samples,)
        """
        X, labels = check_array(X, accept_sparse="csr", dtype=np.float64), np.asarray(y).ravel()
        return all(
            certificate is not None and certificate.verify(X, np.where(labels == label, 1.0, -1.0))
            for label, certificate in self.certificates.items()
        )

    def __str__(self) -> str:
        return "\n".join(_sentence(label, certificate) for label, certificate in self.certificates.items())


def linear_separability(X: Any, y: Any, *, sample_weight: Any = None, time_limit_s: float | None = None) -> Separability:
    """Decide whether planes separate the classes, with a proof.

    Parameters
    ----------
    X : array or sparse matrix of shape (n_samples, n_features)
    y : array of shape (n_samples,)
        Labels of two or more classes; with more than two, each class is compared with all others.
    sample_weight : array of shape (n_samples,), optional
        Rows of weight 0 do not count.
    time_limit_s : float, optional
        Seconds for all linear programs together, > 0; a class that is not decided by then has the certificate None.

    Returns
    -------
    Separability

    Raises
    ------
    DataError
        If there are fewer than two classes.

    References
    ----------
    Mangasarian, "Linear and nonlinear separation of patterns by linear programming", 1965.

    Examples
    --------
    >>> X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    >>> print(linear_separability(X, [0, 1, 1, 1]))  # OR
    Class 1 is linearly separable: it lies above the plane (2, 2) · x - 1 = 0, all other rows below.
    >>> exclusive_or = linear_separability(X, [0, 1, 1, 0])
    >>> print(exclusive_or)
    Class 1 is not linearly separable: (0.5, 0.5) is a weighted mean of rows of the class and of others, 4 rows in all.
    >>> exclusive_or.separable, exclusive_or.verify(X, [0, 1, 1, 0])
    (False, True)
    """
    rules = {"time_limit_s": one_of(value(None), number(0, closed="neither"))}
    check_parameters({"time_limit_s": time_limit_s}, rules, owner="linear_separability")
    X = check_array(X, accept_sparse="csr", dtype=np.float64)
    check_consistent_length(X, y)
    weight = check_row_weights(sample_weight, X.shape[0])
    counts = weight > 0
    labels = np.asarray(y).ravel()
    encoding = LabelEncoding.learn(labels[counts])
    if encoding.num_classes < 2:
        got = encoding.classes.tolist()
        raise DataError(phrase("y", "must have at least two classes", got, owner="linear_separability"))
    classes = encoding.classes[1:] if encoding.num_classes == 2 else encoding.classes
    deadline = None if time_limit_s is None else time.monotonic() + float(time_limit_s)
    signs = {label: np.where(labels == label, 1.0, -1.0) for label in classes.tolist()}
    return Separability({label: certify(X, sign, counts, deadline) for label, sign in signs.items()})


def _sentence(label: Any, certificate: SeparatingPlane | CommonPoint | None) -> str:
    if certificate is None:
        return f"Whether class {label} is linearly separable was not decided."
    if isinstance(certificate, SeparatingPlane):
        sign = "-" if certificate.bias < 0 else "+"
        plane = f"({_numbers(certificate.weights)}) · x {sign} {abs(certificate.bias):.3g} = 0"
        return f"Class {label} is linearly separable: it lies above the plane {plane}, all other rows below."
    used = np.count_nonzero(certificate.multipliers)
    return (
        f"Class {label} is not linearly separable: ({_numbers(certificate.point)}) is a weighted mean of rows of the class "
        f"and of others, {used} rows in all."
    )


def _numbers(vector: np.ndarray) -> str:
    """The first numbers of a vector as text."""
    shown = ", ".join(f"{x:.3g}" for x in vector[:4])
    return shown if len(vector) <= 4 else f"{shown}, …"
