"""The rules of all optimizers, for tests that must hold for each."""

from __future__ import annotations

from dataclasses import fields

from lamina.engine import UpdateRule
from lamina.optimizers import OPTIMIZERS, StepOptimizer

__all__ = ["update_rules"]


def update_rules(eps: float) -> dict[str, UpdateRule]:
    """The rule of every optimizer that takes steps, by its kind; with ``eps``, and a short memory, where it has one."""
    rules = {}
    for optimizer in OPTIMIZERS.values():
        if issubclass(optimizer, StepOptimizer):
            settings = {"eps": eps, "rho": 0.9}
            own = settings.keys() & {field.name for field in fields(optimizer)}
            rule = optimizer(**{name: settings[name] for name in own}).rule()
            rules[rule.kind] = rule
    return rules
