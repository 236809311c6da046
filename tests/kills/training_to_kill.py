"""A training that goes on from its checkpoint: ``training_to_kill.py NAME CHECKPOINT`` prints a checksum of what it learned.

A line "begins" comes before the first step. Every training takes about a second or two.
"""

from __future__ import annotations

import hashlib
import json
import sys
import warnings

import numpy as np

from lamina import MLPClassifier, MLPRegressor
from lamina.estimators.fitted import fit_of
from lamina.layers import BatchNorm, Dense, Dropout
from lamina.network import Sequential
from lamina.training import Blocks, Checkpoint, EarlyStopping, Trainer


def rows(n, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 8)).astype(np.float32)
    return X, (X[:, 0] * X[:, 1] + X[:, 2] + 0.3 * rng.normal(size=n) > 0).astype(np.int64)


def trainer(layers, path, data, epochs, *, every=1, callbacks=(), validation=None, **settings):
    settings = {"loss": "softmax_cross_entropy", "batch_size": 32, "seed": 5} | settings
    made = Trainer(Sequential(layers), callbacks=[Checkpoint(path, every=every, resume=True), *callbacks], **settings)
    began()
    made.fit(*data, validation_data=validation, max_epochs=epochs)
    return made


def estimator(model, path, data, *, every=1):
    model.set_params(callbacks=[Checkpoint(path, every=every, resume=True)], random_state=3)
    began()
    model.fit(*data)
    return model


def began():
    print("begins", flush=True)


def usual(path):
    layers = [Dense(32, activation="relu"), BatchNorm(), Dropout(0.2), Dense(2)]
    return trainer(layers, path, rows(2000), 40, optimizer="adamw", schedule="cosine")


def long_epochs(path):
    return trainer([Dense(64, activation="tanh"), Dense(2)], path, rows(60_000), 4, batch_size=4, n_threads=2)


def short_epochs(path):
    return trainer([Dense(4, activation="tanh"), Dense(2)], path, rows(16), 4000, every=50, batch_size=None)


def full_batch(path):
    return trainer(
        [Dense(48, activation="tanh"), Dense(2)], path, rows(8000), 60, optimizer="lbfgs", batch_size=None, dtype="float64"
    )


def perturbed(path):
    return trainer([Dense(6, activation="tanh"), Dense(2)], path, rows(200), 60, optimizer="perturb-one", batch_size=None)


def watched(path):
    stopping = EarlyStopping(patience=25, tol=0.0)
    settings = {"callbacks": [stopping], "validation": rows(500, seed=1), "schedule": "reduce_on_plateau"}
    return trainer([Dense(32, activation="gelu"), Dense(2)], path, rows(1500), 60, optimizer="momentum", n_threads=2, **settings)


def scaled_sgd(path):
    model = MLPClassifier(24, solver="sgd", learning_rate="invscaling", early_stopping=True, n_iter_no_change=40, max_iter=60)
    return estimator(model, path, rows(3000))


def regressor(path):
    X, _ = rows(4000)
    return estimator(MLPRegressor(hidden_layer_sizes=(24, 12), solver="lbfgs", max_iter=60), path, (X, X[:, 0] * X[:, 1]))


def restarts(path):
    return estimator(MLPClassifier(16, n_restarts=4, n_threads=2, max_iter=25), path, rows(3000))


class Shards:
    """Blocks of many sizes, in another order every epoch."""

    def passes(self, epoch):
        X, y = rows(150_000)
        ends = np.cumsum(np.arange(1, 400)).tolist()
        cut = list(zip([0, *ends], [*ends, len(X)], strict=True))
        for i in np.random.default_rng(epoch).permutation(len(cut)):
            yield X[slice(*cut[i])], y[slice(*cut[i])]


def blocks(path):
    """Long epochs, with checkpoints within them."""
    settings = {"batch_size": 16, "shuffle_rows": 5000, "seed": 5, "n_threads": 2}
    layers = [Dense(32, activation="relu"), BatchNorm(), Dropout(0.2), Dense(2)]
    callbacks = [Checkpoint(path, resume=True, every_s=0.1)]
    made = Trainer(Sequential(layers), "softmax_cross_entropy", callbacks=callbacks, **settings)
    began()
    made.fit(Shards(), validation_data=Blocks([rows(500, seed=1), rows(700, seed=2)]), max_epochs=4)
    return made


NAMES = {
    function.__name__: function
    for function in (usual, long_epochs, blocks, short_epochs, full_batch, perturbed, watched, scaled_sgd, regressor, restarts)
}


def checksum(made):
    trained = made if isinstance(made, Trainer) else fit_of(made).trainer
    digest = hashlib.md5()
    for array in (trained.executor.snapshot().parameters, trained.executor.snapshot().state, trained.executor.snapshot().slots):
        digest.update(np.ascontiguousarray(array).tobytes())
    records = [{key: value for key, value in record.items() if key != "duration_s"} for record in trained.history]
    facts = [records, trained.epoch, trained.step, str(trained.stop_reason)]
    if not isinstance(made, Trainer):
        facts += [made.n_iter_, made.t_, made.loss_curve_, made.validation_scores_, made.best_loss_, str(made.restarts_)]
    digest.update(json.dumps(facts).encode())
    return digest.hexdigest()


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    print(checksum(NAMES[sys.argv[1]](sys.argv[2])))
