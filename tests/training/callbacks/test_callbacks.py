"""Callbacks: who is called when, and what each of ours does."""

from __future__ import annotations

import errno
import io
import json
import math
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from lamina import MLPRegressor
from lamina.errors import FileError, InvalidSettingError
from lamina.layers import Dense
from lamina.network import Sequential
from lamina.optimizers import LBFGS, GradientDescent
from lamina.schedules import Step
from lamina.training import (
    Callback,
    EarlyStopping,
    JsonlLog,
    LearningRate,
    Progress,
    SmallGradient,
    TargetLoss,
    TimeLimit,
    Trainer,
    TrainingWarning,
)
from lamina.training.chunks import ChunkSize


@pytest.fixture
def table():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(60, 5))
    return X, (X[:, 0] > 0).astype(np.int64)


def trainer_with(*callbacks, **settings):
    network = Sequential([Dense(8, activation="relu"), Dense(2)], 5)
    return Trainer(network, "softmax_cross_entropy", callbacks=callbacks, **{"batch_size": 16, "dtype": "float64"} | settings)


class Diary(Callback):
    def __init__(self, pages, name, every_steps=None, last=False):
        self.pages, self.name, self.every_steps = pages, name, every_steps
        if last:
            self.runs_last = True

    def on_fit_begin(self, trainer):
        self.pages.append((self.name, "fit begins", trainer.epoch))

    def on_epoch_begin(self, trainer):
        self.pages.append((self.name, "epoch begins", trainer.epoch))

    def on_step_end(self, trainer, losses):
        self.pages.append((self.name, "steps", trainer.step, len(losses)))

    def on_epoch_end(self, trainer, record):
        self.pages.append((self.name, "epoch ends", record["epoch"]))

    def on_fit_end(self, trainer):
        self.pages.append((self.name, "fit ends", trainer.stop_reason.code))


def test_moments_come_in_order_and_callbacks_in_theirs(table):
    pages = []
    trainer = trainer_with(Diary(pages, "last", last=True), Diary(pages, "a", every_steps=2), Diary(pages, "b"))
    trainer.fit(*table, max_epochs=1)
    assert pages == [
        ("a", "fit begins", 0),
        ("b", "fit begins", 0),
        ("last", "fit begins", 0),
        ("a", "epoch begins", 0),
        ("b", "epoch begins", 0),
        ("last", "epoch begins", 0),
        ("a", "steps", 2, 2),
        ("a", "steps", 4, 2),
        ("a", "epoch ends", 1),
        ("b", "epoch ends", 1),
        ("last", "epoch ends", 1),
        ("a", "fit ends", "max_epochs"),
        ("b", "fit ends", "max_epochs"),
        ("last", "fit ends", "max_epochs"),
    ]


def test_callbacks_of_different_paces_each_get_theirs(table):
    pages = []
    trainer_with(Diary(pages, "two", every_steps=2), Diary(pages, "three", every_steps=3)).fit(*table, max_epochs=3)
    steps = {name: [page[2] for page in pages if page[0] == name and page[1] == "steps"] for name in ("two", "three")}
    assert steps == {"two": [2, 4, 6, 8, 10, 12], "three": [3, 6, 9, 12]}


def test_a_callback_may_change_the_weights_between_steps(table):
    class Zero(Callback):
        every_steps = 1

        def on_step_end(self, trainer, losses):
            trainer.weights["dense_1.bias"][:] = 0.0

    trainer = trainer_with(Zero())
    trainer.fit(*table, max_epochs=2)
    assert not trainer.weights["dense_1.bias"].any()
    assert trainer.weights["dense_2.bias"].any()


def test_a_callback_may_add_to_the_record(table):
    class Norm(Callback):
        def on_epoch_end(self, trainer, record):
            record["weight_norm"] = float(np.linalg.norm(trainer.executor.snapshot().parameters))

    trainer = trainer_with(Norm())
    assert trainer.fit(*table, max_epochs=2)[-1, "weight_norm"] > 0


