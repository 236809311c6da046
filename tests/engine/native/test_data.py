"""The caller's arrays: whatever their order, type and storage, they mean the same numbers; wrong ones are refused in words."""

import gc
import weakref

import numpy as np
import pytest
from scipy import sparse

from lamina.engine import Batches, Head, StepValues, TrainingPlan, UpdateRule
from lamina.engine.native import NativeExecutor
from lamina.engine.order import as_order
from lamina.errors import DataError, ShapeError

ROWS, FEATURES = 60, 7


def _line(box):
    """One weight and one bias."""
    builder = box.ProgramBuilder(1)
    return builder.program(Head("squared_error", builder.dense(0, 1), 1))


def _values():
    """Sparse, some rows and a column without any value."""
    rng = np.random.default_rng(0)
    values = np.where(rng.random((ROWS, FEATURES)) < 0.4, rng.normal(size=(ROWS, FEATURES)), 0.0).astype(np.float32)
    values[[0, 20, 21, -1]] = 0
    values[:, 3] = 0
    return values


def _memmap(x, folder):
    np.save(folder / "x.npy", x)
    return np.load(folder / "x.npy", mmap_mode="r")


def _wide_csr(x):
    rows = sparse.csr_array(x)
    rows.indices, rows.indptr = rows.indices.astype(np.int64), rows.indptr.astype(np.int64)
    return rows


def _with_duplicates(x):
    """Every stored value as two halves in one place."""
    rows = sparse.csr_array(x)
    return sparse.csr_array((np.repeat(rows.data / 2, 2), np.repeat(rows.indices, 2), 2 * rows.indptr), shape=rows.shape)


def _unsorted(x):
    """The values of every row from its last column to its first."""
    rows = sparse.csr_array(x[:, ::-1])
    return sparse.csr_array((rows.data, FEATURES - 1 - rows.indices, rows.indptr), shape=rows.shape)


