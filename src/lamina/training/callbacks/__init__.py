"""Callbacks: what happens beside the training."""

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
