"""A network trained by a Trainer is saved as a model, and predicts the same bits without the code that trained it."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lamina import load_model, save_model
from lamina.errors import DataError, FileError, InvalidSettingError, ShapeError
from lamina.files import read_tensors, write_tensors
from lamina.layers import Activation, BatchNorm, Concat, Dense, Dropout, Input, LayerNorm, PReLU
from lamina.losses import LOSSES, CustomLoss, Quantile, SoftmaxCrossEntropy
from lamina.model import NetworkModel
from lamina.network import Graph, Sequential
from lamina.training import Callback, Trainer

RNG = np.random.default_rng(11)
X = RNG.normal(size=(60, 4))
Y = RNG.integers(3, size=60)


def norms_and_dropout() -> Sequential:
    layers = [
        Dense(8),
        BatchNorm(),
        Activation("relu"),
        Dropout(0.3),
        Dense(5, activation="tanh"),
        LayerNorm(),
        PReLU(),
        Dense(3),
    ]
    return Sequential(layers)


def trained(network: Any = None, loss: Any = "softmax_cross_entropy", x: Any = X, y: Any = Y, **settings: Any) -> Trainer:
    trainer = Trainer(network or norms_and_dropout(), loss, **settings)
    trainer.fit(x, y, max_epochs=3)
    return trainer


def saved(trainer: Trainer, folder: Path) -> NetworkModel:
    save_model(folder / "net.lamina", trainer)
    model = load_model(folder / "net.lamina")
    assert isinstance(model, NetworkModel)
    return model


def bits(predictions: Any) -> list[bytes]:
    return [part.tobytes() for part in (predictions if isinstance(predictions, list) else [predictions])]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("engine", ["native", "reference"])
def test_predictions_logits_and_losses_are_those_of_the_trainer(dtype: str, engine: str, tmp_path: Path) -> None:
    trainer = trained(dtype=dtype, engine=engine)
    model = saved(trainer, tmp_path)
    assert bits(model.predict(X)) == bits(trainer.predict(X))
    assert bits(model.predict_logits(X)) == bits(trainer.predict_logits(X))
    assert model.evaluate(X, Y) == trainer.evaluate(X, Y)
    assert model.dtype == trainer.dtype


def target_of(name: str) -> Any:
    if name in ("softmax_cross_entropy", "categorical_hinge"):
        return Y
    if name == "gamma":
        return np.exp(X[:, :3])
    signs = name in ("hinge", "squared_hinge", "perceptron")
    return np.where(X[:, :3] > 0, 1.0, -1.0) if signs else (X[:, :3] > 0).astype(float)


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_every_loss_keeps_its_link(name: str, tmp_path: Path) -> None:
    trainer = trained(Sequential([Dense(6 if name == "gaussian_nll" else 3)]), name, y=target_of(name))
    model = saved(trainer, tmp_path)
    assert bits(model.predict(X)) == bits(trainer.predict(X))
    assert model.outputs[0].loss == trainer.losses[0]
    assert model.evaluate(X, target_of(name)) == trainer.evaluate(X, target_of(name))


@pytest.mark.parametrize("loss", [SoftmaxCrossEntropy(label_smoothing=0.1), Quantile((0.1, 0.5, 0.9))])
def test_settings_of_the_loss_are_kept(loss: Any, tmp_path: Path) -> None:
    y = Y if isinstance(loss, SoftmaxCrossEntropy) else X[:, 0]
    model = saved(trained(Sequential([Dense(3)]), loss, y=y), tmp_path)
    assert model.outputs[0].loss == loss


def several() -> tuple[Trainer, Any, Any]:
    a, b = Input(3, name="a"), Input(1, name="b")
    h = Concat()([BatchNorm()(Dense(6, activation="relu")(a)), b])
    network = Graph([a, b], [Dense(3, name="kind")(h), Dense(1, name="price")(h)])
    x, y = {"a": X[:, :3], "b": X[:, 3:]}, {"kind": Y, "price": X[:, 0]}
    losses = {"kind": "softmax_cross_entropy", "price": "squared_error"}
    return trained(network, losses, x, y, loss_weights={"price": 0.25}), x, y


def test_several_inputs_and_outputs_are_kept_with_names_and_weights_of_losses(tmp_path: Path) -> None:
    trainer, x, y = several()
    model = saved(trainer, tmp_path)
    assert bits(model.predict(x)) == bits(trainer.predict(x))
    assert bits(model.predict([x["a"], x["b"]])) == bits(trainer.predict(x))
    assert bits(model.predict_logits(x)) == bits(trainer.predict_logits(x))
    assert model.evaluate(x, y) == trainer.evaluate(x, y)
    assert (model.input_names, model.output_names) == (("a", "b"), ("kind", "price"))


def test_a_process_that_never_saw_the_training_code_predicts_the_same_bits(tmp_path: Path) -> None:
    def focal(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
        return ((logits - targets) ** 2).sum(axis=1)

    trainer = trained(loss=CustomLoss(focal, inverse_link="softmax"), y=np.eye(3)[Y])
    save_model(tmp_path / "net.lamina", trainer)
    np.save(tmp_path / "x.npy", X)
    program = (
        "import sys, numpy as np, lamina; np.save(sys.argv[3], lamina.load_model(sys.argv[1]).predict(np.load(sys.argv[2])))"
    )
    paths = [str(tmp_path / name) for name in ("net.lamina", "x.npy", "p.npy")]
    subprocess.run([sys.executable, "-c", program, *paths], check=True)
    assert bits(np.load(tmp_path / "p.npy")) == bits(trainer.predict(X))


def absolute(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    return np.abs(logits - targets).sum(axis=1)


def test_a_loss_of_ones_own_is_not_needed_to_predict(tmp_path: Path) -> None:
    trainer = trained(Sequential([Dense(1)]), absolute, y=X[:, 0])
    model = saved(trainer, tmp_path)
    assert bits(model.predict(X)) == bits(trainer.predict(X))
    assert model.outputs[0].loss is None
    assert model.outputs[0].loss_name == "absolute"
    with pytest.raises(InvalidSettingError, match=r"evaluate: the loss of 'dense_1' must be one of Lamina's.*got 'absolute'"):
        model.evaluate(X, X[:, 0])


def test_a_link_that_was_a_function_is_never_passed_over_in_silence(tmp_path: Path) -> None:
    loss = CustomLoss(absolute, inverse_link=lambda logits: logits**3)
    trainer = trained(Sequential([Dense(1)]), loss, y=X[:, 0])
    model = saved(trainer, tmp_path)
    assert bits(model.predict_logits(X)) == bits(trainer.predict_logits(X))
    with pytest.raises(InvalidSettingError, match=r"the inverse link of 'dense_1' must have a name.*Use predict_logits"):
        model.predict(X)
    assert "a function that the file does not hold" in model.summary()


@pytest.mark.parametrize("link", ["softmax", "sigmoid", "exp", "softplus"])
def test_a_named_link_of_ones_own_loss_is_that_activation(link: str) -> None:
    loss = CustomLoss(absolute, inverse_link=link)
    logits = RNG.normal(size=(5, 3))
    from lamina.activations import get_activation

    np.testing.assert_array_equal(loss.predict(logits), get_activation(link).value(logits))
    trainer = Trainer(Sequential([Dense(3)], 4), loss, dtype="float64")
    np.testing.assert_allclose(trainer.predict(X), loss.predict(trainer.predict_logits(X)), rtol=1e-14)


def test_an_unknown_link_is_refused_with_the_nearest() -> None:
    with pytest.raises(InvalidSettingError, match="Did you mean 'softmax'"):
        CustomLoss(absolute, inverse_link="sotfmax")


def test_history_and_stop_reason_are_kept_without_durations(tmp_path: Path) -> None:
    trainer = trained()
    model = saved(trainer, tmp_path)
    assert model.history[:, "loss"] == trainer.history[:, "loss"]
    assert "duration_s" not in model.history.keys
    assert model.stop_reason == trainer.stop_reason


def test_equal_trainings_give_equal_files_and_a_loaded_model_is_saved_as_it_was(tmp_path: Path) -> None:
    for name in ("a", "b"):
        save_model(tmp_path / name, trained())
    save_model(tmp_path / "c", load_model(tmp_path / "a"))
    files = {(tmp_path / name).read_bytes() for name in ("a", "b", "c")}
    assert len(files) == 1


def test_path_and_model_may_come_in_either_order(tmp_path: Path) -> None:
    trainer = trained()
    save_model(trainer, tmp_path / "a")
    save_model(tmp_path / "b", trainer)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_weights_have_names_and_cannot_be_written_to(tmp_path: Path) -> None:
    trainer = trained()
    model = saved(trainer, tmp_path)
    assert model.weights == trainer.weights
    assert model.running_statistics == trainer.running_statistics
    with pytest.raises(InvalidSettingError, match=r"weights belong to a finished model.*model\.trainer"):
        model.weights["dense_1.bias"] = np.zeros(8)
    with pytest.raises(ValueError, match="read-only"):
        model.weights["dense_1.bias"][:] = 0
    with pytest.raises(AttributeError):
        model.weights = trainer.weights  # type: ignore[misc]


def test_a_model_of_a_trainer_stays_as_it_is_while_the_trainer_goes_on() -> None:
    trainer = trained()
    model = NetworkModel.of(trainer)
    before = bits(model.predict(X))
    trainer.fit(X, Y, max_epochs=1)
    assert bits(model.predict(X)) == before
    assert len(model.history) == 3


def test_training_goes_on_from_a_loaded_model(tmp_path: Path) -> None:
    trainer, x, y = several()
    further = saved(trainer, tmp_path).trainer("gradient_descent", batch_size=8, seed=4)
    assert bits(further.predict(x)) == bits(trainer.predict(x))
    assert further.evaluate(x, y) == trainer.evaluate(x, y)
    assert (further.epoch, further.dtype, further.losses) == (0, trainer.dtype, trainer.losses)
    assert further.fit(x, y, max_epochs=2)[-1, "loss"] < further.fit(x, y, max_epochs=30)[0, "loss"]


def test_a_trainer_of_a_model_with_a_loss_of_ones_own_asks_for_it(tmp_path: Path) -> None:
    trainer = trained(Sequential([Dense(1)]), absolute, y=X[:, 0])
    model = saved(trainer, tmp_path)
    with pytest.raises(InvalidSettingError, match=r"trainer: the loss of 'dense_1'.*Pass loss="):
        model.trainer()
    assert bits(model.trainer(loss=absolute).predict(X)) == bits(trainer.predict(X))
    assert model.trainer(loss="huber", dtype="float64").weights["dense_1.bias"].dtype == np.float64


def test_a_model_can_be_saved_in_the_midst_of_training(tmp_path: Path) -> None:
    class Save(Callback):
        def on_epoch_end(self, trainer: Any, record: Any) -> None:
            save_model(tmp_path / f"{record['epoch']}", trainer)

    trainer = trained(callbacks=[Save()])
    assert bits(load_model(tmp_path / "3").predict(X)) == bits(trainer.predict(X))
    assert len(load_model(tmp_path / "1").history) == 1


def test_pickles_predict_the_same_bits(tmp_path: Path) -> None:
    model = saved(trained(), tmp_path)
    before = bits(model.predict(X))
    copied = pickle.loads(pickle.dumps(model))
    assert bits(copied.predict(X)) == before
    assert not copied.parameters.flags.writeable


def test_monte_carlo_dropout_is_that_of_the_trainer(tmp_path: Path) -> None:
    trainer = trained()
    ours, theirs = (each.predict_distribution(X, mc_samples=3) for each in (saved(trainer, tmp_path), trainer))
    np.testing.assert_array_equal(ours.mean, theirs.mean)


def test_an_untrained_network_is_saved_too_and_an_unbuilt_one_is_not(tmp_path: Path) -> None:
    trainer = Trainer(Sequential([Dense(2)], 4), "squared_error")
    assert bits(saved(trainer, tmp_path).predict(X)) == bits(trainer.predict(X))
    with pytest.raises(ShapeError, match="must have a known width"):
        save_model(tmp_path / "b", Trainer(Sequential([Dense(2)]), "squared_error"))


@pytest.mark.parametrize("what", ["network", "text", "None"])
def test_what_is_no_model_is_refused(what: str, tmp_path: Path) -> None:
    given = {"network": Sequential([Dense(2)], 4), "text": "a", "None": None}[what]
    with pytest.raises(InvalidSettingError, match="model must be a TableModel"):
        save_model(tmp_path / "a", given)  # type: ignore[arg-type]


def test_weights_that_are_not_finite_are_not_saved(tmp_path: Path) -> None:
    trainer = trained()
    trainer.weights["dense_1.bias"][2] = np.nan
    with pytest.raises(InvalidSettingError, match="must hold finite numbers, got nan"):
        save_model(tmp_path / "a", trainer)
    assert not (tmp_path / "a").exists()


def test_a_record_that_json_cannot_hold_is_named(tmp_path: Path) -> None:
    trainer = trained()
    trainer.history[-1]["figure"] = object()
    with pytest.raises(InvalidSettingError, match=r"'figure' of the history must be numbers.*Remove it first"):
        save_model(tmp_path / "a", trainer)
    trainer.history[-1]["figure"] = np.eye(2)
    assert saved(trainer, tmp_path).history[-1, "figure"] == [[1, 0], [0, 1]]


def test_rows_of_another_width_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ShapeError, match=r"X must have shape \(rows, 4\)"):
        saved(trained(), tmp_path).predict(X[:, :3])
    with pytest.raises(DataError):
        saved(trained(), tmp_path).predict(X.astype(str))


# Files that somebody changed, with a right checksum

Edit = Callable[[dict[str, Any], dict[str, np.ndarray]], Any]
EDITS: dict[str, Edit] = {
    "no network": lambda d, a: d.pop("network"),
    "a network that is a text": lambda d, a: d.update(network="graph"),
    "an unbuilt network": lambda d, a: d["network"]["inputs"][0].update(width=None),
    "a huge layer": lambda d, a: d["network"]["nodes"][0]["layer"].update(units=2**40),
    "a layer of no kind": lambda d, a: d["network"]["nodes"][0]["layer"].update(kind="os.system"),
    "a cycle": lambda d, a: d["network"]["nodes"][0].update(inputs=["dense_3"]),
    "a key too many": lambda d, a: d.update(code="import os"),
    "another dtype": lambda d, a: d.update(dtype="float64"),
    "an unknown dtype": lambda d, a: d.update(dtype="object"),
    "parameters of another length": lambda d, a: a.update(parameters=a["parameters"][:-1]),
    "one parameter": lambda d, a: a.update(parameters=a["parameters"][:1]),
    "no state": lambda d, a: a.pop("state"),
    "an array too many": lambda d, a: a.update(extra=np.zeros(1)),
    "a weight that is NaN": lambda d, a: a["parameters"].__setitem__(3, np.nan),
    "a negative variance": lambda d, a: a["state"].__setitem__(slice(None), -1),
    "no outputs": lambda d, a: d.update(outputs=[]),
    "an output too many": lambda d, a: d["outputs"].append(d["outputs"][0]),
    "an unknown link": lambda d, a: d["outputs"][0].update(loss=None, link="eval"),
    "an unknown loss": lambda d, a: d["outputs"][0].update(loss={"kind": "external", "function": "f"}),
    "a loss that does not fit": lambda d, a: d["outputs"][0].update(loss={"kind": "quantile", "levels": [0.1, 0.9]}),
    "a negative weight": lambda d, a: d["outputs"][0].update(weight=-1),
    "a history that is a number": lambda d, a: d.update(history=3),
    "a record without a loss": lambda d, a: d["history"][0].pop("loss"),
    "an unknown stop reason": lambda d, a: d.update(stop_reason=["bored", ""]),
    "an unknown engine": lambda d, a: d.update(engine="cuda"),
}


@pytest.mark.parametrize("what", EDITS)
def test_a_changed_file_is_refused(what: str, tmp_path: Path) -> None:
    save_model(tmp_path / "a", trained())
    arrays, header = read_tensors(tmp_path / "a")
    arrays = {name: array.copy() for name, array in arrays.items()}
    EDITS[what](header["network"], arrays)
    write_tensors(tmp_path / "b", arrays, header)
    with pytest.raises(FileError, match="does not hold a model"):
        load_model(tmp_path / "b")


def test_units_that_cost_no_weights_are_not_believed_without_end(tmp_path: Path) -> None:
    x = Input(2)
    h = Dense(2)(x)
    network = Graph(x, Concat(name="out")([h, h]))
    save_model(tmp_path / "a", Trainer(network, "squared_error"))
    arrays, header = read_tensors(tmp_path / "a")
    nodes, last = header["network"]["network"]["nodes"], "dense_1"
    nodes.pop()
    for i in range(45):
        nodes.append({"layer": {"kind": "concat", "name": f"c{i}"}, "inputs": [last, last]})
        last = f"c{i}"
    header["network"]["network"]["outputs"] = [last]
    write_tensors(tmp_path / "b", arrays, header)
    with pytest.raises(FileError, match=r"must have at most .* values per row"):
        load_model(tmp_path / "b")


def test_a_network_in_a_file_of_tables_and_the_other_way_round_are_refused(tmp_path: Path) -> None:
    save_model(tmp_path / "a", trained())
    arrays, header = read_tensors(tmp_path / "a")
    write_tensors(tmp_path / "b", arrays, header | {"kind": "model"})
    with pytest.raises(FileError, match="does not hold a model"):
        load_model(tmp_path / "b")
