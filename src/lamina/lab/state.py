"""The whole state of the lab's page, as one object that goes to JSON, to an address and back."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar, Self, TypeVar

from lamina.activations import ACTIVATIONS
from lamina.errors import InvalidSettingError, phrase
from lamina.initializers import INITIALIZERS
from lamina.lab.toy_data import TOYS
from lamina.optimizers import OPTIMIZERS
from lamina.schedules import SCHEDULES
from lamina.settings import Settings
from lamina.validation import Rule, boolean, choice, instance, integer, mapping_of, number, one_of, sequence_of, text, value

__all__ = [
    "CHOICES",
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
_MOST_EPOCHS = 100_000
_MOST_CHARACTERS = 100_000  # of a state in an address
_NEED_MORE = (
    "among_rows",
    "constant",
    "random_signs",
    "unit_variance",
)  # initializers that are for other layers, or need settings
_TABLE, _DIGITS = "table", "digits"

#: What the page offers in its lists.
CHOICES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "source": (*TOYS, _DIGITS, _TABLE),
        "activation": tuple(name for name in ACTIVATIONS if name not in ("softmax", "exp")),
        "init": tuple(name for name in INITIALIZERS if name not in _NEED_MORE),
        "optimizer": tuple(name for name in OPTIMIZERS if name != "lbfgs"),
        "schedule": tuple(SCHEDULES),
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
    kinds : dict of str to str, default={}
        The kinds of the table's columns that were changed by hand.
    """

    kind: ClassVar[str] = "data"
    rules: ClassVar[Mapping[str, Rule]] = {
        "source": choice(CHOICES["source"]),
        "rows": integer(20, MOST_ROWS),
        "noise": number(0, 1),
        "train_share": number(0.1, 0.9),
        "target": one_of(text(), value("")),
        "kinds": mapping_of(text()),
    }

    source: str = "xor"
    rows: int = 400
    noise: float = 0.1
    train_share: float = 0.7
    target: str = ""
    kinds: Mapping[str, str] = field(default_factory=dict)


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
        Between the sums and the activation.
    init : str, default="auto"
        The initializer of the weights.
    skip : bool, default=False
        Whether what the layer reads is handed on beside what it gives.
    """

    kind: ClassVar[str] = "layer"
    rules: ClassVar[Mapping[str, Rule]] = {
        "units": integer(1, MOST_UNITS),
        "activation": choice(CHOICES["activation"]),
        "dropout": number(0, 0.95),
        "batch_norm": boolean(),
        "init": choice(CHOICES["init"]),
        "skip": boolean(),
    }

    units: int = 4
    activation: str = "tanh"
    dropout: float = 0.0
    batch_norm: bool = False
    init: str = "auto"
    skip: bool = False


@dataclass(frozen=True)
class TrainingState(Settings):
    """How the network learns.

    Parameters
    ----------
    optimizer : str, default="adam"
    learning_rate : float in (0, 100], default=0.01
    schedule : str, default="constant"
    batch_size : int >= 0, default=32
        0: all rows.
    l1, l2 : float in [0, 1], default=0
        Penalties of all weights.
    clip_value, clip_norm : float > 0, optional
        Of the gradient.
    patience : int >= 0, default=0
        Epochs without a better validation loss after which training stops; 0: it does not.
    max_epochs : int in [1, 100000], default=100000
    """

    kind: ClassVar[str] = "training"
    rules: ClassVar[Mapping[str, Rule]] = {
        "optimizer": choice(CHOICES["optimizer"]),
        "learning_rate": number(0, 100, closed="right"),
        "schedule": choice(CHOICES["schedule"]),
        "batch_size": integer(0, MOST_ROWS),
        "l1": number(0, 1),
        "l2": number(0, 1),
        "clip_value": _maybe(number(0, 1e9, closed="right")),
        "clip_norm": _maybe(number(0, 1e9, closed="right")),
        "patience": integer(0, _MOST_EPOCHS),
        "max_epochs": integer(1, _MOST_EPOCHS),
    }

    optimizer: str = "adam"
    learning_rate: float = 0.01
    schedule: str = "constant"
    batch_size: int = 32
    l1: float = 0.0
    l2: float = 0.0
    clip_value: float | None = None
    clip_norm: float | None = None
    patience: int = 0
    max_epochs: int = _MOST_EPOCHS


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
    """The state that :func:`to_address` wrote.

    Raises
    ------
    InvalidSettingError
        If nothing that it writes looks so.
    """
    described = _unpacked(characters)
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
