"""What periodic embeddings share: frequencies, and linear units of each column's waves."""

from __future__ import annotations

import math

from lamina.initializers import Normal, Uniform
from lamina.layers.drafts import OpDraft, ParameterDraft

__all__ = ["frequency_draft", "units_of_columns"]


def frequency_draft(columns: int, frequencies: int, sigma: float, *, decay: bool) -> ParameterDraft:
    """Frequencies of each column, drawn from N(0, sigma)."""
    return ParameterDraft("frequency", (columns, frequencies), Normal(float(sigma)), 1, frequencies, decay=decay)


def units_of_columns(columns: int, waves: int, units: int, *, decay: bool) -> OpDraft:
    """Weights and biases of its own for each column, which begin uniform within ± 1 / sqrt(waves), as the papers' do."""
    bound = 1.0 / math.sqrt(waves)
    within = Uniform(-bound, bound)
    weight = ParameterDraft("weight", (columns, waves, units), within, waves, units, decay=decay)
    bias = ParameterDraft("bias", (columns, units), within, waves, units)
    return OpDraft("grouped_dense", columns * units, (weight, bias))
