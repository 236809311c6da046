"""Every wrong value of every setting is refused by an error of Lamina's, before any training, or does no harm."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lamina import Clipping, Dense, MLPClassifier, MLPRegressor, Sequential, TabularClassifier, Trainer
from lamina.errors import DataError, InvalidSettingError, LaminaError, OutOfMemoryError, ShapeError
from lamina.initializers import INITIALIZERS
from lamina.layers import LAYERS
from lamina.losses import LOSSES, CustomLoss
from lamina.optimizers import OPTIMIZERS
from lamina.regularizers import REGULARIZERS
from lamina.schedules import SCHEDULES, Adaptive, Cosine, Step, WarmUp
from lamina.training import (
    Blocks,
    Checkpoint,
    EarlyStopping,
    JsonlLog,
    LearningRate,
    MLflowLog,
    Progress,
    SmallGradient,
    TargetLoss,
    TensorBoardLog,
    TimeLimit,
    WandbLog,
)
from lamina.validation import InvalidParameterError

pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::lamina.training.training_warning.TrainingWarning"),
]

X = np.random.default_rng(0).normal(size=(12, 3))
LABELS = (X[:, 0] > 0).astype(int)


class Unshowable:
    """Raises whatever is done to it."""

    __hash__ = None  # type: ignore[assignment]

    def _raise(self, *arguments: object, **settings: object) -> Any:
        raise RuntimeError("do not touch")

    __eq__ = __iter__ = __len__ = __float__ = __bool__ = __array__ = __repr__ = _raise


def returns_nothing(*arguments: object) -> None:
    """No loss, rate or score."""


HUGE = (10**400, -(10**400), 10**5000, 2**62, 2**31)
HOSTILE: tuple[Any, ...] = (
    None, True, False, "", "x", "a" * 200, b"x", -1, 0, 1, 1.5, -0.5, np.nan, np.inf, -np.inf, *HUGE, 1j, object(), int,
    Unshowable(), [], (), {}, [1], ["x"], [None], [10**400], [np.nan], [[1, 2], [3]], {"kind": "x"}, {"a": 1}, {1}, range(3),
    iter([1]), returns_nothing, np.array([]), np.array([1.0, 2.0]), np.array(3.0), np.ones((2, 2)), np.array(["a"]),
    np.float16(0.5), np.float32(0.5), np.float64(np.nan), np.longdouble(0.5), np.int8(3), np.uint64(3), np.bool_(True),
    np.complex64(1), np.datetime64("2020-01-01"),
)  # fmt: skip
NEVER: tuple[Any, ...] = (object(), Unshowable(), 1j, np.nan, "", b"x", np.ones((2, 2)), {"a": 1}, [[1, 2], [3]], -(10**400))


def harm(make: Callable[[Any], object], values: tuple[Any, ...] = HOSTILE) -> list[str]:
    """What comes through that is neither success nor an error of Lamina's."""
    found = []
    for given in values:
        try:
            make(given)
        except LaminaError:
            pass
        except Exception as error:
            found.append(f"{type(given).__name__}: {error!r}")
    return found


# Estimators

PARAMETERS = [(kind, field.name) for kind in (MLPClassifier, MLPRegressor) for field in fields(kind) if field.init]
# Numbers of threads are the engine's business; the largest numbers of epochs and evaluations are right, and take their time.
TAKES_LONG = ("n_threads", "max_iter", "max_fun")


def fit(kind: Any, **settings: Any) -> Any:
    return kind(**{"hidden_layer_sizes": 2, "max_iter": 1, "random_state": 0, **settings}).fit(X, LABELS)


@pytest.mark.parametrize(("kind", "name"), PARAMETERS, ids=lambda part: getattr(part, "__name__", part))
def test_a_wrong_parameter_of_an_estimator_is_refused(kind: Any, name: str) -> None:
    values = [given for given in HOSTILE if not (name in TAKES_LONG and isinstance(given, int) and given > 1)]
    assert not harm(lambda given: fit(kind, **{name: given}), tuple(values))


@pytest.mark.parametrize(("kind", "name"), PARAMETERS, ids=lambda part: getattr(part, "__name__", part))
def test_what_fits_no_parameter_is_refused_by_its_name(kind: Any, name: str) -> None:
    for given in NEVER:
        if name in ("class_weight", "validation_split") and isinstance(given, dict | list | np.ndarray):
            continue  # whether these fit depends on the data
        with pytest.raises(InvalidParameterError, match=rf"{kind.__name__}: {name} must be"):
            fit(kind, **{name: given})


