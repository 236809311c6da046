"""What the doctor says of the table default on real tables: ``python -m benchmarks.doctor.tables --data FOLDER``.

Nobody made these tables sick, so the doctor should have no alarm for them. The page is ``docs/doctor-tables.md``.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.doctor.wilson import Share
from benchmarks.jobs.tables import FOLDER
from benchmarks.tables_quality.sets import load_present, names_in
from benchmarks.tables_quality.split import split
from benchmarks.tables_quality.table import Rows
from lamina import TabularClassifier, TabularRegressor, diagnose

_PAGE = Path(__file__).parents[2] / "docs" / "doctor-tables.md"
_NO_FINDINGS = {"healthy", "not_known"}
_OF_DATA = {"leak", "label_noise"}
_INTRODUCTION = """\
# The doctor on real tables

What {{func}}`~lamina.diagnose` says of the table default ({{class}}`~lamina.TabularClassifier` and
{{class}}`~lamina.TabularRegressor` with their own settings) on tables that nobody made sick, with at most {rows:,} rows each. To
write this page anew, run

    python -m benchmarks.doctor.tables --data FOLDER

An **alarm** is a finding that is more than a hint. Interval: Wilson's, of 95 %.

Alarms: **{alarms}**. Of these, {of_data} are about the data alone (a leak, noise in the labels), not about network or training.

| table | finding |
|---|---|
"""


def main() -> None:
    arguments = _arguments()
    found: dict[str, dict[str, str]] = {}
    for table in load_present(arguments.sets or names_in(arguments.data), arguments.data):
        found[table.name] = findings_of(split(table, arguments.seed, arguments.rows).train, arguments.seed)
        print(_line(table.name, found[table.name]), flush=True)
    arguments.page.write_text(to_markdown(found, arguments.rows), encoding="utf-8")


def to_markdown(found: Mapping[str, Mapping[str, str]], rows: int) -> str:
    """The page: the share of alarms, and a line a table."""
    alarms = [said for said in found.values() if _is_alarm(said)]
    of_data = sum(said.keys() <= _OF_DATA for said in alarms)
    head = _INTRODUCTION.format(rows=rows, alarms=Share(len(alarms), len(found)), of_data=of_data)
    return head + "".join(f"{_line(*entry)}\n" for entry in found.items())


def _is_alarm(said: Mapping[str, str]) -> bool:
    return any(severity != "hint" for finding, severity in said.items() if finding not in _NO_FINDINGS)


def _line(name: str, said: Mapping[str, str]) -> str:
    findings = ", ".join(finding if finding in _NO_FINDINGS else f"{finding} ({severity})" for finding, severity in said.items())
    return f"| {name} | {findings} |"


def findings_of(rows: Rows, seed: int) -> dict[str, str]:
    """Each finding, and how severe it is."""
    kind: Any = TabularRegressor if rows.task == "regression" else TabularClassifier
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        diagnosis = diagnose(kind(random_state=seed, n_threads=1), rows.X, rows.y, seed=seed)
    return {finding.name: finding.severity for finding in diagnosis}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.doctor.tables", description=str(__doc__).split(":")[0] + ".")
    parser.add_argument("--data", type=Path, default=FOLDER, help="folder of the tables' load.py")
    parser.add_argument("--sets", nargs="+", metavar="SET", help="tables by name; all by default")
    parser.add_argument("--rows", type=int, default=5_000, help="rows of a table at most")
    parser.add_argument("--page", type=Path, default=_PAGE, help="where the page goes")
    parser.add_argument("--seed", type=int, default=0, help="of the rows, and of the training")
    return parser.parse_args()


if __name__ == "__main__":
    main()
