"""What is measured: the networks, and the sizes of their products."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.workload import Workload
from benchmarks.workloads import WORKLOADS, select

SIZES = {
    "tiny": (10_000, "20-64-64-2", 32),
    "default": (10_000, "20-100-2", 200),
    "mnist": (10_000, "784-512-512-10", 128),
    "online": (2_000, "20-64-2", 1),
    "xor": (4, "2-4-1", 4),
    "deep": (2_000, "20-64×20-2", 32),
    "wide": (4_096, "256-1024-1024-1", 256),
    "regular": (10_000, "20-64-64-2", 32),
    "sparse": (20_000, "5000-100-2", 200),
    "predict-1": (1, "20-64-64-2", 1),
    "predict-1k": (1_000, "20-64-64-2", 1),
    "predict-1m": (1_000_000, "20-64-64-2", 1),
    "mnist-2t": (10_000, "784-512-512-10", 128),
    "wide-2t": (4_096, "256-1024-1024-1", 256),
    "wide-mixed": (4_096, "256-1024-1024-1", 256),
    "mnist-mixed": (10_000, "784-512-512-10", 128),
    "wide-mixed-2t": (4_096, "256-1024-1024-1", 256),
    "mnist-mixed-2t": (10_000, "784-512-512-10", 128),
    "predict-wide-mixed": (1_000_000, "32-256-256-10", 1),
    "predict-wide-mixed-2t": (1_000_000, "32-256-256-10", 1),
}


def test_the_workloads_have_the_sizes_that_they_are_known_by():
    assert {w.name: (w.rows, w.network, w.batch_size) for w in WORKLOADS} == SIZES


def test_the_single_workloads_differ_in_what_their_names_say():
    assert [w.name for w in WORKLOADS if w.regular] == ["regular"]
    assert [w.name for w in WORKLOADS if w.density < 1] == ["sparse"]
    assert [w.name for w in WORKLOADS if w.num_steps == 10_000] == ["xor"]
    assert [w.name for w in WORKLOADS if w.threads == 2] == [w.name for w in WORKLOADS if w.name.endswith("-2t")]
    assert [w.name for w in WORKLOADS if w.mixed] == [w.name for w in WORKLOADS if "mixed" in w.name]


def test_an_unknown_workload_is_named_with_those_that_there_are():
    with pytest.raises(SystemExit, match=r"No workload huge, small\. There are tiny, default, .*predict-wide-mixed-2t\."):
        select(["small", "tiny", "huge"])


def test_a_quick_run_has_a_tenth_of_the_work_and_never_none():
    work = {w.name: w.num_steps for w in select([])}
    quick = {w.name: w.num_steps for w in select([], quick=True)}
    assert quick["xor"] == work["xor"] / 10
    assert quick["predict-1"] == work["predict-1"] / 10
    assert min(quick.values()) == 1


def test_a_step_has_three_products_a_layer_but_for_the_first():
    workload = Workload(name="small", rows=10, widths=(3, 5, 2), batch_size=4)
    assert workload.products == [
        (False, False, 4, 5, 3), (True, False, 3, 5, 4),
        (False, False, 4, 2, 5), (True, False, 5, 2, 4), (False, True, 4, 5, 2),
    ]  # fmt: skip


def test_a_prediction_has_one_product_a_layer_over_all_rows():
    workload = Workload(name="small", rows=10, widths=(3, 5, 2), batch_size=4, calls=1)
    assert workload.products == [(False, False, 10, 5, 3), (False, False, 10, 2, 5)]
    assert workload.flops == 2 * 10 * (3 * 5 + 5 * 2)


def test_operations_count_the_last_batch_by_its_rows():
    """Ten rows make three steps of four, four and two rows."""
    workload = Workload(name="small", rows=10, widths=(3, 5, 2), batch_size=4)
    assert workload.num_steps == 3
    assert workload.num_steps * workload.flops == pytest.approx(10 * 2 * (2 * 3 * 5 + 3 * 5 * 2))


def test_data_are_the_same_every_time():
    workload = Workload(name="small", rows=10, widths=(3, 5, 2), batch_size=4)
    first, second = workload.data(), workload.data()
    np.testing.assert_array_equal(first.x, second.x)
    np.testing.assert_array_equal(first.y, second.y)
    assert first.x.dtype == np.float32
