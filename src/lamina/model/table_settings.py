"""The settings of training on a table, with the defaults that ``docs/defaults.md`` measures.

Nothing heavy is imported here, because the command line builds its help from these classes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from numbers import Real
from typing import TYPE_CHECKING, Any, Literal, Self, cast

from lamina.errors import InvalidSettingError, nearest, phrase
from lamina.model.named_settings import kind_of, read_kinds, read_named, split_name
from lamina.model.setting_words import OWNER
from lamina.model.settings_group import SettingsGroup

if TYPE_CHECKING:
    from lamina.training import Callback

__all__ = [
    "LEFT_OPEN",
    "PRESETS",
    "EncodingSettings",
    "NetworkSettings",
    "OptimizationSettings",
    "RunSettings",
    "StoppingSettings",
    "TableSettings",
    "usual_batch_size",
]


PRESETS: Mapping[str, Mapping[str, Any]] = {
    "default": {"members": 4, "bins": 16, "averaging": 0.8, "patience": 12},
    "fast": {"members": 1, "bins": 16, "averaging": 0.8, "patience": 5},
}
"""What settings are that are not given."""

_USUAL = {"dropout": 0.1, "schedule": "constant", "max_epochs": 200}  # with every preset
LEFT_OPEN = (*PRESETS["default"], *_USUAL)
"""The settings for which None means what is usual."""

_FEWEST_OF_LARGE = 100_000  # training rows
_ROWS_TO_PASS = 6_000_000
_LARGE = {"members": 1, "averaging": 0.0, "dropout": 0.0, "schedule": "flat_cosine"}  # of tables so large that few epochs do
_COMPARING = {
    "members": 1,
    "bins": 0,
    "averaging": 0.0,
    "dropout": 0.0,
    "patience": 30,
}  # where the optimizer compares losses on the same rows


@dataclass(frozen=True, kw_only=True)
class NetworkSettings(SettingsGroup):
    """The network's architecture. Names may carry settings: ``normal:std=0.05``.

    Parameters
    ----------
    members : int
        Networks that share their weight matrices, and whose predictions are averaged; default: 4, or 1 with the preset fast, for
        more than 100,000 training rows, and for lbfgs, perturb-one and perturb-all.
    bins : int
        Piecewise-linear bins of each number, which the network reads beside it, fewer (but 2) where all numbers would get more
        than 256; 0: none; default: 16, or 0 for lbfgs, perturb-one and perturb-all.
    hidden : tuple of int
        Units of each hidden layer.
    activation : tuple of str
        Activation of the hidden layers: one name, or one per layer, such as leaky_relu:slope=0.2 or prelu.
    dropout : tuple of float
        Dropout probability of hidden units, in [0, 1): one number, or one per layer; default: 0.1, or 0 for more than 100,000
        training rows, and for lbfgs, perturb-one and perturb-all.
    input_dropout : float
        Dropout probability of the features, in [0, 1).
    batch_norm : bool
        Batch normalization of each hidden layer.
    layer_norm : bool
        Layer normalization of each hidden layer.
    norm_position : {"before", "after"}
        Normalize before or after the activation.
    weight_init : str
        Initializer of the weights, such as he or normal:std=0.05; auto: as in scikit-learn.
    bias_init : str
        Initializer of the biases, such as constant:value=0.1; auto: as in scikit-learn.
    """

    members: int | None = None
    bins: int | None = None
    hidden: tuple[int, ...] = (128, 64, 32)
    activation: tuple[str, ...] = ("mish",)
    dropout: tuple[float, ...] | None = None
    input_dropout: float = 0.0
    batch_norm: bool = False
    layer_norm: bool = False
    norm_position: Literal["before", "after"] = "before"
    weight_init: str = "auto"
    bias_init: str = "auto"

    def parameters(self) -> dict[str, Any]:
        """The estimators' parameters that these settings stand for."""
        from lamina.activations import get_activation
        from lamina.initializers import canonical_initializer, get_initializer

        return {
            "members": self.members,
            "bins": self.bins,
            "hidden_layer_sizes": self.hidden,
            "activation": _one_or_all([read_named(name, get_activation) for name in _all_of(self.activation)]),
            "dropout": 0.1 if self.dropout is None else _one_or_all(_all_of(self.dropout)),
            "input_dropout": self.input_dropout,
            "batch_norm": self.batch_norm,
            "layer_norm": self.layer_norm,
            "norm_position": self.norm_position,
            "weight_init": canonical_initializer(read_named(self.weight_init, get_initializer)),
            "bias_init": canonical_initializer(read_named(self.bias_init, get_initializer)),
        }


