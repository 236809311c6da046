"""``lamina train``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from lamina.cli.advice import Doctor, advice_of, print_advice, watcher
from lamina.cli.head_start import import_training_meanwhile
from lamina.cli.options import READING, Flag, Quiet, Reading, ReadingOptions, check_output, is_streamed, load_table_model
from lamina.cli.output import listed, notes_printed, print_json, print_line, print_metrics, rows_trained_on
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

    from lamina.model import FitResult, TableModel

__all__ = [
    "Encoding",
    "Network",
    "Optimization",
    "Running",
    "Stopping",
    "check_dashes",
    "read_with_targets",
    "share_or_table",
    "train",
    "with_typed_target",
]

_DEFAULTS = TableSettings()
Encoding = Annotated[EncodingSettings, Parameter(name="*", group="Encoding")]
Network = Annotated[NetworkSettings, Parameter(name="*", group="Network")]
Optimization = Annotated[OptimizationSettings, Parameter(name="*", group="Optimization")]
Stopping = Annotated[StoppingSettings, Parameter(name="*", group="Stopping")]
Running = Annotated[RunSettings, Parameter(name="*", group="Running")]


def train(
    table: Path,
    /,
    *,
    target: Annotated[tuple[str, ...], Parameter(alias="-t", consume_multiple=False)] = (),
    output: Annotated[Path, Parameter(alias="-o")],
    continue_from: Annotated[Path | None, Parameter(name="--continue")] = None,
    task: Literal["auto", "classification", "regression"] = "auto",
    validation: str = "0.1",
    test: str = "0.2",
    doctor: Doctor = "advise",
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
    """Train a model on a table, or go on training one.

    Part of the rows is held out; at the end, the model is evaluated on it and compared with a baseline that ignores all columns.
    Ctrl-C ends training after the current epoch, and the best weights so far are evaluated and saved as usual.

    With --continue, the columns are read as the model has learned, and its weights are trained on the new rows. Options that are
    not given are those of the model's training. If no epoch is better on the validation rows, the weights stay.

    Parameters
    ----------
    table : Path
        CSV or TSV (also .gz), Parquet or Feather; a folder, pattern or address of many, such as 'data/*.parquet', which are read
        block by block; - for standard input.
    target : tuple of str
        Column to predict; with --continue, that of the model. Given several times: columns of numbers, predicted together.
    output : Path
        Model file to write.
    continue_from : Path
        Model file to go on from.
    task : {"auto", "classification", "regression"}
        Kind of prediction; auto: from the target's values.
    validation : str
        Share of the training rows that decides when to stop, 0 for none, or a file.
    test : str
        Share of all rows to evaluate on, 0 for none, or a file.
    doctor : {"advise", "treat", "off"}
        What to do about a training that learned next to nothing. advise: say what went wrong, as far as the training itself shows
        it; treat: diagnose any training as lamina doctor does, try cures, and show the options that help.
    config : Path
        TOML file with any of these options.
    json : bool
        Print one JSON object.
    quiet : bool
        Print no notes, no progress and no report.
    """
    with notes_printed(quiet) as notes:
        _check_doctor(doctor, continue_from)
        check_dashes(table, validation, test, output)
        check_output(output, table, Path(validation), Path(test), *([] if config is None else [config]))
        model = None if continue_from is None else load_table_model(continue_from)
        target = _targets(target, model)
        reading = reading if model is None else reading.as_in_training(model)
        import_training_meanwhile()
        streamed = is_streamed(table, run.memory)
        if streamed:
            _check_in_memory(doctor, continue_from)
        read: list[Any] = (
            [table] if streamed else [read_with_targets(table, target, reading, encoding.missing if model is None else None)]
        )
        kept = read[0] if doctor == "treat" else None
        settings = TableSettings(network=network, optimization=optimization, stopping=stopping, encoding=encoding, run=run)
        watched = watcher(doctor, run)

        from lamina.model import fit_table, save_model
        from lamina.training import Progress
        from lamina.training.interrupts import Interrupts

        with _apart_from_result(run):
            result = fit_table(
                read.pop(),  # whose memory only the training needs to hold, as long as it does
                target,
                task=task,
                validation=share_or_table("validation", validation, reading),
                test=share_or_table("test", test, reading),
                settings=settings,
                continue_from=model,
                # Restarts run in parallel, so a single progress line would not do.
                callbacks=[*([] if json or quiet or run.restarts > 1 else [Progress()]), *([] if watched is None else [watched])],
                on_interrupt="return",
                reading=reading.of_text if streamed else None,
            )
        with Interrupts():  # Ctrl-C must not prevent saving and reporting
            result.model.summary["reading"] = reading.to_keep()
            save_model(output, result.model)
            report = {**_report(result, output), "doctor": advice_of(result, watched)}
            if json and kept is None:
                print_json({**report, "notes": notes})
            elif not quiet and has_standard_output():
                _print_report(result, report, notes, is_examined=kept is not None)
        if kept is not None:
            _treat(kept, target, task, settings, {**report, "notes": notes} if json else None, quiet=quiet)


def _apart_from_result(run: RunSettings) -> AbstractContextManager[object]:
    """What Ray prints of workers that ended goes to standard error: it knows no other way, and the output is the result's."""
    return redirect_stdout(sys.stderr) if run.workers != 1 else nullcontext()


