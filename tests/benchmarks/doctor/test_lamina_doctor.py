"""The library's own doctor before the benchmark's programs."""

from __future__ import annotations

import pytest

from benchmarks.doctor.case import Case, quietly
from benchmarks.doctor.lamina_doctor import LAMINA
from benchmarks.doctor.recipe import Recipe


@pytest.mark.parametrize("form", ["estimator", "trainer"])
def test_it_treats_whatever_the_form(form: str) -> None:
    recipe = Recipe(data="plane", network="shallow-24", form=form, rows=(("target_times", 1e6),), epochs=30)
    case = Case.of(recipe, 0)
    with quietly():
        treated = LAMINA.treat(case, 12)
    assert treated.trainings <= 12
    assert "scale_targets" in treated.changed
    assert case.outcome(treated.model)["r2"] > 0.9


@pytest.mark.parametrize("form", ["pipeline", "trainer"])
def test_it_tells_sick_from_healthy_whatever_the_form(form: str) -> None:
    healthy = Recipe(data="moons", network="shallow-24", form=form)
    sick = healthy.with_changes(learning_rate=1e-5)
    with quietly():
        assert not LAMINA.diagnose(Case.of(healthy, 0)).alarms
        opinion = LAMINA.diagnose(Case.of(sick, 0))
    assert opinion.findings[0] == "learning_rate_too_low"
    assert any("learning_rate" in cure for cure in opinion.cures[:2])
