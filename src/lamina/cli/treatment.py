"""The diagnosis, and the treatment, of a training on a table by the command line."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

    from lamina.doctor import Diagnosis, Treatment
    from lamina.model import TableSettings

__all__ = ["BUDGET", "MAX_ROWS", "examined"]

BUDGET, MAX_ROWS = 20, 20_000
FEWEST = 10  # trainings that choose and prove a cure with three seeds


def examined(
    table: pa.Table, target: tuple[str, ...], task: Any, settings: TableSettings, *, max_rows: int, budget: int | None
) -> tuple[Diagnosis, Treatment | None]:
    """The diagnosis of a training on a table, and the treatment if there is a budget and something to treat."""
    from lamina import doctor as practice
    from lamina.cli.cure_options import options_for
    from lamina.data.several_targets import learn_targets
    from lamina.data.target import target_column
    from lamina.model.untrained import estimator_for
    from lamina.validation import check_parameters, integer

    if budget is not None:
        check_parameters({"budget": budget}, {"budget": integer(FEWEST)}, owner="treat")  # before the diagnosis takes its time
    learned = learn_targets([target_column(table, name) for name in target], task)
    present, _ = learned.present_rows(table)
    table = table if len(present) == table.num_rows else table.take(present)
    estimator = estimator_for(learned.task, settings)
    X, y = table.drop_columns(list(target)), table[target[0]] if len(target) == 1 else table.select(list(target))
    seed = settings.run.seed
    found = practice.diagnose(estimator, X, y, seed=seed, max_rows=max_rows)
    found = replace(found, spell=options_for(estimator))
    if budget is None or (found.is_healthy and found.shows_skill):
        return found, None
    return found, practice.treat(estimator, X, y, budget=budget, seed=seed, max_rows=max_rows, diagnosis=found)
