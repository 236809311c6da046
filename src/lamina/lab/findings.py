"""What the doctor says of a state of the lab, and the state after a cure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lamina.caller import warnings_told
from lamina.doctor import Finding, diagnose
from lamina.doctor.by_curves import examine_curves
from lamina.errors import InvalidSettingError
from lamina.lab.curves import Curves
from lamina.lab.experiment import LabRows, build
from lamina.lab.state import LabState, LayerState
from lamina.training import Callback

__all__ = ["cured", "examined", "of_a_copy", "with_curves"]

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
    epochs = _epochs(state)
    with warnings_told(lambda text: None):  # of copies
        diagnosis = diagnose(experiment.trainer, X, y, seed=state.seed, max_epochs=epochs)
    goes_on = epochs < state.training.max_epochs  # on the page, where nobody stopped it
    found = [finding for finding in diagnosis.findings if not (goes_on and finding.name == "stopped_too_early")]
    return [_described(finding, state) for finding in found]


def with_curves(findings: Sequence[dict[str, Any]], state: LabState, curves: Curves) -> list[dict[str, Any]]:
    """The findings, and before them what the run's own curves show, which no copy that trains for less need show.

    Parameters
    ----------
    findings : sequence of dict
        Those of :func:`examined`.
    state : LabState
    curves : Curves
        Of the run.
    """
    training = state.training
    goes_back = training.patience > 0 and training.keeps_best and "validation" in training.stop_monitor
    found = None if goes_back else examine_curves(*curves[:3], lowest=curves.lowest)
    if found is None:
        return list(findings)
    others = [finding for finding in findings if finding["name"] not in ("healthy", found.name)]
    return [_described(found, state), *others]


def of_a_copy(state: LabState, rows: LabRows) -> str:
    """What the scores are of that the findings name."""
    count = len(rows.y) + len(rows.y_val)
    return (
        f"The doctor trained a copy of this network for up to {_epochs(state)} epochs on three quarters of the {count:,} rows, "
        "and judged it by the others: the scores below are the copy's. The validation loss is that of the run itself."
    )


def _epochs(state: LabState) -> int:
    """How many the doctor watches."""
    return min(_EPOCHS, state.training.max_epochs)


def _described(finding: Finding, state: LabState) -> dict[str, Any]:
    cures = []
    for cure in finding.cures:
        after = cured(state, cure.changes)
        if after == state or _is_of_layers_that_lack(state, cure.changes):
            continue
        cures.append({"name": cure.name, "why": cure.why, "row": cure.row, "state": None if after is None else after.to_dict()})
    return {
        "name": finding.name,
        "title": finding.title,
        "grade": finding.grade,
        "text": f"{finding.meaning} {finding.causes}".strip(),
        "evidence": [str(evidence) for evidence in finding.evidence],
        "row": finding.row,
        "cures": cures,
    }


def _is_of_layers_that_lack(state: LabState, changes: Mapping[str, Any]) -> bool:
    """Whether a cure would change hidden layers where there are none."""
    return not state.layers and "widths" not in changes and any(word in _OF_LAYERS for word in changes)


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
    training, layers = state.training, _of_widths(state.layers, changes["widths"]) if "widths" in changes else state.layers
    for word, value in changes.items():
        if word in ("optimizer", "schedule"):
            training = replace(training, **{word: value, f"{word}_settings": {}})
        elif word == "epochs" and value >= _epochs(state):  # more than the doctor watched: a run may be longer already
            training = replace(training, max_epochs=max(value, training.max_epochs))
        elif word in _OF_TRAINING:
            training = replace(training, **{_OF_TRAINING[word]: value})
        elif word in _OF_LAYERS:
            layers = tuple(replace(layer, **{_OF_LAYERS[word]: value}) for layer in layers)
        elif word == "loss":
            training = replace(training, loss="auto" if value in _USUAL_LOSSES else value)
        elif word == "early_stopping":
            training = replace(training, patience=int(changes.get("patience", training.patience or _PATIENCE)) if value else 0)
        elif word != "widths":
            return None
    return replace(state, training=training, layers=layers)


def _of_widths(layers: Sequence[LayerState], widths: Sequence[int]) -> tuple[LayerState, ...]:
    """As many layers as there are widths: further ones are like the last, or of relu, as the doctor's own, if there is none."""
    last = replace(layers[-1], skip=False) if layers else LayerState(activation="relu")
    known = [*layers, *[last] * len(widths)]
    return tuple(replace(layer, units=int(units)) for layer, units in zip(known, widths, strict=False))