@dataclass(frozen=True, kw_only=True)
class OptimizationSettings(SettingsGroup):
    """What is minimized, and how. Names may carry settings: ``step:epochs=10,factor=0.5``.

    Parameters
    ----------
    loss : str
        Loss, such as huber:delta=2, or another library's name of one, such as mse; default: log_loss for classes, squared_error
        for numbers.
    target_scale : {"auto", "linear", "log", "quantile"}
        Scale on which numbers are learned: centered and scaled as they are, their logarithms, or the normal quantiles of their
        ranks; auto: linear, or log where the target is skewed and a short trial on the validation rows finds that better; for
        regression only.
    class_weight : {"balanced"}
        Give every class the same weight, however rare; for classification only.
    label_smoothing : float
        Share of a class label spread over all classes, in [0, 1); default: 0.03 for three or more classes, 0 for two; for
        classification only.
    decision_threshold : float or {"f1", "balanced_accuracy"}
        Probability from which on the second of two classes is predicted, in (0, 1), or the metric by which it is chosen on the
        validation rows; default: whichever class is more probable; for classification only.
    optimizer : str
        Update rule; perturb-one and perturb-all learn without a gradient. Settings after its name, such as
        perturb-one:trials=50, override the options below.
    objective : str
        What perturb-one and perturb-all improve: accuracy or f1 for classes, r2 for numbers; default: the loss.
    learning_rate : float
        Step size, > 0.
    schedule : str
        How the learning rate changes, such as step:epochs=10,factor=0.5; default: constant, or flat_cosine for more than 100,000
        training rows, but for lbfgs, perturb-one and perturb-all.
    dropout_schedule : str
        How the dropout probabilities change, such as flat_cosine; a schedule that follows the steps.
    weight_decay_schedule : str
        How the weight decay changes; likewise.
    batch_size : int
        Rows per step; default: all for lbfgs, otherwise a hundredth of the rows as a power of 2, between 32 and 256.
    momentum : float
        Momentum of the optimizers momentum and nesterov, in [0, 1).
    beta1 : float
        Decay rate of the first moment in the adam family, in [0, 1).
    beta2 : float
        Decay rate of the second moment in the adam family, in [0, 1).
    eps : float
        Added to the denominator in the adam family, > 0.
    averaging : float
        Share of the average of the weights that each epoch leaves, in [0, 1): the model has the best average in place of the
        weights of the best epoch; 0: none, as without validation rows; default: 0.8, or 0 for more than 100,000 training rows,
        and for lbfgs, perturb-one and perturb-all.
    weight_decay : float
        Decoupled weight decay, >= 0; default: 0.01, or 0 for lbfgs, perturb-one and perturb-all.
    alpha : float
        Penalty on the weights, >= 0.
    l1_ratio : float
        Share of L1 in the penalty; the rest is L2.
    max_norm : float
        Bound on the norm of the incoming weights of a unit.
    clip_value : tuple of float
        Bound on each element of the gradient: one number v for -v and v, or two numbers.
    clip_norm : float
        Bound on the norm of the gradient.
    clip_layer_norm : float
        Bound on the norm of each layer's gradient.
    shuffle : bool
        Shuffle the rows every epoch.
    """

    loss: str | None = None
    target_scale: Literal["auto", "linear", "log", "quantile"] = "auto"
    class_weight: Literal["balanced"] | None = None
    label_smoothing: float | None = None
    decision_threshold: float | Literal["f1", "balanced_accuracy"] | None = None
    optimizer: str = "adamw"
    objective: str | None = None
    learning_rate: float = 0.002
    schedule: str | None = None
    dropout_schedule: str = "constant"
    weight_decay_schedule: str = "constant"
    batch_size: int | None = None
    momentum: float = 0.9
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    averaging: float | None = None
    weight_decay: float | None = None
    alpha: float = 0.0
    l1_ratio: float = 0.0
    max_norm: float | None = None
    clip_value: tuple[float, ...] | None = None
    clip_norm: float | None = None
    clip_layer_norm: float | None = None
    shuffle: bool = True

    def parameters(self, task: str, num_rows: int, num_classes: int) -> dict[str, Any]:
        """The estimators' parameters that these settings stand for."""
        from lamina.losses import canonical_loss, get_loss
        from lamina.schedules import get_schedule, get_step_schedule

        self._check_task(task)
        named = ("objective", "momentum", "alpha", "l1_ratio", "max_norm", "shuffle", "clip_norm", "clip_layer_norm")
        parameters = {name: getattr(self, name) for name in named}
        parameters |= {"beta_1": self.beta1, "beta_2": self.beta2, "epsilon": self.eps}
        parameters |= {"learning_rate_init": self.learning_rate, "learning_rate": read_named(self.schedule, get_schedule)}
        for name in ("dropout_schedule", "weight_decay_schedule"):
            parameters[name] = read_named(getattr(self, name), get_step_schedule)
        parameters["clip_value"] = None if self.clip_value is None else _one_or_all(_all_of(self.clip_value))
        parameters["weight_decay"] = self._decay
        parameters["batch_size"] = self._rows_a_step(num_rows)
        parameters["optimizer"] = self._named_optimizer()
        if self.loss is not None:
            parameters["loss"] = canonical_loss(read_named(self.loss, get_loss))
        if task == "classification":
            parameters |= {"class_weight": self.class_weight, "label_smoothing": self._smoothing(num_classes)}
        return parameters

    def _check_task(self, task: str) -> None:
        """Reject settings of the other task."""
        self._check_loss(task)
        if task == "classification":
            if self.target_scale != "auto":
                rule, repair = "must be left out for a classification", "Remove it, or use the task regression."
                raise InvalidSettingError(phrase("target_scale", rule, self.target_scale, repair=repair, owner=OWNER))
            return
        for name in ("class_weight", "label_smoothing", "decision_threshold"):
            if given := getattr(self, name):
                repair = "Remove it, or use the task classification."
                raise InvalidSettingError(phrase(name, "must be left out for a regression", given, repair=repair, owner=OWNER))

    def _check_loss(self, task: str) -> None:
        """Reject a loss that does not learn what the task predicts."""
        given: Any = self.loss
        if not isinstance(given, str):
            return  # the estimator checks a loss of the caller's own
        from lamina.losses import LABEL_LOSSES, NUMBER_LOSSES, aliases_of

        name, settings = split_name(given)
        of = {"classification": ("log_loss", *LABEL_LOSSES), "regression": NUMBER_LOSSES}
        known, other = of[task], "regression" if task == "classification" else "classification"
        names = (*known, *aliases_of(known))
        is_other = name in (*of[other], *aliases_of(of[other]))
        if name not in names and (is_other or task == "classification"):  # the regressor itself refuses unknown names
            guess = nearest(name, names)
            repair = f"For {name}, use the task {other}." if is_other else f"Did you mean {guess!r}?" if guess else ""
            rule = f"must be one of {', '.join(map(repr, known))} for a {task}"
            raise InvalidSettingError(phrase("loss", rule, self.loss, repair=repair, owner=OWNER))
        if name == "log_loss" and settings:
            raise InvalidSettingError(
                f"{OWNER}: loss must be log_loss without settings, got log_loss with settings. Set label_smoothing."
            )

    @property
    def compares_losses(self) -> bool:
        """Whether the optimizer compares losses on the same rows, which any noise would disturb."""
        return kind_of(self.optimizer) in ("lbfgs", "perturb-one", "perturb-all")

    @property
    def _decay(self) -> float:
        usual = 0.0 if self.compares_losses else 0.01
        return usual if self.weight_decay is None else self.weight_decay

    def _rows_a_step(self, num_rows: int) -> int | str:
        if self.batch_size is None and kind_of(self.optimizer) == "lbfgs":
            return "auto"
        given: Any = usual_batch_size(num_rows) if self.batch_size is None else self.batch_size
        rows: Any = min(given, num_rows) if isinstance(given, Real) else given
        return cast("int | str", rows)

    def _named_optimizer(self) -> Any:
        """The optimizer, or its name. In an estimator "adamw" with a weight decay of 0 has one of its own; here 0 means none."""
        optimizer: Any = read_named(self.optimizer, self._optimizer)
        decay: Any = self._decay
        is_adamw, is_without = isinstance(optimizer, str) and optimizer == "adamw", isinstance(decay, Real) and decay == 0
        return self._optimizer(optimizer) if is_adamw and is_without else optimizer

    def _optimizer(self, name: str, **settings: Any) -> Any:
        """An optimizer with the settings given after its name; the other settings come from the options."""
        from lamina.optimizers import OPTIMIZERS, get_optimizer

        known = {setting.name for setting in fields(OPTIMIZERS[name])} if name in OPTIMIZERS else set()  # type: ignore[arg-type]
        options = {key: getattr(self, key) for key in ("learning_rate", "momentum", "beta1", "beta2", "eps")}
        options["weight_decay"] = self._decay
        return get_optimizer(name, **{**{key: given for key, given in options.items() if key in known}, **settings})

    def _smoothing(self, num_classes: int) -> float:
        if self.label_smoothing is not None:
            return self.label_smoothing
        return 0.03 if num_classes > 2 and self.loss in (None, "log_loss") else 0.0


