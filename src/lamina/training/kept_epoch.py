"""The epoch whose weights a trainer kept."""

from __future__ import annotations

from lamina.training.callbacks.early_stopping import EarlyStopping
from lamina.training.trainer import Trainer

__all__ = ["early_stopping_of", "kept_epoch"]


def kept_epoch(trainer: Trainer) -> int | None:
    """The epoch, 0 for the weights before the first; None: the last one's, of no single epoch, or it is not known."""
    stopping = early_stopping_of(trainer)
    if stopping is None:
        return None
    # Of training losses, which are measured while weights change, the best is only found at the end, among several epochs.
    is_replaced = any(callback.replaces_weights for callback in trainer.callbacks)  # by weights of no single epoch
    is_known = (
        stopping.restore_best
        and stopping.monitor != "loss"
        and (stopping.best_epoch > 0 or bool(stopping.keep_first))
        and not is_replaced
    )
    return stopping.best_epoch if is_known else None


def early_stopping_of(trainer: Trainer) -> EarlyStopping | None:
    """The last early stopping among a trainer's callbacks."""
    return next((callback for callback in reversed(trainer.callbacks) if isinstance(callback, EarlyStopping)), None)
