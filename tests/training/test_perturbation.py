"""Rows L8 and L9 of the lecture: learning by perturbing one weight, and by perturbing all."""

import numpy as np
import pytest
from sklearn import metrics

from lamina.clipping import Clipping
from lamina.errors import DataError, InvalidSettingError, ShapeError
from lamina.layers import BatchNorm, Dense, Dropout
from lamina.losses import CustomLoss, Hinge, SigmoidCrossEntropy, SoftmaxCrossEntropy
from lamina.metrics import OBJECTIVES, accuracy, f1
from lamina.network import Sequential
from lamina.optimizers import LBFGS, Adam, PerturbAll, PerturbOne, get_optimizer
from lamina.schedules import Cosine
from lamina.training import Trainer, objectives

XOR = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([0.0, 1.0, 1.0, 0.0])
BOTH = (PerturbOne(trials=20), PerturbAll(0.05, trials=2))


def blobs(n=90, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, n)
    return rng.normal(size=(n, 4)) + 2 * np.eye(4)[y], y


def trainer(optimizer, loss="softmax_cross_entropy", units=3, **settings):
    network = Sequential([Dense(6, activation="tanh"), Dense(units)])
    return Trainer(network, loss, optimizer, **{"batch_size": None, "seed": 3, "dtype": "float64", **settings})


def test_l8_threshold_units_learn_the_exclusive_or():
    network = Sequential([Dense(3, activation="step"), Dense(1, activation="step")])
    fit = Trainer(network, "squared_error", PerturbOne(scale=1.0, accept_ties=True), batch_size=None, seed=1)
    fit.fit(*XOR, max_epochs=20)
    assert fit.predict(XOR[0]).ravel().tolist() == [0, 1, 1, 0]


def test_l9_all_weights_at_once_learn_the_exclusive_or():
    network = Sequential([Dense(4, activation="tanh"), Dense(1)])
    fit = Trainer(network, "sigmoid_cross_entropy", PerturbAll(0.1, trials=4), batch_size=None)
    fit.fit(*XOR, max_epochs=2000)
    assert np.abs(fit.predict(XOR[0]).ravel() - XOR[1]).max() < 0.05


@pytest.mark.parametrize("optimizer", BOTH, ids=lambda optimizer: optimizer.kind)
def test_l8_l9_mini_batches_are_samples_of_the_objective(optimizer):
    fit = trainer(optimizer, batch_size=40)
    history = fit.fit(*blobs(), max_epochs=30)
    assert fit.step == 90
    assert history[-1]["loss"] < 0.6 * history[0]["loss"]


@pytest.mark.parametrize("name", OBJECTIVES)
def test_l8_a_score_with_a_name_is_raised_and_recorded(name):
    X, y = blobs()
    if name == "r2":
        y, units, loss = X[:, 0] * X[:, 1], 1, "squared_error"
    else:
        units, loss = 3, "softmax_cross_entropy"
    fit = trainer(PerturbOne(objective=name), loss, units)
    history = fit.fit(X, y, max_epochs=8)
    scores = [record["objective"] for record in history]
    assert scores == sorted(scores)
    assert scores[-1] > scores[0] + 0.2
    score = objectives.score(name, fit.losses[0], fit.batches(X, y).targets[0], fit.predict(X))
    assert score >= scores[-1]


@pytest.mark.parametrize("optimizer", [PerturbOne, PerturbAll])
def test_l8_l9_a_function_of_the_users_gets_targets_and_predictions(optimizer):
    X, y = blobs()

    def macro_f1(targets, predictions):
        np.testing.assert_allclose(predictions.sum(axis=1), 1)
        return metrics.f1_score(targets[:, 0], predictions.argmax(axis=1), average="macro")

    settings = {"learning_rate": 0.5, "scale": 0.2} if optimizer is PerturbAll else {}
    history = trainer(optimizer(trials=20, objective=macro_f1, **settings)).fit(X, y, max_epochs=12)
    assert history[-1]["objective"] > history[0]["objective"] + 0.1


