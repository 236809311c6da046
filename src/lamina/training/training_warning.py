"""The warning that training gives."""

from __future__ import annotations

__all__ = ["TrainingWarning"]


class TrainingWarning(UserWarning):
    """Training did not end as requested, cannot train some weights, or gains nothing by a setting; the model is usable.

    Silence it with ``warnings.filterwarnings("ignore", category=TrainingWarning)``.
    """
