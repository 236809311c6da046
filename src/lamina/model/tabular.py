"""The base class of the estimators of whole tables: their parameters, and a fit."""

from __future__ import annotations

import os
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, TypeAlias

import numpy as np
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import check_is_fitted

from lamina.caller import warn_caller
from lamina.data import Task
from lamina.data.arrow_tables import Columns
from lamina.data.row import Row
from lamina.data.shards import are_shards
from lamina.errors import InvalidSettingError, phrase
from lamina.estimators.nested_settings import NestedSettings
from lamina.metrics import Evaluation
from lamina.model.fitted_table import FittedTable
from lamina.model.given_table import GivenColumns, known_columns, known_rows
from lamina.model.given_target import in_label_order
from lamina.model.going_on import settings_to_go_on
from lamina.model.memory_limit import memory_limit
from lamina.model.model_file import save_model
from lamina.model.setting_words import Words, setting_words
from lamina.model.shard_rows import prepare_shards
from lamina.model.table_fit import train
from lamina.model.table_model import TableModel
from lamina.model.table_rows import Prepared, prepare
from lamina.model.table_settings import (
    EncodingSettings,
    NetworkSettings,
    OptimizationSettings,
    RunSettings,
    StoppingSettings,
    TableSettings,
)
from lamina.model.tabular_documentation import OWN_NAMES
from lamina.model.tabular_rows import TabularRows
from lamina.model.unfamiliar import index_of
from lamina.model.working_together import check_alone
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
    from lamina.model.unfamiliar import Unfamiliar
    from lamina.optimizers import Optimizer
    from lamina.schedules import Schedule
    from lamina.training import PredictiveDistribution

__all__ = ["Tabular"]

_Numbers: TypeAlias = float | Sequence[float] | None

_FEWEST_ROWS = 2
_RULES: dict[str, Rule] = {
    "random_state": one_of(value(None), integer(0, 2**32 - 1), instance(np.random.RandomState)),
    "batch_size": one_of(value(None), integer(1)),
    "validation": number(0, 1, "left"),
    "callbacks": one_of(instance(Callback), sequence_of(instance(Callback))),
    "monitor": boolean(),
    "calibration": boolean(),
    "on_bad_shard": choice(("fail", "skip")),
    "warm_start": boolean(),
    "verbose": one_of(boolean(), integer(0)),
    "on_interrupt": choice(("raise", "return")),
    "kinds": one_of(mapping_of(text()), text(), sequence_of(text())),
    "missing": one_of(text(), sequence_of(text())),
}