@pytest.mark.parametrize("name", [field.name for field in fields(TabularClassifier)])
def test_a_wrong_parameter_of_an_estimator_of_tables_is_refused(name: str) -> None:
    frame = pd.DataFrame({"a": np.arange(24) % 7, "b": ["x", "y", "z"] * 8})
    usual = {"hidden": 2, "max_epochs": 1, "n_threads": 1, "random_state": 0}
    values = [given for given in HOSTILE if not (name == "max_epochs" and isinstance(given, int) and given > 1)]
    assert not harm(lambda given: TabularClassifier(**usual | {name: given}).fit(frame, ["u", "v"] * 12), tuple(values))


def test_all_wrong_parameters_are_named_at_once() -> None:
    with pytest.raises(InvalidParameterError) as caught:
        fit(MLPClassifier, tol=10**400, callbacks=3, batch_size=True, hidden_layer_sizes=[2.5], momentum="x")
    named = [line.split(":")[1].split()[0] for line in str(caught.value).splitlines()]
    assert named == ["hidden_layer_sizes", "batch_size", "tol", "momentum", "callbacks"]


@pytest.mark.parametrize("number", [np.float16, np.float32, np.float64, np.longdouble])
def test_numbers_of_numpy_are_numbers(number: Any) -> None:
    names = ("alpha", "tol", "learning_rate_init", "momentum", "beta_1", "l1_ratio", "dropout", "clip_norm", "max_norm")
    for solver in ("adam", "sgd"):
        fit(MLPClassifier, solver=solver, **dict.fromkeys(names, number(0.5)))


@pytest.mark.parametrize("integer", [np.int8, np.uint8, np.int16, np.uint32, np.int64, np.uint64, np.intp])
def test_integers_of_numpy_are_integers(integer: Any) -> None:
    names = ("hidden_layer_sizes", "batch_size", "max_iter", "random_state", "n_iter_no_change", "n_restarts", "n_threads")
    fit(MLPClassifier, verbose=integer(0), **dict.fromkeys(names, integer(2)))


# The trainer

SETTINGS = [name for name in inspect.signature(Trainer).parameters if name != "n_threads"]


@pytest.mark.parametrize("name", SETTINGS)
def test_a_wrong_setting_of_a_trainer_is_refused(name: str) -> None:
    def make(given: Any) -> None:
        usual = {"network": Sequential([Dense(2)], 3), "loss": "softmax_cross_entropy"}
        Trainer(**usual | {name: given}).fit(X, LABELS, max_epochs=1)

    assert not harm(make)


@pytest.mark.parametrize("name", ["X", "y", "sample_weight", "validation_data", "max_epochs"])
def test_a_wrong_argument_of_fit_is_refused(name: str) -> None:
    def make(given: Any) -> None:
        usual = {"X": X, "y": LABELS, "max_epochs": 1}
        Trainer(Sequential([Dense(2)], 3), "softmax_cross_entropy").fit(**usual | {name: given})

    values = [given for given in HOSTILE if not (name == "max_epochs" and isinstance(given, int) and given > 1)]
    if name == "validation_data":  # may be a source of blocks of the user's, whose errors are his
        values = [given for given in values if not isinstance(given, Unshowable)]
    assert not harm(make, tuple(values))


def test_what_is_no_source_of_blocks_is_refused() -> None:
    trainer = Trainer(Sequential([Dense(2)], 3), "softmax_cross_entropy")
    values = tuple(given for given in HOSTILE if not isinstance(given, Unshowable))  # it may be the user's, whose errors are his
    for method in (trainer.fit, trainer.evaluate, lambda given: list(trainer.predict_blocks(given)), Blocks):
        assert not harm(method, values)
        for given in (None, 3, "x", X, {"a": 1}):
            with pytest.raises(LaminaError):
                method(given)


@pytest.mark.parametrize("method", ["predict", "predict_logits", "predict_distribution", "build", "stop", "load_checkpoint"])
def test_a_wrong_argument_of_a_trainer_s_method_is_refused(method: str) -> None:
    # widths may come from a generator of the user's, whose errors are his
    values = tuple(given for given in HOSTILE if not (method == "build" and isinstance(given, Unshowable)))
    assert not harm(lambda given: getattr(Trainer(Sequential([Dense(2)], 3), "squared_error"), method)(given), values)


def test_a_path_that_is_none_is_refused_before_it_is_written() -> None:
    trainer = Trainer(Sequential([Dense(2)], 3), "squared_error")
    values = tuple(given for given in HOSTILE if not isinstance(given, str))
    assert not harm(trainer.save_checkpoint, values)


# Layers, losses, optimizers, schedules, initializers, regularizers, callbacks

