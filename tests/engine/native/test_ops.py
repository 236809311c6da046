"""Every op: the native engine gives the reference's outputs, loss and gradient, for both float types and odd shapes."""

import numpy as np
import pytest

from lamina.activations import ACTIVATIONS
from lamina.engine import Batches, Head
from lamina.engine.reference.ops import OPS as REFERENCE_OPS

ROWS = (1, 3, 17, 130)
WIDTHS = (1, 2, 5, 16, 33)


def _chain(op):
    """A program that sends x through dense, `op`, dense to a squared error."""

    def build(box, width):
        builder = box.ProgramBuilder(3)
        x = op(builder, builder.dense(0, width))
        return builder.program(Head("squared_error", builder.dense(x, 2), 2))

    return build


def _settings(name):
    return tuple(ACTIVATIONS[name].settings.values())


def _of_copies(op):
    """The op on three members side by side, which differ by factors of their own."""
    return _chain(lambda b, x: op(b, b.scale(b.repeat(x, 3), members=3), 3))


COPIED = {
    "dense": lambda b, x, k: b.dense(x, 6, copies=k),
    "dense with relu": lambda b, x, k: b.dense(b.activation(b.dense(x, 6, copies=k), "relu"), 5, copies=k),
    "narrow dense": lambda b, x, k: b.dense(b.activation(b.dense(x, 6, copies=k), "relu"), 2, copies=k),
    "narrow dense after one without copies": lambda b, x, k: b.dense(b.activation(b.dense(x, 6 * k), "relu"), 2, copies=k),
    "grouped dense": lambda b, x, k: b.grouped_dense(b.dense(x, 6, copies=k), 2, k),
    "softmax": lambda b, x, k: b.activation(x, "softmax", copies=k),
    "prelu": lambda b, x, k: b.prelu(x, copies=k),
    "batch norm": lambda b, x, k: b.batch_norm(x, copies=k),
    "layer norm": lambda b, x, k: b.layer_norm(b.dense(x, 7, copies=k), copies=k),
    "concat": lambda b, x, k: b.combine("concat", x, b.dense(x, 2, copies=k), copies=k),
    "add": lambda b, x, k: b.combine("add", x, b.activation(x, "tanh"), copies=k),
}

OPS = {
    "dense": _chain(lambda b, x: b.dense(x, 4)),
    "dense without bias": _chain(lambda b, x: b.dense(x, 4, bias=False)),
    "prelu": _chain(lambda b, x: b.prelu(x)),
    "parametric elu": _chain(lambda b, x: b.parametric_activation(x, "elu", 1.3)),
    "parametric softmax": _chain(lambda b, x: b.parametric_activation(x, "softmax")),
    "scale": _chain(lambda b, x: b.scale(x)),
    "scale and shift": _chain(lambda b, x: b.scale(x, shift=True)),
    "scale between relus": _chain(lambda b, x: b.activation(b.scale(b.activation(x, "relu"), shift=True), "relu")),
    "grouped dense": _chain(lambda b, x: b.grouped_dense(x, 4, b.widths[x])),
    "grouped dense without bias": _chain(lambda b, x: b.grouped_dense(x, 3, 1, bias=False)),
    "repeat": _chain(lambda b, x: b.repeat(x, 3)),
    "periodic": _chain(lambda b, x: b.periodic(x, 5)),
    "cosine": _chain(lambda b, x: b.cosine(x, 19)),
    "piecewise linear": _chain(lambda b, x: b.piecewise_linear(x)),
    "piecewise linear, clipped": _chain(lambda b, x: b.piecewise_linear(b.scale(x), clip=True)),
    "embedding": _chain(lambda b, x: b.embedding(b.codes_beside(x), l2=0.2)),
    "embedding of masked codes": _chain(lambda b, x: b.embedding(b.mask_codes(b.codes_beside(x), 0.3))),
    "embedding for members": _chain(lambda b, x: b.dense(b.repeat(b.embedding(b.codes_beside(x)), 3), 4, copies=3)),
    "dropout": _chain(lambda b, x: b.dropout(x, 0.3)),
    "batch norm": _chain(lambda b, x: b.batch_norm(x)),
    "batch norm without gamma": _chain(lambda b, x: b.batch_norm(x, affine=False)),
    "layer norm": _chain(lambda b, x: b.layer_norm(b.dense(x, b.widths[x] + 2))),
    "layer norm without gamma": _chain(lambda b, x: b.layer_norm(b.dense(x, b.widths[x] + 2), affine=False)),
    "add": _chain(lambda b, x: b.combine("add", x, b.activation(x, "tanh"), x)),
    "subtract": _chain(lambda b, x: b.combine("subtract", x, b.activation(x, "tanh"))),
    "average": _chain(lambda b, x: b.combine("average", x, b.activation(x, "tanh"), x)),
    "multiply": _chain(lambda b, x: b.combine("multiply", x, b.activation(x, "sigmoid"), b.activation(x, "tanh"))),
    "square": _chain(lambda b, x: b.combine("multiply", x, x)),
    "concat": _chain(lambda b, x: b.combine("concat", x, b.dense(x, 3), x)),
}
OPS |= {f"{name} of copies": _of_copies(op) for name, op in COPIED.items()}
OPS |= {f"activation {name}": _chain(lambda b, x, name=name: b.activation(x, name, *_settings(name))) for name in ACTIVATIONS}


def test_every_op_is_tried(box):
    assert {op.kind for build in OPS.values() for op in build(box, 4).ops} == REFERENCE_OPS.keys() - {"python"}


