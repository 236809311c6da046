"""A trainer's settings: one frozen object, to JSON and back."""

import contextlib
import copy
import json
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from lamina import Add, BatchNorm, Clipping, Dense, Graph, Input, Sequential, Trainer
from lamina.engine import plan
from lamina.errors import InvalidSettingError, LaminaError
from lamina.losses import LOSSES
from lamina.optimizers import OPTIMIZERS, Adam
from lamina.schedules import SCHEDULES, Function, get_schedule
from lamina.training import EarlyStopping, LearningRate, TrainerSettings

X = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)


def network() -> Sequential:
    return Sequential([Dense(4, activation="relu"), BatchNorm(), Dense(2)])


def back(settings: TrainerSettings) -> TrainerSettings:
    return TrainerSettings.from_settings(json.loads(json.dumps(settings.to_dict())))


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_comes_back_from_json(loss):
    settings = TrainerSettings(network(), loss)
    assert back(settings) == settings


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_comes_back_from_json(optimizer):
    settings = TrainerSettings(network(), "squared_error", optimizer)
    assert back(settings) == settings


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_schedule_comes_back_from_json(schedule):
    settings = TrainerSettings(network(), "squared_error", schedule=schedule)
    assert back(settings) == settings


def test_all_settings_come_back_of_a_graph_with_two_outputs_and_its_trainer_trains_the_same():
    x = Input(3, name="x")
    h = Dense(4, activation="tanh")(x)
    graph = Graph(x, [Dense(1, name="a")(Add()([h, Dense(4)(h)])), Dense(1, name="b")(h)])
    settings = TrainerSettings(
        graph, {"b": "huber", "a": "squared_error"}, {"kind": "momentum", "learning_rate": 0.01}, batch_size=np.uint64(7),
        schedule="cosine", clipping=Clipping(value=1.0, norm=2.0), seed=9, dtype=np.float64, shuffle=False, engine="reference",
        n_threads=1, penalty_per_row=True, loss_weights={"a": 2.0, "b": 0.5}, on_interrupt="return",
    )  # fmt: skip
    assert back(settings) == settings
    assert settings.to_dict()["loss_weights"] == [2.0, 0.5]

    def trained(given: TrainerSettings) -> np.ndarray:
        trainer = Trainer.from_settings(given, callbacks=EarlyStopping(patience=1))
        trainer.fit(X, [X[:, 0], X[:, 1]], max_epochs=2, validation_data=(X, [X[:, 0], X[:, 1]]))
        return trainer.predict(X)[0]

    np.testing.assert_array_equal(trained(settings), trained(back(settings)))


def two_outputs(**settings) -> TrainerSettings:
    x = Input(3, name="x")
    return TrainerSettings(Graph(x, [Dense(1, name="a")(x), Dense(1, name="b")(x)]), ["huber", "huber"], **settings)


@pytest.mark.parametrize("given", [[1, 2], (1.0, 2.0), np.array([1.0, 2.0]), {"a": 1, "b": 2}, {"b": 2}])
def test_loss_weights_become_one_tuple_however_they_are_given(given):
    settings = two_outputs(loss_weights=given)
    assert settings.loss_weights == (1.0, 2.0)
    assert back(settings) == settings


@pytest.mark.parametrize("wrong", [[1], [1, -1], "ab", {"c": 1}, {"a": None}, 3, [1, np.nan]])
def test_wrong_loss_weights_are_rejected_when_the_settings_are_created(wrong):
    with pytest.raises(InvalidSettingError, match="loss"):
        two_outputs(loss_weights=wrong)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_settings_can_be_keys_of_a_dict(schedule):
    made = [two_outputs(loss_weights={"b": 2}, schedule=schedule, clipping=Clipping(1.0)) for _ in range(2)]
    assert len(set(made)) == 1


def test_the_engines_plain_clipping_becomes_the_one_that_users_have():
    assert TrainerSettings(network(), "hinge", clipping=plan.Clipping(norm=2.0)).clipping == Clipping(norm=2.0)