FAMILIES = (LAYERS, LOSSES, OPTIMIZERS, SCHEDULES, INITIALIZERS, REGULARIZERS)
LOGS = (JsonlLog, MLflowLog, TensorBoardLog, WandbLog)
CALLBACKS = (Checkpoint, EarlyStopping, LearningRate, Progress, SmallGradient, TargetLoss, TimeLimit, *LOGS)
# What must be given, whichever setting is the wrong one.
USUAL = {"units": 2, "rate": 0.1, "function": returns_nothing, "path": "x", "loss": 0.1, "seconds": 1, "target": 0.1, "value": 1}


def described() -> Iterator[tuple[type, str]]:
    members = [family[name] for family in FAMILIES for name in family]
    kinds = [member if inspect.isclass(member) else type(member) for member in members]
    for kind in dict.fromkeys([*kinds, CustomLoss, Clipping, *CALLBACKS]):
        for name, parameter in inspect.signature(kind).parameters.items():
            if parameter.kind is not parameter.VAR_KEYWORD:
                yield kind, name


@pytest.mark.parametrize(("kind", "name"), list(described()), ids=lambda part: getattr(part, "__name__", part))
def test_a_wrong_setting_is_refused(kind: Any, name: str) -> None:
    required = {key: USUAL.get(key, 1) for key, p in inspect.signature(kind).parameters.items() if p.default is p.empty}
    assert not harm(lambda given: kind(**required | {name: given}))


LONG_SCHEDULES = (
    "cosine",
    "coslog",
    "flat_cosine",
    "one_cycle",
    WarmUp(then=Cosine()),
    Step(epochs=10**400),
    Adaptive(patience=10**400),
)


@pytest.mark.parametrize("schedule", LONG_SCHEDULES, ids=lambda given: getattr(given, "kind", given))
def test_schedules_bear_any_number_of_epochs(schedule: Any) -> None:
    stop = TargetLoss(1e9, monitor="loss")
    model = MLPClassifier(hidden_layer_sizes=2, learning_rate=schedule, max_iter=10**400, callbacks=[stop]).fit(X, LABELS)
    assert model.stop_reason_.code == "target_reached"


@pytest.mark.parametrize("layers", [3, None, "x", [3], Dense, [Dense], [None], []], ids=str)
def test_what_is_no_list_of_layers_is_refused(layers: Any) -> None:
    with pytest.raises(InvalidSettingError, match="Sequential: layers must"):
        Sequential(layers)


@pytest.mark.parametrize("name", ["tol", "batch_size", "n_restarts", "callbacks", "loss", "max_time"])
def test_a_parameter_that_turned_wrong_is_refused_by_the_next_partial_fit(name: str) -> None:
    model = MLPClassifier(hidden_layer_sizes=2).partial_fit(X, LABELS, classes=[0, 1])
    with pytest.raises(InvalidParameterError, match=f"MLPClassifier: {name} must be"):
        model.set_params(**{name: 1j}).partial_fit(X, LABELS)


class Splitter:
    """Gives what it is told to give."""

    def __init__(self, splits: Any) -> None:
        self.splits = splits

    def get_n_splits(self, *arguments: Any) -> int:
        return 1

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Any:
        return self.splits


SPLITS = ([], [(1,)], [("a", "b")], [([0], [1, 2, 1000])], [([0.5], [1, 2])], 3, [None], [([0, 1], [[2], [3, 4]])])


@pytest.mark.parametrize("splits", SPLITS, ids=str)
def test_a_splitter_that_gives_no_row_numbers_is_refused(splits: Any) -> None:
    with pytest.raises(DataError, match="validation_split"):
        fit(MLPClassifier, validation_split=Splitter(splits))


BAD_WEIGHTS = {"None": None, "a number": 3, "texts": [["x"]] * 2, "complex": [np.ones((3, 2)) * 1j, np.ones((2, 1))]}


@pytest.mark.parametrize("arrays", list(BAD_WEIGHTS.values()), ids=list(BAD_WEIGHTS))
def test_weights_that_are_no_numbers_are_refused(arrays: Any) -> None:
    model = fit(MLPClassifier)
    with pytest.raises(LaminaError, match="coefs_ must"):
        model.coefs_ = arrays


# Sizes

GIB = 2**30


@pytest.mark.parametrize("units", [2**62, 2**40, 10**30, 10**400])
@pytest.mark.parametrize("widths", [[3], [3, 5]], ids=["first", "second"])
def test_a_layer_that_no_memory_holds_is_named_with_its_size(units: int, widths: list[int]) -> None:
    network = Sequential([*(Dense(width) for width in widths[1:]), Dense(units)], widths[0])
    name = f"dense_{len(widths)}"
    with pytest.raises(OutOfMemoryError, match=rf"^{name}: the array '{name}\.weight' of shape .* GiB.*Use fewer units"):
        network.initialize(0)
    with pytest.raises(MemoryError):
        Trainer(network, "squared_error").fit(X, np.zeros((12, 1)))


