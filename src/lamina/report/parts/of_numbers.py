"""How far predictions of numbers are off: predicted against true, and residuals with intervals."""

from __future__ import annotations

import numpy as np

from lamina.doctor.probes.given_rows import draw_rows
from lamina.html.numbers import floats, percent, shown
from lamina.model import TableModel
from lamina.model.number_calibration import NumberCalibration
from lamina.report.content import Axis, Block, Chart, Series, Words
from lamina.report.judged import Judged

__all__ = ["of_numbers"]

_MOST_POINTS = 400
_BINS = 16
_FEWEST_OF_BIN = 5
_COVERAGE = 0.9


def of_numbers(model: TableModel, judged: Judged, seed: int) -> list[Block]:
    """Both pictures of every target, and how many rows the intervals hold."""
    n = judged.num_rows
    truth, predicted = judged.truth.reshape(n, -1), judged.rated.reshape(n, -1)
    is_calibrated = isinstance(model.calibration, NumberCalibration)
    ends = model.predict_interval(judged.read, _COVERAGE).reshape(n, -1, 2) if is_calibrated else None
    chosen = draw_rows(n, _MOST_POINTS, seed)
    blocks: list[Block] = []
    for place, name in enumerate(model.target.names):
        of_target = None if ends is None else ends[:, place]
        blocks += _of_target(name, truth[:, place], predicted[:, place], of_target, chosen)
    if ends is None:
        blocks.append(Words("Intervals need a model that was calibrated on validation rows, which this one is not.", "missing"))
    return blocks


def _of_target(name: str, truth: np.ndarray, predicted: np.ndarray, ends: np.ndarray | None, chosen: np.ndarray) -> list[Block]:
    residuals = truth - predicted
    drawn = f" {len(chosen):,} of {len(truth):,} rows are drawn." if len(chosen) < len(truth) else ""
    low, high = float(min(truth.min(), predicted.min())), float(max(truth.max(), predicted.max()))
    rmse = float(np.sqrt(np.mean(residuals**2)))
    told = f"The closer to the diagonal, the better; the root mean squared error is {shown(rmse)}.{drawn}"
    against = Chart(
        f"Predicted and true {name}",
        told,
        Axis(f"predicted {name}"),
        Axis(f"true {name}"),
        (
            Series("predicted = true", (low, high), (low, high), look="aside"),
            Series("rows", floats(predicted[chosen]), floats(truth[chosen]), look="dots"),
        ),
    )
    series = [Series("rows", floats(predicted[chosen]), floats(residuals[chosen]), look="dots")]
    told = f"Half of all rows are off by less than {shown(float(np.median(np.abs(residuals))))}.{drawn}"
    if ends is not None:
        series.insert(0, _band(predicted, ends - predicted[:, None]))
        held = float(((ends[:, 0] <= truth) & (truth <= ends[:, 1])).mean())
        told += (
            f" The {percent(_COVERAGE)} intervals hold {percent(held)} of the rows; the band is their mean at that prediction."
        )
    zero = Series("no error", (float(predicted.min()), float(predicted.max())), (0.0, 0.0), look="aside")
    residual = Chart(
        f"Residuals of {name}",
        told,
        Axis(f"predicted {name}"),
        Axis(f"true − predicted {name}"),
        (*series[:-1], zero, series[-1]),
    )
    return [against, residual]


def _band(predicted: np.ndarray, margins: np.ndarray) -> Series:
    """The mean of the intervals' ends, less the prediction, in bins with as many rows each."""
    order = np.argsort(predicted, kind="stable")
    parts = np.array_split(order, max(1, min(_BINS, len(order) // _FEWEST_OF_BIN)))
    x = [float(predicted[part].mean()) for part in parts]
    x[0], x[-1] = float(predicted.min()), float(predicted.max())
    low, high = ([float(margins[part, end].mean()) for part in parts] for end in (0, 1))
    return Series(f"{_COVERAGE:.0%} interval", floats(x), (0.0,) * len(x), floats(low), floats(high), "band")
