"""How to train a program: descriptions that an executor applies to its flat vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

import numpy as np
from scipy import sparse

__all__ = [
    "Batches",
    "BestEpoch",
    "Clipping",
    "Epochs",
    "Failure",
    "InputArray",
    "StepValues",
    "TrainingPlan",
    "TrainingResult",
    "UpdateRule",
]

InputArray: TypeAlias = "np.ndarray | sparse.csr_matrix | sparse.csr_array"


class UpdateRule(NamedTuple):
    """An optimizer in the form that executors take: a formula's name, its numbers, and how many slots (vectors) it keeps.

    ``kind`` is a key of :data:`lamina.engine.formulas.update.RULES`, whose function takes ``coefficients`` in this order.
    Decoupled weight decay, ``w -= lr * weight_decay * w``, comes before every rule, for parameters with ``decay``
    (AdamW, Loshchilov & Hutter 2019, is ``adam`` with a weight decay).
    """

    kind: str
    coefficients: tuple[float, ...]
    num_slots: int


@dataclass(frozen=True, slots=True)
class Clipping:
    """Bounds on the gradient, applied in this order; None means none.

    ``value`` = (low, high), element by element; ``layer_norm`` bounds the Euclidean norm of each layer's gradient;
    ``norm`` bounds that of the whole gradient (Pascanu et al. 2013).
    """

    value: tuple[float, float] | None = None
    layer_norm: float | None = None
    norm: float | None = None

    @property
    def is_bounded(self) -> bool:
        """Whether any bound is set."""
        return self.value is not None or self.layer_norm is not None or self.norm is not None


class TrainingPlan(NamedTuple):
    """Everything about training that does not change from step to step.

    ``penalty_per_row``: the strengths of L1 and L2 are divided by the batch's sum of sample weights, as scikit-learn does with
    ``alpha``; otherwise the penalty is added to the mean loss unchanged. ``seed`` determines all randomness. ``record_norms``:
    record the gradient's norm (before clipping) in every step. ``mixed``: passes of training multiply in bfloat16
    (``engine/formulas/bfloat16.py``), but not those of probes; only in float32.
    """

    rule: UpdateRule
    clipping: Clipping = Clipping()
    penalty_per_row: bool = False
    seed: int = 0
    record_norms: bool = False
    mixed: bool = False


@dataclass(frozen=True, slots=True)
class Batches:
    """The arrays that batches are taken from. They are never copied as a whole, but gathered (and converted) batch by batch.

    ``inputs``: one array per program input, each a C- or Fortran-ordered or strided float32/float64 ndarray ``(n, width)``, or
    CSR. ``targets``: one ndarray ``(n, target_width)`` of the executor's dtype per head. ``sample_weight``: ``(n,)`` or None.
    """

    inputs: Sequence[InputArray]
    targets: Sequence[np.ndarray] = ()
    sample_weight: np.ndarray | None = None
    #: What an executor reads in place of these arrays: made in its first call, and kept as long as this object.
    read: dict[object, object] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def num_rows(self) -> int:
        num_rows: int = self.inputs[0].shape[0]
        return num_rows


class StepValues(NamedTuple):
    """Values that may change from step to step, one entry per step.

    ``learning_rates`` (k,); ``weight_decays`` (k,) or None (none); ``dropout_rates`` (k, number of ops that draw masks, in
    program order) or None (the ops' own rates).
    """

    learning_rates: np.ndarray
    weight_decays: np.ndarray | None = None
    dropout_rates: np.ndarray | None = None

    def part(self, which: slice) -> StepValues:
        """Those of some steps."""
        rates, *others = self
        return StepValues(rates[which], *(None if values is None else values[which] for values in others))

    def at(self, k: int) -> tuple[float, float, np.ndarray | None]:
        """Learning rate, weight decay and dropout rates of one step."""
        decay = 0.0 if self.weight_decays is None else float(self.weight_decays[k])
        return float(self.learning_rates[k]), decay, None if self.dropout_rates is None else self.dropout_rates[k]


@dataclass(frozen=True, slots=True)
class Epochs:
    """``count`` passes over all rows, numbered from ``first``; each in its own order if ``shuffle``, else in row order."""

    first: int
    count: int
    shuffle: bool = True


@dataclass(slots=True)
class BestEpoch:
    """The lowest mean loss of an epoch so far, the weights after it, and the weights of the previous best epoch.

    A better epoch overwrites the older weights, and the two pairs of arrays are swapped. ``num_better`` counts such epochs.
    """

    loss: float
    parameters: np.ndarray
    state: np.ndarray
    parameters_before: np.ndarray
    state_before: np.ndarray
    num_better: int = 0


class Failure(NamedTuple):
    """Where a non-finite number first appeared, and in which step; that step does not count as done.

    ==========================  =====================================================================  ====================
    ``quantity``                ``layer``                                                              found
    ==========================  =====================================================================  ====================
    ``"activation"``            the first in forward order whose output is not finite                  before the update
    ``"loss"``                  the one before the head                                                before the update
    ``"gradient"``              the first in *backward* order whose parameters' gradient is not        before the update
    ``"running statistics"``    the first in forward order whose new running statistics are not        before the update
    ``"updated weights"``       the first in forward order whose new weights are not                   after the update
    ``"optimizer state"``       the first in forward order whose new slots are not (all weights are)   after the update
    ==========================  =====================================================================  ====================

    A failure found before the update leaves parameters, state and slots as they were before the step. An update overwrites
    weights and slots, so after a failure found there they are **unusable**: the caller must restore weights that are known to be
    good. The state is restored in any case.
    """

    step: int
    layer: str
    quantity: str


class TrainingResult(NamedTuple):
    """What a call of ``train`` did.

    ``losses`` (steps done,) float64, penalty included, before each update; ``gradient_norms`` likewise, or None if not recorded.
    ``num_clipped``: number of steps in which clipping changed the gradient. ``failure``: of the step after the last one done;
    None if all was finite. ``objectives`` (steps done,) and ``num_kept`` (changes of one weight that were kept): see
    :mod:`lamina.engine.perturbation`.
    ``head_losses`` (steps done, heads) float64: each head's loss, without its weight and without penalties, at the same time as
    ``losses``; None with a single head.
    ``batch_weights`` (steps done,) float64: the sum of the rows' weights in each batch, where who asked for the steps has only
    some of its rows; None where they know it.
    """

    losses: np.ndarray
    gradient_norms: np.ndarray | None
    num_clipped: int
    failure: Failure | None
    objectives: np.ndarray | None = None
    num_kept: int | None = None
    head_losses: np.ndarray | None = None
    batch_weights: np.ndarray | None = None
