"""What the doctor says of the table default on real tables: ``python -m benchmarks.doctor.tables --data FOLDER``.

Nobody made these tables sick, so the doctor should have no alarm for them. Printed is a line a table, and the share of alarms.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from pathlib import Path
from typing import Any

from benchmarks.doctor.wilson import Share
from benchmarks.jobs.tables import FOLDER, NoDataError
from benchmarks.tables_quality.sets import load, names_in
from benchmarks.tables_quality.split import split
from benchmarks.tables_quality.table import Rows
from lamina import TabularClassifier, TabularRegressor, diagnose

_NO_FINDINGS = {"healthy", "not_known"}


def main() -> None:
    arguments = _arguments()
    alarmed = []
    for name in arguments.sets or names_in(arguments.data):
        try:
            table = load(name, arguments.data)
        except NoDataError as error:
            print(error, file=sys.stderr)
            continue
        said = findings_of(split(table, arguments.seed, arguments.rows).train, arguments.seed)
        print(f"{name}: {', '.join(f'{found} ({severity})' for found, severity in said.items())}", flush=True)
        alarmed.append(any(severity != "hint" for found, severity in said.items() if found not in _NO_FINDINGS))
    print(f"alarms: {Share(sum(alarmed), len(alarmed))}")


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
    parser.add_argument("--seed", type=int, default=0, help="of the rows, and of the training")
    return parser.parse_args()


if __name__ == "__main__":
    main()