@dataclass(frozen=True, kw_only=True)
class StoppingSettings(SettingsGroup):
    """When training ends.

    Parameters
    ----------
    max_epochs : int
        Maximum number of passes over the training rows; default: 200, or for more than 100,000 as many as see 6,000,000 rows, at
        least 1.
    patience : int
        Stop after this many epochs without a better validation loss, or eval_metric, of the average of the weights or, without
        averages, of the weights; default: 12, or 5 with the preset fast, or 30 for lbfgs, perturb-one and perturb-all.
    tol : float
        Relative improvement over the best that counts as better.
    eval_metric : str
        What decides on the validation rows when to stop and which epoch is best: loss; accuracy, balanced_accuracy, precision,
        recall, f1, auc, average_precision, log_loss or brier for classes; r2, mae, rmse or pinball for numbers.
    max_time : float
        Seconds after which training stops, counted from the beginning, with the reading and encoding of the table.
    target_loss : float
        Stop when the training loss reaches this value.
    gradient_tol : float
        Stop when the norm of the gradient, averaged over an epoch, is below this value.
    """

    max_epochs: int | None = None
    patience: int | None = None
    tol: float = 1e-4
    eval_metric: str = "loss"
    max_time: float | None = None
    target_loss: float | None = None
    gradient_tol: float | None = None

    def parameters(self) -> dict[str, Any]:
        """The estimators' parameters that these settings stand for; the others are those of :meth:`callbacks`."""
        return {"max_iter": self.max_epochs, "max_time": self.max_time}

    def callbacks(self) -> list[Callback]:
        """The callbacks that end the training, besides early stopping."""
        from lamina.training import SmallGradient, TargetLoss

        target = [] if self.target_loss is None else [TargetLoss(self.target_loss)]
        return [*target, *([] if self.gradient_tol is None else [SmallGradient(self.gradient_tol)])]


