"""engine="torch" for trainers and estimators: the numbers of the other engines, and models that need no torch."""

import copy
import pickle
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse
from tests.distributed.ranks import run_ranks

from lamina import (
    BatchNorm,
    Dense,
    Dropout,
    Embedding,
    Ensemble,
    MLPClassifier,
    MLPRegressor,
    Sequential,
    Trainer,
    load_model,
    save_model,
)
from lamina.analysis import check_gradients
from lamina.distributed import fit
from lamina.engine import Batches, make_executor
from lamina.engine.torch.devices import chosen_device
from lamina.engine.torch.mirror import Mirror, Mirrors
from lamina.errors import InvalidSettingError
from lamina.layers import CustomActivation, CustomLayer
from lamina.losses import CustomLoss
from lamina.model import TabularClassifier
from lamina.regularizers import Elastic
from lamina.training import Checkpoint, Monitor

RNG = np.random.default_rng(0)
X = RNG.normal(size=(203, 6))
Y = (X[:, 0] + np.sin(X[:, 1]))[:, np.newaxis]
CLASSES = (Y[:, 0] > 0).astype(int)
WEIGHT = RNG.uniform(0.0, 2.0, size=203)


def network():
    penalized = Dense(12, activation="relu", regularizer=Elastic(1e-4, 1e-3))
    return Sequential([penalized, Dropout(0.2), BatchNorm(), Dense(8, activation="tanh", max_norm=2.0), Dense(1)])


def plain():
    return Sequential([Dense(8, activation="tanh"), Dense(1)])


def trained(engine, *, net=network, loss="squared_error", optimizer="adam", epochs=3, data=(X, Y), **settings):
    trainer = Trainer(net(), loss, optimizer, **{"engine": engine, "dtype": "float64", "seed": 5, "batch_size": 16} | settings)
    trainer.fit(*data, max_epochs=epochs, validation_data=(X[:50], data[1][:50]))
    return trainer


