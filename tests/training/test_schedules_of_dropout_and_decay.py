"""Schedules of dropout and weight decay: the values of every step, in both engines, with any loss, and after a resume."""

import json

import numpy as np
import pytest

from lamina.engine import native_available
from lamina.errors import InvalidSettingError
from lamina.layers import Dense, Dropout
from lamina.network import Sequential
from lamina.optimizers import AdamW
from lamina.schedules import Adaptive, Cosine, CosLog, FlatCosine, WarmUp
from lamina.training import Checkpoint, Trainer, TrainerSettings
from lamina.training.pace import Pace

SCHEDULES = {"schedule": CosLog(2), "dropout_schedule": FlatCosine(), "weight_decay_schedule": WarmUp(3, then=Cosine())}


def network():
    return Sequential([Dropout(0.1), Dense(6, activation="tanh"), Dropout(0.5), Dense(1)], input_width=5)


def make(**settings):
    usual = {"loss": "squared_error", "optimizer": AdamW(0.02, weight_decay=0.5), "batch_size": 16, "dtype": "float64"}
    return Trainer(network(), **usual | SCHEDULES | settings)


def learned(trainer):
    return [array.tobytes() for array in trainer.executor.snapshot()]


def test_every_step_has_the_values_of_its_schedules(table):
    trainer = make()
    pace = Pace(trainer.settings, trainer.executor.program, 60)
    values = pace.values(trainer.schedule, 4, num_epochs=2, last_epoch=6)
    when = {"first_step": 4, "num_steps": 8, "steps_per_epoch": 4, "total_steps": 24}
    np.testing.assert_array_equal(values.learning_rates, CosLog(2).rates(0.02, **when))
    np.testing.assert_array_equal(values.weight_decays, WarmUp(3, then=Cosine()).rates(0.5, **when))
    np.testing.assert_array_equal(values.dropout_rates, np.outer(FlatCosine().rates(1.0, **when), [0.1, 0.5]))


def test_a_fit_takes_the_steps_that_the_values_describe(table):
    trainer, executor = make(shuffle=False), make().executor
    trainer.fit(*table, max_epochs=6)
    data = trainer.batches(*table)
    pace = Pace(trainer.settings, executor.program, 60)
    executor.configure(trainer.settings.plan())
    for epoch in range(6):
        executor.train(data, pace.order(epoch), 16, 4 * epoch, pace.values(trainer.schedule, 4 * epoch, 1, 6))
    np.testing.assert_array_equal(trainer.executor.snapshot().parameters, executor.snapshot().parameters)


@pytest.mark.skipif(not native_available(), reason="needs both engines")
def test_both_engines_train_the_same(table):
    losses = [make(engine=engine).fit(*table, max_epochs=6)[:, "loss"] for engine in ("native", "reference")]
    assert losses[0] == pytest.approx(losses[1], rel=1e-12)


def test_epochs_in_one_call_are_epochs_one_by_one(table):
    whole, single = make(), make()
    whole.fit(*table, max_epochs=6)
    single.fit(*table, max_epochs=6, validation_data=table)  # validation rows are asked for after every epoch
    assert learned(whole) == learned(single)


def test_a_loss_of_the_users_own_trains_as_the_built_in_one(table):
    X, y = table

    def half_squares(logits, targets):
        return 0.5 * ((logits - targets) ** 2)[:, 0], logits - targets

    ours, theirs = make(), make(loss=half_squares)
    for trainer in (ours, theirs):
        trainer.fit(X, y, max_epochs=6)
    np.testing.assert_allclose(theirs.executor.snapshot().parameters, ours.executor.snapshot().parameters, rtol=1e-10, atol=1e-12)


def test_a_run_that_resumes_ends_as_one_that_was_never_stopped(table, tmp_path):
    class StoppedError(Exception):
        pass

    def stop(trainer, record):
        if trainer.epoch == 4:
            raise StoppedError

    whole, first, second = make(), make(), make()
    whole.fit(*table, max_epochs=6)
    checkpoint = Checkpoint(tmp_path / "run.checkpoint", resume=True)
    first.callbacks = [checkpoint]
    checkpoint.on_epoch_end, write = (lambda *given: (write(*given), stop(*given))), checkpoint.on_epoch_end
    with pytest.raises(StoppedError):
        first.fit(*table, max_epochs=6)
    second.callbacks = [Checkpoint(tmp_path / "run.checkpoint", resume=True)]
    second.fit(*table, max_epochs=6)
    assert learned(second) == learned(whole)


