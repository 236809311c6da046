"""Unscaled inputs: columns that are far larger or smaller than 1, than each other, or far from 0."""

from __future__ import annotations

import math

import numpy as np

from lamina.doctor.case import Case
from lamina.doctor.cures import Cure
from lamina.doctor.finding import Evidence, Finding
from lamina.doctor.probes.column_facts import ColumnFacts

__all__ = ["find"]

# Initializers take inputs for numbers of mean 0 and variance 1 (LeCun et al., "Efficient BackProp", 1998, section 4.3).
# Networks learn well from pixels of 0 to 16 all the same, and from one-hot columns of rare categories: the bounds lie beyond.
_LARGE, _SMALL = 10.0, 0.05
_DOMINANT = 30.0
_FAR = 10.0

_CURE = Cure("scale the inputs", {"scale_inputs": True}, "Each column then has mean 0 and standard deviation 1.", "L33")


def find(case: Case) -> Finding | None:
    """The model stays behind, and what its first layer reads is out of scale."""
    columns = case.data.columns
    counts = ~columns.is_constant
    counts[list(case.start.network.code_columns)] = False
    if not case.is_behind or _is_normalized(case) or not counts.any():
        return None
    evidence = sorted(_evidence(case, columns, counts), key=_excess, reverse=True)
    if not evidence:
        return None
    return Finding(
        "unscaled_inputs",
        "harm",
        min(0.65 + 0.25 * math.log10(_excess(evidence[0])), 0.95),
        tuple(evidence),
        "The first weights are drawn for inputs of mean 0 and standard deviation 1. With others the weighted sums are too large "
        "or too small from the start, and no learning rate suits all weights.",
        "L33",
        (_CURE,),
    )


def _evidence(case: Case, columns: ColumnFacts, counts: np.ndarray) -> list[Evidence]:
    """``counts``: whether the network reads a column as a number that varies."""
    size = columns.size[counts]
    overall, largest, median = float(np.sqrt(np.mean(size**2))), float(size.max()), float(np.median(size))
    offset = float(np.median(columns.offset[counts]))
    found = []
    # A layer that normalizes its sums does not mind the size of all inputs together.
    if not case.start.layers or not case.start.layers[0].is_normalized:
        if overall > _LARGE:
            found.append(Evidence("root mean square of the inputs", overall, _LARGE))
        if overall < _SMALL:
            found.append(Evidence("root mean square of the inputs", overall, _SMALL, is_above=False))
    if largest > _DOMINANT * median:
        found.append(Evidence("largest column relative to the median one", largest / median if median else math.inf, _DOMINANT))
    if offset > _FAR:
        found.append(Evidence("distance of a median column's mean from 0, in standard deviations", offset, _FAR))
    return found


def _excess(evidence: Evidence) -> float:
    """How many times the value is beyond its threshold."""
    assert evidence.threshold is not None
    return evidence.value / evidence.threshold if evidence.is_above else evidence.threshold / max(evidence.value, 1e-30)


def _is_normalized(case: Case) -> bool:
    """Whether batch normalization stands somewhere else than on a layer's sums: on the inputs."""
    on_sums = sum(layer.is_normalized for layer in case.start.layers)
    return len(case.start.network.batch_norm_layers) > on_sums
