"""A case: everything that is known about a patient, as findings read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lamina.doctor.beside import Beside
from lamina.doctor.outcome import Outcome
from lamina.doctor.setup import Setup

if TYPE_CHECKING:
    from lamina.doctor.probes.data_facts import DataFacts
    from lamina.doctor.probes.run_facts import RunFacts
    from lamina.doctor.probes.start_facts import StartFacts

__all__ = ["Case"]


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that was measured.

    Attributes
    ----------
    setup : Setup
        What the trainer was told.
    data : DataFacts
        Of the rows: inputs as the network sees them, targets as the loss sees them; of several, the first.
    start : StartFacts
        Of the network before its first step.
    run : RunFacts
        Of the training.
    beside : Beside
        How good the trained model is, and a plain model by a standard recipe on the same rows.
    by_class : Beside or None
        Both once more where a class is rare, as if all classes were equally frequent; None where none is.
    learned_nothing : bool
        Without a control: whether the training itself shows that next to nothing was learned.
    """

    setup: Setup
    data: DataFacts
    start: StartFacts
    run: RunFacts
    beside: Beside
    by_class: Beside | None = None
    learned_nothing: bool = False

    @property
    def outcome(self) -> Outcome:
        """How good the trained model is."""
        return self.beside.own

    @property
    def control(self) -> Outcome | None:
        """How good a plain model becomes; None where none was trained."""
        return self.beside.control

    @property
    def is_behind(self) -> bool:
        """Whether the outcome is worse than it could be: behind the control by more than chance explains, split by split."""
        return self.learned_nothing if self.control is None else self.beside.is_behind

    @property
    def is_clearly_behind(self) -> bool:
        """Whether it is sick even if nothing says why; see :attr:`Beside.is_clearly_behind`."""
        return self.learned_nothing if self.control is None else self.beside.is_clearly_behind

    @property
    def is_worse(self) -> bool:
        """Whether it is behind, or probably so; see :attr:`Beside.is_worse`."""
        return self.learned_nothing if self.control is None else self.beside.is_worse
