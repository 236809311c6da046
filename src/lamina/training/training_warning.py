"""The one warning that training gives."""

from __future__ import annotations

__all__ = ["TrainingWarning"]


class TrainingWarning(UserWarning):
    """Training ended otherwise than asked for; the model is usable, but look at it.

    Silence it with ``warnings.filterwarnings("ignore", category=TrainingWarning)``.
    """
