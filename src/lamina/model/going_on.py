"""Going on from a model with new rows: its weights are trained, and all else that it has learned stays."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np

from lamina.errors import InvalidSettingError, phrase
from lamina.losses import canonical_loss, get_loss
from lamina.model.kept_settings import LEARNED, settings_of
from lamina.model.named_settings import read_named
from lamina.model.setting_words import NAMES_OF_ESTIMATORS, OWNER
from lamina.model.table_model import TableModel
from lamina.model.table_rows import Given, Rows
from lamina.model.table_settings import PRESETS, TableSettings

__all__ = ["rows_like", "settings_to_go_on"]


def settings_to_go_on(model: TableModel, settings: TableSettings | None) -> TableSettings:
    """The settings that a model was trained with, and those that are named now.

    Raises
    ------
    InvalidSettingError
        If what the model learned stands against a setting: another network, loss, encoding or scale of targets, or restarts.
    """
    before = settings_of(model)
    named = {} if settings is None else {name: value for name, value in settings.named.items() if not _leaves_open(name, value)}
    merged = TableSettings.of({**before.by_name(), **_of_preset(named), **named})
    learned, asked = _learned(before, model), _learned(merged, model)
    for name in (name for name in learned if name in named):
        if asked[name] != learned[name]:
            rule = f"must stay {learned[name]!r}, as the model to go on from has learned it"
            raise InvalidSettingError(phrase(name, rule, named[name], repair="Remove it, or begin anew.", owner=OWNER))
    _check_scale(named.get("target_scale", "auto"), model)
    if named.get("restarts", 1) != 1:
        repair = "Every restart starts from new weights."
        raise InvalidSettingError(
            phrase("restarts", "must be 1 to go on from a model", named["restarts"], repair=repair, owner=OWNER)
        )
    return merged


def rows_like(model: TableModel, given: Given, settings: TableSettings) -> Rows:
    """New rows, read as those that a model was trained on.

    Raises
    ------
    DataError
        If a column is missing or, with ``on_error="fail"``, holds values of another kind.
    """
    encoder = copy.copy(model.encoder).set_params(on_error=settings.encoding.on_error)
    return given.as_read(encoder.read(given.columns), model.target, encoder, model)


def _leaves_open(name: str, value: Any) -> bool:
    """Whether a setting says that what was learned stays: members and bins of None, which a preset would fill."""
    return value is None and name in LEARNED and name in PRESETS["default"]


def _of_preset(named: Mapping[str, Any]) -> dict[str, None]:
    """What a preset that is named now fills again in place of what was before, but for what was learned."""
    return dict.fromkeys(PRESETS["default"].keys() - LEARNED) if "preset" in named else {}


def _check_scale(asked: Any, model: TableModel) -> None:
    """Reject another scale of numbers than those of the model; "auto" is whatever was learned."""
    kinds = [scale.kind for scale in model.scales]
    if model.target.task == "regression" and asked != "auto" and set(kinds) != {asked}:
        learned = ", ".join(map(repr, dict.fromkeys(kinds)))
        rule = f"must stay as the model to go on from has learned it ({learned})"
        raise InvalidSettingError(phrase("target_scale", rule, asked, repair="Remove it, or begin anew.", owner=OWNER))


def _learned(settings: TableSettings, model: TableModel) -> dict[str, Any]:
    """What settings say about the parts of a model that stay, by name, in one form."""
    network = {NAMES_OF_ESTIMATORS.get(name, name): value for name, value in settings.network.parameters().items()}
    loss = settings.optimization.loss
    chosen = type(model.estimator).loss if loss is None else canonical_loss(read_named(loss, get_loss))
    parts = {**network, **settings.encoding.parameters(), "loss": chosen}
    return {name: _in_one_form(value) for name, value in parts.items() if name in LEARNED}


def _in_one_form(value: Any) -> Any:
    """A sequence as a tuple; one of a single entry as that entry, for which it stands."""
    entries = value.tolist() if isinstance(value, np.ndarray) else value
    if not isinstance(entries, list | tuple):
        return entries
    return entries[0] if len(entries) == 1 else tuple(entries)
