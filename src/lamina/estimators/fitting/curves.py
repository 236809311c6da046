"""An estimator's numbers of every epoch."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from lamina.forms import check_form
from lamina.validation import choice

__all__ = ["Curves"]


@dataclass
class Curves:
    """An estimator's numbers of every epoch, under scikit-learn's names, and how many epochs in a row brought nothing.

    ``best_loss_`` is None while a validation score decides, ``validation_scores_`` and ``best_validation_score_`` otherwise.
    """

    n_iter_: int = 0
    t_: int = 0
    loss_curve_: list[float] = field(default_factory=list)
    best_loss_: float | None = None
    validation_scores_: list[float] | None = None
    best_validation_score_: float | None = None
    validation_loss_curve_: list[float] | None = None
    no_improvement_count: int = 0

    @classmethod
    def empty(cls, *, scores: bool) -> Curves:
        """Those of a training that is about to begin; with ``scores`` those of validation rows decide."""
        if scores:
            return cls(validation_scores_=[], best_validation_score_=-np.inf)
        return cls(best_loss_=np.inf)

    @classmethod
    def of(cls, attributes: Mapping[str, Any]) -> Curves:
        """Those among the attributes of a fitted estimator."""
        return cls(**{entry.name: attributes[entry.name] for entry in fields(cls) if entry.name in attributes})

    def copy(self) -> Curves:
        """Another object with lists of its own."""
        return Curves(**{entry.name: copy.copy(getattr(self, entry.name)) for entry in fields(self)})

    @property
    def loss_(self) -> float:
        """The last epoch's loss; missing, as an attribute, before there is one."""
        if not self.loss_curve_:
            raise AttributeError("no epoch was done, and so there is no loss_.")
        return self.loss_curve_[-1]

    def state(self) -> dict[str, Any]:
        """What a checkpoint stores."""
        plain = {name: copy.copy(getattr(self, own)) for name, own in _STORED.items()}
        return plain | ({"loss_": self.loss_} if self.loss_curve_ else {})

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Take back what :meth:`state` gave."""
        check_form(list(state), [choice((*_STORED, "loss_"))], "the curves")
        for name, own in _STORED.items():
            if name in state:
                setattr(self, own, state[name])


# What a checkpoint calls them.
_STORED = {entry.name: entry.name for entry in fields(Curves) if entry.name.endswith("_")}
_STORED |= {"_no_improvement_count": "no_improvement_count"}
