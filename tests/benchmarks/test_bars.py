"""The arithmetic of what is aimed at."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.bars import bars_of, ratio
from benchmarks.workload import Workload

# 2 · 10 · (100 · 50) = 100,000 operations: 1 µs at 100 GFLOP/s
WORKLOAD = Workload(name="small", rows=10, widths=(100, 50), batch_size=10, calls=1, bars={"torch": 5, "JAX": 4, "limit": 0.8})
PEAK = 1e11


def _result(ours, **others):
    return {"step_s": {"lamina": [ours] * 3} | {name: [seconds] * 3 for name, seconds in others.items()}, "limit_s": [3e-6] * 3}


def test_a_ratio_is_the_median_of_the_rounds_and_not_that_of_the_medians():
    assert ratio([10.0, 40.0, 30.0], [1.0, 2.0, 10.0]) == 10.0


def test_a_bar_says_what_a_step_may_take():
    bars = {bar.against: bar for bar in bars_of(WORKLOAD, _result(2e-6, torch=20e-6), PEAK)}
    assert list(bars) == ["torch", "limit"]
    assert bars["torch"].reached == pytest.approx(10)
    assert bars["torch"].asked_s == pytest.approx(4e-6)
    assert bars["torch"].products_s == pytest.approx(1e-6)
    assert bars["limit"].reached == pytest.approx(1.5)


@pytest.mark.parametrize(
    "torch_s, verdict",
    [(10e-6, "met"), (6e-6, "missed: 60% of it"), (4e-6, "below the products' time at 100 GFLOP/s")],
)
def test_the_verdict_tells_what_is_missed_from_what_no_processor_could_do(torch_s, verdict):
    bar, _ = bars_of(WORKLOAD, _result(2e-6, torch=torch_s), PEAK)
    assert bar.verdict == verdict


def test_more_threads_have_more_peaks():
    two = Workload(name="small", rows=10, widths=(100, 50), batch_size=10, calls=1, threads=2, bars={"torch": 5})
    (bar,) = bars_of(two, _result(2e-6, torch=4e-6), PEAK)
    assert bar.products_s == pytest.approx(0.5e-6)
    assert bar.possible


def test_products_of_bfloat16_have_the_peak_of_the_processor_that_multiplied():
    mixed = replace(WORKLOAD, mixed=True)
    without, with_tiles = (bars_of(mixed, _result(2e-6, torch=6e-6) | {"tiles": tiles}, PEAK)[0] for tiles in (False, True))
    assert (without.peak_flops, with_tiles.peak_flops) == (2 * PEAK, 16 * PEAK)
