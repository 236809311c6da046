"""Outlying inputs: a few values so far off that all others look the same to the network."""

from __future__ import annotations

import numpy as np

from lamina.doctor.case import Case
from lamina.doctor.cures.cure import Cure
from lamina.doctor.finding import Evidence, Finding, Where
from lamina.doctor.findings.sureness import sureness
from lamina.doctor.probes.squeezed_columns import TAIL

__all__ = ["find"]

_GAIN, _GAIN_OF_NUMBERS = 0.05, 0.1  # of accuracy, on 900 rows, and of R squared
_CURE = Cure(
    "take the inputs by their ranks",
    {"scale_inputs": "ranks"},
    "A value then lies as far off as few others lie beyond it.",
    "L33",
)
_MEANING = (
    "A few values of this column lie very far from all others: typing errors, another unit, a long tail, or a code for a missing "
    "value such as -999. They alone make its mean and standard deviation, so that scaling presses all other values together. "
    "Replace such codes by what they stand for; bound the values, or take logarithms or ranks of them."
)


def find(case: Case) -> Finding | None:
    """A column ten times as wide by its standard deviation as by its quartiles, simple models that its ranks make better, and a
    network that stays behind these.

    Huber 1981, "Robust statistics", section 1.1: a single value can carry the standard deviation away, and not the quartiles.
    """
    data, own = case.data, case.outcome.held_out
    if data.by_ranks is None or not data.by_ranks.rows:
        return None
    least = _GAIN if case.setup.learns_labels else _GAIN_OF_NUMBERS
    gain = max(data.by_ranks.linear - data.baselines.linear, data.by_ranks.neighbors - data.baselines.neighbors)
    lead = data.by_ranks.best - own
    if not (gain > least and lead > least):
        return None
    worst = int(np.argmax(data.squeezed.tail))
    if worst in case.start.network.code_columns:
        return None
    evidence = (
        Evidence("standard deviation of the column over that by its quartiles", float(data.squeezed.tail[worst]), TAIL),
        Evidence("share of its values more than 10 robust deviations off", float(data.squeezed.far[worst])),
        Evidence("what ranks of such columns add to the score of a linear model, or of neighbors", gain, least),
        Evidence("lead of the best simple model of these ranks", lead, least),
    )
    sure = sureness(min(gain, lead) / least)
    where = Where(column=data.columns.names[worst])
    return Finding("outlying_inputs", "harm", sure, evidence, _MEANING, "L33", (_CURE,), where)
