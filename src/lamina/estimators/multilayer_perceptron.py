"""What the classifier and the regressor have in common: the course of a fit, and everything that a fitted model shows."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from sklearn.utils import check_random_state

from lamina import training
from lamina.caller import SCIKIT_LEARN_MODULE, warn_caller
from lamina.errors import DataError, FileError, NonFiniteError, ShapeError, phrase, shown
from lamina.estimators import fitting
from lamina.estimators.fitted import FittedNetwork
from lamina.estimators.given_data import checked_weights
from lamina.estimators.nested_settings import nested_settings, split_nested, with_settings
from lamina.estimators.parameters import ActivationParameter, HiddenLayerSizes, SharedParameters
from lamina.estimators.rows import Rows
from lamina.estimators.solver import changes_rate_by_epoch, is_stochastic
from lamina.training.callbacks.callback import list_of_callbacks
from lamina.training.exclusive import exclusive
from lamina.training.interrupts import Interrupts

if TYPE_CHECKING:
    from lamina.losses import Loss
    from lamina.network import Network
    from lamina.training import Callback, StopReason, Trainer

__all__ = ["MultilayerPerceptron"]


class MultilayerPerceptron(SharedParameters, FittedNetwork, ABC):
    """Base of :class:`MLPClassifier` and :class:`MLPRegressor`. Subclasses say what a target is, and what a score."""

    _family: ClassVar[str]

    hidden_layer_sizes: HiddenLayerSizes
    activation: ActivationParameter
    loss: str | Loss | Callable[..., Any]

    n_features_in_: int
    n_iter_: int
    t_: int
    n_outputs_: int
    out_activation_: str
    loss_: float
    best_loss_: float | None
    loss_curve_: list[float]
    validation_scores_: list[float] | None
    best_validation_score_: float | None
    validation_loss_curve_: list[float] | None
    stop_reason_: StopReason
    restarts_: fitting.Restarts

    _rule: fitting.StoppingRule
    _checked_parameters: dict[str, Any]
    _rng: np.random.RandomState
    _split_seed: int
    _no_improvement_count: int

    # What a subclass says

    @abstractmethod
    def _validated(self, X: Any, y: Any, reset: bool) -> tuple[Any, np.ndarray]:
        """X and y as arrays."""

    @abstractmethod
    def _learn_target(self, y: np.ndarray, first: bool, incremental: bool) -> None:
        """Learn from ``y`` what the target is, and refuse a ``y`` that contradicts what was learnt before."""

    @abstractmethod
    def _truth(self, y: np.ndarray) -> np.ndarray:
        """``y`` as numbers, of shape (n, k)."""

    @abstractmethod
    def _targets(self, truth: np.ndarray, dtype: np.dtype) -> np.ndarray:
        """What the loss is to compare logits with."""

    @abstractmethod
    def _objective(self) -> tuple[Loss, int, str]:
        """The loss, the number of logits, and the name of the output's activation."""

    @abstractmethod
    def _score_of(self, truth: np.ndarray, predicted: np.ndarray, weight: np.ndarray | None) -> float:
        """The score of what the loss predicts from logits; NaN when it is not finite."""

    @abstractmethod
    def _objective_function(self, chosen: Any) -> Callable[[Any, Any], float]:
        """The score with a name, or the user's function of y and predictions, as a function of targets and predictions."""

    @abstractmethod
    def _target_state(self) -> dict[str, Any]:
        """What was learnt of the target, as JSON can hold it."""

    @abstractmethod
    def _load_target_state(self, state: Mapping[str, Any]) -> None:
        """Take back what :meth:`_target_state` gave."""

    def _row_weights(self, truth: np.ndarray, weight: np.ndarray | None) -> np.ndarray | None:
        """Weights of the rows, once those of their classes are counted in."""
        return weight

    def _strata(self, truth: np.ndarray) -> np.ndarray | None:
        """What the validation rows must have in the same shares as the others."""
        return None

    # The course of a fit

    @exclusive("sklearn.base.clone(model)")
    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, X_val: Any = None, y_val: Any = None, groups: Any = None) -> Self:
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
            Validation rows of your own. Their loss is ``validation_loss_curve_``; with ``early_stopping=True`` they decide
            when to stop, and no row of X is set aside. In a ``Pipeline(..., transform_input=["X_val"])`` the fitted steps
            transform them too, once ``set_fit_request(X_val=True, y_val=True)`` asks for them.
        groups : array of shape (n_samples,), optional
            For a ``validation_split`` that keeps groups together.

        Returns
        -------
        self

        Raises
        ------
        InvalidParameterError
            If parameters are wrong or contradict each other; all of them are named.
        DataError
            If X, y or the weights cannot be used, or all rows to train or to validate on have weight 0; with ``warm_start``, if y
            is of another kind than before.
        BusyError
            If this estimator is being fitted already, in another thread or by one of its callbacks.
        NonFiniteError
            If the very first epoch makes weights that are no finite numbers.

        Warns
        -----
        ConvergenceWarning
            If ``max_iter`` was reached.
        TrainingWarning
            If training diverged; the best weights so far are kept.

        Notes
        -----
        Warnings point at the line that called ``fit``, through pipelines and searches. Those that scikit-learn's estimators give
        too are given in its name, so that filters with ``module="sklearn"`` act on them.
        """
        self._check_parameters()
        first = not (self.warm_start and self.__sklearn_is_fitted__())
        return self._fit(X, y, sample_weight, (X_val, y_val, groups), first=first)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """All parameters by name.

        Parameters
        ----------
        deep : bool, default=True
            With the settings of the objects among them, such as ``optimizer__learning_rate``.

        Returns
        -------
        dict
        """
        parameters: dict[str, Any] = super().get_params(deep=deep)
        if deep:
            for name, given in list(parameters.items()):
                parameters |= nested_settings(name, given)
        return parameters

    def set_params(self, **params: Any) -> Self:
        """Set parameters by name; ``optimizer__learning_rate=0.1`` puts an optimizer with that rate in place of the present one.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter is unknown.
        InvalidSettingError
            If the parameter before the ``__`` is no object with settings, or has no such setting. Nothing is changed then.
        """
        plain, nested = split_nested(params, [field.name for field in fields(self) if field.init])
        owner = type(self).__name__
        for name, changes in nested.items():
            plain[name] = with_settings(name, plain.get(name, getattr(self, name)), changes, owner=owner)
        super().set_params(**plain)
        return self

    def __copy__(self) -> Self:
        """Shares the parameters, and nothing that was learnt: trained further, it leaves this one as it is."""
        shared = [*self.get_params(deep=False).values(), *list_of_callbacks(self.callbacks)]
        return copy.deepcopy(self, {id(part): part for part in shared})

    def _check_parameters(self) -> None:
        # not get_params, which inspects a signature for longer than all the checks take
        parameters = {field.name: getattr(self, field.name) for field in fields(self) if field.init}
        fitting.check_estimator_parameters(parameters, self._family, type(self).__name__)
        self._checked_parameters = parameters

    def _parameters_changed(self) -> bool:
        """Whether any is another object than when they were checked: for partial_fit, of which the checks would be a fifth."""
        checked = vars(self).get("_checked_parameters")
        return checked is None or any(getattr(self, name) is not given for name, given in checked.items())

    def _fit(
        self, X: Any, y: Any, sample_weight: Any, judges: tuple[Any, Any, Any], *, first: bool, incremental: bool = False
    ) -> Self:
        """``judges`` are X_val, y_val and groups."""
        rows = self._rows(X, y, sample_weight, first, incremental)
        # Ctrl-C is put off until the model is whole.
        raised: BaseException | None = None
        with Interrupts() as interrupts:
            if first:
                self._begin()
            if self.n_restarts > 1 and not incremental:
                seeds = [int(seed) for seed in self._rng.randint(2**31 - 1, size=self.n_restarts)]
                self._split_seed = int(self._rng.randint(2**31 - 1))
                raised = fitting.fit_restarts(self, seeds, *self._split(rows, *judges))
            else:
                raised = self._fit_once(rows, judges, first, incremental)
        if raised is not None and not isinstance(raised, KeyboardInterrupt):
            raise raised
        interrupted = interrupts.count > 0 or raised is not None or self.stop_reason_.code == "interrupted"
        if interrupted and self.on_interrupt == "raise":
            raise KeyboardInterrupt
        fitting.report_outcome(self, incremental, interrupted)
        return self

    def _fit_once(self, rows: Rows, judges: tuple[Any, Any, Any], first: bool, incremental: bool) -> BaseException | None:
        """What is to be raised now that the model is whole, if there is such."""
        if first or not incremental:
            network, weights = self._start(rows.X, first)
        train, validation = self._split(rows, *judges)
        trainer = self._new_trainer(network, weights, len(train)) if first or not incremental else self._trainer
        raised = self._run(trainer, train, validation, incremental)
        self._trainer = trainer
        self.restarts_ = fitting.single_start(self)
        return raised

    def _partial_fit(self, X: Any, y: Any, sample_weight: Any) -> Self:
        """One epoch; goes on with the present weights, optimizer state and random numbers."""
        fitted = self.__sklearn_is_fitted__()
        if not fitted or self._parameters_changed():
            self._check_parameters()
        if self.early_stopping:
            raise DataError("partial_fit does not support early_stopping=True. Use fit, which can set validation rows aside.")
        if self.n_restarts > 1:
            rule = "must be 1 for partial_fit, which goes on with the weights that are there"
            raise DataError(phrase("n_restarts", rule, self.n_restarts, repair="Use fit.", owner=type(self).__name__))
        if any(isinstance(callback, training.Checkpoint) for callback in list_of_callbacks(self.callbacks)):
            rule = "must hold no Checkpoint for partial_fit, which knows the rows of one call only"
            raise DataError(phrase("callbacks", rule, self.callbacks, repair="Pickle the estimator.", owner=type(self).__name__))
        return self._fit(X, y, sample_weight, (None, None, None), first=not fitted, incremental=True)

    def _rows(self, X: Any, y: Any, sample_weight: Any, first: bool, incremental: bool) -> Rows:
        X, y = self._validated(X, y, reset=first)
        weight = checked_weights(self, sample_weight, X)
        self._learn_target(y, first, incremental)
        truth = self._truth(y)
        return Rows(X, truth, self._row_weights(truth, weight))

    def _begin(self) -> None:
        """Forget an earlier fit."""
        self._rng = check_random_state(self.random_state)
        self._rule = fitting.StoppingRule(self)
        self.t_ = 0
        self._no_improvement_count = 0
        self.loss_curve_ = []
        self.best_loss_ = None if self._stops_early else np.inf
        self.validation_scores_ = [] if self._stops_early else None
        self.best_validation_score_ = -np.inf if self._stops_early else None
        self.validation_loss_curve_ = None

    def _watch(self, train: Rows, validation: Rows | None, stops: bool) -> None:
        """Tell the stopping rule what to watch; a warm start may watch other numbers than the fit before."""
        if self._stops_early:
            self.validation_scores_ = self.validation_scores_ or []
            self.best_loss_ = None
        if validation is not None:
            self.validation_loss_curve_ = self.validation_loss_curve_ or []
        self._rule.prepare(len(train), validation if self._stops_early else None, stops)

    @property
    def _stops_early(self) -> bool:
        return bool(self.early_stopping) and is_stochastic(self)

    def _start(self, X: Any, first: bool) -> tuple[Network, tuple[np.ndarray, np.ndarray]]:
        """The network and the weights to start from: new ones, or those of the last fit.

        The first weights are drawn before everything else, as scikit-learn does: from equal seeds both start at the same point.
        """
        network = fitting.build_network(self, X.shape[1], self._objective()[1])
        if first:
            weights = network.initialize(self._rng, X.dtype)
            self._split_seed = int(self._rng.randint(2**31 - 1))
            return network, weights
        executor = self._trainer.executor
        came, expected = ([p.shape for p in parameters] for parameters in (network.parameters, executor.program.parameters))
        if came != expected:
            repair = "Set warm_start=False to begin anew."
            rule = f"must keep the shapes {expected} of the fitted model"
            raise ShapeError(phrase("the network's parameters", rule, came, repair=repair, owner=type(self).__name__))
        return network, executor.snapshot()[:2]

    def _split(self, rows: Rows, X_val: Any, y_val: Any, groups: Any) -> tuple[Rows, Rows | None]:
        """Rows to train on, and rows to validate on: the user's, or some set aside, or none."""
        train, validation = self._divided(rows, X_val, y_val, groups)
        fitting.check_weights(train, validation, owner=type(self).__name__)
        return train, validation

    def _divided(self, rows: Rows, X_val: Any, y_val: Any, groups: Any) -> tuple[Rows, Rows | None]:
        if (X_val is None) != (y_val is None):
            raise DataError("fit: X_val and y_val must be given together, got only one of them.")
        if X_val is not None:
            if self.validation_split is not None or groups is not None:
                raise DataError("fit: X_val must not be given beside validation_split or groups. Choose one of them.")
            X_val, y_val = self._validated(X_val, y_val, reset=False)
            truth = self._truth(y_val)
            return rows, Rows(X_val, truth, self._row_weights(truth, None))
        if self.validation_split is not None or groups is not None:
            return fitting.split_rows(rows, self.validation_split, groups)
        if not self._stops_early:
            return rows, None
        return fitting.hold_out(rows, self.validation_fraction, self._split_seed, self._strata(rows.truth))

    def _new_trainer(self, network: Network, weights: tuple[np.ndarray, np.ndarray], num_rows: int) -> Trainer:
        """A trainer as the parameters say, with a fresh optimizer, at the given weights."""
        return training.Trainer(
            network,
            self._objective()[0],
            fitting.build_optimizer(self),
            batch_size=self._batch_size(num_rows),
            schedule=fitting.build_schedule(self, "validation_score" if self._stops_early else "loss"),
            clipping=fitting.build_clipping(self),
            callbacks=self._trainer_callbacks(),
            metrics={"score": self._rule.validation_score} if self._stops_early else None,
            seed=int(self._rng.randint(2**31 - 1)),
            dtype=weights[0].dtype.name,
            shuffle=bool(self.shuffle),
            engine=self.engine,
            n_threads=self.n_threads,
            penalty_per_row=self.network is None,
            on_interrupt="return",
            initial_weights=weights,
        )

    def _trainer_callbacks(self) -> list[Callback]:
        limit = [] if self.max_time is None else [training.TimeLimit(self.max_time)]
        rate = [fitting.SgdRate(self.learning_rate_init, self)] if changes_rate_by_epoch(self) else []
        return [self._rule, *rate, *list_of_callbacks(self.callbacks), *limit]

    def _batch_size(self, num_rows: int) -> int | None:
        if isinstance(self.batch_size, str):
            return 200 if is_stochastic(self) else None
        if self.batch_size > num_rows and is_stochastic(self):
            owner = type(self).__name__
            text = f"{owner}: batch_size {shown(self.batch_size)} is larger than the {num_rows} rows, and is going to be clipped."
            text = f"{text} Set batch_size='auto' to silence this."
            warn_caller(text, UserWarning, module=SCIKIT_LEARN_MODULE)
        return int(self.batch_size)

    def _validation_loss(self, validation: Rows) -> float:
        """The loss of the validation rows at the present weights, without the penalty."""
        targets = self._targets(validation.truth, self._trainer.executor.dtype)
        return self._trainer.evaluate(validation.X, targets, validation.weight)["loss"]

    def _run(self, trainer: Trainer, train: Rows, validation: Rows | None, incremental: bool) -> BaseException | None:
        """Train, and take note of how it ended; returns what was raised after all was learned, as a warning that is an error."""
        dtype = trainer.executor.dtype
        _, self.n_outputs_, self.out_activation_ = self._objective()
        self.n_iter_ = 0
        data = None
        if validation is not None:
            data = (validation.X, self._targets(validation.truth, dtype), validation.weight)
        self._watch(train, validation, stops=is_stochastic(self) and not incremental)
        targets = self._targets(train.truth, dtype)
        epochs = 1 if incremental else int(self.max_iter)
        raised: BaseException | None = None
        try:
            trainer.fit(
                train.X, targets, sample_weight=train.weight, validation_data=data, max_epochs=epochs, final_check=not incremental
            )
        except NonFiniteError as error:
            raise NonFiniteError(f"{fitting.DIVERGED} {error}") from error
        except (FileError, KeyboardInterrupt, training.TrainingWarning) as error:
            if trainer.stop_reason is None:
                raise
            raised = error
        self._rule.prepare()
        if trainer.stop_reason is not None and trainer.stop_reason.code == "interrupted" and not trainer.epoch:
            raise KeyboardInterrupt  # nothing was learned: an earlier fit's model stays
        self.stop_reason_ = trainer.stop_reason or training.StopReason("max_epochs")
        return raised
