"""The trials of a search, as a table."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lamina.data_frame import to_data_frame
from lamina.errors import counted
from lamina.html import Printed
from lamina.text_table import text_table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Trial", "Trials", "Try"]


@dataclass(frozen=True)
class Try:
    """One training of a trial.

    Attributes
    ----------
    most_epochs : int
        After so many it ended, if not by itself; 0 for a whole training.
    score : float
        On the validation rows; NaN where it failed.
    epochs : int
        That it trained.
    duration_s : float
    problem : str
        Why it failed, or "".
    """

    most_epochs: int
    score: float
    epochs: int
    duration_s: float
    problem: str = ""

    @property
    def is_whole(self) -> bool:
        return self.most_epochs == 0 and not self.problem


@dataclass(frozen=True)
class Trial:
    """A trial: the settings that it changes, and its trainings.

    Attributes
    ----------
    number : int
        From 1, which changes nothing.
    changes : dict
        Settings by name.
    tries : tuple of Try
        From the shortest on.
    """

    number: int
    changes: Mapping[str, Any]
    tries: tuple[Try, ...] = field(default=())

    @property
    def score(self) -> float:
        """The score of its longest training."""
        return self.tries[-1].score if self.tries else math.nan

    @property
    def is_whole(self) -> bool:
        """Whether it was trained whole."""
        return any(each.is_whole for each in self.tries)

    @property
    def told(self) -> str:
        """What it changes, in one line."""
        return ", ".join(f"{name}={_short(value)}" for name, value in self.changes.items()) or "the settings as given"


@dataclass(frozen=True)
class Trials(Printed):
    """The trials of a search; those that went furthest and did best come first when it is printed.

    Attributes
    ----------
    metric : str
        What scores are: "loss", or a metric of :mod:`lamina.metrics`.
    larger_is_better : bool
    rows : tuple of Trial
        In the order of their numbers.
    """

    metric: str
    larger_is_better: bool
    rows: tuple[Trial, ...]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Trial]:
        return iter(self.rows)

    def __getitem__(self, position: int) -> Trial:
        return self.rows[position]

    @property
    def ranked(self) -> list[Trial]:
        """The best first: what was trained whole before the rest, and the longer before the shorter."""
        sign = -1.0 if self.larger_is_better else 1.0

        def order(trial: Trial) -> tuple[float, float, int]:
            score, reached = sign * trial.score, math.inf if trial.is_whole else len(trial.tries)
            return -reached, score if math.isfinite(score) else math.inf, trial.number

        return sorted(self.rows, key=order)

    def to_frame(self) -> pd.DataFrame:
        """The trials as a pandas data frame, a row for each in the order of their numbers."""
        return to_data_frame(self.lines(), "Trials")

    def lines(self) -> list[dict[str, Any]]:
        """A dict for each trial, with a key for every setting that any of them changes."""
        names = list(dict.fromkeys(name for trial in self.rows for name in trial.changes))
        return [
            {
                "trial": trial.number,
                self.column: trial.score,
                "trained": _how_far(trial),
                "epochs": sum(each.epochs for each in trial.tries),
                "duration_s": sum(each.duration_s for each in trial.tries),
                "problem": next((each.problem for each in trial.tries if each.problem), ""),
                **{name: trial.changes.get(name) for name in names},
            }
            for trial in self.rows
        ]

    @property
    def column(self) -> str:
        """The name of the scores."""
        return f"validation_{self.metric}"

    def __str__(self) -> str:
        shown = self.ranked
        return text_table(
            {
                "trial": [trial.number for trial in shown],
                self.column: [trial.score for trial in shown],
                "trained": [_how_far(trial) for trial in shown],
                "epochs": [sum(each.epochs for each in trial.tries) for trial in shown],
                "changes": [trial.told for trial in shown],
            }
        )


def _how_far(trial: Trial) -> str:
    if any(each.problem for each in trial.tries):
        return "failed"
    return "whole" if trial.is_whole else counted(trial.tries[-1].most_epochs, "epoch") if trial.tries else "not begun"


def _short(value: Any) -> str:
    if isinstance(value, tuple | list):
        return ",".join(map(_short, value))
    return f"{value:.3g}" if isinstance(value, float) else str(value)
