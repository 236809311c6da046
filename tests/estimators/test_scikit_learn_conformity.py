"""scikit-learn's own tests of its perceptrons, as installed, with nothing changed but the import of the estimators."""

from __future__ import annotations

import importlib.util
from types import ModuleType

import pytest

import lamina

_NAMES = {"sklearn.neural_network": "MLPClassifier, MLPRegressor", "sklearn.linear_model": "Perceptron"}

# Tests that reach into private attributes of scikit-learn's implementation.
_PRIVATE = {
    "test_fit": "sets mlp._coef_grads and mlp._coef_velocity",
    "test_gradient": "calls mlp._loss_grad_lbfgs",
    "test_learning_rate_warmstart": "reads mlp._optimizer",
    "test_adaptive_learning_rate": "reads mlp._optimizer",
    "test_n_iter_no_change": "reads mlp._no_improvement_count",
    "test_n_iter_no_change_inf": "reads mlp._no_improvement_count",
}

# Warnings are errors in our tests, but these are not in scikit-learn's.
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::lamina.training.training_warning.TrainingWarning"),
]


def _with_import_changed(package: str, file: str) -> ModuleType:
    spec = importlib.util.find_spec(f"{package}.tests.{file}")
    assert spec is not None and spec.origin is not None
    with open(spec.origin, encoding="utf-8") as opened:  # noqa: PTH123
        source = opened.read()
    names = _NAMES[package]
    theirs, ours = (f"from {home} import {names}" for home in (package, "lamina"))
    assert source.count(theirs) == 1
    module = ModuleType(f"scikit_learn_{file}")
    exec(compile(source.replace(theirs, ours), spec.origin, "exec"), vars(module))
    return module


_MODULE = _with_import_changed("sklearn.neural_network", "test_mlp")
_PERCEPTRON = _with_import_changed("sklearn.linear_model", "test_perceptron")
_TESTS, _PERCEPTRON_TESTS = (
    {name: test for name, test in vars(module).items() if name.startswith("test_")} for module in (_MODULE, _PERCEPTRON)
)
globals().update({name: test for name, test in (_TESTS | _PERCEPTRON_TESTS).items() if name not in _PRIVATE})


@pytest.fixture(params=[42])
def global_random_seed(request: pytest.FixtureRequest) -> int:
    """scikit-learn's fixture, with its default seed."""
    return int(request.param)


def test_the_estimators_under_test_are_ours() -> None:
    assert _MODULE.MLPClassifier is lamina.MLPClassifier
    assert _MODULE.MLPRegressor is lamina.MLPRegressor
    assert _PERCEPTRON.Perceptron is lamina.Perceptron


def test_every_excluded_test_still_exists_and_most_are_run() -> None:
    assert _PRIVATE.keys() <= _TESTS.keys()
    assert len(_TESTS) - len(_PRIVATE) >= 30
    assert len(_PERCEPTRON_TESTS) >= 4


def test_no_test_of_the_one_file_hides_one_of_the_other() -> None:
    assert not _TESTS.keys() & _PERCEPTRON_TESTS.keys()
