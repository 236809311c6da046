"""Embeddings in whole networks: all that works with other layers works with these, and only codes come in."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest
from scipy import sparse

from lamina import MLPRegressor, check_gradients, load_model, save_model
from lamina.engine import native_available
from lamina.errors import DataError, InvalidSettingError
from lamina.layers import BatchNorm, Concat, Dense, Dropout, Embedding, Input, Multiply
from lamina.losses import CustomLoss
from lamina.network import Ensemble, Graph, Sequential, network_from_dict
from lamina.optimizers import LBFGS, AdamW, PerturbAll, PerturbOne
from lamina.schedules import Exponential
from lamina.training import AveragedWeights, EarlyStopping, Monitor, Trainer
from lamina.training.pace import Pace

RNG = np.random.default_rng(0)
NUMBERS = RNG.normal(size=(90, 2))
COLORS, TOWNS = RNG.integers(0, 4, 90), RNG.integers(0, 30, 90)
X = np.column_stack([NUMBERS[:, 0], COLORS, TOWNS, NUMBERS[:, 1]])
Y = np.array([1.0, -1.0, 0.5, 2.0])[COLORS] * NUMBERS[:, 0] + np.sin(TOWNS) + 0.1 * RNG.normal(size=90)
CARDINALITIES = [None, 4, 30, None]
ENGINES = [pytest.param("native", marks=pytest.mark.skipif(not native_available(), reason="no extension")), "reference"]


def with_two_inputs() -> Graph:
    """Numbers and codes apart, joined behind the embedding."""
    x = Input(4, name="x")
    both = Concat()([Dense(3, activation="tanh")(x), Embedding(CARDINALITIES, [2, 3], name="vectors")(x)])
    return Graph(x, Dense(1)(Dense(8, activation="relu")(both)))


def shared() -> Graph:
    """One table, read twice."""
    x = Input(4, name="x")
    vectors = Embedding(CARDINALITIES, 4, name="vectors")
    return Graph(x, Dense(1)(Multiply()([vectors(x), vectors(x)])))


def chain(*layers, **settings) -> Sequential:
    return Sequential([Embedding(CARDINALITIES, **settings), *layers], input_width=4)


NETWORKS = {
    "plain": chain(Dense(8, activation="relu"), Dense(1)),
    "penalized": chain(BatchNorm(), Dense(8, activation="relu"), Dense(1), width=3, l2=0.1),
    "masked": chain(Dense(8, activation="tanh"), Dense(1), width=3, mask=0.2, unknown=-1),
    "beside a layer": with_two_inputs(),
    "shared": shared(),
}


@pytest.fixture(params=NETWORKS)
def network(request: pytest.FixtureRequest) -> Sequential | Graph:
    return NETWORKS[request.param]


def trained(network: Sequential | Graph, epochs: int = 4, **settings) -> Trainer:
    settings = {"optimizer": AdamW(0.02), "batch_size": 16, "seed": 3} | settings
    trainer = Trainer(network, "squared_error", **settings)
    trainer.fit(X, Y, max_epochs=epochs)
    return trainer


@pytest.mark.parametrize("engine", ENGINES)
def test_its_gradient_is_the_slope_of_the_loss(network, engine):
    check = check_gradients(Trainer(network, "squared_error", engine=engine, dtype="float64", seed=5), X[:20], Y[:20])
    assert check.passed, str(check)


def test_training_lowers_the_loss_and_moves_every_table(network):
    trainer = trained(network, epochs=40)
    assert trainer.history[-1]["loss"] < 0.5 * trainer.history[0]["loss"]
    first = network.unflatten(network.initialize(3, "float32")[0])
    assert all((trainer.weights[name] != values).any() for name, values in first.items())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "optimizer", ["gradient_descent", "momentum", "nesterov", "rmsprop", "adagrad", "adam", "nadam", AdamW(0.01)]
)
def test_both_engines_train_it_alike(network, dtype, optimizer):
    if not native_available():
        pytest.skip("no extension")
    native, reference = (trained(network, dtype=dtype, engine=engine, optimizer=optimizer) for engine in ("native", "reference"))
    tol = 5e-3 if dtype == "float32" else 1e-8
    np.testing.assert_allclose(native.predict(X), reference.predict(X), rtol=tol, atol=tol)
    np.testing.assert_allclose([e["loss"] for e in native.history], [e["loss"] for e in reference.history], rtol=tol)


@pytest.mark.skipif(not native_available(), reason="no extension")
def test_threads_change_no_bit(network):
    alone, together = (trained(network, n_threads=n, batch_size=90, epochs=6).predict(X) for n in (1, 3))
    assert alone.tobytes() == together.tobytes()


def test_it_survives_json_and_pickle(network):
    assert network_from_dict(json.loads(json.dumps(network.to_dict()))) == network
    assert pickle.loads(pickle.dumps(network)) == network


def test_a_model_file_predicts_the_same_bits_and_refuses_what_is_no_code(network, tmp_path):
    trainer = trained(network)
    save_model(tmp_path / "net.lamina", trainer)
    model = load_model(tmp_path / "net.lamina")
    assert model.predict(X).tobytes() == trainer.predict(X).tobytes()
    with pytest.raises(
        DataError, match=r"column 2 of X must hold codes of '(embedding_1|vectors)', whole numbers from 0 to 29, got 30"
    ):
        model.predict(np.where(TOWNS[:, None] == TOWNS[0], [0, 0, 30, 0], X))


def test_a_resumed_run_equals_one_that_never_stopped(network, tmp_path):
    whole = trained(network, epochs=4)
    trained(network, epochs=3).save_checkpoint(tmp_path / "run.checkpoint")
    resumed = Trainer(network, "squared_error", AdamW(0.02), batch_size=16, seed=3)
    resumed.load_checkpoint(tmp_path / "run.checkpoint").fit(X, Y, max_epochs=1)
    assert resumed.predict(X).tobytes() == whole.predict(X).tobytes()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_monitor_sees_all_of_its_layers_and_changes_nothing(network, engine):
    monitor = Monitor(rows=20)
    watched, alone = (trained(network, engine=engine, callbacks=callbacks) for callbacks in ([monitor], []))
    assert watched.predict(X).tobytes() == alone.predict(X).tobytes()
    assert np.isfinite(monitor.record.probes.mean).all()
    assert not monitor.record.probes.non_finite.any()


def test_an_ensemble_of_it_computes_the_vectors_once_and_has_the_right_gradient(network):
    members = Ensemble(network, members=3)
    own = {p.name: p.shape for p in network.program().parameters if p.by_row}
    assert {p.name: p.shape for p in members.program().parameters if p.by_row} == own
    assert check_gradients(Trainer(members, "squared_error", dtype="float64", seed=5), X[:20], Y[:20]).passed
    if native_available():
        native, reference = (trained(members, engine=engine, dtype="float64") for engine in ("native", "reference"))
        np.testing.assert_allclose(native.predict(X), reference.predict(X), rtol=1e-8, atol=1e-8)


def test_frozen_it_stands_still_and_unfrozen_it_goes_on(network):
    (name,) = [node.layer_name for node in network.nodes if isinstance(node.layer, Embedding) and node.use == 1]
    trainer = trained(network.freeze(name))
    first = network.unflatten(network.initialize(3, "float32")[0])
    tables = [p.name for p in network.parameters if p.by_row]
    assert all((trainer.weights[table] == first[table]).all() for table in tables)
    trainer.unfreeze(name)
    trainer.fit(X, Y, max_epochs=1)
    assert all((trainer.weights[table] != first[table]).any() for table in tables)


@pytest.mark.parametrize("optimizer", [LBFGS(), PerturbAll(1e-4), PerturbOne(0.1)])
def test_optimizers_without_batches_of_their_own_train_it_too(optimizer):
    batch_size = "auto" if isinstance(optimizer, LBFGS) else 16
    network = NETWORKS["penalized" if isinstance(optimizer, LBFGS) else "plain"]
    settings = {} if batch_size == "auto" else {"batch_size": batch_size}
    for engine in ("reference", *(["native"] * native_available())):
        trainer = Trainer(network, "squared_error", optimizer, seed=3, dtype="float64", engine=engine, **settings)
        trainer.fit(X, Y, max_epochs=3)
        assert np.isfinite(trainer.history[-1]["loss"])


def test_trials_of_weights_and_masks_of_codes_contradict_each_other():
    with pytest.raises(InvalidSettingError, match="the mask of 'embedding_1' must be 0 with PerturbOne"):
        trained(NETWORKS["masked"], optimizer=PerturbOne(0.1))


WRONG = [(-1, "-1"), (30, "30"), (2.5, "2.5"), (np.nan, "nan"), (np.inf, "inf"), (1e30, "1e")]


@pytest.mark.parametrize(("wrong", "shown"), WRONG)
def test_what_is_no_code_is_refused_with_column_number_and_range(network, wrong, shown):
    bad = X.copy()
    bad[7, 2] = wrong
    words = rf"column 2 of X must hold codes of '(embedding_1|vectors)', whole numbers from 0 to 29, got {shown}"
    with pytest.raises(DataError, match=words):
        Trainer(network, "squared_error").fit(bad, Y, max_epochs=1)
    trainer = trained(network, epochs=1)
    for use in (trainer.predict, lambda rows: trainer.evaluate(rows, Y), lambda rows: trainer.fit(rows, Y, max_epochs=1)):
        with pytest.raises(DataError, match=words):
            use(bad)


@pytest.mark.parametrize("dtype", [np.int64, np.int16, np.uint8, np.float32, np.float64, bool])
def test_codes_of_any_type_of_numbers_are_the_same_codes(dtype):
    network = Sequential([Embedding([2, 2], 3), Dense(1)], input_width=2)
    codes = RNG.integers(0, 2, (40, 2))
    trainer = Trainer(network, "squared_error", seed=0)
    trainer.fit(codes, codes[:, 0] - 0.5, max_epochs=2)
    np.testing.assert_array_equal(trainer.predict(codes.astype(dtype)), trainer.predict(codes))


def test_sparse_rows_hold_codes_too():
    codes = np.where(RNG.random((50, 3)) < 0.5, 0, RNG.integers(0, 6, (50, 3))).astype(float)
    network = Sequential([Embedding(6, 3), Dense(1)], input_width=3)
    trainer = Trainer(network, "squared_error", seed=0)
    trainer.fit(sparse.csr_array(codes), codes.sum(axis=1), max_epochs=2)
    np.testing.assert_array_equal(trainer.predict(sparse.csr_array(codes)), trainer.predict(codes))
    codes[3, 1] = 6
    with pytest.raises(DataError, match="column 1 of X must hold codes of 'embedding_1', whole numbers from 0 to 5, got 6"):
        trainer.predict(sparse.csr_matrix(codes))


def test_more_categories_than_exact_codes_are_refused_in_words():
    network = Sequential([Embedding([None, 2**24 + 1], 1), Dense(1)], input_width=2)
    with pytest.raises(InvalidSettingError, match=r"cardinalities\[1\] must be at most 16777216 in float32.*Compute in float64"):
        Trainer(network, "squared_error").fit(np.zeros((3, 2)), np.zeros(3), max_epochs=1)


def test_masks_of_codes_are_no_part_of_predictions_nor_of_their_spread():
    network, unmasked = (chain(Dropout(0.5), Dense(1), width=3, mask=mask) for mask in (0.5, 0.0))
    trainer, twin = trained(network), Trainer(unmasked, "squared_error", seed=3)
    twin.build()
    twin.executor.restore(parameters=trainer.executor.snapshot().parameters)
    np.testing.assert_array_equal(trainer.predict(X), twin.predict(X))
    found, expected = (each.predict_distribution(X, mc_samples=2000) for each in (trainer, twin))
    np.testing.assert_allclose(found.spread, expected.spread, rtol=0.2)


def test_a_schedule_of_dropout_leaves_masks_of_codes_alone():
    trainer = trained(chain(Dropout(0.5), Dense(1), width=3, mask=0.5), dropout_schedule=Exponential(0.5), epochs=1)
    pace = Pace(trainer.settings, trainer.executor.program, 90)
    rates = pace.values(trainer.settings.schedule, 0, 1, 1).dropout_rates
    assert rates.shape == (pace.steps_an_epoch, 2)
    assert (rates[:, 0] == 0.5).all()
    assert rates[-1, 1] < rates[0, 1] == 0.5


def test_a_masked_row_learns_what_to_say_of_unknown_categories():
    rng = np.random.default_rng(1)
    towns = rng.integers(1, 20, 2000)
    y = 3.0 + np.sin(towns)
    unknown = {}
    for mask in (0.0, 0.2):
        network = Sequential([Embedding(20, 4, mask=mask), Dense(16, activation="relu"), Dense(1)], input_width=1)
        trainer = Trainer(network, "squared_error", AdamW(0.01), batch_size=50, seed=0)
        trainer.fit(towns[:, None], y, max_epochs=20)
        unknown[mask] = abs(float(trainer.predict([[0]])[0, 0]) - y.mean())
    assert unknown[0.2] < 0.2
    assert unknown[0.0] > 2 * unknown[0.2]


def test_a_loss_of_ones_own_trains_it_as_the_built_in_one(network):
    def half_squares(logits, targets):
        difference = logits - targets
        return 0.5 * (difference**2).sum(axis=1), difference

    built_in = trained(network, dtype="float64")
    own = Trainer(network, CustomLoss(half_squares), AdamW(0.02), batch_size=16, seed=3, dtype="float64")
    own.fit(X, Y[:, None], max_epochs=4)
    np.testing.assert_allclose(own.predict(X), built_in.predict(X), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose([e["loss"] for e in own.history], [e["loss"] for e in built_in.history], rtol=1e-9)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_estimators_train_it_and_refuse_what_is_no_code():
    network = chain(Dense(8, activation="relu"), Dense(1))
    regressor = MLPRegressor(network=network, learning_rate_init=0.02, max_iter=30, random_state=0).fit(X, Y)
    assert regressor.score(X, Y) > 0.5
    with pytest.raises(DataError, match="column 1 of X must hold codes of 'embedding_1', whole numbers from 0 to 3, got 4"):
        regressor.predict(np.column_stack([X[:, :1], X[:, 1:2] + 4, X[:, 2:]]))
    with pytest.raises(DataError, match="column 1 of X must hold codes of 'embedding_1', whole numbers from 0 to 3, got"):
        MLPRegressor(network=network).fit(X + 0.5, Y)


def test_averaged_and_best_weights_are_those_of_all_rows():
    network = NETWORKS["plain"]
    for callbacks in ([AveragedWeights(monitor=None)], [EarlyStopping("loss", patience=2)]):
        native, reference = (
            trained(network, dtype="float64", engine=engine, callbacks=callbacks, epochs=6) for engine in ("auto", "reference")
        )
        np.testing.assert_allclose(native.predict(X), reference.predict(X), rtol=1e-8, atol=1e-8)
