"""Perturbed weights as plainly as possible: every trial is a full forward pass.

One weight at a time: Jabri & Flower, "Weight perturbation", 1992. All at once: Dembo & Kailath, "Model-free distributed
learning", 1990; Spall, "Multivariate stochastic approximation using a simultaneous perturbation gradient approximation", 1992.
The rules and their randomness are those of :mod:`lamina.engine.perturbation`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from lamina.engine.formulas.array import Array, in_numpy
from lamina.engine.perturbation import BatchObjective, PerturbationRule
from lamina.engine.plan import Batches, Failure, StepValues, TrainingResult
from lamina.engine.randomness import PERTURB_ALL, PERTURB_ONE, random_words
from lamina.engine.reference.failure import find_activation, find_loss, find_statistics
from lamina.engine.reference.objective import by_head, head_losses
from lamina.engine.reference.passes import Tape
from lamina.engine.reference.rows import total_weight
from lamina.engine.reference.step import Step

__all__ = ["draw_changes", "draw_signs", "perturb"]


def draw_changes(num_parameters: int, trials: int, size: float, *, seed: int, step: int) -> tuple[np.ndarray, np.ndarray]:
    """Which of the weights each trial of a step changes, int64 (trials,), and by how much, float64 (trials,) in [-size, size)."""
    words = random_words(2 * trials, seed=seed, purpose=PERTURB_ONE, step=step).astype(np.uint64).reshape(-1, 2)
    index = (words[:, 0] * np.uint64(num_parameters)) >> np.uint64(32)
    return index.astype(np.int64), size * (words[:, 1] * 2.0**-31 - 1.0)


def draw_signs(num_parameters: int, *, seed: int, step: int, trial: int) -> np.ndarray:
    """+1 or -1 for every weight, float64 (num_parameters,).

    >>> draw_signs(4, seed=0, step=0, trial=0).tolist()
    [-1.0, 1.0, 1.0, -1.0]
    """
    words = random_words(-(-num_parameters // 32), seed=seed, purpose=PERTURB_ALL, step=step, op=trial)
    bits = (words[:, np.newaxis] >> np.arange(32, dtype=np.uint32)) & np.uint32(1)
    return 2.0 * bits.reshape(-1)[:num_parameters] - 1.0


@dataclass(slots=True)
class _Measured:
    """A forward pass with its losses and objective; ``failure``: what else in its step is not finite."""

    tape: Tape
    head_losses: list[float]
    loss: float
    objective: float
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class _Batch:
    """The rows of one step, and how they are measured."""

    learner: Step
    data: Batches
    rows: np.ndarray
    step: int
    objective: BatchObjective | None

    def measure(self) -> _Measured:
        """Losses and objective at the current weights."""
        learner, heads = self.learner, self.learner.program.heads
        tape = learner.forward(self.data.inputs, self.rows, learner.mode(step=self.step))
        total = total_weight(self.data, self.rows)
        penalties = learner.penalty(total)
        if self.objective is not None and heads[0].kind == "external":
            value = self._value(tape) + penalties
            return _Measured(tape, [value], value, value)
        targets = learner.targets(self.data, self.rows)
        sums = head_losses(learner.program, tape.buffers, targets, learner.weights(self.data, self.rows))
        losses = [float(each) / total if total > 0 else 0.0 for each in sums]
        loss = sum(head.weight * each for head, each in zip(heads, losses, strict=True)) + penalties
        return _Measured(tape, losses, loss, loss if self.objective is None else self._value(tape) + penalties)

    def _value(self, tape: Tape) -> float:
        assert self.objective is not None
        outputs = [in_numpy(tape.buffers[b]).copy() for b in self.learner.program.outputs]
        return float(self.objective(outputs, self.rows))


def perturb(
    learner: Step,
    data: Batches,
    order: np.ndarray,
    batch_size: int,
    first_step: int,
    values: StepValues,
    rule: PerturbationRule,
    objective: BatchObjective | None = None,
) -> TrainingResult:
    """See :meth:`lamina.engine.executor.Executor.perturb`."""
    learner.close()
    losses: list[float] = []
    objectives: list[float] = []
    of_heads: list[list[float]] = []
    num_clipped = num_kept = 0
    failure: Failure | None = None
    for k, rate in enumerate(values.learning_rates):
        rows = order[k * batch_size : (k + 1) * batch_size]
        batch = _Batch(learner, data, rows, first_step + k, objective)
        before = learner.copy(learner.parameters)
        try:
            with np.errstate(all="ignore"):
                take_step = _step_all if rule.kind == "all" else _step_one
                measured, clipped, improved = take_step(batch, rule, float(rate))
        except BaseException:  # from the caller's objective, or an interrupt
            learner.parameters[...] = before
            raise
        failure = measured.failure or _find_failure(batch, measured)
        if failure is not None:
            learner.parameters[...] = before
            break
        losses.append(measured.loss)
        objectives.append(measured.objective)
        of_heads.append(measured.head_losses)
        num_clipped += clipped
        num_kept += improved
    kept = num_kept if rule.kind == "one" else None
    external = any(head.kind == "external" for head in learner.program.heads)
    told = None if external else by_head(of_heads, learner.program)
    return TrainingResult(np.array(losses), None, num_clipped, failure, np.array(objectives), kept, told)


def _find_failure(batch: _Batch, measured: _Measured) -> Failure | None:
    if math.isfinite(measured.objective):
        return None
    program, step = batch.learner.program, batch.step
    return find_activation(measured.tape, step) or find_loss(program, measured.head_losses, step)


def _step_one(batch: _Batch, rule: PerturbationRule, size: float) -> tuple[_Measured, int, int]:
    """Change weights one by one; undo changes that do not improve the objective, and those that make a weight infinite."""
    learner = batch.learner
    w = learner.parameters
    first = batch.measure()
    first.failure = _find_failure(batch, first) or find_statistics(first.tape, batch.step)
    if first.failure is not None:
        return first, 0, 0
    best, num_kept = first.objective, 0
    places = learner.trainable_places
    which, shares = draw_changes(len(places), rule.trials, size, seed=learner.plan.seed, step=batch.step)
    drawn = places[which]
    changes = shares * learner.learning_rate_factors[drawn]
    for index, change in zip(drawn.tolist(), changes.tolist(), strict=True):
        old = float(w[index])
        w[index] = w[index] + learner.xp.asarray(change, **learner.number)
        value = batch.measure().objective if math.isfinite(w[index]) else math.nan
        if value < best or (rule.accept_ties and value == best):
            best, num_kept = value, num_kept + 1
        else:
            w[index] = old
    learner.apply_max_norms()
    learner.keep_state(first.tape)
    return first, 0, num_kept


def _step_all(batch: _Batch, rule: PerturbationRule, learning_rate: float) -> tuple[_Measured, int, int]:
    """Estimate the gradient from perturbations of all weights, and descend."""
    learner = batch.learner
    w = learner.copy(learner.parameters)
    estimate = w * 0
    base = None if rule.antithetic else batch.measure()
    pairs: list[tuple[_Measured, _Measured]] = []
    for trial in range(rule.trials):
        signs = _signs(learner, batch.step, trial)
        above = _displaced(batch, w, rule.scale, signs)
        below = _displaced(batch, w, -rule.scale, signs) if base is None else base
        slope = (above.objective - below.objective) / ((2 if base is None else 1) * rule.scale)
        estimate = estimate + learner.xp.asarray(slope / rule.trials, **learner.number) * signs
        pairs.append((above, below))
    learner.parameters[...] = w
    measured = _mean(pairs) if base is None else base
    if not all(math.isfinite(each.objective) for pair in pairs for each in pair):
        return replace(pairs[-1][1], objective=math.nan), 0, 0
    failure = find_statistics(measured.tape, batch.step)
    if failure is not None:
        return replace(measured, failure=failure), 0, 0
    clipped, failure = learner.update(estimate, batch.step, learning_rate, 0.0)
    if failure is not None:
        return replace(measured, failure=failure), 0, 0
    learner.keep_state(measured.tape)
    return measured, int(clipped), 0


def _mean(pairs: Sequence[tuple[_Measured, _Measured]]) -> _Measured:
    """The mean of all passes, with the tape of the first."""
    passes = [each for pair in pairs for each in pair]
    loss, objective = (float(np.mean([getattr(each, name) for each in passes])) for name in ("loss", "objective"))
    losses = np.mean([each.head_losses for each in passes], axis=0).tolist()
    return replace(passes[0], head_losses=losses, loss=loss, objective=objective)


def _signs(learner: Step, step: int, trial: int) -> Array:
    signs = draw_signs(learner.program.num_parameters, seed=learner.plan.seed, step=step, trial=trial)
    return learner.movement.trainable_only(learner.xp.asarray(signs, **learner.number))


def _displaced(batch: _Batch, w: Array, size: float, signs: Array) -> _Measured:
    """Measure at ``w + size * signs``."""
    batch.learner.parameters[...] = w + size * signs
    return batch.measure()
