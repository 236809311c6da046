"""An executor's arrays are where it computes: assigning to one writes there, and never leaves the engine with another."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.engine import make_executor
from lamina.errors import ShapeError
from lamina.layers import Dense
from lamina.network import Sequential


@pytest.mark.parametrize("engine", ["native", "reference"])
def test_an_assigned_vector_is_what_the_engine_computes_with(engine: str) -> None:
    executor = make_executor(Sequential([Dense(1)], 2).program(), engine=engine)
    executor.parameters = np.array([1.0, 2.0, 3.0])
    assert executor.predict([np.array([[1.0, 1.0]])])[0].tolist() == [[6.0]]
    assert executor.parameters.dtype == np.float32


@pytest.mark.parametrize("engine", ["native", "reference"])
@pytest.mark.parametrize("name", ["parameters", "state", "slots"])
def test_an_array_of_another_shape_is_refused(engine: str, name: str) -> None:
    executor = make_executor(Sequential([Dense(1)], 2).program(), engine=engine)
    with pytest.raises(ShapeError, match=f"{name} must be an array of shape"):
        setattr(executor, name, np.zeros((7, 7)))
