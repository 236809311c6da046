"""All initializers by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from lamina import initializers
from lamina.errors import InvalidSettingError, phrase, phrase_unknown
from lamina.initializers.initializer import Initializer
from lamina.settings import check_keys, kind_of

__all__ = ["INITIALIZERS", "get_initializer"]

_CLASSES = {
    "auto": "Auto",
    "zeros": "Constant",
    "constant": "Constant",
    "normal": "Normal",
    "uniform": "Uniform",
    "orthogonal": "Orthogonal",
    "sklearn_uniform": "SklearnUniform",
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


def get_initializer(initializer: str | Initializer | Mapping[str, Any], **settings: Any) -> Initializer:
    """The initializer with that name and the given settings; an initializer or its dict is accepted too.

    Parameters
    ----------
    initializer : str, Initializer or dict
        A key of :data:`INITIALIZERS`, an object, or the result of an object's ``to_dict``.
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
    """
    if isinstance(initializer, Mapping):
        kind = kind_of(initializer, INITIALIZERS, family="initializer")
        return get_initializer(kind, **{k: v for k, v in initializer.items() if k != "kind"} | settings)
    if isinstance(initializer, str):
        if initializer not in INITIALIZERS:
            raise InvalidSettingError(phrase_unknown("an initializer", initializer, INITIALIZERS))
        initializer = INITIALIZERS[initializer]
    if not isinstance(initializer, Initializer):
        raise InvalidSettingError(phrase("an initializer", "must be a name, a dict or an Initializer", initializer))
    known = {name: None for name in vars(initializer) if name != "scheme"}
    check_keys(settings, known, owner=type(initializer).__name__)
    return replace(initializer, **settings) if settings else initializer  # type: ignore[type-var]
