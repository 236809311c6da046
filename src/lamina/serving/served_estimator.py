"""An estimator that was fitted on an array, or a data frame of numbers, as it is served."""

from __future__ import annotations

import copy
from typing import Any, ClassVar

import numpy as np

from lamina.errors import counted
from lamina.estimators import MLPClassifier, MLPRegressor
from lamina.serving.array_input import ArrayInput
from lamina.serving.options import Options
from lamina.serving.rows import GivenRows
from lamina.serving.served import NUMBER, Answer, Served, by_name

__all__ = ["ServedEstimator"]


class ServedEstimator(Served):
    """An estimator as it is served."""

    kind: ClassVar[str] = "estimator"

    def __init__(self, model: MLPClassifier | MLPRegressor) -> None:
        names = getattr(model, "feature_names_in_", None)
        self._model = copy.copy(model)
        if names is not None:
            del self._model.feature_names_in_  # columns are put in order here, and scikit-learn would miss their names
        self._input = ArrayInput(None, int(model.n_features_in_), None if names is None else tuple(map(str, names)))
        self._classes = [str(label) for label in getattr(model, "classes_", ())]
        super().__init__()

    def describe(self) -> str:
        of_classes = f" of {counted(len(self._classes), 'label')}" if self._classes else ""
        return f"A {type(self._model).__name__}{of_classes} on {counted(self._input.width, 'number')}."

    def example(self) -> dict[str, Any] | list[Any]:
        columns = self._input.columns
        return self._input.example if columns is None else dict.fromkeys(columns, 0)

    def row_schema(self) -> dict[str, Any]:
        return self._input.schema

    def answer_schema(self) -> dict[str, Any]:
        labels = np.asarray(getattr(self._model, "classes_", ())).tolist()
        numbers = {"type": "array", "items": NUMBER} if self._has_several else NUMBER
        found: dict[str, Any] = {"prediction": {"enum": labels} if labels and not self._has_several else numbers}
        if "proba" in self.options:
            found["probabilities"] = by_name(self._classes)
        if "spread" in self.options:
            found["spread"] = by_name(self._classes) if labels else numbers
        return found

    def predict(self, given: GivenRows, options: Options) -> Answer:
        X, model = self._input.read(given.rows, given), self._model
        found: dict[str, Any] = {"prediction": model.predict(X).tolist()}
        if options.proba and hasattr(model, "predict_proba"):
            found["probabilities"] = self._of_classes(model.predict_proba(X))
        if options.spread:
            spreads = model.predict_distribution(X).spread
            found["spread"] = self._of_classes(spreads) if self._classes else spreads.tolist()
        return found

    @property
    def _has_several(self) -> bool:
        """Whether a prediction is a list: of several labels or several numbers."""
        return self._model.predict(np.zeros((1, self._input.width))).ndim == 2

    def _of_classes(self, values: np.ndarray) -> list[Any]:
        return [dict(zip(self._classes, row, strict=True)) for row in values.tolist()]
