"""Whole jobs on real tables: the files they start from, and what is said where there are none."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from benchmarks.compare import run
from benchmarks.jobs.measure import measure_jobs
from benchmarks.jobs.tables import NoDataError, write_table
from benchmarks.tables import tables

_LOADER = """
from collections import namedtuple
import pandas as pd

def small():
    x = pd.DataFrame({"a": range(200), "b": ["x", "y"] * 100})
    return x, pd.Series([3.5 * i for i in range(200)], name="price"), "regression"

def lost():
    raise FileNotFoundError("rows.csv not found")

REGISTRY = {fn.__name__: namedtuple("Info", "fn")(fn) for fn in (small, lost)}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "load.py").write_text(_LOADER, encoding="utf-8")
    return tmp_path


def test_every_row_is_in_one_of_two_files(folder: Path) -> None:
    table = write_table("small", folder, folder)
    train, test = (pd.read_csv(path) for path in (table.train, table.test))
    assert (table.target, table.task, table.num_rows) == ("price", "regression", 200)
    assert sorted([*train["a"], *test["a"]]) == list(range(200))
    assert 20 < len(test) < 60


def test_a_job_ends_with_a_score_and_what_it_took(folder: Path) -> None:
    job = measure_jobs(1, folder, ("small",))["small"]
    costs = job["sides"]["lamina, 3 epochs"]
    assert (job["rows"], job["score"]) == (200, "r2")
    assert costs["score"] < 1
    assert [len(costs[measure]) for measure in ("seconds", "processor_s", "peak_mb")] == [1, 1, 1]
    assert 10 < costs["peak_mb"][0] < 4_000


def test_files_that_are_not_there_are_named(folder: Path) -> None:
    with pytest.raises(NoDataError, match=r"no table lost: rows\.csv not found"):
        measure_jobs(1, folder, ("lost",))


@pytest.mark.parametrize("name", ["jobs", "encoding"])
def test_without_tables_what_asks_for_them_says_so_and_ends(tmp_path: Path, name: str) -> None:
    with pytest.raises(SystemExit, match=r"no real tables: there is no .*load\.py\. Name the folder: --data FOLDER"):
        run([name], 1, quick=True, data=tmp_path)


def test_their_tables_have_medians_and_scores() -> None:
    costs = {"seconds": [4.0, 5.0, 9.0], "processor_s": [4.0], "peak_mb": [512.4], "score": 0.75}
    job = {"rows": 844_392, "score": "r2", "sides": {"lamina": costs}}
    encoding = {"lamina": {"fit": [0.15, 0.25, 0.16], "transform": [0.1]}}
    results = {"workloads": {}, "sides": [], "jobs": {"rossmann": job}, "encoding": encoding}
    assert [table.rows for table in tables(results)] == [
        [("rossmann", "844,392", "lamina", "5.00", "4.00", "512", "0.7500 R²")],
        [("lamina", "160", "100")],
    ]
