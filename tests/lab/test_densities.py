"""Densities show where the values of each layer lie, over time."""

from __future__ import annotations

import numpy as np

from lamina.analysis import layer_outputs
from lamina.lab.densities import BINS, Densities
from lamina.lab.experiment import build, rows_of
from lamina.lab.state import DataState, LabState, LayerState, TrainingState


def look(state: LabState, *epochs: int) -> tuple[np.ndarray, np.ndarray]:
    rows = rows_of(state)
    experiment = build(state, rows)
    trainer = experiment.trainer
    trainer.fit(rows.X, rows.y, max_epochs=1)
    densities = Densities(experiment)
    densities.look(trainer.step)
    for count in epochs:
        trainer.fit(rows.X, rows.y, max_epochs=count)
        densities.look(trainer.step)
    found = densities.arrays()
    return found["densities"], found["densities.steps"]


def shares(column: np.ndarray) -> np.ndarray:
    return np.asarray((column / 255.0) ** 2)


def test_they_have_a_column_for_each_look_and_every_value_is_in_a_bin() -> None:
    layers = (LayerState(8, dropout=0.5, batch_norm=True, skip=True), LayerState(3, "relu"))
    densities, steps = look(LabState(layers=layers), 1, 1)
    assert densities.shape == (3, 3, 2, BINS) and densities.dtype == np.uint8
    assert steps.tolist() == [9, 18, 27]
    np.testing.assert_allclose(shares(densities).sum(axis=-1), 1, atol=0.05)


def test_a_step_is_looked_at_once() -> None:
    state = LabState()
    experiment = build(state, rows_of(state))
    experiment.trainer.fit(experiment.rows.X, experiment.rows.y, max_epochs=1)
    densities = Densities(experiment)
    densities.look(3)
    densities.look(3)
    assert len(densities.arrays()["densities"]) == 1


def test_activations_lie_where_their_function_has_its_values() -> None:
    middle = BINS // 2
    (tanh, sigmoid), _ = (look(LabState(layers=(LayerState(16, "tanh"), LayerState(16, "sigmoid"))))[0][0, :2, 0], None)
    assert not tanh[: middle - 10].any() and not tanh[middle + 10 :].any()
    assert tanh[:middle].any() and tanh[middle:].any()
    assert not sigmoid[:middle].any()


def test_what_each_unit_gives_on_average_is_known_of_one_layer_after_the_other() -> None:
    experiment = build(state := LabState(layers=(LayerState(3, dropout=0.5), LayerState(2, "relu"))), rows_of(state))
    densities = Densities(experiment)
    densities.look(0)
    names = (*experiment.hidden, "output")
    outputs = layer_outputs(experiment.trainer, experiment.rows.X[:128], layers=names)
    means = np.concatenate([outputs[name].mean(axis=0) for name in names])
    np.testing.assert_allclose(densities.arrays()["activations"], means, rtol=1e-5)


def test_the_gradient_of_deep_sigmoid_layers_fades_towards_the_first() -> None:
    state = LabState(DataState("circles"), (LayerState(6, "sigmoid"),) * 6, TrainingState("gradient_descent", 0.1))
    gradients = shares(look(state)[0][-1, :, 1])
    centers = gradients @ np.arange(BINS)
    assert np.all(np.diff(centers) > 0)
    assert centers[-1] - centers[0] > 8  # bins, of four a decade


def test_a_training_that_is_looked_at_is_the_same() -> None:
    state = LabState(layers=(LayerState(8, dropout=0.3, batch_norm=True),))
    rows, parameters = rows_of(state), []
    for looks in (False, True):
        experiment = build(state, rows)
        for _ in range(3):
            experiment.trainer.fit(rows.X, rows.y, max_epochs=1)
            if looks:
                Densities(experiment).look(experiment.trainer.step)
        parameters.append(experiment.trainer.executor.snapshot())
    np.testing.assert_array_equal(parameters[0].parameters, parameters[1].parameters)
    np.testing.assert_array_equal(parameters[0].state, parameters[1].state)
