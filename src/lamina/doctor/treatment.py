"""The treatment: what was changed in a model and why, and what came of it."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lamina.doctor.cures import Cure
from lamina.doctor.diagnosis import Diagnosis
from lamina.doctor.proof import Scores
from lamina.doctor.therapy import Therapy
from lamina.doctor.trial import Result
from lamina.html import Printed
from lamina.text_table import text_table

__all__ = ["Treatment"]

_WIDTH = 100  # of a line, in characters


@dataclass(frozen=True, eq=False, slots=True)
class Treatment(Printed):
    """What :func:`treat` did, and what came of it.

    Attributes
    ----------
    model : object
        The cured model, not trained; of the kind that was given, or a Pipeline, a TransformedTargetRegressor or a
        :class:`Regimen` around it, where inputs or targets are scaled. The given object itself if nothing helped.
    fit_settings : dict
        With a Trainer: what its ``fit`` is to be given beside the rows; empty otherwise.
    improved : bool
        Whether the model is a cured one.
    cures : tuple of Cure
        What was changed, and why; empty if nothing helped.
    diagnosis : Diagnosis
    score : str
        "accuracy"; "balanced_accuracy" where classes are weighed or should be; "log_likelihood" where the accuracy is as good as
        it could be; "r2"; "d2_absolute_error" where a loss suffers from outliers; "d2_pinball" of a quantile but the median.
    before, after, control : Scores or None
        On held-out rows by which nothing was chosen: of the model as it was, of the best therapy, and of the best of a random
        search over the same settings at equal budget. None where it was not measured.
    best_changes, control_changes : dict
        The best therapy, whether or not it helped, and the best of the random search.
    tried : tuple of Result
        Every training by which the therapy was chosen.
    trainings, row_epochs : int
        What choosing and proving took.
    control_trainings, control_row_epochs : int
        What the random search took.
    """

    model: Any
    fit_settings: dict[str, Any]
    improved: bool
    cures: tuple[Cure, ...]
    diagnosis: Diagnosis
    score: str
    before: Scores | None = None
    after: Scores | None = None
    control: Scores | None = None
    best_changes: Mapping[str, Any] | None = None
    control_changes: Mapping[str, Any] | None = None
    tried: tuple[Result, ...] = ()
    trainings: int = 0
    row_epochs: int = 0
    control_trainings: int = 0
    control_row_epochs: int = 0

    @property
    def changes(self) -> dict[str, Any]:
        """What differs from the given model, by the words of :data:`lamina.doctor.CHANGES`."""
        return dict(Therapy(self.cures).changes)

    @property
    def verdict(self) -> str:
        """One sentence."""
        if self.before is None or self.after is None:
            return "Nothing to treat: nothing was found that harms."
        rose = f"the held-out {self._name} rose from {self.before} to {self.after}"
        if self.improved and self._is_below_constant:
            return f"Better, not cured: {rose}; a constant has {self.diagnosis.case.outcome.constant:.3f}."
        if self.improved:
            return f"Cured: {rose}."
        came = f"the held-out {self._name} is {self.before} as it was, {self.after} with the best of them"
        return f"No cure helped: {came}. The model stays as it was."

    def __str__(self) -> str:
        if self.before is None:
            return self.verdict
        scores = {"as it was": self.before, "treated": self.after, "random search": self.control}
        shown = {name: str(each) for name, each in scores.items() if each is not None}
        table = text_table({"": list(shown), self._name: list(shown.values())})
        cost = f"{self.trainings} trainings, {self.row_epochs:,} rows times epochs"
        control = f"; random search: {self.control_trainings}, {self.control_row_epochs:,}" if self.control is not None else ""
        changed = [line for cure in self.cures for line in self._told(cure)]
        return "\n".join([self.verdict, "", table, "", *changed, f"Budget used: {cost}{control}."])

    @property
    def _name(self) -> str:
        """The score in words."""
        return "R²" if self.score == "r2" else self.score.replace("_", " ")

    @property
    def _is_below_constant(self) -> bool:
        """Whether the treated model is not even as good as a constant prediction was in the diagnosis."""
        is_comparable = self.score in ("r2", "accuracy") and self.after is not None
        return is_comparable and self.after.mean < self.diagnosis.case.outcome.constant  # type: ignore[union-attr]

    def _told(self, cure: Cure) -> list[str]:
        """What a cure changes, on a line of its own to be copied, and why."""
        reason = textwrap.wrap(self._reason(cure), _WIDTH, initial_indent="  ", subsequent_indent="  ")
        return [f"- {cure.name}:", f"  {self.diagnosis.spell(cure.changes)}", *reason]

    def _reason(self, cure: Cure) -> str:
        """The finding that a cure is of, and why it helps."""
        found = [finding.title for finding in self.diagnosis if cure in finding.cures]
        return f"Found: {found[0]}. {cure.why}" if found else cure.why

    def to_dict(self) -> dict[str, Any]:
        """All but the model as JSON-able values; a number that is not finite is its name."""
        scores = {name: getattr(self, name) for name in ("before", "after", "control")}
        plain = ("improved", "changes", "score", "verdict", "trainings", "row_epochs", "control_trainings", "control_row_epochs")
        return {
            **{name: getattr(self, name) for name in plain},
            **{name: None if each is None else [_plain(score) for score in each.values] for name, each in scores.items()},
            "cures": [cure.to_dict() for cure in self.cures],
            "best_changes": dict(self.best_changes or {}),
            "control_changes": dict(self.control_changes or {}),
            "findings": [finding.name for finding in self.diagnosis],
            "tried": [
                {
                    "therapy": result.therapy.name,
                    "changes": dict(result.therapy.changes),
                    "score": _plain(result.score),
                    "share": result.share,
                    "problem": result.problem,
                }
                for result in self.tried
            ],
        }


def _plain(score: float) -> float | str:
    return score if math.isfinite(score) else str(score)
