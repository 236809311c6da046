"""A trained network as arithmetic."""

from __future__ import annotations

import numpy as np

from lamina.export.arrays import Array, Rows, input_array
from lamina.export.computation import NETWORK, Computation, Port, belongs
from lamina.export.ends import predictions_of
from lamina.export.programs import outputs_of
from lamina.model import NetworkModel

__all__ = ["computation_of_network"]


def computation_of_network(model: NetworkModel) -> Computation:
    """The predictions of every output of a network.

    Raises
    ------
    InvalidSettingError
        If a layer, or the link of an output, is a function of Python's own.
    """
    network = model.network
    program = network.program()
    inputs = [
        Port(name, input_array(name, model.dtype, (Rows(), program.widths[buffer])), f"{program.widths[buffer]} numbers a row")
        for name, buffer in zip(network.input_names, program.inputs, strict=True)
    ]
    layers: dict[Array, str] = {}
    logits = outputs_of(program, np.asarray(model.parameters), np.asarray(model.state), [i.array for i in inputs], layers)
    outputs = []
    for name, meaning, of_output in zip(network.output_names, model.outputs, logits, strict=True):
        predicted = predictions_of(meaning.loss, meaning.link, of_output, program.members, name)
        belongs(layers, [predicted], f"{name}.prediction")
        outputs.append(Port(name, predicted, f"predictions, after the link of {meaning.loss_name}"))
    return Computation(NETWORK, tuple(inputs), tuple(outputs), layers, {"losses": [o.loss_name for o in model.outputs]})
