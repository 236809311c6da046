"""Facts about the first step: the loss's curvature, the rate that it allows, what a step changes, and the gradient's noise."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.analysis.gradient_noise_scale import gradient_noise_scale
from lamina.analysis.training_objective import TrainingObjective
from lamina.doctor.probes.beginning import Beginning
from lamina.engine.plan import StepValues
from lamina.errors import NonFiniteError
from lamina.optimizers import Optimizer, StepOptimizer

__all__ = ["FirstStepFacts", "first_step_facts"]

_NAN = math.nan
_PRODUCTS = 4  # Hessian-vector products of the power iteration, enough for the order of magnitude
_PROBE = 1e-4  # length of the finite difference, relative to the weights
_DRAWS = 8


@dataclass(frozen=True, slots=True)
class FirstStepFacts:
    """The loss around the first weights; NaN where something is not finite or the optimizer has no such quantity.

    Attributes
    ----------
    loss : float
        With penalties, on the measured rows.
    gradient_norm : float
    curvature : float
        gᵀHg / gᵀg along the gradient g: what two gradients tell of the Hessian H.
    sharpness : float
        Estimate of the Hessian's largest eigenvalue from below, by a few steps of power iteration from g.
    learning_rate : float
        The optimizer's.
    stable_rate : float
        The largest rate at which plain gradient descent, momentum or Nesterov's rule do not run away where the curvature is
        ``sharpness``: 2 / λ, 2 (1 + μ) / λ and 2 (1 + μ) / ((1 + 2 μ) λ). NaN for rules that scale the gradient; infinite without
        curvature.
    update_ratios : dict of str to float
        ‖Δw‖ / ‖w‖ of the weights of each dense layer that is trained, in the first step of training.
    update_ratio : float
        The largest of them, layers of zeros apart.
    loss_before, loss_after : float
        The loss of the first batch before and after the first step.
    noise_scale : float
        The gradient noise scale B in rows (McCandlish et al. 2018); infinite if the noise hides the gradient.
    noise_error : float
        Its standard error.
    """

    loss: float
    gradient_norm: float
    curvature: float
    sharpness: float
    learning_rate: float
    stable_rate: float
    update_ratios: dict[str, float]
    update_ratio: float
    loss_before: float
    loss_after: float
    noise_scale: float
    noise_error: float


def first_step_facts(beginning: Beginning) -> FirstStepFacts:
    """The facts about the first step from the beginning's weights.

    Examples
    --------
    One weight w and a bias b with the loss ½ (w x + b − y)², x = 3: the curvature is 3² + 1, and rates above 2/10 run away.

    >>> import numpy as np
    >>> from lamina import Dense, Sequential, Trainer
    >>> from lamina.doctor.probes.beginning import beginning_of
    >>> from lamina.engine.plan import Batches
    >>> from lamina.optimizers import GradientDescent
    >>> data = Batches([np.full((50, 1), 3.0)], [np.ones((50, 1))])
    >>> trainer = Trainer(Sequential([Dense(1)]), "squared_error", GradientDescent(0.3))
    >>> facts = first_step_facts(beginning_of(trainer, data))
    >>> round(facts.curvature, 3), round(facts.stable_rate, 3), facts.loss_after > facts.loss_before
    (10.0, 0.2, True)
    """
    optimizer = beginning.trainer.optimizer
    with np.errstate(all="ignore"):
        loss, norm, curvature, sharpness = _curvature(beginning)
        ratios, before, after = _first_step(beginning)
        scale, error = _noise(beginning)
    known = [ratio for ratio in ratios.values() if math.isfinite(ratio)]
    return FirstStepFacts(
        loss=loss,
        gradient_norm=norm,
        curvature=curvature,
        sharpness=sharpness,
        learning_rate=optimizer.step_size if isinstance(optimizer, StepOptimizer) else _NAN,
        stable_rate=_stable_rate(optimizer, sharpness),
        update_ratios=ratios,
        update_ratio=max(known, default=_NAN),
        loss_before=before,
        loss_after=after,
        noise_scale=scale,
        noise_error=error,
    )


def _curvature(beginning: Beginning) -> tuple[float, float, float, float]:
    """Loss, norm of the gradient, curvature along it, and sharpness."""
    subject = beginning.subject
    objective = TrainingObjective(subject, beginning.data, beginning.trainer.engine, beginning.trainer.seed)
    rows, w = beginning.first_rows(beginning.data.num_rows), subject.parameters
    try:
        loss, gradient = objective(w, rows)
    except NonFiniteError:
        return _NAN, _NAN, _NAN, _NAN
    norm = float(np.linalg.norm(gradient))
    if norm == 0.0:
        return loss, 0.0, _NAN, _NAN
    probe = _PROBE * (float(np.linalg.norm(w)) or 1.0)
    direction, along = gradient / norm, []
    for _ in range(_PRODUCTS):
        try:
            product = (objective(w + probe * direction, rows)[1] - gradient) / probe
        except NonFiniteError:
            break
        along.append(float(direction @ product))
        length = float(np.linalg.norm(product))
        if length == 0.0:
            break
        direction = product / length
    return loss, norm, along[0] if along else _NAN, max(along, default=_NAN)


def _stable_rate(optimizer: Optimizer, sharpness: float) -> float:
    mu = float(getattr(optimizer, "momentum", 0.0))
    factors = {"gradient_descent": 2.0, "momentum": 2.0 * (1.0 + mu), "nesterov": 2.0 * (1.0 + mu) / (1.0 + 2.0 * mu)}
    if optimizer.kind not in factors or math.isnan(sharpness):
        return _NAN
    return factors[optimizer.kind] / sharpness if sharpness > 0 else math.inf


def _first_step(beginning: Beginning) -> tuple[dict[str, float], float, float]:
    """The relative changes of the first step as the trainer takes it, and the first batch's loss before and after it."""
    trainer = beginning.trainer
    optimizer = trainer.optimizer
    if not isinstance(optimizer, StepOptimizer):
        return {}, _NAN, _NAN
    model = beginning.model()
    model.configure(trainer.settings.plan(), optimizer)
    rows = beginning.first_rows(trainer.batch_size or beginning.data.num_rows)
    decays = np.full(1, optimizer.weight_decay) if optimizer.weight_decay else None
    values = StepValues(np.full(1, optimizer.step_size), decays)
    result = model.stepper.train(beginning.data, rows, len(rows), 0, values)
    if result.failure is not None:
        return {}, _NAN, _NAN
    before, after = beginning.subject.parameters, model.executor.snapshot().parameters
    ratios = {}
    program = beginning.subject.program
    for op in program.ops:
        if op.makes_sums and program.parameters[op.parameters[0]].trainable:
            part = program.parameters[op.parameters[0]].slice
            ratios[op.layer] = float(np.linalg.norm(after[part] - before[part]) / np.linalg.norm(before[part]))
    again = model.stepper.train(beginning.data, rows, len(rows), 0, StepValues(np.zeros(1)))
    return ratios, float(result.losses[0]), float(again.losses[0]) if len(again.losses) else math.inf


def _noise(beginning: Beginning) -> tuple[float, float]:
    n = beginning.data.num_rows
    small, big = max(1, min(8, n // 4)), max(2, min(128, n))
    if small >= big:
        return _NAN, _NAN
    sizes: dict[str, Any] = {"small": small, "big": big, "num_draws": _DRAWS, "seed": beginning.trainer.seed}
    try:
        found = gradient_noise_scale(beginning.trainer, beginning.x, beginning.y, **beginning.weights, **sizes)
    except NonFiniteError:
        return _NAN, _NAN
    return found.scale, found.error