def test_a_function_has_no_description():
    settings = TrainerSettings(network(), "squared_error", schedule=Function(lambda step: 0.1))
    with pytest.raises(InvalidSettingError, match="to be saved"):
        settings.to_dict()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sead": 1}, "Did you mean 'seed'"),
        ({"seed": -1}, "Trainer: seed must be an integer >= 0"),
        ({"optimizer": "adm"}, "'adam'"),
        ({"kind": "trainr"}, "\"kind\" must be 'trainer' or missing, got 'trainr'"),
        ({"clipping": "x"}, "Trainer: clipping must be an instance of Clipping"),
        ({"clipping": {"nrom": 1.0}}, "Did you mean 'norm'"),
    ],
)
def test_a_wrong_description_is_refused_by_name(change, message):
    with pytest.raises(InvalidSettingError, match=message):
        TrainerSettings.from_settings(TrainerSettings(network(), "hinge").to_dict() | change)


def _with_other_values(description, place=()):
    """Each place of the description with wrong values to put there, one after the other."""
    for value in (None, "x", [], 3, -1, {}, {"a": 1}, [None], True, float("nan")):
        yield place, value
    entries = description.items() if isinstance(description, dict) else enumerate(description)
    for key, inner in entries if isinstance(description, dict | list) else ():
        if isinstance(inner, dict | list):
            yield from _with_other_values(inner, (*place, key))
        else:
            yield from (((*place, key), value) for value in (None, "x", [], 3, -1, {}, {"a": 1}, True, float("nan")))


def _replaced(description, place, value):
    if not place:
        return value
    changed = copy.copy(description)
    changed[place[0]] = _replaced(description[place[0]], place[1:], value)
    return changed


def test_any_value_in_a_description_is_read_or_raises_our_own_error():
    x = Input(3, name="x")
    graph = Graph(x, [Dense(1, name="a", weight_init="he")(x), Dense(1, name="b", regularizer="l2", activation="elu")(x)])
    settings = TrainerSettings(graph, ["huber", "squared_error"], schedule="warm_up", clipping=Clipping(1.0), loss_weights=[1, 2])
    description = settings.to_dict()
    for place, value in _with_other_values(description):
        with contextlib.suppress(LaminaError):
            TrainerSettings.from_settings(_replaced(description, place, value))


def test_a_missing_setting_is_named_and_only_the_names_of_the_others_are_shown():
    description = TrainerSettings(network(), "hinge").to_dict()
    del description["network"]
    with pytest.raises(InvalidSettingError, match="network must be given, got \\['loss', 'optimizer'"):
        TrainerSettings.from_settings(description)


def test_a_description_may_leave_out_its_kind_and_its_clipping():
    description = TrainerSettings(network(), "hinge").to_dict()
    del description["kind"]
    assert TrainerSettings.from_settings(description | {"clipping": None}) == TrainerSettings(network(), "hinge")


@pytest.mark.parametrize(("wrong", "shown"), [(None, "None"), ([], r"\[\]"), ("int32", "'int32'"), (3, "3"), (np.int8, "'int8'")])
def test_any_other_dtype_is_rejected_and_shown_as_given(wrong, shown):
    for make in (TrainerSettings, Trainer):
        with pytest.raises(InvalidSettingError, match=f"dtype must be one of 'float32', 'float64', got {shown}"):
            make(network(), "hinge", dtype=wrong)
    assert TrainerSettings(network(), "hinge", dtype=np.dtype("float64")).dtype == "float64"


@pytest.mark.parametrize("wrong", [None, "x", [], 3, {"kind": "adamw"}])
def test_an_optimizer_is_not_read_from_something_else(wrong):
    with pytest.raises(InvalidSettingError, match="Adam: "):
        Adam.from_settings(wrong)


def test_settings_are_frozen_and_a_trainers_are_changed_by_name_and_checked():
    trainer = Trainer(network(), "squared_error")
    with pytest.raises(FrozenInstanceError):
        trainer.settings.seed = 3  # type: ignore[misc]
    before = trainer.settings
    trainer.optimizer, trainer.batch_size, trainer.shuffle = "momentum", 8, False
    assert (trainer.settings.optimizer.kind, trainer.batch_size, before.batch_size) == ("momentum", 8, "auto")
    with pytest.raises(InvalidSettingError, match="Trainer: clipping must be an instance of Clipping"):
        trainer.clipping = 0.5
    with pytest.raises(InvalidSettingError, match="batch_size must be"):
        trainer.batch_size = 0
    assert trainer.clipping == Clipping()


def test_an_assigned_schedule_is_a_setting_like_the_others():
    trainer = Trainer(network(), "squared_error")
    trainer.schedule = "cosine"
    assert trainer.schedule == trainer.settings.schedule == get_schedule("cosine")
    trainer.fit(X, X[:, :2], max_epochs=1)
    assert trainer.history[-1, "learning_rate"] < trainer.optimizer.learning_rate
    with pytest.raises(InvalidSettingError, match="'cosine'"):
        trainer.schedule = "cosin"
    assert trainer.schedule == get_schedule("cosine")
    trainer.schedule = None
    assert trainer.settings == replace(trainer.settings, schedule="constant")


