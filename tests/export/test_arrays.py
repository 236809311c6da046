"""Arrays without numbers: what they write down, when it is run, is what NumPy computes."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.export import arrays
from lamina.export.arrays import Array, Rows, constant, input_array, steps_to
from lamina.export.operations import OPERATIONS

X = np.random.default_rng(0).normal(size=(5, 6))


def computed(made: Array, given: np.ndarray = X) -> np.ndarray:
    """The numbers of an array, step by step."""
    found: dict[Array, np.ndarray] = {}
    for step in steps_to([made]):
        if step.kind == "input":
            found[step] = given
        elif step.value is not None:
            found[step] = step.value
        elif step.kind == "reshape":
            shape = [length.times * len(given) if isinstance(length, Rows) else length for length in step.shape]
            found[step] = found[step.inputs[0]].reshape(shape)
        else:
            found[step] = OPERATIONS[step.kind](*(found[each] for each in step.inputs), **step.settings)
    return found[made]


def rows() -> Array:
    return input_array("x", "float64", (Rows(), 6))


CASES = {
    "a place": (lambda x: x[:, 2], X[:, 2]),
    "a slice": (lambda x: x[:, 2:5], X[:, 2:5]),
    "a new axis": (lambda x: x[:, :, None], X[:, :, None]),
    "the last axis": (lambda x: x[..., 1], X[..., 1]),
    "a plain number first": (lambda x: 1.0 - x / 2.0, 1.0 - X / 2.0),
    "a square": (lambda x: x**2, X**2),
    "powers of plain numbers": (lambda x: -x * 3.0, -X * 3.0),
    "a comparison that is not": (lambda x: x != constant(X[0]), X[0] != X),
    "both and either": (lambda x: ((x > 0.0) & (x < 1.0)) | ~(x >= -1.0), ((X > 0) & (X < 1)) | ~(X >= -1)),
    "the mean along rows": (lambda x: arrays.mean(x, axis=1, keepdims=True), X.mean(axis=1, keepdims=True)),
    "the sum without its axis": (lambda x: arrays.sum(x, axis=-1), X.sum(axis=-1)),
    "the largest": (lambda x: arrays.max(x, axis=1), X.max(axis=1)),
    "the place of the largest": (lambda x: arrays.argmax(x, axis=1), X.argmax(axis=1)),
    "a stack": (lambda x: arrays.stack([x[:, 0], x[:, 3]], axis=1), X[:, [0, 3]]),
    "places": (lambda x: arrays.take(x, constant([3, 0]), axis=1), X[:, [3, 0]]),
    "twice the rows": (lambda x: arrays.reshape(x, (x.shape[0] * 2, 3)), X.reshape(10, 3)),
    "what is left": (lambda x: arrays.reshape(x, (-1, 2, 3)), X.reshape(5, 2, 3)),
    "a product of groups": (
        lambda x: arrays.permute_dims(arrays.reshape(x, (x.shape[0], 2, 3)), (1, 0, 2)) @ constant(np.ones((2, 3, 1))),
        X.reshape(5, 2, 3).transpose(1, 0, 2) @ np.ones((2, 3, 1)),
    ),
    "knots": (
        lambda x: arrays.searchsorted(constant([-1.0, 0.0, 1.0]), x, side="right"),
        np.searchsorted([-1.0, 0.0, 1.0], X, side="right"),
    ),
    "bounds": (lambda x: arrays.clip(x, min=-0.5, max=0.5), np.clip(X, -0.5, 0.5)),
    "whole numbers": (lambda x: arrays.astype(x * 10.0, "int64") // 3 % 2, (X * 10).astype(np.int64) // 3 % 2),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_written_down_is_what_numpy_computes(name: str) -> None:
    make, wanted = CASES[name]
    made = make(rows())
    got = computed(made)
    assert np.array_equal(got, wanted)
    assert got.dtype == made.dtype
    lengths = tuple(length.times * len(X) if isinstance(length, Rows) else length for length in made.shape)
    assert lengths == wanted.shape


def test_what_is_made_of_constants_is_a_constant() -> None:
    made = arrays.exp(constant([0.0, 1.0]) * 2.0)
    assert made.kind == "constant"
    assert np.array_equal(made.value, np.exp([0.0, 2.0]))  # type: ignore[arg-type]


def test_a_step_that_two_others_read_is_one_step() -> None:
    root = arrays.sqrt(rows())
    kinds = [step.kind for step in steps_to([root + root, root])]
    assert kinds == ["input", "sqrt", "add"]


@pytest.mark.parametrize(
    "decide", [lambda x: bool(x > 0), lambda x: x**3, lambda x: x[::2], lambda x: x.__setitem__(0, 1.0)], ids=range(4)
)
def test_what_cannot_be_written_down_is_refused(decide) -> None:
    with pytest.raises(NotImplementedError):
        decide(rows())
