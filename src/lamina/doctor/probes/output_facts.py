"""Facts about each output: what its targets are, what it can predict, and what its loss starts from."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lamina.activations import get_activation
from lamina.doctor.probes.beginning import Beginning
from lamina.doctor.probes.best_constant import best_constant_loss
from lamina.engine.formulas.heads.table import HEADS
from lamina.engine.program import Program
from lamina.losses import CustomLoss, Loss
from lamina.losses.domain import ANYTHING, NON_NEGATIVE, NUMBERS, POSITIVE
from lamina.losses.members import rows_of_members

__all__ = ["OutputFacts", "output_facts"]

_NAN = math.nan
_FAR = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)  # logits that say "yes" ever more clearly
_MOST_CLASSES = 50


@dataclass(frozen=True, slots=True)
class OutputFacts:
    """One output, its loss and its targets; losses are means over rows, without penalties and loss weights.

    Attributes
    ----------
    name, loss, link : str
        The output's layer, the loss's name, and the function from logits to predictions; "" if that has no name.
    is_custom : bool
        Whether the loss is a function of the user's.
    learns_labels : bool
        Whether the loss learns labels (a custom loss counts as one that learns numbers).
    one_of_several : bool
        Whether the loss chooses one class of several.
    activation : str
        The function of the last layer, before the link; "identity" without one.
    width : int
        Output units.
    range : (float, float)
        The smallest and the largest logit that the last layer can give.
    target_width : int
    target_low, target_high, target_mean, target_std : float
        Of all columns together.
    num_values : int
        Different target values; 0 if there are more than 50, or not all are whole numbers.
    rows_per_value : float
        Measured rows for each of them; NaN without.
    row_sums : (float, float)
        The smallest and the largest sum of a row of targets.
    unreachable : float
        Share of targets that lie outside the range of predictions; NaN for losses that learn labels.
    output_mean, output_std, output_low, output_high : float
        Logits at the first weights.
    loss_at_start : float
    loss_at_zero : float
        The loss of logits of 0: log k for softmax, log 2 a column for sigmoid cross-entropy; what small weights start from.
    loss_of_constant : float
        The lowest loss of logits that are the same in every row.
    least_loss : float
        The lowest loss that logits within ``range`` can have; NaN if that is not known.
    least_loss_without_range : float
        The same for logits of any size.
    gradient_error : float
        For a custom loss with a gradient of its own: the largest difference from central differences, relative to the largest
        slope; NaN otherwise.
    """

    name: str
    loss: str
    link: str
    is_custom: bool
    learns_labels: bool
    one_of_several: bool
    activation: str
    width: int
    range: tuple[float, float]
    target_width: int
    target_low: float
    target_high: float
    target_mean: float
    target_std: float
    num_values: int
    rows_per_value: float
    row_sums: tuple[float, float]
    unreachable: float
    output_mean: float
    output_std: float
    output_low: float
    output_high: float
    loss_at_start: float
    loss_at_zero: float
    loss_of_constant: float
    least_loss: float
    least_loss_without_range: float
    gradient_error: float


def output_facts(beginning: Beginning) -> tuple[OutputFacts, ...]:
    """The outputs in order.

    Examples
    --------
    A ReLU as output cannot predict targets below 0:

    >>> import numpy as np
    >>> from lamina import Dense, Sequential, Trainer
    >>> from lamina.doctor.probes.beginning import beginning_of
    >>> from lamina.engine.plan import Batches
    >>> X = np.random.default_rng(0).normal(size=(200, 3))
    >>> trainer = Trainer(Sequential([Dense(1, activation="relu")]), "squared_error")
    >>> (facts,) = output_facts(beginning_of(trainer, Batches([X], [X[:, :1]])))
    >>> facts.range, round(facts.unreachable, 2), facts.least_loss > 0.1, facts.least_loss_without_range
    ((0.0, inf), 0.53, True, 0.0)
    """
    subject = beginning.subject
    program = subject.program
    buffers = beginning.passes.buffers
    parts = zip(subject.network.output_names, subject.losses or (), program.outputs, beginning.data.targets, strict=True)
    return tuple(_output(name, loss, buffer, buffers[buffer], target, program) for name, loss, buffer, target in parts)


def _output(name: str, loss: Loss, buffer: int, logits: np.ndarray, target: np.ndarray, program: Program) -> OutputFacts:
    function, low, high = _last_function(program, buffer)
    logits, of_members = rows_of_members(logits, program.members), np.repeat(target, program.members, axis=0)
    mean_loss = _mean_loss(loss, of_members)
    constant = best_constant_loss(loss, target, logits.shape[1])
    is_custom = isinstance(loss, CustomLoss)
    values = _whole_values(target)
    sums = target.sum(axis=1)
    with np.errstate(all="ignore"):
        return OutputFacts(
            name=name,
            loss=loss.name,
            link=loss.link or "",
            is_custom=is_custom,
            learns_labels=_learns_labels(loss, logits.shape[1]),
            one_of_several=loss.one_of_several,
            activation=function,
            width=logits.shape[1],
            range=(low, high),
            target_width=target.shape[1],
            target_low=float(target.min()),
            target_high=float(target.max()),
            target_mean=float(target.mean()),
            target_std=float(target.std()),
            num_values=len(values),
            rows_per_value=target.size / len(values) if len(values) else _NAN,
            row_sums=(float(sums.min()), float(sums.max())),
            unreachable=_unreachable(loss, target, logits.shape[1], low, high),
            output_mean=float(logits.mean()),
            output_std=float(logits.std()),
            output_low=float(logits.min()),
            output_high=float(logits.max()),
            loss_at_start=mean_loss(logits),
            loss_at_zero=mean_loss(np.zeros_like(logits)),
            loss_of_constant=constant,
            least_loss=_least_loss(loss, target, logits.shape[1], low, high),
            least_loss_without_range=_least_loss(loss, target, logits.shape[1], -math.inf, math.inf),
            gradient_error=_gradient_error(loss, logits, of_members) if isinstance(loss, CustomLoss) else _NAN,
        )


def _learns_labels(loss: Loss, width: int) -> bool:
    return loss.domain(width) not in (ANYTHING, NUMBERS, NON_NEGATIVE, POSITIVE)


def _last_function(program: Program, buffer: int) -> tuple[str, float, float]:
    """The function that writes an output, and its range; dropout, which predictions do not have, is looked through."""
    writers = {op.output: op for op in program.ops}
    op = writers.get(buffer)
    while op is not None and op.kind == "dropout":
        buffer = op.inputs[0]
        op = writers.get(buffer)
    if op is None or op.kind != "activation":
        return "identity", -math.inf, math.inf
    if op.function == "softmax" and program.widths[buffer] == program.members:
        return op.function, 1.0, 1.0  # the only class has all the probability
    known = get_activation(op.function)
    low, high = get_activation(op.function, **dict(zip(known.settings, op.settings, strict=True))).range
    return op.function, low, high


def _mean_loss(loss: Loss, target: np.ndarray) -> Callable[[np.ndarray], float]:
    def mean_loss(logits: np.ndarray) -> float:
        with np.errstate(all="ignore"):
            if isinstance(loss, CustomLoss):
                return float(loss.values(logits, target).mean())
            return float(HEADS[loss.kind].loss(logits, target, *loss.head_settings()).mean())

    return mean_loss


def _whole_values(target: np.ndarray) -> np.ndarray:
    """The different values if they are few and whole numbers, else none."""
    values = np.unique(target)
    is_few = len(values) <= _MOST_CLASSES and bool((values == np.floor(values)).all())
    return values if is_few else values[:0]


def _unreachable(loss: Loss, target: np.ndarray, width: int, low: float, high: float) -> float:
    if _learns_labels(loss, width) or loss.link is None:
        return _NAN
    ends = loss.predict(np.array([[low] * width, [high] * width]))
    return float(((target < ends.min()) | (target > ends.max())).mean())


def _least_loss(loss: Loss, target: np.ndarray, width: int, low: float, high: float) -> float:
    """The mean loss of the logits in [low, high] that agree best with the targets; NaN where these say nothing of logits."""
    if isinstance(loss, CustomLoss) or loss.predicts_spread:
        return _NAN
    mean_loss = _mean_loss(loss, target)
    if not _learns_labels(loss, width):
        told = np.log(np.maximum(target, np.exp(-_FAR[-1]))) if loss.link == "exp" else target
        return mean_loss(np.clip(np.repeat(told, width // target.shape[1], axis=1), low, high))
    yes = _says_yes(loss, target, width)
    return min(mean_loss(np.clip(np.where(yes, far, -far), low, high)) for far in _FAR)


def _says_yes(loss: Loss, target: np.ndarray, width: int) -> np.ndarray:
    """Which logits must be large, (n, width)."""
    if loss.one_of_several and target.shape[1] == 1:
        return np.asarray(target == np.arange(width))
    no, yes = loss.label_codes or (0.0, 1.0)
    return target > (no + yes) / 2


def _gradient_error(loss: CustomLoss, logits: np.ndarray, target: np.ndarray) -> float:
    """How far the gradient that a custom loss returns is from its own slope, on a few rows."""
    z, t = logits[:16].astype(np.float64), target[:16]
    given = loss.value_and_gradient(z, t)[1]
    step = 1e-5 * np.maximum(1.0, np.abs(z))
    slopes = np.empty_like(z)
    for j in range(z.shape[1]):
        shift = np.zeros_like(z)
        shift[:, j] = step[:, j]
        slopes[:, j] = (loss.values(z + shift, t) - loss.values(z - shift, t)) / (2 * step[:, j])
    largest = float(np.abs(slopes).max())
    return float(np.abs(given - slopes).max()) / largest if largest else _NAN
