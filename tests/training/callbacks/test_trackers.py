"""What holds for every tracker of experiments, with one that writes into lists; tests/integrations has the real ones."""

from __future__ import annotations

import copy
import json
import math
import pickle
import shutil
import sys
from contextlib import suppress
from typing import Any, ClassVar

import numpy as np
import pytest
from sklearn.base import clone

from lamina.doctor.patients.parameters import silent_copies
from lamina.errors import FileError, InvalidSettingError, MissingPackageError
from lamina.estimators import MLPClassifier
from lamina.training import Callback, Checkpoint, JsonlLog, MLflowLog, TensorBoardLog, TrainingWarning, WandbLog
from lamina.training.callbacks.tracker import Tracker, numbers_of
from lamina.training.run_parameters import run_parameters

unfinished = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
TRACKERS = {"tensorboardX": TensorBoardLog, "mlflow": MLflowLog, "wandb": WandbLog}


class Book:
    """A run in memory, which fails where it is told to."""

    place = "a book"

    def __init__(self, run: str, told: int) -> None:
        self.run, self.told = run, told
        self.epochs: list[int] = []
        self.shown: list[int] = []
        self.ends: list[tuple[str, str]] = []
        self.fails = False

    def begin(self, trainer: Any) -> None:
        if self.fails:
            raise OSError(28, "No space left on device")

    def tell(self, epochs: Any) -> None:
        if self.fails:
            raise OSError(28, "No space left on device")
        self.epochs += [each.record["epoch"] for each in epochs]

    def show(self, epoch: int, weights: Any) -> None:
        assert weights["dense_1.weight"].shape == (5, 8)
        self.shown.append(epoch)

    def close(self, status: str, text: str) -> None:
        self.ends.append((status, text))


class Shelf(Tracker):
    """Keeps its books where copies of it find them."""

    books: ClassVar[list[Book]] = []

    def _open(self, trainer: Any, run: str | None, told: int) -> Book:
        found = next((book for book in self.books if book.run == run), None)
        if found is None:
            found = Book(f"run {len(self.books) + 1}{self._suffix}", 0)
            self.books.append(found)
        else:
            found.told = told
        return found


@pytest.fixture(autouse=True)
def books(monkeypatch: pytest.MonkeyPatch) -> list[Book]:
    fresh: list[Book] = []
    monkeypatch.setattr(Shelf, "books", fresh)
    return fresh


class FailAt(Callback):
    """Lets the open book fail from one epoch on, until another."""

    def __init__(self, first: int, last: float = math.inf) -> None:
        self.first, self.last = first, last

    def on_epoch_end(self, trainer: Any, record: Any) -> None:
        Shelf.books[-1].fails = self.first <= record["epoch"] <= self.last


@pytest.mark.parametrize(("package", "kind"), TRACKERS.items())
def test_a_missing_package_is_named_with_its_extra_before_anything_is_trained(
    package: str, kind: Any, make_trainer: Any, table: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, package, None)
    trainer = make_trainer(callbacks=kind())
    extra = package.removesuffix("X").lower()
    with pytest.raises(MissingPackageError, match=rf"{kind.__name__} needs .*'lamina\[{extra}\]'"):
        trainer.fit(*table, max_epochs=1)
    assert trainer.epoch == 0


@pytest.mark.parametrize("kind", TRACKERS.values())
def test_a_tracker_is_made_copied_and_pickled_without_its_package(kind: Any) -> None:
    log = kind()
    assert log.identity() == {"kind": kind.__name__}
    for twin in (copy.deepcopy(log), pickle.loads(pickle.dumps(log))):
        assert vars(twin) == vars(log)


def test_a_tracker_that_cannot_begin_says_so_before_anything_is_trained(make_trainer: Any, table: Any) -> None:
    class Nowhere(Shelf):
        def _open(self, *_: Any) -> Any:
            raise ConnectionError("nobody\nanswers.")

    trainer = make_trainer(callbacks=Nowhere())
    with pytest.raises(FileError, match=r"^Nowhere: no run could be opened: ConnectionError: nobody answers\. Mend that"):
        trainer.fit(*table, max_epochs=1)
    assert trainer.epoch == 0