def assert_same(one, other, tolerance=1e-10):
    for name in ("loss", "validation_loss"):
        np.testing.assert_allclose(one.history[:, name], other.history[:, name], rtol=tolerance)
    for ours, theirs in zip(one.executor.snapshot(), other.executor.snapshot(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(one.predict(X), other.predict(X), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("optimizer", ["gradient_descent", "momentum", "nesterov", "rmsprop", "adagrad", "adamw", "nadam"])
def test_training_gives_the_numbers_of_the_native_engine(optimizer):
    assert_same(trained("torch", optimizer=optimizer), trained("native", optimizer=optimizer))


@pytest.mark.parametrize("optimizer", ["lbfgs", "perturb-one", "perturb-all"])
def test_so_does_training_that_looks_at_each_objective(optimizer):
    ours, theirs = (trained(engine, net=plain, optimizer=optimizer, batch_size=None, epochs=2) for engine in ("torch", "native"))
    assert_same(ours, theirs, 1e-8)


def test_in_float32_the_numbers_agree_up_to_rounding():
    assert_same(trained("torch", dtype="float32"), trained("native", dtype="float32"), 1e-3)


def test_sparse_rows_weights_and_classes_train_alike():
    rows = sparse.csr_array(np.where(X > 0.5, X, 0.0))
    results = []
    for engine in ("torch", "native"):
        net = Sequential([Dense(8, activation="relu"), Dense(3)])
        trainer = Trainer(net, "softmax_cross_entropy", engine=engine, dtype="float64", seed=2)
        trainer.fit(rows, CLASSES + (X[:, 2] > 1), sample_weight=WEIGHT, max_epochs=3)
        results.append(trainer.history[:, "loss"])
    np.testing.assert_allclose(*results, rtol=1e-10)


@pytest.mark.filterwarnings("ignore:precision 'mixed' brings no speed")
def test_in_mixed_precision_sparse_rows_are_not_rounded_either():
    """Neither in steps that are taken at once nor in the half of one."""
    rows = sparse.csr_array(np.where(X > 0.5, X, 0.0))
    results = []
    for engine in ("torch", "native"):
        trainer = Trainer(Sequential([Dense(8, activation="relu"), Dense(1)]), "squared_error", engine=engine, precision="mixed")
        trainer.fit(rows, Y, max_epochs=3)
        data = Batches([rows], [Y])
        found = trainer.executor.gradient(data, np.arange(203), 0).vector, trainer.executor.loss_and_gradient(data)[1]
        results.append((trainer.executor.snapshot().parameters, *found))
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


def test_codes_of_categories_learn_vectors_alike():
    codes = np.column_stack([X[:, :2], RNG.integers(0, 9, (203, 2))])

    def net():
        return Sequential([Embedding([None, None, 9, 9], mask=0.1), Dense(8, activation="relu"), Dense(1)])

    ours, theirs = (
        Trainer(net(), "squared_error", engine=engine, dtype="float64").fit(codes, Y, max_epochs=3)[:, "loss"]
        for engine in ("torch", "native")
    )
    np.testing.assert_allclose(ours, theirs, rtol=1e-10)


def test_members_of_an_ensemble_train_alike():
    ours, theirs = (trained(engine, net=lambda: Ensemble(plain(), 3)) for engine in ("torch", "native"))
    assert_same(ours, theirs)


def test_a_loss_of_ones_own_gets_numpy_arrays():
    def squared(logits, target):
        assert isinstance(logits, np.ndarray)
        return 0.5 * ((logits - target) ** 2).sum(axis=1), logits - target

    ours, theirs = trained("torch", loss=squared), trained("native", loss=squared)
    assert_same(ours, theirs)


def test_rows_in_blocks_train_alike():
    def blocks():
        return [(X[start : start + 60], Y[start : start + 60]) for start in range(0, 203, 60)]

    ours, theirs = (
        Trainer(plain(), "squared_error", engine=engine, dtype="float64").fit(blocks(), max_epochs=3)[:, "loss"]
        for engine in ("torch", "native")
    )
    np.testing.assert_allclose(ours, theirs, rtol=1e-10)


def test_a_monitor_sees_the_same_of_a_training_and_changes_nothing():
    monitors = Monitor(), Monitor()
    ours, theirs = (trained(engine, callbacks=[monitor]) for engine, monitor in zip(("torch", "native"), monitors, strict=True))
    assert_same(ours, theirs)
    assert_same(ours, trained("torch"), 1e-15)
    for one, other in zip(*(monitor.record.probes for monitor in monitors), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-9)


def test_many_masks_are_drawn_on_the_device_too():
    ours, theirs = (trained(engine).predict_distribution(X[:20], mc_samples=5) for engine in ("torch", "native"))
    np.testing.assert_allclose(ours.spread, theirs.spread, rtol=1e-8)


def test_gradients_are_checked_on_tensors():
    assert check_gradients(plain(), X[:10], Y[:10], loss="squared_error", engine="torch").passed


@pytest.mark.parametrize("engine", ["torch", "native"])
def test_a_checkpoint_goes_on_in_either_engine(tmp_path, engine):
    whole = trained("torch", epochs=6)
    begun = trained("torch", epochs=3)
    begun.save_checkpoint(tmp_path / "run")
    resumed = Trainer(network(), "squared_error", engine=engine, dtype="float64", seed=5, batch_size=16)
    resumed.load_checkpoint(tmp_path / "run").fit(X, Y, max_epochs=3, validation_data=(X[:50], Y[:50]))
    assert_same(resumed, whole, 1e-15 if engine == "torch" else 1e-10)


def test_a_fit_is_taken_up_again_by_its_callback(tmp_path):
    callback = Checkpoint(tmp_path / "run", resume=True)
    first = trained("torch", callbacks=[callback], epochs=2)
    again = trained("torch", callbacks=[Checkpoint(tmp_path / "run", resume=True)], epochs=2)
    assert_same(again, first, 1e-15)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda trainer: pickle.loads(pickle.dumps(trainer))], ids=["copy", "pickle"])
def test_a_copy_goes_on_bit_for_bit(copied):
    trainer = trained("torch")
    other = copied(trainer)
    for each in (trainer, other):
        each.fit(X, Y, max_epochs=1)
    np.testing.assert_array_equal(trainer.predict(X), other.predict(X))


def test_weights_are_read_and_written_in_place():
    trainer = trained("torch", net=plain)
    weights = trainer.weights
    before = weights["dense_2.bias"].copy()
    trainer.fit(X, Y, max_epochs=1)
    assert (weights["dense_2.bias"] != before).all()
    shift = trainer.predict(X)
    weights["dense_2.bias"] += 1.0
    np.testing.assert_allclose(trainer.predict(X), shift + 1.0)


def test_a_mirror_takes_what_was_written_and_shows_what_changed():
    """What :attr:`Trainer.weights` are where the device's memory is not the host's."""
    tensor = torch.tensor([1.0, 2.0])
    mirror = Mirror(torch, tensor)
    first = mirror.array[:1]
    first[0] = 5.0
    assert tensor.tolist() == [1.0, 2.0]
    mirror.read()
    assert tensor.tolist() == [5.0, 2.0]
    tensor[0] = 7.0
    mirror.show()
    assert first.tolist() == [7.0]


def test_a_mirror_that_nobody_has_takes_what_was_written_and_is_given_up():
    tensor = torch.tensor([1.0, 2.0])
    mirror = Mirror(torch, tensor)
    mirror.array[0] = 5.0
    mirror.read()
    assert tensor.tolist() == [5.0, 2.0]
    tensor[0] = 3.0
    mirror.show()
    mirror.read()
    assert tensor.tolist() == [3.0, 2.0]
    assert mirror.array.tolist() == [3.0, 2.0]


def test_weights_of_a_trainer_are_mirrored_where_the_host_has_no_view(monkeypatch):
    """The same on the CPU, with copies in place of the tensors' own memory."""
    trainer = Trainer(plain(), "squared_error", engine="torch", dtype="float64", seed=5)
    usual = Trainer(plain(), "squared_error", engine="torch", dtype="float64", seed=5)
    for each in (trainer, usual):
        each.build(6)
    executor = trainer.executor
    monkeypatch.setattr(executor, "_mirrors", Mirrors(torch, executor._vectors[:2]))
    kept = trainer.weights
    for each in (trainer, usual):
        each.weights["dense_1.bias"][...] = 0.5
        each.fit(X, Y, max_epochs=2)
        each.weights["dense_2.bias"] += 1.0
        each.fit(X, Y, max_epochs=1)
    np.testing.assert_array_equal(trainer.predict(X), usual.predict(X))
    for name, array in usual.weights.items():
        np.testing.assert_array_equal(kept[name], array)


@pytest.fixture
def hasty():
    """Threads that take turns as often as they can."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("is_mirrored", [False, True])
def test_threads_predict_with_one_model_what_one_does(is_mirrored, monkeypatch):
    model = MLPClassifier(8, max_iter=3, engine="torch", random_state=0, tol=0, n_iter_no_change=9).fit(X, CLASSES)
    executor = model._fit.trainer.executor
    if is_mirrored:
        monkeypatch.setattr(executor, "_mirrors", Mirrors(torch, executor._vectors[:2]))
    expected = [model.predict_proba(X[:end]) for end in (5, len(X))]

    def predict(place):
        for _ in range(100):
            found = model.predict_proba(X[: (5, len(X))[place % 2]])
            kept = executor.views()[0].copy()
            np.testing.assert_array_equal(found, expected[place % 2])
        return kept

    with ThreadPoolExecutor(4) as pool:
        for kept in pool.map(predict, range(4)):
            np.testing.assert_array_equal(kept, executor.snapshot().parameters)


@pytest.mark.usefixtures("hasty")
def test_whoever_predicts_during_a_training_undoes_no_step_of_it(monkeypatch):
    trainer, usual = (Trainer(plain(), "squared_error", engine="torch", seed=5) for _ in range(2))
    for each in (trainer, usual):
        each.build(6)
    executor = trainer.executor
    monkeypatch.setattr(executor, "_mirrors", Mirrors(torch, executor._vectors[:2]))
    kept, is_over = trainer.weights, threading.Event()

    def predict():
        while not is_over.is_set():
            trainer.predict(X[:5])

    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(predict) for _ in range(2)]
        trainer.fit(X, Y, max_epochs=30)
        is_over.set()
        for each in asked:
            each.result()
    usual.fit(X, Y, max_epochs=30)
    for name, array in usual.weights.items():
        np.testing.assert_array_equal(kept[name], array)


@pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor])
def test_estimators_give_the_numbers_of_the_native_engine(estimator):
    y = CLASSES if estimator is MLPClassifier else Y[:, 0]
    settings = {"hidden_layer_sizes": (8,), "max_iter": 4, "random_state": 0, "dropout": 0.1, "tol": 0, "n_iter_no_change": 9}
    with pytest.warns(match="Maximum iterations"):
        ours = estimator(**settings, engine="torch", device="cpu").fit(X, y)
    with pytest.warns(match="Maximum iterations"):
        theirs = estimator(**settings).fit(X, y)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-10)
    for w, expected in zip(ours.coefs_, theirs.coefs_, strict=True):
        np.testing.assert_allclose(w, expected, rtol=1e-8, atol=1e-10)


def test_a_saved_model_needs_no_torch(tmp_path):
    with pytest.warns(match="Maximum iterations"):
        model = MLPClassifier((8,), max_iter=2, random_state=0, engine="torch", device="cpu").fit(X, CLASSES)
    save_model(tmp_path / "model.lamina", model)
    loaded = load_model(tmp_path / "model.lamina")
    assert (loaded.engine, loaded.device) == ("auto", "auto")
    np.testing.assert_allclose(loaded.predict_proba(X), model.predict_proba(X), rtol=1e-10)
    trainer = trained("torch")
    save_model(tmp_path / "net.lamina", trainer)
    assert load_model(tmp_path / "net.lamina").engine == "auto"
    np.testing.assert_allclose(load_model(tmp_path / "net.lamina").predict(X), trainer.predict(X), rtol=1e-10)


def test_models_of_tables_are_trained_and_saved_alike(tmp_path):
    table = pd.DataFrame(X, columns=[f"x{i}" for i in range(6)])
    settings = {"hidden": (8,), "members": 1, "max_epochs": 3, "random_state": 0}
    ours = TabularClassifier(**settings, engine="torch", device="cpu").fit(table, CLASSES)
    theirs = TabularClassifier(**settings, engine="native").fit(table, CLASSES)
    np.testing.assert_allclose(ours.predict_proba(table), theirs.predict_proba(table), atol=1e-5)
    save_model(tmp_path / "table.lamina", ours)
    np.testing.assert_allclose(load_model(tmp_path / "table.lamina").predict_proba(table), ours.predict_proba(table), atol=1e-6)


def bell(x, center):
    return torch.exp(-((x - center) ** 2))


def by_hand(d_out, x, center):
    d_x = d_out * bell(x, center) * -2 * (x - center)
    return d_x, -d_x.sum(axis=0)


def by_torch(d_out, x, center):
    with torch.enable_grad():
        x, center = x.detach().requires_grad_(), center.detach().requires_grad_()
        return torch.autograd.grad(bell(x, center), (x, center), d_out)


@pytest.mark.parametrize("backward", [by_hand, by_torch])
def test_a_layer_of_ones_own_is_written_in_torch(backward):
    bells = CustomLayer(bell, backward, parameters={"center": (None,)}, initializers={"center": "normal"}, name="bells")
    trainer = Trainer(Sequential([Dense(8), bells, Dense(1)]), "squared_error", engine="torch", dtype="float64")
    losses = trainer.fit(X, Y, max_epochs=5)[:, "loss"]
    assert losses[-1] < losses[0]


def test_the_same_functions_run_on_numpy_arrays_and_tensors():
    squared = CustomActivation(lambda x: x * abs(x), lambda x: 2 * abs(x))
    ours, theirs = (trained(engine, net=lambda: Sequential([Dense(8), squared, Dense(1)])) for engine in ("torch", "reference"))
    assert_same(ours, theirs)


@pytest.mark.parametrize(
    ("engine", "function", "said"),
    [
        ("reference", torch.exp, "must take arrays of NumPy here, got a function for those of torch"),
        ("reference", lambda x: x.relu(), "must take arrays of NumPy here, got a function for those of torch"),
        ("reference", lambda x: torch.cat([x, x]), "must take arrays of NumPy here, got a function for those of torch"),
        (
            "reference",
            lambda x: x - x.mean(dim=1, keepdim=True),
            "must take arrays of NumPy here, got a function for those of torch",
        ),
        ("torch", lambda x: torch.from_numpy(x), "must take arrays of torch here, got a function for those of NumPy"),
        ("torch", lambda x: x.astype("float32"), "must take arrays of torch here, got a function for those of NumPy"),
    ],
)
def test_functions_for_another_librarys_arrays_are_told_where_they_run(engine, function, said):
    own = CustomActivation(function, lambda x: x, name="own")
    with pytest.raises(InvalidSettingError, match=f"^own: forward {said}"):
        Trainer(Sequential([own, Dense(1)]), "squared_error", engine=engine).fit(X, Y)


@pytest.mark.parametrize("engine", ["reference", "torch"])
def test_errors_about_what_a_function_made_of_its_arrays_come_unchanged(engine):
    def confused(x, *_):
        return torch.tensor(x).astype("float32") if engine == "reference" else x.cpu().numpy().relu()

    with pytest.raises(AttributeError, match=r"has no attribute '(astype|relu)'"):
        own = CustomLayer(confused, lambda d_out, x: d_out)
        Trainer(Sequential([own, Dense(1)]), "squared_error", engine=engine).fit(X, Y)
    with pytest.raises(AttributeError, match="has no attribute 'astype'"):
        loss = CustomLoss(lambda z, t: torch.tensor(z).astype("float32"))
        Trainer(plain(), loss, engine=engine).fit(X, Y)


def test_a_wrong_gradient_in_torch_is_found_at_the_first_fit():
    wrong = CustomLayer(
        bell, lambda d_out, x, center: by_hand(2 * d_out, x, center), parameters={"center": (None,)}, name="bells"
    )
    trainer = Trainer(Sequential([Dense(8), wrong, Dense(1)]), "squared_error", engine="torch")
    with pytest.raises(InvalidSettingError, match="bells: the gradient of the input that backward returns"):
        trainer.fit(X, Y)


def test_several_workers_train_together():
    def work(communicator):
        trainer = Trainer(network(), "squared_error", engine="torch", dtype="float64", seed=5, batch_size=16)
        fit(trainer, X, Y, communicator=communicator, way="synchronous", max_epochs=2)
        return trainer

    one = Trainer(plain(), "squared_error", engine="torch", dtype="float64", seed=5, batch_size=16)
    one.fit(X, Y, max_epochs=2)

    def of_plain(communicator):
        trainer = Trainer(plain(), "squared_error", engine="torch", dtype="float64", seed=5, batch_size=16)
        fit(trainer, X, Y, communicator=communicator, way="synchronous", max_epochs=2)
        return trainer

    for trainer in run_ranks(2, of_plain):
        np.testing.assert_allclose(trainer.predict(X), one.predict(X), rtol=1e-10, atol=1e-12)
    first, second = run_ranks(2, work)  # with running statistics
    np.testing.assert_array_equal(first.executor.snapshot().state, second.executor.snapshot().state)


def test_nothing_of_torchs_own_settings_changes():
    def settings():
        numbers = torch.get_default_dtype(), torch.is_grad_enabled(), torch.get_num_threads(), torch.initial_seed()
        return (*numbers, torch.are_deterministic_algorithms_enabled(), torch.get_rng_state().tolist())

    before = settings()
    trained("torch", dtype="float32")
    assert settings() == before


def test_it_works_where_gradients_are_off_and_where_only_deterministic_algorithms_are_allowed():
    with torch.no_grad():
        losses = trained("torch").history[:, "loss"]
    torch.use_deterministic_algorithms(True)
    try:
        again = trained("torch").history[:, "loss"]
    finally:
        torch.use_deterministic_algorithms(False)
    assert losses == again


@pytest.mark.skipif(torch.cuda.is_available(), reason="is about machines without CUDA")
def test_a_device_that_is_not_there_is_refused():
    with pytest.raises(InvalidSettingError, match=r"device must be 'auto' or what torch .* finds here \('cpu'.*\), got 'cuda'"):
        Trainer(Sequential([Dense(1)], 2), "squared_error", engine="torch", device="cuda")


def test_a_device_without_float64_is_refused_where_that_is_asked_for():
    class Torch:
        __version__ = "2"
        version = type("version", (), {"cuda": None})
        cuda = type("cuda", (), {"is_available": staticmethod(lambda: False)})
        backends = type("backends", (), {"mps": type("mps", (), {"is_available": staticmethod(lambda: True)})})
        device = staticmethod(str)

    with pytest.raises(InvalidSettingError, match="dtype must be float32 with device='mps', which has no others, got 'float64'"):
        chosen_device(Torch, "mps", np.dtype("float64"))
    assert chosen_device(Torch, "auto", np.dtype("float64")) == "cpu"
    assert chosen_device(Torch, "auto", np.dtype("float32")) == "mps"


def test_the_engine_is_chosen_by_name(build_program):
    executor = make_executor(build_program, engine="torch", device="cpu")
    assert type(executor).__name__ == "TorchExecutor"
    assert executor.device.type == "cpu"


@pytest.fixture
def build_program():
    return plain().build(3).program()
