"""What the record of a training says without its rows is what the doctor says, or less; it never guesses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lamina import Dense, Monitor, Sequential, Trainer
from lamina.doctor import FINDINGS
from lamina.doctor.by_record import WITHOUT_ROWS, ByRecord, examine_record
from lamina.doctor.probes.best_constant import best_constant_loss, highest_constant_loss
from lamina.losses import get_loss

rng = np.random.default_rng(0)
X = rng.normal(size=(300, 3))
Y = (X[:, 0] - X[:, 0].mean()) / X[:, 0].std()


def examined(optimizer: dict[str, Any], *, epochs: int = 20, y: np.ndarray = Y, record: bool = True, hidden: int = 2) -> ByRecord:
    monitor = Monitor()
    network = Sequential([*(Dense(8, activation="relu") for _ in range(hidden)), Dense(1)])
    trainer = Trainer(network, "squared_error", optimizer, callbacks=monitor, seed=0)
    trainer.fit(X, y, max_epochs=epochs)
    return examine_record(trainer, monitor.record if record else None, epochs, num_rows=len(X))


def names(found: ByRecord) -> list[str]:
    return [finding.name for finding in found.findings]


def test_a_training_that_learned_has_no_findings():
    found = examined({"kind": "adam", "learning_rate": 0.01})
    assert found == ByRecord((), False)


@pytest.mark.parametrize("has_record", [True, False])
def test_a_loss_that_ran_away_is_told_also_without_a_record_of_layers(has_record: bool):
    found = examined({"kind": "gradient_descent", "learning_rate": 2.2}, epochs=5, record=has_record, hidden=0)
    assert found.learned_nothing
    assert names(found)[0] == "learning_rate_too_high"
    assert "divergence" in names(found)


def test_short_steps_are_told():
    assert "learning_rate_too_low" in names(examined({"kind": "adam", "learning_rate": 1e-7}))


def test_where_the_inputs_tell_nothing_nothing_is_guessed():
    noise = np.random.default_rng(1).normal(size=300)
    found = examined({"kind": "adam", "learning_rate": 0.001}, y=(noise - noise.mean()) / noise.std())
    assert found == ByRecord((), True)


def test_of_a_loss_whose_constant_is_unknown_nothing_is_said():
    monitor = Monitor()
    trainer = Trainer(Sequential([Dense(4), Dense(1)]), "poisson", callbacks=monitor, seed=0)
    trainer.fit(X, np.abs(Y), max_epochs=2)
    assert examine_record(trainer, monitor.record, 2, num_rows=len(X)) == ByRecord((), None)


def test_what_is_looked_for_without_rows_are_findings():
    assert set(WITHOUT_ROWS) < set(FINDINGS)


@pytest.mark.parametrize("name", ["squared_error", "absolute_error", "huber", "log_cosh"])
@pytest.mark.parametrize("seed", range(5))
def test_no_targets_make_a_constant_worse_than_the_bound(name: str, seed: int):
    random = np.random.default_rng(seed)
    y = random.choice([random.normal(size=200), random.exponential(size=200), random.integers(0, 2, 200).astype(float)])
    y = (y - y.mean()) / y.std()
    assert best_constant_loss(get_loss(name), y[:, None], 1) <= highest_constant_loss(get_loss(name), 0, 1) + 1e-9


@pytest.mark.parametrize("seed", range(5))
def test_no_shares_of_classes_make_a_constant_worse_than_the_bound(seed: int):
    classes = np.random.default_rng(seed).choice(4, 300, p=np.random.default_rng(seed).dirichlet(np.ones(4))).astype(float)
    loss = get_loss("softmax_cross_entropy")
    assert best_constant_loss(loss, classes[:, None], 4) <= highest_constant_loss(loss, 4, 4) + 1e-9


@pytest.mark.parametrize(("log_loss", "learned_nothing"), [(None, None), (0.05, False)])
def test_a_loss_below_that_of_equally_frequent_classes_is_no_proof_where_classes_are_rare(
    log_loss: float | None, learned_nothing: bool | None
):
    rare = (np.random.default_rng(2).random(300) < 0.03).astype(float)
    monitor = Monitor()
    trainer = Trainer(Sequential([Dense(1)]), "sigmoid_cross_entropy", {"kind": "adam", "learning_rate": 0.1}, callbacks=monitor)
    trainer.fit(X, rare, max_epochs=10)
    measured = None if log_loss is None else {"model": {"log_loss": log_loss}, "baseline": {"log_loss": 0.13}}
    found = examine_record(trainer, monitor.record, 10, num_rows=len(X), num_classes=2, measured=measured)
    assert found == ByRecord((), learned_nothing)
