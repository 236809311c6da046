"""Several ranks train as one process with their batch: threads play them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.distributed.ranks import ThreadCommunicator, run_ranks

from lamina import BatchNorm, Clipping, Concat, Dense, Dropout, Embedding, Graph, Input, Sequential, Trainer
from lamina.distributed import Report, fit
from lamina.regularizers import Elastic
from lamina.training import EarlyStopping

RNG = np.random.default_rng(0)
X = RNG.normal(size=(101, 5))
Y = X[:, 0] + X[:, 1] ** 2
WEIGHT = RNG.uniform(0.0, 3.0, size=101)
WEIGHT[:9] = 0.0  # some
TOLERANCE = {"float32": 1e-5, "float64": 1e-12}
EPOCHS = 15  # of 7 steps, the last of 5 rows


def make_trainer(dtype: str = "float64", *, penalty: Elastic | None = None, **settings: Any) -> Trainer:
    layers = [Dense(16, activation="relu", regularizer=penalty), Dropout(0.3), Dense(8, activation="tanh"), Dense(1)]
    return Trainer(
        Sequential(layers), "squared_error", **{"batch_size": 16, "seed": 3, "dtype": dtype, "n_threads": 1} | settings
    )


def fit_ranks(size: int, make: Any, *data: Any, **settings: Any) -> list[tuple[Trainer, Report]]:
    def work(communicator: ThreadCommunicator) -> tuple[Trainer, Report]:
        trainer = make()
        return trainer, fit(trainer, *data, communicator=communicator, **{"way": "synchronous", "max_epochs": EPOCHS} | settings)

    return run_ranks(size, work)


def distance(one: Trainer, other: Trainer) -> float:
    return max(
        float(np.abs(a - b).max(initial=0.0)) for a, b in zip(one.executor.snapshot(), other.executor.snapshot(), strict=True)
    )


@pytest.mark.parametrize("size", [2, 3, 7])  # of 7 ranks, some get no row of the last batch
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_hundred_synchronous_steps_are_those_of_one_process(dtype: str, size: int) -> None:
    """With dropout, unequal weights, some of them 0, and a short last batch."""
    one = make_trainer(dtype)
    one.fit(X, Y, sample_weight=WEIGHT, max_epochs=EPOCHS)
    ranks = fit_ranks(size, lambda: make_trainer(dtype), X, Y, sample_weight=WEIGHT)
    assert one.step == 105
    for trainer, _ in ranks:
        assert trainer.step == one.step
        assert distance(trainer, one) <= TOLERANCE[dtype]
        assert trainer.history[:, "loss"] == pytest.approx(
            one.history[:, "loss"], rel=1e3 * TOLERANCE[dtype] if dtype == "float64" else 1e-5
        )


SETTINGS: dict[str, dict[str, Any]] = {
    "clipping": {"clipping": Clipping(norm=0.5)},
    "penalties": {"penalty": Elastic(0.01, 0.02)},
    "penalties a row": {"penalty": Elastic(0.01, 0.02), "penalty_per_row": True},
    "schedules": {"schedule": "cosine", "dropout_schedule": "cosine", "weight_decay_schedule": "cosine", "optimizer": "adamw"},
    "momentum": {"optimizer": "momentum"},
    "all rows": {"batch_size": None},
    "fewer rows than ranks": {"batch_size": 2},
    "reference": {"engine": "reference", "batch_size": 51},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_acts_as_in_one_process(name: str) -> None:
    one = make_trainer(**SETTINGS[name])
    one.fit(X, Y, max_epochs=3)
    (trainer, _), *_ = fit_ranks(3, lambda: make_trainer(**SETTINGS[name]), X, Y, max_epochs=3)
    assert distance(trainer, one) <= 1e-12
    assert trainer.history[:, "loss"] == pytest.approx(one.history[:, "loss"])
    if "clipping" in SETTINGS[name]:
        assert trainer.history[:, "clipped_steps"] == one.history[:, "clipped_steps"]
        assert max(one.history[:, "clipped_steps"]) > 0


def test_ranks_are_equal_from_run_to_run_to_the_bit() -> None:
    runs = [fit_ranks(3, lambda: make_trainer("float32"), X, Y, sample_weight=WEIGHT, max_epochs=3) for _ in range(2)]
    assert [distance(trainer, runs[0][0][0]) for run in runs for trainer, _ in run] == [0.0] * 6


def test_categories_learn_by_the_rows_of_all_ranks() -> None:
    codes = RNG.integers(0, 30, size=101).astype(float)
    rows = np.column_stack([codes, X[:, 1:]])

    def make() -> Trainer:
        return Trainer(
            Sequential([Embedding([30, None, None, None, None]), Dense(6, activation="relu"), Dense(1)]),
            "squared_error",
            batch_size=16,
            dtype="float64",
        )

    one = make()
    one.fit(rows, Y, max_epochs=4)
    assert distance(fit_ranks(2, make, rows, Y, max_epochs=4)[1][0], one) <= 1e-12


def test_several_outputs_record_each_loss() -> None:
    def make() -> Trainer:
        x = Input(5, name="x")
        hidden = Dense(8, activation="relu")(x)
        network = Graph([x], [Dense(1, name="a")(hidden), Dense(1, name="b")(Concat()([hidden, x]))])
        return Trainer(
            network,
            {"a": "squared_error", "b": "sigmoid_cross_entropy"},
            batch_size=16,
            dtype="float64",
            loss_weights={"b": 2.0, "a": 1.0},
        )

    targets = {"a": Y, "b": (Y > 0).astype(float)}
    one = make()
    one.fit(X, targets, max_epochs=3)
    trainer = fit_ranks(2, make, X, targets, max_epochs=3)[0][0]
    assert distance(trainer, one) <= 1e-12
    for key in ("a_loss", "b_loss", "loss"):
        assert trainer.history[:, key] == pytest.approx(one.history[:, key])


@pytest.mark.parametrize("way", ["synchronous", "averaging"])
def test_batch_norm_normalizes_by_the_shares_and_averages_running_statistics(way: str) -> None:
    def make() -> Trainer:
        return Trainer(
            Sequential([Dense(4), BatchNorm(), Dense(1)], 5),
            "squared_error",
            "gradient_descent",
            batch_size=20,
            dtype="float64",
            shuffle=False,
        )

    rows, y = X[:20], Y[:20]
    ranks = fit_ranks(2, make, rows, y, max_epochs=1, way=way)
    alone = []
    for part in (slice(0, 10), slice(10, 20)):
        trainer = make()
        trainer.fit(rows[part], y[part], max_epochs=1)
        alone.append(trainer.executor.snapshot())
    for trainer, _ in ranks:
        found = trainer.executor.snapshot()
        # after a single step of gradient descent, both ways are the mean of the ranks' own steps
        assert found.state == pytest.approx((alone[0].state + alone[1].state) / 2)
        assert found.parameters == pytest.approx((alone[0].parameters + alone[1].parameters) / 2)


def test_decisions_are_those_of_rank_0_alone() -> None:
    asked = []

    def make() -> Trainer:
        asked.append(len(asked))
        return make_trainer(optimizer="adam", callbacks=[EarlyStopping(patience=2)] if len(asked) else [])

    ranks = fit_ranks(2, make, X[:60], Y[:60], validation_data=(X[60:], Y[60:]), max_epochs=200)
    assert ranks[0][0].stop_reason is not None and ranks[0][0].stop_reason.code == "no_improvement"
    assert ranks[0][0].epoch < 200
    assert ranks[1][0].stop_reason == ranks[0][0].stop_reason
    assert distance(ranks[0][0], ranks[1][0]) == 0.0


# Averages


def test_averaging_is_the_mean_of_own_steps() -> None:
    def make() -> Trainer:
        return Trainer(
            Sequential([Dense(4, activation="tanh"), Dense(1)]), "squared_error", batch_size=20, dtype="float64", shuffle=False
        )

    ranks = fit_ranks(2, make, X[:60], Y[:60], max_epochs=1, way="averaging", average_every=3)
    alone = []
    for rank in range(2):
        trainer, places = make(), np.arange(60).reshape(3, 2, 10)[:, rank].ravel()
        trainer.settings = make().settings
        trainer.batch_size = 10
        trainer.fit(X[places], Y[places], max_epochs=1)
        alone.append(trainer.executor.snapshot())
    for trainer, _ in ranks:
        for found, one, other in zip(trainer.executor.snapshot(), *alone, strict=True):
            assert found == pytest.approx((one + other) / 2)


def test_averaging_is_equal_from_run_to_run_whatever_the_calls() -> None:
    def make() -> Trainer:
        return make_trainer("float32", optimizer="adam")

    settings = {"way": "averaging", "average_every": 3, "max_epochs": 20, "sample_weight": WEIGHT}
    runs = [fit_ranks(2, make, X, Y, **settings) for _ in range(2)]
    assert [distance(trainer, runs[0][0][0]) for run in runs for trainer, _ in run] == [0.0] * 4
    losses = runs[0][0][0].history[:, "loss"]
    assert losses[-1] < losses[0]


def test_ranks_that_average_have_masks_of_their_own() -> None:
    """Equal shares: with the same masks all ranks would do the same, and the mean be one's."""
    rows, y = np.repeat(X[:1], 20, axis=0), np.repeat(Y[:1], 20)

    def make() -> Trainer:
        return make_trainer(optimizer="gradient_descent", batch_size=20)

    one = make_trainer(optimizer="gradient_descent", batch_size=10)
    one.fit(rows[:10], y[:10], max_epochs=1)
    (trainer, _), *_ = fit_ranks(2, make, rows, y, max_epochs=1, way="averaging", average_every=2)
    assert distance(trainer, one) > 1e-6


