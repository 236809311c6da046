"""Training: epochs, what watches them, and what is kept of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.lazy import lazy_exports

if TYPE_CHECKING:
    from lamina.stop_reason import STOP_CODES, StopReason
    from lamina.training.callbacks import (
        Callback,
        Checkpoint,
        EarlyStopping,
        JsonlLog,
        LearningRate,
        Progress,
        Run,
        SmallGradient,
        TargetLoss,
        TimeLimit,
    )
    from lamina.training.history import History, Record
    from lamina.training.monte_carlo import PredictiveDistribution
    from lamina.training.settings import TrainerSettings
    from lamina.training.trainer import Trainer
    from lamina.training.training_warning import TrainingWarning

__all__ = [
    "STOP_CODES",
    "Callback",
    "Checkpoint",
    "EarlyStopping",
    "History",
    "JsonlLog",
    "LearningRate",
    "PredictiveDistribution",
    "Progress",
    "Record",
    "Run",
    "SmallGradient",
    "StopReason",
    "TargetLoss",
    "TimeLimit",
    "Trainer",
    "TrainerSettings",
    "TrainingWarning",
]

_HOMES = {
    "lamina.stop_reason": "STOP_CODES StopReason",
    "lamina.training.callbacks": "Callback Checkpoint EarlyStopping JsonlLog LearningRate Progress Run SmallGradient TargetLoss "
    "TimeLimit",
    "lamina.training.history": "History Record",
    "lamina.training.monte_carlo": "PredictiveDistribution",
    "lamina.training.trainer": "Trainer",
    "lamina.training.settings": "TrainerSettings",
    "lamina.training.training_warning": "TrainingWarning",
}
__getattr__, __dir__ = lazy_exports(__name__, _HOMES)
