"""The trainer: it learns, goes on, and gives the same whichever way its work is cut."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from lamina.errors import DataError, InvalidSettingError, ShapeError
from lamina.layers import Add, BatchNorm, Dense
from lamina.losses import CustomLoss
from lamina.network import Graph, Input, Sequential
from lamina.optimizers import OPTIMIZERS, Adam, AdamW, GradientDescent
from lamina.schedules import Adaptive, Cosine, Step
from lamina.training import Callback, EarlyStopping, Trainer
from lamina.training.chunks import ChunkSize

XOR_X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.float64)
XOR_Y = np.array([0, 1, 1, 0])


def without_time(history):
    return [{key: value for key, value in record.items() if key != "duration_s"} for record in history]


@pytest.mark.parametrize("units", [2, 4])
@pytest.mark.parametrize("engine", ["auto", "reference"])
def test_xor_is_learned_from_several_seeds(units, engine):
    solved = 0
    for seed in range(6):
        network = Sequential([Dense(units, activation="tanh"), Dense(1)])
        settings = {"batch_size": None, "seed": seed, "engine": engine}
        trainer = Trainer(network, "sigmoid_cross_entropy", Adam(0.1), **settings)
        trainer.fit(XOR_X, XOR_Y, max_epochs=250)
        solved += (trainer.predict(XOR_X).round().ravel() == XOR_Y).all()
    # With two hidden units some starts end in a local minimum.
    assert solved >= (3 if units == 2 else 5)


def test_equal_trainers_give_equal_bits(make_trainer, table):
    one, other = (make_trainer() for _ in range(2))
    for trainer in (one, other):
        trainer.fit(*table, max_epochs=3)
    np.testing.assert_array_equal(one.executor.snapshot().parameters, other.executor.snapshot().parameters)
    assert without_time(one.history) == without_time(other.history)


def test_the_seed_changes_weights_order_and_masks(make_trainer, table):
    losses = {make_trainer(seed=seed).fit(*table, max_epochs=1)[-1, "loss"] for seed in range(3)}
    assert len(losses) == 3


def test_fit_goes_on_where_it_stopped(make_trainer, table):
    whole, parts = make_trainer(), make_trainer()
    whole.fit(*table, max_epochs=5)
    for epochs in (2, 1, 2):
        parts.fit(*table, max_epochs=epochs)
    assert (parts.epoch, parts.step) == (whole.epoch, whole.step) == (5, 20)
    np.testing.assert_array_equal(parts.executor.snapshot().parameters, whole.executor.snapshot().parameters)
    assert without_time(parts.history) == without_time(whole.history)


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_results_do_not_depend_on_how_an_epoch_is_cut(make_trainer, table, steps):
    whole, cut = (make_trainer(schedule="cosine", optimizer=AdamW(0.01)) for _ in range(2))
    cut._chunk_size = _Fixed(steps)
    for trainer in (whole, cut):
        trainer.fit(*table, validation_data=table, max_epochs=3)
    np.testing.assert_array_equal(cut.executor.snapshot().parameters, whole.executor.snapshot().parameters)
    np.testing.assert_array_equal(cut.executor.snapshot().state, whole.executor.snapshot().state)
    assert without_time(cut.history) == without_time(whole.history)


class _Fixed(ChunkSize):
    def __init__(self, steps):
        super().__init__()
        self.steps = steps

    def observe(self, steps, duration_s):
        pass


def test_results_do_not_depend_on_how_often_a_callback_asks(make_trainer, table):
    class Watch(Callback):
        every_steps = 3
        seen = ()

        def on_step_end(self, trainer, losses):
            self.seen = (*self.seen, trainer.step)

    watch = Watch()
    plain, watched = make_trainer(), make_trainer(callbacks=[watch])
    for trainer in (plain, watched):
        trainer.fit(*table, max_epochs=3)
    assert watch.seen == (3, 6, 9, 12)
    np.testing.assert_array_equal(watched.executor.snapshot().parameters, plain.executor.snapshot().parameters)


def test_the_loss_of_an_epoch_is_the_mean_over_rows(make_trainer, table):
    X, y = table
    trainer = make_trainer(batch_size=50, shuffle=False, optimizer=GradientDescent(1e-12))
    data = trainer.batches(X, y)
    (first, _), (second, _) = (
        trainer.executor.loss_and_gradient(data, order=np.arange(a, b), step=step) for a, b, step in ((0, 50, 0), (50, 60, 1))
    )
    record = trainer.fit(X, y, max_epochs=1)[-1]
    assert record["loss"] == pytest.approx((50 * first + 10 * second) / 60, rel=1e-9)


def test_the_loss_of_an_epoch_counts_rows_by_their_weights(table):
    X, y = table
    weight = np.where(np.arange(60) < 30, 3.0, 1.0)
    trainer = Trainer(Sequential([Dense(2)], 5), "softmax_cross_entropy", GradientDescent(1e-12), batch_size=16, dtype="float64")
    expected = trainer.evaluate(X, y, weight)["loss"]
    assert trainer.fit(X, y, sample_weight=weight, max_epochs=1)[-1, "loss"] == pytest.approx(expected, rel=1e-9)


def test_a_batch_size_of_none_takes_all_rows(make_trainer, table):
    trainer = make_trainer(batch_size=None)
    trainer.fit(*table, max_epochs=2)
    assert trainer.step == 2


def test_a_batch_larger_than_the_data_takes_all_rows(make_trainer, table):
    trainer = make_trainer(batch_size=1000)
    trainer.fit(*table, max_epochs=2)
    assert trainer.step == 2


@pytest.mark.parametrize("engine", ["native", "reference"])
def test_l24_a_lone_last_row_does_not_spoil_the_running_statistics(engine):
    X = 5 * np.random.default_rng(0).normal(size=(33, 3))
    settings = {"batch_size": 16, "dtype": "float64", "shuffle": False, "engine": engine}
    trainers = [Trainer(Sequential([BatchNorm(), Dense(1)], 3), "squared_error", **settings) for _ in range(2)]
    for trainer, num_rows in zip(trainers, (33, 32), strict=True):
        trainer.fit(X[:num_rows], X[:num_rows, 0], max_epochs=50)
    np.testing.assert_array_equal(trainers[0].executor.snapshot().state, trainers[1].executor.snapshot().state)
    np.testing.assert_array_equal(trainers[0].executor.snapshot().parameters, trainers[1].executor.snapshot().parameters)
    assert (trainers[0].step, trainers[0].steps_per_epoch) == (100, 2)


def test_without_shuffling_the_order_is_that_of_the_rows(table):
    X, y = table
    trainers = [Trainer(Sequential([Dense(2)], 5), "softmax_cross_entropy", seed=0, shuffle=shuffle) for shuffle in (True, False)]
    losses = [trainer.fit(X, y, max_epochs=1)[-1, "loss"] for trainer in trainers]
    assert losses[0] != losses[1]


@pytest.mark.parametrize("name", list(OPTIMIZERS))
def test_every_optimizer_lowers_the_loss(make_trainer, table, name):
    network = Sequential([Dense(6, activation="tanh"), Dense(2)], 5)
    trainer = Trainer(network, "softmax_cross_entropy", name, batch_size="auto" if name == "lbfgs" else 16)
    before = trainer.evaluate(*table)["loss"]
    trainer.fit(*table, max_epochs=30)
    assert trainer.evaluate(*table)["loss"] < before


@pytest.mark.parametrize("kind", ["C", "F", "float32", "memmap", "csr_array", "csc_matrix", "coo_array", "list", "strided"])
def test_every_form_of_x_trains_alike(table, kind, tmp_path):
    X, y = table
    X = np.where(np.abs(X) < 0.5, 0.0, X).astype(np.float32).astype(np.float64)

    def formed():
        if kind == "memmap":
            X.tofile(tmp_path / "x.bin")
            return np.memmap(tmp_path / "x.bin", dtype=np.float64, mode="r", shape=X.shape)
        if kind == "strided":
            return np.repeat(X, 2, axis=0)[::2]
        forms = {"C": np.ascontiguousarray, "F": np.asfortranarray, "float32": np.float32, "list": np.ndarray.tolist}
        return forms[kind](X) if kind in forms else getattr(sparse, kind)(X)

    weights = []
    for data in (X, formed()):
        network = Sequential([Dense(6, activation="tanh"), Dense(2)], 5)
        trainer = Trainer(network, "softmax_cross_entropy", batch_size=16, dtype="float64")
        trainer.fit(data, y, max_epochs=2)
        weights.append(trainer.executor.snapshot().parameters)
        assert trainer.predict(data).shape == (60, 2)
    np.testing.assert_allclose(weights[1], weights[0], rtol=1e-12, atol=1e-14)


def two_by_two():
    left, right = Input(3, name="left"), Input(2, name="right")
    joined = Add()([Dense(4, activation="tanh")(left), Dense(4, activation="tanh")(right)])
    return Graph([left, right], [Dense(2, name="kind")(joined), Dense(1, name="size")(joined)])


def test_several_inputs_and_outputs_are_given_by_position_or_name(table):
    X, y = table
    parts = [np.ascontiguousarray(X[:, :3]), np.ascontiguousarray(X[:, 3:])]
    targets = [y, X[:, 0]]
    named = ({"right": parts[1], "left": parts[0]}, {"size": targets[1], "kind": targets[0]})
    results = []
    for data in ((parts, targets), named):
        trainer = Trainer(two_by_two(), ["softmax_cross_entropy", "squared_error"], loss_weights=[1.0, 0.5], batch_size=16)
        trainer.fit(*data, validation_data=data, max_epochs=2)
        record = trainer.history[-1]
        assert record["validation_loss"] == pytest.approx(record["validation_kind_loss"] + 0.5 * record["validation_size_loss"])
        kind, size = trainer.predict(data[0])
        assert kind.shape == (60, 2)
        assert size.shape == (60, 1)
        np.testing.assert_allclose(kind.sum(axis=1), 1.0, rtol=1e-5)
        results.append(trainer.executor.snapshot().parameters)
    np.testing.assert_array_equal(*results)


def test_the_widths_of_an_unbuilt_network_come_from_the_first_data(table):
    trainer = Trainer(Sequential([Dense(2)]), "softmax_cross_entropy")
    with pytest.raises(ShapeError, match="known width"):
        _ = trainer.executor
    trainer.fit(*table, max_epochs=1)
    assert trainer.network.input_widths == (5,)
    assert {name: w.shape for name, w in trainer.weights.items()} == {"dense_1.weight": (5, 2), "dense_1.bias": (2,)}


def test_weights_are_live_views(make_trainer):
    trainer = make_trainer()
    for view in trainer.weights.values():
        view[...] = 0.0
    assert not trainer.executor.snapshot().parameters.any()


@pytest.mark.parametrize("name", ["network", "losses", "loss_weights", "dtype", "engine", "n_threads", "metrics"])
def test_what_an_assignment_would_not_change_cannot_be_assigned(make_trainer, name: str):
    trainer = make_trainer()
    with pytest.raises(AttributeError, match="no setter"):
        setattr(trainer, name, None)


def test_a_metric_added_later_is_measured(make_trainer, table):
    trainer = make_trainer()
    trainer.metrics["rows"] = lambda targets, predictions: len(targets)
    assert trainer.evaluate(*table)["rows"] == 60


def test_predictions_are_the_inverse_link_of_the_logits(make_trainer, table):
    trainer = make_trainer()
    trainer.fit(*table, max_epochs=1)
    logits = np.exp(trainer.predict_logits(table[0]))
    np.testing.assert_allclose(trainer.predict(table[0]), logits / logits.sum(axis=1, keepdims=True))


def test_metrics_are_measured_on_the_validation_data_and_in_evaluate(make_trainer, table):
    X, y = table

    def accuracy(targets, predictions):
        assert targets is y
        return np.mean(predictions.argmax(axis=1) == targets)

    trainer = make_trainer(metrics={"accuracy": accuracy})
    trainer.fit(X, y, validation_data=(X, y), max_epochs=2)
    measured = trainer.evaluate(X, y)
    assert trainer.history[-1, "validation_accuracy"] == measured["accuracy"] == np.mean(trainer.predict(X).argmax(axis=1) == y)
    assert trainer.history[-1, "validation_loss"] == measured["loss"]


def test_a_metric_cannot_take_the_name_of_the_loss(make_trainer):
    with pytest.raises(InvalidSettingError, match="must not be that of the loss"):
        make_trainer(metrics={"loss": max})


def test_a_schedule_is_followed_step_by_step(make_trainer, table):
    trainer = make_trainer(optimizer=GradientDescent(0.5), schedule=Step(epochs=1, factor=0.1))
    trainer.fit(*table, max_epochs=3)
    np.testing.assert_allclose(trainer.history[:, "learning_rate"], [0.5, 0.05, 0.005])


def test_a_cosine_ends_with_the_fit(make_trainer, table):
    trainer = make_trainer(optimizer=GradientDescent(0.5), schedule=Cosine())
    trainer.fit(*table, max_epochs=3)
    last_step = trainer.step - 1
    assert trainer.history[-1, "learning_rate"] == pytest.approx(0.25 * (1 + np.cos(np.pi * last_step / trainer.step)))


def test_an_exhausted_adaptive_rate_ends_the_training(make_trainer, table):
    schedule = Adaptive(patience=0, tol=10.0, minimum=1e-3)
    trainer = make_trainer(optimizer=GradientDescent(0.01), schedule=schedule)
    trainer.fit(*table, max_epochs=50)
    assert trainer.stop_reason.code == "converged"
    # Epoch 1 improves on nothing at all; each further one lowers the rate (0.002, 0.0004) until it may fall no more.
    np.testing.assert_allclose(trainer.history[:, "learning_rate"], [0.01, 0.01, 0.002, 0.0004])
    assert schedule.factor == 1.0, "the trainer works on a copy"


def test_a_schedule_that_watches_what_is_not_there_says_so(make_trainer, table):
    with pytest.raises(InvalidSettingError, match="validation_loss"):
        make_trainer(schedule="reduce_on_plateau").fit(*table, max_epochs=1)


def test_the_penalty_may_be_divided_by_the_rows(table):
    X, y = table
    losses = []
    for per_row in (False, True):
        network = Sequential([Dense(2, l2=0.6)], 5)
        trainer = Trainer(
            network, "softmax_cross_entropy", GradientDescent(1e-12), batch_size=None, penalty_per_row=per_row, dtype="float64"
        )
        bare = trainer.evaluate(X, y)["loss"]
        losses.append(trainer.fit(X, y, max_epochs=1)[-1, "loss"] - bare)
    assert losses[0] == pytest.approx(60 * losses[1], rel=1e-6)


def test_a_loss_of_ones_own_trains_as_the_built_in_one(table):
    X = table[0]

    def half_square(logits, targets):
        return 0.5 * ((targets - logits) ** 2).sum(axis=1), logits - targets

    def half_square_alone(logits, targets):
        return half_square(logits, targets)[0]

    weight = np.linspace(0.5, 2.0, 60)
    trainers = []
    for loss in ("squared_error", half_square, CustomLoss(half_square_alone)):
        network = Sequential([Dense(6, activation="tanh", l2=0.01, l1=0.001), Dense(1)], 5)
        trainer = Trainer(network, loss, AdamW(0.01), batch_size=16, dtype="float64", schedule="cosine")
        trainer.fit(X, X[:, 0], sample_weight=weight, validation_data=(X, X[:, 0]), max_epochs=3)
        trainers.append(trainer)
    reference, exact, numeric = trainers
    for trainer, tolerance in ((exact, 1e-10), (numeric, 1e-6)):
        np.testing.assert_allclose(
            trainer.executor.snapshot().parameters, reference.executor.snapshot().parameters, rtol=tolerance, atol=tolerance
        )
        for key in ("loss", "validation_loss"):
            np.testing.assert_allclose(trainer.history[:, key], reference.history[:, key], rtol=tolerance)


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({"clipping": 0.5}, "clipping must be an instance of Clipping, or None, got 0.5"),
        ({"dtype": "foo"}, "dtype must be one of 'float32', 'float64', got 'foo'"),
        ({"network": [Dense(2)]}, "network must be an instance of Network"),
    ],
)
def test_what_is_of_another_kind_is_refused_by_name(settings, rule):
    with pytest.raises(InvalidSettingError, match=rule):
        Trainer(**{"network": Sequential([Dense(1)]), "loss": "squared_error"} | settings)


def test_a_single_callback_needs_no_list():
    callback = EarlyStopping()
    assert Trainer(Sequential([Dense(1)]), "squared_error", callbacks=callback).callbacks == [callback]


def test_wrong_settings_are_named_all_at_once():
    with pytest.raises(InvalidSettingError, match=r"(?s)batch_size.*seed.*dtype"):
        Trainer(Sequential([Dense(1)]), "squared_error", batch_size=0, seed=-1, dtype="float16")


@pytest.mark.parametrize("max_epochs", [0, -1, 2.5, True])
def test_epochs_must_be_a_positive_integer(make_trainer, table, max_epochs):
    with pytest.raises(InvalidSettingError, match="max_epochs"):
        make_trainer().fit(*table, max_epochs=max_epochs)


@pytest.mark.parametrize("wrong", [5, (np.zeros((2, 5)),)])
def test_validation_data_must_be_x_and_y(make_trainer, table, wrong):
    with pytest.raises(InvalidSettingError, match=r"validation_data must be \(X, y\)"):
        make_trainer().fit(*table, validation_data=wrong, max_epochs=1)


def test_bad_data_leave_the_trainer_as_it_was(make_trainer, table):
    X, y = table
    trainer = make_trainer()
    with pytest.raises(DataError):
        trainer.fit(np.where(X > 1, np.nan, X), y, max_epochs=1)
    trainer.fit(X, y, max_epochs=1)
    assert trainer.epoch == 1


def test_an_epoch_can_be_trained_by_itself_also_after_a_fit(make_trainer, table):
    by_hand, fitted = make_trainer(), make_trainer()
    data = by_hand.batches(*table)
    by_hand.fit(*table, max_epochs=1)
    by_hand.fit_epoch(data)
    fitted.fit(*table, max_epochs=2)
    np.testing.assert_array_equal(by_hand.executor.snapshot().parameters, fitted.executor.snapshot().parameters)


def test_settings_of_a_shared_schedule_and_of_callbacks_are_left_alone(make_trainer, table):
    stopping = EarlyStopping("loss", patience=3)
    before = {name: getattr(stopping, name) for name in ("monitor", "patience", "tol", "mode", "restore_best")}
    make_trainer(callbacks=[stopping]).fit(*table, max_epochs=2)
    assert before == {name: getattr(stopping, name) for name in before}


def test_initial_weights_are_started_from_and_copied():
    network = Sequential([Dense(3), BatchNorm(), Dense(1)], 2)
    first = tuple(vector + 0.5 for vector in network.initialize(3, "float32"))
    trainer = Trainer(network, "squared_error", initial_weights=first)
    np.testing.assert_array_equal(trainer.executor.snapshot().parameters, first[0])
    np.testing.assert_array_equal(trainer.executor.snapshot().state, first[1])
    trainer.fit(XOR_X, XOR_Y, max_epochs=1)
    np.testing.assert_array_equal(first[0], network.initialize(3, "float32")[0] + 0.5)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -1e300])
def test_initial_weights_that_are_not_finite_in_the_dtype_raise_an_error_that_names_the_layer(wrong):
    network = Sequential([Dense(1)], 2)
    with pytest.raises(DataError, match=r"dense_1\.weight must hold finite numbers, got 1 that is NaN or infinite in float32"):
        Trainer(network, "squared_error", initial_weights=(np.array([0.0, wrong, 0.0]), np.zeros(0)))


def test_negative_initial_variances_are_rejected_on_every_fit():
    trainer = Trainer(Sequential([BatchNorm()]), "squared_error", initial_weights=(np.ones(4), np.array([0.0, 0, 1, -1])))
    for _ in range(2):
        with pytest.raises(DataError, match="running_variance must not be negative"):
            trainer.fit(np.eye(2), np.eye(2))


def test_initial_weights_of_another_network_are_refused():
    with pytest.raises(ShapeError, match=r"the parameter vector must have shape \(3,\), got \(1,\)"):
        Trainer(Sequential([Dense(1)], 2), "squared_error", initial_weights=(np.zeros(1), np.zeros(0)))