@pytest.mark.parametrize("sizes", [2**62, (4, 2**62), [2**40, 2**40]])
def test_an_estimator_says_which_layer_is_too_large(sizes: Any) -> None:
    with pytest.raises(OutOfMemoryError, match=r"dense_\d: the array"):
        fit(MLPClassifier, hidden_layer_sizes=sizes)


# Functions of the user's

BAD_NUMBERS = {"text": "high", "None": None, "complex": 1j, "array": np.ones(3), "list": [1.0], "object": object()}


@pytest.mark.parametrize("returned", BAD_NUMBERS)
def test_a_metric_that_returns_no_number_is_named(returned: str) -> None:
    metrics = {"mine": lambda targets, predictions: BAD_NUMBERS[returned]}
    trainer = Trainer(Sequential([Dense(2)], 3), "softmax_cross_entropy", metrics=metrics)
    with pytest.raises(InvalidSettingError, match="Trainer: the metric 'mine' must return a number, got "):
        trainer.fit(X, LABELS, validation_data=(X, LABELS), max_epochs=1)


@pytest.mark.parametrize("returned", [np.float32(0.5), np.array(0.5), 1, True, np.nan])
def test_a_metric_may_return_any_number(returned: Any) -> None:
    trainer = Trainer(Sequential([Dense(2)], 3), "softmax_cross_entropy", metrics={"mine": lambda y, p: returned})
    history = trainer.fit(X, LABELS, validation_data=(X, LABELS), max_epochs=1)
    np.testing.assert_equal(history[-1, "validation_mine"], float(returned))


@pytest.mark.parametrize("returned", BAD_NUMBERS)
def test_an_objective_that_returns_no_number_is_refused(returned: str) -> None:
    def objective(truth: np.ndarray, predicted: np.ndarray) -> Any:
        return BAD_NUMBERS[returned]

    with pytest.raises(InvalidSettingError, match="the objective must return a number"):
        fit(MLPClassifier, solver="perturb-all", objective=objective)


BAD_RATES = {**BAD_NUMBERS, "NaN": np.nan, "infinity": np.inf, "negative": -0.1}


@pytest.mark.parametrize("returned", BAD_RATES)
def test_a_schedule_that_returns_no_rate_is_refused(returned: str) -> None:
    with pytest.raises(InvalidSettingError, match=r"Function: the schedule.*must (return a number|give a finite rate >= 0), got"):
        fit(MLPClassifier, learning_rate=lambda step: BAD_RATES[returned])


n = len(X)
BAD_LOSSES: dict[str, tuple[Any, str]] = {
    "three results": ((np.ones(n), np.ones((n, 1)), 0), "must return the loss of each row, or the pair .* got '3 results'"),
    "one sum": (1.0, r"the loss must have shape \(12,\), got \(\)\. Sum over outputs only"),
    "one column": (np.ones((n, 1)), r"the loss must have shape \(12,\), got \(12, 1\)"),
    "gradient of a row": ((np.ones(n), np.ones(n)), r"the gradient must have shape \(12, 1\), got \(12,\)"),
    "text": ("low", "the loss must be an array of numbers, got 'low'"),
    "complex": (np.ones(n) + 1j, "the loss must be an array of numbers"),
    "None": (None, "the loss must"),
    "ragged": ([[1.0], [2.0, 3.0]], "the loss must be an array of numbers"),
    "untouchable": (Unshowable(), "the loss must be an array of numbers, got a Unshowable that cannot be shown"),
}


@pytest.mark.parametrize("bad", BAD_LOSSES)
def test_a_loss_that_returns_something_else_is_told_what_it_must_return(bad: str) -> None:
    returned, sentence = BAD_LOSSES[bad]

    def mine(logits: np.ndarray, targets: np.ndarray) -> Any:
        return returned

    with pytest.raises(LaminaError, match=f"mine: .*{sentence}"):
        fit(MLPRegressor, loss=mine, batch_size=n)


def test_what_a_function_of_the_user_s_raises_comes_through_and_the_trainer_can_go_on() -> None:
    rates = iter([0.1, 0.1])
    trainer = Trainer(Sequential([Dense(2)], 3), "softmax_cross_entropy", schedule=lambda step: next(rates), batch_size=12)
    with pytest.raises(StopIteration):
        trainer.fit(X, LABELS, max_epochs=3)
    trainer.schedule = Cosine()
    assert trainer.fit(X, LABELS, max_epochs=1)[-1]["loss"] > 0


def test_predictions_of_another_number_of_rows_are_refused() -> None:
    loss = CustomLoss(lambda z, t: ((z - t) ** 2).sum(axis=1), inverse_link=lambda z: z.sum())
    with pytest.raises(ShapeError, match="what inverse_link returns must have 12 rows, like the logits"):
        fit(MLPRegressor, loss=loss).predict(X)
