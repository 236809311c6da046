"""The choice of the engine."""

import subprocess
import sys
import warnings

import numpy as np
import pytest

from lamina.engine import (
    Op,
    Program,
    TrainingPlan,
    UpdateRule,
    engine_info,
    make_executor,
    native_available,
    permutation,
    randomness,
    select,
)
from lamina.engine.native import NativeExecutor
from lamina.engine.reference import ReferenceExecutor
from lamina.errors import InvalidSettingError, LaminaError

PROGRAM = Program(widths=(2, 2), inputs=(0,), outputs=(1,), ops=(Op("activation", "relu", (0,), 1, function="relu"),))


@pytest.fixture
def no_extension(monkeypatch):
    """The extension refuses to load."""
    select._warn_once.cache_clear()
    monkeypatch.setattr(select, "_load_problem", lambda: "no module named _native")
    yield
    select._warn_once.cache_clear()


def test_native_serves_where_it_loads():
    assert native_available()
    assert isinstance(make_executor(PROGRAM), NativeExecutor)
    assert isinstance(make_executor(PROGRAM, engine="native", dtype=np.float64), NativeExecutor)
    info = engine_info()
    assert info["engine"] == "native"
    assert info["instruction_set"] in info["instruction_sets"]
    assert info["tiles"] in ("absent", "refused", "granted")
    assert "amx" not in info["instruction_sets"] or info["tiles"] == "granted"


def test_the_error_for_a_missing_cpp_implementation_names_the_engine_to_use():
    unknown = Program(widths=(2, 2), inputs=(0,), outputs=(1,), ops=(Op("zap", "zap", (0,), 1),))
    with pytest.raises(InvalidSettingError, match=r'does not know zap\. It has no C\+\+ implementation: use engine="reference"'):
        make_executor(unknown)
    with pytest.raises(InvalidSettingError, match=r'does not know lion\. .*engine="reference"'):
        make_executor(PROGRAM).configure(TrainingPlan(UpdateRule("lion", (), 0)))


def test_the_reference_serves_when_asked():
    assert isinstance(make_executor(PROGRAM, engine="reference"), ReferenceExecutor)


def test_a_device_is_for_the_engine_that_has_devices():
    with pytest.raises(InvalidSettingError, match=r"device must be 'auto' with engine='native', got 'cuda'\. Use engine='torch'"):
        make_executor(PROGRAM, engine="native", device="cuda")
    with pytest.raises(InvalidSettingError, match="device must be one of auto, cpu, cuda, mps, got 'gpu'"):
        make_executor(PROGRAM, device="gpu")


def test_without_the_extension_the_reference_serves_and_says_so_once(no_extension):
    with pytest.warns(
        RuntimeWarning, match="native engine does not load .no module named _native.; Lamina uses the reference engine"
    ):
        executor = make_executor(PROGRAM)
    assert isinstance(executor, ReferenceExecutor)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make_executor(PROGRAM)
    assert engine_info() == {
        "engine": "reference",
        "problem": "no module named _native",
        "mixed_precision": "rounded float32",
    }


def test_without_the_extension_native_is_refused(no_extension):
    with pytest.raises(LaminaError, match=r"engine must load, got 'native'\. no module named _native\. Reinstall lamina"):
        make_executor(PROGRAM, engine="native")


def test_a_broken_extension_is_found_out_by_importing():
    code = (
        "import sys; sys.modules['lamina.engine._native'] = None\n"
        "import lamina.engine as engine\n"
        "assert not engine.native_available()\n"
        "assert sorted(engine.permutation(5, seed=1, epoch=0)) == [0, 1, 2, 3, 4]\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"engine": "nativ"}, "Did you mean 'native'"),
        ({"dtype": "float16"}, "dtype must be one of float32, float64, got 'float16'"),
        ({"n_threads": 0}, "n_threads must be from 1 to 1024"),
        ({"n_threads": 1025}, "n_threads must be from 1 to 1024"),
    ],
)
def test_wrong_settings_are_refused(setting, message):
    with pytest.raises(InvalidSettingError, match=message):
        make_executor(PROGRAM, **setting)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 5, 8, 1001])
@pytest.mark.parametrize(("seed", "epoch"), [(0, 0), (1, 7), (2**63 + 3, 2**31), (-1, 2**32 + 1)])
def test_the_native_order_is_that_of_the_reference(n, seed, epoch):
    order = permutation(n, seed=seed, epoch=epoch)
    assert order.dtype == np.int64
    np.testing.assert_array_equal(order, randomness.permutation(n, seed=seed, epoch=epoch))
