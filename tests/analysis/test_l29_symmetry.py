"""L29: zero and constant initialization never break the symmetry of a layer's units."""

from __future__ import annotations

import numpy as np
import pytest

from lamina import Dense, Dropout, Sequential, SymmetryRecord, Trainer, symmetry
from lamina.errors import InvalidSettingError, ShapeError
from lamina.initializers import Constant
from lamina.optimizers import Adam

RNG = np.random.default_rng(0)
X = RNG.normal(size=(100, 3))
Y = X[:, 0] * X[:, 1] + X[:, 2]


def trained(init: object, *, engine: str = "auto", extra: tuple[Dropout, ...] = (), activation: str = "tanh") -> Trainer:
    layers = [Dense(6, activation=activation, weight_init=init, name="hidden"), *extra, Dense(1, weight_init=init)]  # type: ignore[arg-type]
    trainer = Trainer(Sequential(layers), "squared_error", Adam(0.01), callbacks=[SymmetryRecord()], engine=engine)
    trainer.fit(X, Y, max_epochs=100)
    return trainer


@pytest.mark.parametrize("engine", ["auto", "reference"])
@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "relu"])
@pytest.mark.parametrize("value", [0.0, 0.3])
def test_a_constant_start_keeps_all_units_one_and_the_same_for_the_whole_training(
    value: float, activation: str, engine: str
) -> None:
    history = trained(Constant(value), engine=engine, activation=activation).history
    assert set(history[:, "hidden_distinct"]) == {1}
    assert min(history[:, "hidden_symmetry"]) == pytest.approx(1.0, abs=1e-4)


def test_a_random_start_has_no_symmetry_and_learns_better() -> None:
    random, constant = trained("xavier"), trained(Constant(0.3))
    assert set(random.history[:, "hidden_distinct"]) == {6}
    assert max(random.history[:, "hidden_symmetry"]) < 0.9
    assert random.history[-1, "loss"] < 0.8 * constant.history[-1, "loss"]


def test_dropout_breaks_the_symmetry_of_a_constant_start() -> None:
    history = trained(Constant(0.3), extra=(Dropout(0.5),)).history
    assert history[-1, "hidden_distinct"] == 6


def test_the_measure_is_the_mean_likeness_of_two_units() -> None:
    network = Sequential([Dense(3, use_bias=False)], input_width=2)
    units = np.array([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]])
    products = units @ units.T
    expected = products[~np.eye(3, dtype=bool)].mean() / np.diag(products).mean()
    assert symmetry(network, units.T.ravel()).layers[0].symmetry == pytest.approx(expected)


@pytest.mark.parametrize(
    ("weights", "distinct"), [([1.0, 1.0, 1.0], 1), ([1.0, 1.0, 2.0], 2), ([0.0, 0.0, 0.0], 1), ([1, 2, 3], 3)]
)
def test_distinct_units_are_counted(weights: list[float], distinct: int) -> None:
    network = Sequential([Dense(3, use_bias=False, name="layer")], input_width=1)
    assert symmetry(network, np.array(weights))["layer"].distinct == distinct


def test_a_checkpoint_can_be_measured_afterwards(tmp_path: object) -> None:
    def make() -> Trainer:
        layers = [Dense(4, activation="tanh", weight_init="zeros", name="hidden"), Dense(1, weight_init="zeros")]
        return Trainer(Sequential(layers), "squared_error")

    trainer = make()
    trainer.fit(X, Y, max_epochs=2)
    trainer.save_checkpoint(f"{tmp_path}/run.safetensors")
    assert symmetry(make().load_checkpoint(f"{tmp_path}/run.safetensors"))["hidden"].distinct == 1


def test_the_result_is_a_table() -> None:
    result = symmetry(Sequential([Dense(4, name="only")], 3))
    assert str(result).splitlines()[0].split() == ["layer", "units", "distinct", "symmetry"]
    assert result.to_frame()["layer"].tolist() == ["only"]


def test_a_network_of_unknown_width_is_refused() -> None:
    with pytest.raises(ShapeError, match="must have a known width"):
        symmetry(Sequential([Dense(3)]))


def test_something_that_is_no_network_is_refused() -> None:
    with pytest.raises(InvalidSettingError, match="network must be"):
        symmetry(np.ones((3, 3)))  # type: ignore[arg-type]
