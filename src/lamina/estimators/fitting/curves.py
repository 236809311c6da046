"""An estimator's curves: its numbers for every epoch."""

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
    """An estimator's numbers for every epoch, under scikit-learn's names, and the epochs in a row without improvement.

    ``best_loss_`` is None if a validation score decides, else ``validation_scores_`` and ``best_validation_score_`` are None.
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
        """Curves before the first epoch; with ``scores``, the validation score decides when to stop."""
        if scores:
            return cls(validation_scores_=[], best_validation_score_=-np.inf)
        return cls(best_loss_=np.inf)

    @classmethod
    def of(cls, attributes: Mapping[str, Any]) -> Curves:
        """Curves from the attributes of a fitted estimator."""
        return cls(**{entry.name: attributes[entry.name] for entry in fields(cls) if entry.name in attributes})

    def copy(self) -> Curves:
        """A copy with its own lists."""
        return Curves(**{entry.name: copy.copy(getattr(self, entry.name)) for entry in fields(self)})

    @property
    def loss_(self) -> float:
        """The last epoch's loss; raises AttributeError before the first epoch."""
        if not self.loss_curve_:
            raise AttributeError("loss_ is not available, because no epoch was completed.")
        return self.loss_curve_[-1]

    def state(self) -> dict[str, Any]:
        """The state for a checkpoint."""
        plain = {name: copy.copy(getattr(self, own)) for name, own in _STORED.items()}
        return plain | ({"loss_": self.loss_} if self.loss_curve_ else {})

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`state` returned."""
        check_form(list(state), [choice((*_STORED, "loss_"))], "the curves")
        for name, own in _STORED.items():
            if name in state:
                setattr(self, own, state[name])


# Their names in a checkpoint.
_STORED = {entry.name: entry.name for entry in fields(Curves) if entry.name.endswith("_")}
_STORED |= {"_no_improvement_count": "no_improvement_count"}