def test_l8_a_cost_of_the_users_is_lowered():
    X, y = blobs()
    cost = PerturbOne(objective=lambda targets, predictions: float(np.mean(predictions[:, 0])), maximize=False)
    history = trainer(cost).fit(X, y, max_epochs=5)
    assert history[-1]["objective"] < 0.1 * history[0]["objective"]


@pytest.mark.parametrize("optimizer", BOTH, ids=lambda optimizer: optimizer.kind)
def test_a_loss_of_the_users_gives_the_numbers_of_the_built_in_one(optimizer):
    X, _ = blobs()

    def squares(logits, targets):
        return 0.5 * ((logits - targets) ** 2).sum(axis=1)

    fits = [trainer(optimizer, loss, 2) for loss in ("squared_error", CustomLoss(squares))]
    histories = [fit.fit(X, X[:, :2], max_epochs=5) for fit in fits]
    np.testing.assert_allclose(histories[0][:, "loss"], histories[1][:, "loss"], rtol=1e-10)


def test_a_schedule_changes_the_scale_of_one_and_the_rate_of_all():
    for optimizer in (PerturbOne(scale=0.4), PerturbAll(0.4)):
        history = trainer(optimizer, schedule=Cosine()).fit(*blobs(), max_epochs=4)
        assert history[0]["learning_rate"] == 0.4
        assert history[3]["learning_rate"] < 0.1


def test_checkpoints_continue_bit_for_bit(tmp_path):
    for optimizer in (*BOTH, PerturbOne(trials=5, objective=lambda targets, predictions: -float(np.abs(predictions).mean()))):
        whole, first, second = (trainer(optimizer, batch_size=30) for _ in range(3))
        whole.fit(*blobs(), max_epochs=4)
        first.fit(*blobs(), max_epochs=2)
        first.save_checkpoint(tmp_path / "half")
        second.build(4).load_checkpoint(tmp_path / "half").fit(*blobs(), max_epochs=2)
        np.testing.assert_array_equal(second.executor.snapshot().parameters, whole.executor.snapshot().parameters)


@pytest.mark.parametrize("optimizer", [BOTH[0], PerturbAll(antithetic=False)], ids=lambda optimizer: optimizer.kind)
def test_batch_norm_takes_part_and_its_running_statistics_follow_once_a_step(optimizer):
    network = Sequential([Dense(6), BatchNorm(), Dense(3)])
    X, y = blobs()
    fit, untrained = (Trainer(network, "softmax_cross_entropy", optimizer, batch_size=None).build(4) for _ in range(2))
    fit.fit(X, y, max_epochs=1)
    untrained.executor.forward([X], np.arange(90), 0)
    np.testing.assert_allclose(fit.executor.snapshot().state, untrained.executor.snapshot().state, rtol=1e-5)


@pytest.mark.parametrize(
    ("truth", "loss"), [([[0], [2], [1], [1]], SoftmaxCrossEntropy()), ([[0], [1], [1], [1]], SigmoidCrossEntropy())]
)
def test_scores_equal_scikit_learns(truth, loss):
    truth = np.array(truth)
    predictions = np.array([[0.8, 0.1, 0.1], [0.2, 0.5, 0.3], [0.1, 0.8, 0.1], [0.3, 0.3, 0.4]])[:, : 3 if truth.max() > 1 else 1]
    targets, decided = objectives.decide(loss, truth, predictions)
    average = "macro" if truth.max() > 1 else "binary"
    assert f1(targets, decided) == pytest.approx(metrics.f1_score(targets, decided, average=average))
    assert accuracy(targets, decided) == pytest.approx(metrics.accuracy_score(targets, decided))


def test_hinge_losses_decide_at_zero():
    decided = objectives.decide(Hinge(), np.array([[-1.0], [1.0]]), np.array([[0.2], [0.4]]))
    assert [part.ravel().tolist() for part in decided] == [[0, 1], [1, 1]]


