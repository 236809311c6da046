"""Graph: any directed acyclic graph of layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, final

from lamina.layers import Symbol
from lamina.network.drawing import nodes_of
from lamina.network.network import Network

__all__ = ["Graph"]


@final
class Graph(Network):
    """Any directed acyclic graph of layers, built by calling layers on symbols.

    Parameters
    ----------
    inputs : Input or sequence of Input
        Where data enters, in the order in which arrays are passed.
    outputs : Symbol or sequence of Symbol
        What a prediction returns; each must come from a layer. A loss treats an output as logits.

    Raises
    ------
    InvalidSettingError
        When an input that the outputs need is not listed, a listed input leads to no output, or two names clash.
    ShapeError
        When shapes do not fit; the message names the layer and both shapes. A layer with weights must read the same width in each
        of its uses.

    Examples
    --------
    A residual block. Two paths lead from ``h`` to ``out``; the longer one counts for the depth:

    >>> from lamina import Add, Dense, Graph, Input, Multiply
    >>> x = Input(20, name="x")
    >>> h = Dense(64, activation="relu")(x)
    >>> h2 = Dense(64, activation="relu")(h)
    >>> out = Dense(3)(Add()([h, h2]))
    >>> net = Graph(x, out)
    >>> net.depth
    3
    >>> print(net.summary())
    name     layer            reads             width  parameters
    -------------------------------------------------------------
    x        Input                                 20           0
    dense_1  Dense(64, relu)  x                    64       1,344
    dense_2  Dense(64, relu)  dense_1              64       4,160
    add_1    Add              dense_1, dense_2     64           0
    dense_3  Dense(3)         add_1                 3         195
    -------------------------------------------------------------
    outputs: dense_3    depth: 3    parameters: 5,699

    A layer that is called several times is one layer: its uses share their weights, and the gradients of all uses add up.

    >>> left, right = Input(20, name="left"), Input(20, name="right")
    >>> encoder = Dense(64, activation="tanh", name="encoder")
    >>> print(Graph([left, right], Dense(1)(Multiply()([encoder(left), encoder(right)]))).summary())
    name        layer            reads               width  parameters
    ------------------------------------------------------------------
    left        Input                                   20           0
    right       Input                                   20           0
    encoder     Dense(64, tanh)  left                   64       1,344
    encoder.2   encoder again    right                  64           0
    multiply_1  Multiply         encoder, encoder.2     64           0
    dense_1     Dense(1)         multiply_1              1          65
    ------------------------------------------------------------------
    outputs: dense_1    depth: 2    parameters: 1,409
    """

    kind: ClassVar[str] = "graph"

    def __init__(self, inputs: Symbol | Sequence[Symbol], outputs: Symbol | Sequence[Symbol]) -> None:
        self._assemble(*nodes_of(_listed(inputs), _listed(outputs)))


def _listed(symbols: Symbol | Sequence[Symbol]) -> list[Symbol]:
    return list(symbols) if isinstance(symbols, list | tuple) else [symbols]  # type: ignore[list-item]