class Play(Callback):
    """Puts numbers of the test's choice into the records, and numbers the weights by epoch."""

    def __init__(self, values):
        self.values = values

    def on_epoch_end(self, trainer, record):
        trainer.executor.views()[0][:] = record["epoch"]
        record["score"] = self.values[record["epoch"] - 1]


@pytest.mark.parametrize(
    ("values", "settings", "epochs", "best"),
    [
        # Keras' rules: `patience` epochs without an improvement by more than tol.
        ([1.0, 0.5, 0.6, 0.7, 0.8], {"patience": 3}, 5, 2),
        ([1.0, 0.5, 0.6, 0.7, 0.4, 0.5, 0.5, 0.5], {"patience": 3}, 8, 5),
        ([1.0, 0.95, 0.91, 0.95], {"patience": 2, "tol": 0.1}, 3, 3),
        ([0.1, 0.5, 0.4, 0.3], {"patience": 2, "mode": "max"}, 4, 2),
        ([1.0, math.nan, math.nan], {"patience": 2}, 3, 1),
        ([1.0, 1.0, 1.0], {"patience": 1}, 2, 1),
        ([1.0, 1.0], {"patience": 0}, 2, 1),
        ([1.0, 0.9, 0.8], {"patience": 0, "tol": 0.0}, 3, 3),
        # An equal value is no improvement.
        ([0.5, 0.5, 0.5, 0.5], {"patience": 2, "tol": 0.0, "mode": "max"}, 3, 1),
        # Small steps add up until they count, and the last of them, which does not, is the best all the same.
        ([1.0, 0.95, 0.89, 0.85, 0.8], {"patience": 3, "tol": 0.1}, 5, 5),
        ([0.010, 0.009, 0.0089, 0.0088, 0.0087], {"patience": 2, "tol": 0.05, "relative": True}, 4, 4),
        ([0.010, 0.009, 0.008, 0.007, 0.006], {"patience": 2, "tol": 0.05, "relative": True}, 5, 5),
    ],
)
def test_early_stopping_stops_when_it_should_with_the_best_weights(table, values, settings, epochs, best):
    stopping = EarlyStopping("score", **settings)
    trainer = trainer_with(Play(values), stopping)
    trainer.fit(*table, max_epochs=len(values))
    assert trainer.epoch == epochs
    assert stopping.best_epoch == best
    assert stopping.best == values[best - 1]
    assert (trainer.executor.snapshot().parameters == best).all()


def test_the_best_weights_come_back_also_when_all_epochs_are_run(table):
    trainer = trainer_with(Play([0.5, 0.1, 0.3]), EarlyStopping("score", patience=10))
    trainer.fit(*table, max_epochs=3)
    assert trainer.stop_reason.code == "max_epochs"
    assert (trainer.executor.snapshot().parameters == 2).all()


def test_the_last_weights_stay_if_one_wants_so(table):
    trainer = trainer_with(Play([0.5, 0.1, 0.3]), EarlyStopping("score", patience=10, restore_best=False))
    trainer.fit(*table, max_epochs=3)
    assert (trainer.executor.snapshot().parameters == 3).all()


def test_early_stopping_starts_afresh_with_a_new_fit(table):
    stopping = EarlyStopping("score", patience=2)
    trainer = trainer_with(Play([0.1, 0.2, 0.3, 0.9, 0.8, 0.9, 0.9]), stopping)
    trainer.fit(*table, max_epochs=10)
    assert trainer.epoch == 3
    trainer.fit(*table, max_epochs=10)
    assert (trainer.epoch, stopping.best_epoch) == (7, 5)