def test_a_checkpoint_belongs_to_the_assigned_schedule(tmp_path):
    def made(schedule: str) -> Trainer:
        trainer = Trainer(network(), "squared_error")
        trainer.schedule = schedule
        return trainer

    trainer = made("cosine")
    trainer.fit(X, X[:, :2], max_epochs=1)
    trainer.save_checkpoint(tmp_path / "run")
    assert made("cosine").load_checkpoint(tmp_path / "run").epoch == 1
    with pytest.raises(InvalidSettingError, match="schedule"):
        made("exponential").load_checkpoint(tmp_path / "run")


def test_trainers_do_not_share_the_state_of_an_assigned_schedule():
    schedule, trainer = get_schedule("reduce_on_plateau"), Trainer(network(), "squared_error")
    trainer.schedule = schedule
    trainer.schedule.factor = 0.5
    assert schedule.factor == 1.0


def test_a_callbacks_schedule_is_followed_and_is_not_a_setting():
    trainer = Trainer(network(), "squared_error", callbacks=LearningRate("cosine"))
    trainer.fit(X, X[:, :2], max_epochs=1)
    assert (trainer.schedule, trainer.settings.schedule) == (get_schedule("cosine"), get_schedule(None))


@pytest.mark.parametrize(
    ("settings", "besides", "words"),
    [
        (None, {"seed": 3}, r"seed must not be given in addition to the settings, .*dataclasses.replace\(settings, seed="),
        (None, {"callback": ()}, "Did you mean 'callbacks'"),
        ({"loss": "hinge"}, {}, r"settings must be TrainerSettings \(TrainerSettings.from_settings reads a description"),
    ],
)
def test_from_settings_rejects_duplicate_unknown_and_wrong_arguments(settings, besides, words):
    with pytest.raises(InvalidSettingError, match=r"Trainer.from_settings: .*" + words):
        Trainer.from_settings(TrainerSettings(network(), "hinge") if settings is None else settings, **besides)


def test_settings_know_the_network_once_its_inputs_are_known():
    trainer = Trainer(network(), "squared_error")
    trainer.fit(X, X[:, :2], max_epochs=1)
    assert trainer.settings.network.is_built
    assert not TrainerSettings(network(), "squared_error").network.is_built


def test_a_setting_that_trainers_do_not_have_is_named_with_what_to_write() -> None:
    network = Sequential([Dense(1)], 2)
    with pytest.raises(InvalidSettingError, match=r"Write MLPClassifier\(network=network, n_restarts=8\)"):
        Trainer(network, "squared_error", n_restarts=8)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"'batchsize'.*Did you mean 'batch_size'"):
        Trainer(network, "squared_error", batchsize=8)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"optimizer": "lbfgs", "precision": "mixed"}, "precision must be 'full' with LBFGS, which compares losses more finely"),
        ({"optimizer": "perturb-one", "precision": "mixed"}, "precision must be 'full' with PerturbOne"),
        ({"optimizer": "perturb-all", "precision": "mixed"}, "precision must be 'full' with PerturbAll"),
        ({"optimizer": "lbfgs", "clipping": Clipping(norm=1.0)}, "clipping must be None with L-BFGS"),
        ({"optimizer": "lbfgs", "schedule": "cosine"}, "schedule must be None with L-BFGS"),
        ({"optimizer": "perturb-one", "clipping": Clipping(norm=1.0)}, "clipping must be None with PerturbOne"),
        ({"optimizer": "perturb-all", "dropout_schedule": "cosine"}, "dropout_schedule must be None with PerturbAll"),
        ({"weight_decay_schedule": "cosine"}, "weight_decay_schedule must be None with a weight decay of 0"),
    ],
)
def test_settings_that_exclude_each_other_are_refused_before_the_network_knows_its_inputs(given, message):
    for make in (TrainerSettings, Trainer):
        with pytest.raises(InvalidSettingError, match=f"^Trainer: {message}"):
            make(network(), "squared_error", **given)
    first, *_ = given
    trainer = Trainer(network(), "squared_error", **{name: given[name] for name in given if name != first})
    with pytest.raises(InvalidSettingError, match=message):
        setattr(trainer, first, given[first])
