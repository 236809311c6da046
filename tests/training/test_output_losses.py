"""Each output's own loss is in the history, whatever trains and however its epochs are cut into calls."""

from __future__ import annotations

import json

import numpy as np
import pytest

from lamina.engine import make_executor
from lamina.engine.plan import Batches
from lamina.errors import InvalidSettingError
from lamina.layers import Dense, Dropout, Input
from lamina.network import Graph
from lamina.optimizers import GradientDescent, PerturbAll, PerturbOne
from lamina.training import Callback, EarlyStopping, JsonlLog, Trainer

RNG = np.random.default_rng(5)
X = RNG.normal(size=(50, 5))
Y = {"kind": RNG.integers(3, size=50), "aux": X[:, 0] ** 2}
LOSSES = {"kind": "softmax_cross_entropy", "aux": "squared_error"}
KEYS = ("kind_loss", "aux_loss")


def two_outputs(**layer) -> Graph:
    x = Input(5, name="x")
    h = Dropout(0.2)(Dense(8, activation="tanh", **layer)(x))
    return Graph(x, [Dense(3, name="kind", **layer)(h), Dense(1, name="aux", **layer)(h)])


def without_dropout() -> Graph:
    x = Input(5, name="x")
    h = Dense(8, activation="tanh")(x)
    return Graph(x, [Dense(3, name="kind")(h), Dense(1, name="aux")(h)])


def trained(network: Graph | None = None, losses=LOSSES, *, y=Y, epochs: int = 4, **settings):
    fit = {name: settings.pop(name) for name in ("sample_weight", "validation_data") if name in settings}
    usual = {"batch_size": 16, "dtype": "float64", "seed": 3}
    trainer = Trainer(network or two_outputs(), losses, **usual | settings)
    trainer.fit(X, y, max_epochs=epochs, **fit)
    return trainer


def squared(logits, targets):
    return 0.5 * ((logits - targets) ** 2).sum(axis=1), logits - targets


def absolute(logits, targets):
    return np.abs(logits - targets).sum(axis=1), np.sign(logits - targets)