@pytest.mark.parametrize(("first", "best"), [(0.05, 0), (0.3, 2), (math.nan, 2)])
def test_the_first_weights_may_be_the_best_ones(table, first, best):
    stopping = EarlyStopping("score", patience=2, keep_first=lambda trainer: first)
    trainer = trainer_with(Play([0.5, 0.1, 0.3, 0.4]), stopping)
    before = trainer.executor.snapshot().parameters
    trainer.fit(*table, max_epochs=4)
    assert stopping.best_epoch == best
    expected = np.full_like(before, best) if best else before
    np.testing.assert_array_equal(trainer.executor.snapshot().parameters, expected)
    if not best:
        assert (trainer.epoch, stopping.best) == (2, first)  # the epochs count from the first weights
        assert trainer.stop_reason.text.endswith("for 2 epochs; the best was 0.05, before the first epoch.")


@pytest.mark.parametrize("monitor", ["loss", "validation_loss", "validation_share"])
@pytest.mark.parametrize("rate", [1e-2, 1e3])
def test_a_fit_that_goes_on_never_ends_worse_than_it_began(table, monitor, rate):
    def share(y, probabilities):
        return float((probabilities.argmax(axis=1) == y).mean())

    mode = "max" if monitor == "validation_share" else "min"
    stopping = EarlyStopping(monitor, patience=3, mode=mode, keep_first=True)
    trainer = trainer_with(stopping, optimizer=GradientDescent(rate), metrics={"share": share}, batch_size=60)
    validation = table[0][:30], table[1][:30]
    measures = {
        "loss": lambda: -trainer.evaluate(*table)["loss"],
        "validation_loss": lambda: -trainer.evaluate(*validation)["loss"],
        "validation_share": lambda: trainer.evaluate(*validation)["share"],
    }
    for _ in range(5):
        before, weights = measures[monitor](), trainer.executor.snapshot().parameters
        trainer.fit(*table, validation_data=validation, max_epochs=3)
        assert measures[monitor]() >= before
        if stopping.best_epoch == 0:
            np.testing.assert_array_equal(trainer.executor.snapshot().parameters, weights)
    assert stopping.best_epoch == 0 or rate == 1e-2


def test_the_reason_tells_training_from_validation(table):
    for monitor, code in (("loss", "converged"), ("validation_loss", "no_improvement")):
        trainer = trainer_with(EarlyStopping(monitor, patience=2, tol=10.0))
        trainer.fit(*table, validation_data=table, max_epochs=10)
        assert trainer.stop_reason.code == code
        assert trainer.stop_reason.text.startswith(
            f"The {monitor.replace('_', ' ')} did not improve by more than 10 for 2 epochs"
        )


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"patience": 1, "tol": 0.0}, "The score did not improve for 1 epoch; the best was 0.5, in epoch 1."),
        ({"patience": 2, "tol": 0.1}, "The score did not improve by more than 0.1 for 2 epochs; the best was 0.45, in epoch 3."),
        (
            {"patience": 2, "tol": 0.1, "relative": True},
            "The score did not improve by more than 10 % for 2 epochs; the best was 0.45, in epoch 3.",
        ),
    ],
)
def test_the_reason_says_what_was_measured(table, settings, sentence):
    trainer = trainer_with(Play([0.5, 0.5, 0.45]), EarlyStopping("score", **settings))
    trainer.fit(*table, max_epochs=3)
    assert trainer.stop_reason.text == sentence


def test_a_number_that_is_never_finite_has_no_best_epoch(table):
    trainer = trainer_with(Play([math.nan] * 3), EarlyStopping("score", patience=2))
    trainer.fit(*table, max_epochs=3)
    assert trainer.stop_reason.text == "The score did not improve by more than 0.0001 for 2 epochs; it was finite in none."


@pytest.mark.parametrize("callback", [EarlyStopping("validation_los"), TargetLoss(0.1, "validation_los")])
def test_a_number_that_is_not_in_the_record_is_named_with_the_nearest(table, callback):
    with pytest.raises(InvalidSettingError, match="Did you mean 'validation_loss'"):
        trainer_with(callback).fit(*table, validation_data=table, max_epochs=1)


