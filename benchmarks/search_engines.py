"""Lamina's search beside Optuna's at equal cost: ``python -m benchmarks.search_engines --data FOLDER TABLE ...``.

Optuna draws with its tree-structured Parzen estimator (multivariate), from the same space, after the same first trial, and it
stops trials with its successive halving pruner at the rungs of Lamina's search, until as many epochs are used up. Scores are the
validation and the test loss, as logarithms of their ratio to those of the settings as given: below 0 is better.
"""

from __future__ import annotations

import argparse
import math
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.tables_quality.sets import load_present
from benchmarks.tables_quality.table import Table
from lamina.errors import LaminaError
from lamina.model import TableModel, TableSettings
from lamina.model.fit import FEWEST_ROWS, given_table, learned_rows
from lamina.model.table_fit import judged_by, scale_of_targets, train
from lamina.model.table_rows import Prepared, prepare
from lamina.search import SPACE, OneOf, Range
from lamina.search.space import Space
from lamina.search.tournament import FACTOR, Tournament
from lamina.search.trial_file import TrialFile
from lamina.search.trials import Trial, Trials
from lamina.training import Callback

MOST_ROWS = 2000
ENGINES = ("lamina", "optuna")


class Comparison:
    """One table, split by a seed: the settings as given, and what both engines find."""

    def __init__(self, table: Table, seed: int) -> None:
        frame = table.X.assign(target=table.y)
        if len(frame) > MOST_ROWS:
            frame = frame.sample(MOST_ROWS, random_state=seed).reset_index(drop=True)
        self.settings = TableSettings.of({"seed": seed, "monitor": False, "calibration": False})
        task: Any = "regression" if table.task == "regression" else "classification"
        rows = learned_rows(given_table(frame, "target"), task, self.settings)
        self.parts = prepare(rows, validation=0.15, test=0.3, settings=self.settings, fewest_rows=FEWEST_ROWS)
        self.prepared: Prepared = self.parts.for_trainings()
        filled = self.settings.filled(self.prepared.training.num_rows)
        self.scale = scale_of_targets(self.prepared, filled) if task == "regression" else None
        self.seed = seed

    def lamina(self, trials: int, seed: int) -> tuple[Tournament, TableModel]:
        """Lamina's search and its best model; the rows and the first weights do not depend on ``seed``."""
        space = _SeededSpace(SPACE, seed)
        file, first = TrialFile(None, {}), Trials("loss", False, (Trial(1, {}),))
        found = Tournament(self.prepared, self.settings, self.scale, space, file, first, None, math.inf, lambda trial: None)
        found.run(trials)
        assert found.best is not None
        return found, found.models[found.best.number]

    def optuna(self, epochs: int, seed: int, first_epochs: int) -> TableModel:
        """The best model that Optuna finds with so many epochs."""
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        rungs = [math.ceil(first_epochs / FACTOR**power) for power in (2, 1)]
        sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True, warn_independent_sampling=False)
        pruner = optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=FACTOR)
        study = optuna.create_study(sampler=sampler, pruner=pruner)
        best: tuple[float, TableModel] | None = None
        used = 0
        while best is None or used < epochs:
            trial = study.ask()
            pruning = _Pruning(trial, rungs)
            changes = {} if best is None else {name: _suggested(trial, name, draw) for name, draw in SPACE.items()}
            try:
                model = self._trained(changes, [pruning])
            except LaminaError:
                study.tell(trial, state=optuna.trial.TrialState.FAIL)
                continue
            used += len(model.estimator.history_)
            score = self.score(model, "validation")
            if best is None or score < best[0]:
                best = score, model
            if pruning.is_pruned:
                study.tell(trial, state=optuna.trial.TrialState.PRUNED)
            elif changes:
                study.tell(trial, score)
            else:
                study.tell(trial, state=optuna.trial.TrialState.FAIL)  # its values were not suggested
        return best[1]

    def score(self, model: TableModel, part: str) -> float:
        """The loss of a model on the validation or the test rows."""
        return judged_by(model, getattr(self.parts, part), "loss")

    def _trained(self, changes: dict[str, Any], callbacks: Sequence[Callback]) -> TableModel:
        settings = TableSettings.of({**self.settings.by_name(), **changes})
        return train(self.prepared, settings, callbacks, began=time.monotonic(), scale=self.scale).result.model


