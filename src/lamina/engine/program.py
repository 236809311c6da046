"""What can be computed: a flat list of ops over numbered buffers.

A :class:`Program` is the one vocabulary between networks (which build it) and executors (which run it).
A *buffer* is an array of shape ``(n, width)``, n being the rows of the batch at hand. Every parameter is a
slice of one flat vector, and so are its gradient and the optimizer's slots: penalties, clipping, update rules
and all-reduces then see nothing but vectors. What is learnt by observation and not by gradient (running mean
and variance of batch norm) lives in a second flat vector, the *state*.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["HEAD_KINDS", "OP_KINDS", "Head", "Op", "Parameter", "Program"]

OP_KINDS = (
    "dense",  # inputs (x,); parameters (weight (in, out)[, bias (out,)])
    "activation",  # inputs (x,); function = name in lamina.activations; settings = the function's own numbers
    "prelu",  # inputs (x,); parameters (slope (width,),)
    "dropout",  # inputs (x,); settings (rate,): inverted dropout, y = x * keep / (1 - rate)
    "batch_norm",  # inputs (x,); parameters ([gamma, beta]); state (running_mean, running_variance); settings (momentum, eps)
    "layer_norm",  # inputs (x,); parameters ([gamma, beta]); settings (eps,)
    "add",  # inputs (x1, x2, ...), equal widths
    "multiply",  # inputs (x1, x2, ...), equal widths
    "concat",  # inputs (x1, x2, ...); width = the sum of theirs
)

HEAD_KINDS = (
    "squared_error",  # sum_k 1/2 (t - z)^2
    "absolute_error",  # sum_k |t - z|
    "huber",  # settings (delta,)
    "poisson",  # z is the log of the rate: sum_k exp(z) - t z + t log t - t
    "quantile",  # settings = levels q_1..q_m; logits of target j, level i at column j * m + i
    "softmax_cross_entropy",  # settings (label_smoothing,); target (n, 1) class index, or (n, k) probabilities
    "sigmoid_cross_entropy",  # settings (label_smoothing,); target (n, k) in [0, 1]
    "hinge",  # sum_k max(0, 1 - t z), t in {-1, +1}
    "perceptron",  # sum_k max(0, -t z), t in {-1, +1}
    "external",  # the caller computes the loss and hands in the gradient of the logits
)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A named slice of the flat parameter (or state) vector, C-ordered, with the penalties that act on it.

    The penalty of one parameter tensor is ``l1 * sum |w| + 1/2 * l2 * sum w**2``. ``decay`` says whether decoupled weight
    decay acts on it. ``max_norm`` > 0 bounds the Euclidean norm of every column (the weights into one unit).
    """

    name: str
    layer: str
    offset: int
    shape: tuple[int, ...]
    l1: float = 0.0
    l2: float = 0.0
    decay: bool = False
    max_norm: float = 0.0

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def slice(self) -> slice:
        return slice(self.offset, self.offset + self.size)


@dataclass(frozen=True, slots=True)
class Op:
    """One operation: reads the buffers ``inputs``, writes the buffer ``output``. See :data:`OP_KINDS`."""

    kind: str
    layer: str
    inputs: tuple[int, ...]
    output: int
    parameters: tuple[int, ...] = ()
    state: tuple[int, ...] = ()
    settings: tuple[float, ...] = ()
    function: str = ""


@dataclass(frozen=True, slots=True)
class Head:
    """A loss on the buffer ``logits``: ``weight * sum_i w_i L(logits_i, target_i) / sum_i w_i``. See :data:`HEAD_KINDS`."""

    kind: str
    logits: int
    target_width: int
    settings: tuple[float, ...] = ()
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Program:
    """Ops in an order in which every buffer is written before it is read.

    ``widths[b]`` is the width of buffer b; ``inputs`` are the buffers that the caller's arrays fill, in their order;
    ``outputs`` are the buffers that a prediction returns (logits). ``parameters`` and ``state`` tile their flat vectors.
    """

    widths: tuple[int, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    ops: tuple[Op, ...]
    parameters: tuple[Parameter, ...] = ()
    state: tuple[Parameter, ...] = ()
    heads: tuple[Head, ...] = ()

    @property
    def num_parameters(self) -> int:
        return sum(p.size for p in self.parameters)

    @property
    def num_state(self) -> int:
        return sum(s.size for s in self.state)
