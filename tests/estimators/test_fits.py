"""A fit is made whole before the estimator has it; what the estimator shows are views of it."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest

from lamina import MLPClassifier, MLPRegressor, load_model, save_model
from lamina.estimators.fitted import fit_of
from lamina.losses import CustomLoss, Poisson, SigmoidCrossEntropy
from lamina.training import Callback

X = np.random.default_rng(0).normal(size=(60, 3))
Y = (X[:, 0] + X[:, 1] > 0).astype(int)
SETTINGS = {"hidden_layer_sizes": (4,), "max_iter": 5, "random_state": 0}

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


class Failing(Callback):
    """Fails after two epochs."""

    def on_epoch_end(self, trainer, record):
        if record["epoch"] % 5 == 2:
            raise RuntimeError("the callback's own")


@pytest.mark.parametrize("family", [MLPClassifier, MLPRegressor])
@pytest.mark.parametrize("warm_start", [False, True])
def test_a_fit_that_fails_leaves_the_model_of_the_fit_before(family, warm_start):
    model = family(**SETTINGS).fit(X, Y)
    before = pickle.dumps([model.coefs_, model.loss_curve_, model.t_, model.n_iter_, model.predict(X)])
    model.set_params(callbacks=[Failing()], warm_start=warm_start)
    with pytest.raises(RuntimeError, match="the callback's own"):
        model.fit(X, Y)
    assert pickle.dumps([model.coefs_, model.loss_curve_, model.t_, model.n_iter_, model.predict(X)]) == before


@pytest.mark.parametrize("family", [MLPClassifier, MLPRegressor])
def test_what_is_set_after_a_fit_does_not_change_what_it_was_asked_for(family):
    model = family(**SETTINGS).fit(X, Y)
    asked = fit_of(model).parameters
    model.set_params(alpha=0.5, max_iter=7)
    assert (asked.alpha, asked.max_iter) == (0.0001, 5)
    assert model.partial_fit(X, Y).n_iter_ == 1
    assert fit_of(model).parameters.alpha == 0.5


@pytest.mark.parametrize("family", [MLPClassifier, MLPRegressor])
def test_a_model_from_a_file_is_fitted_further_with_early_stopping(family, tmp_path):
    save_model(tmp_path / "m", family(**SETTINGS).fit(X, Y))
    model = load_model(tmp_path / "m").set_params(warm_start=True, early_stopping=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, Y)
    assert len(model.loss_curve_) == 10
    assert len(model.validation_scores_) == 5


@pytest.mark.parametrize(
    ("loss", "name"),
    [
        ("squared_error", "identity"),
        (Poisson(), "exp"),
        (SigmoidCrossEntropy(), "logistic"),
        (CustomLoss(lambda z, t: ((z - t) ** 2).sum(axis=1), inverse_link="tanh"), "tanh"),
        (CustomLoss(lambda z, t: ((z - t) ** 2).sum(axis=1), inverse_link=np.tanh), "function"),
    ],
)
def test_the_output_s_activation_is_the_loss_s_link(loss, name):
    assert MLPRegressor(loss=loss, **SETTINGS).fit(X, Y).out_activation_ == name


@pytest.mark.parametrize("attribute", ["loss_", "loss_curve_", "n_outputs_", "stop_reason_", "coefs_", "history_"])
def test_before_a_fit_there_is_nothing_to_see(attribute):
    with pytest.raises(AttributeError, match=f"'MLPRegressor' object has no attribute '{attribute}' before it is fitted"):
        getattr(MLPRegressor(), attribute)
