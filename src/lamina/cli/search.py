"""``lamina search``."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from lamina.cli.head_start import import_training_meanwhile
from lamina.cli.options import READING, Flag, Quiet, Reading, check_output
from lamina.cli.output import listed, notes_printed, output_console, print_json, print_line, printable
from lamina.cli.standard_streams import has_standard_output
from lamina.cli.train import (
    Encoding,
    Network,
    Optimization,
    Running,
    Stopping,
    check_dashes,
    read_with_targets,
    share_or_table,
)
from lamina.model.as_options import option
from lamina.model.table_settings import TableSettings

if TYPE_CHECKING:
    from lamina.search import SearchResult, Trial, Trials

__all__ = ["search"]

_DEFAULTS = TableSettings()
# What lamina train takes where nothing is said.
_OF_TRAIN = {"task": "auto", "validation": "0.1", "test": "0.2", **vars(READING)}


def search(
    table: Path,
    /,
    *,
    target: Annotated[tuple[str, ...], Parameter(alias="-t", consume_multiple=False)],
    output: Annotated[Path, Parameter(alias="-o")],
    trials: int = 50,
    jobs: Annotated[int, Parameter(alias="-j")] = 1,
    vary: tuple[str, ...] = (),
    record: Annotated[Path | None, Parameter(show_default=False)] = None,
    trials_table: Path | None = None,
    task: Literal["auto", "classification", "regression"] = "auto",
    validation: str = "0.2",
    test: str = "0.2",
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
    """Search for settings that suit a table, and train with the best.

    The first trial has the options as given; others change some of them at random. Most are trained for a few epochs, the best
    for more, and the best of these whole. Trials compete on the validation rows; at the end, the best and the first are
    evaluated on test rows that no trial saw.

    --max-time is the time of the whole search. When it is up, or after Ctrl-C, the best so far is evaluated and saved. Every
    training is recorded: the same command goes on with a search that was ended, or killed, and with more trials.

    Parameters
    ----------
    table : Path
        CSV or TSV (also .gz), Parquet or Feather; - for standard input.
    target : tuple of str
        Column to predict. Given several times: columns of numbers, predicted together.
    output : Path
        Model file to write.
    trials : int
        Number of trials.
    jobs : int
        Trials that are trained at once; -1: as many as there are cores. Changes speed only.
    vary : tuple of str
        Settings to search for, such as hidden learning_rate; default: members, bins, hidden, activation, dropout, input_dropout,
        layer_norm, learning_rate, weight_decay, batch_size and averaging, without those that are given as options.
    record : Path
        JSON file of all trainings, to go on from; default: that of the model with .trials.json after its name.
    trials_table : Path
        CSV file to which the table of trials is written.
    task : {"auto", "classification", "regression"}
        Kind of prediction; auto: from the target's values.
    validation : str
        Share of the training rows on which trials compete, or a file.
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
        record = output.with_name(f"{output.name}.trials.json") if record is None else record
        check_dashes(table, validation, test, output)
        read = (table, Path(validation), Path(test), *([] if config is None else [config]))
        for written in (output, record, *([] if trials_table is None else [trials_table])):
            check_output(written, *read)
        import_training_meanwhile()
        rows = read_with_targets(table, target, reading, encoding.missing)
        settings = TableSettings(network=network, optimization=optimization, stopping=stopping, encoding=encoding, run=run)

        from lamina.model import save_model
        from lamina.search import search_table
        from lamina.training.interrupts import Interrupts

        found = search_table(
            rows,
            target,
            trials=trials,
            space=_space(vary) if vary else None,
            task=task,
            validation=share_or_table("validation", validation, reading),
            test=share_or_table("test", test, reading),
            settings=settings,
            jobs=jobs,
            record=record,
            on_trial=None if json or quiet else _Progress(),
        )
        with Interrupts():  # Ctrl-C must not prevent saving and reporting
            found.fit.model.summary["reading"] = reading.to_keep()
            save_model(output, found.fit.model)
            rows_and_task = {"task": task, "validation": validation, "test": test}
            options = _options(found, settings, {**rows_and_task, **vars(reading)})
            if trials_table is not None:
                _write_table(trials_table, found.trials)
            if json:
                print_json({**found.to_dict(), "options": options, "model": str(output), "notes": notes})
            elif not quiet and has_standard_output():
                print_line(f"{listed(target)}:\n{found}")
                if found.best.changes:
                    print_line(f"As options of lamina train: {options}")
                print_line(f"Model: {output}\nTrials: {record}")


class _Progress:
    """Prints a line on standard error after each training."""

    def __call__(self, trial: Trial) -> None:
        from lamina.errors import counted

        done = trial.tries[-1]
        how = done.problem or f"{done.score:.4g} on the validation rows after {counted(done.epochs, 'epoch')}"
        kind = "whole" if done.is_whole else "short"
        output_console(stderr=True).print(printable(f"trial {trial.number}, {kind}: {how}"), markup=False, highlight=False)


def _space(names: tuple[str, ...]) -> dict[str, Any]:
    """What the usual space has of some settings."""
    from lamina.errors import InvalidSettingError, phrase_unknown
    from lamina.search import SPACE

    spelled = [name.replace("-", "_") for name in names]
    for name in spelled:
        if name not in SPACE:
            raise InvalidSettingError(phrase_unknown("--vary", name, SPACE))
    return {name: SPACE[name] for name in spelled}


def _options(found: SearchResult, given: TableSettings, others: dict[str, Any]) -> str:
    """The options with which ``lamina train`` trains the best model: what it changes, and what was given."""
    settings = found.settings.by_name()
    # The time is that of the whole search.
    named = {name: settings[name] for name in (*given.named, *found.best.changes) if name != "max_time"}
    told = {name: value for name, value in others.items() if value != _OF_TRAIN[name]}
    return " ".join(option(name, "none" if value is None else value) for name, value in {**told, **named}.items())


def _write_table(path: Path, trials: Trials) -> None:
    from lamina.files import atomic_write

    lines, text = trials.lines(), io.StringIO()
    writer = csv.DictWriter(text, list(lines[0]))
    writer.writeheader()
    writer.writerows({name: _plain(value) for name, value in line.items()} for line in lines)
    with atomic_write(path) as file:
        file.write(text.getvalue().encode())


def _plain(value: Any) -> Any:
    return " ".join(map(str, value)) if isinstance(value, tuple | list) else value
