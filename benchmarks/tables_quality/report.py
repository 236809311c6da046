"""The lines as a page of the documentation, and the figures as JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.tables import short
from benchmarks.tables_quality.figures import Cells, cells_of
from benchmarks.tables_quality.models import OURS, PEERS
from benchmarks.tables_quality.of_each_set import DISTANCE, pages_of_sets, table_of_sets
from benchmarks.tables_quality.split import FEWEST_OF_A_CLASS
from benchmarks.tables_quality.text import BUSY, markdown_table
from benchmarks.tables_quality.views import MOST_ROWS, SLOW, VIEWS, View, models_in, to_json

__all__ = ["to_markdown", "write_report"]

_INTRODUCTION = f"""\
Lamina's table default beside the defaults of other libraries, on real tables: same rows for every model, one thread each, and
nothing but seeds set. To go on measuring, and to write this page anew from the fits in `docs/quality.jsonl`, run

    make bench-quality DATA=FOLDER

`FOLDER` has a `load.py`, whose `REGISTRY` has a function a table; without one, tables that scikit-learn has and the example are
used. `python -m benchmarks.tables_quality --help` names the options, such as `--models`, `--sets`, `--seeds` and `--rows`.

A seed splits a table: a quarter of its rows, at most 20,000, are for the test, and of the others at most {MOST_ROWS:,} are
trained on. Classes keep their shares; a class with fewer than {FEWEST_OF_A_CLASS} training rows is left out. **Error** is the
share of wrong labels or, for numbers, the RMSE over that of the mean; it decides which model is better. The log loss of the
probabilities is given beside it. Each library gets categories as its documentation advises: Lamina, LightGBM, XGBoost,
HistGradientBoosting and pytabkit as pandas' type, CatBoost as `cat_features`, scikit-learn's MLP as a column each, and inputs and
targets scaled. Where a library bears no missing numbers, medians replace them and a column says where.

- **Wins**: the share of sets × seeds in which Lamina has the smaller error; a tie is half a win.
- **Error ratio**: the geometric mean of Lamina's error over the peer's, each plus 0.01; below 1, Lamina is better.
- **Rank**: a model's place among those of the table. **Score**: 1 where it is the best of them, 0 where it is the worst.
  **First**: how often it is the best.
- **Time**: Lamina's processor time of training over the peer's, as geometric mean over the sets, and at most.

Seeds are averaged before sets are. Intervals are of 95 %, by drawing sets anew."""


def write_report(page: Path, lines: Mapping[Any, Mapping[str, Any]], planned: Iterable[str], ours: str | None) -> None:
    """The page, and the figures beside it. ``planned`` are the sets that were to be measured."""
    found = list(lines.values())
    ours = ours or _ours(found)
    figures = {"ours": ours, "views": to_json(cells_of(found), ours)}
    page.write_text(to_markdown(found, planned, ours), encoding="utf-8")
    page.with_suffix(".json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def to_markdown(lines: Iterable[Mapping[str, Any]], planned: Iterable[str], ours: str) -> str:
    lines = list(lines)
    cells = cells_of(lines)
    slow = [name for name in SLOW if name in models_in(cells)]
    page = ["# Quality on tables", "", f"{ours}, against each other model:", "", *_duels(VIEWS[0], cells, ours)]
    page += ["", "## How it is measured", "", _INTRODUCTION, "", *(f"- {line}" for line in _origin(lines, planned))]
    for view in VIEWS[1:]:
        page += ["", f"## {view.title}", "", *_duels(view, cells, ours)]
    for view in VIEWS:
        page += ["", f"## Ranks: {view.title[0].lower()}{view.title[1:]}", *_standings(view, cells, ours, slow)]
    page += ["", "## Who wins where", "", DISTANCE]
    for name in (None, *slow):
        page += ["", *table_of_sets(cells, ours, name)]
    return "\n".join([*page, "", "## Set by set", *pages_of_sets(cells)]) + "\n"


def _ours(lines: list[Mapping[str, Any]]) -> str:
    """The Lamina that was measured last."""
    return next((line["model"] for line in reversed(lines) if line["model"].startswith(OURS)), OURS)


def _origin(lines: list[Mapping[str, Any]], planned: Iterable[str]) -> list[str]:
    """What was measured where, and what was not."""
    scored = [line for line in lines if "scores" in line]
    busy = sum(line["load"] > BUSY for line in scored)
    failed = [f"{line['model']} on {line['set']}, seed {line['seed']} ({line['failure']})" for line in lines if "failure" in line]
    measured, sets = ({line[what] for line in scored} for what in ("model", "set"))
    versions = {f"{line['model']} {line['version']}" for line in scored}
    processors = " and ".join(sorted({line["processor"] for line in scored})) or "no machine"
    absent = [*(model.name for model in PEERS if model.name not in measured), *(name for name in planned if name not in sets)]
    partly = [f"{model} {count}" for model, count in _tables_of(scored).items() if count < len(sets)]
    seeds = len({line["seed"] for line in scored})
    return [
        f"Measured: {len(scored)} fits on {len(sets)} tables with at most {seeds} seeds, {_dates(scored)}, on {processors}.",
        *([f"Measured on some of the tables only: {', '.join(partly)}."] if partly else []),
        f"Versions: {', '.join(sorted(versions))}",
        f"Times are rough where they are marked ~: the machine was shared (load above {BUSY:g}) in {busy} of {len(scored)} fits.",
        *([f"Not measured: {', '.join(absent)}."] if absent else []),
        *([f"Failed: {'; '.join(failed)}."] if failed else []),
    ]


def _tables_of(scored: list[Mapping[str, Any]]) -> dict[str, int]:
    """On how many tables each model was measured."""
    pairs = {(line["model"], line["set"]) for line in scored}
    return dict(sorted(Counter(model for model, _ in pairs).items()))


def _dates(lines: list[Mapping[str, Any]]) -> str:
    dates = sorted({line["date"] for line in lines})
    return " to ".join(dict.fromkeys((dates[0], dates[-1]))) if dates else "never"


def _duels(view: View, cells: Cells, ours: str) -> list[str]:
    rows = [
        (
            peer,
            f"{fight.sets}, {fight.cells}",
            f"{100 * fight.wins:.0f} % ({100 * fight.wins_within[0]:.0f}–{100 * fight.wins_within[1]:.0f} %)",
            f"{fight.error:.3f} ({fight.error_within[0]:.3f}–{fight.error_within[1]:.3f})",
            f"{short(fight.time)}×",
            f"{short(fight.most_time)}×",
        )
        for peer, fight in view.duels(cells, ours).items()
    ]
    return markdown_table(("peer", "sets, splits", "wins", "error ratio", "time", "at most"), rows)


def _standings(view: View, cells: Cells, ours: str, slow: list[str]) -> list[str]:
    """A table of the quick models, and one with each slow one."""
    page = []
    for name in (None, *slow):
        count, found = view.standings(cells, ours, name)
        rows = [
            (model, f"{place.mean_rank:.2f}", f"{place.score:.3f}", f"{100 * place.first:.0f} %")
            for model, place in sorted(found.items(), key=lambda pair: pair[1].mean_rank)
        ]
        title = f"{count} splits{f', with {name}' if name else ''}:"
        page += ["", title, "", *markdown_table(("model", "rank", "score", "first"), rows)] if rows else []
    return page
