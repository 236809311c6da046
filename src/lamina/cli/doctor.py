"""``lamina doctor``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from lamina.cli.options import READING, Flag, Quiet, Reading
from lamina.cli.output import listed, notes_printed, print_json, print_line
from lamina.cli.train import Encoding, Network, Optimization, Running, Stopping, read_with_targets
from lamina.model.table_settings import TableSettings

if TYPE_CHECKING:
    import pyarrow as pa

    from lamina.doctor import Diagnosis, Treatment

__all__ = ["doctor"]

_DEFAULTS = TableSettings()


def doctor(
    table: Path,
    /,
    *,
    target: Annotated[tuple[str, ...], Parameter(alias="-t", consume_multiple=False)],
    task: Literal["auto", "classification", "regression"] = "auto",
    treat: Flag = False,
    budget: int = 20,
    max_rows: int = 20_000,
    config: Path | None = None,
    json: Flag = False,
    quiet: Quiet = False,
    reading: Reading = READING,
    encoding: Encoding = _DEFAULTS.encoding,
    network: Network = _DEFAULTS.network,
    optimization: Optimization = _DEFAULTS.optimization,
    stopping: Stopping = _DEFAULTS.stopping,
    run: Running = _DEFAULTS.run,
) -> None:
    """Say why a network does not learn a table, and what helps.

    The network is trained with these options on three quarters of the rows while it is watched, and judged on the others beside a
    standard network. With --treat, cures are tried on short trainings, and the best is proved on rows that never chose it.

    Parameters
    ----------
    table : Path
        CSV or TSV (also .gz), Parquet or Feather; - for standard input.
    target : tuple of str
        Column to predict. Given several times: columns of numbers, predicted together.
    task : {"auto", "classification", "regression"}
        Kind of prediction; auto: from the target's values.
    treat : bool
        Try cures, too, and show the options that help.
    budget : int
        Trainings that --treat may use.
    max_rows : int
        Larger tables are examined on this many rows, drawn at random.
    config : Path
        TOML file with any of these options.
    json : bool
        Print one JSON object.
    quiet : bool
        Print no notes.
    """
    with notes_printed(quiet) as notes:
        settings = TableSettings(network=network, optimization=optimization, stopping=stopping, encoding=encoding, run=run)
        read = read_with_targets(table, target, reading, encoding.missing)
        estimator = _estimator(read, target, task, settings)
        X, y = read.drop_columns(list(target)), _targets(read, target)

        from lamina import doctor as practice

        found: Diagnosis = practice.diagnose(estimator, X, y, seed=run.seed, max_rows=max_rows)
        treated: Treatment | None = None
        if treat and not found.is_healthy:
            treated = practice.treat(estimator, X, y, budget=budget, seed=run.seed, diagnosis=found)
    if json:
        print_json({"diagnosis": found.to_dict(), "treatment": None if treated is None else treated.to_dict(), "notes": notes})
        return
    print_line(f"{listed(target)}: {found}")
    if treated is not None:
        print_line(f"\n{treated}")


def _estimator(table: pa.Table, target: tuple[str, ...], task: Any, settings: TableSettings) -> Any:
    """The table estimator for the task that the target's values suggest, with these settings."""
    from lamina.data.several_targets import learn_targets
    from lamina.data.target import target_column
    from lamina.model import TabularClassifier, TabularRegressor

    task = learn_targets([target_column(table, name) for name in target], task).task
    return (TabularClassifier if task == "classification" else TabularRegressor).from_settings(settings)


def _targets(table: pa.Table, target: tuple[str, ...]) -> Any:
    """The targets as the estimators take them: a column, or a frame of several."""
    return table[target[0]] if len(target) == 1 else table.select(list(target))
