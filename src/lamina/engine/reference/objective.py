"""The training objective: the heads' losses over a batch, and their gradients with respect to the logits.

``sum_h weight_h * sum_i w_i L_h(logits_i, target_i) / sum_i w_i``. If the sample weights sum to 0, so do loss and gradient.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lamina.engine.formulas.array import Array, array_namespace, sum_float64
from lamina.engine.formulas.heads.head import HeadFormula
from lamina.engine.formulas.heads.table import HEADS
from lamina.engine.program import Head, Program
from lamina.errors import InvalidSettingError, phrase

__all__ = ["by_head", "head_gradients", "head_losses"]


def head_losses(
    heads: Sequence[Head], buffers: Mapping[int, Array], targets: Sequence[Array], sample_weight: np.ndarray | None
) -> list[float]:
    """``sum_i w_i L(logits_i, target_i)`` for every head, summed in float64; head weights not applied."""
    losses = []
    for head, target in zip(heads, targets, strict=True):
        rows = _formula(head).loss(buffers[head.logits], target, *head.settings)
        losses.append(float(sum_float64(_scale_rows(rows, sample_weight, 1.0))))
    return losses


def by_head(losses: Sequence[Sequence[float]], program: Program) -> np.ndarray | None:
    """The losses of several steps as an array (steps, heads); None with a single head, whose losses equal the total."""
    heads = len(program.heads)
    return np.array(losses, dtype=np.float64).reshape(-1, heads) if heads > 1 else None


def head_gradients(
    heads: Sequence[Head],
    buffers: Mapping[int, Array],
    targets: Sequence[Array],
    sample_weight: np.ndarray | None,
    total_weight: float,
) -> list[tuple[int, Array]]:
    """Pairs (buffer, d_logits) for every head: ``weight * w_i / sum w * dL_i / dlogits_i``."""
    gradients = []
    for head, target in zip(heads, targets, strict=True):
        d_rows = _formula(head).gradient(buffers[head.logits], target, *head.settings)
        scale = head.weight / total_weight if total_weight > 0 else 0.0
        gradients.append((head.logits, _scale_rows(d_rows, sample_weight, scale)))
    return gradients


def _formula(head: Head) -> HeadFormula:
    if head.kind == "external":
        rule = "must have a built-in loss to be trained, evaluated or differentiated by the executor"
        raise InvalidSettingError(phrase("head", rule, head.kind, repair="Use forward, backward and update instead."))
    return HEADS[head.kind]


def _scale_rows(rows: Array, sample_weight: np.ndarray | None, scale: float) -> Array:
    """``rows`` (n,) or (n, k), each multiplied by its sample weight and ``scale``."""
    if sample_weight is None:
        return rows * scale
    xp = array_namespace(rows)
    factor = xp.asarray(sample_weight * scale, dtype=rows.dtype, device=rows.device)
    return rows * (factor if rows.ndim == 1 else factor[:, None])
