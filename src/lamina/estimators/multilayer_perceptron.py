"""The base class of the classifier and the regressor: their parameters, and the steps of a fit."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple, Self

import numpy as np
from sklearn.utils import check_random_state

from lamina.errors import DataError, InvalidSettingError, phrase
from lamina.estimators import fitting
from lamina.estimators.fitted import FittedNetwork, adopt, fit_of
from lamina.estimators.given_data import checked_weights
from lamina.estimators.nested_settings import NestedSettings
from lamina.estimators.parameters import Parameters
from lamina.estimators.rows import Rows
from lamina.estimators.target import Target, kind_of_target
from lamina.training.callbacks.callback import list_of_callbacks
from lamina.training.exclusive import exclusive
from lamina.training.interrupts import Interrupts

__all__ = ["MultilayerPerceptron", "fit_from", "fit_from_blocks"]


class Judges(NamedTuple):
    """What may determine the validation rows: separate ones with their weights, or groups of the training rows."""

    X: Any = None
    y: Any = None
    weight: Any = None
    groups: Any = None


class MultilayerPerceptron(NestedSettings, Parameters, FittedNetwork, ABC):
    """Base class of :class:`MLPClassifier` and :class:`MLPRegressor`, which define how their data are read."""

    @abstractmethod
    def _read(self, X: Any, y: Any, reset: bool) -> tuple[Any, np.ndarray]:
        """X and y as checked arrays."""

    @exclusive("sklearn.base.clone(model)")
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
        groups: Any = None,
    ) -> Self:
        """Train on rows and their targets.

        Parameters
        ----------
        X : array, sparse matrix or table of shape (n_samples, n_features)
            Float32 stays float32; anything else becomes float64.
        y : array of shape (n_samples,) or (n_samples, n_outputs)
            Class labels, or numbers.
        sample_weight : array of shape (n_samples,), optional
            Weights of the rows, >= 0.
        X_val, y_val : optional
            Validation rows. Their loss is ``validation_loss_curve_``; with ``early_stopping=True`` they decide when to stop,
            and no row of X is held out. In a ``Pipeline(..., transform_input=["X_val"])`` the fitted steps transform them too,
            if they were requested with ``set_fit_request(X_val=True, y_val=True)``.
        sample_weight_val : array of shape (n_validation_samples,), optional
            Weights of the validation rows, >= 0.
        groups : array of shape (n_samples,), optional
            For a ``validation_split`` that keeps groups together.

        Returns
        -------
        self

        Raises
        ------
        InvalidParameterError
            If parameters are wrong or contradict each other; the message names all of them.
        DataError
            If X, y or the weights cannot be used, or all training or all validation rows have weight 0; with ``warm_start``, if y
            is of another kind than before.
        BusyError
            If this estimator is already being fitted, in another thread or by one of its callbacks.
        NonFiniteError
            If a number becomes NaN or infinite in the first epoch.

        Warns
        -----
        ConvergenceWarning
            If ``max_iter`` was reached.
        TrainingWarning
            If training diverged; the best weights so far are kept. If no gradient can reach some weights, because an activation
            is flat everywhere ("step"); that is said before training.

        Notes
        -----
        Warnings point at the line that called ``fit``, even through pipelines and searches. Those that scikit-learn's estimators
        also give are given in its name, so that filters with ``module="sklearn"`` apply to them.
        """
        parameters = fitting.checked_parameters(self)
        earlier = self._last_fit if parameters.warm_start else None
        known = None if earlier is None else earlier.target
        learn = partial(kind_of_target(parameters).learn, parameters=parameters, known=known)
        judges = Judges(X_val, y_val, sample_weight_val, groups)
        rows, target = self._rows(X, y, sample_weight, learn, reset=earlier is None)
        return self._train(parameters, target, rows, judges, earlier)

    def __copy__(self) -> Self:
        """A copy that shares the parameters but nothing learned: training it further does not change this estimator."""
        shared = [*self.get_params(deep=False).values(), *list_of_callbacks(self.callbacks)]
        return copy.deepcopy(self, {id(part): part for part in shared})

    def _rows(
        self, X: Any, y: Any, sample_weight: Any, learn: Callable[[np.ndarray], Target], *, reset: bool
    ) -> tuple[Rows, Target]:
        """The checked rows, and the target that ``learn`` returns for y."""
        X, y = self._read(X, y, reset)
        weight = checked_weights(self, sample_weight, X)
        target = learn(y)
        truth = target.encode(y)
        return Rows(X, truth, target.row_weights(truth, weight)), target

    def _split(self, parameters: Parameters, target: Target, rows: Rows, judges: Judges, seed: int) -> tuple[Rows, Rows | None]:
        """The training rows, and the validation rows: the user's, or held-out ones, or none."""
        X_val, y_val, weight_val, groups = judges
        if (X_val is None) != (y_val is None):
            raise DataError("fit: X_val and y_val must be given together, got only one of them.")
        if X_val is None and weight_val is not None:
            raise DataError("fit: sample_weight_val must be given with X_val and y_val, got it alone.")
        if X_val is None:
            train, validation = fitting.set_aside(rows, parameters, target, groups, seed)
        elif parameters.validation_split is not None or groups is not None:
            raise DataError("fit: X_val must not be given together with validation_split or groups. Choose one of them.")
        else:
            X_val, y_val = self._read(X_val, y_val, reset=False)
            truth = target.encode(y_val)
            weight = target.row_weights(truth, checked_weights(self, weight_val, X_val))
            train, validation = rows, Rows(X_val, truth, weight)
        fitting.check_weights(train, validation, owner=type(self).__name__)
        return train, validation

    def _train(self, parameters: Parameters, target: Target, rows: Rows, judges: Judges, earlier: fitting.Fit | None) -> Self:
        """Run a complete fit, from the weights of an ``earlier`` one if given."""
        # Ctrl-C is deferred until the model is complete.
        with Interrupts() as interrupts:
            train_all = self._train_restarts if parameters.n_restarts > 1 else self._train_once
            fit, table = train_all(parameters, target, rows, judges, earlier)
            adopt(self, fit, table)
        return self._end(fit, interrupts.count, single_epoch=False)

    def _train_once(
        self, parameters: Parameters, target: Target, rows: Rows, judges: Judges, earlier: fitting.Fit | None
    ) -> tuple[fitting.Fit, fitting.Restarts]:
        owner = type(self).__name__
        start = fitting.start_for(parameters, target, rows.X, earlier, owner=owner)
        train, validation = self._split(parameters, target, rows, judges, start.split_seed)
        fit = fitting.train(parameters, target, train, validation, start, owner=owner)
        return fit, fitting.single_start(fit)

    def _train_blocks(
        self, parameters: Parameters, target: Target, sample: Rows, judges: Judges, source: fitting.RowBlocks
    ) -> Self:
        """Run a complete fit on rows that come in blocks."""
        owner = type(self).__name__
        if parameters.n_restarts > 1:
            rule, repair = "must be 1 where rows come in blocks", "Choose another random_state for another start."
            raise InvalidSettingError(phrase("n_restarts", rule, parameters.n_restarts, repair=repair, owner=owner))
        with Interrupts() as interrupts:
            start = fitting.start_for(parameters, target, sample.X, owner=owner)
            _, validation = self._split(parameters, target, sample, judges, start.split_seed)
            fit = fitting.train(parameters, target, sample, validation, start, owner=owner, source=source)
            adopt(self, fit, fitting.single_start(fit))
        return self._end(fit, interrupts.count, single_epoch=False)

    def _train_restarts(
        self, parameters: Parameters, target: Target, rows: Rows, judges: Judges, earlier: fitting.Fit | None
    ) -> tuple[fitting.Fit, fitting.Restarts]:
        """Run several fits from different weights; none continues from an earlier fit."""
        rng = check_random_state(parameters.random_state)
        seeds = rng.randint(2**31 - 1, size=parameters.n_restarts).tolist()
        train, validation = self._split(parameters, target, rows, judges, fitting.draw_seed(rng))
        return fitting.fit_restarts(parameters, target, train, validation, seeds, owner=type(self).__name__)

    def _train_epoch(self, X: Any, y: Any, sample_weight: Any, classes: Any = None) -> Self:
        """Run one epoch that continues with the current weights, optimizer state and random numbers."""
        fit, owner = self._last_fit, type(self).__name__
        parameters = fitting.checked_parameters(self) if fit is None or self._differs_from(fit.parameters) else fit.parameters
        fitting.check_goes_by_epochs(parameters, owner=owner)
        known = None if fit is None else fit.target
        learn = partial(kind_of_target(parameters).learn_part, parameters=parameters, known=known, classes=classes)
        rows, target = self._rows(X, y, sample_weight, learn, reset=fit is None)
        with Interrupts() as interrupts:
            if fit is None:
                start = fitting.start_for(parameters, target, rows.X, None, owner=owner)
                train, validation = self._split(parameters, target, rows, Judges(), start.split_seed)
                fit = fitting.prepare(parameters, target, start.on(train), len(train), owner=owner)
            else:
                train, validation = self._split(parameters, target, rows, Judges(), fit.split_seed)
                fit.go_on(parameters, target)
            fitting.run(fit, train, validation, single_epoch=True)
            adopt(self, fit, fitting.single_start(fit))
        return self._end(fit, interrupts.count, single_epoch=True)

    def _differs_from(self, parameters: Parameters) -> bool:
        """Whether a parameter was replaced since the last check; this saves partial_fit the checks, a fifth of its time."""
        return any(getattr(self, name) is not given for name, given in vars(parameters).items())

    def _end(self, fit: fitting.Fit, interruptions: int, *, single_epoch: bool) -> Self:
        """Raise or warn about how the run ended, now that the model is complete."""
        raised, fit.raised = fit.raised, None
        if raised is not None and not isinstance(raised, KeyboardInterrupt):
            raise raised
        interrupted = interruptions > 0 or raised is not None or fit.stop_reason.code == "interrupted"
        if interrupted and fit.parameters.on_interrupt == "raise":
            raise KeyboardInterrupt
        fitting.report_outcome(fit, single_epoch=single_epoch, interrupted=interrupted)
        return self


