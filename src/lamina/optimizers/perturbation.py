"""Base of the optimizers that perturb weights: they use an objective and no gradient."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeAlias

from lamina import validation
from lamina.engine.perturbation import PerturbationRule
from lamina.errors import InvalidSettingError, phrase
from lamina.metrics import OBJECTIVES
from lamina.optimizers.optimizer import Optimizer
from lamina.validation import Rule, boolean, choice, integer, one_of, value

__all__ = ["Objective", "PerturbationOptimizer"]

Objective: TypeAlias = str | Callable[[Any, Any], float] | None


def _name_of(objective: Objective) -> str | None:
    """A name by which to recognize the objective."""
    return objective if objective is None or isinstance(objective, str) else str(getattr(objective, "__name__", "function"))


class PerturbationOptimizer(Optimizer):
    """Base of :class:`PerturbOne` and :class:`PerturbAll`.

    Attributes
    ----------
    trials : int
        Perturbations per step.
    objective : str, callable or None
        What to improve; None is the loss.
    maximize : bool
        Whether larger values of a function are better. Objectives given by name are always maximized, the loss never.
    """

    trials: int
    objective: Objective
    maximize: bool
    weight_decay = 0.0

    writers: ClassVar = {"objective": _name_of}
    shared_rules: ClassVar[Mapping[str, Rule]] = {
        "trials": integer(1),
        "objective": one_of(value(None), choice(OBJECTIVES), validation.function("targets, predictions")),
        "maximize": boolean(),
    }

    def to_dict(self) -> dict[str, Any]:
        """All settings; raises an error if the objective is a function, which cannot be written as data."""
        if callable(self.objective):
            repair = "Pass the function again when you load the file."
            rule = "cannot be written to a file"
            raise InvalidSettingError(phrase("a custom objective", rule, _name_of(self.objective), repair=repair))
        return super().to_dict()

    def identity(self) -> dict[str, Any]:
        return super().to_dict() | {"objective": _name_of(self.objective)}

    @property
    @abstractmethod
    def step_size(self) -> float:
        """The initial value of a schedule."""

    @property
    @abstractmethod
    def passes(self) -> int:
        """Forward passes over the batch per step, counting each trial as a full pass."""

    @abstractmethod
    def perturbation_rule(self) -> PerturbationRule:
        """The rule in the form that the engine takes."""
