"""What a model of classes takes for what: confusion matrix, ROC curves and calibration."""

from __future__ import annotations

import numpy as np

from lamina.html.numbers import Share, floats
from lamina.metrics import calibration_curve, confusion, roc_curve
from lamina.model import TableModel
from lamina.report.content import Axis, Block, Chart, Matrix, Series, Table, Words
from lamina.report.judged import Judged

__all__ = ["of_classes"]

_MOST_CLASSES = 12
_MOST_CURVES = 6
_SHARES = (-0.02, 1.02)


def of_classes(model: TableModel, judged: Judged, seed: int) -> list[Block]:
    """The pictures; those of probabilities only where there are some."""
    names = tuple(map(str, model.target.class_labels.tolist()))
    counts = confusion(judged.truth, judged.decided, len(names))
    blocks: list[Block] = [_matrix(names, counts), _by_class(names, counts)]
    if judged.rated.ndim == 1:
        return [*blocks, Words("ROC and calibration need probabilities, which this model's loss does not give.", "missing")]
    return [*blocks, _roc(names, judged), _calibration(names, judged)]


def _matrix(names: tuple[str, ...], counts: np.ndarray) -> Matrix:
    total, right = counts.sum(), np.trace(counts)
    is_pooled = len(names) > _MOST_CLASSES
    told = f"{right:,} of {total:,} rows are predicted right{'.' if is_pooled else ': they lie on the diagonal.'}"
    if is_pooled:
        most = np.sort(np.argsort(-counts.sum(axis=1), kind="stable")[: _MOST_CLASSES - 1])
        place = np.full(len(names), len(most))
        place[most] = np.arange(len(most))
        pooled = np.zeros((len(most) + 1, len(most) + 1), dtype=counts.dtype)
        np.add.at(pooled, (place[:, None], place[None, :]), counts)
        within = int(np.trace(pooled) - right)
        told += (
            f" Of {len(names)} classes, the {len(names) - len(most)} rarest are drawn as one, others: the drawn diagonal holds "
            f"{np.trace(pooled):,} rows, of which {within:,} were taken for another of these rare classes."
        )
        names, counts = (*(names[i] for i in most), "others"), pooled
    return Matrix("Confusion matrix", told, names, tuple(tuple(int(n) for n in row) for row in counts))


def _by_class(names: tuple[str, ...], counts: np.ndarray) -> Table:
    with np.errstate(invalid="ignore", divide="ignore"):
        found = np.diag(counts) / counts.sum(axis=1)
        sure = np.diag(counts) / counts.sum(axis=0)
    rows = tuple(
        (name, int(rows), Share(r), Share(p)) for name, rows, r, p in zip(names, counts.sum(axis=1), found, sure, strict=True)
    )
    return Table("By class", ("class", "rows", "found (recall)", "right (precision)"), rows, len(names) > _MOST_CLASSES)


def _roc(names: tuple[str, ...], judged: Judged) -> Chart:
    present = [place for place in range(len(names)) if 0 < (judged.truth == place).sum() < judged.num_rows]
    frequent = sorted(present, key=lambda place: -int((judged.truth == place).sum()))[:_MOST_CURVES]
    places = [1] if len(names) == 2 else sorted(frequent)
    series, areas = [], []
    for place in places:
        curve = roc_curve(judged.truth == place, judged.rated[:, place])
        x, y = _few(curve.false_positive_rate, curve.true_positive_rate)
        area = float(np.diff(curve.false_positive_rate) @ (curve.true_positive_rate[1:] + curve.true_positive_rate[:-1]) / 2)
        areas.append(f"{names[place]} {area:.3f}")
        series.append(Series(f"AUC {area:.3f}, {names[place]}", x, y))
    few = (
        f" The {len(places)} most frequent classes are drawn, each against all others." if len(present) > len(places) > 1 else ""
    )
    told = f"Area below the curve: {', '.join(areas)}; chance would have 0.5.{few}"
    chance = Series("chance", (0.0, 1.0), (0.0, 1.0), look="aside")
    axes = (
        Axis("share of other rows taken for the class", ends=_SHARES),
        Axis("share of the class found", ends=_SHARES),
    )
    return Chart("ROC curve" if len(series) == 1 else "ROC curves", told, *axes, (chance, *series))


def _few(x: np.ndarray, y: np.ndarray, most: int = 120) -> tuple[tuple[float, ...], tuple[float, ...]]:
    if len(x) <= most:
        return floats(x), floats(y)
    kept = np.unique(np.searchsorted(x + y, np.linspace(0, 2, most)).clip(0, len(x) - 1))  # evenly along the way
    return floats(x[kept]), floats(y[kept])


def _calibration(names: tuple[str, ...], judged: Judged) -> Chart:
    if len(names) == 2:
        what, inside, p = repr(names[1]), judged.truth == 1, judged.rated[:, 1]
    else:
        what, inside, p = "the most probable class", judged.truth == judged.rated.argmax(axis=1), judged.rated.max(axis=1)
    curve = calibration_curve(inside, np.clip(p, 0, 1))
    within = int(((curve.low <= curve.predicted) & (curve.predicted <= curve.high)).sum())
    told = (
        f"{within} of {len(curve.counts)} points agree with true probabilities within their 95 % intervals (Wilson's). "
        f"Above the diagonal, probabilities are too low; below it, too high."
    )
    points = Series(
        "model, 95 % intervals", floats(curve.predicted), floats(curve.observed), floats(curve.low), floats(curve.high), "dots"
    )
    true = Series("true probabilities", (0.0, 1.0), (0.0, 1.0), look="aside")
    axes = Axis(f"predicted probability of {what}", ends=_SHARES), Axis("share of rows where it came true", ends=_SHARES)
    return Chart("Calibration", told, *axes, (true, points))
