"""Draws the program of an ensemble: the ops of one network, for all members at once.

The values of the members lie side by side in every row, (n, members * width), which is the same memory as
(n * members, width): an op whose weights the members share runs once, on so many rows.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from lamina.initializers import Constant, Initializer
from lamina.layers import OpDraft, ParameterDraft
from lamina.network.blueprint import Drawing
from lamina.network.node import Node

__all__ = ["MemberDrawing"]

_ONES = Constant(1.0)

#: Ops that take each column by itself, so that columns side by side may have parameters of their own.
_BY_COLUMN = (
    *("activation", "dropout", "scale", "prelu", "parametric_activation", "batch_norm"),
    *("add", "subtract", "average", "multiply"),
)


@dataclass(slots=True)
class MemberDrawing(Drawing):
    """The lists of a program that grow op by op, for several members.

    Up to the first dense layer all members have the same values, which are computed once. There the ways part: each member has
    random factors of its own for the layer's inputs.

    Parameters
    ----------
    members : int
    sharing : {"full", "mini"}
        Whether members have scales and biases of their own in every layer, or only these first factors.
    scale_init : Initializer
        Draws the first factors.
    own : collection of str
        Names of the dense layers that are not shared: each member has weights of its own.
    """

    sharing: str = "full"
    scale_init: Initializer = _ONES
    own: Collection[str] = ()
    _apart: set[int] = field(default_factory=set)  # buffers in which members differ
    _repeats: dict[int, int] = field(default_factory=dict)  # by buffer of common values: those values for every member

    def width_of(self, buffer: int) -> int:
        width = self.widths[buffer]
        return width // self.members if buffer in self._apart else width

    def place(self, node: Node, op: OpDraft, inputs: tuple[int, ...]) -> int:
        is_first = not self._apart.intersection(inputs)
        if is_first and op.kind != "dense":
            return Drawing.place(self, node, op, inputs)
        inputs = tuple(self._for_all(node, buffer) for buffer in inputs)
        for draft in self._dense(node, op, is_first) if op.kind == "dense" else self._other(op):
            inputs = (Drawing.place(self, node, draft, inputs),)
        self._apart.update(inputs)
        return inputs[0]

    def _for_all(self, node: Node, buffer: int) -> int:
        """The buffer with the values of every member."""
        if buffer in self._apart:
            return buffer
        if buffer not in self._repeats:
            repeat = OpDraft("repeat", self.members * self.widths[buffer], settings=(float(self.members),))
            self._repeats[buffer] = Drawing.place(self, node, repeat, (buffer,))
        return self._repeats[buffer]

    def _dense(self, node: Node, op: OpDraft, is_first: bool) -> list[OpDraft]:
        """y = s * ((r * x) W) + b with factors r and s of each member, and shared W (Wen, Tran & Ba 2020, equation 5)."""
        weight, *bias = op.parameters
        if node.layer_name in self.own:
            return [OpDraft("grouped_dense", self.members * op.width, tuple(map(self._of_each, op.parameters)))]
        is_full = self.sharing == "full"
        ops = []
        if is_full or is_first:
            fan_in = weight.shape[0]
            ops.append(self._scale("input_scale", fan_in, self.scale_init if is_first else _ONES))
        ops.append(op._replace(width=self.members * op.width, copies=self.members))
        if is_full:
            ops[-1] = ops[-1]._replace(parameters=(weight,))
            ops.append(self._scale("output_scale", op.width, _ONES, *map(self._of_each, bias)))
        return ops

    def _scale(self, name: str, width: int, init: Initializer, *shift: ParameterDraft) -> OpDraft:
        factors = ParameterDraft(name, (self.members, width), init, width, width)
        return OpDraft("scale", self.members * width, (factors, *shift))

    def _other(self, op: OpDraft) -> list[OpDraft]:
        """An op without weights: with parameters and statistics of each member where members may have their own."""
        wide = op._replace(width=self.members * op.width)
        is_learned = bool(op.parameters or op.state)
        by_column = op.kind in _BY_COLUMN and op.function != "softmax"
        if is_learned and self.sharing == "full":
            own, state = (tuple(map(self._of_each, drafts)) for drafts in (op.parameters, op.state))
            if by_column:
                return [wide._replace(parameters=own, state=state)]
            if op.kind == "layer_norm":  # takes the columns of a member together, but scales and shifts each by itself
                return [wide._replace(parameters=(), copies=self.members), OpDraft("scale", wide.width, own)]
        return [wide if by_column and not is_learned else wide._replace(copies=self.members)]

    def _of_each(self, draft: ParameterDraft) -> ParameterDraft:
        """A parameter of each member. What is minimized is the mean over members, so that penalties are shared out."""
        return draft._replace(shape=(self.members, *draft.shape), l1=draft.l1 / self.members, l2=draft.l2 / self.members)
