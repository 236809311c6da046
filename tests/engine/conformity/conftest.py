"""The executors, each of which must pass all tests of this folder. A further one is a line here.

That of torch runs where torch is installed, which it is for ``make test-peers``.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
import pytest

from lamina.engine import Program, StepValues, TrainingPlan, UpdateRule
from lamina.engine.executor import Executor
from lamina.engine.native import NativeExecutor
from lamina.engine.reference import ReferenceExecutor


def torch_executor(program: Program, dtype: str) -> Executor:
    from lamina.engine.torch import TorchExecutor

    return TorchExecutor(program, dtype, "cpu")


EXECUTORS = {"native": NativeExecutor, "reference": ReferenceExecutor} | ({"torch": torch_executor} if find_spec("torch") else {})
DESCENT = TrainingPlan(UpdateRule("gradient_descent", (), 0))


@pytest.fixture(params=EXECUTORS)
def make(request: pytest.FixtureRequest) -> Callable[..., Executor]:
    """``make(program, plan)``: an executor with random parameters and a state of 0.7."""

    def executor_of(program: Program, plan: TrainingPlan = DESCENT, *, dtype: str = "float64", seed: int = 0) -> Executor:
        executor: Executor = EXECUTORS[request.param](program, dtype)
        executor.configure(plan)
        executor.restore(np.random.default_rng(seed).normal(size=program.num_parameters) * 0.5, np.full(program.num_state, 0.7))
        return executor

    return executor_of


@pytest.fixture(scope="session")
def rates() -> Callable[..., StepValues]:
    """``rates(num_steps)``: the values of so many steps."""
    return lambda num_steps, lr=0.1, **rest: StepValues(np.full(num_steps, lr), **rest)
