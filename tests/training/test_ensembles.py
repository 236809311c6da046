"""Trainers, estimators, files and analyses with an ensemble in the place of a network."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from scipy import sparse
from sklearn.metrics import log_loss

from lamina import (
    BatchNorm,
    Dense,
    Dropout,
    Ensemble,
    Graph,
    Input,
    LayerNorm,
    MLPClassifier,
    MLPRegressor,
    Sequential,
    Trainer,
    activation_statistics,
    check_gradients,
    data_driven_initialization,
    explain_step,
    layer_outputs,
    load_model,
    save_model,
    symmetry,
)
from lamina.errors import InvalidSettingError, ShapeError
from lamina.losses import LOSSES, get_loss
from lamina.optimizers import get_optimizer
from lamina.training import Monitor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 5))
LABELS, NUMBERS = (X[:, 0] * X[:, 1] > 0).astype(int), X[:, 0] * X[:, 1] + 0.1 * RNG.normal(size=90)


def ensemble(units: int = 2, *hidden: object, members: int = 3, **settings: object) -> Ensemble:
    layers = hidden or (Dense(12, activation="relu"), Dropout(0.1))
    return Ensemble(Sequential([*layers, Dense(units)]), members=members, **settings)


def target_for(name: str) -> tuple[object, int, np.ndarray]:
    """The loss of that name, the units of an output, and targets."""
    loss = get_loss("quantile", levels=(0.1, 0.5, 0.9)) if name == "quantile" else get_loss(name)
    units = 2 if name == "gaussian_nll" else 3
    rng, shape = np.random.default_rng(1), (90, loss.target_width(units))
    if loss.one_of_several:
        return loss, units, rng.integers(0, 3, 90)
    if loss.label_codes in ((0.0, 1.0), (-1.0, 1.0)):
        return loss, units, rng.choice(loss.label_codes, shape)
    return loss, units, rng.gamma(2.0, size=shape)


@pytest.mark.parametrize("engine", ["native", "reference"])
@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_trains_members_and_predicts_their_mean(name, engine, tmp_path):
    loss, units, y = target_for(name)
    trainer = Trainer(ensemble(units), loss, engine=engine, dtype="float64", seed=1)
    trainer.fit(X, y, validation_data=(X, y), sample_weight=RNG.random(90), max_epochs=2)
    predictions, of_members = trainer.predict(X), trainer.predict_members(X)
    assert of_members.shape == (3, *predictions.shape)
    np.testing.assert_allclose(of_members.mean(axis=0), predictions, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(trainer.losses[0].predict(trainer.predict_logits(X)), predictions, rtol=1e-9, atol=1e-12)
    distribution = trainer.predict_distribution(X)
    np.testing.assert_allclose(distribution.mean, predictions, rtol=1e-10, atol=1e-13)
    assert (distribution.spread >= of_members.std(axis=0, ddof=1) * (1 - 1e-12)).all()
    save_model(tmp_path / "model", trainer)
    model = load_model(tmp_path / "model")
    for method in ("predict", "predict_members", "predict_logits"):
        np.testing.assert_array_equal(getattr(model, method)(X), getattr(trainer, method)(X))
    assert model.evaluate(X, y) == trainer.evaluate(X, y)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(trainer)).predict(X), predictions)


@pytest.mark.parametrize("weight", [None, RNG.random(90)], ids=["equal weights", "sample weights"])
def test_the_loss_is_that_of_the_predictions_and_no_larger_than_the_mean_of_the_members(weight):
    trainer = Trainer(ensemble(2), "log_loss", dtype="float64", seed=2)
    history = trainer.fit(X, LABELS, sample_weight=weight, validation_data=(X, LABELS, weight), max_epochs=3)
    found = trainer.evaluate(X, LABELS, weight)["loss"]
    assert found == pytest.approx(log_loss(LABELS, trainer.predict(X), sample_weight=weight), rel=1e-10)
    assert history[-1, "validation_loss"] == found
    of_members = [log_loss(LABELS, p, sample_weight=weight) for p in trainer.predict_members(X)]
    assert found < np.mean(of_members)
    assert trainer.executor.evaluate(trainer.batches(X, LABELS, weight))[0] == pytest.approx(np.mean(of_members), rel=1e-10)


def test_both_engines_train_alike():
    found = []
    for engine in ("native", "reference"):
        trainer = Trainer(ensemble(2, Dense(8), BatchNorm(), Dropout(0.2)), "log_loss", engine=engine, dtype="float64")
        trainer.fit(X, LABELS, max_epochs=3)
        found.append(trainer.predict(X))
    np.testing.assert_allclose(*found, rtol=1e-8)


@pytest.mark.parametrize("sharing", ["full", "mini"])
def test_members_differ_and_the_mean_is_better_than_a_member(sharing):
    trainer = Trainer(ensemble(1, Dense(32, activation="relu"), members=8, sharing=sharing), "squared_error", seed=0)
    trainer.fit(X, NUMBERS, max_epochs=60)
    of_members = trainer.predict_members(X)[:, :, 0]
    errors = ((of_members - NUMBERS) ** 2).mean(axis=1)
    assert of_members.std(axis=0).min() > 0
    of_mean = ((of_members.mean(axis=0) - NUMBERS) ** 2).mean()
    assert of_mean < errors.mean()
    assert of_mean == pytest.approx(2 * trainer.evaluate(X, NUMBERS)["loss"], rel=1e-4)


def test_the_spread_of_gaussian_members_has_their_variances_and_that_of_their_means():
    trainer = Trainer(ensemble(2), "gaussian_nll", dtype="float64").build(5)
    logits = trainer.executor.predict([X])[0].reshape(90, 3, 2)
    loss = get_loss("gaussian_nll")
    variances = np.mean([loss.spread(logits[:, i]) ** 2 for i in range(3)], axis=0)
    expected = np.sqrt(variances + logits[:, :, :1].var(axis=1, ddof=1))
    np.testing.assert_allclose(trainer.predict_distribution(X).spread, expected, rtol=1e-12)


def test_masks_add_to_the_spread_of_members():
    trainer = Trainer(ensemble(1, Dense(12, activation="relu"), Dropout(0.5)), "squared_error", dtype="float64").build(5)
    members = trainer.predict_distribution(X)
    both = trainer.predict_distribution(X, mc_samples=50)
    assert (members.mc_samples, both.mc_samples) == (0, 50)
    assert both.spread.mean() > members.spread.mean()


@pytest.mark.parametrize("engine", ["native", "reference"])
@pytest.mark.parametrize("sharing", ["full", "mini"])
def test_batch_normalization_works_under_masks_as_in_prediction(sharing, engine):
    layers = (Dense(12, activation="relu"), BatchNorm(), Dropout(0.01))
    trainer = Trainer(ensemble(1, *layers, sharing=sharing), "squared_error", dtype="float64", engine=engine, seed=0)
    trainer.fit(X, NUMBERS, max_epochs=3)
    before, network = trainer.predict(X), trainer.network
    found = trainer.predict_distribution(X, mc_samples=200)
    np.testing.assert_allclose(found.mean, before, atol=0.05)
    for i in range(3):  # rows do not depend on each other, as they do with the statistics of a batch
        alone = trainer.predict_distribution(X[i : i + 1], mc_samples=200)
        np.testing.assert_allclose(alone.mean, before[i : i + 1], atol=0.05)
    np.testing.assert_array_equal(trainer.predict(X), before)
    assert trainer.network == network


def test_a_row_without_its_axis_is_told_how_to_become_rows():
    trainer = Trainer(ensemble(1), "squared_error").build(5)
    for method in (trainer.predict, trainer.predict_members):
        with pytest.raises(ShapeError, match=r"must have shape \(rows, 5\), got \(5,\)\. Use X\.reshape\(1, -1\) for one row\.$"):
            method(X[0])
    one = Trainer(ensemble(1), "squared_error").build(1)
    with pytest.raises(ShapeError, match=r"Use X\.reshape\(-1, 1\) for one feature"):
        one.predict_members(X[:, 0])


def test_a_network_without_members_says_so():
    with pytest.raises(InvalidSettingError, match="the network must be an Ensemble to have members"):
        Trainer(Sequential([Dense(1)]), "squared_error").predict_members(X)


@pytest.mark.parametrize("engine", ["native", "reference"])
@pytest.mark.parametrize("kind", ["perturb-one", "perturb-all"])
@pytest.mark.parametrize("objective", [None, "accuracy", lambda y, p: float(np.mean((p.argmax(axis=1) - y[:, 0]) ** 2))])
def test_perturbed_weights_see_the_mean_prediction(kind, engine, objective):
    optimizer = get_optimizer(kind, objective=objective)
    trainer = Trainer(ensemble(2, Dense(4, activation="relu")), "log_loss", optimizer, engine=engine, dtype="float64")
    history = trainer.fit(X, LABELS, max_epochs=2)
    assert np.isfinite(history[-1, "loss"])


def test_a_loss_of_the_users_own_is_averaged_over_members():
    def own(logits, targets):
        return 0.5 * ((logits - targets) ** 2).sum(axis=1)

    found = []
    for loss in (own, "squared_error"):
        trainer = Trainer(ensemble(1), loss, dtype="float64", callbacks=[Monitor()])
        trainer.fit(X, NUMBERS, max_epochs=2, validation_data=(X, NUMBERS))
        found.append((trainer.evaluate(X, NUMBERS)["loss"], trainer.predict(X)))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-7)
    np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize(
    ("own", "message"),
    [
        (
            lambda z, t: np.mean((z - t) ** 2),
            r"the loss must have shape \(96,\), like the logits of 3 members for 32 rows, got \(\)",
        ),
        (
            lambda z, t: ((z - t)[:, 0] ** 2, (z - t)[:, 0]),
            r"the gradient must have shape \(96, 1\), like the logits of 3 members",
        ),
    ],
)
def test_a_loss_of_the_wrong_shape_is_told_of_the_members(own, message):
    trainer = Trainer(ensemble(1), own, batch_size=32)
    with pytest.raises(ShapeError, match=message):
        trainer.fit(X, NUMBERS, max_epochs=1)


def test_several_outputs_have_members_each():
    x = Input(5)
    hidden = Dense(8, activation="relu")(x)
    network = Graph(x, [Dense(1, name="number")(hidden), Dense(2, name="label")(hidden)])
    trainer = Trainer(Ensemble(network, members=3), {"number": "squared_error", "label": "softmax_cross_entropy"})
    trainer.fit(X, [NUMBERS, LABELS], max_epochs=2)
    assert [part.shape for part in trainer.predict_members(X)] == [(3, 90, 1), (3, 90, 2)]
    assert [part.shape for part in trainer.predict(X)] == [(90, 1), (90, 2)]
    assert set(trainer.evaluate(X, [NUMBERS, LABELS])) == {"loss", "number_loss", "label_loss"}


def test_sparse_rows_give_what_dense_ones_give():
    found = []
    for rows in (X, sparse.csr_matrix(X)):
        trainer = Trainer(ensemble(2), "log_loss", dtype="float64")
        trainer.fit(rows, LABELS, max_epochs=2)
        found.append(trainer.predict(rows))
    np.testing.assert_allclose(*found, rtol=1e-9)


def test_a_checkpoint_continues_to_the_bit(tmp_path):
    whole = Trainer(ensemble(2), "log_loss")
    whole.fit(X, LABELS, max_epochs=4)
    begun = Trainer(ensemble(2), "log_loss")
    begun.fit(X, LABELS, max_epochs=2)
    begun.save_checkpoint(tmp_path / "checkpoint")
    resumed = Trainer(ensemble(2), "log_loss").load_checkpoint(tmp_path / "checkpoint")
    resumed.fit(X, LABELS, max_epochs=2)
    np.testing.assert_array_equal(resumed.predict(X), whole.predict(X))


def test_a_checkpoint_of_another_kind_of_network_names_both_kinds(tmp_path):
    begun, path = Trainer(ensemble(2), "log_loss"), tmp_path / "checkpoint"
    begun.fit(X, LABELS, max_epochs=1)
    begun.save_checkpoint(path)
    plain = Trainer(Sequential([Dense(12, activation="relu"), Dropout(0.1), Dense(2)]), "log_loss")
    with pytest.raises(
        InvalidSettingError, match=r"network\.kind must be 'ensemble', as in the run .*, got 'sequential'\."
    ) as caught:
        plain.load_checkpoint(path)
    assert len(str(caught.value).replace(str(path), "")) < 200


def test_a_monitor_measures_the_units_of_all_members():
    monitor = Monitor()
    trainer = Trainer(ensemble(2), "log_loss", callbacks=[monitor])
    trainer.fit(X, LABELS, max_epochs=3)
    assert np.isfinite(monitor.record.probes.weight_norm).all()


@pytest.mark.parametrize("sharing", ["full", "mini"])
def test_analyses_read_an_ensemble(sharing):
    trainer = Trainer(
        ensemble(2, Dense(6, activation="softmax"), BatchNorm(), Dense(4, activation="tanh"), sharing=sharing), "log_loss"
    )
    trainer.fit(X, LABELS, max_epochs=1)
    assert check_gradients(trainer, X, LABELS).passed
    assert activation_statistics(trainer, X, LABELS)["dense_1"].width == 18
    assert symmetry(trainer).columns()["units"] == [6, 4, 6]
    assert explain_step(trainer, X[0], LABELS[0])["dense_1"].sums.shape == (18,)
    assert layer_outputs(trainer, X)["dense_3"].shape == (90, 6)
    assert data_driven_initialization(trainer.network, X).shape == (trainer.network.num_parameters,)


@pytest.mark.parametrize("loss", ["log_loss", "hinge", "categorical_hinge"])
def test_a_classifier_decides_by_the_mean(loss, tmp_path):
    y = np.array(["a", "b", "c"])[(X[:, :3].argmax(axis=1))]
    model = MLPClassifier(network=ensemble(3), loss=loss, max_iter=30, random_state=0, early_stopping=True).fit(X, y)
    if loss == "log_loss":
        np.testing.assert_array_equal(model.predict(X), model.classes_[model.predict_proba(X).argmax(axis=1)])
        np.testing.assert_allclose(model.predict_distribution(X).mean, model.predict_proba(X), atol=1e-6)
    else:
        np.testing.assert_array_equal(model.predict(X), model.classes_[model.decision_function(X).argmax(axis=1)])
    save_model(tmp_path / "model", model)
    np.testing.assert_array_equal(load_model(tmp_path / "model").predict(X), model.predict(X))


def test_two_classes_are_decided_where_the_mean_probability_passes_one_half():
    model = MLPClassifier(network=ensemble(1), max_iter=30, random_state=0).fit(X, LABELS)
    np.testing.assert_array_equal(model.predict(X), (model.predict_proba(X)[:, 1] > 0.5).astype(int))


def test_a_regressor_predicts_the_mean_and_its_spread():
    model = MLPRegressor(network=ensemble(1), solver="lbfgs", max_iter=30, random_state=0).fit(X, NUMBERS)
    distribution = model.predict_distribution(X)
    np.testing.assert_allclose(distribution.mean, model.predict(X), atol=1e-10)
    assert distribution.spread.min() > 0
    assert [w.shape for w in model.coefs_] == [(5, 12), (3, 12, 1)]


@pytest.mark.parametrize(("sharing", "shapes"), [("full", [(3, 12), (3, 6), (3, 1)]), ("mini", [(12,), (6,), (3, 1)])])
def test_intercepts_are_the_biases_of_every_layer(sharing, shapes):
    network = ensemble(1, Dense(12, activation="relu"), LayerNorm(), Dense(6, activation="relu"), sharing=sharing)
    model = MLPRegressor(network=network, max_iter=2, random_state=0).fit(X, NUMBERS)
    assert [b.shape for b in model.intercepts_] == shapes
    assert len(model.coefs_) == len(shapes)
    model.intercepts_ = [b + 1.0 for b in model.intercepts_]
    weights = model.network_.unflatten(model._fit.trainer.executor.views()[0])
    np.testing.assert_array_equal(weights["dense_1.bias"], model.intercepts_[0])
