"""gamma and beta: the learned scale and shift after a normalization."""

from __future__ import annotations

from lamina.initializers import Constant
from lamina.layers.drafts import ParameterDraft

__all__ = ["scale_and_shift"]


def scale_and_shift(width: int) -> tuple[ParameterDraft, ParameterDraft]:
    """``gamma`` (starts at 1) and ``beta`` (starts at 0), one of each per column, neither penalized nor decayed."""
    return (
        ParameterDraft("gamma", (width,), Constant(1.0), width, width),
        ParameterDraft("beta", (width,), Constant(0.0), width, width),
    )