def test_settings_with_schedules_come_back_from_json():
    settings = make().settings
    assert TrainerSettings.from_settings(json.loads(json.dumps(settings.to_dict()))) == settings
    assert settings.dropout_schedule == FlatCosine()
    del (older := settings.to_dict())["dropout_schedule"], older["weight_decay_schedule"]
    assert TrainerSettings.from_settings(older) == make(dropout_schedule=None, weight_decay_schedule="constant").settings


@pytest.mark.parametrize("name", ["dropout_schedule", "weight_decay_schedule"])
def test_a_checkpoint_of_another_schedule_is_refused(name, table, tmp_path):
    trainer = make()
    trainer.fit(*table, max_epochs=1)
    trainer.save_checkpoint(tmp_path / "run.checkpoint")
    with pytest.raises(InvalidSettingError, match=f"^Trainer: {name}"):
        make(**{name: "step"}).load_checkpoint(tmp_path / "run.checkpoint")


@pytest.mark.parametrize("name", ["dropout_schedule", "weight_decay_schedule"])
def test_a_schedule_that_watches_the_training_is_refused(name):
    with pytest.raises(
        InvalidSettingError, match=r"must follow the steps, not the loss, got WarmUp.*Adaptive.* Choose one of constant, "
    ):
        make(**{name: WarmUp(3, then=Adaptive())})


def test_a_dropout_rate_of_one_is_refused_with_its_step(table):
    with pytest.raises(InvalidSettingError, match=r"dropout_schedule must give rates in \[0, 1\), got 1.0. .* step 5"):
        make(dropout_schedule=lambda step: float(step == 5)).fit(*table)


@pytest.mark.parametrize("name", ["dropout_schedule", "weight_decay_schedule"])
@pytest.mark.parametrize(
    ("optimizer", "word"), [("lbfgs", "L-BFGS"), ("perturb-one", "PerturbOne"), ("perturb-all", "PerturbAll")]
)
def test_optimizers_without_dropout_and_decay_refuse_the_schedules(name, optimizer, word):
    plain = {"schedule": None, "dropout_schedule": None, "weight_decay_schedule": None, name: "cosine"}
    with pytest.raises(InvalidSettingError, match=f"{name} must be None with {word}"):
        Trainer(Sequential([Dense(1)], 5), "squared_error", optimizer, **plain)


@pytest.mark.parametrize("schedule", ["cosine", WarmUp(3, then=Cosine()), lambda step: 0.5])
@pytest.mark.parametrize("layers", [[Dense(1)], [Dropout(0.0), Dense(1)]])
def test_a_dropout_schedule_needs_dropout(layers, schedule):
    is_of_use = callable(schedule) and len(layers) == 2  # a function gives the rate itself
    if is_of_use:
        Trainer(Sequential(layers, 5), "squared_error", dropout_schedule=schedule)
        return
    with pytest.raises(InvalidSettingError, match=r"^Trainer: dropout_schedule must be None without a dropout layer whose rate"):
        Trainer(Sequential(layers, 5), "squared_error", dropout_schedule=schedule)


@pytest.mark.parametrize("schedule", ["cosine", WarmUp(3, then=Cosine())])
def test_a_weight_decay_schedule_needs_a_weight_decay(schedule):
    with pytest.raises(InvalidSettingError, match=r"^Trainer: weight_decay_schedule must be None with a weight decay of 0"):
        Trainer(Sequential([Dense(1)], 5), "squared_error", "adam", weight_decay_schedule=schedule)


def test_a_function_gives_the_weight_decay_itself(table):
    one = Trainer(Sequential([Dense(1)]), "squared_error", AdamW(weight_decay=0.0), weight_decay_schedule=lambda step: 0.5)
    other = Trainer(Sequential([Dense(1)]), "squared_error", AdamW(weight_decay=0.5))
    for trainer in (one, other):
        trainer.fit(*table, max_epochs=2)
    assert learned(one) == learned(other)
