"""From a user's arrays to batches: nothing copied without need, and clear words about what cannot be used."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from lamina.errors import DataError, ShapeError
from lamina.layers import Concat, Dense
from lamina.losses import Hinge, Poisson, Quantile, SigmoidCrossEntropy, SoftmaxCrossEntropy, SquaredError
from lamina.network import Graph, Input, Sequential
from lamina.training.batches import input_widths, make_batches
from lamina.training.finite import check_finite

X = np.arange(12.0).reshape(4, 3)
Y = np.array([0, 1, 1, 0])


def batches(X=X, y=Y, weight=None, loss=None, width=2, dtype="float32"):
    network = Sequential([Dense(width, name="out")], 3)
    loss = loss or SoftmaxCrossEntropy()
    return make_batches(X, y, weight, network.program(loss), [loss], np.dtype(dtype), network.input_names, network.output_names)


@pytest.mark.parametrize("array", [X, X.astype(np.float32), np.asfortranarray(X), np.repeat(X, 2, axis=1)[:, ::2]])
def test_float_arrays_of_any_order_are_not_copied(array):
    used = batches(array).inputs[0]
    assert np.shares_memory(used, array)
    assert used.dtype == array.dtype


def test_a_read_only_memmap_is_not_copied(tmp_path):
    X.tofile(tmp_path / "x")
    mapped = np.memmap(tmp_path / "x", dtype=np.float64, mode="r", shape=X.shape)
    assert np.shares_memory(batches(mapped).inputs[0], mapped)


def test_csr_is_not_copied_and_other_sparse_forms_become_csr():
    csr = sparse.csr_array(X)
    assert batches(csr).inputs[0] is csr
    for kind in (sparse.csc_matrix, sparse.coo_array, sparse.lil_matrix):
        used = batches(kind(X)).inputs[0]
        assert used.format == "csr"
        np.testing.assert_array_equal(used.toarray(), X)


@pytest.mark.parametrize(
    "array",
    [X.astype(np.int32), X > 3, X.astype(np.float16), X.astype(">f8"), X.astype(int).tolist(), sparse.csr_array(X.astype(int))],
)
def test_other_numbers_become_the_executors(array):
    used = batches(array).inputs[0]
    assert used.dtype == np.float32
    assert used.shape == (4, 3)


def test_targets_become_columns_of_the_executors_dtype():
    (target,) = batches(dtype="float64").targets
    assert target.shape == (4, 1)
    assert target.dtype == np.float64
    assert target.flags.c_contiguous


def test_a_sparse_indicator_target_becomes_dense():
    indicator = np.eye(2)[Y]
    (target,) = batches(y=sparse.csr_array(indicator), loss=SigmoidCrossEntropy()).targets
    np.testing.assert_array_equal(target, indicator)


def test_an_object_array_of_numbers_is_read():
    assert batches(X.astype(object)).inputs[0].dtype == np.float32


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((4, 5)), r"X must have shape \(rows, 3\), got \(4, 5\)"),
        (np.zeros(4), r"X must have shape \(rows, 3\), got \(4,\)\. Use X\.reshape\(-1, 1\)"),
        (np.zeros((4, 3, 1)), r"\(4, 3, 1\)"),
        (sparse.csr_array((4, 5)), r"got \(4, 5\)"),
    ],
)
def test_a_wrong_shape_names_both(array, message):
    with pytest.raises(ShapeError, match=message):
        batches(array)


def test_rows_of_x_and_y_must_agree():
    with pytest.raises(ShapeError, match=r"y must have shape \(4, 1\).*softmax_cross_entropy, got \(3,\)"):
        batches(y=Y[:3])


def test_no_rows_are_refused():
    with pytest.raises(DataError, match="at least one row"):
        batches(np.zeros((0, 3)), np.zeros(0))


@pytest.mark.parametrize(
    "wrong", [np.array([["a", "b", "c"]] * 4), X + 1j, X.astype("datetime64[s]"), [["1", "x", "3"]] * 4, "text"]
)
def test_what_is_no_number_is_refused(wrong):
    with pytest.raises((DataError, ShapeError), match="X must"):
        batches(wrong)


@pytest.mark.parametrize("form", [np.asarray, np.asfortranarray, np.float32, sparse.csr_array])
@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_counted_and_located(form, wrong):
    bad = X.copy()
    bad[1:3, 1] = wrong
    with pytest.raises(DataError, match="X must hold finite numbers, got 2 that are NaN or infinite, the first in column 1"):
        batches(form(bad))


def test_plus_and_minus_infinity_do_not_hide_each_other():
    with pytest.raises(DataError, match="got 2"):
        check_finite(np.array([[np.inf, -np.inf]]), "X")


@pytest.mark.parametrize("huge", [1e200, -1e200])
@pytest.mark.parametrize("kind", [float, np.longdouble, object])
def test_targets_beyond_the_dtype_are_named_as_such(huge, kind):
    y = np.array([0.0, huge, 1.0, 0.0]).astype(kind)
    with pytest.raises(
        DataError,
        match=r"^y holds -?1e\+200, which is beyond the range of float32\. Scale the data, or compute in float64: Trainer\(dtype",
    ):
        batches(y=y, loss=SquaredError(), width=1)
    assert batches(y=y, loss=SquaredError(), width=1, dtype="float64").targets[0][1, 0] == huge


def test_rows_and_weights_beyond_the_dtype_are_named_as_such():
    with pytest.raises(DataError, match=r"^X holds 1e\+200, which is beyond the range of float32"):
        batches(np.where(X == 5, 1e200, X).astype(object))
    with pytest.raises(DataError, match=r"^sample_weight holds 1e\+200, which is beyond the range of float32"):
        batches(weight=np.array([1.0, 1e200, 1.0, 1.0]))


def test_infinite_targets_are_still_called_infinite():
    with pytest.raises(DataError, match="y must hold finite numbers, got 1 that are NaN or infinite"):
        batches(y=np.array([0.0, np.inf, 1.0, 0.0]), loss=SquaredError(), width=1)


def test_large_finite_numbers_whose_sum_overflows_are_fine():
    check_finite(np.full((10, 2), 3e38, dtype=np.float32), "X")
    check_finite(np.full((10, 2), 1e308), "X")


def test_the_check_looks_at_every_part_of_a_large_array():
    for order in "CF":
        large = np.zeros((300_000, 4), order=order)
        large[299_999, 3] = np.nan
        with pytest.raises(DataError, match=r"got 1 .* column 3"):
            check_finite(large, "X")


def test_nan_in_the_target_is_refused():
    with pytest.raises(DataError, match="y must hold finite"):
        batches(y=np.array([0, np.nan, 1, 0]))


@pytest.mark.parametrize(
    ("loss", "wrong", "message"),
    [
        (SoftmaxCrossEntropy(), [0, 1, 2, 0], r"class indices 0 to 1 .*got 2\.0"),
        (SoftmaxCrossEntropy(), [0, 1, -1, 0], r"got -1\.0"),
        (SoftmaxCrossEntropy(), [0, 1, 0.5, 0], r"got 0\.5"),
        (SoftmaxCrossEntropy(probabilities=True), [[0, 1.5]] * 4, "probabilities"),
        (SigmoidCrossEntropy(), [[0, 2]] * 4, r"in \[0, 1\]"),
        (Hinge(), [[0, 1]] * 4, r"-1 or \+1"),
        (Poisson(), [[1, -1]] * 4, "not be negative"),
    ],
)
def test_targets_that_the_loss_cannot_take_are_refused(loss, wrong, message):
    with pytest.raises(DataError, match=message):
        batches(y=wrong, loss=loss)


def test_the_target_of_quantiles_is_as_wide_as_the_quantity():
    (target,) = batches(y=Y, loss=Quantile((0.1, 0.9))).targets
    assert target.shape == (4, 1)


def test_weights_are_checked():
    assert batches(weight=[1, 2, 0, 4]).sample_weight.tolist() == [1, 2, 0, 4]
    with pytest.raises(ShapeError, match=r"sample_weight must have shape \(4,\)"):
        batches(weight=[1, 2])
    for wrong in ([1, 1, 1, -1], [0, 0, 0, 0]):
        with pytest.raises(DataError, match="the minimum of sample_weight must be >= 0"):
            batches(weight=wrong)
    with pytest.raises(DataError, match="sample_weight must hold finite"):
        batches(weight=[1, 1, np.nan, 1])


def two_inputs():
    a, b = Input(1, name="a"), Input(2, name="b")
    return Graph([a, b], Dense(1, name="out")(Concat()([a, b])))


def read_two(X, y=X[:, 0]):
    network = two_inputs()
    loss, names = SquaredError(), (network.input_names, network.output_names)
    return make_batches(X, y, None, network.program(loss), [loss], np.dtype("float64"), *names)


def test_several_inputs_come_as_a_list_or_by_name():
    parts = [X[:, :1], X[:, 1:]]
    for given in (parts, tuple(parts), {"b": parts[1], "a": parts[0]}):
        for used, part in zip(read_two(given).inputs, parts, strict=True):
            assert np.shares_memory(used, part)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (X, "must be a list or dict of 2 arrays"),
        ([X], "2 arrays .*1 parts"),
        ({"a": X}, "keys of X must be 'a', 'b'"),
        ([X[:, :1], X], r"X\['b'\] must have shape \(rows, 2\), got \(4, 3\)"),
        ([X[:3, :1], X[:, 1:]], r"X\['b'\] must have as many rows as X\['a'\], which has shape \(3, 1\), got \(4, 2\)"),
    ],
)
def test_wrong_parts_are_named(given, message):
    with pytest.raises(ShapeError, match=message):
        read_two(given)


def test_one_input_may_come_by_name():
    network = Sequential([Dense(2)], 3)
    (name,) = network.input_names
    assert np.shares_memory(batches({name: X}).inputs[0], X)


def test_the_widths_of_any_data_are_known():
    assert input_widths(X, ["x"]) == [3]
    assert input_widths(X.tolist(), ["x"]) == [3]
    assert input_widths(sparse.csr_array(X), ["x"]) == [3]
    assert input_widths({"a": X, "b": X[:, 0]}, ["a", "b"]) == [3, 1]


ONE_HOT = np.eye(2)[Y]


@pytest.mark.parametrize("one_hot", [ONE_HOT, ONE_HOT.astype(int).tolist(), sparse.csr_array(ONE_HOT), np.eye(3)[Y]])
def test_one_hot_targets_under_softmax_are_told_of_argmax(one_hot):
    message = (
        r"y must have shape \(4, 1\) .* got \(4, [23]\)\. With one column per class, pass y\.argmax\(axis=1\), or use Softmax"
    )
    with pytest.raises(ShapeError, match=message):
        batches(y=one_hot)


def test_both_repairs_for_one_hot_targets_work():
    np.testing.assert_array_equal(batches(y=ONE_HOT.argmax(axis=1)).targets[0].ravel(), Y)
    np.testing.assert_array_equal(batches(y=ONE_HOT, loss=SoftmaxCrossEntropy(probabilities=True)).targets[0], ONE_HOT)


def test_numbers_of_classes_are_told_of_the_loss_that_takes_them():
    with pytest.raises(ShapeError, match=r"got \(4,\)\. For class indices, use SoftmaxCrossEntropy\(\)"):
        batches(loss=SoftmaxCrossEntropy(probabilities=True))
    with pytest.raises(ShapeError, match=r"got \(4,\)\. For one class out of several, use softmax_cross_entropy"):
        batches(loss=SigmoidCrossEntropy())
