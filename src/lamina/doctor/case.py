"""A case: everything that is known about a patient, as findings read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lamina.doctor.beside import Beside, is_behind
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
    outcome : Outcome
        How good the trained model is.
    control : Outcome or None
        How good a plain model becomes by a standard recipe on the same rows; None where it was not trained.
    by_class : Beside or None
        Both once more where a class is rare, as if all classes were equally frequent; None where none is.
    leads : tuple of float
        How much better the control was, split by split.
    learned_nothing : bool
        Without a control: whether the training itself shows that next to nothing was learned.
    """

    setup: Setup
    data: DataFacts
    start: StartFacts
    run: RunFacts
    outcome: Outcome
    control: Outcome | None = None
    by_class: Beside | None = None
    leads: tuple[float, ...] = ()
    learned_nothing: bool = False

    @property
    def is_behind(self) -> bool:
        """Whether the outcome is worse than it could be: behind the control by more than chance explains, split by split."""
        return self.learned_nothing if self.control is None else is_behind(self.outcome, self.control, self.leads)
