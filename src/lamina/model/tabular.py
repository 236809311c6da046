"""The base class of the estimators of whole tables: their parameters, and a fit."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, TypeAlias

import numpy as np
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import check_is_fitted

from lamina.caller import warn_caller
from lamina.data import Target, Task, target_column
from lamina.data.arrow_tables import Columns
from lamina.data.row import Row
from lamina.data.target import TargetColumn
from lamina.errors import DataError, phrase
from lamina.estimators.given_data import refusals_as_ours
from lamina.estimators.row_weights import check_row_weights
from lamina.model.fitted_table import FittedTable
from lamina.model.given_table import (
    GivenColumns,
    check_no_missing,
    given_column,
    given_columns,
    in_label_order,
    known_columns,
    known_rows,
    learn_target,
    without_rows,
)
from lamina.model.model_file import save_model
from lamina.model.setting_words import Words, setting_words
from lamina.model.table_fit import Given, Prepared, encoder_for, prepare, train
from lamina.model.table_model import TableModel
from lamina.model.table_settings import (
    EncodingSettings,
    NetworkSettings,
    OptimizationSettings,
    RunSettings,
    StoppingSettings,
    TableSettings,
)
from lamina.model.tabular_documentation import OWN_NAMES
from lamina.training import Callback, Progress
from lamina.training.callbacks.callback import list_of_callbacks
from lamina.training.exclusive import exclusive
from lamina.training.interrupts import Interrupts
from lamina.validation import (
    Rule,
    boolean,
    check_parameters,
    choice,
    instance,
    integer,
    mapping_of,
    number,
    one_of,
    sequence_of,
    text,
    value,
)

if TYPE_CHECKING:
    from lamina.activations import Activation
    from lamina.initializers import Initializer
    from lamina.losses import Loss
    from lamina.optimizers import Optimizer
    from lamina.schedules import Schedule

__all__ = ["Tabular"]

_Numbers: TypeAlias = float | Sequence[float] | None

_FEWEST_ROWS = 2
_RULES: dict[str, Rule] = {
    "random_state": one_of(value(None), integer(0, 2**32 - 1), instance(np.random.RandomState)),
    "batch_size": one_of(value(None), integer(1)),
    "validation": number(0, 1, "left"),
    "callbacks": one_of(instance(Callback), sequence_of(instance(Callback))),
    "verbose": boolean(),
    "on_interrupt": choice(("raise", "return")),
    "kinds": one_of(mapping_of(text()), text(), sequence_of(text())),
    "missing": one_of(text(), sequence_of(text())),
}


@dataclass(eq=False, repr=False, kw_only=True)
class Tabular(FittedTable, ABC):
    """Base class of :class:`TabularClassifier` and :class:`TabularRegressor`.

    The parameters are the settings of :class:`~lamina.model.TableSettings`, which has their defaults, and a few of an
    estimator's own.
    """

    hidden: int | Sequence[int] = NetworkSettings.hidden
    activation: str | Activation | Sequence[str | Activation] = NetworkSettings.activation
    dropout: _Numbers = NetworkSettings.dropout
    input_dropout: float = NetworkSettings.input_dropout
    batch_norm: bool = NetworkSettings.batch_norm
    layer_norm: bool = NetworkSettings.layer_norm
    norm_position: Literal["before", "after"] = NetworkSettings.norm_position
    weight_init: str | Initializer = NetworkSettings.weight_init
    bias_init: str | Initializer = NetworkSettings.bias_init

    loss: str | Loss | Callable[..., Any] | None = OptimizationSettings.loss
    optimizer: str | Optimizer = OptimizationSettings.optimizer
    objective: str | Callable[..., float] | None = OptimizationSettings.objective
    learning_rate: float = OptimizationSettings.learning_rate
    schedule: str | Schedule | Callable[[int], float] = OptimizationSettings.schedule
    batch_size: int | None = OptimizationSettings.batch_size
    momentum: float = OptimizationSettings.momentum
    beta1: float = OptimizationSettings.beta1
    beta2: float = OptimizationSettings.beta2
    eps: float = OptimizationSettings.eps
    weight_decay: float | None = OptimizationSettings.weight_decay
    alpha: float = OptimizationSettings.alpha
    l1_ratio: float = OptimizationSettings.l1_ratio
    max_norm: float | None = OptimizationSettings.max_norm
    clip_value: _Numbers = OptimizationSettings.clip_value
    clip_norm: float | None = OptimizationSettings.clip_norm
    clip_layer_norm: float | None = OptimizationSettings.clip_layer_norm
    shuffle: bool = OptimizationSettings.shuffle

    max_epochs: int = StoppingSettings.max_epochs
    patience: int = StoppingSettings.patience
    tol: float = StoppingSettings.tol
    eval_metric: str = StoppingSettings.eval_metric
    max_time: float | None = StoppingSettings.max_time
    target_loss: float | None = StoppingSettings.target_loss
    gradient_tol: float | None = StoppingSettings.gradient_tol

    kinds: Mapping[str, str] | str | Sequence[str] = EncodingSettings.kinds
    decimal: str | None = EncodingSettings.decimal
    thousands: str | None = EncodingSettings.thousands
    dayfirst: bool | None = EncodingSettings.dayfirst
    missing: str | Sequence[str] = EncodingSettings.missing
    fold_case: bool = EncodingSettings.fold_case
    on_error: Literal["fail", "missing"] = EncodingSettings.on_error
    scaling: Literal["robust", "standard"] = EncodingSettings.scaling
    min_count: int = EncodingSettings.min_count
    max_categories: int = EncodingSettings.max_categories

    random_state: int | np.random.RandomState | None = None
    n_threads: int | None = RunSettings.threads
    engine: Literal["auto", "native", "reference"] = RunSettings.engine
    n_restarts: int = RunSettings.restarts

    validation: float = 0.1
    callbacks: Callback | Sequence[Callback] = ()
    verbose: bool = False
    on_interrupt: Literal["raise", "return"] = "raise"

    _task: ClassVar[Task]
    _phrases: ClassVar[Mapping[str, str]]

    @exclusive("sklearn.base.clone(model)")
    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, X_val: Any = None, y_val: Any = None) -> Self:
        """Train on a table.

        Parameters
        ----------
        X : data frame of pandas, polars or pyarrow, or array-like of shape (n_samples, n_features)
            At least two rows. The columns of an array are named x0, x1, ….
        y : array-like or series of shape (n_samples,), or str
            What to predict, or the name of a column of X. Rows where that column is missing are dropped with a note; an array
            must have a value in every row. A series, or frame of one column, with the name of a column of X stands for
            that column, which is then no feature.
        sample_weight : array-like of shape (n_samples,), optional
            Weights of the rows, >= 0, in training and validation. Rows of weight 0 are left out.
        X_val, y_val : optional
            Validation rows, of the same form, in place of the share ``validation``; ``y_val`` is not needed if y is a name.

        Returns
        -------
        self

        Raises
        ------
        DataError
            If the rows cannot be used for training.
        InvalidSettingError
            If a parameter is wrong.
        KeyboardInterrupt
            After Ctrl-C, with ``on_interrupt="raise"``. What was learned is kept.
        BusyError
            If this estimator is already being fitted, in another thread or by one of its callbacks.
        """
        owner = type(self).__name__
        with setting_words(Words(owner, OWN_NAMES, self._phrases)):
            settings = self._settings()
            columns, prepared = self._prepared(X, y, sample_weight, X_val, y_val, settings)
            callbacks = list_of_callbacks(self.callbacks)
            # Restarts run in parallel, so a single progress line would not do.
            shown = [Progress()] if self.verbose and self.n_restarts == 1 else []
            # Ctrl-C is deferred until the model is kept.
            with Interrupts() as interrupts:
                trained = train(prepared, settings, [*callbacks, *shown])
                self._keep(trained.result.model, columns, y)
        if trained.is_interrupted or interrupts.count:
            if self.on_interrupt == "raise":
                raise KeyboardInterrupt
            warn_caller("Training interrupted by user.", UserWarning)
        return self

    def evaluate(self, X: Any, y: Any) -> dict[str, dict[str, float]]:
        """Compute metrics on a table, and those of a prediction that ignores all columns.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_features)
        y : array-like or series of shape (n_samples,), or str
            The truth, or the name of the column of X that holds it; rows where it is missing are left out with a note.

        Returns
        -------
        metrics : dict
            ``"model"`` and ``"baseline"``, each a dict by metric, as of :meth:`TableModel.evaluate`.

        Raises
        ------
        DataError
            If a column is missing, or the truth holds unknown classes or invalid numbers.
        """
        columns = self._with_truth(X, y)
        return self.model_.evaluate(columns)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write what was learned to a file; :func:`lamina.load_model` reads it as a :class:`~lamina.model.TableModel`.

        Parameters
        ----------
        path : str or path

        Raises
        ------
        FileError
            If the file cannot be written.
        InvalidSettingError
            If a parameter is a function, which a file cannot hold.
        """
        save_model(path, self)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        return tags

    @abstractmethod
    def _keep(self, model: TableModel, given: GivenColumns, y: Any) -> None:
        """Make a model what was learned."""

    def _settings(self) -> TableSettings:
        """The parameters as settings, in groups, checked as far as nothing else checks them."""
        owner = type(self).__name__
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        check_parameters(given, _RULES, owner=owner)
        settings = {ours: given[theirs] for ours, theirs in OWN_NAMES.items()}
        if not isinstance(self.random_state, int | np.integer):
            settings["seed"] = int(check_random_state(self.random_state).randint(2**31 - 1))
        return TableSettings.of({**given, **settings})

    def _prepared(
        self, X: Any, y: Any, sample_weight: Any, X_val: Any, y_val: Any, settings: TableSettings
    ) -> tuple[GivenColumns, Prepared]:
        """The columns of X without the target, and all that a training needs."""
        owner = type(self).__name__
        columns, has_names = given_columns(X, owner=owner, fewest_rows=_FEWEST_ROWS)
        name = self._target_name(y, columns, has_names)
        given = self._given(columns, y, name, sample_weight)
        encoder = encoder_for(settings)
        table = encoder.learn(given.columns)
        if isinstance(y, str):
            target = in_label_order(Target.fit(given.target, self._task, encoder.reading_settings))
        else:
            target = learn_target(y, given.target, self._task, encoder.reading_settings, owner=owner)
        features = GivenColumns(columns.without(name), has_names)
        judges = self._judges(X_val, y_val, y, target, features)
        validation = self.validation if judges is None else judges
        prepared = prepare(
            given, table, target, encoder, validation=validation, test=0, settings=settings, fewest_rows=_FEWEST_ROWS
        )
        return features, prepared

    def _target_name(self, y: Any, columns: Columns, has_names: bool) -> str:
        """The name of the column to predict: a column of X, or one that X does not have."""
        if isinstance(y, str):
            if not has_names:
                rule = "must be an array, because X has no names of columns"
                raise DataError(phrase("y", rule, y, repair="Give the values.", owner=type(self).__name__))
            return y
        names: Any = getattr(y, "columns", ())  # of a frame of one column
        own = names[0] if len(names) == 1 else getattr(y, "name", None)
        if has_names and isinstance(own, str) and own:
            return own  # the column of X that has this name, if any, is what is to be predicted
        name = "y"
        while name in columns:
            name += "_"
        return name

    def _given(self, columns: Columns, y: Any, name: str, sample_weight: Any) -> Given:
        owner = type(self).__name__
        series = target_column(columns, name).column if isinstance(y, str) else None
        if series is None:
            series = given_column(y, name, num_rows=columns.num_rows, owner=owner)
        features = columns.without(name)
        if not features:
            raise DataError(f"{owner}: X must have a column besides {name!r}, which is to be predicted, got none. Add one.")
        if sample_weight is None:
            return Given(features, TargetColumn(name, series))
        with refusals_as_ours("sample_weight", owner):
            weight = check_row_weights(sample_weight, columns.num_rows)
        keep = weight > 0
        if not keep.all():
            series = without_rows(Columns({name: series}, len(keep)), keep)[name]
            features, weight = without_rows(features, keep), weight[keep]
        return Given(features, TargetColumn(name, series), weight)

    def _judges(self, X_val: Any, y_val: Any, y: Any, target: Target, features: GivenColumns) -> Given | None:
        """Separate validation rows, if they are given."""
        owner = type(self).__name__
        if X_val is None and y_val is None:
            return None
        y_val = y if y_val is None and isinstance(y, str) else y_val
        if X_val is None or y_val is None:
            raise DataError(f"{owner}: X_val and y_val must be given together, got only one of them. Give both.")
        columns = known_columns(X_val, list(features.columns), features.has_names, owner=owner)
        if isinstance(y_val, str):
            return Given(columns.without(target.name), target_column(columns, y_val)._replace(name=target.name))
        truth = TargetColumn(target.name, given_column(y_val, target.name, num_rows=columns.num_rows, owner=owner))
        check_no_missing(target, truth, owner=owner)
        return Given(columns.without(target.name), truth)

    def _known(self, X: Any) -> Columns:
        """The columns of new rows."""
        check_is_fitted(self)
        names = list(self.model_.encoder.reader_.names)
        return known_columns(X, names, hasattr(self, "feature_names_in_"), owner=type(self).__name__)

    def _known_rows(self, X: Any) -> Row | Columns:
        """New rows to predict."""
        check_is_fitted(self)
        names = list(self.model_.encoder.reader_.names)
        return known_rows(X, names, hasattr(self, "feature_names_in_"), owner=type(self).__name__)

    def _with_truth(self, X: Any, y: Any) -> Columns:
        """The columns of new rows and, under its name, what is to be predicted."""
        columns, name = self._known(X), self.model_.target.name
        if isinstance(y, str):
            truth, columns = target_column(columns, y).column, columns.without(y)
        else:
            truth = given_column(y, name, num_rows=columns.num_rows, owner=type(self).__name__)
        return Columns({**columns.without(name), name: truth}, columns.num_rows)

    def _adopt(self, model: TableModel, given: GivenColumns) -> None:
        self.model_ = model
        self.n_features_in_ = len(given.columns)
        if hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        if given.has_names:
            self.feature_names_in_ = np.array(list(given.columns), dtype=object)
