"""``lamina doctor``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from lamina.cli.advice import advice_of_file
from lamina.cli.options import READING, Flag, Quiet, Reading, ReadingOptions, load_table_model
from lamina.cli.output import listed, notes_printed, print_json, print_line
from lamina.cli.train import Encoding, Network, Optimization, Running, Stopping, read_with_targets
from lamina.cli.treatment import BUDGET, MAX_ROWS, examined
from lamina.model.table_settings import TableSettings

if TYPE_CHECKING:
    import pyarrow as pa

    from lamina.errors import InvalidSettingError
    from lamina.model import TableModel

__all__ = ["doctor"]

_DEFAULTS = TableSettings()


def doctor(
    table: Path,
    rows: Annotated[Path | None, Parameter(show_default=False)] = None,
    /,
    *,
    target: Annotated[tuple[str, ...], Parameter(alias="-t", consume_multiple=False)] = (),
    task: Literal["auto", "classification", "regression"] = "auto",
    treat: Flag = False,
    budget: int = BUDGET,
    max_rows: int = MAX_ROWS,
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

    A network is trained with these options on three quarters of the rows while it is watched, and judged on the others, beside a
    plain model. With --treat, cures are tried on short trainings, and the best is proved on rows by which nothing was chosen.
    What helps is printed as options of lamina train.

    After a model file, as in lamina doctor MODEL TABLE, nothing is trained if the file itself tells what went wrong; otherwise,
    and with --treat or other settings, a copy of the model is trained so, with the settings of its training.

    Parameters
    ----------
    table : Path
        CSV or TSV (also .gz), Parquet or Feather; - for standard input. Or a model file.
    rows : Path
        The table, after a model file.
    target : tuple of str
        Column to predict; of a model file, its own. Given several times: columns of numbers, predicted together.
    task : {"auto", "classification", "regression"}
        Kind of prediction; auto: from the target's values.
    treat : bool
        Try cures, too, and show the options that help.
    budget : int
        Trainings that --treat may use, at least 10; a random search beside it uses as many.
    max_rows : int
        Larger tables are examined on this many rows, drawn at random; at least 20.
    config : Path
        TOML file with any of these options.
    json : bool
        Print one JSON object.
    quiet : bool
        Print no notes.
    """
    from lamina.data.notes import note

    with notes_printed(quiet) as notes:
        settings = TableSettings(network=network, optimization=optimization, stopping=stopping, encoding=encoding, run=run)
        if rows is not None:
            model = load_table_model(table, encoding.on_error if encoding.on_error == "missing" else None)
            is_as_trained = not treat and not settings.named
            read, settings = _rows_of(model, rows, target, settings, reading)
            target, learned = model.target.names, model.target.task
            score = _score(model, read)
            recorded = advice_of_file(model, read) if is_as_trained else []
            if recorded:
                _print_recorded(f"{listed(target)}: {score}.", recorded, notes, json=json)
                return
            note(f"{score}. A copy of it is trained on three quarters of them while it is watched.")
        elif target:
            learned = task
            read = read_with_targets(table, target, reading, encoding.missing)
        else:
            raise _without_target()
        budgeted = budget if treat else None
        found, treated = examined(read, target, learned, settings, max_rows=max_rows, budget=budgeted)
    if json:
        print_json({"diagnosis": found.to_dict(), "treatment": None if treated is None else treated.to_dict(), "notes": notes})
        return
    print_line(f"{listed(target)}: {found}")
    if treated is not None:
        print_line(f"\n{treated}")


def _rows_of(
    model: TableModel, path: Path, target: tuple[str, ...], settings: TableSettings, reading: ReadingOptions
) -> tuple[pa.Table, TableSettings]:
    """The columns that a model knows, and the settings of its training with those that are named now."""
    from lamina.errors import InvalidSettingError, phrase
    from lamina.model.going_on import settings_to_go_on

    if target and target != model.target.names:
        rule = f"must be {model.target.name!r}, as of the model"
        raise InvalidSettingError(phrase("--target", rule, ", ".join(target), repair="Remove it."))
    settings = settings_to_go_on(model, settings)
    read = read_with_targets(path, model.target.names, reading.as_in_training(model), settings.encoding.missing)
    model.read(read)  # reports a column that is missing
    return read.select([*model.encoder.reader_.names, *model.target.names]), settings


def _score(model: TableModel, table: pa.Table) -> str:
    metric, value = next(iter(model.evaluate(table)["model"].items()))
    return f"the model has {'R²' if metric == 'r2' else metric.replace('_', ' ')} {value:.3f} on these rows"


def _print_recorded(summary: str, found: list[dict[str, Any]], notes: list[str], *, json: bool) -> None:
    """The findings of the model's own training, without another one."""
    if json:
        print_json({"diagnosis": {"summary": summary, "findings": found}, "treatment": None, "notes": notes})
        return
    print_line("\n\n".join([f"{summary} Its file tells what went wrong in training:", *(finding["told"] for finding in found)]))


def _without_target() -> InvalidSettingError:
    from lamina.errors import InvalidSettingError

    return InvalidSettingError(
        "--target requires an argument without a model file and its table: the column to predict, as in lamina doctor TABLE "
        "--target NAME. Of a model file give both: lamina doctor MODEL TABLE."
    )
