"""What a step does to a program's flat vectors: penalties, clipping, update rule, shrinkage, max-norm.

All of it are formulas of arrays. None looks at a number, so nothing here waits for a device to tell one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lamina.engine.formulas.array import Array, Namespace
from lamina.engine.formulas.clipping import bounded
from lamina.engine.formulas.penalty import max_norm, penalty, penalty_gradient
from lamina.engine.formulas.shrinkage import STEP_SIZES, shrink, with_l1
from lamina.engine.formulas.update import RULES, Count, Rate, decay
from lamina.engine.plan import TrainingPlan
from lamina.engine.program import Program

__all__ = ["Moved", "Movement", "Pace"]


class Pace(NamedTuple):
    """The numbers of a step's update, plain ones or scalars on the arrays' device.

    ``t``: the step, counted from 1. ``weight_decay``: None if there is none. ``l1_factor``: multiplies the strengths of L1; None
    if the gradient has its slope.
    """

    t: Count
    learning_rate: Array | float
    weight_decay: Array | float | None = None
    l1_factor: Array | float | None = None


class Moved(NamedTuple):
    """Vectors after the update rule, and the clipped gradient that it followed."""

    parameters: Array
    slots: tuple[Array, ...]
    gradient: Array


class Movement:
    """The formulas of a step on the flat vectors of a program.

    Parameters
    ----------
    program, xp
        As in :class:`~lamina.engine.reference.step.Step`.
    number : dict
        dtype and device of all arrays, as keywords.

    Attributes
    ----------
    trains : bool array of shape (num_parameters,)
        Which numbers training changes.
    everywhere : bool array or None
        The same; None if it changes all of them. So is ``acts`` in all methods: where a step acts.
    factors : array of shape (num_parameters,) or None
        Those of the learning rate; None if all are 1.
    """

    def __init__(self, program: Program, xp: Namespace, number: dict[str, object]) -> None:
        self._program = program
        self._xp, self._number = xp, number
        self._l1 = self._spread([p.l1 for p in program.parameters])
        self._l2 = self._spread([p.l2 for p in program.parameters])
        self._decays = self._spread([float(p.decay) for p in program.parameters])
        self._has_l1 = any(p.l1 for p in program.parameters)
        self._penalized = self._has_l1 or any(p.l2 for p in program.parameters)
        factors = [p.learning_rate_factor for p in program.parameters]
        self.factors = self._spread(factors) if set(factors) - {1.0} else None
        self.trains = self._spread([float(p.trainable) for p in program.parameters]) > 0
        self.everywhere = None if all(p.trainable for p in program.parameters) else self.trains
        self._by_row = [p for p in program.parameters if p.by_row and p.trainable]
        self._bounded = [p for p in program.parameters if p.max_norm > 0]
        names = dict.fromkeys(p.layer for p in program.parameters)
        self._layers = [[p.slice for p in program.parameters if p.layer == name] for name in names]

    def trainable_only(self, vector: Array) -> Array:
        """The vector, with 0 for what stands still."""
        return self._where(self.everywhere, vector)

    def acts(self, gradient: Array) -> Array | None:
        """Where a step with this gradient of the losses acts: on what is trained; of a matrix by row, on its rows with one."""
        if not self._by_row:
            return self.everywhere
        acts = self._xp.asarray(self.trains, copy=True)
        for p in self._by_row:
            rows = self._xp.reshape(gradient[p.slice], p.shape)
            touched = self._xp.any(rows != 0, axis=1, keepdims=True)
            acts[p.slice] = self._xp.reshape(self._xp.broadcast_to(touched, p.shape), (-1,))
        return acts

    def penalty(self, parameters: Array, factor: Array | float, acts: Array | None = None) -> Array | float:
        """The penalty term in the loss of a batch."""
        if not self._penalized:
            return 0.0
        return factor * penalty(parameters, self._where(acts, self._l1), self._where(acts, self._l2))

    def penalized(
        self, parameters: Array, gradient: Array, factor: Array | float, *, l1_slope: bool, acts: Array | None = None
    ) -> Array:
        """The gradient with that of the penalty; the slope of L1 only if asked for, as a step shrinks instead."""
        if not self._penalized:
            return gradient
        l1, l2 = self._l1 if l1_slope else 0.0, self._where(acts, self._l2)
        return gradient + factor * penalty_gradient(parameters, l1, l2)

    def moved(
        self, parameters: Array, slots: Array, gradient: Array, plan: TrainingPlan, pace: Pace, acts: Array | None
    ) -> Moved:
        """Clipping, weight decay and the update rule, where the step ``acts``."""
        rule, xp = plan.rule, self._xp
        gradient = bounded(gradient, plan.clipping, self._layers, acts)
        w, rate = parameters, self._rate(pace)
        if pace.weight_decay is not None:
            w = decay(w, self._decays, rate, pace.weight_decay)
        before = tuple(slots[i, :] for i in range(rule.num_slots))
        w, after = RULES[rule.kind](w, gradient, before, pace.t, rate, *self._coefficients(plan, pace))
        if acts is None:
            return Moved(w, after, gradient)
        kept = tuple(xp.where(acts, slot, old) for slot, old in zip(after, before, strict=True))
        return Moved(xp.where(acts, w, parameters), kept, gradient)

    def settled(self, parameters: Array, slots: tuple[Array, ...], plan: TrainingPlan, pace: Pace) -> Array:
        """The weights after the update rule, shrunk by L1 and within the bounds on their norms."""
        l1 = self._strengths(pace)
        if l1 is not None:
            size = STEP_SIZES[plan.rule.kind](slots, pace.t, self._rate(pace), *self._coefficients(plan, pace))
            parameters = self._xp.where(l1 > 0, shrink(parameters, l1 * size), parameters)
        return self.within_norms(parameters)

    def within_norms(self, parameters: Array) -> Array:
        """The weights, with the norms of those into each unit bounded."""
        if not self._bounded:
            return parameters
        w = self._xp.asarray(parameters, copy=True)
        for p in self._bounded:
            weight = self._xp.reshape(parameters[p.slice], p.shape)
            w[p.slice] = self._xp.reshape(max_norm(weight, p.max_norm), (-1,))
        return w

    def _rate(self, pace: Pace) -> Rate:
        return pace.learning_rate if self.factors is None else pace.learning_rate * self.factors

    def _strengths(self, pace: Pace) -> Array | None:
        """The strengths of L1 where it shrinks weights."""
        return pace.l1_factor * self._l1 if self._has_l1 and pace.l1_factor is not None else None

    def _coefficients(self, plan: TrainingPlan, pace: Pace) -> tuple[Rate, ...]:
        l1 = self._strengths(pace)
        return plan.rule.coefficients if l1 is None else with_l1(plan.rule.kind, plan.rule.coefficients, l1)

    def _where(self, acts: Array | None, vector: Array) -> Array:
        return vector if acts is None else self._xp.where(acts, vector, self._xp.zeros_like(vector))

    def _spread(self, numbers: Sequence[float]) -> Array:
        """One number per parameter tensor, repeated over its slice of the flat vector."""
        vector = np.zeros(self._program.num_parameters)
        for part, number in zip(self._program.parameters, numbers, strict=True):
            vector[part.slice] = number
        return self._xp.asarray(vector, **self._number)
