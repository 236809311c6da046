"""Programs on which mixed precision is tested: dense layers in a chain, in branches, shared, and of members."""

from __future__ import annotations

from lamina.engine import Head

__all__ = ["LARGE", "PROGRAMS", "squared_error"]


def squared_error(builder, output, members=1):
    width = builder.widths[output] // members
    return builder.program(Head("squared_error", output, width), members=members)


def _deep(box):
    """Three hidden layers, one after the other."""
    return box.classifier(features=19, hidden=(70, 33, 50), classes=7, function="tanh")


def _narrow(box):
    """Ends in two outputs, behind a relu."""
    return box.classifier(features=21, hidden=(64, 40), classes=2)


def _branches(box):
    """Two layers that read the same rows, and one that reads both; a shared bias-free layer between normalizations."""
    builder = box.ProgramBuilder(18)
    one, two = builder.activation(builder.dense(0, 24), "relu"), builder.activation(builder.dense(0, 24), "gelu")
    both = builder.layer_norm(builder.combine("add", one, two))
    return squared_error(builder, builder.dense(builder.combine("concat", both, one), 6, bias=False))


def _members(box):
    """Three members that share a layer, and end in one of their own each."""
    builder = box.ProgramBuilder(10)
    x = builder.scale(builder.repeat(0, 3), members=3)
    x = builder.activation(builder.dense(x, 40, copies=3), "relu")
    return squared_error(builder, builder.grouped_dense(x, 5, 3), members=3)


PROGRAMS = {"deep": _deep, "narrow": _narrow, "branches": _branches, "members": _members}


def _large(box):
    return box.classifier(features=200, hidden=(300, 260), classes=9)


def _many_members(box):
    builder = box.ProgramBuilder(50)
    x = builder.activation(builder.dense(builder.repeat(0, 8), 96, copies=8), "relu")
    x = builder.activation(builder.grouped_dense(x, 70, 8), "relu")
    return squared_error(builder, builder.grouped_dense(x, 6, 8), members=8)


LARGE = {"large": _large, "many members": _many_members}
