"""Frozen layers: set in the network or between fits, they stand still until they are unfrozen."""

import copy
import json
import pickle

import numpy as np
import pytest

from lamina import (
    LBFGS,
    Adam,
    BatchNorm,
    Clipping,
    Dense,
    PerturbAll,
    PerturbOne,
    Sequential,
    Trainer,
    diagnose,
    fold_batch_norm,
    load_model,
    save_model,
)
from lamina.analysis import check_gradients
from lamina.errors import InvalidSettingError, UnknownNameError
from lamina.layers import Add, Input
from lamina.network import Ensemble, Graph
from lamina.training import Callback, Monitor, TrainerSettings

RNG = np.random.default_rng(2)
X = RNG.normal(size=(60, 6)).astype(np.float32)
Y = np.tanh(X[:, 0] - X[:, 1]).astype(np.float32)
ENGINES = ["native", "reference"]


def network(**encoder):
    first = Dense(8, activation="tanh", name="encoder", **encoder)
    return Sequential([first, BatchNorm(name="norm"), Dense(6, activation="relu"), Dense(1)], input_width=6)


def trainer(net=None, optimizer="adam", **settings):
    return Trainer(net or network(), "squared_error", optimizer, **settings)


def changed(fitted, kept):
    return [name for name, array in fitted.weights.items() if not np.array_equal(array, kept[name])]


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_frozen_between_fits_stands_still(engine):
    fitted = trainer(engine=engine)
    fitted.fit(X, Y, max_epochs=2)
    kept, statistics = fitted.weights.copy(), fitted.running_statistics.copy()
    fitted.freeze("encoder", "norm").fit(X, Y, max_epochs=2)
    assert changed(fitted, kept) == ["dense_1.weight", "dense_1.bias", "dense_2.weight", "dense_2.bias"]
    assert fitted.running_statistics == statistics
    assert (fitted.epoch, len(fitted.history)) == (4, 4)
    fitted.unfreeze().fit(X, Y, max_epochs=1)
    assert len(changed(fitted, kept)) == 8
    assert fitted.running_statistics != statistics


def test_the_optimizer_remembers_them():
    fitted = trainer()
    fitted.fit(X, Y, max_epochs=2)
    before = fitted.executor.snapshot().slots
    fitted.freeze("encoder").fit(X, Y, max_epochs=1)
    after, encoder = fitted.executor.snapshot().slots, slice(0, 56)
    np.testing.assert_array_equal(after[:, encoder], before[:, encoder])
    assert (after[:, 56:] != before[:, 56:]).any()


def test_freezing_and_unfreezing_changes_nothing_else():
    one, other = trainer(), trainer()
    one.fit(X, Y, max_epochs=2)
    other.fit(X, Y, max_epochs=1)
    other.freeze("encoder").unfreeze("encoder").fit(X, Y, max_epochs=1)
    assert one.weights == other.weights


def test_live_arrays_stay_live():
    fitted = trainer()
    weights = fitted.weights
    fitted.freeze("encoder").fit(X, Y, max_epochs=1)
    assert weights == fitted.weights


@pytest.mark.parametrize("engine", ENGINES)
def test_a_setting_of_the_layer_is_the_same_as_freezing_it(engine):
    by_setting, by_name = trainer(network(trainable=False), engine=engine), trainer(engine=engine).freeze("encoder")
    assert by_setting.network == by_name.network
    for each in (by_setting, by_name):
        each.fit(X, Y, max_epochs=2)
    assert by_setting.weights == by_name.weights


def test_a_network_that_is_not_built_can_be_frozen():
    fitted = trainer(Sequential([Dense(4, name="encoder"), Dense(1)])).freeze("encoder")
    fitted.fit(X, Y, max_epochs=1)
    assert [parameter.trainable for parameter in fitted.network.parameters] == [False, False, True, True]


@pytest.mark.parametrize("freeze", [lambda each: each.freeze("encodr"), lambda each: each.unfreeze("encodr")])
@pytest.mark.parametrize("make", [network, trainer])
def test_an_unknown_layer_is_refused_with_the_nearest(make, freeze):
    with pytest.raises(UnknownNameError, match=r"must be one of dense_1, .* Did you mean 'encoder'"):
        freeze(make())


def test_a_fit_of_nothing_is_refused():
    with pytest.raises(InvalidSettingError, match="the network must have a layer that is not frozen, got"):
        trainer().freeze().fit(X, Y)


