"""What a layer tells a network about itself: its ops and parameters, not yet assigned to buffers or offsets."""

from __future__ import annotations

from typing import NamedTuple

from lamina.engine.own_functions import OwnFunctions
from lamina.initializers import Initializer

__all__ = ["Incoming", "OpDraft", "ParameterDraft"]


class Incoming(NamedTuple):
    """An input of a layer.

    Attributes
    ----------
    sender : str
        Name of the layer or input that it comes from.
    width : int

    Examples
    --------
    >>> from lamina.layers import Concat
    >>> Concat().output_width([Incoming("x", 3), Incoming("dense_1", 4)])
    7
    """

    sender: str
    width: int


class ParameterDraft(NamedTuple):
    """A parameter (or state) without a place in the flat vector; the engine's ``Parameter`` has one.

    Attributes
    ----------
    name : str
        Name within its layer: "weight", "bias", …
    shape : tuple of int
    initializer : Initializer
    fan_in, fan_out : int
        Numbers of inputs and outputs, by which the initializer scales.
    l1, l2 : float
        Strengths of the penalties.
    decay : bool
        Whether decoupled weight decay acts on it.
    max_norm : float
        Bound on the norm of its columns; 0 means none.
    by_row : bool
        Whether a step changes only the rows that have a gradient.

    Examples
    --------
    >>> from lamina.layers import Dense
    >>> [draft.name for draft in Dense(3).ops([5])[0].parameters]
    ['weight', 'bias']
    """

    name: str
    shape: tuple[int, ...]
    initializer: Initializer
    fan_in: int
    fan_out: int
    l1: float = 0.0
    l2: float = 0.0
    decay: bool = False
    max_norm: float = 0.0
    by_row: bool = False


class OpDraft(NamedTuple):
    """An op whose buffers are not numbered yet.

    Attributes
    ----------
    kind : str
        A key of ``lamina.engine.reference.ops.OPS``.
    width : int
        Columns of its output.
    parameters, state : tuple of ParameterDraft
        What it learns, and what it tracks without a gradient (running statistics).
    settings : tuple of float
        The op's numbers, in the order that its kind expects.
    function : str
        The activation's name; empty for other ops.
    reads_inputs : bool
        Whether it reads the layer's inputs, too, in front of the output of the op before.
    copies : int
        For how many members of an ensemble, side by side in each row, the parameters serve.
    code : OwnFunctions or None
        Of an op in Python, what it computes.

    Examples
    --------
    >>> from lamina.layers import Dense
    >>> [draft.kind for draft in Dense(3, activation="relu").ops([5])]
    ['dense', 'activation']
    """

    kind: str
    width: int
    parameters: tuple[ParameterDraft, ...] = ()
    state: tuple[ParameterDraft, ...] = ()
    settings: tuple[float, ...] = ()
    function: str = ""
    reads_inputs: bool = False
    copies: int = 1
    code: OwnFunctions | None = None