@pytest.mark.parametrize("callback", [EarlyStopping(), TargetLoss(0.1, "validation_loss")])
def test_without_validation_data_one_is_told_to_give_some(table, callback):
    with pytest.raises(InvalidSettingError, match=r"monitor must be one of loss, learning_rate, .*Give validation data to fit"):
        trainer_with(callback).fit(*table, max_epochs=1)


@pytest.mark.parametrize("every", [0, -1, 1.5])
def test_a_pace_that_is_none_is_refused(table, every):
    with pytest.raises(InvalidSettingError, match="Diary: every_steps must be an integer >= 1, or None"):
        trainer_with(Diary([], "a", every_steps=every))


def test_what_is_no_callback_is_refused():
    with pytest.raises(InvalidSettingError, match="callbacks must be an instance of Callback"):
        trainer_with(print)


def test_a_target_ends_the_training(table):
    trainer = trainer_with(TargetLoss(0.3), optimizer="momentum")
    history = trainer.fit(*table, max_epochs=500)
    assert trainer.stop_reason.code == "target_reached"
    assert history[-1, "loss"] <= 0.3 < history[-2, "loss"]


def test_a_target_may_be_a_height(table):
    trainer = trainer_with(Play([0.5, 0.8, 0.95]), TargetLoss(0.8, "score", mode="max"))
    trainer.fit(*table, max_epochs=3)
    assert (trainer.epoch, trainer.stop_reason.text) == (2, "The score reached 0.8; the target was 0.8.")


def test_a_gradient_of_almost_zero_ends_the_training(table):
    X = table[0]
    network = Sequential([Dense(1)], 5)
    trainer = Trainer(
        network, "squared_error", GradientDescent(0.5), batch_size=None, callbacks=[SmallGradient(1e-4)], dtype="float64"
    )
    history = trainer.fit(X, X @ np.ones(5), max_epochs=1000)
    assert trainer.stop_reason.code == "gradient_zero"
    assert history[-1, "gradient_norm"] <= 1e-4 < history[-2, "gradient_norm"]


def squared(logits, target):
    return 0.5 * ((logits - target) ** 2).sum(axis=1), logits - target


def run_to_a_small_gradient(table, loss="squared_error", optimizer=None):
    X = table[0]
    network = Sequential([Dense(1)], 5)
    settings = {"batch_size": None, "callbacks": [SmallGradient(1e-4)], "dtype": "float64"}
    trainer = Trainer(network, loss, GradientDescent(0.5) if optimizer is None else optimizer, **settings)
    trainer.fit(X, X @ np.ones(5), max_epochs=1000)
    return trainer


def test_the_norm_of_the_gradient_is_known_with_a_custom_loss(table):
    own, ours = run_to_a_small_gradient(table, squared), run_to_a_small_gradient(table)
    assert own.stop_reason == ours.stop_reason
    np.testing.assert_allclose(own.history[:, "gradient_norm"], ours.history[:, "gradient_norm"], rtol=1e-9)


def test_the_norm_of_the_gradient_is_known_with_lbfgs(table):
    trainer = run_to_a_small_gradient(table, optimizer=LBFGS(gradient_tol=0, loss_tol=0))
    assert trainer.stop_reason.code == "gradient_zero"
    assert trainer.history[-1, "gradient_norm"] <= 1e-4 < trainer.history[-2, "gradient_norm"]
    X = table[0]
    _, gradient = trainer.executor.loss_and_gradient(trainer.batches(X, X @ np.ones(5)), order=np.arange(60))
    assert trainer.history[-1, "gradient_norm"] == pytest.approx(np.linalg.norm(gradient))


@pytest.mark.parametrize("optimizer", ["perturb-one", "perturb-all"])
def test_weights_that_are_perturbed_have_no_gradient_to_watch(table, optimizer):
    with pytest.raises(InvalidSettingError, match="Trainer: callbacks must not need the gradient's norm"):
        run_to_a_small_gradient(table, optimizer=optimizer)
    model = MLPRegressor(solver=optimizer, callbacks=[SmallGradient()])
    with pytest.raises(InvalidSettingError, match=f"MLPRegressor: callbacks must not .* with solver '{optimizer}'"):
        model.fit(table[0], table[0][:, 0])