def test_a_run_that_cannot_begin_is_not_left_open(make_trainer: Any, table: Any, books: list[Book]) -> None:
    class Torn(Shelf):
        def _open(self, *given: Any) -> Any:
            book = super()._open(*given)
            book.fails = True
            return book

    shelf = Torn()
    with pytest.raises(FileError, match=r"^Torn: no run could be opened: OSError: No space left"):
        make_trainer(callbacks=shelf).fit(*table, max_epochs=1)
    assert books[0].ends == [("failed", "The run could not be begun.")]
    assert shelf.run is None


def test_every_epoch_is_told_once_over_several_fits_of_a_trainer(make_trainer: Any, table: Any, books: list[Book]) -> None:
    trainer = make_trainer(callbacks=Shelf())
    for _ in range(2):
        trainer.fit(*table, max_epochs=3)
    (book,) = books
    assert book.epochs == [1, 2, 3, 4, 5, 6]
    assert [status for status, _ in book.ends] == ["finished", "finished"]
    assert book.ends[0][1] == "All 3 epochs asked for were run."


def test_a_tracker_that_fails_warns_once_and_changes_nothing(make_trainer: Any, table: Any, books: list[Book]) -> None:
    plain, trainer = make_trainer(), make_trainer(callbacks=[FailAt(2, 4), Shelf(histograms=1)])
    plain.fit(*table, max_epochs=6)
    with pytest.warns(
        TrainingWarning, match=r"^Shelf: logging to run 'run 1' failed: OSError: No space left.* Training goes on"
    ) as said:
        trainer.fit(*table, max_epochs=6)
    assert len(said) == 1
    assert books[0].epochs == [1, 2, 3, 4, 5, 6]  # what was missing was told at the end
    np.testing.assert_array_equal(trainer.executor.snapshot().parameters, plain.executor.snapshot().parameters)
    assert trainer.stop_reason == plain.stop_reason


def test_a_tracker_that_stays_lost_leaves_the_history_and_says_how_much_it_lacks(make_trainer: Any, table: Any) -> None:
    trainer = make_trainer(callbacks=[FailAt(3), Shelf()])
    with pytest.warns(TrainingWarning) as said:
        trainer.fit(*table, max_epochs=4)
    assert [str(warning.message).partition(" failed")[0] for warning in said] == [
        "Shelf: logging to run 'run 1'",
        "Shelf: 2 epochs could not be logged to a book. The history has them.",
    ]
    assert len(trainer.history) == 4


@pytest.mark.parametrize(
    ("ends", "status"), [("stop", "finished"), ("interrupt", "killed"), ("raise", "failed"), ("diverge", "failed")]
)
def test_a_run_ends_as_its_training_did(ends: str, status: str, make_trainer: Any, table: Any, books: list[Book]) -> None:
    class End(Callback):
        def on_epoch_end(self, trainer: Any, record: Any) -> None:
            if ends == "stop":
                trainer.stop("callback", "Enough.")
            elif ends == "interrupt":
                raise KeyboardInterrupt
            elif ends == "raise":
                raise ZeroDivisionError
            else:
                trainer.weights["dense_1.weight"][:] = np.inf

    trainer = make_trainer(callbacks=[End(), Shelf()], on_interrupt="return")
    with suppress(ZeroDivisionError, TrainingWarning):
        trainer.fit(*table, max_epochs=3)
    assert [found for found, _ in books[0].ends] == [status]


def test_short_epochs_share_a_call_of_the_engine_and_weights_are_those_of_their_epoch(
    make_trainer: Any, table: Any, books: list[Book]
) -> None:
    calls: list[int] = []

    class Count(Callback):
        def on_steps_done(self, trainer: Any, first_step: int, result: Any) -> None:
            calls.append(first_step)

    make_trainer(callbacks=[Count(), Shelf()]).fit(*table, max_epochs=20)
    assert len(calls) < 10
    make_trainer(callbacks=[Count(), Shelf(histograms=8)]).fit(*table, max_epochs=20)
    assert books[1].shown == [0, 8, 16]
    assert books[1].epochs == list(range(1, 21))


