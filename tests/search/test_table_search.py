"""The search for a table's settings: fair, the same with any number of jobs, and going on where it was ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes

from lamina.errors import DataError, FileError, InvalidSettingError, NonFiniteError
from lamina.model import NetworkSettings, OptimizationSettings, RunSettings, StoppingSettings, TableSettings, fit_table
from lamina.search import Mostly, Range, SearchResult, Trial, Trials, Try, search_table
from lamina.search.tournament import Tournament

CANCER = load_breast_cancer(as_frame=True).frame.iloc[:, -12:]
DIABETES = load_diabetes(as_frame=True).frame
SETTINGS = TableSettings(
    network=NetworkSettings(members=1, bins=0, hidden=(8,)), stopping=StoppingSettings(max_epochs=9, patience=9)
)
SPACE: dict[str, Any] = {"learning_rate": [0.001, 0.003, 0.01, 0.03], "dropout": [0.0, 0.2, 0.4], "batch_size": [16, 64]}


def found(table: pd.DataFrame = CANCER, **given: Any) -> SearchResult:
    return search_table(table, "target", **{"trials": 10, "settings": SETTINGS, "space": SPACE, **given})


def scores(result: SearchResult) -> list[tuple[int, tuple[tuple[int, float, int], ...]]]:
    return [(t.number, tuple((e.most_epochs, e.score, e.epochs) for e in t.tries)) for t in result.trials]


def test_trial_1_is_the_training_that_was_given() -> None:
    result = found(trials=1)
    alone = fit_table(CANCER, "target", validation=0.2, settings=SETTINGS)
    assert result.best.number == 1
    assert not result.best.changes
    np.testing.assert_array_equal(result.fit.model.estimator.coefs_[0], alone.model.estimator.coefs_[0])
    assert result.fit.metrics == result.as_given == alone.metrics
    assert (result.fit.rows, result.fit.model.summary["rows"]) == (alone.rows, alone.model.summary["rows"])


@pytest.mark.parametrize("metric", ["loss", "auc", "balanced_accuracy"])
def test_the_best_is_never_worse_on_the_validation_rows_than_what_was_given(metric: str) -> None:
    settings = TableSettings(network=SETTINGS.network, stopping=StoppingSettings(max_epochs=9, patience=9, eval_metric=metric))
    result = found(settings=settings)
    first, whole = result.trials[0].score, [trial.score for trial in result.trials if trial.is_whole]
    assert len(whole) > 1
    assert result.best.score == (min(whole) if metric == "loss" else max(whole))
    assert result.trials.larger_is_better == (metric != "loss")
    assert result.best.score <= first if metric == "loss" else result.best.score >= first


def test_the_best_model_is_a_training_with_the_settings_that_are_said() -> None:
    result = found()
    alone = fit_table(CANCER, "target", validation=0.2, settings=result.settings)
    assert result.best.number > 1
    for name, value in result.best.changes.items():
        assert result.settings.by_name()[name] == value
    np.testing.assert_array_equal(result.fit.model.estimator.coefs_[0], alone.model.estimator.coefs_[0])
    assert result.fit.metrics == alone.metrics


@pytest.mark.filterwarnings("ignore::lamina.data.DataWarning")  # that a log scale is better
def test_numbers_are_searched_for_on_one_scale() -> None:
    skewed = DIABETES.assign(target=np.exp(DIABETES["target"] / 60))
    result = found(skewed, trials=4)
    assert len({trial.score for trial in result.trials}) > 1
    assert result.fit.model.scale.kind == fit_table(skewed, "target", validation=0.2, settings=SETTINGS).model.scale.kind


def test_a_third_goes_on_to_three_times_the_epochs() -> None:
    result = found(trials=28)
    lengths = [[each.most_epochs for each in trial.tries] for trial in result.trials]
    assert lengths[0] == [0]
    assert sorted(map(len, lengths[1:27])) == [1] * 18 + [2] * 6 + [3] * 2  # a round of 27, of which trial 1 is one
    assert lengths[27] == [1, 3, 0]  # the next round
    assert {epochs for each in lengths[1:] for epochs in each} == {1, 3, 0}


def test_test_rows_are_seen_by_no_trial() -> None:
    test, judging = CANCER.iloc[:50], CANCER.iloc[50:150]
    changed = found(trials=4, test=test.assign(**{"worst radius": -1e6}), validation=judging)
    as_before = found(trials=4, test=test, validation=judging)
    assert scores(changed) == scores(as_before)
    assert changed.fit.metrics != as_before.fit.metrics
    assert "test rows that no trial saw" in str(changed)


def test_without_test_rows_it_says_that_nothing_was_measured() -> None:
    result = found(trials=2, test=0)
    assert not result.fit.metrics
    assert "No test rows were held out" in str(result)


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_any_number_of_jobs_gives_the_same_trials_and_the_same_model(backend: str) -> None:
    one = found()
    with joblib.parallel_config(backend, n_jobs=2):
        two = found()
    assert scores(one) == scores(two)
    assert one.best.number == two.best.number
    for a, b in zip(one.fit.model.estimator.coefs_, two.fit.model.estimator.coefs_, strict=True):
        np.testing.assert_array_equal(a, b)


def test_jobs_are_processes() -> None:
    assert scores(found(jobs=2)) == scores(found())


# Records


def test_a_search_goes_on_from_its_record_without_training_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = tmp_path / "trials.json"
    first = found(record=record)
    seen: list[Trial] = []
    monkeypatch.setattr(Tournament, "_outcomes", lambda self, tasks: iter(() if not tasks else pytest.fail("trained again")))
    again = found(record=record, on_trial=seen.append)
    assert scores(again) == scores(first)
    assert again.fit.metrics == first.fit.metrics
    assert len(seen) == sum(len(trial.tries) for trial in first.trials)


def test_more_trials_go_on_from_the_record_of_fewer(tmp_path: Path) -> None:
    record = tmp_path / "trials.json"
    found(trials=5, record=record)
    assert scores(found(trials=12, record=record)) == scores(found(trials=12))


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"space": {"dropout": [0.1]}}, "space differs"),
        ({"settings": TableSettings(network=NetworkSettings(hidden=(9,)), stopping=SETTINGS.stopping)}, "settings differ"),
        ({"table": CANCER.iloc[:-1]}, "rows differ"),
    ],
)
def test_the_record_of_another_search_is_refused(tmp_path: Path, given: dict[str, Any], what: str) -> None:
    record = tmp_path / "trials.json"
    found(trials=1, record=record)
    with pytest.raises(
        InvalidSettingError, match=rf"record must be the file of this search, whose {what}, got .*Name a new file"
    ):
        found(**{"trials": 1, "record": record, **given})


@pytest.mark.parametrize(
    "text", ["", "{}", "[1]", '{"lamina_search": 2}', '{"lamina_search": 1, "search": {}, "trainings": [1]}']
)
def test_a_file_that_is_no_record_is_refused_and_kept(tmp_path: Path, text: str) -> None:
    record = tmp_path / "trials.json"
    record.write_text(text)
    with pytest.raises(FileError, match="must be a file of a search's trials"):
        found(record=record)
    assert record.read_text() == text


SEARCH = """
import os, signal, sys
import pandas as pd
from sklearn.datasets import load_breast_cancer
from lamina.model import NetworkSettings, StoppingSettings, TableSettings
from lamina.search import search_table

