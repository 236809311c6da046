"""A network that a trainer trained, as it is served."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from lamina.errors import counted, first_of, shown
from lamina.model import NetworkModel
from lamina.serving.array_input import ArrayInput
from lamina.serving.options import Options
from lamina.serving.refused import RefusedError
from lamina.serving.rows import GivenRows
from lamina.serving.served import NUMBER, Answer, Served

__all__ = ["ServedNetwork"]


class ServedNetwork(Served):
    """A network as it is served: a row is a list of numbers, or an object of such lists by the names of its inputs."""

    kind: ClassVar[str] = "network"

    def __init__(self, model: NetworkModel) -> None:
        self._model = model
        widths = [int(width or 0) for width in model.network.input_widths]
        is_one = len(widths) == 1
        pairs = zip(model.input_names, widths, strict=True)
        self._inputs = [ArrayInput(None if is_one else name, width) for name, width in pairs]
        super().__init__()

    def describe(self) -> str:
        losses = ", ".join(output.loss_name for output in self._model.outputs)
        numbers = " and ".join(counted(given.width, "number") for given in self._inputs)
        return f"A network on {numbers}, trained with {losses}."

    def example(self) -> dict[str, Any] | list[Any]:
        if len(self._inputs) == 1:
            return self._inputs[0].example
        return {name: given.example for name, given in zip(self._model.input_names, self._inputs, strict=True)}

    def row_schema(self) -> dict[str, Any]:
        if len(self._inputs) == 1:
            return self._inputs[0].schema
        names = list(self._model.input_names)
        schemas = {name: given.schema for name, given in zip(names, self._inputs, strict=True)}
        return {"type": "object", "properties": schemas, "required": names}

    def answer_schema(self) -> dict[str, Any]:
        # Not by the network's outputs: with gaussian_nll these have two numbers for each that is predicted.
        outputs = self._model.predict(self._read(GivenRows([self.example()], True)))
        schemas = [NUMBER if _is_single(part) else {"type": "array", "items": NUMBER} for part in _as_list(outputs)]
        several = {"type": "object", "properties": dict(zip(self._model.output_names, schemas, strict=True))}
        numbers = schemas[0] if len(schemas) == 1 else several
        return {"prediction": numbers, **({"spread": numbers} if "spread" in self.options else {})}

    def predict(self, given: GivenRows, options: Options) -> Answer:
        X = self._read(given)
        found: dict[str, Any] = {"prediction": self._listed(self._model.predict(X))}
        if options.spread:
            distributions = self._model.predict_distribution(X)
            spreads = [each.spread for each in distributions] if isinstance(distributions, list) else distributions.spread
            found["spread"] = self._listed(spreads)
        return found

    def _read(self, given: GivenRows) -> np.ndarray | list[np.ndarray]:
        if len(self._inputs) == 1:
            return self._inputs[0].read(given.rows, given)
        names = set(self._model.input_names)
        for place, row in enumerate(given.rows):
            if not isinstance(row, dict) or row.keys() != names:
                rule = f"must be an object of the network's inputs ({first_of(sorted(names), 5)})"
                came = ", ".join(map(shown, row)) if isinstance(row, dict) else "a list"
                raise RefusedError(422, f"a row {rule}, got {came or 'nothing'}.", row=given.number(place))
        lists: Any = given.rows
        pairs = zip(self._model.input_names, self._inputs, strict=True)
        return [each.read([row[name] for row in lists], given) for name, each in pairs]

    def _listed(self, outputs: Any) -> list[Any]:
        """An entry a row: a number or a list of them, or an object of these by the outputs' names."""
        parts = [list((part[:, 0] if _is_single(part) else part).tolist()) for part in _as_list(outputs)]
        if len(parts) == 1:
            return parts[0]
        return [dict(zip(self._model.output_names, row, strict=True)) for row in zip(*parts, strict=True)]


def _as_list(outputs: Any) -> list[np.ndarray]:
    return outputs if isinstance(outputs, list) else [outputs]


def _is_single(values: np.ndarray) -> bool:
    """Whether it holds one number a row, (n, 1)."""
    return values.ndim == 2 and values.shape[1] == 1