@dataclass(frozen=True, kw_only=True)
class EncodingSettings(SettingsGroup):
    """How columns are read and become features; see :class:`lamina.data.TableEncoder`.

    Parameters
    ----------
    kinds : tuple of str
        Kinds of columns by name, such as age=number,zip=category,note=ignore; number, boolean, date, category, text,
        ignore or auto.
    decimal : str
        Decimal mark in text, "." or ","; default: found out column by column.
    thousands : str
        What separates groups of three digits in text; default: found out column by column.
    dayfirst : bool
        Whether 05/01/2020 is the 5th of January; default: only where a value of the column forces it.
    missing : tuple of str
        What else stands for a missing value.
    fold_case : bool
        Treat categories that differ in case alone as one.
    on_error : {"fail", "missing"}
        What a value of another kind than the column's does: end with an error, or count as missing.
    text : {"auto", "off"}
        Whether columns of prose are read as free text, by their words, or as categories.
    scaling : {"robust", "standard"}
        Scaling of numbers: by median and quartiles, softly bounded; or by mean and standard deviation.
    min_count : int
        Rows that a category needs to get its own feature.
    max_categories : int
        Maximum number of categories with their own feature in a column.
    embed_from : int
        From so many categories on that have min_count rows, a column becomes one feature of codes, of each of which the network
        learns a vector; none: never.
    """

    kinds: tuple[str, ...] = ()  # a mapping as well, which the command's parser would not know to write
    decimal: str | None = None
    thousands: str | None = None
    dayfirst: bool | None = None
    missing: tuple[str, ...] = ()
    fold_case: bool = False
    on_error: Literal["fail", "missing"] = "fail"
    text: Literal["auto", "off"] = "auto"
    scaling: Literal["robust", "standard"] = "robust"
    min_count: int = 5
    max_categories: int = 100
    embed_from: int | None = 101

    def parameters(self) -> dict[str, Any]:
        """The parameters of :class:`~lamina.data.TableEncoder` that these settings correspond to."""
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        kinds = self.kinds if isinstance(self.kinds, Mapping) else read_kinds(_all_of(self.kinds))
        return {**given, "kinds": kinds, "missing": _all_of(self.missing)}


