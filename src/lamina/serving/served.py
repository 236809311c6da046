"""A model as it is served: what a row of it is, and what is answered."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, ClassVar, final

from lamina.caller import warnings_kept
from lamina.data.column_reader import UnfitValueError
from lamina.errors import DataError, LaminaError
from lamina.model.setting_words import Words, setting_words
from lamina.serving.options import TEXTS, Options
from lamina.serving.refused import RefusedError
from lamina.serving.rows import GivenRows

__all__ = ["NUMBER", "Answer", "Served", "by_name"]

# What the models' errors call the options.
_WORDS = Words(
    "predict",
    phrases={
        "predict_interval": "the option interval",
        "predict_set": "the option set",
        "predict_proba": "the option proba",
        "With on_error='missing' (--on-error missing) it": "Where the server was started with --on-error missing, it",
    },
)
_NOTHING = Options(proba=False)
_TRIED: Mapping[str, Any] = MappingProxyType({"proba": True, "interval": 0.9, "set": 0.9, "spread": True, "unfamiliar": True})
_MOST_NOTES, _LONGEST_NOTE = 20, 1000

#: JSON schema of a number; one that is not finite is null.
NUMBER = {"type": ["number", "null"]}

#: By name: what there is to say of each row.
Answer = Mapping[str, Sequence[Any]]


class Served(ABC):
    """A model as it is served. Several threads may use it at once.

    Attributes
    ----------
    options : tuple of str
        What may be asked for besides the prediction: those that work.
    """

    kind: ClassVar[str]
    options: tuple[str, ...]

    def __init__(self) -> None:
        given = GivenRows([self.example()], True)
        with warnings_kept():
            self.predict(given, _NOTHING)  # what takes long at the first time is done before anybody asks
            self.options = tuple(name for name in TEXTS if self._has(name, given))

    @abstractmethod
    def describe(self) -> str:
        """What is predicted from what, in a sentence."""

    @abstractmethod
    def example(self) -> dict[str, Any] | list[Any]:
        """A row that the model takes."""

    @abstractmethod
    def row_schema(self) -> dict[str, Any]:
        """JSON schema of a row."""

    @abstractmethod
    def answer_schema(self) -> dict[str, Any]:
        """JSON schemas of the entries of an answer, by name."""

    @abstractmethod
    def predict(self, given: GivenRows, options: Options) -> Answer:
        """What is answered of each row."""

    @final
    def answer(self, given: GivenRows, options: Options) -> dict[str, Any]:
        """The answer as JSON has it, with notes.

        Raises
        ------
        RefusedError
            If the rows cannot be predicted as they are.
        """
        try:
            with warnings_kept() as notes, setting_words(_WORDS):
                found = self.predict(given, options)
        except LaminaError as error:
            raise _refusal_of(error, given) from error
        rows = [dict(zip(found, entries, strict=True)) for entries in zip(*found.values(), strict=True)]
        said = [note if len(note) <= _LONGEST_NOTE else f"{note[:_LONGEST_NOTE]}…" for note in notes[:_MOST_NOTES]]
        return {**(rows[0] if given.is_one else {"predictions": rows}), "notes": said}

    def _has(self, name: str, given: GivenRows) -> bool:
        """Whether an option works."""
        try:
            found = self.predict(given, replace(_NOTHING, **{name: _TRIED[name]}))
        except LaminaError:
            return False
        return ("probabilities" if name == "proba" else name) in found


def _refusal_of(error: LaminaError, given: GivenRows) -> RefusedError:
    columns = error.columns if isinstance(error, DataError) else ()
    row = given.number(error.row) if isinstance(error, UnfitValueError) else None
    return RefusedError(422, str(error), column=columns[0] if columns else None, row=row)


def by_name(names: Sequence[str], of_each: Mapping[str, Any] = NUMBER) -> dict[str, Any]:
    """JSON schema of an object that has the same for each name."""
    return {"type": "object", "properties": {name: dict(of_each) for name in names}}
