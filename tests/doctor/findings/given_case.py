"""Cases for the tests of findings: a trainer, examined on its rows."""

from __future__ import annotations

import numpy as np

from lamina import Trainer
from lamina.doctor.case import Case
from lamina.doctor.examination import examine

__all__ = ["given_case"]


def given_case(trainer: Trainer, X: np.ndarray, y: np.ndarray, *, epochs: int = 40) -> Case:
    """The case of a trainer with one input and one output, of labels (class numbers) or numbers."""
    return examine(trainer, X, y, seed=0, max_rows=20_000, fit={"max_epochs": epochs})
