"""Threads change speed only: bit-equal results for any number of them."""

import concurrent.futures

import numpy as np
import pytest
import scipy.sparse

from lamina.engine import Batches, Clipping, Head, StepValues, TrainingPlan, UpdateRule

PLAN = TrainingPlan(UpdateRule("adam", (0.9, 0.999, 1e-8), 2), Clipping(layer_norm=1.0, norm=1.5), seed=5, record_norms=True)


def _wide(box):
    """Wide enough that every kind of work is cut into tiles."""
    builder = box.ProgramBuilder(90)
    x = builder.activation(builder.dense(0, 700, decay=True), "gelu")
    x = builder.dropout(builder.batch_norm(x), 0.1)
    x = builder.layer_norm(builder.combine("add", x, builder.prelu(builder.dense(x, 700, l1=0.01, l2=0.1))))
    return builder.program(Head("softmax_cross_entropy", builder.dense(x, 5), 1, (0.0,)))


def _train(box, program, dtype, n_threads):
    native, _ = box.pair(program, dtype, n_threads=n_threads)
    native.configure(PLAN)
    data = box.batches_for(program, 500, dtype, weighted=True)
    values = StepValues(np.full(4, 0.01), np.full(4, 0.1))
    result = native.train(data, np.random.default_rng(0).permutation(500), 150, 0, values)
    return native, result, native.predict(data.inputs)[0], native.evaluate(data)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_results_are_the_same_bits_for_any_number_of_threads(box, dtype):
    program = _wide(box)
    one, result, prediction, losses = _train(box, program, dtype, 1)
    for n_threads in (2, 3, None):
        other, its_result, its_prediction, its_losses = _train(box, program, dtype, n_threads)
        assert np.array_equal(one.snapshot().parameters, other.snapshot().parameters)
        assert np.array_equal(one.snapshot().state, other.snapshot().state)
        assert np.array_equal(result.losses, its_result.losses)
        assert np.array_equal(result.gradient_norms, its_result.gradient_norms)
        assert np.array_equal(prediction, its_prediction)
        assert np.array_equal(losses, its_losses)


def test_the_wide_network_agrees_with_the_reference_on_two_threads(box):
    program = _wide(box)
    native, reference = box.pair(program, "float64", n_threads=2)
    data = box.batches_for(program, 150, "float64")
    np.testing.assert_allclose(
        native.loss_and_gradient(data)[1], reference.loss_and_gradient(data)[1], **box.tolerance("float64", 20.0)
    )


def test_small_networks_use_one_thread_and_the_callers_number_is_kept(box):
    small, _ = box.pair(box.classifier(), "float32")
    data = small._reader.inputs([np.zeros((1, 20), np.float32)])
    assert small._engine.threads_for(data, 32) == 1
    three, _ = box.pair(box.classifier(), "float32", n_threads=3)
    assert three._engine.threads_for(data, 32) == 3


def test_of_sparse_rows_only_what_is_stored_counts_as_work(box):
    program = box.classifier(features=4_000, hidden=(100,))
    executor, _ = box.pair(program, "float32")
    full = scipy.sparse.csr_array(np.ones((3, 4_000), np.float32))
    sparse = scipy.sparse.csr_array(([1.0], ([0], [0])), shape=(3, 4_000), dtype=np.float32)
    threads = [executor._engine.threads_for(executor._reader.inputs([x]), 200) for x in (full.toarray(), full, sparse)]
    assert threads[0] == threads[1]
    assert threads[2] == 1


def test_sparse_batches_train_to_the_same_bits(box):
    program = box.classifier(features=300, hidden=(90,))
    rng = np.random.default_rng(3)
    x = scipy.sparse.csr_array(np.where(rng.random((400, 300)) < 0.3, rng.normal(size=(400, 300)), 0).astype(np.float32))
    data = Batches([x], [rng.integers(0, 2, (400, 1)).astype(np.float32)])
    order, executors = rng.permutation(400), [box.pair(program, "float32", n_threads=n)[0] for n in (1, 2, 3)]
    for executor in executors:
        executor.configure(PLAN)
        executor.train(data, order, 150, 0, StepValues(np.full(3, 0.01)))
    for other in executors[1:]:
        assert np.array_equal(executors[0].snapshot().parameters, other.snapshot().parameters)


def test_executors_train_side_by_side(box):
    program = box.classifier(features=8, hidden=(16,))
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(lambda _: _train_small(box, program), range(8)))
    assert all(np.array_equal(runs[0], run) for run in runs)


def _train_small(box, program):
    native, _ = box.pair(program, "float32")
    native.configure(PLAN)
    native.train(box.batches_for(program, 400, "float32"), np.arange(400), 8, 0, StepValues(np.full(50, 0.01)))
    return native.snapshot().parameters


@pytest.mark.parametrize("sparse", [False, True])
def test_rows_predicted_in_spans_are_those_of_one_thread(box, sparse):
    program = box.classifier(features=6, hidden=(40,))
    rows = np.random.default_rng(1).standard_normal((9_001, 6)).astype("float32")
    inputs = [scipy.sparse.csr_array(np.where(rows > 0, rows, 0)) if sparse else rows]
    one, _ = box.pair(program, "float32", n_threads=1)
    few = [inputs[0][:3]]
    expected, expected_few = one.predict(inputs, ["softmax"])[0], one.predict(few, ["softmax"])[0]
    for n_threads in (2, 3, 16):
        other, _ = box.pair(program, "float32", n_threads=n_threads)
        assert np.array_equal(other.predict(inputs, ["softmax"])[0], expected)
        assert np.array_equal(other.predict(few, ["softmax"])[0], expected_few)
