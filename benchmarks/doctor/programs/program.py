"""One program of the benchmark."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.doctor.case import Case
from benchmarks.doctor.recipe import Recipe
from benchmarks.doctor.split import half_of

__all__ = ["Program"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A training as a user may have written it, and what is known of it.

    Attributes
    ----------
    name : str
    recipe : Recipe
    seed : int
        Of the rows, the first weights and the order of the batches.
    faults : tuple of str
        What was done to it; empty for a healthy program.
    oddity : str
        Why a healthy program may look odd.
    severity : str
    twin : Recipe or None
        The same program without the faults; None for a healthy one.
    findings : tuple of str
        Every finding that is right, the cause first.
    cures : tuple of str
        Every setting whose change may cure it.
    has_cure : bool
        Whether a change of settings can cure it: nothing cures a leak.
    metric : str
        The score by which it is worse than its twin, or as good as it should be.
    """

    name: str
    recipe: Recipe
    seed: int
    faults: tuple[str, ...] = ()
    oddity: str = ""
    severity: str = ""
    twin: Recipe | None = None
    findings: tuple[str, ...] = ("healthy",)
    cures: tuple[str, ...] = ()
    has_cure: bool = False
    metric: str = "accuracy"

    @property
    def is_sick(self) -> bool:
        return self.twin is not None

    @property
    def half(self) -> str:
        half = half_of(self.recipe.data, self.recipe.network)
        if half is None:
            raise ValueError(f"{self.name}: {self.recipe.data} and {self.recipe.network} are of different groups.")
        return half

    def case(self) -> Case:
        """The program, ready to be trained or to be shown to a doctor."""
        return Case.of(self.recipe, self.seed)
