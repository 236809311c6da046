"""Attaches losses to a network's outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np

from lamina.engine.program import Head, Op, Program
from lamina.errors import InvalidSettingError, ShapeError, phrase, phrase_unknown
from lamina.losses import CustomLoss, Loss, LossLike, get_loss
from lamina.validation import Rule, check_parameters, number, sequence_of

__all__ = ["Losses", "heads_for", "loss_weights_of", "losses_for"]

Losses: TypeAlias = LossLike | Sequence[LossLike] | Mapping[str, LossLike]


def losses_for(losses: Losses, output_names: Sequence[str], output_widths: Sequence[int | None]) -> tuple[Loss, ...]:
    """One loss per output, from one loss (for one output), a list in the order of the outputs, or a dict by their names.

    "log_loss" is sigmoid cross-entropy for an output of one column, softmax cross-entropy for a wider one.

    Raises
    ------
    InvalidSettingError
        When their number or names do not match the outputs, or a loss is unknown.
    """
    # {"kind": "huber", …} describes one loss, unless an output is called "kind"
    if isinstance(losses, Mapping) and ("kind" not in losses or "kind" in output_names):
        for name in losses:
            if name not in output_names:
                raise InvalidSettingError(phrase_unknown("an output that has a loss", name, output_names))
        listed = [losses[name] for name in output_names if name in losses]
    else:
        listed = list(losses) if isinstance(losses, list | tuple) else [losses]
    if len(listed) != len(output_names):
        rule = f"must be one for each output ({', '.join(output_names)})"
        raise InvalidSettingError(phrase("losses", rule, len(listed), repair="Give a list of losses, or a dict by output."))
    return tuple(_loss_of_output(loss, width) for loss, width in zip(listed, output_widths, strict=True))


def _loss_of_output(loss: LossLike, width: int | None) -> Loss:
    if isinstance(loss, str) and loss == "log_loss" and width is not None:
        return get_loss("sigmoid_cross_entropy" if width == 1 else "softmax_cross_entropy")
    return get_loss(loss)


_ANYTHING = Rule("one number >= 0", lambda given: True)  # each number is checked alone, so that the error shows that one


def heads_for(
    program: Program, losses: Sequence[Loss], output_names: Sequence[str], weights: Sequence[float] | Mapping[str, float] | None
) -> tuple[Head, ...]:
    """The engine's heads on the program's outputs; if a loss is a custom function, the engine computes none of them.

    Raises
    ------
    InvalidSettingError
        When an output ends in a link that its loss already contains, or a weight is not a finite number of at least 0.
    ShapeError
        When an output's width does not fit its loss.
    """
    writers = {op.output: op for op in program.ops}
    # An executor computes all losses or none.
    by_caller = any(isinstance(loss, CustomLoss) for loss in losses)
    heads = []
    parts = (losses, loss_weights_of(weights, output_names), program.outputs, program.output_widths, output_names)
    for loss, weight, buffer, width, name in zip(*parts, strict=True):
        _check_gives_logits(writers[buffer], loss)
        try:
            head = loss.head(buffer, width)
        except ShapeError as error:
            raise ShapeError(f"{name}: {error}") from None
        heads.append(Head("external", buffer, head.target_width, weight=weight) if by_caller else head._replace(weight=weight))
    return tuple(heads)


def _check_gives_logits(op: Op, loss: Loss) -> None:
    if op.kind == "activation" and op.function in loss.contained_links:
        rule = f"must not end in an activation when its loss is {loss.name}, which takes logits"
        repair = "Remove the last activation; the loss applies it to predictions."
        raise InvalidSettingError(phrase("the output", rule, op.function, repair=repair, owner=op.layer))


def loss_weights_of(
    weights: Sequence[float] | Mapping[str, float] | np.ndarray | None, output_names: Sequence[str], *, owner: str = "program"
) -> list[float]:
    """One weight per output; 1 by default."""
    if weights is None:
        return [1.0] * len(output_names)
    if isinstance(weights, Mapping):
        for name in weights:
            if name not in output_names:
                raise InvalidSettingError(phrase_unknown("an output that has a loss weight", name, output_names))
        weights = [weights.get(name, 1.0) for name in output_names]
    check_parameters({"loss_weights": weights}, {"loss_weights": sequence_of(_ANYTHING)}, owner=owner)
    listed = list(weights)
    if len(listed) != len(output_names):
        raise InvalidSettingError(phrase("loss_weights", f"must be one for each of {len(output_names)} outputs", weights))
    for weight in listed:
        check_parameters({"loss_weights": weight}, {"loss_weights": number(0)}, owner=owner)
    return [float(weight) for weight in listed]
