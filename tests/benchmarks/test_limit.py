"""What the limit is made of."""

from __future__ import annotations

import time

import pytest

from benchmarks import limit
from benchmarks.workload import Workload

pytest.importorskip("lamina.engine._native", reason="the native engine is not built")

WORKLOAD = Workload(name="small", rows=20, widths=(4, 6, 2), batch_size=10)


@pytest.fixture
def measured(monkeypatch):
    """Every product takes 4 µs by SciPy, 3 by torch and 2 by Lamina; copies move 1 GB a second."""
    monkeypatch.setattr(limit, "_product_s", lambda *shape_and_clock: ([4e-6, 3e-6], 2e-6))
    monkeypatch.setattr(limit, "bandwidth", lambda held_bytes, clock: 1e9)


def test_the_limit_is_the_products_by_the_best_blas_and_the_bytes_of_the_optimizer(measured):
    optimizer_s = 7 * 4 * (5 * 6 + 7 * 2) / 1e9
    found = limit.limits_s(WORKLOAD, time.perf_counter)
    assert found["limit"] == pytest.approx(5 * 3e-6 + optimizer_s)
    assert found["floor"] == pytest.approx(5 * 2e-6 + optimizer_s)


def test_a_prediction_has_no_optimizer(measured):
    prediction = Workload(name="small", rows=20, widths=(4, 6, 2), batch_size=10, calls=3)
    assert limit.limits_s(prediction, time.perf_counter)["limit"] == pytest.approx(2 * 3e-6)


def test_sparse_data_have_no_limit(measured):
    sparse = Workload(name="small", rows=20, widths=(4, 6, 2), batch_size=10, density=0.1)
    assert limit.limits_s(sparse, time.perf_counter) == {}


@pytest.fixture
def compiled(monkeypatch):
    """In a compiled loop every product takes 4 µs by SciPy and 2 by Lamina."""
    monkeypatch.setattr(limit, "_native_s", lambda *arguments: {"blas": 4e-6, "built_in": 2e-6}[arguments[5]])
    limit.peak_flops.cache_clear()
    yield
    limit.peak_flops.cache_clear()


def test_the_peak_is_the_rate_of_the_fastest_product(compiled):
    m, n, k = max(limit._PEAK_SHAPES)
    assert limit.peak_flops(time.perf_counter) == pytest.approx(2 * m * n * k / 2e-6)


def test_a_small_product_of_torch_counts_for_no_less_than_at_the_peak(compiled, monkeypatch):
    monkeypatch.setattr(limit, "_torch_mm", lambda: lambda *arguments: 1e-6)
    monkeypatch.setattr(limit, "_torch_call_s", lambda clock: 5e-6)
    out, a, b = (limit._operand(*shape) for shape in ((6, 4), (6, 5), (5, 4)))
    peak = limit.peak_flops(time.perf_counter)
    assert limit._torch_s(out, a, b, time.perf_counter) == pytest.approx(2 * 6 * 4 * 5 / peak)
