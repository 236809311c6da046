"""Perceptron."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any, Self, final

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, column_or_1d, validate_data

from lamina.engine import ENGINES
from lamina.errors import DataError, phrase
from lamina.estimators.given_data import DTYPES
from lamina.estimators.labels import LabelEncoding
from lamina.estimators.perceptron_epochs import KEPT, choose, run_epochs
from lamina.estimators.rows import Rows
from lamina.estimators.separability import Separability
from lamina.estimators.separation_certificates import SeparatingPlane
from lamina.estimators.separation_program import certify
from lamina.estimators.threshold_unit import ThresholdUnit
from lamina.initializers import Initializer
from lamina.layers import Dense
from lamina.network import Sequential
from lamina.training import StopReason
from lamina.validation import boolean, check_parameters, choice, integer, number

__all__ = ["Perceptron"]

_RULES = {
    "variant": choice(("pocket", "plain", "averaged")),
    "eta0": number(0, closed="neither"),
    "max_iter": integer(1),
    "shuffle": boolean(),
    "separability_time_s": number(0),
    "engine": choice(ENGINES),
}

_KEPT_WORDS = {"pocket": "weights in the pocket", "plain": "last weights", "averaged": "mean weights"}


@final
@dataclass(eq=False, repr=False)
class Perceptron(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Rosenblatt's perceptron: a threshold unit ``z = step(w·x + b)`` that learns from its mistakes.

    Row by row, with t = 0 or 1 the truth and η = ``eta0``::

        w ← w + η (t − z) x,    b ← b + η (t − z)

    (a row on the plane itself counts as a mistake, whatever its class). If a plane separates the classes, the rule finds one
    after finitely many mistakes (Novikoff 1962); if none does, it never ends by itself: its accuracy rises, falls and wanders.
    So the run is bounded, the best weights are kept, and ``separability_`` says, with a proof, which of the two it was. More
    than two classes get one unit each, against all others; the largest ``w·x + b`` wins.

    Parameters
    ----------
    variant : {"pocket", "plain", "averaged"}, default="pocket"
        Which weights are kept: the best on all rows, among those that survived long or ended an epoch (Gallant 1990), the
        last ones, or the mean over all steps (Freund & Schapire 1999). The learning is the same.
    eta0 : float, default=1.0
        Learning rate η, > 0. From weights that start at zero it changes nothing but their length.
    max_iter : int, default=200
        Epochs at most, >= 1. An epoch without a mistake is the last.
    shuffle : bool, default=True
        Whether every epoch has its own order of the rows.
    weight_init : str, Initializer or dict, default="zeros"
        First weights; see ``lamina.initializers``. Biases start at zero.
    random_state : int, RandomState or None, default=None
        Decides order and first weights.
    separability_time_s : float, default=10.0
        Seconds at most for the linear programs of the verdict, >= 0. With 0 only planes that the training found are certificates.
    engine : {"auto", "native", "reference"}, default="auto"

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    coef_ : ndarray of shape (1, n_features), or (n_classes, n_features) for more than two
    intercept_ : ndarray of shape (1,) or (n_classes,)
    separability_ : Separability
        Whether each class is linearly separable from all others, with certificates; ``separability_.verify(X, y)`` checks them.
    history_ : History
        One record an epoch: ``mistakes``; ``accuracy`` and ``validation_accuracy`` of the present weights, which rise and
        fall; ``kept_accuracy`` and ``kept_validation_accuracy`` of those that ``variant`` would keep.
    n_iter_ : int
        Epochs run.
    stop_reason_ : StopReason
        "converged" or "max_epochs".

    References
    ----------
    Rosenblatt, "The perceptron: a probabilistic model for information storage and organization in the brain", 1958.
    Novikoff, "On convergence proofs for perceptrons", 1962.
    Gallant, "Perceptron-based learning algorithms", 1990.
    Freund & Schapire, "Large margin classification using the perceptron algorithm", 1999.

    Examples
    --------
    >>> X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    >>> model = Perceptron(random_state=0).fit(X, [0, 0, 0, 1])
    >>> model.predict(X), model.separability_.separable, model.stop_reason_.code
    (array([0, 0, 0, 1]), True, 'converged')
    """

    _: KW_ONLY
    variant: str = "pocket"
    eta0: float = 1.0
    max_iter: int = 200
    shuffle: bool = True
    weight_init: str | Initializer | Mapping[str, Any] = "zeros"
    random_state: int | np.random.RandomState | None = None
    separability_time_s: float = 10.0
    engine: str = "auto"

    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, X_val: Any = None, y_val: Any = None) -> Self:
        """Learn from rows and their labels.

        Parameters
        ----------
        X : array, sparse matrix or table of shape (n_samples, n_features)
            Float32 stays float32; anything else becomes float64.
        y : array of shape (n_samples,)
            Labels of two or more classes.
        sample_weight : array of shape (n_samples,), optional
            Weights of the rows, >= 0: each multiplies the learning rate of its row's steps, and counts in the accuracies. Rows of
            weight 0 might as well not be there.
        X_val, y_val : optional
            Rows to measure on after every epoch; nothing is learnt from them.

        Returns
        -------
        self

        Raises
        ------
        InvalidParameterError
            If parameters are wrong; all of them are named.
        DataError
            If there are fewer than two classes, or X_val and y_val do not come together.

        Warns
        -----
        ConvergenceWarning
            If the last epoch still had mistakes; says whether that could have been otherwise.
        """
        check_parameters(self.get_params(deep=False), _RULES, owner="Perceptron")
        rows, weight, encoding = self._checked(X, y, sample_weight)
        counts = weight > 0
        train = Rows(*(part if counts.all() else part[counts] for part in (rows.X, rows.truth, weight)))
        validation = self._checked_validation(X_val, y_val, encoding)
        rng = check_random_state(self.random_state)
        units = self._units(train, encoding, rng)
        seed = int(rng.randint(2**31 - 1)) if self.shuffle else None
        self.history_ = run_epochs(units, train, validation, self.variant, int(self.max_iter), seed)
        self.n_iter_ = len(self.history_)
        kept = np.array([KEPT[self.variant](unit) for unit in units])
        self.classes_, self.coef_, self.intercept_ = encoding.classes, kept[:, :-1], kept[:, -1]
        self.separability_ = self._verdict(rows, counts, units, encoding)
        self.stop_reason_ = self._reason()
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        """``w·x + b``: for two classes (n_samples,), not negative for the second; else (n_samples, n_classes).

        Parameters
        ----------
        X : array, sparse matrix or table of shape (n_samples, n_features)
        """
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=DTYPES, reset=False)
        scores = np.asarray(X @ self.coef_.T + self.intercept_)
        return scores.ravel() if scores.shape[1] == 1 else scores

    def predict(self, X: Any) -> np.ndarray:
        """The label of each row, ndarray of shape (n_samples,).

        Parameters
        ----------
        X : array, sparse matrix or table of shape (n_samples, n_features)
        """
        scores = self.decision_function(X)
        labels: np.ndarray = self.classes_[choose(scores.reshape(len(scores), -1)).ravel()]
        return labels

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _checked(self, X: Any, y: Any, sample_weight: Any) -> tuple[Rows, np.ndarray, LabelEncoding]:
        """Rows, their weights, and what the labels are."""
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=DTYPES)
        weight: np.ndarray = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        y = column_or_1d(y, warn=True)
        encoding = LabelEncoding.learn(y)
        present = encoding.classes[np.unique(encoding.encode(y)[weight > 0])]
        if len(present) < 2:
            rule = "must have two or more classes among the rows of positive weight, not one class"
            raise DataError(phrase("y", rule, present.tolist(), owner="Perceptron"))
        return Rows(X, encoding.encode(y), None), weight, encoding

    def _checked_validation(self, X_val: Any, y_val: Any, encoding: LabelEncoding) -> Rows | None:
        if (X_val is None) != (y_val is None):
            raise DataError("fit: X_val and y_val must be given together, got only one of them.")
        if X_val is None:
            return None
        X_val, y_val = validate_data(self, X_val, y_val, accept_sparse="csr", dtype=DTYPES, reset=False)
        return Rows(X_val, encoding.encode(y_val), None)

    def _units(self, train: Rows, encoding: LabelEncoding, rng: np.random.RandomState) -> list[ThresholdUnit]:
        """A unit for each class, or for the second of two."""
        network = Sequential([Dense(1, weight_init=self.weight_init)], input_width=train.X.shape[1])
        assert train.weight is not None
        settings: Any = {"weight": train.weight, "eta": float(self.eta0), "engine": self.engine}
        return [
            ThresholdUnit(train.X, 2.0 * column - 1.0, start=network.initialize(rng, train.X.dtype)[0], **settings)
            for column in encoding.indicators(train.truth).T
        ]

    def _verdict(self, rows: Rows, counts: np.ndarray, units: list[ThresholdUnit], encoding: LabelEncoding) -> Separability:
        """The certificates: the planes that were found, and linear programs for the others."""
        deadline = time.monotonic() + self.separability_time_s
        X = rows.X.astype(np.float64)
        labels = (encoding.classes[1:] if len(units) == 1 else encoding.classes).tolist()
        certificates = {}
        for label, unit, column in zip(labels, units, encoding.indicators(rows.truth).T, strict=True):
            w = unit.weights.astype(np.float64)
            certificates[label] = certify(X, 2.0 * column - 1.0, counts, deadline, SeparatingPlane(w[:-1], float(w[-1])))
        return Separability(certificates)

    def _reason(self) -> StopReason:
        """Why it ended; warns if mistakes are left."""
        mistakes = self.history_[-1, "mistakes"]
        if not mistakes:
            return StopReason("converged", "An epoch passed without a mistake.")
        limit = f"separability_time_s={self.separability_time_s:g}"
        because = {
            True: "although the data are linearly separable, so that more epochs (max_iter) would end without one",
            False: "because the data are not linearly separable (separability_ proves it)",
            None: f"and whether the data are linearly separable was not decided in {limit} seconds",
        }[self.separability_.separable]
        text = (
            f"Perceptron: the last of {self.n_iter_} epochs still had {mistakes} mistakes, {because}; "
            f"the {_KEPT_WORDS[self.variant]} are kept, which get {self.history_[-1, 'kept_accuracy']:.1%} of the rows right."
        )
        warnings.warn(text, ConvergenceWarning, stacklevel=3)
        return StopReason("max_epochs", text)