@dataclass(eq=False, repr=False, kw_only=True)
class Tabular(NestedSettings, FittedTable, ABC):
    """Base class of :class:`TabularClassifier` and :class:`TabularRegressor`.

    The parameters are the settings of :class:`~lamina.model.TableSettings`, which has their defaults, and a few of an
    estimator's own.
    """

    members: int | None = NetworkSettings.members
    bins: int | None = NetworkSettings.bins
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
    schedule: str | Schedule | Callable[[int], float] | None = OptimizationSettings.schedule
    dropout_schedule: str | Schedule | Callable[[int], float] = OptimizationSettings.dropout_schedule
    weight_decay_schedule: str | Schedule | Callable[[int], float] = OptimizationSettings.weight_decay_schedule
    batch_size: int | None = OptimizationSettings.batch_size
    momentum: float = OptimizationSettings.momentum
    beta1: float = OptimizationSettings.beta1
    beta2: float = OptimizationSettings.beta2
    eps: float = OptimizationSettings.eps
    averaging: float | None = OptimizationSettings.averaging
    weight_decay: float | None = OptimizationSettings.weight_decay
    alpha: float = OptimizationSettings.alpha
    l1_ratio: float = OptimizationSettings.l1_ratio
    max_norm: float | None = OptimizationSettings.max_norm
    clip_value: _Numbers = OptimizationSettings.clip_value
    clip_norm: float | None = OptimizationSettings.clip_norm
    clip_layer_norm: float | None = OptimizationSettings.clip_layer_norm
    shuffle: bool = OptimizationSettings.shuffle

    max_epochs: int | None = StoppingSettings.max_epochs
    patience: int | None = StoppingSettings.patience
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
    text: Literal["auto", "off"] = EncodingSettings.text
    scaling: Literal["robust", "standard"] = EncodingSettings.scaling
    min_count: int = EncodingSettings.min_count
    max_categories: int = EncodingSettings.max_categories
    embed_from: int | None = EncodingSettings.embed_from

    preset: Literal["default", "fast"] = RunSettings.preset
    random_state: int | np.random.RandomState | None = None
    precision: Literal["full", "mixed"] = RunSettings.precision
    n_threads: int | None = RunSettings.threads
    engine: Literal["auto", "native", "reference", "torch"] = RunSettings.engine
    device: Literal["auto", "cpu", "cuda", "mps"] = RunSettings.device
    n_restarts: int = RunSettings.restarts
    monitor: bool = RunSettings.monitor
    calibration: bool = RunSettings.calibration
    memory: str | None = RunSettings.memory
    on_bad_shard: Literal["fail", "skip"] = RunSettings.on_bad_shard

    validation: float = 0.1
    warm_start: bool = False
    callbacks: Callback | Sequence[Callback] = ()
    verbose: bool | int = False
    on_interrupt: Literal["raise", "return"] = "raise"

    _task: ClassVar[Task]
    _phrases: ClassVar[Mapping[str, str]]

    @classmethod
    def from_settings(cls, settings: TableSettings) -> Self:
        """An estimator with the settings of a training on a table, by the names that they have here.

        Raises
        ------
        InvalidSettingError
            For workers: :func:`lamina.distributed.workers` gives an estimator some.
        """
        check_alone(settings.run, owner=cls.__name__)
        theirs = {OWN_NAMES.get(name, name): value for name, value in settings.by_name().items()}
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in theirs.items() if name in known})

    @exclusive("sklearn.base.clone(model)")
    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, X_val: Any = None, y_val: Any = None, groups: Any = None) -> Self:
        """Train on a table; with ``warm_start``, go on from what the last ``fit`` learned.

        Parameters
        ----------
        X : data frame of pandas, polars or pyarrow, or array-like of shape (n_samples, n_features); or many files
            At least two rows to train on. The columns of an array are named x0, x1, …. A folder, a pattern such as
            ``"data/*.parquet"``, an address or a ``pyarrow.dataset.Dataset`` stands for files that are read block by block, so
            that memory does not bound the number of rows; y is then the name of a column.
        y : array-like or series of shape (n_samples,), or str
            What to predict, or the name of a column of X. Rows where that column is missing are dropped with a note; an array
            must have a value in every row. A series, or frame of one column, that equals the column of X of its name stands for
            that column, which is then no feature. A regressor learns several columns of numbers together: an array of shape
            (n_samples, n_outputs), a data frame, or a list of names.
        sample_weight : array-like of shape (n_samples,), optional
            Weights of the rows, >= 0, in training and validation. Rows of weight 0 are left out.
        X_val, y_val : optional
            Validation rows, of the same form, in place of the share ``validation``; ``y_val`` is not needed if y is a name.
        groups : array-like or series of shape (n_samples,), optional
            Rows with equal entries stay on one side of the validation split, as copies of a row do. Not with ``X_val``.

        Returns
        -------
        self

        Raises
        ------
        DataError
            If the rows cannot be used for training; with ``warm_start``, also if a column is missing or a class is new.
        InvalidSettingError
            If a parameter is wrong; with ``warm_start``, also if it is against what was learned, such as ``hidden``.
        KeyboardInterrupt
            After Ctrl-C, with ``on_interrupt="raise"``. What was learned is kept.
        BusyError
            If this estimator is already being fitted, in another thread or by one of its callbacks.
        """
        owner, began = type(self).__name__, time.monotonic()
        with setting_words(Words(owner, OWN_NAMES, self._phrases)):
            settings = self._settings()
            goes_on = self.warm_start and self.__sklearn_is_fitted__()
            if are_shards(X):
                features, prepared = self._of_shards(
                    X, y, settings, {"sample_weight": sample_weight, "X_val": X_val, "groups": groups}
                )
            elif goes_on:
                settings = settings_to_go_on(self.model_, settings)
                known, rows = self._rows.known(self._known(X), y, sample_weight, groups, self.model_, settings)
                features = GivenColumns(known, hasattr(self, "feature_names_in_"))
            else:
                features, rows = self._rows.new(X, y, sample_weight, groups, settings)
            if not are_shards(X):
                judges = self._rows.judges(X_val, y_val, y, rows, features)
                validation = self.validation if judges is None else judges
                prepared = prepare(rows, validation=validation, test=0, settings=settings, fewest_rows=self._rows.fewest)
                del rows  # of which a copy was made, part by part
            callbacks = list_of_callbacks(self.callbacks)
            # Restarts run in parallel, so a single progress line would not do.
            shown = [Progress()] if self.verbose and self.n_restarts == 1 else []
            # Ctrl-C is deferred until the model is kept.
            with Interrupts() as interrupts:
                trained = train(prepared, settings, [*callbacks, *shown], began=began)
                if goes_on:
                    self.model_ = trained.result.model
                else:
                    self._keep(trained.result.model, features, y)
        if trained.is_interrupted or interrupts.count:
            if self.on_interrupt == "raise":
                raise KeyboardInterrupt
            warn_caller("Training interrupted by user.", UserWarning)
        return self

    def predict_distribution(self, X: Any, *, mc_samples: int | None = None, seed: int = 0) -> PredictiveDistribution:
        """Mean and spread of the prediction: over members, over dropout masks, or as the loss ``gaussian_nll`` predicts them.

        With several ``members``, as by default, predictions have a spread without masks: how far the members differ. Where there
        are several of these, variances are added.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_features); or one row, or a list of dicts
            As for ``predict``.
        mc_samples : int, optional
            The number of masks, >= 2. By default none with several members or ``gaussian_nll``, else 100.
        seed : int, default=0
            Seed of the masks.

        Returns
        -------
        PredictiveDistribution
            Of numbers, in the unit of y and the shape of ``predict``, which without masks is the mean; of the probability of each
            class, (n_samples, n_classes), without the temperature.

        Raises
        ------
        DataError
            If a column is missing or holds values of another kind than in training.
        InvalidSettingError
            If masks are to be drawn and the network has no dropout.
        """
        rows = self._known_rows(X)
        return self.model_.predict_distribution(rows, mc_samples=mc_samples, seed=seed)

    def unfamiliar(self, X: Any) -> Unfamiliar:
        """Which cells are unlike those of training: out of range, of an unseen or rare category, or missing where none was.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_features); or one row, or a list of dicts
            As for ``predict``.

        Returns
        -------
        Unfamiliar
            ``counts`` has the number of such cells of each row, ``cells`` says which; see :meth:`TableModel.unfamiliar`.

        Raises
        ------
        DataError
            If a column is missing or holds values of another kind than in training.
        """
        rows = self._known_rows(X)
        return replace(self.model_.unfamiliar(rows), index=index_of(X))

    def evaluate(self, X: Any, y: Any) -> Evaluation:
        """Compute metrics on a table, and those of a prediction that ignores all columns.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_features)
        y : array-like or series of shape (n_samples,), or str
            The truth, or the name of the column of X that holds it; rows where it is missing are left out with a note.

        Returns
        -------
        metrics : Evaluation
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
        memory_limit(self.memory)  # refuses what is no size
        if self.warm_start and self.n_restarts > 1:
            repair = "Every restart starts from new weights."
            raise InvalidSettingError(
                phrase("n_restarts", "must be 1 with warm_start", self.n_restarts, repair=repair, owner=owner)
            )
        settings = {ours: given[theirs] for ours, theirs in OWN_NAMES.items()}
        if not isinstance(self.random_state, int | np.integer):
            settings["seed"] = int(check_random_state(self.random_state).randint(2**31 - 1))
        return TableSettings.of({**given, **settings})

    def _of_shards(self, X: Any, y: Any, settings: TableSettings, others: Mapping[str, Any]) -> tuple[GivenColumns, Prepared]:
        """The columns to predict from, and the rows, of a table of many files."""
        owner = type(self).__name__
        if self.warm_start and self.__sklearn_is_fitted__():
            others = {**others, "warm_start": True}
        for name, given in others.items():
            if given is not None:
                rule, repair = (
                    "must be left out for a table of many files",
                    "Put what decides into columns, or give a data frame.",
                )
                raise InvalidSettingError(phrase(name, rule, given, repair=repair, owner=owner))
        names = [y] if isinstance(y, str) else y
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            rule = "must be the name of a column, where X is a table of many files"
            raise InvalidSettingError(phrase("y", rule, y, repair="Write the column into the files.", owner=owner))
        found = prepare_shards(
            X,
            names,
            self._task,
            validation=self.validation,
            test=0.0,
            settings=settings,
            fewest_rows=self._rows.fewest,
            arranged=in_label_order,
        )
        return GivenColumns(found.columns, True), found.prepared

    @property
    def _rows(self) -> TabularRows:
        return TabularRows(type(self).__name__, self._task)

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
        return self._rows.with_truth(self._known(X), y, self.model_.target)

    def _adopt(self, model: TableModel, given: GivenColumns) -> None:
        self.model_ = model
        self.n_features_in_ = len(given.columns)
        if hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        if given.has_names:
            self.feature_names_in_ = np.array(list(given.columns), dtype=object)
