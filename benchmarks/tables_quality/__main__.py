"""Measures Lamina's table default beside its peers: ``python -m benchmarks.tables_quality --data FOLDER``.

A line a fit goes to ``docs/quality.jsonl``; what is there is not measured again, so a run can be stopped at any time and goes on.
The page and its figures are written at the end, from all the lines that there are. To measure another state of the code, or
other settings of Lamina, beside those of before, name it:

    python -m benchmarks.tables_quality --models Lamina --label "4 restarts" --settings '{"n_restarts": 4}'
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.jobs.tables import FOLDER
from benchmarks.tables_quality.measure import measure
from benchmarks.tables_quality.models import OURS, PEERS, Model, lamina
from benchmarks.tables_quality.report import write_report
from benchmarks.tables_quality.results import append, key_of, read
from benchmarks.tables_quality.sets import load_present, names_in
from benchmarks.tables_quality.split import Split, split
from benchmarks.tables_quality.table import Table
from benchmarks.tables_quality.views import MOST_ROWS

PAGE = Path(__file__).parents[2] / "docs" / "quality.md"


def main() -> None:
    arguments = _arguments()
    if not (arguments.data / "load.py").exists():
        _say(f"There is no {arguments.data / 'load.py'}: the tables are those that scikit-learn has, and the example.")
    if not arguments.report:
        _measure_all(arguments)
    lines = read(arguments.results)
    write_report(arguments.page, lines, planned=names_in(arguments.data), ours=arguments.ours)
    print(f"Written: {arguments.page}, from {len(lines)} fits in {arguments.results}.")


def _measure_all(arguments: argparse.Namespace) -> None:
    models = _models(arguments)
    _say(f"Models: {', '.join(f'{model.name} {model.version}' for model in models)}")
    done = {key for key, line in read(arguments.results).items() if not (arguments.retry and "failure" in line)}
    for table in _tables(arguments, models):
        for seed in range(arguments.seeds):
            parts = split(table, seed, arguments.rows)
            for model in _of_table(models, table, arguments):
                begun = _line(table, parts, seed, model)
                if key_of(begun) not in done:
                    line = begun | measure(model, parts, seed)
                    append(arguments.results, line)
                    _say(_short(line))


def _models(arguments: argparse.Namespace) -> list[Model]:
    """Those that are installed of the named ones or, without names, of all: the slow ones only with ``--slow``."""
    known = {OURS: lamina(json.loads(arguments.settings), arguments.label), **{model.name: model for model in PEERS}}
    names = arguments.models or [name for name, model in known.items() if arguments.slow or not model.is_slow]
    absent = [name for name in names if not known[name].is_present]
    if absent:
        _say(f"Not installed, and so left out: {', '.join(absent)}.")
    return [known[name] for name in names if name not in absent]


def _of_table(models: list[Model], table: Table, arguments: argparse.Namespace) -> list[Model]:
    """A slow one has sets of its own, unless sets are named."""
    return [model for model in models if arguments.sets or not model.is_slow or table.name in model.sets]


def _tables(arguments: argparse.Namespace, models: list[Model]) -> Iterator[Table]:
    """Those named, or all; with ``--slow``, those of slow models."""
    slow = {name: None for model in models for name in model.sets}
    return load_present(arguments.sets or (slow if arguments.slow else names_in(arguments.data)), arguments.data)


def _line(table: Table, parts: Split, seed: int, model: Model) -> dict[str, Any]:
    """What a fit is, without what came of it."""
    rows = parts.train
    return {
        "set": table.name,
        "task": rows.task,
        "train_rows": len(rows.y),
        "test_rows": len(parts.y_test),
        "repeated": round(parts.repeated, 4),
        "numbers": len(rows.numbers),
        "few_valued": len(rows.few_valued),
        "categories": len(rows.categories),
        "most_categories": max((len(rows.X[name].cat.categories) for name in rows.categories), default=0),
        "missing": round(float(rows.X.isna().to_numpy().mean()), 4),
        "classes": rows.num_classes,
        "seed": seed,
        "model": model.name,
        "version": model.version,
    }


def _short(line: dict[str, Any]) -> str:
    found = line.get("failure") or ", ".join(f"{name} {value:.4f}" for name, value in line["scores"].items())
    took = f" ({line['fit_cpu_s']:.1f} s)" if "fit_cpu_s" in line else ""
    return f"{line['set']} {line['seed']} {line['model']}: {found}{took}"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tables_quality", description=str(__doc__).split(":")[0] + ".")
    names = [OURS, *(model.name for model in PEERS)]
    slow = ", ".join(model.name for model in PEERS if model.is_slow)
    parser.add_argument("--data", type=Path, default=FOLDER, help="folder of the tables' load.py")
    parser.add_argument("--models", nargs="+", choices=names, metavar="MODEL", help=f"of {', '.join(names)}; all but {slow}")
    parser.add_argument("--sets", nargs="+", metavar="SET", help="tables by name; all by default, the quick ones first")
    parser.add_argument("--seeds", type=int, default=3, help="how many splits of each table")
    parser.add_argument("--rows", type=_rows, default=MOST_ROWS, metavar="N|all", help="training rows at most")
    parser.add_argument("--slow", action="store_true", help=f"{slow} too, and only tables for these; take --seeds 1 --rows 5000")
    parser.add_argument("--settings", default="{}", metavar="JSON", help="parameters of Lamina's estimators")
    parser.add_argument("--label", default="", help="names this state or these settings of Lamina")
    parser.add_argument("--ours", help="the model that the page compares with the others; the last Lamina by default")
    parser.add_argument("--retry", action="store_true", help="measure what failed again")
    parser.add_argument("--report", action="store_true", help="measure nothing: write the page from the lines that there are")
    parser.add_argument("--page", type=Path, default=PAGE, help="where the page goes, and beside it the figures as JSON")
    parser.add_argument("--results", type=Path, default=PAGE.with_suffix(".jsonl"), help="the lines, a fit each")
    return parser.parse_args()


def _rows(text: str) -> int | None:
    return None if text == "all" else int(text)


if __name__ == "__main__":
    main()
