"""Settings of the objects among an estimator's parameters, under names such as ``optimizer__learning_rate``.

The objects are immutable: changing a setting replaces the object by a new one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from typing import Any

from lamina.errors import InvalidSettingError, phrase, phrase_unknown
from lamina.settings import Settings

__all__ = ["nested_settings", "split_nested", "with_settings"]


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
