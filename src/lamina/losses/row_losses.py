"""The loss of each row, from logits, and their mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from lamina.engine.formulas.heads.table import HEADS
from lamina.losses.custom import CustomLoss
from lamina.losses.loss import Loss
from lamina.losses.members import joint_logits

if TYPE_CHECKING:
    from lamina.engine.executor import Executor
    from lamina.engine.plan import Batches

__all__ = ["losses_of_outputs", "mean_loss", "row_losses"]


def row_losses(loss: Loss, logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The loss of each row, float64 (n,).

    Parameters
    ----------
    loss : Loss
    logits : ndarray of shape (n, width)
    targets : ndarray of shape (n, target width)
        As the engine takes them: a column of class indices, or numbers.

    Examples
    --------
    >>> from lamina.losses import get_loss
    >>> row_losses(get_loss("squared_error"), np.array([[1.0], [2.0]]), np.array([[3.0], [2.0]]))
    array([2., 0.])
    """
    z, t = np.asarray(logits, dtype=np.float64), np.asarray(targets, dtype=np.float64)
    if isinstance(loss, CustomLoss):
        return loss.values(z, t)
    with np.errstate(all="ignore"):
        return np.asarray(HEADS[loss.kind].loss(z, t, *loss.head_settings()))


def mean_loss(losses: np.ndarray, sample_weight: np.ndarray | None = None) -> float:
    """The mean over rows, weighted; 0 if the weights sum to 0, as in the engine.

    >>> mean_loss(np.array([1.0, 4.0]), np.array([2.0, 1.0])), mean_loss(np.array([1.0]), np.zeros(1))
    (2.0, 0.0)
    """
    if sample_weight is None:
        return float(losses.mean()) if losses.size else 0.0
    weight = np.asarray(sample_weight, dtype=np.float64)
    total = float(weight.sum())
    return float(losses @ weight) / total if total else 0.0


def losses_of_outputs(
    executor: Executor, losses: Sequence[Loss], data: Batches, evaluate: Callable[[Batches], np.ndarray]
) -> np.ndarray:
    """The loss of each output, float64 (outputs,), without penalties, in inference mode: that of what the network predicts.

    ``evaluate`` gives the mean of the members' losses, as the engine knows them; members predict together, and are judged so.
    """
    members = executor.program.members
    if members == 1:
        return evaluate(data)
    found = zip(losses, executor.predict(data.inputs), data.targets, strict=True)
    rows = [row_losses(loss, joint_logits(loss.link, z, members), target) for loss, z, target in found]
    return np.array([mean_loss(each, data.sample_weight) for each in rows])