class KilledError(Exception):
    pass


class Kill(Callback):
    runs_last = True

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def on_epoch_end(self, trainer: Any, record: Any) -> None:
        if record["epoch"] == self.epoch:
            raise KilledError


def test_a_killed_run_goes_on_as_the_same_run(make_trainer: Any, table: Any, books: list[Book], tmp_path: Any) -> None:
    def trainer(epoch: int) -> Any:
        callbacks = [Shelf(), Checkpoint(tmp_path / "run", every=2, resume=True), Kill(epoch)]
        return make_trainer(callbacks=callbacks)

    with pytest.raises(KilledError):
        trainer(5).fit(*table, max_epochs=8)
    assert books[0].epochs == [1, 2, 3, 4, 5]
    trainer(0).fit(*table, max_epochs=8)
    (book,) = books
    assert (book.told, book.epochs[5:]) == (4, [5, 6, 7, 8])
    trainer(0).fit(*table, max_epochs=8)  # had ended
    assert (len(books), len(book.epochs)) == (1, 9)


def test_what_a_killed_run_had_no_time_to_tell_the_resumed_one_tells(
    make_trainer: Any, table: Any, books: list[Book], tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Shelf, "pause_s", 1000.0)
    first = Shelf()
    first.on_fit_end = lambda trainer: None  # type: ignore[method-assign]
    with pytest.raises(KilledError):
        make_trainer(callbacks=[first, Checkpoint(tmp_path / "run"), Kill(4)]).fit(*table, max_epochs=5)
    assert books[0].epochs == [1]  # the others were to be told together with later ones
    again = make_trainer(callbacks=[Shelf(), Checkpoint(tmp_path / "run"), Kill(0)]).load_checkpoint(tmp_path / "run")
    again.fit(*table, max_epochs=5)
    assert books[0].epochs == [1, 2, 3, 4, 5]


@unfinished
def test_each_fit_of_an_estimator_and_of_its_clones_is_a_run(table: Any, books: list[Book]) -> None:
    model = MLPClassifier((4,), max_iter=3, tol=0, n_iter_no_change=5, random_state=0, callbacks=[Shelf()])
    for _ in range(2):
        model.set_params(early_stopping=False).fit(*table)
    clone(model).fit(*table)
    assert [book.epochs for book in books] == [[1, 2, 3]] * 3


@unfinished
def test_each_restart_is_a_run_and_the_callback_names_the_best(table: Any, books: list[Book]) -> None:
    shelf = Shelf()
    model = MLPClassifier((4,), max_iter=3, n_restarts=3, random_state=0, callbacks=[shelf]).fit(*table)
    assert sorted(book.run.partition(".")[2] for book in books) == ["restart1", "restart2", "restart3"]
    assert all(book.epochs == [1, 2, 3] for book in books)
    assert shelf.run is not None
    assert shelf.run.endswith(f"restart{model.restarts_.chosen + 1}")
    model.fit(*table)  # is no continuation of the chosen one
    assert len(books) == 6


def test_the_doctor_trains_without_trackers() -> None:
    assert silent_copies([Shelf()]) == []


def test_numbers_of_a_record_are_plain_and_nothing_else_is_told() -> None:
    record = {"epoch": 1, "loss": math.nan, "score": np.float32(0.5), "text": "x", "matrix": np.eye(2), "part": 1j}
    assert repr(numbers_of(record)) == repr({"loss": math.nan, "score": 0.5})


def test_parameters_of_a_run_are_those_that_made_it(make_trainer: Any, table: Any) -> None:
    found: dict[str, Any] = {}

    class Look(Callback):
        def on_fit_begin(self, trainer: Any) -> None:
            found.update(run_parameters(trainer))

    def linear(step: int) -> float:
        return 0.1

    make_trainer(callbacks=Look(), schedule=linear).fit(*table, max_epochs=2, validation_data=table)
    wanted = {"training_rows": 60, "validation_rows": 60, "max_epochs": 2, "seed": 7, "loss": "softmax_cross_entropy"}
    assert wanted.items() <= found.items()
    assert "linear" in found["schedule.function"]
    assert all(isinstance(value, bool | int | float | str) for value in found.values())


