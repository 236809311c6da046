"""Rosenblatt's perceptron as a scikit-learn estimator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Any, Self, final

import numpy as np
from scipy import sparse
from sklearn import get_config
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags, check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from lamina.door import serve
from lamina.engine import HOST_ENGINES, PerceptronRule
from lamina.errors import DataError, InvalidSettingError, counted, phrase
from lamina.estimators.given_data import DTYPES
from lamina.estimators.in_notebooks import InNotebooks
from lamina.estimators.perceptron.ending import stop_reason, warn_unfinished
from lamina.estimators.perceptron.epochs import Watch, choose, run_epochs
from lamina.estimators.perceptron.lazy_verdict import LazyVerdict
from lamina.estimators.perceptron.printing import print_epoch
from lamina.estimators.perceptron.separability import Separability
from lamina.estimators.perceptron.threshold_unit import Stopping, ThresholdUnit
from lamina.estimators.perceptron.units import FitRows, class_weights, make_units, started_weights
from lamina.estimators.row_weights import check_row_weights
from lamina.estimators.rows import Rows
from lamina.estimators.target.encoding import LabelEncoding
from lamina.html import paragraph
from lamina.initializers import Initializer
from lamina.training import History, StopReason
from lamina.training.exclusive import RUNNING, exclusive
from lamina.validation import boolean, check_parameters, choice, instance, integer, number, one_of, value

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Perceptron"]

_RULES = {
    "penalty": one_of(choice(("l2", "l1", "elasticnet")), value(None)),
    "alpha": number(0),
    "l1_ratio": number(0, 1),
    "fit_intercept": boolean(),
    "max_iter": integer(1),
    "tol": one_of(number(0), value(None)),
    "shuffle": boolean(),
    "verbose": one_of(boolean(), integer(0)),
    "eta0": number(0, closed="neither"),
    "n_jobs": one_of(integer(-(2**31)), value(None)),
    "random_state": one_of(value(None), integer(0, 2**32 - 1), instance(np.random.RandomState)),
    "early_stopping": boolean(),
    "validation_fraction": number(0, 1, closed="neither"),
    "n_iter_no_change": integer(1),
    "class_weight": one_of(choice(("balanced",)), instance(Mapping), value(None)),
    "warm_start": boolean(),
    "variant": choice(("plain", "pocket", "averaged")),
    "sparse_intercept_rate": number(0, closed="neither"),
    "separability_time_s": number(0),
    "engine": choice(HOST_ENGINES),
}

_L1_RATIOS = {None: 0.0, "l2": 0.0, "l1": 1.0}


def _goes_on(model: Perceptron) -> bool:
    """Whether the kept weights are those that training continues from."""
    return bool(model.variant == "plain")


def _dense(matrix: Any) -> np.ndarray:
    return np.asarray(matrix.toarray() if hasattr(matrix, "toarray") else matrix)


@final
@dataclass(eq=False, repr=False)
class Perceptron(InNotebooks, ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Rosenblatt's perceptron: a threshold unit ``z = step(w·x + b)`` that learns from its mistakes.

    Row by row, with t = 0 or 1 the true class and η = ``eta0``::

        w ← w + η (t − z) x,    b ← b + η (t − z)

    (a row exactly on the plane counts as a mistake, whatever its class). If a plane separates the classes, the rule finds one
    after finitely many mistakes (Novikoff 1962); if none does, the rule never converges, and its accuracy keeps rising and
    falling. So the number of epochs is bounded, ``variant`` says which weights are kept, and ``separability_`` tells, with a
    proof, which case it was. More than two classes get one unit each, against all others; the largest ``w·x + b`` wins.

    It is a drop-in replacement for scikit-learn's estimator of the same name: it has the parameters, methods and fitted
    attributes of version 1.9, with the same defaults and meaning; ``shuffle=False`` gives the same coefficients, digit for digit.
    The parameters from ``variant`` on are not in scikit-learn.

    Parameters
    ----------
    penalty : {"l2", "l1", "elasticnet"} or None, default=None
        Penalty on the weights, not on the intercept; only with ``variant="plain"``.
    alpha : float, default=0.0001
        Strength of the penalty, >= 0.
    l1_ratio : float, default=0.15
        Share of L1 in "elasticnet", in [0, 1].
    fit_intercept : bool, default=True
        Whether there is an intercept b.
    max_iter : int, default=1000
        Maximum number of epochs in ``fit``, >= 1.
    tol : float or None, default=1e-3
        A unit stops after ``n_iter_no_change`` epochs in a row in which its mean loss did not fall by ``tol``, >= 0, below the
        best (with ``early_stopping``: the validation accuracy did not rise by it). None: after ``max_iter`` epochs.
    shuffle : bool, default=True
        Whether to shuffle the rows in every epoch.
    verbose : int, default=0
        If 1 or more, print two lines per epoch.
    eta0 : float, default=1.0
        Learning rate η, > 0. With zero initial weights and no penalty, it only scales the weights.
    n_jobs : int or None, default=None
        Threads among which the classes' units are divided; None is 1 unless a joblib context says otherwise, -1 all processors.
        It only affects speed.
    random_state : int, RandomState or None, default=0
        An int in [0, 2**32 - 1]. Determines the order of rows, the initial weights, and the rows of ``early_stopping``.
    early_stopping : bool, default=False
        Whether to hold out ``validation_fraction`` of the rows, stratified by class, to decide when to stop.
    validation_fraction : float, default=0.1
        In (0, 1).
    n_iter_no_change : int, default=5
        Epochs to wait for an improvement, >= 1.
    class_weight : dict, "balanced" or None, default=None
        Weight of each class, by its label; "balanced" is ``n_samples / (n_classes * count)``. It multiplies the learning rate
        for rows of a unit's own class (with two classes: for all rows).
    warm_start : bool, default=False
        Whether ``fit`` starts with the weights of the previous fit.
    variant : {"plain", "pocket", "averaged"}, default="plain"
        Which weights are kept: the last ones; the best on all rows, among those that survived long or ended an epoch (Gallant
        1990); or the mean over all steps (Freund & Schapire 1999). The updates are the same, but units of the latter two stop
        after their first epoch without a mistake.
    weight_init : str, Initializer or dict, default="zeros"
        Initial weights; see ``lamina.initializers``. Intercepts start at zero.
    sparse_intercept_rate : float, default=0.01
        Factor, > 0, of the intercept's updates if X is sparse, as in scikit-learn: unlike the weights, the intercept changes with
        every mistake. With 1, sparse rows give the same updates as dense ones.
    separability_time_s : float, default=10.0
        Maximum number of seconds for the linear programs of ``separability_``, >= 0. With 0, only planes found in training count.
    engine : {"auto", "native", "reference"}, default="auto"

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    coef_ : ndarray of shape (1, n_features), or (n_classes, n_features) for more than two
    intercept_ : ndarray of shape (1,) or (n_classes,)
    n_iter_ : int
        Epochs run; with several units, those of the unit that ran longest.
    t_ : float
        ``n_iter_ * n_samples + 1``; ``partial_fit`` adds to it.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        Only if X has column names.
    history_ : History
        One record per epoch with sums over the units: ``loss``, the mean of ``max(0, -s (w·x + b))`` over the rows when they were
        visited, with s = ±1, and ``mistakes``. With a ``variant`` other than "plain", or with validation rows, also ``accuracy``
        and ``validation_accuracy`` of the current weights, which rise and fall, and ``kept_accuracy`` and
        ``kept_validation_accuracy`` of those that ``variant`` would keep.
    separability_ : Separability
        Whether each class is linearly separable from all others, with certificates; ``separability_.verify(X, y)`` checks them.
        Computed on first access from the rows of ``fit``, which are kept until then and must not change. It is not available in a
        model that was pickled before, or after ``partial_fit``.
    stop_reason_ : StopReason
        "converged", "no_improvement" (of the rows of ``early_stopping``) or "max_epochs".

    See Also
    --------
    lamina.linear_separability : Only decides separability.

    References
    ----------
    Rosenblatt, "The perceptron: a probabilistic model for information storage and organization in the brain", 1958.
    Novikoff, "On convergence proofs for perceptrons", 1962.
    Gallant, "Perceptron-based learning algorithms", 1990.
    Freund & Schapire, "Large margin classification using the perceptron algorithm", 1999.

    Examples
    --------
    >>> X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    >>> model = Perceptron().fit(X, [0, 0, 0, 1])
    >>> model.predict(X), model.separability_.separable, model.stop_reason_.code
    (array([0, 0, 0, 1]), True, 'converged')
    """

    _: KW_ONLY
    penalty: str | None = None
    alpha: float = 0.0001
    l1_ratio: float = 0.15
    fit_intercept: bool = True
    max_iter: int = 1000
    tol: float | None = 1e-3
    shuffle: bool = True
    verbose: int = 0
    eta0: float = 1.0
    n_jobs: int | None = None
    random_state: int | np.random.RandomState | None = 0
    early_stopping: bool = False
    validation_fraction: float = 0.1
    n_iter_no_change: int = 5
    class_weight: str | Mapping[Any, float] | None = None
    warm_start: bool = False
    variant: str = "plain"
    weight_init: str | Initializer | Mapping[str, Any] = "zeros"
    sparse_intercept_rate: float = 0.01
    separability_time_s: float = 10.0
    engine: str = "auto"
    classes_: np.ndarray = field(init=False)
    coef_: Any = field(init=False)
    intercept_: np.ndarray = field(init=False)
    n_iter_: int = field(init=False)
    t_: float = field(init=False)
    history_: History = field(init=False)
    stop_reason_: StopReason = field(init=False)
    _class_weights: np.ndarray = field(init=False)
    _verdict: LazyVerdict = field(init=False)

    @exclusive("sklearn.base.clone(model)")
    def fit(
        self,
        X: Any,
        y: Any,
        coef_init: Any = None,
        intercept_init: Any = None,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
    ) -> Self:
        """Learn from rows and their labels.

        Parameters
        ----------
        X : array, sparse matrix or table of shape (n_samples, n_features)
            Float32 stays float32; anything else becomes float64.
        y : array of shape (n_samples,)
            Labels of two or more classes.
        coef_init : array of shape (1, n_features) or (n_classes, n_features), optional
            Initial weights; they take precedence over ``weight_init`` and ``warm_start``.
        intercept_init : array of shape (1,) or (n_classes,), optional
            Initial intercepts, with the same precedence.
        sample_weight : array of shape (n_samples,), optional
            Weights of the rows, >= 0: each multiplies the learning rate of its row's steps, and counts in the accuracies. In the
            loss all rows count equally, as in scikit-learn.
        X_val, y_val : optional
            Rows to evaluate after every epoch; they do not affect training.

        Returns
        -------
        self

        Raises
        ------
        InvalidParameterError
            If parameters are wrong; the message names all of them.
        DataError
            If there are fewer than two classes, initial weights have the wrong shape, or only one of X_val and y_val is given.
        BusyError
            If this estimator is already being fitted in another thread.
        NonFiniteError
            If the weights overflow.

        Warns
        -----
        ConvergenceWarning
            If ``tol`` is not None and ``max_iter`` ended the run.
        """
        self._check_settings()
        X, y, weight, encoding = self._checked(X, y, sample_weight)
        validation = self._checked_validation(X_val, y_val, encoding)
        encoded, rng = encoding.encode(y), check_random_state(self.random_state)
        weights = class_weights(self.class_weight, encoding, encoded)
        # The other variants choose weights by their accuracy, in which rows of weight 0 do not count.
        counts = np.flatnonzero(weight > 0) if self.variant != "plain" else np.arange(len(weight))
        data = FitRows(X, encoded, weight, weights, counts, encoding)
        start = self._start(data, rng, coef_init, intercept_init)
        units = make_units(data, self._rule(X), start, self._unit_settings(int(self.max_iter)), self._split_settings())
        self._run(units, rng, Rows(X, encoded, weight), validation)
        self._keep(units, data, 1.0)
        self._verdict = LazyVerdict(X, encoded, weight > 0, encoding, [unit.weights for unit in units])
        self.stop_reason_ = stop_reason(self, units)
        warn_unfinished(self)
        return self

    @available_if(_goes_on)  # type: ignore[untyped-decorator]
    @exclusive("sklearn.base.clone(model)")
    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Train for one more epoch on the given rows; only for variant "plain".

        Parameters
        ----------
        X : array, sparse matrix or table of shape (n_samples, n_features)
        y : array of shape (n_samples,)
        classes : array of shape (n_classes,), optional
            All possible classes; required in the first call, and must be the same if given again.
        sample_weight : array of shape (n_samples,), optional

        Returns
        -------
        self

        Raises
        ------
        InvalidParameterError, InvalidSettingError
            If parameters are wrong, or the first call has ``early_stopping`` or ``class_weight="balanced"``, which need all
            rows at once.
        DataError
            If classes are missing or differ from earlier ones, or labels are not among them.
        BusyError
            If this estimator is already being fitted in another thread.
        """
        self._check_settings()
        first = not self.__sklearn_is_fitted__()
        X, y, weight, encoding = self._checked(X, y, sample_weight, classes=classes, first=first, incremental=True)
        encoded, rng = encoding.encode(y), check_random_state(self.random_state)
        weights = class_weights(self.class_weight, encoding, encoded) if self.class_weight != "balanced" else self._class_weights
        data = FitRows(X, encoded, weight, weights, np.arange(len(weight)), encoding)
        start = self._start(data, rng) if first else self._present()
        units = make_units(data, self._rule(X), start, self._unit_settings(1), None)
        so_far, t = (History(), 1.0) if first else (self.history_, self.t_)
        self._run(units, rng, Rows(X, encoded, weight), None)
        self._keep(units, data, t)
        self.history_ = History([*so_far, *(record | {"epoch": len(so_far) + 1} for record in self.history_)])
        self._verdict = LazyVerdict.missing("partial_fit saw only a part of the rows at a time")
        self.stop_reason_ = StopReason("max_epochs", "The single epoch of partial_fit was run.")
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        """``w·x + b``: for two classes (n_samples,), positive for the second; else (n_samples, n_classes).

        Parameters
        ----------
        X : array, sparse matrix or table of shape (n_samples, n_features)
        """
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=DTYPES, reset=False)
        scores: np.ndarray = _dense(X @ self.coef_.T) + self.intercept_
        return scores.ravel() if scores.shape[1] == 1 else scores

    def predict(self, X: Any) -> np.ndarray:
        """The label of each row, ndarray of shape (n_samples,); for two classes, the second if ``w·x + b > 0``.

        Parameters
        ----------
        X : array, sparse matrix or table of shape (n_samples, n_features)
        """
        scores = self.decision_function(X)
        labels: np.ndarray = self.classes_[choose(scores.reshape(len(scores), -1)).astype(np.int64).ravel()]
        return labels

    def plot(self, keys: str | Sequence[str] | None = None, *, log: bool = False, ax: Axes | None = None) -> Axes:
        """Plot the loss, or other ``keys`` of ``history_``; see :func:`lamina.plots.plot_history`. Needs the extra ``plot``."""
        axes: Axes = serve("Perceptron.plot", self, keys, log=log, ax=ax)
        return axes

    def sparsify(self) -> Self:
        """Make ``coef_`` a sparse matrix, which saves memory if an L1 penalty made most weights 0. Training can continue."""
        check_is_fitted(self)
        wants_array = get_config().get("sparse_interface") == "sparray"
        self.coef_ = sparse.csr_array(self.coef_) if wants_array else sparse.csr_matrix(self.coef_)
        return self

    def densify(self) -> Self:
        """Make ``coef_`` an array again."""
        check_is_fitted(self)
        self.coef_ = _dense(self.coef_)
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return "coef_" in vars(self)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def __getattr__(self, name: str) -> Any:
        # Not a property: code that lists the attributes, such as the HTML display, must not start linear programs.
        if name != "separability_" or "_verdict" not in vars(self):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        self.separability_: Separability = self._verdict.work_out(self.separability_time_s)
        return self.separability_

    def __getstate__(self) -> dict[str, Any]:
        """The attributes, without the rows of the fit."""
        state: dict[str, Any] = dict(super().__getstate__())
        state.pop(RUNNING, None)
        if "_verdict" in state:
            state["_verdict"] = LazyVerdict.missing("a copy or pickle does not hold the rows of the fit")
        return state

    def _check_settings(self) -> None:
        check_parameters(self.get_params(deep=False), _RULES, owner="Perceptron")
        if self.penalty is not None and self.variant != "plain":
            repair = "Use variant='plain', or penalty=None."
            rule = f"must be None with variant={self.variant!r}"
            raise InvalidSettingError(phrase("penalty", rule, self.penalty, repair=repair, owner="Perceptron"))

    def _checked(
        self, X: Any, y: Any, sample_weight: Any, *, classes: Any = None, first: bool = True, incremental: bool = False
    ) -> tuple[Any, np.ndarray, np.ndarray, LabelEncoding]:
        """Check rows, their labels and weights; return them with the label encoding."""
        dtype = DTYPES if first else self.coef_.dtype
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=dtype, order="C", reset=first)
        weight = check_row_weights(sample_weight, X.shape[0])
        y = column_or_1d(y, warn=True)
        if incremental:
            return X, y, weight, self._known_classes(y, classes, first)
        encoding = LabelEncoding.learn(y)
        present = encoding.classes[np.unique(encoding.encode(y)[weight > 0])]
        if len(present) < 2:
            rule = "must have two or more classes among the rows of positive weight, not one class"
            raise DataError(phrase("y", rule, present.tolist(), owner="Perceptron"))
        return X, y, weight, encoding

    def _known_classes(self, y: np.ndarray, classes: Any, first: bool) -> LabelEncoding:
        """The classes of all calls of ``partial_fit``."""
        if first and classes is None:
            raise DataError("classes must be passed on the first call to partial_fit, got None.")
        if first and (self.early_stopping or self.class_weight == "balanced"):
            name = "early_stopping" if self.early_stopping else "class_weight"
            repair = "Set it to False." if self.early_stopping else "Give a dict with the weight of each class."
            rule = "must not be used in partial_fit, which only sees part of the rows"
            raise InvalidSettingError(phrase(name, rule, getattr(self, name), repair=repair, owner="Perceptron"))
        known = LabelEncoding.learn(y, classes if first else self.classes_)
        if classes is not None and not np.array_equal(known.classes, np.unique(np.asarray(classes))):
            raise DataError(f"`classes={classes!r}` is not the same as on last call to partial_fit, was: {known.classes!r}.")
        if known.num_classes < 2:
            raise DataError(phrase("classes", "must name two or more classes", known.classes.tolist(), owner="Perceptron"))
        return known

    def _checked_validation(self, X_val: Any, y_val: Any, encoding: LabelEncoding) -> Rows | None:
        if (X_val is None) != (y_val is None):
            raise DataError("fit: X_val and y_val must be given together, got only one of them.")
        if X_val is None:
            return None
        X_val, y_val = validate_data(self, X_val, y_val, accept_sparse="csr", dtype=DTYPES, reset=False)
        return Rows(X_val, encoding.encode(y_val), None)

    def _rule(self, X: Any) -> PerceptronRule:
        bias_rate = (self.sparse_intercept_rate if sparse.issparse(X) else 1.0) if self.fit_intercept else 0.0
        alpha = 0.0 if self.penalty is None else float(self.alpha)
        return PerceptronRule(float(self.eta0), bias_rate, alpha, float(_L1_RATIOS.get(self.penalty, self.l1_ratio)))

    def _unit_settings(self, max_epochs: int) -> dict[str, Any]:
        tol = None if self.tol is None else float(self.tol)
        stopping = Stopping(tol, int(self.n_iter_no_change), max_epochs)
        return {"variant": self.variant, "stopping": stopping, "engine": self.engine}

    def _learned_html(self) -> list[str]:
        """How the training ended, and its losses; whether the classes can be separated is not worked out for a look."""
        if not self.__sklearn_is_fitted__():
            return []
        from lamina.training.history_html import loss_figure  # few perceptrons are looked at

        course = f"Trained for {counted(len(self.history_), 'epoch')}. {self.stop_reason_.text}"
        return [paragraph(course), loss_figure(list(self.history_))]

    def _split_settings(self) -> tuple[float, Any] | None:
        return (float(self.validation_fraction), self.random_state) if self.early_stopping else None

    def _start(self, data: FitRows, rng: np.random.RandomState, coef_init: Any = None, intercept_init: Any = None) -> np.ndarray:
        """Initial weights (units, d + 1)."""
        if self.warm_start and self.__sklearn_is_fitted__():
            coef_init = _dense(self.coef_) if coef_init is None else coef_init
            intercept_init = self.intercept_ if intercept_init is None else intercept_init
        return started_weights(data, self.weight_init, rng, coef_init, intercept_init)

    def _present(self) -> np.ndarray:
        return np.column_stack([_dense(self.coef_), self.intercept_]).astype(np.float64)

    def _run(self, units: Sequence[ThresholdUnit], rng: np.random.RandomState, train: Rows, validation: Rows | None) -> None:
        from joblib import effective_n_jobs  # a dependency of scikit-learn

        seed = int(rng.randint(2**31 - 1)) if self.shuffle else None
        watched = self.variant != "plain" or validation is not None or self.verbose
        watch = Watch(train, validation, print_epoch if self.verbose else None) if watched else None
        num_threads = 1 if self.n_jobs == 1 else min(len(units), int(effective_n_jobs(self.n_jobs)))
        self.history_ = run_epochs(units, seed, watch=watch, num_threads=num_threads)

    def _keep(self, units: Sequence[ThresholdUnit], data: FitRows, t: float) -> None:
        """Set the fitted attributes."""
        kept = np.array([unit.kept for unit in units])
        self.__dict__.pop("separability_", None)
        self.classes_, self._class_weights = data.encoding.classes, data.class_weights
        self.coef_, self.intercept_ = (part.astype(data.X.dtype) for part in (kept[:, :-1], kept[:, -1]))
        self.n_iter_ = len(self.history_)
        self.t_ = t + self.n_iter_ * len(data.encoded)
