"""Lessons show what they say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lamina.caller import warnings_kept
from lamina.errors import InvalidSettingError, NonFiniteError
from lamina.lab.curves import Curves
from lamina.lab.experiment import Experiment, build, rows_of
from lamina.lab.findings import cured, examined, with_curves
from lamina.lab.lessons import LESSONS, lesson_of
from lamina.lab.state import DataState, LabState, LayerState, TrainingState

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
@pytest.mark.parametrize(("row", "source", "features"), [("L3", "xor", ("x1*x2",)), ("L1", "circles", ("x1^2", "x2^2"))])
def test_the_feature_that_a_lesson_proposes_lets_a_single_unit_do_what_it_could_not(
    row: str, source: str, features: tuple[str, ...], seed: int
) -> None:
    state = replace(LESSONS[lesson_of(row)].state, seed=seed)
    state = replace(state, data=replace(state.data, source=source))
    assert accuracy(trained(state, 200)) < 0.78
    lifted = replace(state, data=replace(state.data, features=(*state.data.features, *features)))
    assert accuracy(trained(lifted, 200)) > 0.95


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
def test_noise_is_learned_by_heart_and_that_is_not_called_healthy(seed: int) -> None:
    state = replace(LESSONS[lesson_of("L20")].state, seed=seed)
    history = trained(state, 300).trainer.history
    losses = history[:, "validation_loss"]
    assert losses[-1] > 1.5 * min(losses)
    curves = Curves(np.arange(1, 301), np.array(history[:, "loss"]), np.array(losses))
    first, *others = with_curves([{"name": "healthy"}], state, curves)
    assert (first["name"], others) == ("stopped_too_late", [])
    assert first["cures"][0]["state"]["training"]["patience"] > 0
    stopping = replace(state, training=replace(state.training, patience=10))
    assert with_curves([{"name": "healthy"}], stopping, curves) == [{"name": "healthy"}]


@pytest.mark.parametrize("seed", range(5))
def test_small_steps_take_long_and_large_ones_let_the_loss_jump_or_grow(seed: int) -> None:
    state = replace(LESSONS[lesson_of("L14")].state, seed=seed)

    def losses(rate: float, schedule: str = "constant") -> list[float]:
        training = replace(state.training, learning_rate=rate, schedule=schedule)
        return list(trained(replace(state, training=training), training.max_epochs).trainer.history[:, "loss"])

    small, good, jumping, calmed = losses(0.01), losses(0.3), losses(1.0), losses(1.0, "cosine")
    with warnings_kept():  # some come to infinity
        growing = losses(3.0)
    assert good[-1] < 0.5 * small[-1]
    assert np.mean(np.diff(jumping) > 0) > 0.4 and jumping[-1] > 1.1 * good[-1] > calmed[-1]
    assert growing[-1] > 1e6


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


def test_of_what_the_page_lacks_nothing_is_offered_and_a_hidden_layer_is_added_by_a_button() -> None:
    state = LESSONS[lesson_of("L3")].state
    cures = [cure for finding in examined(state, rows_of(state)) for cure in finding["cures"]]
    assert not {"normalize each layer by the batch", "use relu with He's weights"} & {cure["name"] for cure in cures}
    (adding,) = (cure for cure in cures if cure["name"] == "add a hidden layer")
    after = LabState.from_settings(adding["state"])
    assert [layer.activation for layer in after.layers] == ["relu"] * len(after.layers) != []
    assert accuracy(trained(after, 200)) > 0.95


def test_a_rate_that_is_high_already_is_not_called_too_low_where_no_gradient_is_left() -> None:
    state = LESSONS[lesson_of("L30")].state
    findings = {finding["name"]: finding for finding in examined(state, rows_of(state))}
    assert "dead_units" in findings and "learning_rate_too_low" not in findings


def test_the_doctor_does_not_say_that_a_run_which_goes_on_was_stopped_too_early() -> None:
    state = replace(LESSONS[lesson_of("L14")].state, data=DataState("moons"))
    endless = replace(state, training=replace(state.training, max_epochs=100_000))
    short = replace(state, training=replace(state.training, max_epochs=100))
    titles = [{finding["title"] for finding in examined(each, rows_of(each))} for each in (endless, short)]
    assert "stopped too early" not in titles[0] and "stopped too early" in titles[1]


def test_a_cure_that_the_page_has_no_setting_for_leads_nowhere() -> None:
    for changes in ({"scale_inputs": True}, {"optimizer": "lbfgs"}, {"widths": (4,) * 13}, {"loss": "gaussian_nll"}):
        assert cured(LabState(), changes) is None
    by_loss = cured(LabState(training=TrainingState(loss="squared_error")), {"loss": "log_loss"})
    assert by_loss == LabState()
    after = cured(LabState(), {"early_stopping": True, "l2": 0.01, "batch_norm": True, "widths": (9,), "epochs": 50})
    assert after == LabState(
        layers=(LayerState(9, batch_norm=True),), training=TrainingState(l2=0.01, patience=10, max_epochs=50)
    )


def test_layers_that_are_added_are_like_the_last_one() -> None:
    state = LabState(layers=(LayerState(4, "sigmoid"), LayerState(5, "tanh", skip=True)))
    after = cured(state, {"widths": (8, 9, 10)})
    assert after is not None
    assert after.layers == (LayerState(8, "sigmoid"), LayerState(9, "tanh", skip=True), LayerState(10, "tanh"))
    assert cured(LabState(layers=()), {"widths": (8,), "activation": "tanh"}) == LabState(layers=(LayerState(8, "tanh"),))


def test_more_epochs_do_not_shorten_a_run_that_goes_on() -> None:
    assert cured(LabState(), {"epochs": 700}) == LabState()
    short = LabState(training=TrainingState(max_epochs=50))
    after = cured(short, {"epochs": 700})
    assert after is not None and after.training.max_epochs == 700
