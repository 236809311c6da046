"""How the losses and metrics went."""

from __future__ import annotations

import math

from lamina.report.content import Block, Part, Words
from lamina.report.subject import Subject
from lamina.training.history_chart import LOSSES, chart_of_epochs, kept_mark

__all__ = ["curves"]

_NOT_CURVES = {"epoch", "step", "learning_rate", "duration_s", "samples_per_s"}


def curves(subject: Subject) -> Part:
    """The losses, then every other number of an epoch, each over epochs."""
    history = subject.model.estimator.history_
    rows = [dict(row) for row in history]
    if not rows:
        return Part("curves", "Learning curves", (Words("The model keeps no history of its training.", "missing"),))
    keys = [key for key in dict.fromkeys(key for row in rows for key in row) if key not in _NOT_CURVES and _is_curve(rows, key)]
    losses = [key for key in keys if key in LOSSES]
    mark = kept_mark(subject.model.kept_epoch)
    charts: list[Block] = []
    if losses:
        unit = _unit(subject)
        charts.append(chart_of_epochs(rows, {key: LOSSES[key] for key in losses}, "Loss", f"mean loss of a row{unit}", mark))
    others = [key for key in keys if key not in losses]
    charts += [chart_of_epochs(rows, {key: _words(key)}, _words(key), _words(key), mark) for key in others]
    if len({row.get("learning_rate") for row in rows}) > 1:
        charts.append(chart_of_epochs(rows, {"learning_rate": "learning rate"}, "Learning rate", "learning rate"))
    return Part("curves", "Learning curves", tuple(charts))


def _unit(subject: Subject) -> str:
    name = subject.model.estimator.loss
    return " (nats)" if name == "log_loss" else f" ({name})" if isinstance(name, str) else ""


def _is_curve(rows: list[dict[str, float]], key: str) -> bool:
    return any(isinstance(row.get(key), float) and math.isfinite(row[key]) for row in rows)


def _words(key: str) -> str:
    text = key.replace("_", " ").replace(" r2", " R²")
    return text[0].upper() + text[1:]