def test_copies_of_a_trainer_go_on_in_runs_of_their_own(make_trainer: Any, table: Any, books: list[Book]) -> None:
    trainer = make_trainer(callbacks=Shelf())
    trainer.fit(*table, max_epochs=2)
    for fork in (copy.deepcopy(trainer), copy.deepcopy(trainer), trainer):
        fork.fit(*table, max_epochs=1)
    assert [book.epochs for book in books] == [[1, 2, 3]] * 3


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
@pytest.mark.parametrize("max_epochs", [2, 40])
def test_a_run_has_the_epoch_whose_callback_raised_as_the_history_does(
    error: type[BaseException], max_epochs: int, make_trainer: Any, table: Any, books: list[Book], tmp_path: Any
) -> None:
    class Raise(Callback):
        def on_epoch_end(self, trainer: Any, record: Any) -> None:
            if record["epoch"] == 2:
                raise error

    trainer = make_trainer(callbacks=[Shelf(), JsonlLog(tmp_path / "log"), Raise()])
    with pytest.raises(error):
        trainer.fit(*table, max_epochs=max_epochs)
    assert books[0].epochs == [record["epoch"] for record in trainer.history] == [1, 2]
    assert [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()] == trainer.history.to_list()
    trainer.fit(*table, max_epochs=1)
    assert books[0].epochs == [1, 2, 3]
    assert [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()] == trainer.history.to_list()


@pytest.mark.parametrize("kind", TRACKERS.values())
@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\0b", 3])
def test_a_run_has_a_name_of_one_line(kind: Any, name: Any) -> None:
    with pytest.raises(InvalidSettingError, match=rf"^{kind.__name__}: name must be text in one line"):
        kind(name=name)
    assert kind(name="wide, 2. Versuch: \u00fc").name == "wide, 2. Versuch: \u00fc"


@pytest.mark.parametrize("name", ["a/b", "a\\b", "..", "."])
def test_a_run_that_is_a_folder_has_a_name_that_leads_nowhere_else(name: str) -> None:
    with pytest.raises(
        InvalidSettingError, match=r"name must be text in one line, without / and \\, that is neither '\.' nor '\.\.'"
    ):
        TensorBoardLog(name=name)
    assert MLflowLog(name=name).name == WandbLog(name=name).name == name


@pytest.mark.parametrize("kind", [MLflowLog, WandbLog])
def test_a_file_that_is_not_there_is_no_artifact_and_the_tracker_is_not_asked(kind: Any, tmp_path: Any) -> None:
    log = kind()
    with pytest.raises(InvalidSettingError, match="there is no run yet"):
        log.log_artifact(tmp_path / "model")
    log.run = "a run"  # of which no tracker knows
    for path, reason in ((tmp_path / "model", "no such file or directory"), (tmp_path, "it is a folder, not a file")):
        with pytest.raises(FileError, match=f"cannot read .*: {reason}"):
            log.log_artifact(path)


def test_a_log_whose_file_was_removed_says_so_and_the_training_goes_on(make_trainer: Any, table: Any, tmp_path: Any) -> None:
    class Remove(Callback):
        def on_epoch_end(self, trainer: Any, record: Any) -> None:
            if record["epoch"] == 2:
                shutil.rmtree(tmp_path / "logs")

    (tmp_path / "logs").mkdir()
    trainer = make_trainer(callbacks=[JsonlLog(tmp_path / "logs" / "run"), Remove()])
    with pytest.warns(TrainingWarning) as said:
        trainer.fit(*table, max_epochs=4)
    assert [str(warning.message).partition(": ")[2] for warning in said] == [
        f"cannot write '{tmp_path}/logs/run': the file was removed. Training goes on, and its lines wait for room.",
        f"cannot write '{tmp_path}/logs/run': the file was removed. Its last 3 lines are missing, but the history has them.",
    ]
    assert len(trainer.history) == 4
