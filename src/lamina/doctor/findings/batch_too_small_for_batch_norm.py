"""Batch too small for batch norm: mean and variance of a few rows are noise, and prediction uses other ones."""

from __future__ import annotations

import math

from lamina.doctor.case import Case
from lamina.doctor.cures.cure import Cure
from lamina.doctor.finding import Evidence, Finding, Where
from lamina.doctor.findings.shortfall import falls_short

__all__ = ["find"]

#: Rows a batch. Wu & He 2018 (figure 1) see errors rise from 16 rows down, and sharply at 4 and 2.
FEW, FAR_TOO_FEW = 8, 4

_MEANING = (
    "Batch normalization divides by the standard deviation of a batch; of so few rows it is mostly chance, so every step trains "
    "another network than the one that predicts. Take more rows a step, or normalize each row by itself (layer norm)."
)
_MORE_ROWS = Cure("larger batches", {"batch_size": 32}, "The statistics of 32 rows are near those of all rows.", "L24")
_WITHOUT = Cure("no batch norm", {"batch_norm": False}, "Without it small batches do no harm.", "L24")


def find(case: Case) -> Finding | None:
    """Batch norm in batches of less than 8 rows, where the model stays behind; of 4 or less, where it falls short."""
    network, rows = case.start.network, case.start.pace.batch_size
    layers = [name for name in network.batch_norm_layers if name not in network.frozen_layers]
    harms = falls_short(case) if rows <= FAR_TOO_FEW else case.is_behind
    if not layers or rows >= FEW or not harms:
        return None
    # of a variance estimated from n normal rows: sqrt(2 / (n - 1))
    error = math.sqrt(2 / (rows - 1)) if rows > 1 else math.inf
    evidence = (Evidence("rows a batch", rows, FEW, is_above=False), Evidence("relative error of a batch's variance", error))
    confidence = 0.9 if rows <= FAR_TOO_FEW and case.is_behind else 0.6
    cures = (_MORE_ROWS, _WITHOUT)
    return Finding("batch_too_small_for_batch_norm", "harm", confidence, evidence, _MEANING, "L24", cures, Where(layer=layers[0]))
