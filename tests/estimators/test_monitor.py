"""Estimators keep what a monitor among their callbacks recorded."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from sklearn.base import clone

from lamina import EarlyStopping, MLPClassifier, MLPRegressor, Monitor

X = np.random.default_rng(0).normal(size=(80, 4))
Y = (X[:, 0] + X[:, 1] ** 2 > 0.5).astype(int)
SETTINGS = {"hidden_layer_sizes": (6,), "batch_size": 16, "max_iter": 8, "random_state": 1, "n_iter_no_change": 99}

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def assert_equal_models(one, other):
    assert one.loss_curve_ == other.loss_curve_
    for ours, theirs in zip([*one.coefs_, *one.intercepts_], [*other.coefs_, *other.intercepts_], strict=True):
        np.testing.assert_array_equal(ours, theirs)


WAYS = {
    "plain": {},
    "early stopping": {"early_stopping": True, "n_iter_no_change": 2},
    "restarts": {"n_restarts": 3},
    "L-BFGS": {"solver": "lbfgs", "batch_size": "auto"},
    "warm start": {"warm_start": True},
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_a_fit_is_the_same_with_a_monitor_and_keeps_its_record(kind, way):
    settings = WAYS[way]
    plain, watched = (kind(**SETTINGS | settings, callbacks=callbacks) for callbacks in ((), [Monitor()]))
    for model in (plain, watched):
        model.fit(X, Y)
        if settings.get("warm_start"):
            model.fit(X, Y)
    assert_equal_models(plain, watched)
    record = watched.monitor_
    assert record.epoch["loss"].tolist() == plain.history_[:, "loss"]
    assert record.stop == (plain.stop_reason_.code, plain.stop_reason_.text)
    assert record.probes.steps[0] == 0


def test_without_a_monitor_there_is_no_record():
    model = MLPClassifier(**SETTINGS)
    assert not hasattr(model, "monitor_")
    model.fit(X, Y)
    assert not hasattr(model, "monitor_")
    with pytest.raises(AttributeError, match=r"callbacks=\[lamina.Monitor\(\)\]"):
        _ = model.monitor_


def test_the_record_of_restarts_is_that_of_the_one_that_was_kept():
    model = MLPClassifier(**SETTINGS | {"n_restarts": 4, "callbacks": [Monitor()]}).fit(X, Y)
    seed = model.restarts_[model.restarts_.chosen].seed
    alone = MLPClassifier(**SETTINGS | {"random_state": seed, "callbacks": [Monitor()]}).fit(X, Y)
    assert repr(model.monitor_.probes) == repr(alone.monitor_.probes)
    assert model.callbacks[0].record.probes.loss.tolist() == model.monitor_.probes.loss.tolist()


def test_partial_fits_add_to_one_record():
    plain, watched = (MLPClassifier(**SETTINGS, callbacks=callbacks) for callbacks in ((), [Monitor(every=3)]))
    for _ in range(6):
        for model in (plain, watched):
            model.partial_fit(X, Y, classes=[0, 1])
    assert_equal_models(plain, watched)
    assert watched.monitor_.num_steps == 30
    assert watched.monitor_.probes.steps.tolist() == list(range(0, 31, 3))
    assert np.isfinite(watched.monitor_.probes.update_norm[:-1]).all()


def test_a_model_keeps_its_record_when_the_monitor_watches_another():
    monitor = Monitor()
    first = MLPClassifier(**SETTINGS, callbacks=[monitor]).fit(X, Y)
    before = first.monitor_.probes.loss.tolist()
    MLPClassifier(**SETTINGS | {"random_state": 2}, callbacks=[monitor]).fit(X, Y)
    assert first.monitor_.probes.loss.tolist() == before


@pytest.mark.parametrize("copied", [copy.deepcopy, copy.copy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies_keep_the_record(copied):
    model = MLPClassifier(**SETTINGS, callbacks=[Monitor(), EarlyStopping("loss")]).fit(X, Y)
    assert repr(copied(model).monitor_.to_dict()) == repr(model.monitor_.to_dict())
    assert not hasattr(clone(model), "monitor_")
