"""The rows that models of tables are compared on."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.jobs.tables import NoDataError
from benchmarks.tables_quality.sets import SCIKIT_LEARN, load, names_in
from benchmarks.tables_quality.split import split
from benchmarks.tables_quality.table import Table, to_table


def _table(num_rows: int, y: np.ndarray, task: str = "multiclass") -> Table:
    kinds = pd.Categorical([f"kind {row % 7}" for row in range(num_rows)])
    return Table("made", pd.DataFrame({"row": np.arange(num_rows), "kind": kinds}), y, task)


@pytest.mark.parametrize(("num_rows", "train", "test"), [(400, 300, 100), (100_000, 10_000, 20_000)])
def test_a_quarter_is_for_the_test_and_the_others_are_trained_on_up_to_a_number(num_rows: int, train: int, test: int) -> None:
    parts = split(_table(num_rows, np.arange(num_rows) / 7, "regression"), 0, 10_000)
    assert (len(parts.train.y), len(parts.y_test)) == (train, test)
    assert not set(parts.train.X["row"]) & set(parts.X_test["row"])


def test_a_seed_draws_the_same_rows_and_another_draws_others() -> None:
    table = _table(200, np.arange(200) % 3)
    rows = [split(table, seed, None).X_test["row"].tolist() for seed in (1, 1, 2)]
    assert rows[0] == rows[1] != rows[2]


def test_classes_keep_their_shares_and_rare_ones_are_left_out() -> None:
    y = np.repeat([0, 1, 2, 3], [600, 8, 300, 92])
    parts = split(_table(1000, y), 0, None)
    assert np.bincount(parts.train.y).tolist() == [450, 225, 69]
    assert np.bincount(parts.y_test).tolist() == [150, 75, 23]


def test_two_classes_that_remain_are_a_binary_task() -> None:
    assert split(_table(200, np.repeat([0, 1, 2], [98, 4, 98])), 0, None).train.task == "binary"


def test_a_category_that_no_training_row_has_is_missing_in_new_rows() -> None:
    table = _table(40, np.arange(40.0), "regression")
    X = table.X.assign(kind=pd.Categorical(["rare", *["usual"] * 39]))
    parts = next(
        parts
        for seed in range(50)
        if (parts := split(Table("made", X, table.y, "regression"), seed, None)) and "rare" in list(parts.X_test["kind"])
    )
    assert list(parts.train.X["kind"].cat.categories) == ["usual"]
    assert parts.train.as_known(parts.X_test)["kind"].isna().sum() == 1


def test_test_rows_that_a_training_row_equals_are_counted() -> None:
    table = _table(40, np.arange(40.0), "regression")
    assert split(table, 0, None).repeated == 0
    twice = Table("made", pd.concat([table.X.iloc[:20]] * 2, ignore_index=True), table.y, "regression")
    parts = split(twice, 0, None)
    assert parts.repeated == np.mean([row in set(parts.train.X["row"]) for row in parts.X_test["row"]]) > 0


def test_columns_of_few_values_are_counted() -> None:
    X = pd.DataFrame({"flag": [0, 1] * 50, "few": [0, 1, 2, 3] * 25, "many": range(100)})
    assert split(Table("made", X, np.arange(100.0), "regression"), 0, None).train.few_valued == ["few"]


def test_names_of_columns_lose_the_signs_that_some_libraries_refuse() -> None:
    table = to_table("made", pd.DataFrame({"a[1]": [1, 2], "b<c": [3, 4]}), pd.Series(["no", "yes"]), regression=False)
    assert list(table.X) == ["a_1_", "b_c"]
    assert (table.y.tolist(), table.task) == ([0, 1], "binary")


def test_without_a_folder_the_tables_are_those_of_scikit_learn(tmp_path) -> None:
    assert names_in(tmp_path) == tuple(SCIKIT_LEARN)
    table = load("adult", tmp_path)
    assert (table.task, len(table.y), table.X.shape[1]) == ("binary", 48_842, 14)
    with pytest.raises(NoDataError, match="without --data FOLDER there are wine, diabetes"):
        load("rossmann", tmp_path)


def test_a_folder_names_its_tables_in_its_loader(tmp_path) -> None:
    (tmp_path / "load.py").write_text(
        "import types, pandas as pd\n"
        "def twice():\n"
        "    return pd.DataFrame({'x': [1.0, 2.0]}), pd.Series([2.0, 4.0], name='y'), 'regression'\n"
        "REGISTRY = {'twice': types.SimpleNamespace(fn=twice)}\n"
    )
    table = load("twice", tmp_path)
    assert (table.task, table.y.tolist()) == ("regression", [2.0, 4.0])
    with pytest.raises(NoDataError, match=r"no table other: .* has twice"):
        load("other", tmp_path)
