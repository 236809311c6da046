"""A therapy: cures that are tried together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lamina.doctor.cures import Cure

__all__ = ["Therapy"]


@dataclass(frozen=True, eq=False, slots=True)
class Therapy:
    """Cures that are tried together; without any it is the model as it is.

    Examples
    --------
    >>> rate, both = Cure("a", {"learning_rate": 0.1}, ""), Cure("b", {"learning_rate": 0.2, "epochs": 9}, "")
    >>> Therapy((rate, both)).changes
    {'learning_rate': 0.1, 'epochs': 9}
    """

    cures: tuple[Cure, ...] = ()

    @property
    def changes(self) -> Mapping[str, Any]:
        """What all cures change; where several change the same, the first decides."""
        merged: dict[str, Any] = {}
        for cure in self.cures:
            merged |= {word: value for word, value in cure.changes.items() if word not in merged}
        return merged

    @property
    def name(self) -> str:
        return " + ".join(cure.name for cure in self.cures) or "as it was"

    def with_cure(self, cure: Cure, *, first: bool = False) -> Therapy | None:
        """The therapy with one more cure, as the last or the first; None if that would change nothing more."""
        longer = Therapy((cure, *self.cures) if first else (*self.cures, cure))
        return None if longer.changes == self.changes else longer