def _treat(
    table: pa.Table, target: tuple[str, ...], task: Any, settings: TableSettings, report: dict[str, Any] | None, *, quiet: bool
) -> None:
    """Diagnose such a training and try cures; printed, or in one object with the report of the training."""
    from lamina.cli.treatment import BUDGET, MAX_ROWS, examined

    found, treated = examined(table, target, task, settings, max_rows=MAX_ROWS, budget=BUDGET)
    if report is not None:
        print_json({**report, "doctor": found.to_dict()["findings"], "treatment": None if treated is None else treated.to_dict()})
    elif not quiet and has_standard_output():
        print_line(f"\n{found}" + ("" if treated is None else f"\n\n{treated}"))


def _check_in_memory(doctor: Doctor, continue_from: Path | None) -> None:
    """Reject what needs the whole table in memory."""
    from lamina.errors import InvalidSettingError, phrase

    if doctor == "treat":
        rule, repair = "must be advise or off for a table of many files", "Treat a training on a part that fits in memory."
        raise InvalidSettingError(phrase("--doctor", rule, doctor, repair=repair))
    if continue_from is not None:
        rule, repair = "must be left out for a table of many files", "Begin anew, or go on with a part that fits in memory."
        raise InvalidSettingError(phrase("--continue", rule, str(continue_from), repair=repair))


def _check_doctor(doctor: Doctor, continue_from: Path | None) -> None:
    from lamina.errors import InvalidSettingError, phrase

    if doctor == "treat" and continue_from is not None:
        rule, repair = "must be advise or off with --continue", "A treatment begins anew: `lamina doctor MODEL TABLE --treat`."
        raise InvalidSettingError(phrase("--doctor", rule, doctor, repair=repair))


def _targets(given: tuple[str, ...], model: TableModel | None) -> tuple[str, ...]:
    """The columns to predict: as given, or those of the model to go on from."""
    from lamina.errors import InvalidSettingError

    if not given and model is None:
        raise InvalidSettingError("--target requires an argument without --continue: the column to predict.")
    return given or (() if model is None else model.target.names)


def read_with_targets(path: Path, targets: tuple[str, ...], reading: ReadingOptions, missing: tuple[str, ...] | None) -> pa.Table:
    """The table in a file, whose targets have the types that they spell unless ``missing`` is None."""
    from lamina.data import target_column

    table = reading.read(path)
    for name in targets:
        target_column(table, name)  # reports a misspelled target before more files are read
        if missing is not None:
            table = with_typed_target(table, name, missing)
    return table


