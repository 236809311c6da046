"""Every parameter does what it says, wrong ones are refused all at once, and contradictions are named."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, make_regression
from sklearn.preprocessing import StandardScaler

import lamina
from lamina import MLPClassifier, MLPRegressor
from lamina.activations import ACTIVATIONS, get_activation
from lamina.estimators.fitting import optimization
from lamina.estimators.parameters import Parameters
from lamina.initializers import INITIALIZERS
from lamina.losses import NUMBER_LOSSES
from lamina.optimizers import OPTIMIZERS, Adam, StepOptimizer
from lamina.schedules import Cosine, FlatCosine, ReduceOnPlateau, WarmUp
from lamina.validation import InvalidParameterError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_breast_cancer(return_X_y=True)
X = StandardScaler().fit_transform(X)[:200]
y = y[:200]
_SMALL: dict[str, Any] = {"hidden_layer_sizes": (8, 6), "max_iter": 4, "random_state": 0}


def _fit(**settings: Any) -> MLPClassifier:
    return MLPClassifier(**{**_SMALL, **settings}).fit(X, y)


_WRONG: dict[str, Any] = {
    "hidden_layer_sizes": (3, 0),
    "activation": "rleu",
    "solver": "adm",
    "alpha": -1,
    "batch_size": 0,
    "learning_rate": "constnat",
    "learning_rate_init": 0,
    "power_t": -0.1,
    "max_iter": 0,
    "shuffle": "yes",
    "random_state": -1,
    "tol": -1e-9,
    "verbose": "no",
    "warm_start": 1,
    "momentum": 1.2,
    "nesterovs_momentum": None,
    "early_stopping": "True",
    "validation_fraction": 1.0,
    "beta_1": 1,
    "beta_2": -0.5,
    "epsilon": 0,
    "n_iter_no_change": 1.5,
    "max_fun": 0.5,
    "network": "mlp",
    "members": 0,
    "bins": -1,
    "cardinalities": (),
    "optimizer": "sdg",
    "l1_ratio": 1.1,
    "weight_decay": -1,
    "weight_decay_schedule": "adaptive",
    "max_norm": 0,
    "dropout": 1.0,
    "input_dropout": [0.1],
    "dropout_schedule": ReduceOnPlateau(),
    "batch_norm": 2,
    "layer_norm": "on",
    "norm_position": "befor",
    "weight_init": "gloro",
    "bias_init": 3,
    "clip_value": (1, 2, 3),
    "clip_norm": 0,
    "clip_layer_norm": -1,
    "objective": "acuracy",
    "n_restarts": 0,
    "validation_split": 0.2,
    "callbacks": print,
    "max_time": 0,
    "on_interrupt": "ask",
    "n_threads": 0,
    "engine": "gpu",
    "device": "gpu",
    "precision": "half",
    "loss": "logloss",
    "class_weight": "balance",
    "label_smoothing": 1.0,
}


def test_the_table_of_wrong_values_covers_every_parameter() -> None:
    assert _WRONG.keys() == MLPClassifier().get_params().keys()


@pytest.mark.parametrize("name", _WRONG)
def test_a_wrong_value_is_refused_with_the_rule_and_what_came(name: str) -> None:
    with pytest.raises(InvalidParameterError) as caught:
        MLPClassifier(**{name: _WRONG[name]}).fit(X, y)
    assert str(caught.value).startswith(f"MLPClassifier: {name} must be ")
    assert f"got {_WRONG[name]!r}." in str(caught.value)
    assert "\n" not in str(caught.value)


def test_all_wrong_values_are_named_at_once() -> None:
    with pytest.raises(InvalidParameterError) as caught:
        MLPClassifier(**_WRONG).fit(X, y)
    assert [line.split()[1] for line in str(caught.value).split("\n")] != []
    assert {line.split()[1] for line in str(caught.value).split("\n")} == set(_WRONG)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"activation": ["relu"]}, r"activation must be one value, or one per hidden layer \(2\), got \['relu'\]"),
        ({"dropout": [0.1, 0.2, 0.3]}, r"dropout must be one value, or one per hidden layer \(2\)"),
        ({"batch_norm": True, "layer_norm": True}, "layer_norm must be False when batch_norm is True"),
        ({"norm_position": "after"}, "norm_position must be 'before' without batch_norm or layer_norm, got 'after'"),
        ({"solver": "lbfgs", "clip_norm": 1.0}, "clip_norm must be None with solver 'lbfgs', got 1.0"),
        ({"solver": "lbfgs", "weight_decay": 0.1}, "weight_decay must be 0.0 with solver 'lbfgs', got 0.1"),
        ({"solver": "lbfgs", "learning_rate": "cosine"}, "learning_rate must be 'constant' with solver 'lbfgs', got 'cosine'"),
        (
            {"solver": "lbfgs", "dropout_schedule": "cosine"},
            "dropout_schedule must be 'constant' with solver 'lbfgs', got 'cosine'",
        ),
        (
            {"solver": "perturb-one", "weight_decay_schedule": "cosine"},
            "weight_decay_schedule must be 'constant' with solver 'perturb-one', got 'cosine'",
        ),
        ({"optimizer": "adam", "solver": "sgd"}, "solver must keep its default when optimizer is given, got 'sgd'"),
        ({"loss": "hinge", "label_smoothing": 0.1}, "label_smoothing must be 0 unless loss is 'log_loss', got 0.1"),
        ({"clip_value": (1, -1)}, "low < high"),
        ({"dropout_schedule": "cosine"}, "dropout_schedule must be 'constant' with a dropout of 0, got 'cosine'"),
        ({"dropout_schedule": lambda step: 0.9}, "dropout_schedule must be 'constant' with a dropout of 0"),
        ({"weight_decay_schedule": "cosine"}, "weight_decay_schedule must be 'constant' with a weight decay of 0, got 'cosine'"),
        (
            {"optimizer": Adam(), "weight_decay_schedule": "cosine"},
            "weight_decay_schedule must be 'constant' with a weight decay",
        ),
    ],
)
def test_a_contradiction_is_named(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        _fit(**settings)


@pytest.mark.parametrize("name", [*sorted(ACTIVATIONS), "logistic"])
@pytest.mark.filterwarnings("ignore:.*cannot train the weights of:lamina.TrainingWarning")  # step
def test_every_activation_trains(name: str) -> None:
    assert np.isfinite(_fit(activation=name).loss_)


@pytest.mark.parametrize("name", ["lbfgs", "sgd", *sorted(OPTIMIZERS)])
def test_every_solver_lowers_the_loss(name: str) -> None:
    model = _fit(solver=name, learning_rate_init=0.005, max_iter=15)
    assert model.loss_curve_[-1] < model.loss_curve_[0]


@pytest.mark.parametrize("name", sorted(name for name in INITIALIZERS if INITIALIZERS[name].draws_only != "bias"))
def test_every_initializer_starts_the_weights(name: str) -> None:
    model = _fit(weight_init=name, bias_init="zeros", learning_rate_init=1e-30, max_iter=1)
    np.testing.assert_allclose(model.intercepts_[0], 0, atol=1e-29)
    drawn = name not in ("zeros", "constant")
    assert (np.ptp(model.coefs_[0]) > 1e-6) == drawn


def test_activations_may_differ_by_layer_and_bring_their_own_numbers() -> None:
    model = _fit(activation=["tanh", get_activation("leaky_relu", slope=0.5)])
    h = np.tanh(X @ model.coefs_[0] + model.intercepts_[0])
    h = h @ model.coefs_[1] + model.intercepts_[1]
    logits = np.where(h > 0, h, 0.5 * h) @ model.coefs_[2] + model.intercepts_[2]
    np.testing.assert_allclose(model.predict_proba(X)[:, 1], 1 / (1 + np.exp(-logits[:, 0])), rtol=1e-9)


def test_no_hidden_layer_is_a_linear_model() -> None:
    model = _fit(hidden_layer_sizes=())
    assert [w.shape for w in model.coefs_] == [(30, 1)]


@pytest.mark.parametrize(
    ("settings", "layers"),
    [
        ({"dropout": 0.2}, "Dense Activation Dropout Dense Activation Dropout Dense"),
        ({"dropout": [0, 0.3]}, "Dense Activation Dense Activation Dropout Dense"),
        ({"input_dropout": 0.1}, "Dropout Dense Activation Dense Activation Dense"),
        ({"batch_norm": True}, "Dense BatchNorm Activation Dense BatchNorm Activation Dense"),
        ({"batch_norm": True, "norm_position": "after"}, "Dense Activation BatchNorm Dense Activation BatchNorm Dense"),
        ({"activation": ["prelu", "tanh"]}, "Dense PReLU Dense Activation Dense"),
        ({"layer_norm": True, "dropout": 0.1}, "Dense LayerNorm Activation Dropout Dense LayerNorm Activation Dropout Dense"),
    ],
)
def test_layers_are_in_their_places(settings: dict[str, Any], layers: str) -> None:
    model = _fit(**settings)
    assert " ".join(type(layer).__name__ for layer in model.network_.layers) == layers


def test_dropout_changes_training_and_not_prediction() -> None:
    model = _fit(dropout=0.5)
    assert not np.allclose(model.coefs_[0], _fit().coefs_[0])
    np.testing.assert_array_equal(model.predict_proba(X), model.predict_proba(X))


def test_l1_makes_weights_zero_that_l2_makes_small() -> None:
    settings = {"solver": "sgd", "alpha": 20.0, "max_iter": 200, "learning_rate_init": 0.05, "hidden_layer_sizes": ()}
    l1, l2 = (np.abs(_fit(l1_ratio=ratio, **settings).coefs_[0]) for ratio in (1.0, 0.0))
    assert (l1 < 1e-2).sum() > (l2 < 1e-2).sum() + 5
    assert (l1 == 0).sum() > 5
    assert (l2 == 0).sum() == 0


def test_weight_decay_shrinks_weights_that_get_no_gradient() -> None:
    X0 = np.column_stack([X, np.zeros(len(X))])
    model = MLPClassifier(
        **{**_SMALL, "alpha": 0.0, "weight_decay": 0.5, "learning_rate_init": 0.01, "batch_size": 100, "max_iter": 1}
    )
    start = MLPClassifier(**{**_SMALL, "solver": "sgd", "alpha": 0.0, "learning_rate_init": 1e-300, "max_iter": 1})
    unused, first = model.fit(X0, y).coefs_[0][-1], start.fit(X0, y).coefs_[0][-1]
    np.testing.assert_allclose(unused, first * (1 - 0.01 * 0.5) ** 2, rtol=1e-12)


def test_a_weight_decay_schedule_changes_it_from_step_to_step() -> None:
    X0 = np.column_stack([X, np.zeros(len(X))])
    settings = {**_SMALL, "alpha": 0.0, "weight_decay": 0.5, "learning_rate_init": 0.01, "batch_size": 100, "max_iter": 2}
    model = MLPClassifier(**settings, weight_decay_schedule=FlatCosine(final=0.2))
    start = MLPClassifier(**{**_SMALL, "solver": "sgd", "alpha": 0.0, "learning_rate_init": 1e-300, "max_iter": 1})
    unused, first = model.fit(X0, y).coefs_[0][-1], start.fit(X0, y).coefs_[0][-1]
    # four steps, of which the last is in the middle of the cosine
    np.testing.assert_allclose(unused, first * (1 - 0.01 * 0.5) ** 3 * (1 - 0.01 * 0.5 * 0.6), rtol=1e-12)


def test_a_dropout_schedule_changes_all_probabilities() -> None:
    rates = {"dropout": [0.5, 0.3], "input_dropout": 0.1}
    never = _fit(**rates, dropout_schedule=lambda step: 0.0)
    np.testing.assert_allclose(never.coefs_[0], _fit().coefs_[0], rtol=1e-10)
    falling, steady = _fit(**rates, dropout_schedule="flat_cosine"), _fit(**rates)
    assert falling.loss_curve_[:2] == steady.loss_curve_[:2]
    assert falling.loss_curve_[3] != steady.loss_curve_[3]


def test_max_norm_bounds_the_weights_into_every_unit() -> None:
    model = _fit(max_norm=0.5, learning_rate_init=0.1)
    assert max(np.linalg.norm(w, axis=0).max() for w in model.coefs_) <= 0.5 * (1 + 1e-12)


@pytest.mark.parametrize(
    "clip", [{"clip_value": 0.01}, {"clip_value": (-0.01, 0.01)}, {"clip_norm": 0.05}, {"clip_layer_norm": 0.05}]
)
def test_clipping_bounds_the_first_step(clip: dict[str, Any]) -> None:
    settings = {"solver": "sgd", "momentum": 0, "learning_rate_init": 1.0, "alpha": 0, "batch_size": len(X), "max_iter": 1}
    start = _fit(**{**settings, "learning_rate_init": 1e-300})
    moved = _fit(**settings, **clip)
    step = [a - b for a, b in zip(moved.coefs_ + moved.intercepts_, start.coefs_ + start.intercepts_, strict=True)]
    if "clip_value" in clip:
        assert max(np.abs(part).max() for part in step) == pytest.approx(0.01)
    else:
        layers = [np.sqrt((w**2).sum() + (b**2).sum()) for w, b in zip(step[:3], step[3:], strict=True)]
        bounded = max(layers) if "clip_layer_norm" in clip else np.linalg.norm(layers)
        assert bounded == pytest.approx(0.05)


def test_optimizer_objects_and_names_are_other_ways_to_give_a_solver() -> None:
    by_solver = _fit(solver="rmsprop", learning_rate_init=0.02).coefs_[0]
    np.testing.assert_array_equal(_fit(optimizer="rmsprop", learning_rate_init=0.02).coefs_[0], by_solver)
    np.testing.assert_array_equal(_fit(optimizer=lamina.RMSprop(0.02)).coefs_[0], by_solver)
    np.testing.assert_array_equal(_fit(solver=lamina.RMSprop(0.02)).coefs_[0], by_solver)


@pytest.mark.parametrize("schedule", [Cosine(), "cosine", WarmUp(4, then=Cosine())])
def test_schedules_act_on_every_solver(schedule: Any) -> None:
    rates = _fit(learning_rate=schedule, batch_size=50, max_iter=6).history_[:, "learning_rate"]
    assert rates[-1] < max(rates) and len(set(rates)) > 3


def test_a_schedule_may_be_a_function_of_the_step() -> None:
    model = _fit(learning_rate=lambda step: 0.01 / (1 + step), batch_size=100)
    assert model.history_[:, "learning_rate"] == pytest.approx([0.01 / 2, 0.01 / 4, 0.01 / 6, 0.01 / 8])


def test_scikit_learns_schedules_leave_adam_alone() -> None:
    rates = _fit(learning_rate="invscaling").history_[:, "learning_rate"]
    assert set(rates) == {0.001}


@pytest.mark.parametrize("loss", NUMBER_LOSSES)
def test_every_regression_loss_learns(loss: str) -> None:
    X, y = make_regression(n_samples=150, n_features=4, random_state=0)
    of_means = loss in ("poisson", "gamma", "tweedie")
    y = np.exp(y / 100) if of_means else y / 50
    model = MLPRegressor(loss=loss, hidden_layer_sizes=20, learning_rate_init=0.02, max_iter=150, random_state=0).fit(X, y)
    assert model.score(X, y) > 0.8
    # means are the first half of the logits, which is no activation of each
    assert model.out_activation_ == {"gaussian_nll": "function"}.get(loss, "exp" if of_means else "identity")


def test_engines_and_threads_give_the_same_model() -> None:
    reference = _fit(engine="reference", dropout=0.2)
    np.testing.assert_allclose(_fit(engine="auto", dropout=0.2).coefs_[0], reference.coefs_[0], rtol=1e-8, atol=1e-12)
    one, two = (_fit(n_threads=n, hidden_layer_sizes=64).coefs_[0] for n in (1, 2))
    np.testing.assert_array_equal(one, two)


def test_the_random_state_decides_and_nothing_else() -> None:
    first, again, other = (_fit(random_state=seed, dropout=0.1).coefs_[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)
    by_object = [_fit(random_state=np.random.RandomState(5)).coefs_[0] for _ in range(2)]
    np.testing.assert_array_equal(*by_object)


def test_a_batch_larger_than_the_data_is_clipped_with_a_warning() -> None:
    with pytest.warns(UserWarning, match="batch_size 1000 is larger than the 200 rows"):
        clipped = _fit(batch_size=1000)
    np.testing.assert_array_equal(clipped.coefs_[0], _fit(batch_size=200).coefs_[0])


@dataclass(frozen=True)
class Lion(StepOptimizer):
    """An optimizer with two decays and no eps."""

    learning_rate: float = 1e-4
    beta1: float = 0.9
    beta2: float = 0.99
    weight_decay: float = 0.0

    def rule(self):
        raise NotImplementedError


def test_an_optimizer_gets_the_estimators_settings_that_it_has(monkeypatch):
    monkeypatch.setattr(optimization, "OPTIMIZERS", {"lion": Lion})
    monkeypatch.setattr(optimization, "get_optimizer", lambda name, **settings: Lion(**settings))
    made = optimization.build_optimizer(Parameters(loss="squared_error", optimizer="lion", beta_2=0.5, momentum=0.1), None)
    assert made == Lion(learning_rate=0.001, beta2=0.5)


@pytest.mark.parametrize("widths", [8, (8,), [8, 4]])
def test_widths_in_place_of_a_regressor_s_loss_get_the_line_to_write(widths: Any) -> None:
    with pytest.raises(InvalidParameterError, match=re.escape(f"write MLPRegressor(hidden_layer_sizes={widths!r})")):
        MLPRegressor(widths).fit([[0.0], [1.0]], [0.0, 1.0])
