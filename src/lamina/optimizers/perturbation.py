"""What the optimizers that perturb weights have in common: they know an objective, and no gradient."""

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
    """A name to recognize it by."""
    return objective if objective is None or isinstance(objective, str) else str(getattr(objective, "__name__", "function"))


class PerturbationOptimizer(Optimizer):
    """Base of :class:`PerturbOne` and :class:`PerturbAll`.

    Attributes
    ----------
    trials : int
        Perturbations a step.
    objective : str, callable or None
        What is to improve; None is the loss.
    maximize : bool
        Whether a function's larger values are the better ones. Objectives with a name are always maximized, the loss never.
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
        """All settings; a function as objective is refused, as it cannot be written as data."""
        if callable(self.objective):
            repair = "Give the function again when you load what you saved."
            rule = "cannot be written to a file"
            raise InvalidSettingError(phrase("an objective of one's own", rule, _name_of(self.objective), repair=repair))
        return super().to_dict()

    def identity(self) -> dict[str, Any]:
        return super().to_dict() | {"objective": _name_of(self.objective)}

    @property
    @abstractmethod
    def step_size(self) -> float:
        """What a schedule starts from."""

    @property
    @abstractmethod
    def passes(self) -> int:
        """Forward passes over its batch that a step takes, if each trial is counted as a whole pass."""

    @abstractmethod
    def perturbation_rule(self) -> PerturbationRule:
        """The rule as the engine knows it."""
