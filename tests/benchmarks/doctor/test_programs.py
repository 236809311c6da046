"""The programs of the doctor's benchmark: their names, their halves, and what sets them apart from their twins."""

from __future__ import annotations

from dataclasses import fields

import pytest

from benchmarks.doctor.data_sets import DATA_SETS, rows_of
from benchmarks.doctor.networks import NETWORKS
from benchmarks.doctor.programs import healthy_programs, programs, sick_programs
from benchmarks.doctor.programs.enumeration import FAULTS
from benchmarks.doctor.recipe import Recipe
from benchmarks.doctor.runs import run
from benchmarks.doctor.split import GROUPS, HALVES, half_of, members
from benchmarks.doctor.words import CURES, FINDINGS


def test_names_are_unique() -> None:
    names = [program.name for program in programs()]
    assert len(set(names)) == len(names)


def test_there_are_as_many_as_the_benchmark_is_to_have() -> None:
    assert len(list(sick_programs())) >= 800
    assert len(list(healthy_programs())) >= 1200


def test_the_groups_share_no_data_set_and_no_network() -> None:
    data_sets, networks = zip(*(members(group) for group in GROUPS), strict=True)
    assert sorted(name for names in data_sets for name in names) == sorted(DATA_SETS)
    assert sorted(name for names in networks for name in names) == sorted(NETWORKS)
    assert half_of(data_sets[0][0], networks[1][0]) is None


def test_the_fourth_group_alone_is_for_the_figures() -> None:
    halves = [{half_of(data, network) for data in members(group)[0] for network in members(group)[1]} for group in GROUPS]
    assert halves == [{"calibration"}, {"calibration"}, {"calibration"}, {"evaluation"}]


@pytest.mark.parametrize("half", HALVES)
def test_every_finding_is_right_for_some_sick_programs(half: str) -> None:
    right = {finding for program in sick_programs() if program.half == half for finding in program.findings}
    assert right >= set(FINDINGS)


def test_faults_are_told_in_known_words() -> None:
    for fault in FAULTS:
        assert {*fault.findings} <= {*FINDINGS, "not_known"}
        assert {*fault.cures} <= {*CURES}


def test_a_twin_differs_in_what_the_fault_changes_alone() -> None:
    faults = {fault.name: fault for fault in FAULTS}
    for program in sick_programs():
        assert program.twin is not None
        changed = {
            field.name for field in fields(Recipe) if getattr(program.recipe, field.name) != getattr(program.twin, field.name)
        }
        assert changed
        assert changed <= set(faults[program.faults[0]].severities[program.severity])


@pytest.mark.parametrize("name", DATA_SETS)
def test_a_data_set_has_rows_to_train_on_and_enough_to_test(name: str) -> None:
    if not DATA_SETS[name].is_present:
        pytest.skip(f"needs {DATA_SETS[name].needs}")
    split = rows_of(name, 0)
    assert len(split.X) == DATA_SETS[name].train_rows
    assert len(split.X_test) >= 50
    assert (rows_of(name, 0).X == split.X).all()


def test_a_network_has_its_own_activation_unless_a_program_has_another() -> None:
    by_name = {program.name: program.recipe for program in healthy_programs() if program.recipe.network == "deep-4x40-elu"}
    assert {recipe.activation for name, recipe in by_name.items() if name.startswith("plain/")} <= {"elu"}
    assert {recipe.activation for name, recipe in by_name.items() if name.startswith("swish/")} <= {"swish"}
    assert "elu" in {recipe.activation for recipe in by_name.values()}


@pytest.mark.parametrize("form", ["estimator", "pipeline", "trainer"])
@pytest.mark.parametrize("network", ["shallow-24", "residual-3x32"])
def test_every_form_of_a_program_trains_and_is_measured(form: str, network: str) -> None:
    assert run(Recipe(data="moons", network=network, form=form), 0)["accuracy"] > 0.9


def test_a_training_that_breaks_off_has_the_worst_outcome() -> None:
    recipe = Recipe(data="plane", network="deep-5x24", optimizer="gradient_descent", learning_rate=1e6)
    assert run(recipe, 0)["r2"] == -1
