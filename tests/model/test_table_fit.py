"""How rows become the parts of a training."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from lamina.data.table_reader import ReadTable
from lamina.model import fit_table
from lamina.model.table_settings import StoppingSettings, TableSettings


@pytest.mark.parametrize("target", ["y", "kind"])
def test_each_row_is_copied_once_to_the_part_that_it_is_for(monkeypatch: pytest.MonkeyPatch, target: str) -> None:
    taken: list[np.ndarray] = []
    take = ReadTable.take

    def counted(table: ReadTable, rows: np.ndarray) -> ReadTable:
        taken.append(rows)
        return take(table, rows)

    monkeypatch.setattr(ReadTable, "take", counted)
    table = pa.table({"x": [i / 7 for i in range(100)], "y": [i / 3 for i in range(100)], "kind": ["a", "b"] * 50})
    result = fit_table(table, target, settings=TableSettings(stopping=StoppingSettings(max_epochs=1)))
    assert sorted(np.concatenate(taken).tolist()) == list(range(100))
    assert sorted(map(len, taken)) == sorted(result.rows[part] for part in ("training", "validation", "test"))


def test_rows_are_not_copied_where_none_are_held_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ReadTable, "take", None)
    table = pa.table({"x": [i / 7 for i in range(100)], "y": [i / 3 for i in range(100)]})
    settings = TableSettings(stopping=StoppingSettings(max_epochs=1))
    assert fit_table(table, "y", validation=0, test=0, settings=settings).rows["training"] == 100