def test_estimators_stop_at_a_small_gradient_with_lbfgs_and_with_a_custom_loss(table):
    X = table[0]
    for settings in ({"solver": "lbfgs", "optimizer": None}, {"loss": squared, "optimizer": GradientDescent(0.1)}):
        model = MLPRegressor(hidden_layer_sizes=(), batch_size=60, callbacks=[SmallGradient(0.5)], alpha=0, **settings)
        assert model.fit(X, X[:, 0]).stop_reason_.code == "gradient_zero"


class Clock:
    """Seconds that pass only when the test says so: one at each look."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        self.now += 1.0
        return self.now


def test_time_runs_out_between_epochs(table):
    # One look at the beginning, and one at the end of each epoch.
    trainer = trainer_with(TimeLimit(3, clock=Clock()))
    trainer.fit(*table, max_epochs=100)
    assert (trainer.epoch, trainer.stop_reason.code) == (3, "time_limit")
    assert trainer.stop_reason.text == "The time limit was reached."


def test_a_short_number_as_limit_is_kept_on_a_machine_that_has_run_for_days(table):
    clock = iter(range(10**6, 10**7))
    trainer = trainer_with(TimeLimit(np.float16(3), clock=lambda: next(clock)))
    trainer.fit(*table, max_epochs=100)
    assert (trainer.epoch, trainer.stop_reason.code) == (3, "time_limit")


def test_time_runs_out_within_an_epoch(table):
    class OneStep(ChunkSize):
        def observe(self, steps, duration_s):
            self.steps = 1

    trainer = trainer_with(TimeLimit(2, clock=Clock()))
    trainer._chunk_size = OneStep()
    trainer._chunk_size.steps = 1
    history = trainer.fit(*table, max_epochs=100)
    assert [record["step"] for record in history] == [2]
    assert trainer.stop_reason.code == "time_limit"
    assert trainer.stop_reason.text == "The time limit was reached within epoch 1, after 50 % of its steps."


def test_of_an_epoch_of_unknown_length_time_that_runs_out_tells_no_share(table):
    class OneStep(ChunkSize):
        def observe(self, steps, duration_s):
            self.steps = 1

    class Uncounted:
        def __iter__(self):
            return iter([table])

    trainer = trainer_with(TimeLimit(2, clock=Clock()))
    trainer._chunk_size = OneStep()
    trainer._chunk_size.steps = 1
    trainer.fit(Uncounted(), max_epochs=100)
    assert trainer.stop_reason.text == "The time limit was reached within epoch 1."


def test_the_log_has_a_line_an_epoch(table, tmp_path):
    path = tmp_path / "run.jsonl"
    trainer = trainer_with(JsonlLog(path))
    trainer.fit(*table, validation_data=table, max_epochs=2)
    trainer.fit(*table, max_epochs=1)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines == trainer.history.to_list()


def test_the_log_can_be_followed_while_training(table, tmp_path):
    path = tmp_path / "run.jsonl"

    class Follow(Callback):
        runs_last = True

        def on_epoch_end(self, trainer, record):
            assert len(path.read_text().splitlines()) == record["epoch"]

    trainer_with(JsonlLog(path), Follow()).fit(*table, max_epochs=3)


def test_the_log_writes_what_numpy_made(table, tmp_path):
    path = tmp_path / "run.jsonl"
    trainer_with(Play(np.float32([0.5])), JsonlLog(path)).fit(*table, max_epochs=1)
    assert json.loads(path.read_text())["score"] == 0.5


def test_a_log_that_cannot_be_written_is_noticed_at_once(table, tmp_path):
    with pytest.raises(FileError, match="does not exist"):
        trainer_with(JsonlLog(tmp_path / "nowhere" / "run.jsonl")).fit(*table, max_epochs=1)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device that is always full")
def test_a_log_on_a_full_disk_neither_ends_the_training_nor_loses_it(table):
    trainer = trainer_with(JsonlLog("/dev/full"), EarlyStopping("validation_loss", patience=50))
    with pytest.warns(TrainingWarning) as said:
        trainer.fit(*table, validation_data=table, max_epochs=3)
    what = "JsonlLog: cannot write '/dev/full': no space left on device."
    assert [str(warning.message) for warning in said] == [
        f"{what} Training goes on, and its lines wait for room.",
        f"{what} Its last 3 lines are missing, but the history has them.",
    ]
    assert trainer.stop_reason.code == "max_epochs"
    assert len(trainer.history) == 3
    assert np.isfinite(trainer.predict(table[0])).all()
    trainer.callbacks = []
    assert len(trainer.fit(*table, max_epochs=2)) == 5


def test_lines_that_found_no_room_are_written_when_there_is(table, tmp_path):
    class Crowded:
        """A file that takes half a line, then nothing, and that twice, then all."""

        def __init__(self, file):
            self.file, self.answers = file, [7, OSError(errno.ENOSPC, "No space left on device")] * 2

        def write(self, data):
            answer = self.answers.pop(0) if self.answers else len(data)
            if isinstance(answer, OSError):
                raise answer
            return self.file.write(data[:answer])

        def close(self):
            self.file.close()

    class MakeCrowded(Callback):
        runs_last = True

        def on_fit_begin(self, trainer):
            log._file._file = Crowded(log._file._file)

    log = JsonlLog(tmp_path / "run.jsonl")
    trainer = trainer_with(log, MakeCrowded())
    with pytest.warns(TrainingWarning, match="its lines wait for room") as said:
        trainer.fit(*table, max_epochs=4)
    assert len(said) == 1
    assert [json.loads(line) for line in (tmp_path / "run.jsonl").read_text().splitlines()] == trainer.history.to_list()


def test_a_schedule_can_come_as_a_callback(table):
    trainer = trainer_with(LearningRate(Step(epochs=1, factor=0.5)), optimizer=GradientDescent(0.8))
    np.testing.assert_allclose(trainer.fit(*table, max_epochs=3)[:, "learning_rate"], [0.8, 0.4, 0.2])


def test_progress_is_silent_where_nobody_looks(table):
    stream = io.StringIO()
    trainer_with(Progress(console=Console(file=stream))).fit(*table, max_epochs=3)
    assert stream.getvalue() == ""


def test_progress_shows_epoch_losses_and_metrics_on_a_terminal(table):
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=160)
    trainer = trainer_with(Progress(console=console), metrics={"accuracy": lambda y, p: np.mean(p.argmax(axis=1) == y)})
    trainer.fit(*table, validation_data=table, max_epochs=3)
    shown = stream.getvalue()
    assert "epoch 3/3" in shown
    assert f"loss {trainer.history[-1, 'loss']:.4f}" in shown
    assert f"validation accuracy {trainer.history[-1, 'validation_accuracy']:.4f}" in shown


def test_progress_is_taken_away_when_training_fails(table):
    class Fails(Callback):
        def on_epoch_end(self, trainer, record):
            raise ZeroDivisionError

    progress = Progress(console=Console(file=io.StringIO(), force_terminal=True))
    with pytest.raises(ZeroDivisionError):
        trainer_with(progress, Fails()).fit(*table, max_epochs=1)
    assert progress._display is None


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: EarlyStopping(patience=-1), "patience"),
        (lambda: EarlyStopping(mode="best"), "mode"),
        (lambda: TimeLimit(0), "seconds"),
        (lambda: TargetLoss(math.nan), "target"),
        (lambda: SmallGradient(-1.0), "tol"),
        (lambda: Progress(refresh_s=0), "refresh_s"),
    ],
)
def test_settings_out_of_range_are_refused(make, name):
    with pytest.raises(InvalidSettingError, match=name):
        make()
