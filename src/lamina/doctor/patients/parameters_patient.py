"""What patients have in common whose settings are the parameters of an estimator."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from lamina.doctor.patients.patient import Patient
from lamina.losses import Loss

__all__ = ["ParametersPatient"]


class ParametersPatient(Patient):
    """A patient that is an estimator of scikit-learn's form.

    Attributes
    ----------
    estimator : object
        Not trained.
    """

    estimator: Any

    def repeatable(self, seed: int) -> Self:
        return self if self.estimator.random_state is not None else self.seeded(seed)

    def predict(self, model: Any, X: Any) -> np.ndarray:
        predicted, loss = np.asarray(model.predict(X)), self.loss
        return predicted if loss is None or self.learns_labels or predicted.ndim == 1 else loss.points_of(predicted)

    @property
    def loss(self) -> Loss | None:
        given = self.estimator.loss
        return given if isinstance(given, Loss) else None

    @property
    def weighs_classes(self) -> bool:
        return getattr(self.estimator, "class_weight", None) is not None