FORMS = {
    "C order": lambda x, _: x,
    "Fortran order": lambda x, _: np.asfortranarray(x),
    "float64": lambda x, _: x.astype(np.float64),
    "float64, Fortran order": lambda x, _: np.asfortranarray(x, dtype=np.float64),
    "every second row and column": lambda x, _: np.repeat(np.repeat(x, 2, axis=0), 2, axis=1)[::2, ::2],
    "reversed": lambda x, _: np.ascontiguousarray(x[::-1, ::-1])[::-1, ::-1],
    "read-only": lambda x, _: np.frombuffer(x.tobytes(), np.float32).reshape(x.shape),
    "memory-mapped": _memmap,
    "half precision": lambda x, _: x.astype(np.float16).astype(np.float32),
    "big-endian": lambda x, _: x.astype(">f4"),
    "CSR matrix": lambda x, _: sparse.csr_matrix(x),
    "CSR array": lambda x, _: sparse.csr_array(x),
    "CSR array of float64": lambda x, _: sparse.csr_array(x.astype(np.float64)),
    "CSR array with 64-bit indices": lambda x, _: _wide_csr(x),
    "CSR array with duplicates": lambda x, _: _with_duplicates(x),
    "CSR array with unsorted columns": lambda x, _: _unsorted(x),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("reader", ["dense alone", "others too"])
@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_the_inputs_trains_alike(box, tmp_path, form, reader, dtype):
    builder = box.ProgramBuilder(FEATURES)
    x = 0 if reader == "dense alone" else builder.activation(0, "tanh")
    two = builder.combine("add", builder.dense(x, 5), builder.dense(0, 5))
    program = builder.program(Head("squared_error", builder.dense(builder.activation(two, "relu"), 2), 2))
    x = _values() if form != "half precision" else _values().astype(np.float16).astype(np.float32)
    y = np.random.default_rng(1).normal(size=(ROWS, 2)).astype(dtype)
    order = np.random.default_rng(2).permutation(ROWS)
    executors = []
    for inputs in (FORMS[form](x, tmp_path), x):
        native, _ = box.pair(program, dtype)
        native.configure(TrainingPlan(UpdateRule("momentum", (0.9,), 1)))
        native.train(Batches([inputs], [y]), order, 8, 0, StepValues(np.full(8, 0.05)))
        native.predictions = native.predict([inputs])[0]
        executors.append(native)
    np.testing.assert_allclose(executors[0].snapshot().parameters, executors[1].snapshot().parameters, **box.tolerance(dtype))
    np.testing.assert_allclose(executors[0].predictions, executors[1].predictions, **box.tolerance(dtype, 5.0))


def test_targets_may_be_strided(box):
    program = box.classifier(features=4, hidden=(3,), classes=3)
    native, _ = box.pair(program, "float32")
    data = box.batches_for(program, 20, "float32")
    apart = np.repeat(data.targets[0], 2, axis=0)[::2]
    assert native.loss_and_gradient(Batches(data.inputs, [apart]))[0] == native.loss_and_gradient(data)[0]


def test_rows_that_the_order_leaves_out_do_not_matter(box):
    program = box.classifier(features=4, hidden=(3,))
    native, _ = box.pair(program, "float32")
    data = box.batches_for(program, 20, "float32")
    poisoned = [data.inputs[0].copy()]
    poisoned[0][10:] = np.nan
    loss, _ = native.loss_and_gradient(Batches(poisoned, data.targets), order=np.arange(10))
    assert np.isfinite(loss)


def _data(**changes):
    arrays = {"inputs": [np.zeros((6, 4), np.float32)], "targets": [np.zeros((6, 1), np.float32)], "sample_weight": None}
    return Batches(**(arrays | changes))


@pytest.mark.parametrize(
    ("changes", "order", "error", "message"),
    [
        ({"inputs": [np.zeros((6, 5), np.float32)]}, None, ShapeError, r"input 0 must have shape \(n, 4\), got \(6, 5\)"),
        ({"inputs": [np.zeros(6, np.float32)]}, None, ShapeError, r"input 0 must have shape \(n, 4\)"),
        ({"inputs": [np.zeros((6, 4), np.float32)] * 2}, None, ShapeError, "inputs must be 1 arrays"),
        ({"targets": [np.zeros((5, 1), np.float32)]}, None, ShapeError, "target 0 must have 6 rows"),
        ({"targets": []}, None, ShapeError, "targets must be 1 arrays"),
        ({"sample_weight": np.ones(5)}, None, ShapeError, r"sample_weight must have shape \(6,\)"),
        ({}, np.array([0, 6]), DataError, "order must hold row numbers from 0 to 5"),
        ({}, np.array([-1]), DataError, "order must hold row numbers from 0 to 5"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(box, changes, order, error, message):
    native, _ = box.pair(box.classifier(features=4, hidden=(3,)), "float32")
    with pytest.raises(error, match=message):
        native.loss_and_gradient(_data(**changes), order=order)


def test_step_values_need_one_entry_a_step(box):
    native, _ = box.pair(box.classifier(features=4, hidden=(3,)), "float32")
    with pytest.raises(ShapeError, match=r"learning_rates must have shape \(3,\), one entry per step, got \(2,\)"):
        native.train(_data(), np.arange(6), 2, 0, StepValues(np.zeros(2)))


def test_gradients_of_outputs_need_the_outputs_shapes(box):
    native, _ = box.pair(box.classifier(features=4, hidden=(3,)), "float32")
    native.forward(_data().inputs, np.arange(6), 0)
    with pytest.raises(ShapeError, match="d_outputs must have the outputs' shapes"):
        native.backward([np.zeros((5, 2), np.float32)], 0)


def test_data_are_read_once_and_live(box):
    executor = NativeExecutor(_line(box), "float32")
    x, y = np.ones((3, 1), np.float32), np.zeros((3, 1), np.float32)
    executor.restore(parameters=np.array([1.0, 0.0]))
    data = Batches([x], [y])
    assert executor.evaluate(data) == pytest.approx(0.5)
    x[:] = 3.0  # the same memory, with other numbers
    assert executor.evaluate(data) == pytest.approx(4.5)
    assert len(data.read) == 1


def test_an_executor_keeps_no_data_alive(box):
    executor = NativeExecutor(_line(box), "float32")
    x = np.ones((3, 1), np.float32)
    gone = weakref.ref(x)
    executor.evaluate(Batches([x], [x]))
    executor.predict([x])
    del x
    gc.collect()
    assert gone() is None


def test_rows_that_are_read_in_place_are_left_alone_by_the_next_call(box):
    native, _ = box.pair(box.classifier(features=FEATURES, hidden=(3,)), "float32")
    x = _values()
    before, expected = x.copy(), native.predict([x])[0]
    np.testing.assert_array_equal(native.predict([np.asfortranarray(x[::-1])])[0], expected[::-1])
    np.testing.assert_array_equal(native.predict([x.astype(np.float64)])[0], expected)
    np.testing.assert_array_equal(x, before)


def test_two_executors_read_the_same_data_each_in_its_own_way(box):
    data = Batches([np.ones((3, 1), np.float32)], [np.zeros((3, 1), np.float32)])
    for dtype in ("float32", "float64"):
        executor = NativeExecutor(_line(box), dtype)
        executor.restore(parameters=np.array([2.0, 0.0]))
        assert executor.evaluate(data) == pytest.approx(2.0)


def test_an_order_with_a_negative_row_is_refused():
    with pytest.raises(DataError, match=r"order must hold row numbers from 0 to 2, got \(-1, 1\)"):
        as_order(np.array([1, -1]), 3)
