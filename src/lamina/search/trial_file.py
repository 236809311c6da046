"""The file of a search: every training that ended, so that a search that was killed goes on from there."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lamina.errors import FileError, InvalidSettingError, phrase
from lamina.files import atomic_write, opened
from lamina.files.json_text import encode_json, parse_json
from lamina.search.trials import Trial, Try

__all__ = ["TrialFile"]

_FORMAT = 1


class TrialFile:
    """Trainings by trial and length, in memory and, if there is a path, in a JSON file that is replaced whole.

    Parameters
    ----------
    path : str or path, optional
    identity : mapping
        What must be the same for a search that goes on: rows, target, settings, space, seed.

    Raises
    ------
    FileError
        If the file is none of a search, or cannot be written.
    InvalidSettingError
        If it is one of another search.
    """

    def __init__(self, path: str | os.PathLike[str] | None, identity: Mapping[str, Any]) -> None:
        self._path = None if path is None else Path(path)
        self._identity = dict(identity)
        self._tries: dict[tuple[int, int], Try] = {}
        self._changes: dict[int, Mapping[str, Any]] = {}
        if self._path is not None and self._path.exists():
            self._read(self._path)
        self.num_known = len(self._tries)

    def known(self, trial: int, most_epochs: int) -> Try | None:
        """The training of this trial and length, if it has ended before."""
        return self._tries.get((trial, most_epochs))

    def add(self, trial: Trial, done: Try) -> None:
        """Keep a training that ended, and write the file."""
        self._tries[trial.number, done.most_epochs] = done
        self._changes[trial.number] = trial.changes
        if self._path is not None:
            rows = [
                {"trial": number, "changes": dict(self._changes[number]), **_plain(each)}
                for (number, _), each in self._tries.items()
            ]
            with atomic_write(self._path) as file:
                file.write(encode_json({"lamina_search": _FORMAT, "search": self._identity, "trainings": rows}).encode())

    def _read(self, path: Path) -> None:
        with opened(path) as (file, size):
            text = file.read()
        try:
            found = parse_json(text, size)
            if found["lamina_search"] != _FORMAT:
                raise ValueError("of another version")
            identity = dict(found["search"])
            rows = [(row.pop("trial"), row.pop("changes"), _try(row)) for row in found["trainings"]]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise FileError(f"{str(path)!r} must be a file of a search's trials, got another one. Name a new file.") from error
        for name, value in self._identity.items():
            if identity.get(name) != value:
                verb = "differ" if name in ("rows", "settings") else "differs"
                rule = f"must be the file of this search, whose {name} {verb}"
                repair = "Name a new file, or search as before."
                raise InvalidSettingError(phrase("record", rule, str(path), repair=repair, owner="search_table"))
        for number, changes, done in rows:
            self._tries[number, done.most_epochs] = done
            self._changes[number] = changes


def _plain(done: Try) -> dict[str, Any]:
    return {**vars(done), "score": done.score if math.isfinite(done.score) else None}


def _try(row: Mapping[str, Any]) -> Try:
    return Try(**{**row, "score": math.nan if row["score"] is None else float(row["score"])})