@dataclass(frozen=True, kw_only=True)
class RunSettings(SettingsGroup):
    """How the computation runs.

    Parameters
    ----------
    preset : {"default", "fast"}
        What members, bins, averaging and patience are unless given: default: best quality a minute; fast: one network. With more
        than 100,000 training rows, members, averaging, dropout, schedule and max_epochs follow from their number.
    seed : int
        Seed of splits, initial weights, shuffling and dropout.
    precision : {"full", "mixed"}
        mixed: training rounds the operands of matrix products to bfloat16, which is faster where the processor multiplies these.
    threads : int
        Threads of the engine, from 1 to 1024; changes speed only.
    engine : {"auto", "native", "reference", "torch"}
        The engine that runs the network; all give the same numbers, up to rounding.
    device : {"auto", "cpu", "cuda", "mps"}
        Where the engine torch computes; auto: on a GPU that torch finds, or else the CPU.
    restarts : int
        Number of trainings from different initial weights, in parallel; the best on the validation rows is kept.
    workers : int
        Processes that train one network together, started by Ray; each takes a part of every batch, and of a table of many files
        reads its own part.
    ray : str
        Address of the Ray cluster that runs them, such as auto; default: one that is started on this machine.
    way : {"auto", "synchronous", "averaging"}
        How workers work together: with one gradient, or with means of their weights once in a while; auto: as a measurement
        before the training suggests.
    monitor : bool
        Measure each layer of the network at least once an epoch and 20 times a training; the model keeps the record.
    calibration : bool
        Calibrate on the validation rows, if any: a temperature for probabilities, and how wide intervals and sets of classes are.
    memory : str
        Memory that a table of many files may take, such as 2GB; a larger single file is read like many. default: a quarter of the
        machine's.
    on_bad_shard : {"fail", "skip"}
        What a file of a table does that is damaged, empty, lacks a column or holds one of another type: end before training
        starts, or be left out.
    """

    preset: Literal["default", "fast"] = "default"
    seed: int = 0
    precision: Literal["full", "mixed"] = "full"
    threads: int | None = None
    engine: Literal["auto", "native", "reference", "torch"] = "auto"
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    restarts: int = 1
    workers: int = 1
    ray: str | None = None
    way: Literal["auto", "synchronous", "averaging"] = "auto"
    monitor: bool = True
    calibration: bool = True
    memory: str | None = None
    on_bad_shard: Literal["fail", "skip"] = "fail"

    def parameters(self) -> dict[str, Any]:
        """The estimators' parameters that these settings stand for."""
        engine = {"engine": self.engine, "device": self.device, "precision": self.precision}
        return {"random_state": self.seed, "n_threads": self.threads, **engine, "n_restarts": self.restarts}


