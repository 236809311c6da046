"""A session plays, pauses and steps, tells of errors, and ends when nobody watches."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from lamina import load_model, save_model
from lamina.lab.experiment import build, rows_of
from lamina.lab.frames import unpack
from lamina.lab.session import Session
from lamina.lab.state import DataState, LabState, LayerState, TrainingState

LONG_S = 60


class Told(queue.Queue[Any]):
    """What a session tells."""

    def next(self, kind: str) -> dict[str, Any]:
        ends = time.monotonic() + LONG_S
        while time.monotonic() < ends:
            told = self.get(timeout=LONG_S)
            message = {**unpack(told)[0], "arrays": unpack(told)[1]} if isinstance(told, bytes) else told
            if message["kind"] == kind:
                return message
        raise TimeoutError(kind)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def session(told: Told) -> Iterator[Session]:
    session = Session(told.put)
    yield session
    session.close()
    assert session.join(5)


def test_it_begins_paused_and_shows_what_is_there_before_the_first_step(session: Session, told: Told) -> None:
    state = LabState(layers=(LayerState(8), LayerState(8)))
    session.restart(state)
    begun = told.next("begun")
    assert (begun["state"], begun["parameters"], begun["depth"]) == (state.to_dict(), 105, 3)
    assert np.shape(begun["points"]) == (280, 3) and np.shape(begun["validation_points"]) == (120, 3)
    frame = told.next("frame")
    assert (frame["step"], frame["loss"]) == (0, None)
    assert frame["arrays"]["map"].shape == (128, 128)
    assert frame["arrays"]["hidden_1.maps"].shape == (8, 24, 24)
    told.next("paused")
    time.sleep(0.2)
    assert told.empty()


def test_steps_and_epochs_are_those_of_the_trainer(session: Session, told: Told) -> None:
    state = LabState(layers=(LayerState(4),))
    session.restart(state)
    told.next("paused")
    session.step()
    assert told.next("frame")["step"] == 1
    told.next("paused")
    session.epoch()
    frame = told.next("frame")
    assert (frame["epoch"], frame["step"]) == (1, 9)
    told.next("paused")
    rows = rows_of(state)
    trainer = build(state, rows).trainer
    trainer.fit(rows.X, rows.y, max_epochs=1)
    np.testing.assert_array_equal(frame["arrays"]["hidden_1.weight"], trainer.weights["hidden_1.weight"])
    assert frame["validation"]["loss"] == pytest.approx(trainer.evaluate(rows.X_val, rows.y_val)["loss"])


def test_it_plays_until_it_is_paused_and_curves_grow(session: Session, told: Told) -> None:
    session.restart(LabState(), play=True)
    told.next("playing")
    steps = [told.next("frame")["step"] for _ in range(4)]
    assert steps == sorted(steps) and steps[-1] > steps[0]
    session.pause()
    told.next("paused")
    session.play()
    told.next("playing")
    frame = told.next("frame")
    assert frame["arrays"]["curves"].shape[1] == 4
    assert frame["layers"]["names"] == ["hidden_1", "output"]


@pytest.mark.parametrize(("ask", "steps"), [("step", 1), ("epoch", 9)])
def test_what_is_asked_for_before_a_run_has_begun_is_done(session: Session, told: Told, ask: str, steps: int) -> None:
    session.restart(LabState())
    getattr(session, ask)()
    frames: list[int] = []
    while (message := told.get(timeout=LONG_S)) != {"kind": "paused", "run": 0}:
        frames += [unpack(message)[0]["step"]] if isinstance(message, bytes) else []
    assert frames[-1] == steps


def test_its_speed_can_be_bounded(session: Session, told: Told) -> None:
    session.restart(LabState())
    told.next("paused")
    session.set_speed(20)
    session.play()
    time.sleep(1.0)
    session.pause()
    told.next("paused")
    session.step()
    assert 2 <= told.next("frame")["step"] <= 40


def test_another_state_begins_anew_also_while_it_plays(session: Session, told: Told) -> None:
    session.restart(LabState(), play=True)
    told.next("playing")
    session.restart(LabState(DataState("waves"), seed=3))
    assert told.next("begun")["state"]["seed"] == 3
    assert told.next("frame")["step"] == 0


def test_a_training_that_ends_says_why_and_another_can_begin(session: Session, told: Told) -> None:
    session.restart(LabState(training=TrainingState(max_epochs=3)), play=True)
    ended = {"kind": "ended", "code": "max_epochs", "text": "All 3 epochs asked for were run.", "run": 0}
    assert told.next("ended") == ended
    early = TrainingState(learning_rate=1.0, patience=2, stop_monitor="validation_accuracy")
    session.restart(LabState(training=early), play=True)
    assert told.next("ended")["code"] == "no_improvement"
    runaway = TrainingState("gradient_descent", 100.0, batch_size=8)
    session.restart(LabState(DataState("waves"), (LayerState(16, "relu"),) * 4, runaway), play=True)
    ended = told.next("ended")
    assert ended["code"] == "non_finite" and "became NaN or infinite" in ended["text"]


def test_of_several_starts_the_best_stays(session: Session, told: Told) -> None:
    state = LabState(layers=(LayerState(2),), training=TrainingState(max_epochs=20, restarts=3), seed=5)
    session.restart(state, play=True)
    for number in (1, 2, 3):
        assert told.next("start") == {"kind": "start", "number": number, "of": 3, "run": 0}
    ended = told.next("ended")
    rows = rows_of(state)
    losses = []
    for number in range(3):
        trainer = build(state, rows, start=number).trainer
        trainer.fit(rows.X, rows.y, max_epochs=20)
        losses.append(trainer.evaluate(rows.X_val, rows.y_val)["loss"])
    assert f"number {int(np.argmin(losses)) + 1} is the best" in ended["text"]
    saved: queue.Queue[Any] = queue.Queue()
    session.ask(lambda experiment: saved.put(experiment.trainer.evaluate(rows.X_val, rows.y_val)["loss"]))  # type: ignore[union-attr]
    assert saved.get(timeout=LONG_S) == pytest.approx(min(losses))


def test_starts_that_run_away_do_not_end_the_others(session: Session, told: Told) -> None:
    runaway = TrainingState("gradient_descent", 100.0, batch_size=8, restarts=2)
    session.restart(LabState(DataState("waves"), (LayerState(16, "relu"),) * 4, runaway), play=True)
    assert told.next("start")["number"] == 1
    assert told.next("start")["number"] == 2
    assert "Of 2 starts" in told.next("ended")["text"]


def test_an_error_is_told_and_nothing_is_lost(session: Session, told: Told) -> None:
    session.restart(LabState(DataState("table", target="x")))
    assert "must be opened first" in told.next("error")["text"]
    session.restart(LabState())
    told.next("begun")


def test_a_network_can_be_saved_while_it_learns(session: Session, told: Told, tmp_path: Any) -> None:
    saved: queue.Queue[Any] = queue.Queue()
    session.ask(saved.put)
    assert saved.get(timeout=LONG_S) is None
    session.restart(LabState(), play=True)
    told.next("playing")
    session.ask(lambda experiment: saved.put(save_model(experiment.trainer, tmp_path / "a.lamina")))  # type: ignore[union-attr]
    saved.get(timeout=LONG_S)
    assert load_model(tmp_path / "a.lamina").predict(np.zeros((1, 2))).shape == (1, 1)


def test_closing_it_ends_the_thread_soon(told: Told) -> None:
    for play in (False, True):
        session = Session(told.put)
        session.restart(LabState(layers=(LayerState(512), LayerState(512))), play=play)
        told.next("begun")
        began = time.monotonic()
        session.close()
        assert session.join(5)
        assert time.monotonic() - began < 5


def test_what_a_training_warns_of_is_told_once_a_run_and_given_to_nobody_else(session: Session, told: Told) -> None:
    state = LabState(layers=(LayerState(4, "step"),), training=TrainingState(max_epochs=2, restarts=2))
    for run in (1, 2):
        session.restart(state, play=True, run=run)
        note = told.next("note")
        assert note["run"] == run and note["text"].startswith("Adam cannot train the weights of 'hidden_1'")
        kinds: list[str] = []
        while "ended" not in kinds:
            message = told.get(timeout=LONG_S)
            kinds += [] if isinstance(message, bytes) else [message["kind"]]
        assert "note" not in kinds


def test_curves_are_those_of_the_run_and_know_its_lowest_validation_loss(session: Session, told: Told) -> None:
    session.restart(LabState(training=TrainingState(max_epochs=40)), play=True)
    losses = []
    while not (isinstance(message := told.get(timeout=LONG_S), dict) and message["kind"] == "ended"):
        losses += [unpack(message)[0]["validation"]["loss"]] if isinstance(message, bytes) else []
    asked: queue.Queue[Any] = queue.Queue()
    session.ask(lambda experiment: asked.put(session.curves))
    curves = asked.get(timeout=LONG_S)
    assert curves.epochs[-1] == 40 and curves.validation_losses[-1] == pytest.approx(losses[-1])
    assert curves.lowest[1] == pytest.approx(min(losses)) and 0 < curves.lowest[0] <= 40


def test_a_run_without_an_end_of_its_own_says_where_the_lab_ends_it(
    session: Session, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lamina.lab.session.MOST_EPOCHS", 3)
    session.restart(LabState(training=TrainingState(max_epochs=3)), play=True)
    assert told.next("ended")["text"] == "3 epochs, the most that the lab trains for, were run."