# What ends it


@pytest.mark.parametrize("way", ["synchronous", "averaging"])
def test_a_number_that_is_not_finite_ends_all_ranks(way: str) -> None:
    targets = Y.copy()
    targets[-1] = 1e300

    def work(communicator: ThreadCommunicator) -> str:
        trainer = make_trainer("float64", optimizer="gradient_descent", shuffle=False, batch_size=101)
        with pytest.raises(Exception, match=r"NaN or infinite|Rank 0 ended the training") as raised:
            fit(trainer, X, targets, communicator=communicator, way=way, max_epochs=5)
        return type(raised.value).__name__

    assert run_ranks(2, work) == ["NonFiniteError", "LostWorkerError"]


def test_an_error_of_a_callback_ends_the_other_ranks() -> None:
    class Fails(EarlyStopping):
        def on_epoch_end(self, run: Any, record: Any) -> None:
            raise ZeroDivisionError("of a callback")

    def work(communicator: ThreadCommunicator) -> str:
        with pytest.raises((ZeroDivisionError, RuntimeError), match="of a callback") as raised:
            fit(make_trainer(callbacks=[Fails()]), X, Y, communicator=communicator, way="synchronous")
        return type(raised.value).__name__

    assert run_ranks(2, work) == ["ZeroDivisionError", "LostWorkerError"]


def test_ranks_with_other_rows_are_told() -> None:
    def work(communicator: ThreadCommunicator) -> None:
        count = 90 + communicator.rank
        with pytest.raises(
            ValueError,
            match="the same rows, got 90 rows of 5 columns on rank 0, 91 rows of 5 columns on rank 1",
        ):
            fit(make_trainer(), X[:count], Y[:count], communicator=communicator)

    run_ranks(2, work)