def test_predictions_of_an_all_frozen_network_are_given():
    frozen = trainer().freeze()
    np.testing.assert_array_equal(frozen.predict(X), trainer().predict(X))
    assert frozen.evaluate(X, Y)["loss"] == trainer().evaluate(X, Y)["loss"]


@pytest.mark.parametrize(
    "optimizer", [Adam(), LBFGS(), PerturbOne(0.2, trials=10), PerturbAll(0.01, trials=2)], ids=lambda each: each.kind
)
@pytest.mark.parametrize("engine", ENGINES)
def test_every_optimizer_leaves_them(optimizer, engine):
    fitted = trainer(optimizer=optimizer, engine=engine)
    fitted.fit(X, Y, max_epochs=3)
    kept = fitted.weights.copy()
    fitted.freeze("encoder", "norm").fit(X, Y, max_epochs=3)
    moved = changed(fitted, kept)
    assert moved
    assert not {name for name in moved if name.startswith(("encoder", "norm"))}


def test_a_loss_of_ones_own_leaves_them():
    def half_square(z, target):
        return 0.5 * np.sum((z - target) ** 2, axis=1), z - target

    own, known = (
        Trainer(network(l2=0.1), loss, penalty_per_row=True).freeze("encoder", "norm") for loss in (half_square, "squared_error")
    )
    losses = [each.fit(X, Y, max_epochs=3)[:, "loss"] for each in (own, known)]
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-5)
    np.testing.assert_array_equal(own.weights["encoder.weight"], known.weights["encoder.weight"])


def test_a_callback_may_unfreeze_one_layer_after_the_other():
    class Gradual(Callback):
        def on_epoch_end(self, trainer, record):
            if trainer.epoch == 2:
                trainer.unfreeze("encoder")

    fitted = trainer(callbacks=[Gradual()]).freeze("encoder")
    kept = fitted.weights.copy()
    fitted.fit(X, Y, max_epochs=2)
    assert "encoder.weight" not in changed(fitted, kept)
    fitted.fit(X, Y, max_epochs=1)
    assert "encoder.weight" in changed(fitted, kept)


def test_layers_stay_what_they_are_during_a_fit_with_lbfgs():
    class Unfreezes(Callback):
        def on_epoch_end(self, trainer, record):
            trainer.unfreeze("encoder")

    with pytest.raises(
        InvalidSettingError, match="frozen layers must stay the same during a fit with L-BFGS, got a change of 'encoder'"
    ):
        trainer(optimizer="lbfgs", callbacks=[Unfreezes()]).freeze("encoder").fit(X, Y, max_epochs=3)


def test_a_callback_may_not_freeze_all_layers():
    class Freezes(Callback):
        def on_epoch_end(self, trainer, record):
            if trainer.epoch == 2:
                trainer.freeze()

    fitted = trainer(callbacks=[Freezes()])
    with pytest.raises(InvalidSettingError, match="the network must have a layer that is not frozen"):
        fitted.fit(X, Y, max_epochs=9)
    assert fitted.epoch == 2


def test_a_callback_may_freeze_all_layers_to_train_one_of_them():
    class Switches(Callback):
        def on_epoch_end(self, trainer, record):
            trainer.freeze().unfreeze("encoder")

    assert len(trainer(callbacks=[Switches()]).fit(X, Y, max_epochs=3)) == 3


@pytest.mark.parametrize(
    ("what", "owner"),
    [
        (network(), "Sequential"),
        (Ensemble(network(), 2), "Ensemble"),
        (trainer(), "Trainer"),
        (network().layers[0], "Dense"),
        (network().layers[1], "BatchNorm"),
    ],
)
def test_setting_trainable_names_freeze(what, owner):
    with pytest.raises(
        InvalidSettingError, match=rf"^{owner}: trainable must not be set .* network.freeze\(\), or trainer.freeze"
    ):
        what.trainable = False
    assert what.trainable


def test_networks_and_trainers_say_whether_anything_is_trained():
    assert trainer().freeze("encoder").trainable
    assert not trainer().freeze().trainable
    assert not network().freeze().trainable


@pytest.mark.parametrize("word", ["freeze", "unfreeze"])
@pytest.mark.parametrize("what", [network(), trainer()])
def test_a_list_of_names_is_refused(what, word):
    with pytest.raises(InvalidSettingError, match=rf"must be a text, got \['encoder'\]. .* one by one: {word}\(\*names\)"):
        getattr(what, word)(["encoder"])


