"""Facts about a network's shape, whatever its weights and data are."""

from __future__ import annotations

from dataclasses import dataclass

from lamina.engine.codes import code_columns
from lamina.engine.program import Op, Program
from lamina.network import Network
from lamina.training.blocked_gradients import layers_without_gradient

__all__ = ["NetworkFacts", "network_facts"]

_AFFINE = ("dense", "grouped_dense", "scale", "repeat", "batch_norm", "add", "subtract", "average", "concat", "dropout")


@dataclass(frozen=True, slots=True)
class NetworkFacts:
    """What a network's description says.

    Attributes
    ----------
    depth : int
        As :attr:`lamina.network.Network.depth`.
    num_parameters : int
    rows_per_parameter : float
        Training rows for each parameter that is trained.
    hidden_activations : tuple of str
        The functions in front of later dense layers, each once, in forward order; "prelu" for PReLU.
    is_linear : bool
        Whether several dense layers follow each other and the logits are a linear function of the inputs all the same.
    linear_layers : tuple of str
        Dense layers that only dense layers read, with nothing between that bends: the two are worth one.
    blocked_layers : tuple of str
        Layers whose weights no gradient reaches, because a function above them is flat everywhere.
    flat_activations : tuple of str
        These functions.
    batch_norm_layers : tuple of str
    frozen_layers : tuple of str
        Layers that are not trained.
    dropout_before_batch_norm : tuple of str
        Batch normalizations that read what dropout silenced, and so normalize by a variance that predictions do not have.
    dropout_on_output : tuple of str
        Dropout layers that write an output, possibly through functions of single units.
    code_columns : tuple of int
        Columns of the first input whose numbers are codes of categories, which say nothing by their size.
    """

    depth: int
    num_parameters: int
    rows_per_parameter: float
    hidden_activations: tuple[str, ...]
    is_linear: bool
    linear_layers: tuple[str, ...]
    blocked_layers: tuple[str, ...]
    flat_activations: tuple[str, ...]
    batch_norm_layers: tuple[str, ...]
    frozen_layers: tuple[str, ...]
    dropout_before_batch_norm: tuple[str, ...]
    dropout_on_output: tuple[str, ...]
    code_columns: tuple[int, ...]


def network_facts(network: Network, num_rows: int) -> NetworkFacts:
    """The facts about a built network that is to learn from ``num_rows`` rows.

    Examples
    --------
    >>> from lamina import Dense, Sequential
    >>> facts = network_facts(Sequential([Dense(8), Dense(8), Dense(1)], input_width=3), 1000)
    >>> facts.is_linear, facts.linear_layers, facts.depth
    (True, ('dense_1', 'dense_2'), 3)
    """
    program = network.program()
    blocked, walls = layers_without_gradient(program)
    hidden = _read_by_dense(program)
    linear = tuple(dict.fromkeys(_linear_layers(program)))
    return NetworkFacts(
        depth=network.depth,
        num_parameters=program.num_parameters,
        rows_per_parameter=num_rows / max(program.num_trainable, 1),
        hidden_activations=tuple(dict.fromkeys(_name(op) for op in program.ops if _bends(op) and op.output in hidden)),
        is_linear=network.depth > 1
        and not any(_bends(op) and (op.output in hidden or not op.acts_on_units) for op in program.ops),
        linear_layers=linear,
        blocked_layers=tuple(blocked),
        flat_activations=tuple(dict.fromkeys(op.function for op in walls)),
        batch_norm_layers=tuple(op.layer for op in program.ops if op.kind == "batch_norm"),
        frozen_layers=tuple(node.name for node in network.nodes if not node.is_trainable),
        dropout_before_batch_norm=_dropout_before_batch_norm(program),
        dropout_on_output=tuple(op.layer for op in _tail(program) if op.kind == "dropout" and op.settings[0] > 0),
        code_columns=tuple(sorted({column for column, *_ in code_columns(program).get(program.inputs[0], ())})),
    )


def _bends(op: Op) -> bool:
    """Whether the op is not an affine function of what it reads."""
    return op.kind not in _AFFINE and op.function != "identity"


def _name(op: Op) -> str:
    return op.function or op.kind


def _read_by_dense(program: Program) -> set[int]:
    """The buffers on which an op that combines or weighs units depends."""
    read: set[int] = set()
    for op in reversed(program.ops):
        if not op.acts_on_units or op.output in read:
            read.update(op.inputs)
    return read


def _linear_layers(program: Program) -> list[str]:
    """The dense layers from which every way on leads to another dense layer, through ops of single units that do not bend."""
    readers: dict[int, list[Op]] = {}
    for op in program.ops:
        for buffer in op.inputs:
            readers.setdefault(buffer, []).append(op)
    outputs = set(program.outputs)

    def is_linear(buffer: int) -> bool:
        after = readers.get(buffer, [])
        return (
            bool(after)
            and buffer not in outputs
            and all(op.makes_sums or (op.acts_on_units and not _bends(op) and is_linear(op.output)) for op in after)
        )

    return [op.layer for op in program.ops if op.makes_sums and is_linear(op.output)]


def _tail(program: Program) -> list[Op]:
    """The ops of single units between the last sums and the outputs."""
    found, wanted = [], set(program.outputs)
    for op in reversed(program.ops):
        if op.output in wanted and op.acts_on_units:
            wanted.update(op.inputs)
            found.append(op)
    return found


def _dropout_before_batch_norm(program: Program) -> tuple[str, ...]:
    """Li et al. 2019, "Understanding the disharmony between dropout and batch normalization by variance shift"."""
    silenced: set[int] = set()
    found = []
    for op in program.ops:
        drops = op.kind == "dropout" and op.settings[0] > 0
        if op.kind == "batch_norm" and op.inputs[0] in silenced and not program.stands_still(op):
            found.append(op.layer)
        elif drops or silenced & set(op.inputs):
            silenced.add(op.output)
    return tuple(found)
