"""The epoch whose weights a fit kept."""

from __future__ import annotations

from lamina.estimators.fitting.fit import Fit
from lamina.training.kept_epoch import kept_epoch

__all__ = ["kept_epoch_of"]


def kept_epoch_of(fit: Fit) -> int | None:
    """The epoch, 0 for the weights before the first; None: the last one's, of no single epoch, or it is not known."""
    history, best = fit.trainer.history, fit.curves.best_validation_score_
    if best is None:
        return kept_epoch(fit.trainer)
    if any(callback.replaces_weights for callback in fit.trainer.callbacks):
        return None
    if "validation_score" in history.keys:
        scores = history[:, "validation_score"]
    else:  # of a loss that learns a spread, minus the loss is the score
        scores = [-loss for loss in history[:, "validation_loss"]] if "validation_loss" in history.keys else []
    return int(history[scores.index(best), "epoch"]) if best in scores else None
