"""What an update rule makes of the number of its step: one weight, one step, against the formulas in float64."""

import numpy as np
import pytest

from lamina.engine import Batches, Head, StepValues, TrainingPlan, UpdateRule
from lamina.engine.native import NativeExecutor

STEPS = [1, 2, 63, 64, 65, 128, 500, 100_000]


def _step(box, rule, step, dtype="float64"):
    """The change of a weight at 0 with slots at 0 whose gradient is 1 and whose learning rate is 1."""
    builder = box.ProgramBuilder(1)
    native = NativeExecutor(builder.program(Head("squared_error", builder.dense(0, 1, bias=False), 1)), dtype)
    native.configure(TrainingPlan(rule))
    data = Batches([np.ones((1, 1), dtype)], [np.full((1, 1), -1.0, dtype)])
    native.train(data, np.array([0]), 1, step - 1, StepValues(np.ones(1)))
    return native.snapshot().parameters[0]


@pytest.mark.parametrize("step", STEPS)
def test_adam_corrects_both_means_for_their_start(box, step):
    beta1, beta2, eps = 0.99, 0.9999, 1e-3
    moment, square = (1 - beta1) / (1 - beta1**step), (1 - beta2) / (1 - beta2**step)
    wanted = -moment / (np.sqrt(square) + eps)
    np.testing.assert_allclose(_step(box, UpdateRule("adam", (beta1, beta2, eps), 2), step), wanted, rtol=1e-12)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("psi", [0.0, 0.004, 1.0])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_nadam_knows_the_product_of_its_momenta_at_any_step(box, step, psi, dtype):
    """With beta2 = 0 a step is the gradient's sign times the two weights of the gradient."""
    beta1 = 0.999  # a product that is still far from 0 after hundreds of steps
    mu, mu_next = (beta1 * (1 - 0.5 * 0.96 ** (psi * i)) for i in (step, step + 1))
    product = np.prod(beta1 * (1 - 0.5 * 0.96 ** (psi * np.arange(1, step + 1, dtype=np.longdouble))))
    wanted = -((1 - mu) / (1 - product) + (1 - beta1) * mu_next / (1 - product * mu_next))
    actual = _step(box, UpdateRule("nadam", (beta1, 0.0, 0.0, psi), 2), step, dtype)
    np.testing.assert_allclose(actual, float(wanted), rtol=2e-13 if dtype == "float64" else 4 * np.finfo(dtype).eps)
