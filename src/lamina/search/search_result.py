"""What a search for settings brought."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lamina.errors import counted
from lamina.html import Printed
from lamina.metrics import Evaluation
from lamina.model.fit_result import FitResult
from lamina.model.table_settings import TableSettings
from lamina.search.trials import Trial, Trials
from lamina.text_table import text_table

__all__ = ["SearchResult"]

_ENDED = {"interrupted": "Ctrl-C ended the search.", "time_limit": "The time limit ended the search."}
_WIDTH = 110


@dataclass(frozen=True, eq=False)
class SearchResult(Printed):
    """The best model that a search found, and how it compares.

    Attributes
    ----------
    fit : FitResult
        The best trial's model, and its metrics on the test rows, which no trial saw.
    best : Trial
    trials : Trials
        All of them.
    settings : TableSettings
        Of the best trial.
    as_given : Evaluation
        Metrics on the test rows of trial 1, which changes nothing; empty without test rows, or if it was not trained whole.
    rows : dict of str to int
        ``training``, ``validation``, ``test``.
    ended_by : str
        "interrupted", "time_limit", or "" where all trials were trained.
    """

    fit: FitResult
    best: Trial
    trials: Trials
    settings: TableSettings
    as_given: Evaluation
    rows: dict[str, int]
    ended_by: str = ""

    @property
    def verdict(self) -> str:
        """One sentence about the best trial on the validation rows."""
        name = self.trials.column.replace("_", " ")
        first, best = self.trials[0], self.best
        if not best.is_whole:
            return "Trial 1, the settings as given, was ended before its time, and no other was trained."
        if best.number == 1:
            return f"No trial that was trained whole had a better {name} than the settings as given, {first.score:.4g}."
        return f"Trial {best.number} has the best {name}, {best.score:.4g} (as given: {first.score:.4g}): {best.told}."

    @property
    def fairness(self) -> str:
        """What each kind of rows was for."""
        judged = f"Trials competed on {self.rows['validation']:,} validation rows, of which the best score is the luckiest, too."
        if not self.fit.metrics:
            return f"{judged} No test rows were held out, so how good the best model is was not measured."
        return f"{judged} The metrics below are of {self.rows['test']:,} test rows that no trial saw."

    def compared(self) -> str:
        """The metrics on the test rows as a table: of the best, of the settings as given, of a baseline."""
        if not self.fit.metrics:
            return ""
        best, baseline = self.fit.metrics["model"], self.fit.metrics["baseline"]
        columns: dict[str, Any] = {"test rows": list(best), "best": list(best.values())}
        if self.as_given:
            columns["as given"] = [self.as_given["model"][name] for name in best]
        return text_table({**columns, "baseline": [baseline[name] for name in best]})

    def __str__(self) -> str:
        table = "\n".join(line if len(line) <= _WIDTH else f"{line[: _WIDTH - 1]}…" for line in str(self.trials).splitlines())
        done = sum(len(trial.tries) for trial in self.trials)
        ended = [f"{_ENDED[self.ended_by]} {counted(done, 'training')} had been done."] if self.ended_by else []
        return "\n".join([table, "", self.verdict, *ended, self.fairness, *([self.compared()] if self.fit.metrics else [])])

    def to_dict(self) -> dict[str, Any]:
        """All but the model as JSON-able values."""
        return {
            "best": self.best.number,
            "changes": dict(self.best.changes),
            "metric": self.trials.metric,
            "validation_score": self.best.score,
            "validation_score_as_given": self.trials[0].score,
            "rows": self.rows,
            "test": self.fit.metrics,
            "test_as_given": self.as_given,
            "ended_by": self.ended_by,
            "trials": self.trials.lines(),
        }
