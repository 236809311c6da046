"""Training without gradients: weights are perturbed, and the effect on an objective decides how they change.

The rule ``"one"`` changes one weight at a time and keeps the change if the objective improves. A step tries ``trials`` changes on
its batch. Trial t draws the words u = 2t and v = 2t + 1 of purpose :data:`~lamina.engine.randomness.PERTURB_ONE` (op 0):

    index = (u * num_parameters) >> 32;  w[index] += learning_rate * (v / 2^31 - 1)

The rule ``"all"`` changes all weights at once, by ``+scale`` or ``-scale``, and moves every weight against the resulting slope of
the objective, averaged over ``trials`` draws. Draw t takes the signs s from the bits of purpose
:data:`~lamina.engine.randomness.PERTURB_ALL` (op t): weight i is raised where bit i mod 32 of word i div 32 is set.

    slope = (J(w + scale s) - J(w - scale s)) / (2 scale)   antithetic
    slope = (J(w + scale s) - J(w)) / scale                 otherwise
    w    -= learning_rate * mean of slope * s               after clipping

J is the batch's loss, or an objective of the caller's, plus the penalties. Batch norm uses the statistics of the batch and
updates its running statistics once per step; dropout must be absent or 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

__all__ = ["BatchObjective", "PerturbationRule"]

#: ``objective(outputs, rows)``: a number to minimize, for the outputs of a batch.
BatchObjective: TypeAlias = Callable[[Sequence[np.ndarray], np.ndarray], float]


class PerturbationRule(NamedTuple):
    """How weights are perturbed; see the docstring of this module.

    ``kind`` is "one" or "all"; ``trials`` >= 1; ``scale`` > 0 and ``antithetic`` apply to "all", ``accept_ties`` (keep a change
    that leaves the objective equal) applies to "one".

    Examples
    --------
    A line, learned only from the losses of 400 random changes:

    >>> from lamina.engine import Batches, StepValues, TrainingPlan, UpdateRule, make_executor
    >>> from lamina.engine.program import Head, Op, Parameter, Program
    >>> program = Program(
    ...     widths=(1, 1), inputs=(0,), outputs=(1,), ops=(Op("dense", "line", (0,), 1, (0, 1)),),
    ...     parameters=(Parameter("weight", "line", 0, (1, 1)), Parameter("bias", "line", 1, (1,))),
    ...     heads=(Head("squared_error", 1, 1),),
    ... )
    >>> executor = make_executor(program, dtype="float64", engine="reference")
    >>> executor.configure(TrainingPlan(UpdateRule("gradient_descent", (), 0)))
    >>> x = np.array([[0.0], [1.0]])
    >>> rule = PerturbationRule("one", trials=20)
    >>> result = executor.perturb(Batches([x], [3.0 * x]), np.tile([0, 1], 20), 2, 0, StepValues(np.ones(20)), rule)
    >>> bool(executor.evaluate(Batches([x], [3.0 * x]))[0] < 0.01 * result.losses[0])
    True
    """

    kind: str
    trials: int
    scale: float = 0.0
    antithetic: bool = True
    accept_ties: bool = False
