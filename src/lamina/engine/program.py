"""What to compute: a flat list of ops over numbered buffers.

A :class:`Program` is the interface between networks (which build it) and executors (which run it).
A *buffer* is an array of shape ``(n, width)``, with n the number of rows in the batch. Every parameter is a
slice of one flat vector, and so are its gradient and the optimizer's slots: penalties, clipping, update rules
and all-reduces then work on plain vectors. What is tracked without a gradient (running mean and variance of
batch norm) lives in a second flat vector, the *state*.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple

from lamina.engine.own_functions import OwnFunctions

__all__ = ["Head", "Op", "Parameter", "Program"]

_ACTIVATIONS = frozenset({"activation", "parametric_activation", "prelu"})
_MAKE_SUMS = frozenset({"dense", "grouped_dense"})
_MAKE_UNITS = _MAKE_SUMS | {"cosine", "embedding", "periodic", "piecewise_linear"}
_DRAW_MASKS = frozenset({"dropout", "mask_codes"})


class Parameter(NamedTuple):
    """A named slice of the flat parameter (or state) vector, C-ordered, with the penalties that act on it.

    The penalty of one parameter tensor is ``l1 * sum |w| + 1/2 * l2 * sum w**2``; steps follow the slope of L2, and shrink
    weights by L1 after the update rule (``lamina.engine.formulas.shrinkage``). ``decay`` says whether decoupled weight
    decay acts on it. ``max_norm`` > 0 bounds the Euclidean norm of every column (the weights into one unit).
    ``learning_rate_factor`` > 0 multiplies the learning rate of every step, and with it decoupled weight decay and L1.

    What is not ``trainable`` stands still: training changes neither it nor its slots, no gradient is computed for it, and none of
    the above acts on it. An op whose state stands still, such as running statistics, works in training as in inference.

    Of a matrix that learns ``by_row``, a step changes the rows with a gradient: those where that of the losses is not all 0. The
    others stand still in that step, with their slots, and are neither penalized nor decayed, so that a step costs as much as the
    rows that it reads. Such a matrix has no L1 and no ``max_norm``. In the objective (``loss_and_gradient``), and where there
    is no gradient (:mod:`lamina.engine.perturbation`), all rows count.
    """

    name: str
    layer: str
    offset: int
    shape: tuple[int, ...]
    l1: float = 0.0
    l2: float = 0.0
    decay: bool = False
    max_norm: float = 0.0
    trainable: bool = True
    learning_rate_factor: float = 1.0
    by_row: bool = False

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def slice(self) -> slice:
        return slice(self.offset, self.offset + self.size)


class Op(NamedTuple):
    """One operation: reads the buffers ``inputs``, writes the buffer ``output``.

    ``kind`` is a key of :data:`lamina.engine.reference.ops.OPS`, where its parameters, state and settings are listed;
    ``function`` is the function of an activation or parametric activation, a name in :data:`lamina.activations.ACTIVATIONS`. With
    ``copies`` > 1 the op reads and writes every buffer (n, width) as (n * copies, width / copies), which is the same memory: its
    parameters serve ``copies`` members of an ensemble, side by side in each row. ``code``: what an op of kind "python" computes.
    """

    kind: str
    layer: str
    inputs: tuple[int, ...]
    output: int
    parameters: tuple[int, ...] = ()
    state: tuple[int, ...] = ()
    settings: tuple[float, ...] = ()
    function: str = ""
    copies: int = 1
    code: OwnFunctions | None = None

    @property
    def makes_sums(self) -> bool:
        """Whether its units are weighted sums of others; its first parameter is the weights (…, in, out)."""
        return self.kind in _MAKE_SUMS

    @property
    def draws_masks(self) -> bool:
        """Whether it is random in training; its first setting is the rate, which steps may replace."""
        return self.kind in _DRAW_MASKS

    @property
    def is_activation(self) -> bool:
        """Whether it applies a function to single units, be it a learned one."""
        return self.kind in _ACTIVATIONS

    @property
    def acts_on_units(self) -> bool:
        """Whether it acts on existing units; others make new ones, or combine the units of several buffers."""
        return self.kind not in _MAKE_UNITS and len(self.inputs) == 1


class Head(NamedTuple):
    """A loss on the buffer ``logits``: ``weight * sum_i w_i L(logits_i, target_i) / sum_i w_i``.

    ``kind`` is a key of :data:`lamina.engine.formulas.heads.table.HEADS`, or "external": the caller computes the loss and passes
    the gradient of the logits.
    """

    kind: str
    logits: int
    target_width: int
    settings: tuple[float, ...] = ()
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Program:
    """Ops, ordered so that every buffer is written before it is read.

    ``widths[b]`` is the width of buffer b; ``inputs`` are the buffers that the caller's arrays fill, in order;
    ``outputs`` are the buffers that a prediction returns (logits). ``parameters`` and ``state`` tile their flat vectors.
    ``members`` > 1: each output, and the logits of each head, are those of so many members of an ensemble, side by side; a head's
    loss is the mean of the members' losses. ``reads_codes``: whether inputs hold codes of categories (``lamina.engine.codes``).

    The gradient of a parameter that is not trainable is 0.
    """

    widths: tuple[int, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    ops: tuple[Op, ...]
    parameters: tuple[Parameter, ...] = ()
    state: tuple[Parameter, ...] = ()
    heads: tuple[Head, ...] = ()
    members: int = 1
    num_parameters: int = field(init=False, repr=False, compare=False)
    num_state: int = field(init=False, repr=False, compare=False)
    reads_codes: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        assert not any(p.by_row and (p.l1 or p.max_norm or len(p.shape) != 2) for p in self.parameters)
        free = tuple(p if p.trainable else p._replace(l1=0.0, l2=0.0, decay=False, max_norm=0.0) for p in self.parameters)
        object.__setattr__(self, "parameters", free)
        object.__setattr__(self, "num_parameters", sum(p.size for p in self.parameters))
        object.__setattr__(self, "num_state", sum(s.size for s in self.state))
        object.__setattr__(self, "reads_codes", any(op.kind == "embedding" for op in self.ops))

    @property
    def output_widths(self) -> tuple[int, ...]:
        """The width of each output, of one member."""
        return tuple(self.widths[buffer] // self.members for buffer in self.outputs)

    @property
    def mask_rates(self) -> tuple[float, ...]:
        """The rates of the ops that draw masks, in program order: what ``dropout_rates`` of steps and passes replace."""
        return tuple(float(op.settings[0]) for op in self.ops if op.draws_masks)

    @property
    def num_trainable(self) -> int:
        """How many of the parameters' numbers training changes."""
        return sum(p.size for p in self.parameters if p.trainable)

    def stands_still(self, op: Op) -> bool:
        """Whether the op has a state that training does not change, so that it works as in inference."""
        return any(not self.state[index].trainable for index in op.state)

    def needs_gradient(self) -> set[int]:
        """The buffers with trainable parameters before them, whose gradients training needs."""
        needs: set[int] = set()
        for op in self.ops:
            if needs.intersection(op.inputs) or any(self.parameters[index].trainable for index in op.parameters):
                needs.add(op.output)
        return needs
