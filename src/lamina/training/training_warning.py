"""The warning that training gives."""

from __future__ import annotations

__all__ = ["TrainingWarning"]


class TrainingWarning(UserWarning):
    """Training did not end as requested or cannot train some weights, or a setting brings nothing; the model is usable.

    Silence it with ``warnings.filterwarnings("ignore", category=TrainingWarning)``.
    """