@dataclass(frozen=True, kw_only=True)
class TableSettings:
    """All settings of :func:`lamina.model.fit_table`, in groups.

    Parameters
    ----------
    network : NetworkSettings
    optimization : OptimizationSettings
    stopping : StoppingSettings
    encoding : EncodingSettings
    run : RunSettings

    Examples
    --------
    >>> TableSettings(network=NetworkSettings(hidden=(32,))).network.parameters()["hidden_layer_sizes"]
    (32,)
    """

    network: NetworkSettings = field(default_factory=NetworkSettings)
    optimization: OptimizationSettings = field(default_factory=OptimizationSettings)
    stopping: StoppingSettings = field(default_factory=StoppingSettings)
    encoding: EncodingSettings = field(default_factory=EncodingSettings)
    run: RunSettings = field(default_factory=RunSettings)

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        """The settings by name, in whichever groups they belong to; other names are left out.

        >>> TableSettings.of({"hidden": (32,), "seed": 7}).run.seed
        7
        """
        kinds: dict[str, Any] = {group.name: group.default_factory for group in fields(cls)}
        groups = {
            group: kind(**{field.name: settings[field.name] for field in fields(kind) if field.name in settings})
            for group, kind in kinds.items()
        }
        return cls(**groups)

    def by_name(self) -> dict[str, Any]:
        """The settings of all groups by name."""
        return {setting.name: getattr(group, setting.name) for group in self._groups for setting in fields(group)}

    @property
    def named(self) -> dict[str, Any]:
        """The settings that were named when their groups were made.

        >>> TableSettings(run=RunSettings(seed=0)).named
        {'seed': 0}
        """
        named = frozenset[str]().union(*(group.named for group in self._groups))
        return {name: value for name, value in self.by_name().items() if name in named}

    def filled(self, num_rows: int = 0) -> Self:
        """The settings with what is usual, for a preset and a number of training rows, in place of what is not given.

        >>> TableSettings(run=RunSettings(preset="fast"), network=NetworkSettings(members=2)).filled().network.members
        2
        >>> [TableSettings().filled(num_rows).stopping.max_epochs for num_rows in (100_000, 1_000_000, 10_000_000)]
        [200, 6, 1]
        """
        given, preset = self.by_name(), self.run.preset
        if not isinstance(preset, str) or preset not in PRESETS:
            rule = f"must be one of {', '.join(map(repr, PRESETS))}"
            raise InvalidSettingError(phrase("preset", rule, preset, owner=OWNER))
        chosen = {**_USUAL, **PRESETS[preset], **self._instead(num_rows)}
        return type(self).of({**given, **{name: value for name, value in chosen.items() if given[name] is None}})

    def _instead(self, num_rows: int) -> dict[str, Any]:
        """What is usual in place of what a preset says."""
        if self.optimization.compares_losses:
            return _COMPARING
        if num_rows <= _FEWEST_OF_LARGE:
            return {}
        return {**_LARGE, "max_epochs": max(_ROWS_TO_PASS // num_rows, 1)}

    @property
    def _groups(self) -> tuple[Any, ...]:
        return tuple(getattr(self, group.name) for group in fields(self))

    def parameters(self, task: str, num_rows: int, num_classes: int = 0) -> dict[str, Any]:
        """The parameters of the estimator for a task, to be trained on ``num_rows`` rows."""
        settings = self.filled(num_rows)
        return {
            **settings.network.parameters(),
            **settings.optimization.parameters(task, num_rows, num_classes),
            **settings.stopping.parameters(),
            **settings.run.parameters(),
        }


def usual_batch_size(num_rows: int) -> int:
    """A hundredth of the rows as a power of 2, between 32 and 256.

    >>> [usual_batch_size(n) for n in (100, 8_000, 1_000_000)]
    [32, 64, 256]
    """
    return min(256, max(32, 1 << (num_rows // 100).bit_length() - 1 if num_rows >= 100 else 0))


def _all_of(given: Any) -> Sequence[Any]:
    """Several values; one that stands for itself is the only one."""
    if isinstance(given, str) or getattr(given, "ndim", 1) == 0:
        return (given,)
    listed = given.tolist() if hasattr(given, "tolist") else given  # an array
    return listed if isinstance(listed, Sequence) else (given,)


def _one_or_all(values: Sequence[Any]) -> Any:
    return values[0] if len(values) == 1 else tuple(values)
