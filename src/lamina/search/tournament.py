"""The tournament of a search: rounds of trials, halved rung by rung, over as many jobs as there are."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from lamina.model.table_model import TableModel
from lamina.model.table_rows import Prepared
from lamina.model.table_settings import TableSettings, usual_batch_size
from lamina.model.target_scale import TargetScale
from lamina.search.halving import successive_halving
from lamina.search.space import Space
from lamina.search.trial_file import TrialFile
from lamina.search.trial_training import Outcome, Task, train_trial
from lamina.search.trials import Trial, Trials
from lamina.spread import num_workers, spread

__all__ = ["FACTOR", "ROUND", "Tournament"]

#: A round has so many trials at most: of 27, 9 go on, and 3 of these are trained whole.
ROUND = 27
#: One of so many goes on, to so many times the epochs.
FACTOR = 3


@dataclass(eq=False)
class Tournament:
    """The trials of a search while they are trained.

    Parameters
    ----------
    prepared : Prepared
        Encoded rows, none of them to test on.
    settings : TableSettings
        Of trial 1.
    scale : TargetScale or None
        Of all trials.
    space : Space
    file : TrialFile
    trials : Trials
        That of number 1; others are added round by round.
    jobs : int or None
        As joblib takes it.
    until : float
        When time is up, by ``time.monotonic()``.
    told : callable
        Is told each trial after each of its trainings.

    Attributes
    ----------
    models : dict of int to TableModel
        Of trial 1, and of the best whole trial so far, as far as they were trained by this process.
    unfinished : TableModel or None
        Of trial 1, if it was ended before its time.
    ended_by : str
        "interrupted", "time_limit", or "" where all went on to the end.
    """

    prepared: Prepared
    settings: TableSettings
    scale: TargetScale | None
    space: Space
    file: TrialFile
    trials: Trials
    jobs: int | None
    until: float
    told: Callable[[Trial], None]
    models: dict[int, TableModel] = field(default_factory=dict)
    unfinished: TableModel | None = None
    ended_by: str = ""

    def run(self, most_trials: int) -> None:
        """Train all trials, until there is no time left or Ctrl-C is pressed; what trainings warn of is theirs."""
        # Around all of them: where they are threads, each puts back what it found.
        with warnings.catch_warnings(), self._ending_with_ctrl_c():
            warnings.simplefilter("ignore")
            if self._advance([1], 0):
                lengths = self._lengths()
                for first in range(1, most_trials + 1, ROUND):
                    numbers = [number for number in range(first, min(first + ROUND, most_trials + 1)) if number > 1]
                    if not self._round(numbers, lengths):
                        break

    @contextmanager
    def _ending_with_ctrl_c(self) -> Iterator[None]:
        try:
            yield
        except KeyboardInterrupt:
            self.ended_by = "interrupted"

    @property
    def best(self) -> Trial | None:
        """The best whole trial; None if there is none."""
        first = self.trials.ranked[0]
        return first if first.is_whole and math.isfinite(first.score) else None

    def _lengths(self) -> list[int]:
        """The epochs of each rung, by those of trial 1; the last, 0, is a whole training."""
        epochs = self.trials[0].tries[-1].epochs
        short = dict.fromkeys(math.ceil(epochs / FACTOR**power) for power in (2, 1))
        most = self.settings.filled(self.prepared.training.num_rows).stopping.max_epochs or math.inf
        return [*(length for length in short if length < most), 0]

    def _round(self, numbers: Sequence[int], lengths: Sequence[int]) -> bool:
        """One round; whether there is time for a further one."""
        given, seed = self._given(), self.settings.run.seed
        drawn = [Trial(number, self.space.changes(given, seed=seed, trial=number)) for number in numbers]
        self.trials = replace(self.trials, rows=(*self.trials.rows, *drawn))
        if not self._advance(list(numbers), lengths[0]):
            return False
        sizes = [max(1, len(numbers) // FACTOR**rung) for rung in range(1, len(lengths))]
        successive_halving(numbers, sizes, ranked=self._ranked, advance=lambda best, rung: self._advance(best, lengths[rung]))
        return not self.ended_by

    def _given(self) -> dict[str, Any]:
        """What trial 1 has for each setting."""
        num_rows = self.prepared.training.num_rows
        return {"batch_size": usual_batch_size(num_rows)} | {
            name: value for name, value in self.settings.filled(num_rows).by_name().items() if value is not None
        }

    def _ranked(self, numbers: Sequence[int]) -> list[int]:
        among = set(numbers)
        return [trial.number for trial in self.trials.ranked if trial.number in among and math.isfinite(trial.score)]

    def _advance(self, numbers: list[int], most_epochs: int) -> bool:
        """Train some trials; whether all of them were, before time was up."""
        tasks = [Task(self.trials[number - 1], most_epochs) for number in numbers]
        known = [(task, self.file.known(task.trial.number, most_epochs)) for task in tasks]
        for task, done in known:
            if done is not None:
                self._take(Outcome(task, done, None))
        for outcome in self._outcomes([task for task, done in known if done is None]):
            if outcome.is_ended:
                self.ended_by = "interrupted" if outcome.is_interrupted else "time_limit"
                if outcome.task.trial.number == 1:
                    self.unfinished = outcome.model
            else:
                self.file.add(outcome.task.trial, outcome.done)
                self._take(outcome)
        return not self.ended_by

    def _take(self, outcome: Outcome) -> None:
        """Take a training that ended, and keep its model if it is the best."""
        trial = outcome.task.trial
        longer = replace(trial, tries=(*trial.tries, outcome.done))
        rows = list(self.trials.rows)
        rows[trial.number - 1] = longer
        self.trials = replace(self.trials, rows=tuple(rows))
        best = self.best
        self.models = {number: model for number, model in self.models.items() if number == 1 or (best and number == best.number)}
        if outcome.model is not None and (trial.number == 1 or (best is not None and best.number == trial.number)):
            self.models[trial.number] = outcome.model
        self.told(longer)

    def _outcomes(self, tasks: Sequence[Task]) -> Iterator[Outcome]:
        """What comes of trainings, as they end; trainings begin as long as there is time."""
        jobs = min(num_workers(self.jobs), len(tasks))
        begun = ((task, self._left()) for task in tasks if self._has_time())
        learn = partial(train_trial, prepared=self.prepared, settings=self.settings, scale=self.scale)
        yield from map(learn, begun) if jobs <= 1 else spread(learn, begun, jobs, as_they_end=True)

    def _left(self) -> float | None:
        """Seconds that are left."""
        return None if math.isinf(self.until) else self.until - time.monotonic()

    def _has_time(self) -> bool:
        if self.ended_by:
            return False
        if time.monotonic() >= self.until and self.trials[0].tries:
            self.ended_by = "time_limit"
        return not self.ended_by
