"""Every op: values in closed form, and the gradient along a random direction."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from lamina.engine.formulas.batch_norm import (
    batch_norm_backward,
    batch_norm_forward,
    batch_norm_inference,
    batch_norm_inference_backward,
    update_running,
)
from lamina.engine.formulas.combine import (
    add_backward,
    add_forward,
    average_backward,
    average_forward,
    concat_backward,
    concat_forward,
    multiply_backward,
    multiply_forward,
    subtract_backward,
    subtract_forward,
)
from lamina.engine.formulas.dense import dense_backward, dense_forward
from lamina.engine.formulas.dropout import dropout_backward, dropout_forward
from lamina.engine.formulas.embedding import embedding_backward, embedding_forward, mask_codes_backward, mask_codes_forward
from lamina.engine.formulas.grouped_dense import grouped_dense_backward, grouped_dense_forward
from lamina.engine.formulas.layer_norm import layer_norm_backward, layer_norm_forward
from lamina.engine.formulas.parametric_activation import parametric_activation_backward, parametric_activation_forward
from lamina.engine.formulas.periodic import cosine_backward, cosine_forward, periodic_backward, periodic_forward
from lamina.engine.formulas.piecewise_linear import bins_of, piecewise_linear_backward, piecewise_linear_forward
from lamina.engine.formulas.prelu import prelu_backward, prelu_forward
from lamina.engine.formulas.repeat import repeat_backward, repeat_forward
from lamina.engine.formulas.scale import scale_backward, scale_forward

RNG = np.random.default_rng(7)
X = RNG.normal(size=(6, 4))
GAMMA, BETA = RNG.normal(size=4), RNG.normal(size=4)
D_OUT = RNG.normal(size=(6, 4))


def test_dense_is_a_weighted_sum_plus_bias(xp, to):
    out = dense_forward(to([[1, 2], [3, 4]]), to([[1, 0, 2], [0, 1, 3]]), to([10, 20, 30]))
    assert np.asarray(out).tolist() == [[11, 22, 38], [13, 24, 48]]


def test_dense_gradient(xp, to, assert_gradient):
    weight, bias, d_out = RNG.normal(size=(4, 3)), RNG.normal(size=3), RNG.normal(size=(6, 3))
    gradients = dense_backward(to(d_out), to(X), to(weight))
    assert_gradient(lambda *a: xp.sum(dense_forward(*map(to, a)) * to(d_out)), [X, weight, bias], gradients)


def test_dense_leaves_out_the_gradient_of_data():
    d_x, d_weight, _ = dense_backward(np.ones((6, 3)), X, np.ones((4, 3)), needs_d_x=False)
    assert d_x is None
    assert np.allclose(d_weight, X.T @ np.ones((6, 3)))


@pytest.mark.parametrize("kind", [sparse.csr_array, sparse.csr_matrix])
def test_dense_reads_sparse_rows_as_dense_ones(kind):
    x, weight = np.where(X > 0, X, 0.0), RNG.normal(size=(4, 3))
    out = dense_forward(kind(x), weight)
    _, d_weight, d_bias = dense_backward(out, kind(x), weight, needs_d_x=False)
    assert isinstance(out, np.ndarray)
    assert np.allclose(out, x @ weight)
    assert np.allclose(d_weight, x.T @ out)
    assert np.allclose(d_bias, out.sum(axis=0))


def test_prelu_multiplies_the_negative_side_by_its_units_slope(to):
    out = prelu_forward(to([[-2, -2], [3, 0]]), to([0.5, 0.25]))
    assert np.asarray(out).tolist() == [[-1, -0.5], [3, 0]]


def test_prelu_gradient(xp, to, assert_gradient):
    gradients = prelu_backward(to(D_OUT), to(X), to(GAMMA))
    assert_gradient(lambda *a: xp.sum(prelu_forward(*map(to, a)) * to(D_OUT)), [X, GAMMA], gradients)


def test_a_parametric_activation_blends_the_function_with_the_identity(to):
    out = parametric_activation_forward(to([[-2, -2, -2, 3]]), to([1, 0, 0.25, 0.5]), "relu")
    assert np.asarray(out).tolist() == [[0, -2, -1.5, 3]]


@pytest.mark.parametrize(("function", "settings"), [("elu", (1.3,)), ("softmax", ()), ("mish", ())])
def test_parametric_activation_gradient(xp, to, assert_gradient, function, settings):
    gradients = parametric_activation_backward(to(D_OUT), to(X), to(GAMMA), function, settings)

    def loss(x, alpha):
        return xp.sum(parametric_activation_forward(to(x), to(alpha), function, settings) * to(D_OUT))

    assert_gradient(loss, [X, GAMMA], gradients)


def test_scale_multiplies_each_column_by_its_factor(to):
    assert np.asarray(scale_forward(to([[-2, 3], [1, 4]]), to([0.5, 2]))).tolist() == [[-1, 6], [0.5, 8]]


def test_scale_gradient(xp, to, assert_gradient):
    gradients = scale_backward(to(D_OUT), to(X), to(GAMMA))
    assert_gradient(lambda *a: xp.sum(scale_forward(*map(to, a)) * to(D_OUT)), [X, GAMMA, BETA], gradients)


def test_scale_may_shift_each_column(to):
    assert np.asarray(scale_forward(to([[-2, 3]]), to([0.5, 2]), to([1, -1]))).tolist() == [[0, 5]]


def test_repeat_puts_copies_side_by_side(to):
    assert np.asarray(repeat_forward(to([[1, 2], [3, 4]]), 2)).tolist() == [[1, 2, 1, 2], [3, 4, 3, 4]]


def test_repeat_gradient(xp, to, assert_gradient):
    d_out = RNG.normal(size=(6, 12))
    gradient = repeat_backward(to(d_out), 3)
    assert_gradient(lambda x: xp.sum(repeat_forward(to(x), 3) * to(d_out)), [X], [gradient])


def test_grouped_dense_gives_each_group_weights_of_its_own(to):
    out = grouped_dense_forward(to([[1, 2, 3, 4]]), to([[[1], [10]], [[2], [20]]]), to([[0.5], [-0.5]]))
    assert np.asarray(out).tolist() == [[21.5, 85.5]]


def test_grouped_dense_gradient(xp, to, assert_gradient):
    weight, bias, d_out = RNG.normal(size=(2, 2, 3)), RNG.normal(size=(2, 3)), D_OUT[:, [0, 1, 2, 3, 0, 1]]
    gradients = grouped_dense_backward(to(d_out), to(X), to(weight))
    assert_gradient(lambda *a: xp.sum(grouped_dense_forward(*map(to, a)) * to(d_out)), [X, weight, bias], gradients)


EDGES = (3, -1.0, 0.0, 2.0, 0, 2, 0.0, 0.5)  # of three columns, the second without bins


@pytest.mark.parametrize(
    ("clip", "below", "above"), [(0, [-1, 0, -2], [1, 2, 4]), (1, [0, 0, 0], [1, 1, 1])], ids=["open", "clipped"]
)
def test_piecewise_linear_gives_the_share_of_each_bin(to, clip, below, above):
    x = to([[-2, 9, -1], [-0.5, 9, 0.25], [1, 9, 0.5], [4, 9, 2]])
    out = piecewise_linear_forward(x, bins_of((clip, *EDGES), x))
    assert np.asarray(out).tolist() == [below, [0.5, 0, 0.5], [1, 0.5, 1], above]


def test_piecewise_linear_keeps_what_is_not_a_number_in_its_column(to):
    x = to([[np.nan, 9, 0.25], [np.inf, 9, -np.inf], [0.5, np.nan, 0.25]])
    out = np.asarray(piecewise_linear_forward(x, bins_of((0, *EDGES), x)))
    np.testing.assert_array_equal(out, [[np.nan, np.nan, 0.5], [1, np.inf, -np.inf], [1, 0.25, 0.5]])


@pytest.mark.parametrize("clip", [0, 1])
def test_piecewise_linear_gradient(xp, to, assert_gradient, clip):
    x, d_out = 2 * X[:, :3], RNG.normal(size=(6, 3))
    bins = bins_of((clip, *EDGES), to(x))
    d_x = piecewise_linear_backward(to(d_out), to(x), piecewise_linear_forward(to(x), bins), bins)
    assert_gradient(lambda x: xp.sum(piecewise_linear_forward(to(x), bins) * to(d_out)), [x], [d_x])


def test_periodic_gives_sines_and_cosines_of_each_column(to):
    out = periodic_forward(to([[0.25, 1.0]]), to([[1, 2], [0, 0.5]]))
    np.testing.assert_allclose(np.asarray(out), [[1, 0, 0, -1, 0, 0, 1, -1]], atol=1e-12)


def test_periodic_gradient(xp, to, assert_gradient):
    frequency, d_out = 0.2 * RNG.normal(size=(4, 3)), RNG.normal(size=(6, 24))
    gradients = periodic_backward(to(d_out), to(X), to(frequency), periodic_forward(to(X), to(frequency)))
    assert_gradient(lambda *a: xp.sum(periodic_forward(*map(to, a)) * to(d_out)), [X, frequency], gradients)


def test_cosine_gives_shifted_cosines_of_each_column(to):
    out = cosine_forward(to([[0.25, 1.0]]), to([[1, 2], [0, 0.5]]), to([[np.pi / 2, 0], [np.pi, 0]]))
    np.testing.assert_allclose(np.asarray(out), [[-1, -1, -1, -1]], atol=1e-12)


def test_cosine_gradient(xp, to, assert_gradient):
    frequency, phase, d_out = 0.2 * RNG.normal(size=(4, 3)), RNG.normal(size=(4, 3)), RNG.normal(size=(6, 12))
    gradients = cosine_backward(to(d_out), to(X), to(frequency), to(phase))
    assert_gradient(lambda *a: xp.sum(cosine_forward(*map(to, a)) * to(d_out)), [X, frequency, phase], gradients)


TABLES = [RNG.normal(size=(4, 3)), RNG.normal(size=(3, 2))]
CODES = np.stack([X[:, 0], [3, 0, 3, 3, 1, 0], [0, 2, 2, 1, 0, 2]], axis=1)


def test_embedding_gives_the_rows_of_tables_in_the_place_of_their_codes(to):
    out = np.asarray(embedding_forward(to(CODES), [to(table) for table in TABLES], (0, 1, 1)))
    codes = CODES[:, 1:].astype(int)
    np.testing.assert_array_equal(out, np.concatenate([X[:, :1], TABLES[0][codes[:, 0]], TABLES[1][codes[:, 1]]], axis=1))


def test_embedding_is_a_dense_layer_without_bias_on_dummy_variables(to):
    out = embedding_forward(to(CODES[:, 1:2]), [to(TABLES[0])], (1,))
    dummies = to(CODES[:, 1:2] == np.arange(4))
    np.testing.assert_allclose(np.asarray(out), np.asarray(dense_forward(dummies, to(TABLES[0]))))


@pytest.mark.parametrize("wrong", [-1.0, 4.0, 1.5, np.nan, np.inf, -np.inf, 1e30])
def test_embedding_makes_nan_of_what_is_no_code_and_gives_it_no_gradient(to, wrong):
    codes, d_out = to([[1.0], [wrong]]), to([[1.0] * 3, [1.0] * 3])
    out = np.asarray(embedding_forward(codes, [to(TABLES[0])], (1,)))
    np.testing.assert_array_equal(out, [TABLES[0][1], [np.nan] * 3])
    _, (d_table,) = embedding_backward(d_out, codes, [to(TABLES[0])], (1,))
    assert np.asarray(d_table).tolist() == [[0] * 3, [1] * 3, [0] * 3, [0] * 3]


def test_embedding_gradient(xp, to, assert_gradient):
    d_out = RNG.normal(size=(6, 6))

    def loss(x, *tables):
        rows = np.concatenate([x, CODES[:, 1:]], axis=1)
        return xp.sum(embedding_forward(to(rows), [to(table) for table in tables], (0, 1, 1)) * to(d_out))

    d_x, d_tables = embedding_backward(to(d_out), to(CODES), [to(table) for table in TABLES], (0, 1, 1))
    assert not np.asarray(d_x)[:, 1:].any()
    assert_gradient(loss, [X[:, :1], *TABLES], [np.asarray(d_x)[:, :1], *d_tables])


def test_masks_replace_codes_and_keep_numbers(xp, to):
    keep = xp.asarray(np.array([[True, True], [False, False]]))
    out = mask_codes_forward(to([[5, 0.3], [6, 0.4]]), keep, (2, -1))
    assert np.asarray(out).tolist() == [[5, 0.3], [2, 0.4]]
    assert np.asarray(mask_codes_backward(to([[1, 2], [3, 4]]), keep, (2, -1))).tolist() == [[1, 2], [0, 4]]


def test_dropout_silences_and_scales(xp, to):
    out = dropout_forward(to([[1, 2, 3, 4]]), xp.asarray(np.array([[True, False, True, False]])), 0.75)
    assert np.asarray(out).tolist() == [[4, 0, 12, 0]]


def test_a_silenced_unit_is_zero_even_where_it_was_infinite(to, xp):
    out = dropout_forward(to([[np.inf, np.nan]]), xp.asarray(np.array([[False, False]])), 0.5)
    assert np.asarray(out).tolist() == [[0, 0]]


def test_dropout_gradient(xp, to, assert_gradient):
    keep = xp.asarray(np.arange(24).reshape(6, 4) % 3 > 0)
    d_x = dropout_backward(to(D_OUT), keep, 0.3)
    assert_gradient(lambda x: xp.sum(dropout_forward(to(x), keep, 0.3) * to(D_OUT)), [X], [d_x])


def test_batch_norm_gives_every_column_mean_beta_and_deviation_gamma(to):
    out, statistics = batch_norm_forward(to(X), to(GAMMA), to(BETA), eps=0.0)
    out = np.asarray(out)
    assert np.allclose(out.mean(axis=0), BETA)
    assert np.allclose(out.std(axis=0), np.abs(GAMMA))
    assert np.allclose(np.asarray(statistics.variance), X.var(axis=0))


@pytest.mark.parametrize("affine", [True, False])
def test_batch_norm_gradient(xp, to, assert_gradient, affine):
    scale = [GAMMA, BETA] if affine else []
    _, statistics = batch_norm_forward(to(X), *map(to, scale), eps=1e-3)
    gradients = batch_norm_backward(to(D_OUT), statistics, *map(to, scale[:1]))

    def loss(*a):
        return xp.sum(batch_norm_forward(*map(to, a), eps=1e-3)[0] * to(D_OUT))

    assert_gradient(loss, [X, *scale], gradients[: 1 + len(scale)])


def test_batch_norm_of_one_row_is_beta_and_sends_nothing_back(to):
    out, statistics = batch_norm_forward(to(X[:1]), to(GAMMA), to(BETA), eps=1e-5)
    d_x, d_gamma, d_beta = batch_norm_backward(to(D_OUT[:1]), statistics, to(GAMMA))
    assert np.allclose(np.asarray(out), BETA)
    assert np.allclose(np.asarray(d_x), 0)
    assert np.allclose(np.asarray(d_gamma), 0)
    assert np.allclose(np.asarray(d_beta), D_OUT[0])


def test_running_statistics_weigh_the_old_value_by_momentum(to):
    assert np.asarray(update_running(to([10.0]), to([20.0]), 0.9)).tolist() == pytest.approx([11.0])


def test_batch_norm_in_inference_uses_the_running_statistics(to):
    out, _ = batch_norm_inference(to([[5.0]]), to([1.0]), to([4.0]), to([3.0]), to([0.5]), eps=0.0)
    assert np.asarray(out).tolist() == [[6.5]]


def test_batch_norm_inference_gradient(xp, to, assert_gradient):
    mean, variance = to(RNG.normal(size=4)), to(RNG.uniform(0.5, 2.0, size=4))
    _, statistics = batch_norm_inference(to(X), mean, variance, to(GAMMA), to(BETA), eps=1e-3)
    gradients = batch_norm_inference_backward(to(D_OUT), statistics, to(GAMMA))

    def loss(x, gamma, beta):
        return xp.sum(batch_norm_inference(to(x), mean, variance, to(gamma), to(beta), eps=1e-3)[0] * to(D_OUT))

    assert_gradient(loss, [X, GAMMA, BETA], gradients)


def test_layer_norm_gives_every_row_mean_zero_and_deviation_one(to):
    out = np.asarray(layer_norm_forward(to(X), eps=0.0)[0])
    assert np.allclose(out.mean(axis=1), 0)
    assert np.allclose(out.std(axis=1), 1)


@pytest.mark.parametrize("affine", [True, False])
def test_layer_norm_gradient(xp, to, assert_gradient, affine):
    scale = [GAMMA, BETA] if affine else []
    _, *kept = layer_norm_forward(to(X), *map(to, scale), eps=1e-3)
    gradients = layer_norm_backward(to(D_OUT), *kept, *map(to, scale[:1]))

    def loss(*a):
        return xp.sum(layer_norm_forward(*map(to, a), eps=1e-3)[0] * to(D_OUT))

    assert_gradient(loss, [X, *scale], gradients[: 1 + len(scale)])


def test_joints_of_a_graph(to):
    parts = [to([[1, 2]]), to([[3, 4]]), to([[5, 6]])]
    assert np.asarray(add_forward(parts)).tolist() == [[9, 12]]
    assert np.asarray(subtract_forward(*parts[1:])).tolist() == [[-2, -2]]
    assert np.asarray(average_forward(parts)).tolist() == [[3, 4]]
    assert np.asarray(multiply_forward(parts)).tolist() == [[15, 48]]
    assert np.asarray(concat_forward(parts)).tolist() == [[1, 2, 3, 4, 5, 6]]


def test_add_gradient(xp, to, assert_gradient):
    parts = [X, RNG.normal(size=X.shape), RNG.normal(size=X.shape)]
    assert_gradient(lambda *a: xp.sum(add_forward([to(p) for p in a]) * to(D_OUT)), parts, add_backward(to(D_OUT), 3))


def test_subtract_gradient(xp, to, assert_gradient):
    parts = [X, RNG.normal(size=X.shape)]
    assert_gradient(lambda *a: xp.sum(subtract_forward(*map(to, a)) * to(D_OUT)), parts, subtract_backward(to(D_OUT)))


def test_average_gradient(xp, to, assert_gradient):
    parts = [X, RNG.normal(size=X.shape), RNG.normal(size=X.shape)]
    assert_gradient(lambda *a: xp.sum(average_forward([to(p) for p in a]) * to(D_OUT)), parts, average_backward(to(D_OUT), 3))


def test_multiply_gradient(xp, to, assert_gradient):
    parts = [X, RNG.normal(size=X.shape), RNG.normal(size=X.shape)]
    gradients = multiply_backward(to(D_OUT), [to(p) for p in parts])
    assert_gradient(lambda *a: xp.sum(multiply_forward([to(p) for p in a]) * to(D_OUT)), parts, gradients)


def test_multiply_sends_a_gradient_back_through_zeros(to):
    first, second = multiply_backward(to([[1.0]]), [to([[0.0]]), to([[0.0]])])
    assert np.asarray(first).tolist() == np.asarray(second).tolist() == [[0.0]]


def test_concat_gradient(xp, to, assert_gradient):
    parts, d_out = [X, X[:, :1], X[:, :3]], RNG.normal(size=(6, 8))
    gradients = concat_backward(to(d_out), [4, 1, 3])
    assert_gradient(lambda *a: xp.sum(concat_forward([to(p) for p in a]) * to(d_out)), parts, gradients)