@pytest.mark.parametrize("loss_weights", [None, {"kind": 0.3, "aux": 2.0}, {"aux": 0.0}, {"kind": 1e-320, "aux": 1.0}])
@pytest.mark.parametrize("optimizer", ["adam", PerturbOne(trials=20), PerturbAll(), PerturbAll(antithetic=False)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_both_engines_record_the_same(loss_weights, optimizer, dtype: str) -> None:
    weight = RNG.uniform(0.1, 2, size=50)
    settings = {"loss_weights": loss_weights, "optimizer": optimizer, "dtype": dtype, "sample_weight": weight}
    native, reference = (trained(without_dropout(), engine=engine, **settings).history for engine in ("native", "reference"))
    tolerance = 1e-9 if dtype == "float64" else 1e-4
    np.testing.assert_allclose(native[:, ("loss", *KEYS)], reference[:, ("loss", *KEYS)], rtol=tolerance, atol=1e-30)


@pytest.mark.parametrize("loss_weights", [{"kind": 0.3, "aux": 2.0}, {"kind": 1.0, "aux": 0.0}])
def test_weighted_they_sum_to_the_loss_without_penalties(loss_weights) -> None:
    record = trained(loss_weights=loss_weights).history[-1]
    assert record["loss"] == pytest.approx(sum(loss_weights[name] * record[f"{name}_loss"] for name in Y), rel=1e-12)


def test_penalties_are_in_the_loss_alone() -> None:
    record = trained(two_outputs(l2=0.5)).history[-1]
    assert record["loss"] > record["kind_loss"] + record["aux_loss"] + 0.1


@pytest.mark.parametrize("engine", ["native", "reference"])
def test_they_are_the_means_over_the_rows_of_the_losses_before_each_step(engine: str) -> None:
    # a step of length 0 leaves the weights alone: an epoch then measures what evaluate measures
    trainer = trained(without_dropout(), optimizer=GradientDescent(1e-300), engine=engine, epochs=1)
    measured = trainer.evaluate(X, Y)
    for key in ("loss", *KEYS):
        assert trainer.history[0, key] == pytest.approx(measured[key], rel=1e-12)


class EveryStep(Callback):
    every_steps = 1


@pytest.mark.parametrize("engine", ["native", "reference"])
def test_short_epochs_in_one_call_and_steps_called_one_by_one_record_the_same(engine: str) -> None:
    many, few, single = (
        trained(engine=engine, callbacks=callbacks, epochs=30).history[:, KEYS] for callbacks in ((), [Callback()], [EveryStep()])
    )
    np.testing.assert_allclose(many, few, rtol=1e-12)
    np.testing.assert_allclose(many, single, rtol=1e-12)


def test_losses_of_ones_own_are_recorded_as_the_built_in_ones_are() -> None:
    y = {"kind": RNG.normal(size=(50, 3)), "aux": Y["aux"]}
    settings = {"y": y, "loss_weights": {"kind": 0.5, "aux": 2.0}}
    own = trained(losses={"kind": squared, "aux": absolute}, **settings)
    built_in = trained(losses={"kind": "squared_error", "aux": "absolute_error"}, **settings)
    np.testing.assert_allclose(own.history[:, KEYS], built_in.history[:, KEYS], rtol=1e-9)


@pytest.mark.parametrize("optimizer", [PerturbOne(trials=10), PerturbAll(), PerturbAll(antithetic=False)])
@pytest.mark.parametrize("engine", ["native", "reference"])
def test_losses_of_ones_own_are_recorded_under_perturbation(optimizer, engine: str) -> None:
    y = {"kind": RNG.normal(size=(50, 3)), "aux": Y["aux"]}
    settings = {"y": y, "optimizer": optimizer, "engine": engine, "network": without_dropout()}
    own = trained(losses={"kind": squared, "aux": absolute}, **settings)
    built_in = trained(losses={"kind": "squared_error", "aux": "absolute_error"}, **settings)
    np.testing.assert_allclose(own.history[:, KEYS], built_in.history[:, KEYS], rtol=1e-9)


def test_iterations_of_lbfgs_record_the_losses_at_their_weights() -> None:
    class Evaluated(Callback):
        def on_epoch_end(self, trainer, record):
            record["evaluated"] = trainer.evaluate(X, Y)

    history = trained(without_dropout(), optimizer="lbfgs", batch_size=None, callbacks=[Evaluated()], epochs=8).history
    assert len(history) == 8
    for record in history:
        for key in KEYS:
            assert record[key] == pytest.approx(record["evaluated"][key], rel=1e-9)


def test_a_single_output_has_the_loss_alone() -> None:
    x = Input(5)
    trainer = Trainer(Graph(x, Dense(1, name="aux")(x)), "squared_error")
    trainer.fit(X, Y["aux"], max_epochs=2)
    assert "aux_loss" not in trainer.history.keys


def test_early_stopping_can_watch_one_output() -> None:
    stopping = EarlyStopping("aux_loss", patience=1, tol=10.0)
    trainer = trained(callbacks=[stopping], epochs=50)
    assert trainer.epoch < 50
    assert stopping.best == min(trainer.history[:, "aux_loss"])


def test_the_log_and_the_training_and_validation_names_belong_together(tmp_path) -> None:
    trainer = trained(callbacks=[JsonlLog(tmp_path / "log")], validation_data=(X, Y))
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert [line["aux_loss"] for line in lines] == trainer.history[:, "aux_loss"]
    assert {"kind_loss", "aux_loss", "validation_kind_loss", "validation_aux_loss"} <= lines[-1].keys()


@pytest.mark.parametrize("names", [("kind", "validation"), ("validation_kind", "kind")])
def test_outputs_whose_losses_would_share_a_key_with_validation_are_refused(names) -> None:
    x = Input(5)
    network = Graph(x, [Dense(1, name=name)(x) for name in names])
    with pytest.raises(InvalidSettingError, match="must have a unique key in the history"):
        Trainer(network, ["squared_error"] * 2)


def test_a_metric_cannot_take_the_name_of_an_outputs_loss() -> None:
    with pytest.raises(InvalidSettingError, match="must not be that of an output's loss, got 'aux_loss'"):
        Trainer(two_outputs(), LOSSES, metrics={"aux_loss": lambda y, p: 0.0})


@pytest.mark.parametrize("engine", ["native", "reference"])
def test_the_gradient_of_a_batch_comes_with_each_heads_loss(engine: str) -> None:
    network = without_dropout()
    executor = make_executor(network.program(["squared_error", "absolute_error"]), dtype="float64", engine=engine)
    executor.restore(network.initialize(0, "float64")[0])
    data = Batches([X], [np.ones((50, 3)), np.ones((50, 1))])
    told = np.empty(2)
    loss, _ = executor.loss_and_gradient(data, head_losses=told)
    np.testing.assert_allclose(told, executor.evaluate(data), rtol=1e-12)
    assert loss == pytest.approx(told.sum(), rel=1e-12)
