"""For each set, what each model reached there, and which is the best."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks.tables_quality.figures import Cells, error_of, largest, mean_by_set, up_to
from benchmarks.tables_quality.models import OURS
from benchmarks.tables_quality.text import markdown_table, seconds, small
from benchmarks.tables_quality.views import MOST_ROWS, SLOW, models_in

__all__ = ["DISTANCE", "pages_of_sets", "table_of_sets"]

_SCORES = {"rmse": "RMSE", "relative_rmse": "error", "error": "error", "log_loss": "log loss", "auc": "AUC"}
Lines = list[Mapping[str, Any]]

DISTANCE = """\
Mean errors over the splits, the best in bold; –: not measured on all of them. The last column is Lamina's error over that of the
best peer: below 1, Lamina is the best. `python -m benchmarks.tables_quality.columns` prints which columns a peer makes more use
of."""


def table_of_sets(cells: Cells, ours: str, slow: str | None = None) -> list[str]:
    """The errors of each model: where ours is furthest behind first. With a slow one, in the cells that it has."""
    models = [model for model in models_in(cells) if model not in SLOW or model == slow]
    chosen = up_to(cells, MOST_ROWS) if slow else largest(cells, MOST_ROWS)
    chosen = {cell: found for cell, found in chosen.items() if {ours, slow or ours} <= found.keys()}
    means = mean_by_set({cell: [_error(found, model) for model in models] for cell, found in chosen.items()})
    peers = [place for place, model in enumerate(models) if not model.startswith(OURS)]
    behind = {of_set: _over(found[models.index(ours)], found[peers]) for of_set, found in means.items()}
    ordered = sorted(means, key=lambda of_set: -behind[of_set])
    rows = [(of_set[0], f"{of_set[1]:,}", *_errors(means[of_set]), f"{behind[of_set]:.2f}") for of_set in ordered]
    return markdown_table(("set", "training rows", *models, "over the best peer"), rows)


def _error(found: Mapping[str, Mapping[str, Any]], model: str) -> float:
    return error_of(found[model], "error") if model in found else np.nan


def _errors(means: np.ndarray) -> list[str]:
    best = np.nanmin(means)
    return ["–" if np.isnan(mean) else f"**{small(mean)}**" if mean == best else small(mean) for mean in means]


def _over(error: float, others: np.ndarray) -> float:
    """An error over the least of others; 0 where there are none."""
    if np.isnan(others).all():
        return 0.0
    least = np.nanmin(others)
    return float(error / least) if least else 1.0 if error == 0 else np.inf


def pages_of_sets(cells: Cells) -> list[str]:
    """A table a set."""
    page = []
    sets = _by_set(cells)
    for (name, rows_of_set), models in sets.items():
        is_only = sum(other == name for other, _ in sets) == 1
        title = name if is_only else f"{name}, {rows_of_set:,} rows"
        some = next(iter(models.values()))[0]
        scores = [score for score in _SCORES if score in some["scores"]]
        rows = [_row(model, models[model], scores) for model in models_in(cells) if model in models]
        columns = ("model", "seeds", *(_SCORES[score] for score in scores), "training, s", "prediction, s")
        page += ["", f"### {title}", "", _described(some), "", *markdown_table(columns, rows)]
    return page


def _by_set(cells: Cells) -> dict[tuple[str, int], dict[str, Lines]]:
    """The lines of each set and number of training rows, by model."""
    sets: dict[tuple[str, int], dict[str, Lines]] = {}
    for (name, rows, _), found in sorted(cells.items()):
        for model, line in found.items():
            sets.setdefault((name, rows), {}).setdefault(model, []).append(line)
    return sets


def _row(model: str, lines: Lines, scores: list[str]) -> tuple[str, ...]:
    means = [small(float(np.mean([line["scores"][score] for line in lines]))) for score in scores]
    load = max(line["load"] for line in lines)
    times = (seconds(float(np.mean([line[step] for line in lines])), load) for step in ("fit_cpu_s", "predict_cpu_s"))
    return model, str(len(lines)), *means, *times


def _described(line: Mapping[str, Any]) -> str:
    """What the table is like."""
    what = f"{line['classes']} classes" if line["classes"] else "numbers"
    most = f" of at most {line['most_categories']} values" if line["categories"] else ""
    few = f", {line['few_valued']} of which have 3 to 32 values" if line["few_valued"] else ""
    missing = f"; {100 * line['missing']:.1f} % of the cells missing" if line["missing"] else ""
    repeated = f", of which {100 * line['repeated']:.1f} % equal a training row" if line["repeated"] else ""
    rows = f"{line['train_rows']:,} training and {line['test_rows']:,} test rows{repeated}"
    columns = f"{line['numbers']} columns of numbers{few}, {line['categories']} of categories{most}{missing}"
    return f"{what[0].upper()}{what[1:]}; {rows}; {columns}."
