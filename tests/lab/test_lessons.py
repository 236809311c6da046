"""Lessons show what they say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lamina.errors import InvalidSettingError, NonFiniteError
from lamina.lab.experiment import Experiment, build, rows_of
from lamina.lab.findings import cured, examined
from lamina.lab.lessons import LESSONS, lesson_of
from lamina.lab.state import LabState, LayerState, TrainingState

SEEDS = range(3)


def trained(state: LabState, epochs: int) -> Experiment:
    rows = rows_of(state)
    experiment = build(state, rows)
    experiment.trainer.fit(rows.X, rows.y, validation_data=(rows.X_val, rows.y_val), max_epochs=epochs)
    return experiment


def accuracy(experiment: Experiment) -> float:
    rows = experiment.rows
    return float(((np.asarray(experiment.trainer.predict_logits(rows.X))[:, 0] > 0) == rows.y).mean())


def test_each_of_them_begins() -> None:
    for lesson in LESSONS:
        assert lesson.title and lesson.text and len(lesson.tasks) >= 2
        assert trained(replace(lesson.state, training=replace(lesson.state.training, learning_rate=1e-3)), 1).trainer.epoch == 1


def test_a_row_names_its_lesson() -> None:
    assert LESSONS[lesson_of("L3")].title == "Why can't a perceptron learn XOR?"
    assert LESSONS[lesson_of("l17")].title == "Why do sigmoid layers stop learning?"
    with pytest.raises(InvalidSettingError, match="L99"):
        lesson_of("L99")


@pytest.mark.parametrize("seed", SEEDS)
def test_a_line_is_wrong_about_a_quarter_of_xor_and_a_hidden_layer_about_few(seed: int) -> None:
    state = replace(LESSONS[lesson_of("L3")].state, seed=seed)
    assert accuracy(trained(state, 200)) < 0.78
    assert accuracy(trained(replace(state, layers=(LayerState(8),)), 200)) > 0.95


@pytest.mark.parametrize("seed", SEEDS)
def test_deep_sigmoid_layers_learn_nothing_and_normalized_ones_do(seed: int) -> None:
    state = replace(LESSONS[lesson_of("L17")].state, seed=seed)
    assert accuracy(trained(state, 100)) < 0.6
    assert accuracy(trained(replace(LESSONS[lesson_of("L24")].state, seed=seed), 100)) > 0.85


@pytest.mark.parametrize("seed", SEEDS)
def test_the_gradient_explodes_unless_it_is_clipped(seed: int) -> None:
    state = replace(LESSONS[lesson_of("L28")].state, seed=seed)
    with pytest.raises(NonFiniteError):
        trained(state, 100)
    for bound in (replace(state.training, clip_norm=0.1), replace(state.training, clip_value=0.01)):
        assert trained(replace(state, training=bound), 20).trainer.history[-1, "validation_loss"] < 0.1


@pytest.mark.parametrize("seed", SEEDS)
def test_units_that_begin_equal_stay_equal(seed: int) -> None:
    experiment = trained(replace(LESSONS[lesson_of("L29")].state, seed=seed), 50)
    weight = np.asarray(experiment.trainer.weights["hidden_1.weight"])
    assert np.all(weight == weight[:, :1])


@pytest.mark.parametrize("seed", SEEDS)
def test_noise_is_learned_by_heart(seed: int) -> None:
    losses = trained(replace(LESSONS[lesson_of("L20")].state, seed=seed), 300).trainer.history[:, "validation_loss"]
    assert losses[-1] > 1.5 * min(losses)


def test_perturbed_weights_learn_and_gradients_learn_faster() -> None:
    state = LESSONS[lesson_of("L8")].state
    assert accuracy(trained(state, 3000)) > 0.95
    assert accuracy(trained(replace(state, training=replace(state.training, optimizer="adam")), 300)) > 0.95


def test_the_doctor_names_what_ails_a_lesson_and_its_cure_helps() -> None:
    state = LESSONS[lesson_of("L17")].state
    findings = examined(state, rows_of(state))
    (vanishing,) = (finding for finding in findings if finding["title"].startswith("vanishing gradient"))
    (cure,) = (cure for cure in vanishing["cures"] if cure["name"] == "use relu")
    after = LabState.from_settings(cure["state"])
    assert {layer.activation for layer in after.layers} == {"relu"}
    assert accuracy(trained(after, 150)) > 0.85


def test_the_doctor_does_not_say_that_a_run_which_goes_on_was_stopped_too_early() -> None:
    state = LESSONS[lesson_of("L14")].state
    endless = replace(state, training=replace(state.training, max_epochs=100_000))
    short = replace(state, training=replace(state.training, max_epochs=100))
    titles = [{finding["title"] for finding in examined(each, rows_of(each))} for each in (endless, short)]
    assert "stopped too early" not in titles[0] and "stopped too early" in titles[1]


def test_a_cure_that_the_page_has_no_setting_for_leads_nowhere() -> None:
    for changes in ({"scale_inputs": True}, {"optimizer": "lbfgs"}, {"widths": (4, 4)}, {"loss": "gaussian_nll"}):
        assert cured(LabState(), changes) is None
    by_loss = cured(LabState(training=TrainingState(loss="squared_error")), {"loss": "log_loss"})
    assert by_loss == LabState()
    after = cured(LabState(), {"early_stopping": True, "l2": 0.01, "batch_norm": True, "widths": (9,), "epochs": 50})
    assert after == LabState(
        layers=(LayerState(9, batch_norm=True),), training=TrainingState(l2=0.01, patience=10, max_epochs=50)
    )
