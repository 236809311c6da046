"""How the losses and metrics went."""

from __future__ import annotations

import math

from lamina.report.content import Axis, Block, Chart, Part, Series, Words
from lamina.report.numbers import shown, thinned
from lamina.report.subject import Subject

__all__ = ["curves"]

_NOT_CURVES = {"epoch", "step", "learning_rate", "duration_s", "samples_per_s"}
_NAMES = {"loss": "training", "validation_loss": "validation", "averaged_validation_loss": "validation, averaged"}


def curves(subject: Subject) -> Part:
    """The losses, then every other number of an epoch, each over epochs."""
    history = subject.model.estimator.history_
    rows = [dict(row) for row in history]
    if not rows:
        return Part("curves", "Learning curves", (Words("The model keeps no history of its training.", "missing"),))
    keys = [key for key in dict.fromkeys(key for row in rows for key in row) if key not in _NOT_CURVES and _is_curve(rows, key)]
    losses = [key for key in keys if key in _NAMES]
    best = subject.model.summary.get("best_epoch")
    mark = (float(best), f"kept: epoch {best}") if isinstance(best, int) and best > 0 else None
    charts: list[Block] = []
    if losses:
        unit = _unit(subject)
        charts.append(_chart(rows, losses, "Loss", f"mean loss of a row{unit}", mark, [_NAMES[key] for key in losses]))
    others = [key for key in keys if key not in losses]
    charts += [_chart(rows, [key], _words(key), _words(key), mark, [_words(key)]) for key in others]
    if len({row.get("learning_rate") for row in rows}) > 1:
        charts.append(_chart(rows, ["learning_rate"], "Learning rate", "learning rate", None, ["learning rate"]))
    return Part("curves", "Learning curves", tuple(charts))


def _unit(subject: Subject) -> str:
    name = subject.model.estimator.loss
    return " (nats)" if name == "log_loss" else f" ({name})" if isinstance(name, str) else ""


def _is_curve(rows: list[dict[str, float]], key: str) -> bool:
    return any(isinstance(row.get(key), float) and math.isfinite(row[key]) for row in rows)


def _words(key: str) -> str:
    text = key.replace("_", " ").replace(" r2", " R²")
    return text[0].upper() + text[1:]


def _chart(
    rows: list[dict[str, float]], keys: list[str], title: str, label: str, mark: tuple[float, str] | None, names: list[str]
) -> Chart:
    epochs = [float(row["epoch"]) for row in rows]
    series = []
    for key, name in zip(keys, names, strict=True):
        x, y = thinned(epochs, [float(row.get(key, math.nan)) for row in rows])
        series.append(Series(name, x, y))
    known = {s.name: [value for value in s.y if math.isfinite(value)] for s in series}
    course = "; ".join(f"{name} from {shown(of[0])} to {shown(of[-1])}" for name, of in known.items() if of)
    return Chart(title, f"{course}, in {len(rows):,} epochs.", Axis("epoch"), Axis(label), tuple(series), mark)
