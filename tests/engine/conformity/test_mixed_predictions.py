"""The executor's promises of predictions in mixed precision: which numbers are rounded, and which are not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from lamina.engine import TrainingPlan, UpdateRule
from lamina.errors import InvalidSettingError

NEXT = 1.0 + 2.0**-7  # the number of bfloat16 above 1
ABOVE_1 = np.float32(1.0 + 2.0**-9)  # rounds to 1
BELOW_NEXT = np.float32(NEXT - 2.0**-9)  # rounds to the one above


@pytest.fixture
def product(build):
    """``product(units)``: x · W + b, of one input."""

    def of(units: int):
        build.head("squared_error", build.dense(build.input(1), units))
        return build.program()

    return of


def _numbers(executor, weight, bias):
    units = executor.program.widths[1]
    executor.restore(np.repeat(np.float32([weight, bias]), units))
    return executor


def test_both_operands_are_rounded_and_the_bias_is_not(product, make):
    executor = _numbers(make(product(5), dtype="float32"), BELOW_NEXT, ABOVE_1)
    (found,) = executor.predict([np.array([[ABOVE_1], [2.0]])], mixed=True)
    assert found.dtype == np.float32
    assert found.tolist() == [[NEXT + ABOVE_1] * 5, [2.0 * NEXT + ABOVE_1] * 5]


def test_links_are_those_of_the_rounded_logits(product, make):
    executor = _numbers(make(product(5), dtype="float32"), BELOW_NEXT, 0.0)
    (found,) = executor.predict([np.array([[ABOVE_1]])], ["tanh"], mixed=True)
    assert found == pytest.approx(np.full((1, 5), np.tanh(NEXT)), rel=1e-6)


def test_a_layer_of_at_most_four_outputs_is_computed_in_full(product, make):
    executor = _numbers(make(product(4), dtype="float32"), BELOW_NEXT, 0.0)
    (found,) = executor.predict([np.array([[ABOVE_1]])], mixed=True)
    assert found.tolist() == [[float(ABOVE_1 * BELOW_NEXT)] * 4]


def test_sparse_rows_are_computed_in_full(product, make):
    executor = _numbers(make(product(5), dtype="float32"), BELOW_NEXT, 0.0)
    (found,) = executor.predict([sparse.csr_array(np.array([[ABOVE_1], [0.0]]))], mixed=True)
    assert found.tolist() == [[float(ABOVE_1 * BELOW_NEXT)] * 5, [0.0] * 5]


def test_a_plan_of_mixed_training_does_not_make_predictions_mixed(product, make):
    plan = TrainingPlan(UpdateRule("gradient_descent", (), 0), mixed=True)
    (found,) = _numbers(make(product(5), plan, dtype="float32"), BELOW_NEXT, 0.0).predict([np.array([[ABOVE_1]])])
    assert found.tolist() == [[float(ABOVE_1 * BELOW_NEXT)] * 5]


def test_it_is_refused_in_float64(product, make):
    executor = make(product(5))
    with pytest.raises(InvalidSettingError, match=r"precision must be 'full' with float64.*Use dtype=\"float32\""):
        executor.predict([np.ones((1, 1))], mixed=True)
    assert executor.predict([np.ones((1, 1))])[0].shape == (1, 5)
