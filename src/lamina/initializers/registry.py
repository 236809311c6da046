"""All initializers by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from lamina import initializers
from lamina.errors import InvalidSettingError, phrase, phrase_unknown
from lamina.initializers.initializer import Initializer
from lamina.settings import check_keys, kind_of

__all__ = ["ALIASES", "INITIALIZERS", "canonical_initializer", "get_initializer"]

_CLASSES = {
    "auto": "Auto",
    "zeros": "Constant",
    "constant": "Constant",
    "normal": "Normal",
    "uniform": "Uniform",
    "orthogonal": "Orthogonal",
    "sklearn_uniform": "SklearnUniform",
    "unit_variance": "UnitVariance",
    "among_rows": "AmongRows",
    "random_signs": "RandomSigns",
}
_SCHEMES = ("xavier", "glorot_normal", "glorot_uniform", "he", "he_normal", "he_uniform", "lecun_normal", "lecun_uniform")


class _Defaults(Mapping[str, Initializer]):
    """Every initializer with its default settings, created on access."""

    def __getitem__(self, name: str) -> Initializer:
        if name in _SCHEMES:
            return initializers.Scaled(name)
        initializer: Initializer = getattr(initializers, _CLASSES[name])()
        return initializer

    def __iter__(self) -> Iterator[str]:
        return iter((*_CLASSES, *_SCHEMES))

    def __len__(self) -> int:
        return len(_CLASSES) + len(_SCHEMES)

    def __contains__(self, name: object) -> bool:
        return name in _CLASSES or name in _SCHEMES


#: Every initializer by name, with its default settings.
INITIALIZERS: Mapping[str, Initializer] = _Defaults()

#: Other common names, from torch and Keras; ``xavier_normal`` is torch's, and not the lecture's ``xavier``.
ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "lecun": "lecun_normal",
        "xavier_normal": "glorot_normal",
        "xavier_uniform": "glorot_uniform",
        "kaiming": "he",
        "kaiming_normal": "he_normal",
        "kaiming_uniform": "he_uniform",
    }
)


def canonical_initializer(given: Any) -> Any:
    """The name that an alias stands for; whatever else is given, as it is.

    >>> canonical_initializer("kaiming_normal"), canonical_initializer("normal")
    ('he_normal', 'normal')
    """
    return ALIASES.get(given, given) if isinstance(given, str) else given


def get_initializer(initializer: str | Initializer | Mapping[str, Any], **settings: Any) -> Initializer:
    """The initializer with that name and the given settings; an initializer or its dict is accepted too.

    Parameters
    ----------
    initializer : str, Initializer or dict
        A key of :data:`INITIALIZERS` or :data:`ALIASES`, an object, or the result of an object's ``to_dict``.
    **settings
        Settings that differ from the defaults.

    Raises
    ------
    InvalidSettingError
        If the name or a setting is unknown, or a setting is out of range.

    Examples
    --------
    >>> get_initializer("normal", std=0.1)
    Normal(std=0.1)
    >>> get_initializer({"kind": "he", "gain": 0.5})
    Scaled(scheme='he', gain=0.5)
    >>> get_initializer("kaiming_uniform")
    Scaled(scheme='he_uniform', gain=1.0)
    """
    if isinstance(initializer, Mapping):
        kind = kind_of(initializer, {**dict.fromkeys(INITIALIZERS), **ALIASES}, family="initializer")
        return get_initializer(kind, **{k: v for k, v in initializer.items() if k != "kind"} | settings)
    if isinstance(initializer, str):
        name = canonical_initializer(initializer)
        if name not in INITIALIZERS:
            raise InvalidSettingError(phrase_unknown("an initializer", initializer, INITIALIZERS, aliases=ALIASES))
        initializer = INITIALIZERS[name]
    if not isinstance(initializer, Initializer):
        raise InvalidSettingError(phrase("an initializer", "must be a name, a dict or an Initializer", initializer))
    known = {name: None for name in vars(initializer) if name != "scheme"}
    check_keys(settings, known, owner=type(initializer).__name__)
    return replace(initializer, **settings) if settings else initializer  # type: ignore[type-var]
