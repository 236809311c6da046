"""Matrix products: built-in on every instruction set, and BLAS, give NumPy's numbers; only capsules that fit are opened."""

import ctypes

import numpy as np
import pytest
from scipy.linalg import cython_blas
from threadpoolctl import ThreadpoolController

from lamina.engine import _native
from lamina.engine.blas import SingleThreadedBlas, scipy_blas

SIZES = (1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 31, 33, 64)
SHAPES = [(m, 33, 17) for m in SIZES] + [(13, n, 17) for n in SIZES] + [(13, 33, k) for k in SIZES]
SHAPES += [shape for few in (1, 2, 3, 4) for size in (1, 16, 33) for shape in ((1, few, size), (size, few, 1), (1, size, few))]
SHAPES += [
    (1, 1, 1),
    (2, 2, 40),
    (1, 100, 40),
    (100, 1, 40),
    (5, 3, 600),
    (300, 3, 70),
    (3, 300, 300),
    (270, 70, 520),
    (40, 40, 0),
]


def _product(m, n, k, dtype, transpose_a, transpose_b, instruction_set, product):
    rng = np.random.default_rng(m * 10007 + n * 101 + k)
    a = rng.normal(size=(k, m) if transpose_a else (m, k)).astype(dtype)
    b = rng.normal(size=(n, k) if transpose_b else (k, n)).astype(dtype)
    out = np.full((m, n), np.nan, dtype)  # that nothing of it is read
    _native.multiply(out, a, b, transpose_a, transpose_b, scipy_blas(), instruction_set, product)
    left, right = (a.T if transpose_a else a).astype(np.float64), b.T if transpose_b else b
    return out, left @ right, np.abs(left) @ np.abs(right)


@pytest.mark.parametrize("instruction_set", _native.instruction_sets())
@pytest.mark.parametrize("product", ["built_in", "blas", "automatic"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("transpose_a", "transpose_b"), [(False, False), (True, False), (False, True), (True, True)])
def test_products_of_all_shapes_are_those_of_numpy(transpose_a, transpose_b, dtype, product, instruction_set):
    for m, n, k in SHAPES:
        out, expected, magnitude = _product(m, n, k, dtype, transpose_a, transpose_b, instruction_set, product)
        bound = (k + 1) * np.finfo(dtype).eps * magnitude  # Higham 2002, equation 3.13
        assert np.all(np.abs(out - expected) <= bound), (m, n, k)


@pytest.mark.parametrize("choice", [{"product": "built_in"}, {"product": "blas"}], ids=["built-in", "BLAS"])
def test_training_does_not_depend_on_the_product(box, choice):
    _same_gradient(box, choice)


@pytest.mark.parametrize("instruction_set", _native.instruction_sets())
def test_training_does_not_depend_on_the_instruction_set(box, instruction_set):
    _same_gradient(box, {"instruction_set": instruction_set})


def _same_gradient(box, choice):
    program = box.classifier(features=19, hidden=(33, 18), classes=3, function="gelu")
    for dtype in ("float32", "float64"):
        data = box.batches_for(program, 37, dtype)
        native, reference = box.pair(program, dtype, **choice)
        np.testing.assert_allclose(
            native.loss_and_gradient(data)[1], reference.loss_and_gradient(data)[1], **box.tolerance(dtype, 3.0)
        )


def test_an_unknown_instruction_set_is_refused(box):
    with pytest.raises(ValueError, match="no such instruction set here: mmx"):
        box.pair(box.classifier(), "float32", instruction_set="mmx")


_NAMES: list[bytes] = []  # a capsule does not copy its name


def _capsule(name):
    """A capsule of that name around a pointer that nobody may call."""
    new = ctypes.pythonapi.PyCapsule_New
    new.restype, new.argtypes = ctypes.py_object, (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
    _NAMES.append(name.encode())
    return new(1, _NAMES[-1], None)


GOOD = "void (char *, char *, int *, int *, int *, {0} *, {0} *, int *, {0} *, int *, {0} *, {0} *, int *)"


def test_scipys_capsules_are_opened():
    assert scipy_blas() is not None


@pytest.mark.parametrize(
    "name",
    [
        GOOD.format("s").replace("int *", "int64_t *"),
        GOOD.format("s").replace("int *", "npy_int64 *"),
        GOOD.format("double"),
        GOOD.format("float")[:-1] + ", int *)",
        GOOD.format("float").replace("float *, int *)", "double *, int *)"),
        "void (void)",
        "",
    ],
)
def test_capsules_of_another_signature_are_not(name):
    assert _native.Blas.from_capsules(_capsule(name), cython_blas.__pyx_capi__["dgemm"]) is None


def test_what_is_no_capsule_is_not_opened():
    assert _native.Blas.from_capsules("sgemm", "dgemm") is None


def _blas_threads():
    return [
        lib.get_num_threads() for lib in ThreadpoolController().select(user_api="blas").lib_controllers if "scipy" in lib.filepath
    ]


def test_blas_is_single_threaded_inside_and_as_before_outside():
    before = _blas_threads()
    with SingleThreadedBlas():
        with SingleThreadedBlas():
            assert set(_blas_threads()) <= {1}
        assert set(_blas_threads()) <= {1}
    assert _blas_threads() == before


def test_blas_is_left_alone_where_no_product_is_large_enough_for_it(box):
    small, _ = box.pair(box.classifier(), "float32", instruction_set="baseline")
    assert not small._engine.may_use_blas(1)
    assert small._engine.may_use_blas(1000)
    never, _ = box.pair(box.classifier(), "float32", product="built_in")
    assert not never._engine.may_use_blas(10**9)
