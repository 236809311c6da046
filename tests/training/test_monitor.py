"""The monitor: it changes nothing, measures what it says, and its memory does not grow."""

from __future__ import annotations

import copy
import math
import pickle
from itertools import pairwise

import numpy as np
import pytest
from scipy import sparse

from lamina.clipping import Clipping
from lamina.engine import native_available
from lamina.errors import FileError, InvalidSettingError, NonFiniteError
from lamina.layers import Add, BatchNorm, Dense, Dropout, LayerNorm, PReLU
from lamina.network import Graph, Input, Sequential
from lamina.optimizers import LBFGS, Adam, GradientDescent, PerturbAll, PerturbOne
from lamina.training import Callback, Checkpoint, EarlyStopping, Monitor, MonitorRecord, Trainer, TrainingWarning
from lamina.training.chunks import ChunkSize

ENGINES = [pytest.param("native", marks=pytest.mark.skipif(not native_available(), reason="no extension")), "reference"]


def graph() -> Graph:
    a, b = Input(3, name="a"), Input(2, name="b")
    left = Dense(6, activation="tanh", name="left")(a)
    right = PReLU()(LayerNorm()(Dense(6, name="right")(b)))
    joined = Add(name="sum")(left, right)
    return Graph([a, b], [Dense(2, name="kind")(Dropout(0.2)(joined)), Dense(1, name="price")(joined)])


def without_durations(history):
    return [{key: value for key, value in record.items() if key != "duration_s"} for record in history]


def same(one: MonitorRecord, other: MonitorRecord) -> bool:
    return repr(one.to_dict()) == repr(other.to_dict())


