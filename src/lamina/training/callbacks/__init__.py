"""Callbacks: what happens beside the training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.lazy import lazy_exports

if TYPE_CHECKING:
    from lamina.training.callbacks.callback import Callback, Run
    from lamina.training.callbacks.checkpoint import Checkpoint
    from lamina.training.callbacks.early_stopping import EarlyStopping
    from lamina.training.callbacks.jsonl_log import JsonlLog
    from lamina.training.callbacks.learning_rate import LearningRate
    from lamina.training.callbacks.progress import Progress
    from lamina.training.callbacks.small_gradient import SmallGradient
    from lamina.training.callbacks.target_loss import TargetLoss
    from lamina.training.callbacks.time_limit import TimeLimit

__all__ = [
    "Callback",
    "Checkpoint",
    "EarlyStopping",
    "JsonlLog",
    "LearningRate",
    "Progress",
    "Run",
    "SmallGradient",
    "TargetLoss",
    "TimeLimit",
]

_HOMES = {
    "lamina.training.callbacks.callback": "Callback Run",
    "lamina.training.callbacks.checkpoint": "Checkpoint",
    "lamina.training.callbacks.early_stopping": "EarlyStopping",
    "lamina.training.callbacks.jsonl_log": "JsonlLog",
    "lamina.training.callbacks.learning_rate": "LearningRate",
    "lamina.training.callbacks.progress": "Progress",
    "lamina.training.callbacks.small_gradient": "SmallGradient",
    "lamina.training.callbacks.target_loss": "TargetLoss",
    "lamina.training.callbacks.time_limit": "TimeLimit",
}
__getattr__, __dir__ = lazy_exports(__name__, _HOMES)