def main():
    settings = TableSettings(
        network=NetworkSettings(members=1, bins=0, hidden=(8,)), stopping=StoppingSettings(max_epochs=9, patience=9)
    )
    space = {"learning_rate": [0.001, 0.003, 0.01, 0.03], "dropout": [0.0, 0.2, 0.4], "batch_size": [16, 64]}
    seen = []
    def on_trial(trial):
        seen.append(trial)
        if len(seen) == 4:
            SIGNAL
    table = load_breast_cancer(as_frame=True).frame.iloc[:, -12:]
    result = search_table(table, "target", trials=10, settings=settings, space=space, record=sys.argv[1], on_trial=on_trial, JOBS)
    print(result.ended_by, result.best.number, round(result.fit.metrics["model"]["accuracy"], 3) > 0.5)

if __name__ == "__main__":
    main()
"""


def ended(tmp_path: Path, how: str, jobs: str) -> subprocess.CompletedProcess[str]:
    program = tmp_path / "program.py"
    program.write_text(SEARCH.replace("SIGNAL", how).replace("JOBS", jobs))
    command = [sys.executable, program, tmp_path / "trials.json"]
    return subprocess.run(command, capture_output=True, text=True, check=False, start_new_session=True, timeout=120)


@pytest.mark.skipif(sys.platform == "win32", reason="signals are Unix's")
def test_a_killed_search_goes_on_and_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    done = ended(tmp_path, "os.kill(os.getpid(), signal.SIGKILL)", "jobs=1")
    assert done.returncode == -signal.SIGKILL
    assert len(json.loads((tmp_path / "trials.json").read_text())["trainings"]) == 4
    assert scores(found(record=tmp_path / "trials.json")) == scores(found())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no groups of processes")
@pytest.mark.parametrize("jobs", ["jobs=1", "jobs=2"])
def test_ctrl_c_keeps_the_best_so_far(tmp_path: Path, jobs: str) -> None:
    done = ended(tmp_path, "os.killpg(0, signal.SIGINT)", jobs)
    assert done.stdout.split()[0:3:2] == ["interrupted", "True"], done.stderr
    assert scores(found(record=tmp_path / "trials.json")) == scores(found())


def test_ctrl_c_in_the_first_training_keeps_what_it_has_learned(monkeypatch: pytest.MonkeyPatch) -> None:
    from lamina.model import table_fit
    from lamina.training import Callback

    class Interrupt(Callback):
        def on_epoch_end(self, trainer: Any, record: dict[str, Any]) -> None:
            if trainer.epoch == 2:
                os.kill(os.getpid(), signal.SIGINT)

    train = table_fit.train
    monkeypatch.setattr("lamina.search.trial_training.train", lambda *rows, **how: train(*rows, [Interrupt()], **how))
    result = found()
    assert (result.ended_by, result.best.number, len(result.fit.model.estimator.history_)) == ("interrupted", 1, 2)
    assert "was ended before its time" in str(result)


# Time


def test_when_time_is_up_the_best_so_far_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([True] * 4 + [False] * 100)
    has_time = Tournament._has_time

    def has_time_for_four(self: Tournament) -> bool:
        if not next(clock):
            self.until = 0.0
        return has_time(self)

    monkeypatch.setattr(Tournament, "_has_time", has_time_for_four)
    result = found()
    assert result.ended_by == "time_limit"
    assert sum(len(trial.tries) for trial in result.trials) == 4
    assert result.best.number == 1
    assert "The time limit ended the search. 4 trainings had been done." in str(result)


def test_a_time_for_hardly_an_epoch_still_gives_a_model() -> None:
    stopping = StoppingSettings(max_epochs=10**6, patience=10**6, max_time=1e-6)
    result = found(settings=TableSettings(network=SETTINGS.network, stopping=stopping))
    assert result.ended_by == "time_limit"
    assert result.fit.metrics["model"].keys() >= {"accuracy"}


# What cannot be


def test_a_trial_that_cannot_be_trained_is_told_and_lost() -> None:
    result = found(trials=4, space={"learning_rate": [1e30]})
    failed = [trial for trial in result.trials if trial.tries[-1].problem]
    assert [trial.number for trial in failed] == [2, 3, 4]
    assert result.best.number == 1
    assert str(result).count("failed") == 3


def test_a_first_trial_that_diverges_is_an_error() -> None:
    settings = TableSettings(optimization=OptimizationSettings(learning_rate=1e30), stopping=SETTINGS.stopping)
    with pytest.raises(NonFiniteError):
        found(settings=settings)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"trials": 0}, r"search_table: trials must be an integer in \[1, 100000\], got 0"),
        ({"validation": 0}, "validation must hold out rows to judge trials by, got 0. Give a share above 0"),
        ({"settings": TableSettings(stopping=StoppingSettings(max_time=-1))}, "max_time must be a number > 0"),
        ({"settings": TableSettings(run=RunSettings(seed=-1))}, "seed must be an integer"),
        ({"jobs": "two"}, "jobs must be an integer"),
    ],
)
def test_wrong_arguments_are_named(given: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidSettingError, match=message):
        found(**given)


def test_too_few_rows_are_an_error() -> None:
    with pytest.raises(DataError, match="at least 10 rows"):
        found(CANCER.groupby("target").head(4))


# What is told


def test_every_trial_is_told_as_it_goes_on() -> None:
    seen: list[Trial] = []
    result = found(on_trial=seen.append)
    assert [trial.number for trial in seen].count(1) == 1
    assert [trial.number for trial in seen[:10]] == list(range(1, 11))
    assert {trial.number: trial for trial in seen} == {trial.number: trial for trial in result.trials}


def test_trials_are_a_frame_and_print_with_the_best_first() -> None:
    result = found()
    frame = result.trials.to_frame()
    assert list(frame["trial"]) == list(range(1, 11))
    assert {"validation_loss", "trained", "epochs", "learning_rate"} <= set(frame.columns)
    lines = str(result.trials).splitlines()
    assert int(lines[2].split()[0]) == result.best.number
    assert len(lines) == 12
    assert json.dumps(result.to_dict())
    assert result._repr_html_().startswith("<pre ")


def test_what_was_tried_says_how_far_it_came() -> None:
    short, whole = Try(4, 0.5, 4, 0.1), Try(0, 0.4, 30, 1.0)
    trial = Trial(2, {"hidden": (64, 32), "dropout": 0.25}, (short,))
    assert (trial.score, trial.is_whole, trial.told) == (0.5, False, "hidden=64,32, dropout=0.25")
    assert Trial(2, {}, (short, whole)).is_whole
    assert Trial(1, {}).told == "the settings as given"


def test_the_docstrings_space_is_that_of_the_search() -> None:
    from lamina.cli.search import search
    from lamina.search import SPACE

    text = textwrap.dedent(search.__doc__ or "").replace("\n", " ")
    listed = text[text.index("default: members") : text.index(", without those that are given")]
    assert " ".join(listed.split()).removeprefix("default: ").replace(" and ", ", ").split(", ") == list(SPACE)


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({"hidden": [(8,), (0,)]}, r"search_table: hidden must be .*, got \(0,\).* It is drawn from space\['hidden'\]"),
        ({"activation": ["relu", "foo"]}, r"activation must be .*'foo'.* It is drawn from space\['activation'\]"),
        ({"learning_rate": Range(-1, 1)}, r"learning_rate must be a number > 0, got -1.*space\['learning_rate'\]"),
        ({"members": Range(1, 4)}, r"members must be an integer >= 1, got 1\.0.*Give the Range whole=True"),
        ({"dropout": Mostly(0.0, Range(0.5, 1.0))}, r"dropout must be .*, got 1\.0.*space\['dropout'\]"),
    ],
)
def test_values_that_no_training_takes_are_refused_before_anything_is_trained(space: dict[str, Any], message: str) -> None:
    trained: list[Trial] = []
    with pytest.raises(InvalidSettingError, match=message):
        found(space=space, on_trial=trained.append)
    assert not trained


def test_values_that_suit_only_one_another_are_a_space() -> None:
    result = found(space={"hidden": [(8, 8)], "activation": [("relu", "mish")]}, trials=4)
    assert len(result.trials) == 4


def test_a_single_epoch_is_told_in_the_singular() -> None:
    short, longer = (Trial(2, {}, (Try(count, 0.5, count, 1.0),)) for count in (1, 3))
    told = str(Trials("loss", False, (short, longer)))
    assert "1 epoch " in told
    assert "3 epochs" in told
