"""A table of a function gives what the function gives."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.data.by_value import by_value


@pytest.mark.parametrize("numbers", [[0], [5, 5, 5], [-3, 0, -1, -3], [7, 10**12], list(range(10, 0, -1))])
def test_a_table_gives_what_the_function_gives(numbers: list[int]) -> None:
    given = np.array(numbers)
    assert by_value(np.sin, given).tobytes() == np.sin(given).tobytes()


def test_numbers_that_lie_close_together_are_asked_for_once() -> None:
    asked = []

    def function(numbers: np.ndarray) -> np.ndarray:
        asked.append(len(numbers))
        return np.stack((numbers, -numbers))

    assert by_value(function, np.array([3, 4, 3, 4, 4])).tolist() == [[3, 4, 3, 4, 4], [-3, -4, -3, -4, -4]]
    assert asked == [2]
