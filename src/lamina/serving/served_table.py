"""A model of a table as it is served: rows by the names of its columns."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from lamina.data.arrow_tables import Columns
from lamina.data.notes import note_columns
from lamina.data.row import as_rows
from lamina.errors import counted, first_of
from lamina.model import TableModel
from lamina.serving.column_schemas import column_schema, example_of
from lamina.serving.options import Options
from lamina.serving.refused import RefusedError
from lamina.serving.rows import GivenRows, check_cell
from lamina.serving.served import NUMBER, Answer, Served, by_name

__all__ = ["ServedTable"]

_SHOWN_NAMES = 5
_MOST_FURTHER = 1000  # columns that the model does not use
_SIDES = ("low", "high")


class ServedTable(Served):
    """A model of a table as it is served."""

    kind: ClassVar[str] = "table"

    def __init__(self, model: TableModel) -> None:
        self._model = model
        self._needed = [encoder.column for encoder in model.encoder.encoders_]
        self._order = [name for name in model.encoder.reader_.names if name not in model.target.names]
        super().__init__()

    def describe(self) -> str:
        return str(self._model)

    def example(self) -> dict[str, Any]:
        readers = self._model.encoder.reader_.readers
        return {encoder.column: example_of(encoder, readers[encoder.column]) for encoder in self._model.encoder.encoders_}

    def row_schema(self) -> dict[str, Any]:
        known = {row.column: row for row in self._model.columns_}
        properties = {encoder.column: column_schema(encoder, known[encoder.column]) for encoder in self._model.encoder.encoders_}
        return {"type": "object", "properties": properties, "required": self._needed}

    def answer_schema(self) -> dict[str, Any]:
        schemas = self._of_classes() if self._model.target.task == "classification" else self._of_numbers()
        schemas["unfamiliar"] = {"type": "array", "items": {"type": "string"}}
        return {name: schema for name, schema in schemas.items() if name in ("prediction", *self.options, "probabilities")}

    def _of_classes(self) -> dict[str, Any]:
        model, target = self._model, self._model.target.targets[0]
        kind = {"boolean": "boolean", "integer": "integer", "number": "number", "text": "string"}[target.label_type]
        label = {"type": kind, "enum": target.class_labels.tolist()}
        probabilities = {"probabilities": by_name(target.class_texts)} if model.has_probabilities else {}
        return {"prediction": label, **probabilities, "set": {"type": "array", "items": label}, "spread": NUMBER}

    def _of_numbers(self) -> dict[str, Any]:
        names, targets = self._number_names, self._model.target.names
        numbers = by_name(names) if names else NUMBER
        ends = by_name(_SIDES)
        return {"prediction": numbers, "interval": by_name(targets, ends) if len(targets) > 1 else ends, "spread": numbers}

    def predict(self, given: GivenRows, options: Options) -> Answer:
        """What is answered of each row: exactly what the model says of rows that are given together."""
        model, table = self._model, self._table(given)
        predicted = model.predict(table)
        found: dict[str, Any] = {"prediction": self._named(predicted)}
        if model.has_probabilities and options.proba:
            texts = model.target.targets[0].class_texts
            found["probabilities"] = [dict(zip(texts, row, strict=True)) for row in model.predict_proba(table).tolist()]
        if options.interval is not None:
            found["interval"] = self._intervals(model.predict_interval(table, options.interval))
        if options.set is not None:
            labels = model.target.class_labels
            found["set"] = [labels[is_in].tolist() for is_in in model.predict_set(table, options.set)]
        if options.spread or model.predicts_spread:
            found["spread"] = self._spreads(table, predicted)
        if options.unfamiliar:
            unlike = model.unfamiliar(table)
            names = np.array(unlike.columns, dtype=object)
            found["unfamiliar"] = [names[cells].tolist() for cells in unlike.cells]
        return found

    def _table(self, given: GivenRows) -> Any:
        """The columns in use of the rows as the model takes them, read once."""
        rows = [self._by_name(row, given.number(place)) for place, row in enumerate(given.rows)]
        self._model.encoder.reader_.check(self._names_of(rows), self._needed)
        self._say_gaps(rows)
        # Names that nobody knows, of which each row may have others, make no columns.
        used = [{name: row.get(name) for name in self._needed} for row in rows]
        for place, row in enumerate(used):
            for name, value in row.items():
                check_cell(value, name, given.number(place))
        table = as_rows(used, self._needed, owner="predict")
        return self._model.read(table) if isinstance(table, Columns) else table

    def _names_of(self, rows: list[dict[str, Any]]) -> list[str]:
        """All columns that the rows have, but for the target."""
        names: dict[str, None] = {}
        most = len(self._needed) + _MOST_FURTHER
        for row in rows:
            names.update(dict.fromkeys(row))
            if len(names) > most:
                raise RefusedError(422, f"rows must have at most {most:,} columns together, got more. Leave out those of no use.")
        return [name for name in names if name not in self._model.target.names]

    def _by_name(self, row: dict[str, Any] | list[Any], number: int | None) -> dict[str, Any]:
        if isinstance(row, dict):
            return row
        if len(row) != len(self._order):
            names = first_of(self._order, _SHOWN_NAMES)
            rule = f"must hold a value for each of the {len(self._order)} columns of training ({names})"
            message = f"a row {rule}, got {counted(len(row), 'value')}. Send them in that order, or an object by their names."
            raise RefusedError(422, message, row=number)
        return dict(zip(self._order, row, strict=True))

    def _say_gaps(self, rows: list[dict[str, Any]]) -> None:
        """What some rows lack is missing there; what all lack is an error of the model's."""
        if len(rows) == 1:
            return
        lacking = {name: sum(name not in row for row in rows) for name in self._needed}
        of = f"of {len(rows):,} rows do not have it, which counts as missing"
        note_columns({name: f"{count:,} {of}" for name, count in lacking.items() if 0 < count < len(rows)})

    @property
    def _number_names(self) -> tuple[str, ...]:
        """The names of the numbers that are predicted together: of several targets, or of several quantiles."""
        model = self._model
        return tuple(f"{level:g}" for level in model.levels) or (model.target.names if len(model.target.names) > 1 else ())

    def _named(self, values: np.ndarray) -> list[Any]:
        """An entry a row: a label or a number, or several numbers by their names."""
        if values.ndim == 1:
            return list(values.tolist())
        return [dict(zip(self._number_names, row, strict=True)) for row in values.tolist()]

    def _intervals(self, ends: np.ndarray) -> list[Any]:
        names = self._model.target.names
        if ends.ndim == 2:
            return [dict(zip(_SIDES, row, strict=True)) for row in ends.tolist()]
        return [
            {name: dict(zip(_SIDES, pair, strict=True)) for name, pair in zip(names, row, strict=True)} for row in ends.tolist()
        ]

    def _spreads(self, table: Any, predicted: np.ndarray) -> list[Any]:
        """Of numbers in the target's unit; of classes that of the predicted one's probability."""
        spreads = self._model.predict_distribution(table).spread
        if self._model.target.task == "classification":
            places = {label: place for place, label in enumerate(self._model.target.class_labels.tolist())}
            spreads = spreads[np.arange(len(spreads)), [places[label] for label in predicted.tolist()]]
        return self._named(spreads)
