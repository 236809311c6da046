"""The tables of the kernels: they know by name what the formulas know, and nothing else."""

from __future__ import annotations

import itertools

from lamina.engine.formulas.activation import FORMULAS
from lamina.engine.formulas.heads.table import HEADS
from lamina.engine.formulas.update import RULES


def names(name_of) -> set[str]:
    rows = (name_of(row) for row in itertools.count())
    return {name.decode() for name in itertools.takewhile(lambda name: name is not None, rows)}


def test_every_activation_has_a_row(kernels):
    assert names(kernels.function_name) == FORMULAS.keys()


def test_every_head_has_a_row(kernels):
    assert names(kernels.head_name) == {*HEADS, "external"}


def test_every_rule_has_a_row(kernels):
    assert names(kernels.rule_name) == RULES.keys()