def fit_from(
    estimator: MultilayerPerceptron,
    earlier: MultilayerPerceptron,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    X_val: Any = None,
    y_val: Any = None,
    sample_weight_val: Any = None,
) -> None:
    """Fit an estimator from the weights of another one, which stays as it is, on rows that may lack some of its classes.

    Only weights and target are taken over: the curves, the random numbers and the optimizer begin anew, so that a model from a
    file goes on as the one that was saved.
    """
    parameters = fitting.checked_parameters(estimator)
    known = fit_of(earlier)
    fresh = replace(known, rng=check_random_state(parameters.random_state), curves=fitting.Curves.empty(scores=False))
    learn = partial(kind_of_target(parameters).learn_part, parameters=parameters, known=known.target, classes=None)
    rows, target = estimator._rows(X, y, sample_weight, learn, reset=True)
    estimator._train(parameters, target, rows, Judges(X_val, y_val, sample_weight_val), fresh)


def fit_from_blocks(
    estimator: MultilayerPerceptron,
    source: fitting.RowBlocks,
    X: Any,
    y: Any,
    *,
    classes: Any = None,
    X_val: Any = None,
    y_val: Any = None,
    sample_weight_val: Any = None,
) -> None:
    """Fit an estimator to rows that come in blocks.

    Parameters
    ----------
    estimator : MultilayerPerceptron
    source : RowBlocks
    X, y
        Some of its rows: what is drawn and chosen before the first step, such as bins, follows from them.
    classes : array of shape (classes,), optional
        All labels, of a classifier.
    X_val, y_val, sample_weight_val : optional
        Validation rows, as for ``fit``.
    """
    parameters = fitting.checked_parameters(estimator)
    learn = partial(kind_of_target(parameters).learn_part, parameters=parameters, known=None, classes=classes)
    sample, target = estimator._rows(X, y, None, learn, reset=True)
    estimator._train_blocks(parameters, target, sample, Judges(X_val, y_val, sample_weight_val), source)
