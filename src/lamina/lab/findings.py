"""What the doctor says of a state of the lab, and the state after a cure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lamina.doctor import Finding, diagnose
from lamina.errors import InvalidSettingError
from lamina.lab.experiment import LabRows, build
from lamina.lab.state import LabState
from lamina.training import Callback

__all__ = ["cured", "examined"]

_EPOCHS = 150  # that the doctor watches
_USUAL_LOSSES = ("log_loss", "sigmoid_cross_entropy", "softmax_cross_entropy")  # of classes
_PATIENCE = 10  # as an estimator's n_iter_no_change
#: The words of cures, and the fields of a training's state that they change.
_OF_TRAINING = {
    "learning_rate": "learning_rate",
    "batch_size": "batch_size",
    "epochs": "max_epochs",
    "l2": "l2",
    "clip_norm": "clip_norm",
    "patience": "patience",
}
#: Those of every hidden layer.
_OF_LAYERS = {"activation": "activation", "weight_init": "init", "batch_norm": "batch_norm", "dropout": "dropout"}


def examined(state: LabState, rows: LabRows, callbacks: Sequence[Callback] = ()) -> list[dict[str, Any]]:
    """The doctor's findings on what a state trains: a copy of it is trained while it is watched.

    Parameters
    ----------
    state : LabState
    rows : LabRows
        Those of the state.
    callbacks : sequence of Callback, default=()
        Of the trainings that are watched.

    Returns
    -------
    list of dict
        Empty if nothing is to be said but that the training may go on. Of each finding its title, how bad it is, sentences,
        numbers and cures; of each cure its name, why it helps, the lecture's row, and the state that it leads to, or None where
        the page has no such setting.
    """
    experiment = build(state, rows, callbacks)
    X, y = np.concatenate([rows.X, rows.X_val]), np.concatenate([experiment.y, experiment.y_val])
    epochs = min(_EPOCHS, state.training.max_epochs)
    diagnosis = diagnose(experiment.trainer, X, y, seed=state.seed, max_epochs=epochs)
    goes_on = epochs < state.training.max_epochs  # on the page, where nobody stopped it
    found = [finding for finding in diagnosis.findings if not (goes_on and finding.name == "stopped_too_early")]
    return [_described(finding, state) for finding in found]


def _described(finding: Finding, state: LabState) -> dict[str, Any]:
    cures = []
    for cure in finding.cures:
        after = cured(state, cure.changes)
        cures.append({"name": cure.name, "why": cure.why, "row": cure.row, "state": None if after is None else after.to_dict()})
    return {
        "title": finding.title,
        "grade": finding.grade,
        "text": f"{finding.meaning} {finding.causes}".strip(),
        "evidence": [str(evidence) for evidence in finding.evidence],
        "row": finding.row,
        "cures": cures,
    }


def cured(state: LabState, changes: Mapping[str, Any]) -> LabState | None:
    """The state after a cure, in the words of :data:`lamina.doctor.CHANGES`; None where the page has no such setting.

    >>> cured(LabState(), {"learning_rate": 0.5, "activation": "relu"}).layers[0].activation
    'relu'
    >>> cured(LabState(), {"scale_inputs": True}) is None
    True
    """
    try:
        return _changed(state, changes)
    except InvalidSettingError:  # a choice that the page does not offer
        return None


def _changed(state: LabState, changes: Mapping[str, Any]) -> LabState | None:
    training, layers = state.training, state.layers
    for word, value in changes.items():
        if word in ("optimizer", "schedule"):
            training = replace(training, **{word: value, f"{word}_settings": {}})
        elif word in _OF_TRAINING:
            training = replace(training, **{_OF_TRAINING[word]: value})
        elif word in _OF_LAYERS:
            layers = tuple(replace(layer, **{_OF_LAYERS[word]: value}) for layer in layers)
        elif word == "loss":
            training = replace(training, loss="auto" if value in _USUAL_LOSSES else value)
        elif word == "early_stopping":
            training = replace(training, patience=int(changes.get("patience", training.patience or _PATIENCE)) if value else 0)
        elif word == "widths" and len(value) == len(layers):
            layers = tuple(replace(layer, units=units) for layer, units in zip(layers, value, strict=True))
        else:
            return None
    return replace(state, training=training, layers=layers)