def with_typed_target(table: pa.Table, target: str, missing: tuple[str, ...]) -> pa.Table:
    """The table with the type that its target spells, in which classes are then given back: of text files, too."""
    from lamina.data.column_types import plainly_typed

    typed = plainly_typed(target, table[target], missing=missing)
    return table.set_column(table.column_names.index(target), target, typed)


def check_dashes(table: Path, validation: str, test: str, output: Path) -> None:
    """Reject writing the model to standard output and reading standard input twice, before anything is read."""
    from lamina.errors import InvalidSettingError, phrase

    if output == DASH:
        raise InvalidSettingError(phrase("--output", "must be a file for the model", "-", repair="Name one: -o model.lamina."))
    readers = {"the table": str(table), "--validation": validation, "--test": test}
    reading = [name for name, given in readers.items() if Path(given) == DASH]
    if len(reading) > 1:
        rule = f"must not be standard input, which {reading[0]} already reads"
        raise InvalidSettingError(phrase(reading[1], rule, "-", repair="Name a file."))


def share_or_table(name: str, given: str, reading: ReadingOptions) -> Any:
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
    scales = [scale.kind for scale in result.model.scales]
    return {
        "task": target.task,
        "target": target.name if len(target.names) == 1 else list(target.names),
        "classes": list(target.classes),
        "target_scale": None if target.task == "classification" else scales if len(scales) > 1 else scales[0],
        "rows": result.rows,
        "earlier": summary.get("earlier", []),
        "test": result.metrics,
        "epochs": len(result.model.estimator.history_),
        "best_epoch": summary["best_epoch"],
        "stop_reason": {"code": result.stop_reason.code, "text": result.stop_reason.text},
        "duration_s": result.duration_s,
        "together": None if result.together is None else result.together.to_dict(),
        "restarts": [
            {"seed": row.seed, "best": row.best, "epochs": row.epochs, "stop_code": row.stop_reason.code}
            for row in result.model.estimator.restarts_
        ],
        "model": str(output),
    }


def _print_report(result: FitResult, report: dict[str, Any], notes: Sequence[str], *, is_examined: bool) -> None:
    from lamina.errors import counted

    target, rows = result.model.target, result.rows
    is_said = len(target.names) > 1 or any(f"holds {target.reason}, taken" in text for text in notes)
    if target.reason != "as asked" and not report["earlier"] and not is_said:
        print_line(f"{target.name!r} holds {target.reason}, so the task is {target.task} (--task overrides this).")
    if result.metrics:
        print_line(f"{target.task.capitalize()} of {listed(target.names)} on {rows['test']:,} test rows:")
        # What a model falls short of may lie in the rows; where the doctor speaks, it has a cause that does not.
        print_metrics(result.metrics, with_shortcoming=not is_examined and not report["doctor"])
    seen = rows_trained_on(result.model.summary)
    print_line(f"Trained on {seen} for {counted(report['epochs'], 'epoch')}, {report['duration_s']:.1f} s.")
    if result.together is not None:
        print_line(str(result.together))
    restarts = result.model.estimator.restarts_
    if len(restarts) > 1:
        low, _, high = restarts.spread
        print_line(
            f"The best of {len(restarts)} trainings, whose {restarts.criterion.replace('_', ' ')} "
            f"ranged from {low:.4g} to {high:.4g}."
        )
    print_line(f"Stopped: {result.stop_reason.text}")
    if result.stop_reason.code == "interrupted" and report["best_epoch"]:
        kept = "best average of the weights, up to" if result.model.is_averaged else "best weights, of"
        print_line(f"The {kept} epoch {report['best_epoch']}, {'was' if result.model.is_averaged else 'were'} kept.")
    print_advice(report["doctor"])
    print_line(f"Model: {report['model']}")
