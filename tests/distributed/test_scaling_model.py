from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from lamina.distributed import ScalingModel
from lamina.errors import InvalidSettingError

MODEL = ScalingModel(row_s=1e-3, update_s=0.02, num_bytes=8_000_000, latency_s=1e-4, bytes_per_s=1e9, spread=0.1, serial_s=2.0)


def test_the_parts_of_a_step_are_those_of_the_formula() -> None:
    compute, straggling = 100 * 1e-3 + 0.02, 0.1 * 100 * 1e-3 * math.sqrt(2 * math.log(8))
    reduction = 2 * 3 * 1e-4 + 2 * 7 / 8 * 8e6 / 1e9
    assert MODEL.reduction_s(8) == pytest.approx(reduction)
    assert MODEL.step_s(8, 100) == pytest.approx(compute + straggling + reduction)
    assert MODEL.step_s(8, 100, every=4) == pytest.approx(compute + straggling / 2 + reduction / 4)
    assert MODEL.epoch_s(8, 8001, 100) == pytest.approx(11 * MODEL.step_s(8, 100) + 2.0)


def test_one_worker_waits_for_nobody() -> None:
    assert MODEL.step_s(1, 100) == pytest.approx(0.12)
    assert MODEL.efficiency(1, 10_000, 100) == 1.0


def test_without_communication_stragglers_and_serial_work_every_worker_counts_in_full() -> None:
    ideal = ScalingModel(row_s=1e-3)
    assert ideal.efficiency(64, 64_000, 100) == pytest.approx(1.0)
    assert ideal.pays_up_to(64_000, 100) == 1024  # the first number that takes all 640 batches in a step


def test_more_work_alone_is_amdahls_law() -> None:
    model = ScalingModel(row_s=1e-3, serial_s=1.0)  # of 10 s, 9 can be divided
    assert model.epoch_s(9, 9_000, 100) == pytest.approx(2.0)
    assert model.efficiency(9, 9_000, 100) == pytest.approx(10 / (9 * 2))
    assert model.pays_up_to(9_000, 100) == 8


def test_workers_pay_as_long_as_their_efficiency_is_half_and_epochs_become_shorter() -> None:
    for every in (1, 16):
        most = MODEL.pays_up_to(1_000_000, 100, every)
        assert MODEL.efficiency(most, 1_000_000, 100, every) >= 0.5 > MODEL.efficiency(2 * most, 1_000_000, 100, every)
    assert replace(MODEL, bytes_per_s=1e6).pays_up_to(1_000_000, 100) == 1


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"row_s": 0.0}, "row_s must be a number > 0, got 0.0"),
        ({"bytes_per_s": -1.0}, r"bytes_per_s must be a number > 0, or inf"),
        ({"spread": -0.1}, "spread must be a number >= 0"),
        ({"num_bytes": 1.5}, "num_bytes must be an integer >= 0"),
    ],
)
def test_what_cannot_be_measured_is_refused(setting: dict[str, float], message: str) -> None:
    with pytest.raises(InvalidSettingError, match=message):
        replace(MODEL, **setting)


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda model: model.epoch_s(0, 10, 1), "workers must be"),
        (lambda model: model.epoch_s(2, 0, 1), "num_rows must be"),
        (lambda model: model.step_s(2, 0), "share must be"),
        (lambda model: model.efficiency(4, 1000, 1000, 0), "every must be"),
        (lambda model: model.pays_up_to(0, 1), "num_rows must be"),
        (lambda model: model.reduction_s(-1), "workers must be"),
    ],
)
def test_numbers_out_of_range_are_refused(ask: Callable[[ScalingModel], float], said: str) -> None:
    with pytest.raises(InvalidSettingError, match=said):
        ask(ScalingModel(row_s=1e-6))