# Bad input ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", BOTH, ids=lambda optimizer: optimizer.kind)
def test_dropout_and_perturbed_weights_exclude_each_other(optimizer):
    network = Sequential([Dense(4), Dropout(0.5), Dense(3)])
    with pytest.raises(InvalidSettingError, match=r"rate of 'dropout_1' must be 0 with Perturb.*got 0.5. Remove the dropout"):
        Trainer(network, "softmax_cross_entropy", optimizer).fit(*blobs())


def test_clipping_and_one_perturbed_weight_exclude_each_other():
    with pytest.raises(InvalidSettingError, match="clipping must be None with PerturbOne"):
        trainer(PerturbOne(), clipping=Clipping(norm=1.0)).fit(*blobs())
    trainer(PerturbAll(), clipping=Clipping(norm=1.0)).fit(*blobs(), max_epochs=1)


def test_l_bfgs_refuses_mini_batches():
    with pytest.raises(InvalidSettingError, match=r"batch_size must not be smaller than the 90 rows with L-BFGS.*got 16"):
        trainer(LBFGS(), batch_size=16).fit(*blobs())
    for fitting in ("auto", None, 90):
        trainer(LBFGS(), batch_size=fitting).fit(*blobs(), max_epochs=2)


def test_batch_norm_refuses_batches_of_one_row():
    network = Sequential([Dense(4), BatchNorm(), Dense(3)])
    with pytest.raises(InvalidSettingError, match="must be at least 2 with the batch norm 'batch_norm_1'"):
        Trainer(network, "softmax_cross_entropy", Adam(), batch_size=1).fit(*blobs())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"scale": 0.0}, "scale must be a number > 0, got 0.0"),
        ({"trials": 0}, "trials must be an integer >= 1, got 0"),
        ({"objective": "acuracy"}, "objective must be None, or one of 'accuracy', 'f1', 'r2'.*Did you mean 'accuracy'"),
        ({"maximize": "yes"}, "maximize must be True or False"),
    ],
)
@pytest.mark.parametrize("kind", [PerturbOne, PerturbAll])
def test_wrong_settings_are_named(kind, settings, message):
    with pytest.raises(InvalidSettingError, match=message):
        kind(**settings)


def test_names_are_found_by_their_nearest():
    assert get_optimizer("perturb-all", trials=3) == PerturbAll(trials=3)
    with pytest.raises(InvalidSettingError, match="Did you mean 'perturb-one'"):
        get_optimizer("perturb_one")


@pytest.mark.parametrize("optimizer", [PerturbOne, PerturbAll])
@pytest.mark.parametrize("name", ["accuracy", "f1"])
def test_a_metric_of_labels_rejects_targets_that_are_not_labels(optimizer, name):
    fit, (X, _) = trainer(optimizer(objective=name), "squared_error", 1), blobs()
    with pytest.raises(DataError, match=f"Trainer: y must be 0 or 1 with the objective '{name}' and the loss squared_error, got"):
        fit.fit(X, X[:, 0] * 2.5)
    assert fit.fit(X, (X[:, 0] > 0).astype(float), max_epochs=1)[-1, "objective"] <= 1


def test_an_objective_of_ones_own_is_not_written_to_a_file():
    assert get_optimizer(PerturbOne(objective="f1").to_dict()) == PerturbOne(objective="f1")
    with pytest.raises(InvalidSettingError, match="cannot be written to a file, got '<lambda>'"):
        PerturbOne(objective=lambda targets, predictions: 0.0).to_dict()


def test_an_objective_that_is_no_number_is_an_error_and_leaves_the_weights():
    fit = trainer(PerturbOne(objective=lambda targets, predictions: predictions)).build(4)
    before = fit.executor.snapshot().parameters
    with pytest.raises(TypeError):
        fit.fit(*blobs())
    np.testing.assert_array_equal(fit.executor.snapshot().parameters, before)


def test_shapes_are_still_checked():
    with pytest.raises(ShapeError):
        trainer(PerturbOne()).build(4).fit(np.zeros((5, 3)), np.zeros(5))