@pytest.mark.parametrize("again", [copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))])
def test_copies_go_on_bit_for_bit(again):
    one = trainer().freeze("encoder")
    one.fit(X, Y, max_epochs=2)
    other = again(one)
    for each in (one, other):
        each.fit(X, Y, max_epochs=2)
    assert one.weights == other.weights


def test_a_checkpoint_goes_on_bit_for_bit(tmp_path):
    one = trainer().freeze("encoder", "norm")
    one.fit(X, Y, max_epochs=2)
    one.save_checkpoint(tmp_path / "half")
    other = trainer().freeze("encoder", "norm").load_checkpoint(tmp_path / "half")
    for each in (one, other):
        each.fit(X, Y, max_epochs=2)
    assert one.weights == other.weights
    with pytest.raises(InvalidSettingError, match=r"network.nodes\[0\].layer.trainable must be False"):
        trainer().load_checkpoint(tmp_path / "half")


def test_settings_go_to_json_and_back():
    settings = trainer().freeze("encoder").settings
    assert TrainerSettings.from_settings(json.loads(json.dumps(settings.to_dict()))) == settings


def test_a_model_file_says_what_is_frozen(tmp_path):
    fitted = trainer().freeze("encoder")
    fitted.fit(X, Y, max_epochs=1)
    save_model(fitted, tmp_path / "m.lamina")
    further = load_model(tmp_path / "m.lamina").trainer()
    kept = further.weights.copy()
    further.fit(X, Y, max_epochs=1)
    assert not {name for name in changed(further, kept) if name.startswith("encoder")}


def test_folding_keeps_what_is_frozen():
    fitted = trainer(Sequential([Dense(4, name="h"), BatchNorm(), Dense(1)], input_width=6)).freeze("h")
    fitted.fit(X, Y, max_epochs=1)
    folded = fold_batch_norm(fitted)
    assert [node.is_trainable for node in folded.network.nodes] == [False, True]


def test_a_frozen_normalization_takes_batches_of_one_row():
    with pytest.raises(InvalidSettingError, match="at least 2 with the batch norm 'norm'"):
        trainer(batch_size=1).fit(X, Y, max_epochs=1)
    fitted = trainer(batch_size=1).freeze("norm")
    fitted.fit(X, Y, max_epochs=1)
    assert fitted.step == len(X)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_gradient_of_what_is_trained_is_right(engine):
    found = check_gradients(trainer(dtype="float64").freeze("encoder", "norm"), X[:9], Y[:9], engine=engine)
    assert found.passed
    assert [check.parameter for check in found.parameters] == ["dense_1.weight", "dense_1.bias", "dense_2.weight", "dense_2.bias"]


def test_a_monitor_shows_no_update_of_them():
    monitor = Monitor()
    fitted = trainer(callbacks=[monitor]).freeze("encoder")
    fitted.fit(X, Y, max_epochs=3)
    record = monitor.record
    place = record.layers.index("encoder")
    assert np.isnan(record.probes.update_norm[:, place]).all()
    assert np.isfinite(record.probes.weight_norm[:, place]).all()
    assert np.isfinite(record.probes.update_norm[:-1, -1]).all()


def test_bounds_count_what_is_trained():
    fitted = trainer(optimizer="gradient_descent", clipping=Clipping(norm=1e-3)).freeze("encoder")
    assert fitted.fit(X, Y, max_epochs=1)[-1]["clipped_share"] == 1.0


def test_the_doctor_copes_with_them():
    found = diagnose(trainer(batch_size=4).freeze("encoder", "norm"), X, Y)
    assert "batch_too_small_for_batch_norm" not in [finding.name for finding in found.findings]


def test_no_warning_of_a_blocked_gradient_where_nothing_is_trained():
    fitted = trainer(Sequential([Dense(4, activation="step", trainable=False), Dense(1)], input_width=6))
    fitted.fit(X, Y, max_epochs=1)  # warnings are errors


def test_the_summary_says_what_is_frozen():
    lines = network(trainable=False).summary().splitlines()
    assert "Dense(8, tanh), frozen" in lines[3]
    assert lines[-1].endswith("parameters: 133, 56 of them frozen")


def test_uses_of_one_layer_freeze_together():
    x = Input(6)
    layer = Dense(6, activation="tanh", name="shared")
    net = Graph(x, Dense(1)(Add()([layer(x), layer(layer(x))]))).freeze("shared")
    fitted = trainer(net)
    kept = fitted.weights.copy()
    fitted.fit(X, Y, max_epochs=1)
    assert changed(fitted, kept) == ["dense_1.weight", "dense_1.bias"]
