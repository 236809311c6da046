"""The command, or the code, that trains this model again, and what makes this report."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

import lamina
from lamina.model.as_options import option
from lamina.model.named_text import named_text
from lamina.model.tabular_documentation import OWN_NAMES
from lamina.model.trained_so import USUAL_SHARES, TrainedSo, trained_so
from lamina.report.content import Block, Code, Part, Words
from lamina.report.subject import MAX_ROWS, Subject

__all__ = ["reproduce"]


def reproduce(subject: Subject) -> Part:
    """What to type, with every setting that is not the usual one."""
    so = trained_so(subject.model)
    blocks: list[Block] = [Words(f"{_condition(so)} {_judging(subject)}".rstrip())]
    if so.is_from_command:
        lines = [_command(subject, so), _report_command(subject)]
        blocks.append(Code("Commands", "\n".join(lines)))
    else:
        again = [] if subject.path else [_report_code(subject)]
        blocks.append(Code("Python", "\n".join([*_code(subject, so), *again])))
        if subject.path:
            blocks.append(Code("Command", _report_command(subject)))
    return Part("reproduce", "The same again", tuple(blocks))


def _condition(so: TrainedSo) -> str:
    table = "TABLE is the table that it was trained on, read as it was then."
    if not so.is_from_command:
        table = "The table is the one that it was trained on, with the weights and groups of rows that were given, if any."
    parts = [name for name, share in so.shares.items() if share is None]
    rows = f" Rows for the {' and the '.join(parts)} were given on their own." if parts else ""
    earlier = " The training went on from another model, which is needed, too." if so.goes_on else ""
    equal = "Equal rows, settings, versions and numbers of workers give an equal model"
    return f"{table}{rows}{earlier} {equal}; this report was written by Lamina {lamina.__version__}."


def _judging(subject: Subject) -> str:
    """Which rows the report is made with, which need not be those of training."""
    if subject.judged is None:
        return ""
    if subject.path:
        return f"The report was made with the {subject.judged.num_rows:,} rows of {_judged_by(subject)}."
    return f"The report was made with {subject.judged.num_rows:,} rows, judged in the code."


def _judged_by(subject: Subject) -> str:
    return "standard input" if subject.table == "-" else subject.table or "JUDGED"


def _command(subject: Subject, so: TrainedSo) -> str:
    model, path = subject.model, shlex.quote(subject.path or "model.lamina")
    targets = [option("target", name) for name in model.target.names]
    shares = [
        f"--{name} {name.upper() if share is None else format(share, 'g')}"
        for name, share in so.shares.items()
        if share != USUAL_SHARES[name]
    ]
    reading = [option(name, value) for name, value in model.summary.get("reading", {}).items()]
    earlier = ["--continue EARLIER"] if so.goes_on else []
    task = [f"--task {so.task}"] if so.task and not so.goes_on else []
    settings = [option(name, _as_text(name, value)) for name, value in so.settings.items()]
    told = [*targets, *earlier, *task, *reading, *shares, f"--seed {so.seed}", *settings]
    return f"lamina train TABLE {' '.join(told)} -o {path}"


def _report_command(subject: Subject) -> str:
    told = [shlex.quote(subject.path or "model.lamina")]
    if subject.judged is not None:
        told += [shlex.quote(subject.table or "JUDGED"), *subject.reading]
        told += [] if subject.examines else ["--no-diagnosis"]
        told += [] if subject.max_rows == MAX_ROWS else [f"--max-rows {subject.max_rows}"]
        told += [] if subject.seed == 0 else [f"--seed {subject.seed}"]
    return f"lamina report {' '.join(told)} -o report.html"


def _report_code(subject: Subject) -> str:
    told = []
    if subject.judged is not None:
        usual = {"seed": 0, "max_rows": MAX_ROWS, "diagnosis": True}
        given = {"seed": subject.seed, "max_rows": subject.max_rows, "diagnosis": subject.examines}
        told = ["judged", *(f"{name}={value}" for name, value in given.items() if value != usual[name])]
    return f"model.report({', '.join(told)}).save('report.html')"


def _as_text(name: str, value: Any) -> Any:
    """A setting as the command takes it; all of a model of the command can be said so."""
    if name == "kinds" and isinstance(value, Mapping):
        return tuple(f"{column}={kind}" for column, kind in value.items())
    if isinstance(value, tuple | list):
        return tuple(_as_text("", entry) for entry in value)
    if value is None:
        return "none"
    return value if isinstance(value, bool | int | float) else named_text(value) or str(value)


def _code(subject: Subject, so: TrainedSo) -> list[str]:
    """Code for the estimator, which tests on no rows, or for the function that does."""
    names = list(subject.model.target.names)
    target = repr(names[0] if len(names) == 1 else names)
    settings = {name: _as_literal(name, value) for name, value in so.settings.items()}
    earlier = ", continue_from=earlier" if so.goes_on else ""
    if so.shares["test"] == 0 and not so.goes_on:
        kind = "TabularClassifier" if subject.learns_labels else "TabularRegressor"
        given = {OWN_NAMES.get(name, name): value for name, value in {**settings, "seed": repr(so.seed)}.items()}
        if so.shares["validation"] not in (None, USUAL_SHARES["validation"]):
            given["validation"] = repr(so.shares["validation"])
        judges = ", X_val=X_val, y_val=y_val" if so.shares["validation"] is None else ""
        told = ", ".join(f"{name}={value}" for name, value in given.items())
        return [f"from lamina import {kind}", "", f"model = {kind}({told}).fit(table, {target}{judges})"]
    inside = ", ".join(f"{name!r}: {value}" for name, value in {**settings, "seed": repr(so.seed)}.items())
    shares = "".join(
        f", {name}={name if share is None else repr(share)}" for name, share in so.shares.items() if share != USUAL_SHARES[name]
    )
    task = f", task={so.task!r}" if so.task and not so.goes_on else ""
    return [
        "from lamina.model import TableSettings, fit_table",
        "",
        f"settings = TableSettings.of({{{inside}}})",
        f"model = fit_table(table, {target}{task}{shares}, settings=settings{earlier}).model",
    ]


def _as_literal(name: str, value: Any) -> str:
    """A value as Python writes it: an object by its name with settings, a function by the name of the setting."""
    if isinstance(value, tuple | list) and any(named_text(entry) and not isinstance(entry, str) for entry in value):
        return repr(tuple(named_text(entry) or entry for entry in value))
    text = named_text(value)
    return name if text is None and callable(value) else repr(value if text is None else text)
