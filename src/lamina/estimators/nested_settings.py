"""Settings of the objects among an estimator's parameters, under names such as ``optimizer__learning_rate``.

The objects are immutable: changing a setting replaces the object by a new one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from typing import Any, Self

from lamina.errors import InvalidSettingError, phrase, phrase_unknown
from lamina.settings import Settings

__all__ = ["NestedSettings"]


class NestedSettings:
    """Parameters of an estimator, a dataclass, with the settings of the objects among them."""

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """All parameters by name.

        Parameters
        ----------
        deep : bool, default=True
            Whether to include the settings of the objects among them, such as ``optimizer__learning_rate``.

        Returns
        -------
        dict
        """
        parameters: dict[str, Any] = super().get_params(deep=deep)  # type: ignore[misc]
        if deep:
            for name, given in list(parameters.items()):
                parameters |= nested_settings(name, given)
        return parameters

    def set_params(self, **params: Any) -> Self:
        """Set parameters by name; ``optimizer__learning_rate=0.1`` replaces the optimizer by one with that rate.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter is unknown.
        InvalidSettingError
            If the parameter before the ``__`` is not an object with settings, or has no such setting. Nothing is changed then.
        """
        plain, nested = split_nested(params, [field.name for field in fields(self)])  # type: ignore[arg-type]
        owner = type(self).__name__
        for name, changes in nested.items():
            plain[name] = with_settings(name, plain.get(name, getattr(self, name)), changes, owner=owner)
        super().set_params(**plain)  # type: ignore[misc]
        return self


def nested_settings(name: str, given: object) -> dict[str, Any]:
    """All settings of ``given``, if it has any, and recursively those of its settings.

    >>> from lamina.optimizers import GradientDescent
    >>> nested_settings("optimizer", GradientDescent(0.1))
    {'optimizer__learning_rate': 0.1, 'optimizer__weight_decay': 0.0}
    """
    found: dict[str, Any] = {}
    for own in _names(given):
        setting, inner = getattr(given, own), f"{name}__{own}"
        found |= {inner: setting} | nested_settings(inner, setting)
    return found


def split_nested(parameters: Mapping[str, Any], known: Iterable[str]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Split ``parameters`` into those of the estimator (and unknown ones), and the settings of the ``known`` objects by name."""
    plain: dict[str, Any] = {}
    nested: dict[str, dict[str, Any]] = {}
    for name, given in parameters.items():
        head, within, rest = name.partition("__")
        if within and head in known:
            nested.setdefault(head, {})[rest] = given
        else:
            plain[name] = given
    return plain, nested


def with_settings(name: str, given: object, changes: Mapping[str, Any], *, owner: str) -> Any:
    """A copy of ``given`` with changed settings; a name with ``__`` refers to an object inside it.

    Raises
    ------
    InvalidSettingError
        If ``given`` is not an object with settings, or does not have these settings, or they are wrong.
    """
    if not isinstance(given, Settings):
        rule = f"must be an object to have a setting {next(iter(changes))!r}"
        repair = "Give an object, such as optimizer=Adam(); if you give a name, set the estimator's parameters instead."
        raise InvalidSettingError(phrase(name, rule, given, repair=repair, owner=owner))
    known = _names(given)
    plain, nested = split_nested(changes, known)
    for own in plain:
        if own not in known:
            kind = f"a setting of {type(given).__name__}"
            raise InvalidSettingError(phrase_unknown(kind, own, known, owner=f"{owner}: {name}"))
    for own, inner in nested.items():
        plain[own] = with_settings(f"{name}__{own}", plain.get(own, getattr(given, own)), inner, owner=owner)
    changed: Any = replace(given, **plain)  # type: ignore[type-var]
    return changed


def _names(given: object) -> list[str]:
    """The names of an object's settings; empty for other objects."""
    return [field.name for field in fields(given) if field.init] if isinstance(given, Settings) else []  # type: ignore[arg-type]