@dataclass(frozen=True)
class _SeededSpace(Space):
    """Draws by a seed of its own."""

    own_seed: int = 0

    def changes(self, given: Mapping[str, Any], *, seed: int, trial: int) -> dict[str, Any]:
        return super().changes(given, seed=1000 * seed + self.own_seed, trial=trial)


class _Pruning(Callback):
    """Asks Optuna at each rung whether a trial is to go on."""

    def __init__(self, trial: Any, rungs: Sequence[int]) -> None:
        self.trial, self.rungs, self.is_pruned, self.best = trial, list(rungs), False, math.inf

    def __deepcopy__(self, memo: dict[int, Any]) -> _Pruning:
        return self

    def on_epoch_end(self, trainer: Any, record: dict[str, Any]) -> None:
        self.best = min(self.best, record["validation_loss"])
        if trainer.epoch in self.rungs:
            self.trial.report(self.best, self.rungs.index(trainer.epoch) + 1)
            if self.trial.should_prune():
                self.is_pruned = True
                trainer.stop("callback", "Optuna pruned it.")


def _suggested(trial: Any, name: str, draw: Any) -> Any:
    if isinstance(draw, Range):
        return trial.suggest_float(name, draw.low, draw.high, log=draw.log)
    assert isinstance(draw, OneOf)
    return draw.values[trial.suggest_categorical(name, list(range(len(draw.values))))]


def compared(table: Table, seed: int, trials: int, repeats: int) -> dict[str, Any]:
    """Logarithms of ratios of losses to those of the settings as given, for each engine: (validation, test) of each repeat."""
    comparison = Comparison(table, seed)
    gains: dict[str, Any] = {engine: [] for engine in ENGINES}
    for repeat in range(repeats):
        found, ours = comparison.lamina(trials, repeat)
        first = found.models[1]
        epochs = sum(each.epochs for trial in found.trials for each in trial.tries)
        theirs = comparison.optuna(epochs, repeat, found.trials[0].tries[0].epochs)
        for engine, model in zip(ENGINES, (ours, theirs), strict=True):
            ratios = (comparison.score(model, part) / comparison.score(first, part) for part in ("validation", "test"))
            gains[engine].append([math.log(ratio) for ratio in ratios])
    return gains


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="+")
    parser.add_argument("--data", type=Path, required=True, help="folder of the tables' load.py")
    parser.add_argument("--trials", type=int, default=27)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--repeats", type=int, default=2)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    everything: dict[str, list[list[float]]] = {engine: [] for engine in ENGINES}
    for table in load_present(arguments.tables, arguments.data):
        for seed in arguments.seeds:
            gains = compared(table, seed, arguments.trials, arguments.repeats)
            told = [f"{engine} {np.mean(gains[engine], axis=0).round(4).tolist()}" for engine in ENGINES]
            print(table.name, seed, *told, flush=True)
            for engine in ENGINES:
                everything[engine] += gains[engine]
    for engine, found in everything.items():
        error = np.std(found, axis=0, ddof=1) / math.sqrt(len(found))
        print(engine, "mean", np.mean(found, axis=0).round(4).tolist(), "±", error.round(4).tolist())
    difference = np.array(everything["lamina"]) - np.array(everything["optuna"])
    error = difference.std(axis=0, ddof=1) / math.sqrt(len(difference))
    print("lamina - optuna", difference.mean(axis=0).round(4).tolist(), "±", error.round(4).tolist())


if __name__ == "__main__":
    main()
