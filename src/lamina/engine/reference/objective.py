"""The training objective: the heads' losses over a batch, and their gradients with respect to the logits.

``sum_h weight_h * sum_i w_i L_h(logits_i, target_i) / sum_i w_i``. If the sample weights sum to 0, so do loss and gradient. The
loss of an ensemble's row is the mean over its members.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lamina.engine.formulas.array import Array, array_namespace, sum_float64
from lamina.engine.formulas.heads.head import HeadFormula
from lamina.engine.formulas.heads.table import HEADS
from lamina.engine.program import Head, Program
from lamina.errors import InvalidSettingError, phrase

__all__ = ["by_head", "check_losses", "head_gradients", "head_losses", "head_scales"]


def head_losses(
    program: Program, buffers: Mapping[int, Array], targets: Sequence[Array], sample_weight: Array | None
) -> list[Array]:
    """``sum_i w_i L(logits_i, target_i)`` for every head, scalars summed in float64; head weights not applied."""
    losses = []
    for head, target in zip(program.heads, targets, strict=True):
        logits, wanted = _by_member(buffers[head.logits], target, program.members)
        rows = _mean_over_members(_formula(head).loss(logits, wanted, *head.settings), program.members)
        losses.append(sum_float64(_scale_rows(rows, sample_weight, 1.0)))
    return losses


def by_head(losses: Sequence[Sequence[float]], program: Program) -> np.ndarray | None:
    """The losses of several steps as an array (steps, heads); None with a single head, whose losses equal the total."""
    heads = len(program.heads)
    return np.array(losses, dtype=np.float64).reshape(-1, heads) if heads > 1 else None


def head_gradients(
    program: Program,
    buffers: Mapping[int, Array],
    targets: Sequence[Array],
    sample_weight: Array | None,
    scales: Sequence[Array | float],
) -> list[tuple[int, Array]]:
    """Pairs (buffer, d_logits) for every head: ``weight * w_i / sum w * dL_i / dlogits_i``; see :func:`head_scales`."""
    gradients = []
    for head, target, scale in zip(program.heads, targets, scales, strict=True):
        logits, wanted = _by_member(buffers[head.logits], target, program.members)
        d_rows = array_namespace(logits).reshape(_formula(head).gradient(logits, wanted, *head.settings), (target.shape[0], -1))
        gradients.append((head.logits, _scale_rows(d_rows, sample_weight, scale)))
    return gradients


def head_scales(program: Program, total_weight: float) -> list[float]:
    """What the weight of a row is multiplied by, for every head: ``weight / sum w``, of the mean over members."""
    return [head.weight / (program.members * total_weight) if total_weight > 0 else 0.0 for head in program.heads]


def _by_member(logits: Array, target: Array, members: int) -> tuple[Array, Array]:
    """Logits (n, members * width) as (n * members, width), and the target of each of these rows."""
    if members == 1:
        return logits, target
    xp = array_namespace(logits)
    n, width = target.shape
    repeated = xp.reshape(xp.broadcast_to(target[:, None, :], (n, members, width)), (n * members, width))
    return xp.reshape(logits, (-1, logits.shape[1] // members)), repeated


def _mean_over_members(losses: Array, members: int) -> Array:
    """(n * members,) → (n,)."""
    xp = array_namespace(losses)
    return losses if members == 1 else xp.mean(xp.reshape(losses, (-1, members)), axis=1)


def check_losses(program: Program) -> None:
    """Raise an InvalidSettingError if the caller computes a loss."""
    for head in program.heads:
        _formula(head)


def _formula(head: Head) -> HeadFormula:
    if head.kind == "external":
        rule = "must have a built-in loss to be trained, evaluated or differentiated by the executor"
        raise InvalidSettingError(phrase("head", rule, head.kind, repair="Use forward, backward and update instead."))
    return HEADS[head.kind]


def _scale_rows(rows: Array, sample_weight: Array | None, scale: Array | float) -> Array:
    """``rows`` (n,) or (n, k), each multiplied by its sample weight and ``scale``."""
    if sample_weight is None:
        return rows * scale
    xp = array_namespace(rows)
    factor = xp.asarray(sample_weight * scale, dtype=rows.dtype, device=rows.device)
    return rows * (factor if rows.ndim == 1 else factor[:, None])
