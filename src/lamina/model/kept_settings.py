"""What a model keeps of the settings that it was trained with, for a training that goes on from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.model.setting_words import NAMES_OF_ESTIMATORS
from lamina.model.table_settings import EncodingSettings, NetworkSettings, TableSettings

if TYPE_CHECKING:
    from lamina.model.table_model import TableModel

__all__ = ["LEARNED", "kept_settings", "settings_of"]

_FREE = {"dropout", "input_dropout", "on_error"}  # of the network and the encoding: they only act while training or reading
LEARNED = frozenset(
    {"loss", *(setting.name for group in (NetworkSettings, EncodingSettings) for setting in fields(group))} - _FREE
)
"""The settings of what stays as it was learned; the model's parts tell them."""

_OF_A_RUN = {
    "preset",
    "threads",
    "precision",
    "restarts",
    "workers",
    "ray",
    "way",
    "monitor",
    "calibration",
    "memory",
    "on_bad_shard",
}  # another training has its own


def kept_settings(settings: TableSettings) -> dict[str, Any]:
    """The settings of the training by name, as JSON holds them; what is neither text, number nor list is left out."""
    plain = {name: _plain(value) for name, value in settings.by_name().items() if name not in LEARNED | _OF_A_RUN}
    return {name: value for name, value in plain.items() if _is_plain(value)}


def settings_of(model: TableModel) -> TableSettings:
    """The settings that a model was trained with: those that it kept, and others as its parts have them.

    Files of earlier versions kept none. Settings that the parts do not have, such as ``patience``, are then the defaults.
    """
    parameters = model.estimator.get_params(deep=False)
    of_estimator = {NAMES_OF_ESTIMATORS.get(name, name): value for name, value in parameters.items() if name != "solver"}
    of_encoder = model.encoder.get_params(deep=False)
    learned = {**of_encoder, **of_estimator, "kinds": of_encoder["kinds"] or {}, "decision_threshold": model.threshold}
    if isinstance(weights := learned.get("class_weight"), Mapping):
        labels = model.target.class_labels.tolist()
        learned["class_weight"] = {labels[index]: weight for index, weight in weights.items()}
    kept = {name: tuple(value) if isinstance(value, list) else value for name, value in model.summary.get("settings", {}).items()}
    known = {**learned, **{name: value for name, value in kept.items() if name not in LEARNED}}
    return TableSettings.of({name: value for name, value in known.items() if name not in _OF_A_RUN})


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    return list(value) if isinstance(value, tuple) else value


def _is_plain(value: Any) -> bool:
    return all(entry is None or isinstance(entry, str | int | float) for entry in (value if isinstance(value, list) else [value]))
