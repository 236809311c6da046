"""The losses that rows allow, by how many classes they have."""

from __future__ import annotations

__all__ = ["losses_of"]


def losses_of(num_classes: int) -> tuple[str, ...]:
    """The names of the losses that can be lowered; the usual one comes first.

    Parameters
    ----------
    num_classes : int
        0: numbers are predicted.

    Examples
    --------
    >>> losses_of(3)
    ('softmax_cross_entropy', 'categorical_hinge')
    """
    if not num_classes:
        return "squared_error", "absolute_error", "huber", "log_cosh"
    if num_classes > 2:
        return "softmax_cross_entropy", "categorical_hinge"
    return "sigmoid_cross_entropy", "squared_error", "absolute_error", "hinge", "squared_hinge"