def assert_equal_trainings(one: Trainer, other: Trainer) -> None:
    assert without_durations(one.history) == without_durations(other.history)
    for ours, theirs in zip(one.executor.snapshot(), other.executor.snapshot(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert one.step == other.step
    assert one.stop_reason == other.stop_reason


CASES = {
    "epochs of steps": {},
    "short epochs": {"batch_size": None},
    "clipped": {"clipping": Clipping(norm=0.1)},
    "clipped by value": {"clipping": Clipping(value=(-0.01, 0.01))},
    "L-BFGS": {"optimizer": LBFGS(), "batch_size": None},
    "not shuffled": {"shuffle": False},
    "float32": {"dtype": "float32"},
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("case", CASES)
def test_training_is_the_same_with_and_without_a_monitor(make_trainer, table, case, engine):
    trainers = [make_trainer(callbacks=callbacks, engine=engine, **CASES[case]) for callbacks in ([], [Monitor(rows=20)])]
    for trainer in trainers:
        trainer.fit(*table, max_epochs=12)
        trainer.fit(*table, max_epochs=3)
    assert_equal_trainings(*trainers)
    assert trainers[1].callbacks[0].record.num_steps == trainers[1].step


@pytest.mark.parametrize("optimizer", [PerturbOne(), PerturbAll()])
def test_perturbed_weights_have_no_gradients_to_show(table, optimizer):
    network = Sequential([Dense(4, activation="relu"), Dense(2)], 5)
    trainers = [Trainer(network, "softmax_cross_entropy", optimizer, callbacks=c, seed=1) for c in ([], [Monitor()])]
    for trainer in trainers:
        trainer.fit(*table, max_epochs=3)
    assert_equal_trainings(*trainers)
    probes = trainers[1].callbacks[0].record.probes
    assert np.isnan(probes.gradient_rms).all()
    assert np.isnan(probes.weight_gradient_norm).all()
    assert np.isfinite(probes.std).all()
    assert np.isfinite(probes.loss).all()
    assert np.isfinite(probes.update_norm[:-1]).all()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_graph_of_several_inputs_and_outputs_has_a_row_for_each_layer_of_units(engine):
    rng = np.random.default_rng(0)
    X = {"a": rng.normal(size=(90, 3)), "b": rng.normal(size=(90, 2))}
    y = {"kind": rng.integers(0, 2, 90), "price": rng.normal(size=90)}
    losses = {"kind": "softmax_cross_entropy", "price": "squared_error"}
    monitor = Monitor()
    trainers = [Trainer(graph(), losses, callbacks=c, seed=2, engine=engine) for c in ([], [monitor])]
    for trainer in trainers:
        trainer.fit(X, y, sample_weight=rng.uniform(size=90) > 0.5, max_epochs=1)
    record = monitor.record
    assert record.layers == ("left", "right", "sum", "dropout_1", "kind", "price")
    probes = dict(zip(record.layers, record.probes.gradient_rms[0], strict=True))
    assert all(value > 0 for value in probes.values())
    assert np.isnan(record.probes.weight_norm[0]).tolist() == [False, False, True, True, False, False]
    assert np.isnan(record.probes.saturated[0]).tolist() == [False, True, True, True, True, True]


def test_what_a_probe_says_is_what_the_buffers_say(table):
    """A tanh layer, one of relu and the output, computed by hand in float64."""
    X, y = table
    network = Sequential([Dense(7, activation="tanh"), Dense(6, activation="relu"), Dense(1)], 5)
    monitor = Monitor()
    trainer = Trainer(network, "squared_error", GradientDescent(0.1), batch_size=20, dtype="float64", callbacks=monitor)
    trainer.build()
    weights = {name: array.copy() for name, array in trainer.weights.items()}
    trainer.fit(X, y, max_epochs=1)
    W1, b1, W2, b2, W3, b3 = weights.values()
    z1 = X @ W1 + b1
    a1 = np.tanh(z1)
    z2 = a1 @ W2 + b2
    a2 = np.maximum(z2, 0)
    out = a2 @ W3 + b3
    d3 = out - y[:, None]
    d2 = (d3 @ W3.T) * (z2 > 0)
    d1 = (d2 @ W2.T) * (1 - a1**2)
    probes = monitor.record.probes
    np.testing.assert_allclose(probes.loss[0], 0.5 * (d3**2).mean(), rtol=1e-12)
    np.testing.assert_allclose(probes.mean[0], [a.mean() for a in (a1, a2, out)], rtol=1e-10)
    np.testing.assert_allclose(probes.std[0], [a.std() for a in (a1, a2, out)], rtol=1e-10)
    np.testing.assert_allclose(probes.sum_std[0], [z.std() for z in (z1, z2, out)], rtol=1e-10)
    np.testing.assert_allclose(probes.saturated[0], [(1 - a1**2 <= 0.05).mean(), np.nan, np.nan])
    np.testing.assert_allclose(probes.dead[0], [0, (z2 <= 0).all(axis=0).mean(), np.nan])
    np.testing.assert_allclose(probes.zero[0], [0, (a2 == 0).mean(), 0])
    np.testing.assert_allclose(probes.gradient_rms[0], [np.sqrt((d**2).mean()) for d in (d1, d2, d3)], rtol=1e-10)
    np.testing.assert_allclose(probes.gradient_zero[0], [(d == 0).mean() for d in (d1, d2, d3)], rtol=1e-10)
    gradients = [x.T @ d / len(X) for x, d in ((X, d1), (a1, d2), (a2, d3))]
    np.testing.assert_allclose(probes.weight_gradient_norm[0], [np.linalg.norm(g) for g in gradients], rtol=1e-10)
    np.testing.assert_allclose(probes.weight_gradient_rms[0], [np.sqrt((g**2).mean()) for g in gradients], rtol=1e-10)
    np.testing.assert_allclose(probes.weight_gradient_zero[0], [(g == 0).mean() for g in gradients])
    np.testing.assert_allclose(probes.weight_norm[0], [np.linalg.norm(W) for W in (W1, W2, W3)], rtol=1e-12)
    assert probes.distinct[0].tolist() == [7, 6, 1]
    assert not probes.non_finite.any()
    np.testing.assert_allclose(probes.histogram.sum(axis=2), 1)
    np.testing.assert_allclose(probes.histogram[0, 0], np.histogram(z1, monitor.record.bins)[0] / z1.size)


def test_the_update_is_that_of_the_step_after_the_probe(table):
    """Before every step of plain gradient descent on all rows, the update is the rate times the gradient of the weights."""
    monitor = Monitor(every=1)
    network = Sequential([Dense(4, activation="tanh"), Dense(2)], 5)
    trainer = Trainer(network, "softmax_cross_entropy", GradientDescent(0.5), batch_size=None, dtype="float64", callbacks=monitor)
    trainer.fit(*table, max_epochs=10)
    probes = monitor.record.probes
    assert probes.steps.tolist() == list(range(11))
    np.testing.assert_allclose(probes.update_norm[:-1], 0.5 * probes.weight_gradient_norm[:-1], rtol=1e-9)
    np.testing.assert_allclose(probes.update_ratio[:-1], probes.update_norm[:-1] / probes.weight_norm[:-1])
    assert np.isnan(probes.update_norm[-1]).all()
    # the loss of a step on all rows is that of the probe before it
    np.testing.assert_allclose(monitor.record.step_loss, probes.loss[:-1], rtol=1e-12)


@pytest.mark.parametrize(("rows", "epochs", "apart"), [(320, 40, 10), (320, 4, 2), (32, 100, 1)])
def test_there_is_a_probe_an_epoch_or_twenty_a_run(rows, epochs, apart):
    X = np.random.default_rng(0).normal(size=(rows, 3))
    monitor = Monitor()
    network = Sequential([Dense(4, activation="tanh"), Dense(1)])
    Trainer(network, "squared_error", batch_size=32, callbacks=monitor).fit(X, X[:, 0], max_epochs=epochs)
    assert monitor.record.probes.steps.tolist() == list(range(0, rows // 32 * epochs + 1, apart))


def test_memory_does_not_grow_with_the_run(table):
    monitor = Monitor(every=1, capacity=8)
    sizes = []
    trainer = Trainer(Sequential([Dense(2)], 5), "softmax_cross_entropy", batch_size=10, callbacks=monitor)
    for _ in range(6):
        trainer.fit(*table, max_epochs=100)
        sizes.append(len(pickle.dumps(monitor.record)))
    assert max(sizes) < 1.5 * sizes[0]
    probes, record = monitor.record.probes, monitor.record
    assert 4 <= len(probes.steps) <= 8
    apart = set(np.diff(probes.steps).tolist())
    assert len(apart) == 1
    assert apart.pop() in {2**k for k in range(12)}
    assert np.isfinite(probes.update_norm[:-1]).all()
    assert record.step_loss_steps.tolist() == [*range(32), *range(3600 - 128, 3600)]
    assert record.epoch["epoch"][-1] == 600
    assert len(record.epoch["loss"]) <= 8
    history = {row["epoch"]: row["loss"] for row in trainer.history}
    assert [history[epoch] for epoch in record.epoch["epoch"].tolist()] == record.epoch["loss"].tolist()


def test_short_epochs_share_a_call_between_probes(table, monkeypatch):
    if not native_available():
        pytest.skip("the reference trains epoch by epoch")
    monitor = Monitor(every=50)
    trainer = Trainer(Sequential([Dense(2)], 5), "softmax_cross_entropy", batch_size=None, callbacks=monitor)
    trainer.build()
    counts = []
    train_epochs = trainer.executor.train_epochs
    monkeypatch.setattr(trainer.executor, "train_epochs", lambda *given: counts.append(given[1].count) or train_epochs(*given))
    trainer.fit(*table, max_epochs=500)
    assert monitor.record.probes.steps.tolist() == list(range(0, 501, 50))
    assert sum(counts) > 450
    assert len(counts) < 60
    losses = trainer.history[:, "loss"]
    assert monitor.record.step_loss[:500].tolist() == losses


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("monitor", [{}, {"every": 1, "capacity": 4}, {"every": 5, "capacity": 6}])
def test_a_call_of_the_engine_is_watched_as_if_it_had_stopped_at_each_probe(make_trainer, table, monkeypatch, case, monitor):
    def record():
        trainer = make_trainer(callbacks=Monitor(rows=20, **monitor), **CASES[case])
        trainer.fit(*table, max_epochs=12)
        trainer.fit(*table, max_epochs=30)
        return trainer.callbacks[0].record

    watched = record()
    monkeypatch.setattr(Trainer, "watches_steps", False)
    assert same(watched, record())


@pytest.mark.skipif(not native_available(), reason="no extension")
@pytest.mark.parametrize("batch_size", [None, 16])
def test_both_engines_write_the_same_record(make_trainer, table, batch_size):
    records = []
    for engine in ("native", "reference"):
        trainer = make_trainer(callbacks=Monitor(every=3, rows=20, capacity=8), engine=engine, batch_size=batch_size)
        trainer.fit(*table, max_epochs=15)
        records.append(trainer.callbacks[0].record)
    assert [str(record) for record in records[:1]] == [str(record) for record in records[1:]]
    for ours, theirs in zip(*(record.probes for record in records), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-9)


def test_a_probe_knows_how_many_epochs_were_done(make_trainer, table):
    trainer = make_trainer(callbacks=Monitor(every=2, rows=20))
    trainer.fit(*table, max_epochs=5)
    trainer.fit(*table, max_epochs=5)
    probes = trainer.callbacks[0].record.probes
    assert probes.epochs.tolist() == (probes.steps // (trainer.step // 10)).tolist()


def test_a_resumed_training_has_the_record_of_an_uninterrupted_one(make_trainer, table, tmp_path):
    path = tmp_path / "run.checkpoint"
    settings = {"clipping": Clipping(norm=0.2)}
    whole = make_trainer(callbacks=[Monitor(every=2, rows=30, capacity=4)], **settings)
    whole.fit(*table, max_epochs=9)
    begun = make_trainer(callbacks=[Checkpoint(path), Monitor(every=2, rows=30, capacity=4)], **settings)

    class KilledError(Exception):
        pass

    def kill(trainer, record):
        if trainer.epoch == 5:
            raise KilledError

    begun.callbacks[0].on_epoch_end, write = (
        lambda trainer, record: (write(trainer, record), kill(trainer, record)),
        begun.callbacks[0].on_epoch_end,
    )
    with pytest.raises(KilledError):
        begun.fit(*table, max_epochs=9)
    resumed = make_trainer(callbacks=[Checkpoint(path, resume=True), Monitor(every=2, rows=30, capacity=4)], **settings)
    resumed.fit(*table, max_epochs=9)
    assert_equal_trainings(resumed, whole)
    assert same(resumed.callbacks[1].record, whole.callbacks[0].record)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda trainer: pickle.loads(pickle.dumps(trainer))])
def test_a_copy_goes_on_as_the_original(make_trainer, table, copied):
    trainer = make_trainer(callbacks=[Monitor(every=3)])
    trainer.fit(*table, max_epochs=4)
    other = copied(trainer)
    for each in (trainer, other):
        each.fit(*table, max_epochs=4)
    assert_equal_trainings(trainer, other)
    assert same(trainer.callbacks[0].record, other.callbacks[0].record)
    assert trainer.callbacks[0].record.num_steps == 32


def test_early_stopping_does_not_disturb_it(make_trainer, table):
    X, y = table
    monitor = Monitor()
    trainers = [make_trainer(callbacks=[EarlyStopping(patience=3), *more]) for more in ([], [monitor])]
    for trainer in trainers:
        trainer.fit(X[:40], y[:40], validation_data=(X[40:], y[40:]), max_epochs=100)
    assert_equal_trainings(*trainers)
    assert monitor.record.stop == (trainers[0].stop_reason.code, trainers[0].stop_reason.text)
    assert monitor.record.epoch["validation_loss"].tolist() == trainers[0].history[:, "validation_loss"]


def test_a_new_training_has_a_new_record(make_trainer, table):
    monitor = Monitor()
    make_trainer(callbacks=monitor).fit(*table, max_epochs=2)
    first = monitor.record
    copied = copy.deepcopy(first)
    make_trainer(callbacks=monitor, seed=3).fit(*table, max_epochs=2)
    assert monitor.record is not first
    assert same(first, copied)


def test_equal_trainings_have_equal_records(make_trainer, table):
    monitors = [Monitor(), Monitor()]
    for monitor in monitors:
        make_trainer(callbacks=monitor).fit(*table, max_epochs=5)
    assert same(monitors[0].record, monitors[1].record)


def test_a_failure_is_written_down_with_the_losses_that_led_there(table):
    monitor = Monitor()
    network = Sequential([Dense(4), Dense(1)], 5)
    rates = lambda step: 0.1 if step < 6 else 10.0  # noqa: E731
    trainer = Trainer(network, "squared_error", "gradient_descent", batch_size=20, schedule=rates, callbacks=monitor)
    with pytest.warns(TrainingWarning):
        trainer.fit(*table, max_epochs=50)
    step, layer, quantity = monitor.record.failure
    assert step == monitor.record.num_steps > 6
    assert layer in monitor.record.layers
    assert quantity
    assert monitor.record.step_loss[-1] > 1e10
    assert monitor.record.stop[0] == "non_finite"
    assert f"In step {step + 1}" in str(monitor.record)


def test_weights_that_are_not_finite_at_once_are_an_error_all_the_same(table):
    trainer = Trainer(Sequential([Dense(2)], 5), "softmax_cross_entropy", callbacks=Monitor())
    trainer.build()
    trainer.weights[next(iter(trainer.weights))][:] = np.nan
    with pytest.raises(NonFiniteError):
        trainer.fit(*table, max_epochs=2)
    record = trainer.callbacks[0].record
    assert record.failure is not None
    assert record.probes.non_finite[0, 0] > 0


def test_clipping_is_told_by_how_often_and_how_far(table):
    class Norms(EarlyStopping):
        needs_gradient_norms = True

    settings = {"optimizer": GradientDescent(0.1), "batch_size": None, "dtype": "float64"}
    network = Sequential([Dense(4, activation="tanh"), Dense(2)], 5)
    monitor = Monitor()
    trainer = Trainer(
        network, "softmax_cross_entropy", clipping=Clipping(norm=0.1),
        callbacks=[Norms("loss", patience=99), monitor], **settings,
    )  # fmt: skip
    trainer.fit(*table, max_epochs=5)
    norms = np.array(trainer.history[:, "gradient_norm"])
    np.testing.assert_allclose(monitor.record.clipping_factor, 0.1 / norms)
    assert monitor.record.clipped_share.tolist() == [1.0] * 5
    without = Trainer(network, "softmax_cross_entropy", callbacks=Monitor(), **settings)
    without.fit(*table, max_epochs=2)
    assert np.isnan(without.callbacks[0].record.clipping_factor).all()


def test_custom_losses_have_the_gradients_of_built_in_ones(table):
    X, y = table
    monitors = []
    for loss in ("squared_error", lambda z, t: (0.5 * ((z - t) ** 2).sum(axis=1), z - t)):
        monitors.append(Monitor())
        network = Sequential([Dense(4, activation="tanh"), Dense(1)], 5)
        Trainer(network, loss, dtype="float64", callbacks=monitors[-1]).fit(X, y[:, None], max_epochs=2)
    for ours, theirs in zip(*(monitor.record.probes for monitor in monitors), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-7, atol=1e-12)


def test_sparse_rows_are_probed_as_dense_ones(table):
    X, y = table
    monitors = []
    for rows in (X, sparse.csr_array(X)):
        monitors.append(Monitor(rows=30))
        Trainer(Sequential([Dense(3)], 5), "softmax_cross_entropy", Adam(0.01), dtype="float64", callbacks=monitors[-1]).fit(
            rows, y % 3, max_epochs=2
        )
    for ours, theirs in zip(*(monitor.record.probes for monitor in monitors), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


def test_dropout_is_off_in_a_probe(table):
    monitor = Monitor()
    network = Sequential([Dense(50, activation="tanh"), Dropout(0.5), Dense(2)], 5)
    Trainer(network, "softmax_cross_entropy", callbacks=monitor).fit(*table, max_epochs=1)
    assert monitor.record.probes.zero[:, 0].tolist() == [0.0] * len(monitor.record.probes.steps)


def test_an_epoch_outside_a_fit_is_not_probed(make_trainer, table):
    trainer = make_trainer(callbacks=Monitor())
    trainer.build()
    assert trainer.fit_epoch(trainer.batches(*table)) is not None
    assert len(trainer.callbacks[0].record.probes.steps) == 0


def test_a_record_survives_being_written_as_data(make_trainer, table):
    monitor = Monitor()
    make_trainer(callbacks=monitor).fit(*table, max_epochs=3)
    again = MonitorRecord.from_dict(monitor.record.to_dict())
    assert same(again, monitor.record)
    assert str(again) == str(monitor.record)
    assert "dense_1" in str(again)
    assert again._repr_html_() == monitor.record._repr_html_()
    assert same(MonitorRecord.from_dict(MonitorRecord((), (), 2).to_dict()), MonitorRecord((), (), 2))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("capacity", 3),
        ("table", [[1.0]]),
        ("steps", ["a"]),
        ("step_loss", [1.0]),
        ("failure", [1]),
        ("history", [{}]),
        ("columns", []),
    ],
)
def test_what_is_not_a_record_is_refused(make_trainer, table, key, value):
    monitor = Monitor()
    make_trainer(callbacks=monitor).fit(*table, max_epochs=3)
    with pytest.raises(InvalidSettingError):
        MonitorRecord.from_dict(monitor.record.to_dict() | {key: value})


@pytest.mark.parametrize("given", [{"every": 0}, {"rows": 0}, {"capacity": 5}, {"capacity": 0}, {"every": "epoch"}])
def test_wrong_settings_are_named(given):
    with pytest.raises(InvalidSettingError, match=next(iter(given))):
        Monitor(**given)


def test_probes_are_evenly_apart_after_thinning():
    record = MonitorRecord(["a"], [-math.inf, math.inf], 4)
    thinned = [record.add_probes(*np.array([[step], [0], [0.0]]), {}, np.ones((1, 1, 1))) for step in range(5)]
    assert thinned == [0] * 4 + [1]
    assert [b - a for a, b in pairwise(record.probes.steps.tolist())] == [2, 2]


def test_a_checkpoint_with_another_monitor_is_refused(make_trainer, table, tmp_path):
    path = tmp_path / "run.checkpoint"
    first = make_trainer(callbacks=[Monitor(capacity=4)])
    first.fit(*table, max_epochs=2)
    first.save_checkpoint(path)
    with pytest.raises((FileError, InvalidSettingError), match="capacity"):
        make_trainer(callbacks=[Monitor(capacity=8)]).load_checkpoint(path)


# Probes of the rows that steps train on


@pytest.fixture
def make_plain(table):
    """As ``make_trainer``, of networks whose steps make a probe: no dropout."""

    def make(**settings):
        network = Sequential([Dense(8, activation="relu"), BatchNorm(), Dense(6, activation="tanh"), Dense(2)], 5)
        usual = {"loss": "softmax_cross_entropy", "batch_size": 8, "dtype": "float64", "seed": 7}
        return Trainer(network, **usual | settings)

    return make


class Told(Monitor):
    """A monitor that keeps what it asked the engine for."""

    def watch(self, trainer, num_steps):
        asked = super().watch(trainer, num_steps)
        self.watches = [*getattr(self, "watches", []), *([] if asked is None else [asked])]
        return asked

    def told(self, name):
        return [number for watch in self.watches for number in getattr(watch, name).tolist()]


def cut_into_calls_of(monkeypatch, num_steps):
    monkeypatch.setattr(ChunkSize, "observe", lambda self, steps, duration_s: setattr(self, "steps", num_steps))
    monkeypatch.setattr("lamina.training.chunks._FIRST", num_steps)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("case", CASES)
def test_training_is_the_same_where_its_steps_are_looked_at(make_plain, table, case, engine):
    trainers = [make_plain(callbacks=callbacks, engine=engine, **CASES[case]) for callbacks in ([], [Monitor(every=4, rows=20)])]
    for trainer in trainers:
        trainer.fit(*table, max_epochs=12)
        trainer.fit(*table, max_epochs=3)
    assert_equal_trainings(*trainers)
    record = trainers[1].callbacks[0].record
    assert record.probes.steps.tolist() == list(range(0, trainers[1].step + 1, 4))
    assert np.isfinite(record.probes.update_norm[:-1]).all()


def test_no_rows_but_those_of_the_steps_are_looked_at(make_plain, table, monkeypatch):
    """Only the first probe, and that at the end, which no step follows, take passes of their own."""
    counts = []
    probe = Trainer.probe
    monkeypatch.setattr(Trainer, "probe", lambda trainer, data: counts.append(trainer.step) or probe(trainer, data))
    monitor = Told(every=4, rows=20)
    make_plain(callbacks=monitor).fit(*table, max_epochs=5)
    assert counts == [0, 40]
    assert monitor.told("probes") == []
    # 20 rows are in three steps of 8, also where one of them is the last of an epoch, which has 4
    assert monitor.told("own")[:13] == [4, 5, 6, 8, 9, 10, 12, 13, 14, 16, 17, 18, 20]


@pytest.mark.parametrize("monitor", [{"every": 4}, {"every": 5, "capacity": 4}, {"every": 7}])
@pytest.mark.parametrize("engine", ENGINES)
def test_a_record_does_not_depend_on_how_an_epoch_is_cut_into_calls(make_plain, table, monkeypatch, monitor, engine):
    def record():
        trainer = make_plain(callbacks=Monitor(rows=20, **monitor), engine=engine)
        trainer.fit(*table, max_epochs=7)
        return trainer.callbacks[0].record

    whole = record()
    cut_into_calls_of(monkeypatch, 1)
    assert same(record(), whole)
    cut_into_calls_of(monkeypatch, 3)
    assert same(record(), whole)


@pytest.mark.skipif(not native_available(), reason="no extension")
def test_both_engines_see_the_same_in_their_steps(make_plain, table):
    records = []
    for engine in ("native", "reference"):
        trainer = make_plain(callbacks=Monitor(every=4, rows=20), engine=engine)
        trainer.fit(*table, max_epochs=15)
        records.append(trainer.callbacks[0].record)
    for ours, theirs in zip(*(record.probes for record in records), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("killed_after", [1, 2, 3, 4])
def test_a_training_resumed_in_the_midst_of_a_probe_has_the_same_record(make_plain, table, tmp_path, killed_after):
    path, settings = tmp_path / "run.checkpoint", {"every": 5, "rows": 20, "capacity": 4}
    whole = make_plain(callbacks=[Monitor(**settings)])
    whole.fit(*table, max_epochs=9)

    class Kill(Callback):
        runs_last, after = True, killed_after

        def on_epoch_end(self, trainer, record):
            if trainer.epoch == self.after:
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        make_plain(callbacks=[Checkpoint(path), Monitor(**settings), Kill()]).fit(*table, max_epochs=9)
    Kill.after = None
    resumed = make_plain(callbacks=[Checkpoint(path, resume=True), Monitor(**settings), Kill()])
    resumed.fit(*table, max_epochs=9)
    assert_equal_trainings(resumed, whole)
    assert same(resumed.callbacks[1].record, whole.callbacks[0].record)


def test_a_probe_of_steps_is_of_their_rows_at_the_weights_of_each(table):
    """Plain gradient descent on a line: steps of 10 rows, probes of 20, by hand."""
    X, y = table
    monitor = Monitor(every=3, rows=20)
    trainer = Trainer(
        Sequential([Dense(1)], 5), "squared_error", GradientDescent(0.1), batch_size=10, dtype="float64", shuffle=False,
        callbacks=monitor,
    )  # fmt: skip
    trainer.build()
    w, b = (array.copy() for array in trainer.weights.values())
    trainer.fit(X, y, max_epochs=1)
    losses, outputs, errors, gradients, weights = [], [], [], [], []
    for k in range(6):
        rows = slice(10 * k, 10 * k + 10)
        weights.append(w)
        outputs.append(X[rows] @ w + b)
        errors.append(outputs[-1] - y[rows, None])
        losses.append(0.5 * (errors[-1] ** 2).mean())
        gradients.append(X[rows].T @ errors[-1] / 10)
        w, b = w - 0.1 * gradients[-1], b - 0.1 * errors[-1].mean()
    probes = monitor.record.probes
    assert probes.steps.tolist() == [0, 3, 6]
    for at, first in enumerate((0, 3)):
        both = slice(first, first + 2)
        np.testing.assert_allclose(probes.loss[at], np.mean(losses[both]))
        np.testing.assert_allclose(probes.mean[at], np.mean(outputs[both]))
        np.testing.assert_allclose(probes.std[at], np.std(outputs[both]))
        np.testing.assert_allclose(probes.gradient_rms[at], np.sqrt(np.mean(np.square(errors[both]))))
        np.testing.assert_allclose(probes.weight_gradient_norm[at], np.linalg.norm(gradients[first]))
        np.testing.assert_allclose(probes.weight_norm[at], np.linalg.norm(weights[first]))
        np.testing.assert_allclose(probes.update_norm[at], 0.1 * np.linalg.norm(gradients[first]))


@pytest.mark.parametrize(
    "settings",
    [
        {"batch_size": 2},  # ten steps
        {"sample_weight": np.arange(60) % 3},
        {"every": 2},  # fewer steps than a probe needs
    ],
)
def test_probes_take_passes_of_their_own_where_steps_do_not_do(make_plain, table, settings):
    every, weight = settings.get("every", 20), settings.get("sample_weight")
    monitor = Told(every=every, rows=20)
    make_plain(callbacks=monitor, batch_size=settings.get("batch_size", 8)).fit(*table, sample_weight=weight, max_epochs=6)
    assert monitor.told("own") == []
    assert monitor.told("probes")


def test_every_probe_of_steps_has_its_rows_though_an_epoch_ends_within(make_plain, table):
    """60 rows in steps of 8: the last of an epoch has 4."""
    monitor = Told(every=6, rows=24)
    make_plain(callbacks=monitor).fit(*table, max_epochs=6)
    assert monitor.told("own")[:10] == [6, 7, 8, 9, 12, 13, 14, 18, 19, 20]
    assert [number for watch in monitor.watches for number in watch.seen.num_rows.tolist()][:7] == [8, 4, 8, 8, 8, 8, 8]


def test_a_failure_in_the_midst_of_a_probe_is_in_the_record(table):
    monitor = Monitor(every=6, rows=60)
    network = Sequential([Dense(4), Dense(1)], 5)
    rates = lambda step: 0.1 if step < 7 else 1e300  # noqa: E731
    trainer = Trainer(network, "squared_error", "gradient_descent", batch_size=10, schedule=rates, callbacks=monitor)
    with pytest.warns(TrainingWarning):
        trainer.fit(*table, max_epochs=50)
    probes = monitor.record.probes
    assert probes.steps.tolist() == [0, 6]
    assert monitor.record.failure[0] in (7, 8)
    assert np.isfinite(probes.update_norm).all()


def test_a_probe_that_an_early_stop_cuts_is_left_out(make_plain, table):
    class Stop(Callback):
        def on_epoch_end(self, trainer, record):
            if trainer.epoch == 3:
                trainer.stop("callback")

    monitor = Monitor(every=11, rows=20)
    trainer = make_plain(callbacks=[monitor, Stop()])
    trainer.fit(*table, max_epochs=9)
    assert monitor.record.probes.steps.tolist() == [0, 11]
    trainer.callbacks.pop()
    trainer.fit(*table, max_epochs=3)
    assert monitor.record.probes.steps.tolist() == [0, 11, 24, 35, 46]
