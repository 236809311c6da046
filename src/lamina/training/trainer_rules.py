"""Checks what a trainer is made of: its settings, and what stands beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from lamina.errors import InvalidSettingError, phrase
from lamina.settings import check_keys
from lamina.training.callbacks.callback import Callback
from lamina.training.named_metrics import METRICS_RULE
from lamina.training.settings import TrainerSettings
from lamina.validation import InvalidParameterError, Rule, check_parameters, instance, one_of, sequence_of, value

__all__ = ["checked_settings", "opened_settings"]

_SETTINGS_RULE = {
    "settings": Rule(
        "TrainerSettings (TrainerSettings.from_settings reads a description)",
        lambda given: isinstance(given, TrainerSettings),
    )
}


def _is_pair(given: object) -> bool:
    arrays = given if isinstance(given, tuple | list) else []
    return len(arrays) == 2 and all(isinstance(a, np.ndarray) and a.ndim == 1 and a.dtype.kind == "f" for a in arrays)


_RULES: dict[str, Rule] = {
    "initial_weights": one_of(value(None), Rule("a pair of flat float arrays, parameters and state", _is_pair)),
    "callbacks": one_of(instance(Callback), sequence_of(instance(Callback))),
    "metrics": METRICS_RULE,
}


def checked_settings(settings: Mapping[str, Any], besides: Mapping[str, Any]) -> TrainerSettings:
    """The settings as an object; ``besides`` are checked, too.

    Raises
    ------
    InvalidParameterError
        One sentence for each wrong setting, also of those beside.
    InvalidSettingError
        If settings do not fit together.
    """
    try:
        checked = TrainerSettings(**settings)
        check_parameters(besides, _RULES, owner="Trainer")
    except InvalidParameterError:
        check_parameters({**settings, **besides}, {**TrainerSettings.rules, **_RULES}, owner="Trainer")  # names all errors
        raise
    return checked


def opened_settings(settings: TrainerSettings, besides: Mapping[str, Any]) -> dict[str, Any]:
    """The settings by name, for ``Trainer.from_settings``.

    Raises
    ------
    InvalidSettingError
        If they are no settings, or ``besides`` has one of them or something unknown.
    """
    place = "Trainer.from_settings"
    check_parameters({"settings": settings}, _SETTINGS_RULE, owner=place)
    given = {field.name: getattr(settings, field.name) for field in fields(settings)}
    for name in given.keys() & besides.keys():
        repair = f"Change it with dataclasses.replace(settings, {name}=…)."
        rule = "must not be given in addition to the settings, which contain it"
        raise InvalidSettingError(phrase(name, rule, besides[name], repair=repair, owner=place))
    check_keys(besides, _RULES, owner=place)
    return given
