"""The calibration error that the benchmark prints is 0 for honest probabilities, whatever chance adds to it."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("lightgbm")
uncertainty = pytest.importorskip("benchmarks.uncertainty")


@pytest.mark.parametrize("seed", range(5))
def test_honest_probabilities_have_no_error_over_chance_and_others_have(seed: int) -> None:
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=5000) * 2
    of_second = 1 / (1 + np.exp(-logits))
    truth = (rng.random(5000) < of_second).astype(int)
    too_sure = 1 / (1 + np.exp(-2 * logits))
    honest, wrong = (
        np.subtract(*uncertainty.calibration_error(np.column_stack([1 - p, p]), truth, seed)) for p in (of_second, too_sure)
    )
    assert abs(honest) < 0.01
    assert wrong > 0.05
