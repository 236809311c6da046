"""Why a column has no encoder."""

from __future__ import annotations

from lamina.data.values import ValueKind

__all__ = ["LARGEST_WHOLE", "nothing_to_learn"]

LARGEST_WHOLE = 2.0**53
"""Beyond it, different whole numbers are the same float."""


def nothing_to_learn(kind: ValueKind, *, num_present: int, differ: bool, are_huge: bool = False) -> str:
    """The reason that the encoder of a column found nothing to learn from.

    Parameters
    ----------
    kind : {"number", "boolean", "date", "category", "text"}
    num_present : int
        The values that are not missing.
    differ : bool
        Whether they are not all the same.
    are_huge : bool, default=False
        Whether they are numbers of which different ones may be the same float.
    """
    if not num_present:
        return "every value is missing"
    if kind == "category" and differ:
        return "all categories are too rare to learn from: none has as many rows as min_count"
    if kind == "text" and differ:
        return "its texts do not differ in words that several of them share"
    if kind in ("number", "date") and (differ or are_huge):
        return "its finite values are equal, or too close for a float to tell apart"
    return "every row holds the same value"
