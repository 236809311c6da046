"""Schedules: their closed forms, and independence of how the steps are asked for."""

from __future__ import annotations

import copy
import itertools
import json
import math

import numpy as np
import pytest

from lamina.errors import InvalidSettingError
from lamina.schedules import (
    SCHEDULES,
    Adaptive,
    Constant,
    Cosine,
    CosLog,
    Exponential,
    FlatCosine,
    Function,
    InverseScaling,
    OneCycle,
    ReduceOnPlateau,
    Step,
    WarmUp,
    get_schedule,
)

BASE, PER_EPOCH, TOTAL = 0.4, 5, 60

CLOSED_FORMS = [
    (Constant(), lambda t: BASE),
    (Step(epochs=2, factor=0.5), lambda t: BASE * 0.5 ** (t // PER_EPOCH // 2)),
    (Exponential(0.9), lambda t: BASE * 0.9 ** (t / PER_EPOCH)),
    (InverseScaling(0.7), lambda t: BASE / (1 + t) ** 0.7),
    (InverseScaling(0.5, unit="epoch", scale=37), lambda t: BASE / (1 + 37 * (t // PER_EPOCH)) ** 0.5),
    (Cosine(), lambda t: BASE * 0.5 * (1 + math.cos(math.pi * t / TOTAL))),
    (Cosine(steps=20, final=0.1), lambda t: BASE * (0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * min(t / 20, 1))))),
    (CosLog(), lambda t: BASE * 0.5 * (1 - math.cos(2 * math.pi * math.log2(1 + 15 * t / TOTAL)))),
    (
        CosLog(cycles=2, steps=20, final=0.1),
        lambda t: BASE * (0.1 + 0.9 * 0.5 * (1 - math.cos(2 * math.pi * math.log2(1 + 3 * min(t / 20, 1))))),
    ),
    (FlatCosine(), lambda t: BASE * 0.5 * (1 + math.cos(math.pi * (max(1, 2 * t / TOTAL) - 1)))),
    (
        FlatCosine(flat=0.25, steps=20, final=0.1),
        lambda t: BASE * (0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * max(min(t / 20, 1) - 0.25, 0) / 0.75))),
    ),
    (WarmUp(8), lambda t: BASE * min((t + 1) / 8, 1)),
    (
        WarmUp(8, then=Cosine(steps=40)),
        lambda t: BASE * ((t + 1) / 8 if t < 8 else 0.5 * (1 + math.cos(math.pi * min((t - 8) / 40, 1)))),
    ),
    (Function(lambda step: 1 / (step + 2)), lambda t: 1 / (t + 2)),
]


def name_of(schedule):
    """As it prints; without a function's address, which differs from process to process."""
    return "Function" if isinstance(schedule, Function) else repr(schedule)


@pytest.mark.parametrize(("schedule", "formula"), CLOSED_FORMS, ids=lambda value: type(value).__name__)
def test_rates_follow_the_closed_form(schedule, formula):
    rates = schedule.rates(BASE, 0, TOTAL, PER_EPOCH, TOTAL)
    assert rates.dtype == np.float64
    np.testing.assert_allclose(rates, [formula(t) for t in range(TOTAL)], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("schedule", [schedule for schedule, _ in CLOSED_FORMS] + [OneCycle(), Adaptive()], ids=name_of)
@pytest.mark.parametrize("cut", [1, 7, 8, 20, 59])
def test_rates_do_not_depend_on_how_the_steps_are_split(schedule, cut):
    whole = schedule.rates(BASE, 0, TOTAL, PER_EPOCH, TOTAL)
    parts = [schedule.rates(BASE, 0, cut, PER_EPOCH, TOTAL), schedule.rates(BASE, cut, TOTAL - cut, PER_EPOCH, TOTAL)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_one_cycle_climbs_to_the_base_and_falls_to_the_end():
    rates = OneCycle(rise=0.25, start_divisor=10, end_divisor=100).rates(BASE, 0, TOTAL, PER_EPOCH, TOTAL)
    peak = int(0.25 * TOTAL) - 1
    np.testing.assert_allclose([rates[0], rates[peak], rates[-1]], [BASE / 10, BASE, BASE / 1000], rtol=1e-12)
    assert (np.diff(rates[: peak + 1]) > 0).all()
    assert (np.diff(rates[peak:]) < 0).all()


@pytest.mark.parametrize("cycles", [1, 2, 4, 10])
def test_cycles_of_coslog_double_in_length_and_end_at_the_final_rate(cycles):
    parts = 2**cycles - 1  # of which the cycles take 1, 2, 4, …
    rates = CosLog(cycles, final=0.1).rates(BASE, 0, 8 * parts + 1, 1, 8 * parts)
    ends = [8 * (2**done - 1) for done in range(cycles + 1)]
    np.testing.assert_allclose(rates[ends], BASE * 0.1, rtol=1e-9)
    for begin, end in itertools.pairwise(ends):
        peak = begin + int(np.argmax(rates[begin : end + 1]))
        assert (np.diff(rates[begin : peak + 1]) > 0).all()
        assert (np.diff(rates[peak : end + 1]) < 0).all()


def test_a_flat_cosine_without_a_flat_part_is_a_cosine():
    given = BASE, 0, TOTAL, PER_EPOCH, TOTAL
    np.testing.assert_array_equal(FlatCosine(flat=0.0, final=0.2).rates(*given), Cosine(final=0.2).rates(*given))


@pytest.mark.parametrize("steps", [2, 3])
def test_one_cycle_of_few_steps_is_finite(steps):
    rates = OneCycle(steps=steps).rates(BASE, 0, 6)
    assert np.isfinite(rates).all()
    assert rates.max() <= BASE


def test_adaptive_follows_scikit_learn_until_the_rate_is_tiny():
    schedule = Adaptive(patience=1, tol=0.1, minimum=1e-3)
    rates = []
    for loss in (1.0, 0.95, 0.92, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5):
        schedule.on_epoch_end(loss, base=0.01)
        rates.append(float(schedule.rates(0.01, 0, 1)[0]))
    # 0.95 and 0.92 are no improvements by 0.1 over the best, which follows them down all the same; 0.5 is one.
    np.testing.assert_allclose(rates[:6], [0.01, 0.01, 0.002, 0.002, 0.002, 0.0004])
    assert schedule.exhausted
    assert rates[-1] == pytest.approx(0.0004)


def test_reduce_on_plateau_never_falls_under_its_minimum():
    schedule = ReduceOnPlateau(reduction=0.1, patience=0, minimum=0.02)
    for _ in range(5):
        schedule.on_epoch_end(1.0, base=1.0)
    assert schedule.rates(1.0, 0, 1)[0] == pytest.approx(0.02)
    assert not schedule.exhausted


def test_reduce_on_plateau_does_not_raise_a_rate_under_its_minimum():
    schedule = ReduceOnPlateau(patience=0, minimum=0.02)
    for _ in range(2):
        schedule.on_epoch_end(1.0, base=0.01)
    assert schedule.factor == 1.0


@pytest.mark.parametrize("relative", [True, False])
def test_steps_under_the_threshold_add_up_and_are_no_plateau(relative):
    schedule = ReduceOnPlateau(patience=2, tol=1e-4, relative=relative)
    for epoch in range(1000):
        schedule.on_epoch_end(1.0 - 9e-5 * epoch, base=0.1)
    assert schedule.factor == 1.0


def test_after_a_cut_nothing_is_counted_while_the_rate_cools_down():
    schedule = ReduceOnPlateau(reduction=0.5, patience=0, cooldown=2)
    factors = []
    for _ in range(8):
        schedule.on_epoch_end(1.0, base=1.0)
        factors.append(schedule.factor)
    assert factors == [1.0, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125]


def test_a_reactive_schedule_can_watch_a_number_that_should_grow():
    schedule = Adaptive(patience=0, mode="max", tol=0.0)
    for score in (0.5, 0.6, 0.7):
        schedule.on_epoch_end(score, base=1.0)
    assert schedule.factor == 1.0
    schedule.on_epoch_end(0.6, base=1.0)
    assert schedule.factor == pytest.approx(0.2)


def test_nan_is_no_improvement_and_never_the_best():
    schedule = Adaptive(patience=0)
    schedule.on_epoch_end(1.0, base=1.0)
    schedule.on_epoch_end(math.nan, base=1.0)
    assert schedule.factor == pytest.approx(0.2)
    assert schedule.state()["best"] == 1.0


def test_what_a_reactive_schedule_remembers_goes_to_another_and_is_not_shared_by_a_copy():
    schedule, other = Adaptive(patience=0), Adaptive(patience=0)
    twin = copy.deepcopy(schedule)
    for loss in (1.0, 1.0):
        schedule.on_epoch_end(loss, base=1.0)
    other.load_state(json.loads(json.dumps(schedule.state())))
    assert (schedule.factor, other.factor, twin.factor) == (0.2, 0.2, 1.0)


def test_a_plateau_goes_on_from_what_was_remembered_as_if_nothing_had_happened():
    values = np.random.default_rng(1).choice([0.8, 0.9, 1.0, math.nan], 60)
    whole, part = (ReduceOnPlateau(reduction=0.9, patience=1, cooldown=2) for _ in range(2))
    for position, value in enumerate(values):
        whole.on_epoch_end(value, base=1.0)
        part.on_epoch_end(value, base=1.0)
        assert part.factor == whole.factor, position
        remembered = json.loads(json.dumps(part.state()))
        part = ReduceOnPlateau(reduction=0.9, patience=1, cooldown=2)
        part.load_state(remembered)
    assert whole.factor < 0.5


def test_a_warm_up_passes_on_what_its_reactive_successor_watches():
    successor = Adaptive(patience=0)
    schedule = WarmUp(2, then=successor)
    assert schedule.reactive is successor
    for _ in range(2):
        schedule.reactive.on_epoch_end(1.0, base=1.0)
    np.testing.assert_allclose(schedule.rates(1.0, 0, 4), [0.5, 1.0, 0.2, 0.2])


@pytest.mark.parametrize("name", list(SCHEDULES))
def test_a_description_gives_an_equal_schedule_back(name):
    schedule = get_schedule(name)
    assert get_schedule(json.loads(json.dumps(schedule.to_dict()))) == schedule


def test_none_is_constant_and_a_function_is_the_rate_itself():
    assert get_schedule(None) == Constant()
    assert get_schedule(lambda step: 0.5).rates(99.0, 3, 1).tolist() == [0.5]


@pytest.mark.parametrize("wrong", [-1.0, math.nan, math.inf])
def test_a_function_that_gives_no_rate_is_refused_with_its_step(wrong):
    schedule = Function(lambda step: wrong if step == 4 else 0.1)
    with pytest.raises(InvalidSettingError, match=r"finite rate >= 0.*step 4"):
        schedule.rates(1.0, 0, 6)


@pytest.mark.parametrize("given", [None, Constant(), lambda step: 0.5])
def test_settings_beside_a_schedule_are_refused_and_not_ignored(given):
    with pytest.raises(InvalidSettingError, match="Settings belong to a name or a dict"):
        get_schedule(given, final=0.1)


@pytest.mark.parametrize("wrong", [Constant, ["cosine"], 3])
def test_what_is_no_schedule_is_refused(wrong):
    with pytest.raises(InvalidSettingError, match="must be a name, a dict, a Schedule, None or a function"):
        get_schedule(wrong)


def test_unknown_names_and_settings_out_of_range_are_refused():
    with pytest.raises(InvalidSettingError, match="Did you mean 'cosine'"):
        get_schedule("cosin")
    with pytest.raises(InvalidSettingError, match="Step: epochs must be an integer >= 1, got 0"):
        Step(epochs=0)
    with pytest.raises(InvalidSettingError, match="OneCycle: rise"):
        OneCycle(rise=1.0)
    with pytest.raises(InvalidSettingError, match=r"CosLog: cycles must be an integer in \[1, 32\], got 0"):
        CosLog(0)
    with pytest.raises(InvalidSettingError, match=r"FlatCosine: flat must be a number in \[0, 1\), got 1"):
        FlatCosine(flat=1)
