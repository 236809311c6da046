"""Cases for the tests of findings: a trainer, trained on three quarters of the rows and judged on the others, and a control."""

from __future__ import annotations

import warnings
from types import SimpleNamespace
from typing import Any

import numpy as np

from lamina import Trainer
from lamina.doctor.case import Case
from lamina.doctor.control import standard_network
from lamina.doctor.outcome import Outcome, constant_errors, row_errors
from lamina.doctor.probes.data_facts import data_facts
from lamina.doctor.probes.start_facts import start_facts
from lamina.doctor.setup import Setup
from lamina.engine.plan import Batches
from lamina.errors import NonFiniteError

__all__ = ["given_case"]


def given_case(trainer: Trainer, X: np.ndarray, y: Any, *, epochs: int = 40) -> Case:
    """The case of a trainer with one input and one output, of labels (class numbers) or numbers."""
    order = np.random.default_rng(0).permutation(len(X))
    kept, held = order[: 3 * len(X) // 4], order[3 * len(X) // 4 :]
    trainer.build(X.shape[1])
    data = Batches([X[kept]], [np.asarray(y[kept], dtype=np.float64).reshape(len(kept), -1)])
    setup = Setup.of(trainer, data, None, epochs)
    start = start_facts(trainer, data, epochs=epochs)
    outcome, trained_loss = _outcome(trainer, X, y, kept, held, epochs, setup)
    run: Any = SimpleNamespace(trained_loss=trained_loss)
    facts = data_facts(data.inputs[0], data.targets[0], "classification" if setup.learns_labels else "regression")
    return Case(setup, facts, start, run, outcome, _control(X, y, kept, held, setup))


def _outcome(
    trainer: Trainer, X: np.ndarray, y: np.ndarray, kept: np.ndarray, held: np.ndarray, epochs: int, setup: Setup
) -> tuple[Outcome, float]:
    constant = 1.0 - float(constant_errors(y[kept], y[held], of_labels=setup.learns_labels).mean())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            trainer.fit(X[kept], y[kept], max_epochs=epochs)
        except NonFiniteError:
            return Outcome(-np.inf, -np.inf, constant, np.full(len(held), np.nan)), np.nan
    errors = [row_errors(y[rows], _predicted(trainer, X[rows], setup), of_labels=setup.learns_labels) for rows in (kept, held)]
    loss = trainer.evaluate(X[kept], y[kept])["loss"]
    return Outcome(1 - errors[0].mean(), 1 - errors[1].mean(), constant, errors[1]), loss


def _predicted(trainer: Trainer, X: np.ndarray, setup: Setup) -> np.ndarray:
    predicted = np.asarray(trainer.predict(X))
    if not setup.learns_labels:
        return predicted
    loss = trainer.losses[0]
    if loss.one_of_several:
        return predicted.argmax(axis=1)
    no, yes = loss.label_codes or (0.0, 1.0)
    return np.where(predicted > loss.threshold_of_predictions(predicted.shape[1]), yes, no)


def _control(X: np.ndarray, y: np.ndarray, kept: np.ndarray, held: np.ndarray, setup: Setup) -> Outcome:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = standard_network(setup, len(kept), is_sparse=False, seed=0).fit(X[kept], y[kept])
    errors = row_errors(y[held], model.predict(X[held]), of_labels=setup.learns_labels)
    return Outcome(float(model.score(X[kept], y[kept])), 1 - errors.mean(), 0.0, errors)