def _check_equal(box, program, data, dtype, *, training, scale=1.0):
    native, reference = box.pair(program, dtype)
    close = box.tolerance(dtype, scale)
    loss, gradient = native.loss_and_gradient(data, training=training, step=5)
    expected_loss, expected = reference.loss_and_gradient(data, training=training, step=5)
    assert loss == pytest.approx(expected_loss, rel=close["rtol"])
    np.testing.assert_allclose(gradient, expected, rtol=close["rtol"], atol=close["atol"] * max(1.0, np.abs(expected).max()))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("op", OPS)
def test_loss_and_gradient_are_those_of_the_reference(box, op, dtype):
    # Few rows make batch norm divide by a nearly vanishing deviation, which magnifies rounding.
    scale = 100.0 if "batch norm" in op else 5.0
    for n, width in [(n, 5) for n in ROWS] + [(17, width) for width in WIDTHS]:
        program = OPS[op](box, width)
        for training in (True, False):
            _check_equal(box, program, box.batches_for(program, n, dtype, weighted=n > 1), dtype, training=training, scale=scale)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("op", OPS)
def test_predictions_are_those_of_the_reference(box, op, dtype):
    program = OPS[op](box, 7)
    native, reference = box.pair(program, dtype)
    inputs = box.batches_for(program, 3000, dtype).inputs  # more than one piece
    np.testing.assert_allclose(native.predict(inputs)[0], reference.predict(inputs)[0], **box.tolerance(dtype, 20.0))


@pytest.mark.parametrize("op", OPS)
def test_no_rows_give_no_predictions(box, op):
    program = OPS[op](box, 4)
    native, _ = box.pair(program, "float32")
    assert native.predict([np.empty((0, 3), dtype=np.float32)])[0].shape == (0, 2)


def test_a_prediction_of_a_row_does_not_depend_on_its_neighbors(box):
    program = box.classifier(features=9, hidden=(11,), classes=3)
    native, _ = box.pair(program, "float64")
    x = np.random.default_rng(0).normal(size=(40, 9))
    alone = np.concatenate([native.predict([x[i : i + 1]])[0] for i in range(40)])
    np.testing.assert_allclose(native.predict([x])[0], alone, rtol=1e-12, atol=1e-13)


def test_a_parameter_that_the_loss_does_not_reach_has_gradient_zero(box):
    builder = box.ProgramBuilder(3)
    head = Head("squared_error", builder.dense(0, 2), 2)
    aside = builder.dense(0, 4)
    program = builder.program(head, outputs=(head.logits, aside))
    native, _ = box.pair(program, "float64")
    _, gradient = native.loss_and_gradient(box.batches_for(program, 5, "float64"))
    assert np.all(gradient[program.parameters[2].slice] == 0.0)
    assert np.all(gradient[program.parameters[0].slice] != 0.0)


def test_ops_that_share_a_parameter_add_up_their_gradients(box):
    builder = box.ProgramBuilder(4)
    first = builder.dense(0, 4)
    second = builder.activation(first, "tanh")
    builder.ops.append(builder.ops[0]._replace(inputs=(second,), output=3))
    builder.widths.append(4)
    program = builder.program(Head("squared_error", 3, 4))
    _check_equal(box, program, box.batches_for(program, 6, "float64"), "float64", training=True)


def test_several_inputs_and_heads_agree_with_the_reference(box):
    builder = box.ProgramBuilder(3, 5)
    joined = builder.combine("concat", builder.dense(0, 4), 1)
    shared = builder.activation(builder.dense(joined, 6), "relu")
    one, two = builder.dense(shared, 2), builder.dense(shared, 3)
    program = builder.program(
        Head("squared_error", one, 2, weight=0.5),
        Head("softmax_cross_entropy", two, 1, (0.1,)),
        Head("huber", one, 2, (1.0,), 2.0),
    )
    data = box.batches_for(program, 21, "float64", weighted=True)
    _check_equal(box, program, data, "float64", training=True)
    native, reference = box.pair(program, "float64")
    np.testing.assert_allclose(native.evaluate(data), reference.evaluate(data), rtol=1e-12)


def test_loss_and_gradient_change_neither_parameters_nor_state(box):
    program = OPS["batch norm"](box, 5)
    native, _ = box.pair(program, "float64")
    before = native.snapshot().parameters, native.snapshot().state
    native.loss_and_gradient(box.batches_for(program, 8, "float64"), training=True)
    assert np.array_equal(before[0], native.snapshot().parameters)
    assert np.array_equal(before[1], native.snapshot().state)


SMOOTH = (
    "batch norm",
    "parametric softmax",
    "layer norm",
    "prelu",
    "scale",
    "piecewise linear",
    "periodic",
    "cosine",
    "subtract",
    "average",
    "multiply",
    "concat",
    "activation gelu",
    "dropout",
)


@pytest.mark.parametrize("op", SMOOTH)
def test_the_gradient_is_the_slope_of_the_loss_along_a_random_direction(box, op):
    program = OPS[op](box, 6)
    native, _ = box.pair(program, "float64")
    data = box.batches_for(program, 9, "float64")
    direction = np.random.default_rng(7).normal(size=program.num_parameters)
    _, gradient = native.loss_and_gradient(data, step=2)
    start, h = native.snapshot().parameters, 1e-6
    losses = []
    for sign in (1.0, -1.0):
        native.restore(parameters=start + sign * h * direction)
        losses.append(native.loss_and_gradient(data, step=2)[0])
    assert (losses[0] - losses[1]) / (2 * h) == pytest.approx(gradient @ direction, rel=1e-6, abs=1e-7)


def test_an_empty_batch_has_loss_and_gradient_zero(box):
    program = box.classifier(features=3, hidden=(4,))
    native, _ = box.pair(program, "float32")
    loss, gradient = native.loss_and_gradient(Batches([np.empty((0, 3), np.float32)], [np.empty((0, 1), np.float32)]))
    assert loss == 0.0
    assert not gradient.any()
