"""Data sets for the tests of findings."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_wine, make_circles, make_friedman1


def scaled(array: np.ndarray) -> np.ndarray:
    return (array - array.mean(axis=0)) / array.std(axis=0)


@pytest.fixture(scope="session")
def rings() -> tuple[np.ndarray, np.ndarray]:
    """Two classes, one around the other."""
    X, y = make_circles(600, noise=0.1, factor=0.5, random_state=0)
    return scaled(X), y


@pytest.fixture(scope="session")
def wine() -> tuple[np.ndarray, np.ndarray]:
    """Three classes that planes separate."""
    X, y = load_wine(return_X_y=True)
    return scaled(X), y


@pytest.fixture(scope="session")
def curve() -> tuple[np.ndarray, np.ndarray]:
    """Numbers of mean 0 and deviation 1, a curved function of ten inputs."""
    X, y = make_friedman1(600, noise=0.5, random_state=0)
    return scaled(X), scaled(y)
