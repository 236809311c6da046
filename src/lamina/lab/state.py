"""The whole state of the lab's page, as one object that goes to JSON, to an address and back."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, ClassVar, Self, TypeVar

from lamina.activations import ACTIVATIONS
from lamina.errors import InvalidSettingError, phrase
from lamina.initializers import INITIALIZERS
from lamina.lab.plane_features import COORDINATES, FEATURES
from lamina.lab.toy_data import TOYS
from lamina.optimizers import OPTIMIZERS, get_optimizer
from lamina.schedules import SCHEDULES, get_schedule
from lamina.settings import Settings
from lamina.validation import Rule, boolean, choice, instance, integer, mapping_of, number, one_of, sequence_of, text, value

__all__ = [
    "CHOICES",
    "FURTHER",
    "INIT_SETTINGS",
    "MOST_EPOCHS",
    "MOST_LAYERS",
    "MOST_ROWS",
    "MOST_UNITS",
    "DataState",
    "LabState",
    "LayerState",
    "TrainingState",
    "from_address",
    "to_address",
]

MOST_LAYERS, MOST_UNITS, MOST_ROWS = 12, 512, 10_000
#: A run that is to have no other end ends after so many.
MOST_EPOCHS = 100_000
_MOST_RESTARTS = 20
_MOST_TRIALS = 1000  # of a step, during which the lab does not answer
_LARGE = 1e9
_MOST_CHARACTERS = 100_000  # of a state in an address
_FOR_OTHERS = ("among_rows", "random_signs", "unit_variance")  # initializers of other layers
#: The setting of an initializer that ``init_value`` gives.
INIT_SETTINGS: Mapping[str, str] = MappingProxyType({"normal": "std", "constant": "value"})
_TABLE, _DIGITS = "table", "digits"

#: What the page offers in its lists.
CHOICES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "source": (*TOYS, _DIGITS, _TABLE),
        "activation": tuple(name for name in ACTIVATIONS if name not in ("softmax", "exp")),
        "init": tuple(name for name in INITIALIZERS if name not in _FOR_OTHERS),
        "optimizer": tuple(name for name in OPTIMIZERS if name != "lbfgs"),
        "schedule": tuple(SCHEDULES),
        "task": ("auto", "classification", "regression"),
        "norm_place": ("before", "after"),
        "stop_monitor": ("validation_loss", "validation_accuracy", "loss"),
        "loss": (
            *("auto", "squared_error", "absolute_error", "huber", "log_cosh"),
            *("hinge", "squared_hinge", "categorical_hinge"),
        ),
    }
)


def _numbers_of(family: Mapping[str, type[Settings]], kind: str) -> dict[str, float | None]:
    """The settings of a member of a family that are numbers, with their defaults."""
    found: dict[str, float | None] = {}
    for setting in fields(family[kind]):  # type: ignore[arg-type]
        default: Any = setting.default
        is_number = isinstance(default, int | float) and not isinstance(default, bool)
        if setting.name == "steps" or (is_number and setting.name != "learning_rate"):  # no steps: those of the run
            found[setting.name] = default
    return found


#: The further settings, which are numbers, of each optimizer and schedule, with their defaults.
FURTHER: Mapping[str, Mapping[str, dict[str, float | None]]] = MappingProxyType(
    {
        "optimizer": {name: _numbers_of(OPTIMIZERS, name) for name in CHOICES["optimizer"]},
        "schedule": {name: _numbers_of(SCHEDULES, name) for name in CHOICES["schedule"]},
    }
)

_Part = TypeVar("_Part", bound=Settings)


def _maybe(rule: Rule) -> Rule:
    return one_of(rule, value(None))


@dataclass(frozen=True)
class DataState(Settings):
    """Which rows are learned from.

    Parameters
    ----------
    source : str, default="xor"
        A name of :data:`lamina.lab.toy_data.TOYS`, "digits", or "table" for the one that was opened.
    rows : int in [20, 10000], default=400
        Of a toy; of the others, at most so many.
    noise : float in [0, 1], default=0.1
        Of a toy: the standard deviation of what is added to its points, which lie between -1 and 1.
    train_share : float in [0.1, 0.9], default=0.7
        The others are for validation.
    target : str, default=""
        The column of the table to predict.
    task : {"auto", "classification", "regression"}, default="auto"
        Whether classes or numbers are predicted; "auto": as the column suggests.
    kinds : dict of str to str, default={}
        The kinds of the table's columns that were changed by hand.
    features : sequence of str, default=("x1", "x2")
        Of a toy: what the network gets of each point, at least one of "x1", "x2", "x1^2", "x2^2", "x1*x2", "sin(pi*x1)" and
        "sin(pi*x2)", and always in this order.
    """

    kind: ClassVar[str] = "data"
    owner: ClassVar[str] = "Data"  # as the page calls it
    rules: ClassVar[Mapping[str, Rule]] = {
        "source": choice(CHOICES["source"]),
        "rows": integer(20, MOST_ROWS),
        "noise": number(0, 1),
        "train_share": number(0.1, 0.9),
        "target": one_of(text(), value("")),
        "task": choice(CHOICES["task"]),
        "kinds": mapping_of(text()),
        "features": sequence_of(choice(FEATURES), at_least=1),
    }
    converters: ClassVar[Mapping[str, Any]] = {"features": lambda given: tuple(name for name in FEATURES if name in tuple(given))}

    source: str = "xor"
    rows: int = 400
    noise: float = 0.1
    train_share: float = 0.7
    target: str = ""
    task: str = "auto"
    kinds: Mapping[str, str] = field(default_factory=dict)
    features: tuple[str, ...] = COORDINATES


@dataclass(frozen=True)
class LayerState(Settings):
    """A hidden layer.

    Parameters
    ----------
    units : int in [1, 512], default=4
    activation : str, default="tanh"
    dropout : float in [0, 0.95], default=0
        The share of the layer's outputs that each step silences.
    batch_norm : bool, default=False
    norm_place : {"before", "after"}, default="before"
        Where batch norm stands: before the activation, or after it.
    norm_momentum : float in [0, 1), default=0.9
        The weight of the old running statistics, by which batch norm predicts.
    init : str, default="auto"
        The initializer of the weights.
    init_value : float, optional
        The standard deviation of "normal", or the value of "constant".
    skip : bool, default=False
        Whether what the layer reads is handed on beside what it gives.
    """

    kind: ClassVar[str] = "layer"
    owner: ClassVar[str] = "Hidden layer"
    rules: ClassVar[Mapping[str, Rule]] = {
        "units": integer(1, MOST_UNITS),
        "activation": choice(CHOICES["activation"]),
        "dropout": number(0, 0.95),
        "batch_norm": boolean(),
        "norm_place": choice(CHOICES["norm_place"]),
        "norm_momentum": number(0, 1, closed="left"),
        "init": choice(CHOICES["init"]),
        "init_value": _maybe(number(-1e3, 1e3)),
        "skip": boolean(),
    }

    units: int = 4
    activation: str = "tanh"
    dropout: float = 0.0
    batch_norm: bool = False
    norm_place: str = "before"
    norm_momentum: float = 0.9
    init: str = "auto"
    init_value: float | None = None
    skip: bool = False

    @property
    def weight_init(self) -> str | dict[str, Any]:
        """The initializer as :class:`lamina.Dense` takes it."""
        if self.init_value is None or self.init not in INIT_SETTINGS:
            return self.init
        return {"kind": self.init, INIT_SETTINGS[self.init]: self.init_value}


@dataclass(frozen=True)
class TrainingState(Settings):
    """How the network learns.

    Parameters
    ----------
    optimizer : str, default="adam"
    learning_rate : float in (0, 100], default=0.01
        Of optimizers that have one.
    optimizer_settings : dict of str to float, default={}
        Others than usual, of ``lamina.lab.state.FURTHER``.
    schedule : str, default="constant"
    schedule_settings : dict of str to float, default={}
        Others than usual, of ``lamina.lab.state.FURTHER``.
    batch_size : int >= 0, default=32
        0: all rows.
    l1, l2 : float in [0, 1], default=0
        Penalties of all weights.
    max_norm : float > 0, optional
        Bound on the norm of the weights into a unit.
    input_dropout : float in [0, 0.95], default=0
        The share of the inputs that each step silences.
    clip_value, clip_layer_norm, clip_norm : float > 0, optional
        Of the gradient: each number's bound, and those of the norms of each layer and of the whole.
    patience : int >= 0, default=0
        Epochs without a better number after which training stops; 0: it does not.
    stop_monitor : {"validation_loss", "validation_accuracy", "loss"}, default="validation_loss"
        That number.
    stop_tol : float in [0, 1], default=1e-4
        By how much it must be better.
    keeps_best : bool, default=True
        Whether the weights of the best epoch come back when training has stopped early.
    target_loss : float > 0, optional
        Training loss at which training stops.
    small_gradient : float > 0, optional
        Norm of the gradient at which training stops.
    max_epochs : int in [1, 100000], default=100000
    restarts : int in [1, 20], default=1
        Trainings from different first weights, of which the one with the lowest validation loss stays.
    loss : str, default="auto"
        What is lowered; "auto": the cross-entropy of classes, the squared error of numbers. Of the others,
        :attr:`LabRows.losses` has those that the rows allow.
    """

    kind: ClassVar[str] = "training"
    owner: ClassVar[str] = "Training"
    rules: ClassVar[Mapping[str, Rule]] = {
        "optimizer": choice(CHOICES["optimizer"]),
        "learning_rate": number(0, 100, closed="right"),
        "optimizer_settings": mapping_of(_maybe(number(-_LARGE, _LARGE))),
        "schedule": choice(CHOICES["schedule"]),
        "schedule_settings": mapping_of(_maybe(number(-_LARGE, _LARGE))),
        "batch_size": integer(0, MOST_ROWS),
        "l1": number(0, 1),
        "l2": number(0, 1),
        "max_norm": _maybe(number(0, _LARGE, closed="right")),
        "input_dropout": number(0, 0.95),
        "clip_value": _maybe(number(0, _LARGE, closed="right")),
        "clip_layer_norm": _maybe(number(0, _LARGE, closed="right")),
        "clip_norm": _maybe(number(0, _LARGE, closed="right")),
        "patience": integer(0, MOST_EPOCHS),
        "stop_monitor": choice(CHOICES["stop_monitor"]),
        "stop_tol": number(0, 1),
        "keeps_best": boolean(),
        "target_loss": _maybe(number(0, _LARGE, closed="right")),
        "small_gradient": _maybe(number(0, _LARGE, closed="right")),
        "max_epochs": integer(1, MOST_EPOCHS),
        "restarts": integer(1, _MOST_RESTARTS),
        "loss": choice(CHOICES["loss"]),
    }

    optimizer: str = "adam"
    learning_rate: float = 0.01
    optimizer_settings: Mapping[str, float | None] = field(default_factory=dict)
    schedule: str = "constant"
    schedule_settings: Mapping[str, float | None] = field(default_factory=dict)
    batch_size: int = 32
    l1: float = 0.0
    l2: float = 0.0
    max_norm: float | None = None
    input_dropout: float = 0.0
    clip_value: float | None = None
    clip_layer_norm: float | None = None
    clip_norm: float | None = None
    patience: int = 0
    stop_monitor: str = "validation_loss"
    stop_tol: float = 1e-4
    keeps_best: bool = True
    target_loss: float | None = None
    small_gradient: float | None = None
    max_epochs: int = MOST_EPOCHS
    restarts: int = 1
    loss: str = "auto"

    def __post_init__(self) -> None:
        super().__post_init__()
        get_optimizer(self.described_optimizer)
        trials = self.optimizer_settings.get("trials")
        if trials is not None and trials > _MOST_TRIALS:
            raise InvalidSettingError(phrase("trials", f"must be at most {_MOST_TRIALS}", trials, owner="The lab"))
        get_schedule(self.described_schedule)

    @property
    def described_optimizer(self) -> dict[str, Any]:
        """The optimizer as :class:`lamina.Trainer` takes it."""
        has_rate = any(setting.name == "learning_rate" for setting in fields(OPTIMIZERS[self.optimizer]))  # type: ignore[arg-type]
        return {
            "kind": self.optimizer,
            **({"learning_rate": self.learning_rate} if has_rate else {}),
            **self.optimizer_settings,
        }

    @property
    def described_schedule(self) -> str | dict[str, Any]:
        """The schedule as :class:`lamina.Trainer` takes it."""
        return {"kind": self.schedule, **self.schedule_settings} if self.schedule_settings else self.schedule

    @property
    def needs_validation(self) -> bool:
        """Whether the rows for validation are measured after each epoch, by which something goes."""
        watched = getattr(get_schedule(self.described_schedule), "monitor", "")
        return "validation" in watched or (self.patience > 0 and "validation" in self.stop_monitor)


def _reader(part: type[_Part]) -> Any:
    """A converter that also takes what ``to_dict`` gives."""
    return lambda given: given if isinstance(given, part) else part.from_settings(given)


_LAYER = _reader(LayerState)
_PART = one_of(instance(Settings), mapping_of(Rule("anything", lambda given: True)))


@dataclass(frozen=True)
class LabState(Settings):
    """Everything that the page shows follows from this, but for the numbers that a training gives.

    Parameters
    ----------
    data : DataState
    layers : tuple of LayerState
        The hidden layers, at most 12.
    training : TrainingState
    seed : int in [0, 2**31), default=0
        Of the data, the split, the first weights, the order of the rows and dropout.

    Raises
    ------
    InvalidSettingError
        If a setting is out of range; all of a part are named.

    Examples
    --------
    >>> state = LabState(layers=(LayerState(8),))
    >>> LabState.from_settings(state.to_dict()) == from_address(to_address(state)) == state
    True
    """

    kind: ClassVar[str] = "lab"
    owner: ClassVar[str] = "The lab"
    rules: ClassVar[Mapping[str, Rule]] = {
        "data": _PART,
        "layers": sequence_of(_PART),
        "training": _PART,
        "seed": integer(0, 2**31 - 1),
    }
    converters: ClassVar[Mapping[str, Any]] = {
        "data": _reader(DataState),
        "layers": lambda given: tuple(map(_LAYER, given)),
        "training": _reader(TrainingState),
    }

    data: DataState = field(default_factory=DataState)
    layers: tuple[LayerState, ...] = (LayerState(),)
    training: TrainingState = field(default_factory=TrainingState)
    seed: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.layers) > MOST_LAYERS:
            raise InvalidSettingError(phrase("layers", f"must be at most {MOST_LAYERS}", len(self.layers), owner="The lab"))

    @classmethod
    def from_json(cls, given: str | bytes) -> Self:
        """The state that text describes.

        Raises
        ------
        InvalidSettingError
            If it is no JSON, or describes no state.
        """
        try:
            described = json.loads(given)
        except (ValueError, RecursionError):
            raise InvalidSettingError(phrase("the state", "must be JSON", _begin(given), owner="The lab")) from None
        return cls.from_described(described)

    @classmethod
    def from_described(cls, described: object) -> Self:
        """The state that :meth:`to_dict` described, as it comes from outside.

        Raises
        ------
        InvalidSettingError
            If it describes no state.
        """
        if not isinstance(described, Mapping):
            raise InvalidSettingError(phrase("the state", "must be a JSON object", _begin(described), owner="The lab"))
        return cls.from_settings(described)


def to_address(state: LabState) -> str:
    """The state as characters that may stand in an address."""
    packed = zlib.compress(json.dumps(state.to_dict(), separators=(",", ":")).encode(), 9)
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def from_address(characters: str) -> LabState:
    """The state that :func:`to_address` wrote; behind a dot the page names its lesson, which is none of the state.

    Raises
    ------
    InvalidSettingError
        If nothing that it writes looks so.
    """
    described = _unpacked(characters.partition(".")[0])
    if described is None:
        repair = "Copy the whole address."
        raise InvalidSettingError(phrase("the state in the address", "must be whole", _begin(characters), repair=repair))
    return LabState.from_json(described)


def _unpacked(characters: str) -> bytes | None:
    """What the characters of an address hold; None if they are not whole, or hold more than any state."""
    unpacking = zlib.decompressobj()
    try:
        packed = base64.urlsafe_b64decode(characters.encode("ascii") + b"=" * (-len(characters) % 4))
        described = unpacking.decompress(packed, _MOST_CHARACTERS)
    except (binascii.Error, zlib.error, UnicodeEncodeError):
        return None
    return described if unpacking.eof else None


def _begin(given: object) -> str:
    return str(given)[:40]
