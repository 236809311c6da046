"""The commands that train this model again, and make this report."""

from __future__ import annotations

import shlex
from typing import Any

import lamina
from lamina.model import TableSettings
from lamina.model.as_options import option
from lamina.model.kept_settings import settings_of
from lamina.report.content import Code, Part, Words
from lamina.report.subject import Subject

__all__ = ["reproduce"]

#: What the kept model has learned or is told by another word, so that no option of the command sets it back.
_TOLD_OTHERWISE = frozenset({"kinds", "class_weight", "threads", "decision_threshold", "num_classes", "seed", "verbose"})


def reproduce(subject: Subject) -> Part:
    """The command lines, with every setting that is not the usual one."""
    model, path = subject.model, shlex.quote(subject.path or "model.lamina")
    targets = " ".join(f"--target {shlex.quote(name)}" for name in model.target.names)
    differing = _differing(subject)
    given = [option(name, value) for name, value in differing.items() if value is not None]
    options = " ".join([f"--seed {settings_of(model).run.seed}", *given])
    table = "" if subject.judged is None else " TABLE"
    lines = [f"lamina train TABLE {targets} {options} -o {path}", f"lamina report {path}{table} -o report.html"]
    said = Words(
        f"TABLE is the table that it was trained on, read as it was then. Equal rows, settings and versions give an equal "
        f"model; this report was written by Lamina {lamina.__version__}."
    )
    return Part("reproduce", "The same again", (said, Code("Commands", "\n".join(lines))))


def _differing(subject: Subject) -> dict[str, Any]:
    """The settings that differ from what is usual for as many rows, where a command can say them."""
    rows = subject.model.summary.get("rows", {}).get("training", 0)
    own, usual = settings_of(subject.model).by_name(), TableSettings().filled(rows).by_name()
    return {
        name: value
        for name, value in own.items()
        if name not in _TOLD_OTHERWISE
        and value not in ("log_loss", "squared_error")
        and _plain(value) != _plain(usual[name])
        and _can_be_said(value)
    }


def _plain(value: Any) -> Any:
    if isinstance(value, tuple | list):
        plain = [_plain(entry) for entry in value]
        return plain[0] if plain and all(entry == plain[0] for entry in plain) and len(plain) == 1 else plain
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _can_be_said(value: Any) -> bool:
    entries = value if isinstance(value, tuple | list) else (value,)
    return all(entry is None or isinstance(entry, str | int | float) for entry in entries)
