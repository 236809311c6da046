"""Training with L-BFGS."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.clipping import Clipping
from lamina.errors import InvalidSettingError
from lamina.layers import BatchNorm, Dense
from lamina.network import Sequential
from lamina.optimizers import LBFGS
from lamina.training import Callback, EarlyStopping, Trainer


def line(**settings):
    return Trainer(
        Sequential([Dense(1)], 5),
        "squared_error",
        **{"optimizer": LBFGS(gradient_tol=1e-9, loss_tol=0), "dtype": "float64"} | settings,
    )


def test_least_squares_are_solved_to_the_last_digits(table):
    X = table[0]
    y = X @ np.arange(1.0, 6.0) + 7.0 + 0.1 * np.sin(np.arange(60))
    trainer = line()
    trainer.fit(X, y, max_epochs=100)
    expected = np.linalg.lstsq(np.column_stack([X, np.ones(60)]), y, rcond=None)[0]
    np.testing.assert_allclose(trainer.executor.snapshot().parameters, expected, rtol=1e-6)
    assert trainer.stop_reason.code == "gradient_zero"


def test_an_iteration_is_an_epoch_of_the_history(table):
    X = table[0]
    trainer = line()
    history = trainer.fit(X, X[:, 0] + X[:, 1], validation_data=(X, X[:, 0] + X[:, 1]), max_epochs=3)
    assert trainer.stop_reason.code == "max_epochs"
    assert history[:, "epoch"] == [1, 2, 3]
    assert history[:, "loss"] == sorted(history[:, "loss"], reverse=True)
    assert history[-1, "validation_loss"] == pytest.approx(history[-1, "loss"])


def test_it_goes_on_when_called_again(table):
    X, y = table
    trainer = Trainer(Sequential([Dense(8, activation="tanh"), Dense(2)], 5), "softmax_cross_entropy", "lbfgs")
    first = trainer.fit(X, y, max_epochs=5)[-1, "loss"]
    assert trainer.fit(X, y, max_epochs=5)[-1, "loss"] < first
    assert trainer.epoch == 10


def test_it_learns_in_float32_with_dropout_free_batch_norm(table):
    X, y = table
    network = Sequential([Dense(8, activation="tanh"), BatchNorm(momentum=0.5), Dense(2)], 5)
    trainer = Trainer(network, "softmax_cross_entropy", "lbfgs")
    before = trainer.evaluate(X, y)["loss"]
    trainer.fit(X, y, max_epochs=30)
    assert trainer.executor.snapshot().state.any()
    assert trainer.evaluate(X, y)["loss"] < 0.5 * before


def test_penalty_and_weights_are_part_of_it(table):
    X = table[0]
    y, weight = X[:, 0] + 1.0, np.linspace(0.1, 2.0, 60)
    trainer = Trainer(
        Sequential([Dense(1, l2=0.3, use_bias=False)], 5), "squared_error", LBFGS(gradient_tol=1e-10, loss_tol=0), dtype="float64"
    )
    trainer.fit(X, y, sample_weight=weight, max_epochs=100)
    # 1/2 sum w (x b - y)^2 / sum w + 0.3 / 2 b^2
    left = (X.T * weight) @ X / weight.sum() + 0.3 * np.eye(5)
    np.testing.assert_allclose(
        trainer.executor.snapshot().parameters, np.linalg.solve(left, (X.T * weight) @ y / weight.sum()), rtol=1e-6
    )


def test_early_stopping_watches_it_too(table):
    X, y = table
    stopping = EarlyStopping("validation_loss", patience=2)
    network = Sequential([Dense(20, activation="tanh"), Dense(2)], 5)
    trainer = Trainer(network, "softmax_cross_entropy", "lbfgs", callbacks=[stopping], dtype="float64")
    trainer.fit(X[:40], y[:40], validation_data=(X[40:], y[40:]), max_epochs=200)
    assert trainer.stop_reason.code == "no_improvement"
    assert trainer.evaluate(X[40:], y[40:])["loss"] == stopping.best


def test_evaluations_are_limited(table):
    X, y = table
    network = Sequential([Dense(8, activation="tanh"), Dense(2)], 5)
    trainer = Trainer(network, "softmax_cross_entropy", LBFGS(max_evaluations=4))
    trainer.fit(X, y, max_epochs=100)
    assert trainer.epoch <= 4
    assert "4 evaluations" in trainer.stop_reason.text


def test_an_interruption_leaves_whole_iterates(table):
    X, y = table

    class Interrupt(Callback):
        def on_epoch_end(self, trainer, record):
            if trainer.epoch == 3:
                raise KeyboardInterrupt

    network = Sequential([Dense(8, activation="tanh"), Dense(2)], 5)
    trainer = Trainer(network, "softmax_cross_entropy", "lbfgs", callbacks=[Interrupt()], dtype="float64", on_interrupt="return")
    history = trainer.fit(X, y, max_epochs=50)
    assert trainer.stop_reason.code == "interrupted"
    assert trainer.evaluate(X, y)["loss"] == pytest.approx(history[-1, "loss"])


def test_an_interruption_in_the_midst_of_a_line_search_leaves_a_whole_iterate_too(table):
    X, y = table
    network = Sequential([Dense(8, activation="tanh"), Dense(2)], 5)
    trainer = Trainer(network, "softmax_cross_entropy", "lbfgs", dtype="float64", on_interrupt="return")
    evaluate, calls = trainer.executor.loss_and_gradient, []

    def interrupted(*arguments, **named):
        calls.append(1)
        if len(calls) == 8:
            raise KeyboardInterrupt
        return evaluate(*arguments, **named)

    trainer.executor.loss_and_gradient = interrupted
    history = trainer.fit(X, y, max_epochs=50)
    assert trainer.stop_reason.code == "interrupted"
    assert trainer.evaluate(X, y)["loss"] == pytest.approx(history[-1, "loss"])


def test_a_loss_of_ones_own_is_refused(table):
    with pytest.raises(InvalidSettingError, match="built-in loss with L-BFGS"):
        Trainer(Sequential([Dense(1)], 5), lambda z, t: z[:, 0], "lbfgs").fit(*table, max_epochs=1)


@pytest.mark.parametrize("settings", [{"clipping": Clipping(norm=1.0)}, {"schedule": "cosine"}])
def test_what_bounds_the_steps_of_others_is_refused(table, settings):
    (name,) = settings
    with pytest.raises(InvalidSettingError, match=f"{name} must be None with L-BFGS, whose line search chooses the step sizes"):
        line(**settings).fit(table[0], table[0][:, 0])


def test_an_epoch_of_steps_cannot_be_asked_of_it(table):
    trainer = line()
    with pytest.raises(InvalidSettingError, match="must take steps"):
        trainer.fit_epoch(trainer.batches(table[0], table[1]))
