"""``lamina train``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from lamina.cli.head_start import import_training_meanwhile
from lamina.cli.options import READING, Flag, Quiet, Reading, ReadingOptions, check_output
from lamina.cli.output import notes_printed, print_json, print_line, print_metrics
from lamina.cli.standard_streams import DASH, has_standard_output
from lamina.model.table_settings import (
    EncodingSettings,
    NetworkSettings,
    OptimizationSettings,
    RunSettings,
    StoppingSettings,
    TableSettings,
)

if TYPE_CHECKING:
    import pyarrow as pa

    from lamina.model import FitResult

__all__ = ["train"]

_DEFAULTS = TableSettings()
_Encoding = Annotated[EncodingSettings, Parameter(name="*", group="Encoding")]
_Network = Annotated[NetworkSettings, Parameter(name="*", group="Network")]
_Optimization = Annotated[OptimizationSettings, Parameter(name="*", group="Optimization")]
_Stopping = Annotated[StoppingSettings, Parameter(name="*", group="Stopping")]
_Running = Annotated[RunSettings, Parameter(name="*", group="Running")]


def train(
    table: Path,
    /,
    *,
    target: Annotated[str, Parameter(alias="-t")],
    output: Annotated[Path, Parameter(alias="-o")],
    task: Literal["auto", "classification", "regression"] = "auto",
    validation: str = "0.1",
    test: str = "0.2",
    config: Path | None = None,
    json: Flag = False,
    quiet: Quiet = False,
    reading: Reading = READING,
    encoding: _Encoding = _DEFAULTS.encoding,
    network: _Network = _DEFAULTS.network,
    optimization: _Optimization = _DEFAULTS.optimization,
    stopping: _Stopping = _DEFAULTS.stopping,
    run: _Running = _DEFAULTS.run,
) -> None:
    """Train a model on a table.

    Part of the rows is held out; at the end, the model is evaluated on it and compared with a baseline that ignores all columns.
    Ctrl-C ends training after the current epoch, and the best weights so far are evaluated and saved as usual.

    Parameters
    ----------
    table : Path
        CSV or TSV (also .gz), Parquet or Feather; - for standard input.
    target : str
        Column to predict.
    output : Path
        Model file to write.
    task : {"auto", "classification", "regression"}
        Kind of prediction; auto: from the target's values.
    validation : str
        Share of the training rows that decides when to stop, 0 for none, or a file.
    test : str
        Share of all rows to evaluate on, 0 for none, or a file.
    config : Path
        TOML file with any of these options.
    json : bool
        Print one JSON object.
    quiet : bool
        Print no notes, no progress and no report.
    """
    with notes_printed(quiet) as notes:
        from lamina.data import target_column

        _check_dashes(table, validation, test, output)
        check_output(output, table, Path(validation), Path(test), *([] if config is None else [config]))
        import_training_meanwhile()
        read = reading.read(table)
        target_column(read, target)  # reports a misspelled target before more files are read
        read = _with_typed_target(read, target, encoding.missing)

        from lamina.model import fit_table, save_model
        from lamina.training import Progress
        from lamina.training.interrupts import Interrupts

        result = fit_table(
            read,
            target,
            task=task,
            validation=_share_or_table("validation", validation, reading),
            test=_share_or_table("test", test, reading),
            settings=TableSettings(network=network, optimization=optimization, stopping=stopping, encoding=encoding, run=run),
            # Restarts run in parallel, so a single progress line would not do.
            callbacks=[] if json or quiet or run.restarts > 1 else [Progress()],
            on_interrupt="return",
        )
        with Interrupts():  # Ctrl-C must not prevent saving and reporting
            result.model.summary["reading"] = reading.to_keep()
            save_model(output, result.model)
            report = _report(result, output)
            if json:
                print_json({**report, "notes": notes})
            elif not quiet and has_standard_output():
                _print_report(result, report)


def _with_typed_target(table: pa.Table, target: str, missing: tuple[str, ...]) -> pa.Table:
    """The table with the type that its target spells, in which classes are then given back: of text files, too."""
    from lamina.data.column_types import plainly_typed

    typed = plainly_typed(target, table[target], missing=missing)
    return table.set_column(table.column_names.index(target), target, typed)


def _check_dashes(table: Path, validation: str, test: str, output: Path) -> None:
    """Reject writing the model to standard output and reading standard input twice, before anything is read."""
    from lamina.errors import InvalidSettingError, phrase

    if output == DASH:
        raise InvalidSettingError(phrase("--output", "must be a file for the model", "-", repair="Name one: -o model.lamina."))
    readers = {"the table": str(table), "--validation": validation, "--test": test}
    reading = [name for name, given in readers.items() if Path(given) == DASH]
    if len(reading) > 1:
        rule = f"must not be standard input, which {reading[0]} already reads"
        raise InvalidSettingError(phrase(reading[1], rule, "-", repair="Name a file."))


def _share_or_table(name: str, given: str, reading: ReadingOptions) -> Any:
    """A share of the rows, or the table in a file."""
    from lamina.errors import InvalidSettingError, phrase

    try:
        share = float(given)
    except ValueError:
        return reading.read(Path(given))
    if not 0.0 <= share < 1.0:
        repair = "Use 0.2 for a fifth."
        raise InvalidSettingError(phrase(f"--{name}", "must be a share in [0, 1) or a file", given, repair=repair))
    return share


def _report(result: FitResult, output: Path) -> dict[str, Any]:
    target, summary = result.model.target, result.model.summary
    return {
        "task": target.task,
        "target": target.name,
        "classes": list(target.classes),
        "rows": result.rows,
        "test": result.metrics,
        "epochs": len(result.model.estimator.history_),
        "best_epoch": summary["best_epoch"],
        "stop_reason": {"code": result.stop_reason.code, "text": result.stop_reason.text},
        "duration_s": result.duration_s,
        "restarts": [
            {"seed": row.seed, "best": row.best, "epochs": row.epochs, "stop_code": row.stop_reason.code}
            for row in result.model.estimator.restarts_
        ],
        "model": str(output),
    }


def _print_report(result: FitResult, report: dict[str, Any]) -> None:
    target, rows = result.model.target, result.rows
    if target.reason != "as asked":
        print_line(f"{target.name!r} holds {target.reason}, so the task is {target.task} (--task overrides this).")
    if result.metrics:
        print_line(f"{target.task.capitalize()} of {target.name!r} on {rows['test']:,} test rows:")
        print_metrics(result.metrics, target.task)
    print_line(f"Trained on {rows['training']:,} rows for {report['epochs']} epochs, {report['duration_s']:.1f} s.")
    restarts = result.model.estimator.restarts_
    if len(restarts) > 1:
        low, _, high = restarts.spread
        print_line(
            f"The best of {len(restarts)} trainings, whose {restarts.criterion.replace('_', ' ')} "
            f"ranged from {low:.4g} to {high:.4g}."
        )
    print_line(f"Stopped: {result.stop_reason.text}")
    if result.stop_reason.code == "interrupted":
        print_line(f"The best weights, of epoch {report['best_epoch']}, were kept.")
    print_line(f"Model: {report['model']}")
