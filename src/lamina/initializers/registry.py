"""All initializers by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from lamina.errors import InvalidSettingError, phrase, phrase_unknown
from lamina.initializers.auto import Auto
from lamina.initializers.constant import Constant
from lamina.initializers.initializer import Initializer
from lamina.initializers.normal import Normal
from lamina.initializers.orthogonal import Orthogonal
from lamina.initializers.scaled import SCHEMES, Scaled
from lamina.initializers.sklearn_uniform import SklearnUniform
from lamina.initializers.uniform import Uniform
from lamina.settings import check_keys, kind_of

__all__ = ["INITIALIZERS", "get_initializer"]


#: Every initializer by name, with its default settings.
INITIALIZERS: Mapping[str, Initializer] = MappingProxyType(
    {
        "auto": Auto(),
        "zeros": Constant(0.0),
        "constant": Constant(),
        "normal": Normal(),
        "uniform": Uniform(),
        "orthogonal": Orthogonal(),
        "sklearn_uniform": SklearnUniform(),
    }
    | {scheme: Scaled(scheme) for scheme in SCHEMES}
)


def get_initializer(initializer: str | Initializer | Mapping[str, Any], **settings: Any) -> Initializer:
    """The initializer of that name, with other settings if given; an initializer or its dict is accepted too.

    Parameters
    ----------
    initializer : str, Initializer or dict
        A key of :data:`INITIALIZERS`, an object, or what an object's ``to_dict`` gave.
    **settings
        Settings that differ from the defaults.

    Raises
    ------
    InvalidSettingError
        When the name or a setting is unknown, or a setting out of range.

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
