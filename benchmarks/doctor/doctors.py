"""What the benchmark asks of a doctor: an opinion of a program, and a treatment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol, cast

from benchmarks.doctor.case import Case

__all__ = ["Doctor", "Healer", "Opinion", "Treated", "load_doctor"]


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a doctor says of a program, in the words of ``words.py``.

    Attributes
    ----------
    findings : sequence of str
        What is wrong, the most probable first; none, or "healthy", if nothing is. Each is an alarm, so what a doctor only hints
        at does not belong here. "not_known" is an alarm without a name.
    cures : sequence of sequence of str
        For each cure, the best first, the settings that it changes.
    """

    findings: Sequence[str]
    cures: Sequence[Sequence[str]] = ()

    @property
    def alarms(self) -> bool:
        return any(finding != "healthy" for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Treated:
    """A model that was trained with other settings: the settings that changed, and how many trainings it took to find them."""

    model: Any
    changed: Sequence[str]
    trainings: int


class Doctor(Protocol):
    """Looks at a case's model, its epochs and its training rows; the test rows are the benchmark's alone."""

    name: str

    def diagnose(self, case: Case) -> Opinion: ...


class Healer(Doctor, Protocol):
    """A doctor that treats, too, with so many trainings at most."""

    def treat(self, case: Case, budget: int) -> Treated: ...


def load_doctor(place: str) -> Doctor:
    """The doctor at "package.module:NAME"."""
    module, name = place.split(":")
    return cast(Doctor, getattr(import_module(module), name))
