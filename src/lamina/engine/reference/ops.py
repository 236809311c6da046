"""All ops by name: connects each formula to a program's buffers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from lamina.engine.formulas import batch_norm, combine, layer_norm
from lamina.engine.formulas.activation import activation_backward, activation_forward
from lamina.engine.formulas.array import Array, Namespace
from lamina.engine.formulas.dense import dense_backward, dense_forward
from lamina.engine.formulas.dropout import dropout_backward, dropout_forward
from lamina.engine.formulas.embedding import embedding_backward, embedding_forward, mask_codes_backward, mask_codes_forward
from lamina.engine.formulas.grouped_dense import grouped_dense_backward, grouped_dense_forward
from lamina.engine.formulas.parametric_activation import parametric_activation_backward, parametric_activation_forward
from lamina.engine.formulas.periodic import cosine_backward, cosine_forward, periodic_backward, periodic_forward
from lamina.engine.formulas.piecewise_linear import bins_of, piecewise_linear_backward, piecewise_linear_forward
from lamina.engine.formulas.prelu import prelu_backward, prelu_forward
from lamina.engine.formulas.repeat import repeat_backward, repeat_forward
from lamina.engine.formulas.scale import scale_backward, scale_forward
from lamina.engine.program import Op

__all__ = ["OPS", "Call", "OpRules"]


@dataclass(slots=True)
class Call:
    """One op applied to one batch: its inputs, and what its forward pass keeps for its backward pass.

    ``index`` is the op's position in ``Program.ops``, called "op" in :mod:`lamina.engine.randomness`. ``rate`` is that of its
    masks in this step, ``first_row`` the number of rows of the batch before these. ``mixed``: its products are those of
    bfloat16. ``trains``: which of the parameters need a gradient; ``needs_d_x``: whether an input does, which the backward pass
    sets. ``kept`` is for the op itself to use.
    ``new_state`` is what the op's state becomes if the step succeeds.
    """

    op: Op
    index: int
    inputs: tuple[Array, ...]
    parameters: tuple[Array, ...]
    state: tuple[Array, ...]
    training: bool
    seed: int
    step: Array | int
    rate: Array | float
    first_row: int
    keep_mask: Callable[..., Array]
    mixed: bool
    trains: tuple[bool, ...]
    xp: Namespace
    needs_d_x: bool = True
    kept: Any = None
    new_state: tuple[Array, ...] = field(default=())

    def mask(self) -> Array | None:
        """Which elements of the first input the op keeps; None if it keeps all."""
        if not self.training or (isinstance(self.rate, float) and self.rate == 0.0):
            return None
        x = self.inputs[0]
        where = {"seed": self.seed, "step": self.step, "op": self.index, "first_row": self.first_row}
        return self.xp.asarray(self.keep_mask(x.shape[0], x.shape[1], self.rate, **where), device=x.device)

    @property
    def vectors(self) -> tuple[Array, ...]:
        """The parameters, flat: those that each column has may have a row a member of an ensemble."""
        return tuple(self.xp.reshape(p, (-1,)) for p in self.parameters)

    @property
    def state_vectors(self) -> tuple[Array, ...]:
        """The state, likewise."""
        return tuple(self.xp.reshape(s, (-1,)) for s in self.state)


class OpRules(NamedTuple):
    """``forward(call)`` returns the output, ``backward(call, d_out)`` the gradients of the inputs and of the parameters.

    A gradient that the call does not need may be None.
    """

    forward: Callable[[Call], Array]
    backward: Callable[[Call, Array], tuple[tuple[Array | None, ...], tuple[Array | None, ...]]]


Gradients = tuple[tuple[Array | None, ...], tuple[Array | None, ...]]


def _dense_forward(call: Call) -> Array:
    return dense_forward(call.inputs[0], *call.parameters, mixed=call.mixed)


def _dense_backward(call: Call, d_out: Array) -> Gradients:
    needs = {"needs_d_x": call.needs_d_x, "needs_d_weight": call.trains[0], "mixed": call.mixed}
    d_x, *d_parameters = dense_backward(d_out, call.inputs[0], call.parameters[0], **needs)
    return (d_x,), tuple(d_parameters[: len(call.parameters)])


def _activation_forward(call: Call) -> Array:
    return activation_forward(call.inputs[0], call.op.function, call.op.settings)


def _activation_backward(call: Call, d_out: Array) -> Gradients:
    return (activation_backward(d_out, call.inputs[0], call.op.function, call.op.settings),), ()


def _prelu_forward(call: Call) -> Array:
    return prelu_forward(call.inputs[0], *call.vectors)


def _prelu_backward(call: Call, d_out: Array) -> Gradients:
    d_x, d_slope = prelu_backward(d_out, call.inputs[0], *call.vectors)
    return (d_x,), (d_slope,)


def _parametric_activation_forward(call: Call) -> Array:
    return parametric_activation_forward(call.inputs[0], call.vectors[0], call.op.function, call.op.settings)


def _parametric_activation_backward(call: Call, d_out: Array) -> Gradients:
    x, alpha = call.inputs[0], call.vectors[0]
    d_x, d_alpha = parametric_activation_backward(d_out, x, alpha, call.op.function, call.op.settings)
    return (d_x,), (d_alpha,)


def _scale_forward(call: Call) -> Array:
    return scale_forward(call.inputs[0], *call.vectors)


def _scale_backward(call: Call, d_out: Array) -> Gradients:
    d_x, *d_parameters = scale_backward(d_out, call.inputs[0], call.vectors[0])
    return (d_x,), tuple(d_parameters[: len(call.parameters)])


def _repeat_forward(call: Call) -> Array:
    return repeat_forward(call.inputs[0], int(call.op.settings[0]))


def _repeat_backward(call: Call, d_out: Array) -> Gradients:
    return (repeat_backward(d_out, int(call.op.settings[0])) if call.needs_d_x else None,), ()


def _grouped_dense_forward(call: Call) -> Array:
    return grouped_dense_forward(call.inputs[0], *call.parameters, mixed=call.mixed)


def _grouped_dense_backward(call: Call, d_out: Array) -> Gradients:
    d_x, *d_parameters = grouped_dense_backward(d_out, call.inputs[0], call.parameters[0], mixed=call.mixed)
    return (d_x,), tuple(d_parameters[: len(call.parameters)])


def _piecewise_linear_forward(call: Call) -> Array:
    (x,) = call.inputs
    bins = bins_of(call.op.settings, x)
    out = piecewise_linear_forward(x, bins)
    call.kept = out, bins
    return out


def _piecewise_linear_backward(call: Call, d_out: Array) -> Gradients:
    return (piecewise_linear_backward(d_out, call.inputs[0], *call.kept),), ()


def _periodic_forward(call: Call) -> Array:
    call.kept = periodic_forward(call.inputs[0], call.parameters[0])
    return call.kept


def _periodic_backward(call: Call, d_out: Array) -> Gradients:
    d_x, d_frequency = periodic_backward(d_out, call.inputs[0], call.parameters[0], call.kept)
    return (d_x,), (d_frequency,)


def _cosine_forward(call: Call) -> Array:
    return cosine_forward(call.inputs[0], *call.parameters)


def _cosine_backward(call: Call, d_out: Array) -> Gradients:
    d_x, *d_parameters = cosine_backward(d_out, call.inputs[0], *call.parameters)
    return (d_x,), tuple(d_parameters)


def _dropout_forward(call: Call) -> Array:
    (x,) = call.inputs
    call.kept = call.mask()
    return x if call.kept is None else dropout_forward(x, call.kept, call.rate)


def _dropout_backward(call: Call, d_out: Array) -> Gradients:
    return (d_out if call.kept is None else dropout_backward(d_out, call.kept, call.rate),), ()


def _mask_codes_forward(call: Call) -> Array:
    (x,) = call.inputs
    call.kept = call.mask()
    return x if call.kept is None else mask_codes_forward(x, call.kept, call.op.settings[1:])


def _mask_codes_backward(call: Call, d_out: Array) -> Gradients:
    return (d_out if call.kept is None else mask_codes_backward(d_out, call.kept, call.op.settings[1:]),), ()


def _embedding_forward(call: Call) -> Array:
    return embedding_forward(call.inputs[0], call.parameters, call.op.settings)


def _embedding_backward(call: Call, d_out: Array) -> Gradients:
    d_x, d_tables = embedding_backward(d_out, call.inputs[0], call.parameters, call.op.settings)
    return (d_x,), d_tables


def _batch_norm_forward(call: Call) -> Array:
    momentum, eps = call.op.settings
    if not call.training:
        out, call.kept = batch_norm.batch_norm_inference(call.inputs[0], *call.state_vectors, *call.vectors, eps=eps)
        return out
    out, call.kept = batch_norm.batch_norm_forward(call.inputs[0], *call.vectors, eps=eps)
    observed = (call.kept.mean, call.kept.variance)
    call.new_state = tuple(
        batch_norm.update_running(old, new, momentum) for old, new in zip(call.state_vectors, observed, strict=True)
    )
    return out


def _batch_norm_backward(call: Call, d_out: Array) -> Gradients:
    backward = batch_norm.batch_norm_backward if call.training else batch_norm.batch_norm_inference_backward
    d_x, *d_parameters = backward(d_out, call.kept, *call.vectors[:1])
    return (d_x,), tuple(d_parameters[: len(call.parameters)])


def _layer_norm_forward(call: Call) -> Array:
    out, *call.kept = layer_norm.layer_norm_forward(call.inputs[0], *call.parameters, eps=call.op.settings[0])
    return out


def _layer_norm_backward(call: Call, d_out: Array) -> Gradients:
    d_x, *d_parameters = layer_norm.layer_norm_backward(d_out, *call.kept, *call.parameters[:1])
    return (d_x,), tuple(d_parameters[: len(call.parameters)])


def _add_forward(call: Call) -> Array:
    return combine.add_forward(call.inputs)


def _add_backward(call: Call, d_out: Array) -> Gradients:
    return combine.add_backward(d_out, len(call.inputs)), ()


def _subtract_forward(call: Call) -> Array:
    return combine.subtract_forward(*call.inputs)


def _subtract_backward(call: Call, d_out: Array) -> Gradients:
    return combine.subtract_backward(d_out), ()


def _average_forward(call: Call) -> Array:
    return combine.average_forward(call.inputs)


def _average_backward(call: Call, d_out: Array) -> Gradients:
    return combine.average_backward(d_out, len(call.inputs)), ()


def _multiply_forward(call: Call) -> Array:
    return combine.multiply_forward(call.inputs)


def _multiply_backward(call: Call, d_out: Array) -> Gradients:
    return combine.multiply_backward(d_out, call.inputs), ()


def _python_forward(call: Call) -> Array:
    assert call.op.code is not None
    return call.op.code.output(call.inputs, call.parameters, int(call.op.settings[0]), call.op.layer)


def _python_backward(call: Call, d_out: Array) -> Gradients:
    assert call.op.code is not None
    found = call.op.code.gradients(d_out, call.inputs, call.parameters, call.op.layer)
    return found[: len(call.inputs)], found[len(call.inputs) :]


def _concat_forward(call: Call) -> Array:
    return combine.concat_forward(call.inputs)


def _concat_backward(call: Call, d_out: Array) -> Gradients:
    return combine.concat_backward(d_out, [x.shape[1] for x in call.inputs]), ()


#: Every op by the name that layers use. Where a comment lists no ``settings``, they are empty. What each column has, (width,),
#: may be given as (members, width / members).
OPS: dict[str, OpRules] = {
    # inputs (x,); parameters (weight (in, out)[, bias (out,)])
    "dense": OpRules(_dense_forward, _dense_backward),
    # inputs (x,); function = a name in lamina.activations; settings = the function's own numbers
    "activation": OpRules(_activation_forward, _activation_backward),
    # inputs (x,); parameters (weight (groups, in, out)[, bias (groups, out)])
    "grouped_dense": OpRules(_grouped_dense_forward, _grouped_dense_backward),
    # inputs (x,); settings (copies,); width = that of x times copies
    "repeat": OpRules(_repeat_forward, _repeat_backward),
    # inputs (x,); parameters (scale (width,)[, shift (width,)])
    "scale": OpRules(_scale_forward, _scale_backward),
    # inputs (x,); parameters (slope (width,),)
    "prelu": OpRules(_prelu_forward, _prelu_backward),
    # inputs (x,); parameters (alpha (width,),); function = a name in lamina.activations; settings = the function's own numbers
    "parametric_activation": OpRules(_parametric_activation_forward, _parametric_activation_backward),
    # inputs (x,); settings (clip, then for each column: the number of its edges, and the edges)
    "piecewise_linear": OpRules(_piecewise_linear_forward, _piecewise_linear_backward),
    # inputs (x,); parameters (frequency (width, k),)
    "periodic": OpRules(_periodic_forward, _periodic_backward),
    # inputs (x,); parameters (frequency (width, k), phase (width, k))
    "cosine": OpRules(_cosine_forward, _cosine_backward),
    # inputs (x,); parameters (a table (cardinality, width) of each embedded column); settings (of each column: 1 embedded, 0 not)
    "embedding": OpRules(_embedding_forward, _embedding_backward),
    # inputs (x,); settings (rate, then for each column: the code that replaces others, or -1: none does)
    "mask_codes": OpRules(_mask_codes_forward, _mask_codes_backward),
    # inputs (x,); settings (rate,)
    "dropout": OpRules(_dropout_forward, _dropout_backward),
    # inputs (x,); parameters ([gamma, beta]); state (running_mean, running_variance); settings (momentum, eps)
    "batch_norm": OpRules(_batch_norm_forward, _batch_norm_backward),
    # inputs (x,); parameters ([gamma, beta]); settings (eps,)
    "layer_norm": OpRules(_layer_norm_forward, _layer_norm_backward),
    # inputs (x1, x2, ...), equal widths
    "add": OpRules(_add_forward, _add_backward),
    # inputs (a, b), equal widths
    "subtract": OpRules(_subtract_forward, _subtract_backward),
    # inputs (x1, x2, ...), equal widths
    "average": OpRules(_average_forward, _average_backward),
    # inputs (x1, x2, ...), equal widths
    "multiply": OpRules(_multiply_forward, _multiply_backward),
    # inputs (x1, x2, ...); width = the sum of theirs
    "concat": OpRules(_concat_forward, _concat_backward),
    # inputs (x1, ...); any parameters; settings (width,); code = what it computes. The reference engine alone has it.
    "python": OpRules(_python_forward, _python_backward),
}
