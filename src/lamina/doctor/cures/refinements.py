"""Refinements: small changes of a therapy that helped."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from lamina.doctor.cures.cure import Cure
from lamina.doctor.setup import Setup

__all__ = ["refinements"]

_FACTOR = 3.0
_SMALLEST_PENALTY = 1e-3  # in a step's loss


def refinements(changes: Mapping[str, Any], words: Collection[str], setup: Setup) -> tuple[Cure, ...]:
    """What to try next to changes that helped: steps of other lengths, and stopping by held-out rows or not.

    Parameters
    ----------
    changes : mapping of str to value
    words : collection of str
        What the patient can change.
    setup : Setup
        What it has where nothing was changed.
    """
    rate = changes.get("learning_rate", setup.learning_rate)
    stops = changes.get("early_stopping", setup.stops_on_validation)
    smallest = _SMALLEST_PENALTY * (changes.get("batch_size", setup.batch_size) if setup.penalty_per_row else 1)
    penalty = max(changes.get("l2", setup.l2), smallest)
    if stops:
        other = Cure("train to the end", {"early_stopping": False}, "Few held-out rows stop a training by chance.", "L29")
    else:
        other = Cure("stop by held-out rows", {"early_stopping": True}, "They tell when learning turns to memorizing.", "L29")
    tried = (
        Cure("longer steps", {"learning_rate": rate * _FACTOR}, "They come further in as many epochs.", "L15"),
        other,
        Cure("shorter steps", {"learning_rate": rate / _FACTOR}, "They come closer to a minimum.", "L15"),
        Cure(
            "a stronger penalty",
            {"l2": 10 * penalty},
            "Small weights make smooth functions.",
            "L30",
        ),
    )
    return tuple(cure for cure in tried if cure.changes.keys() <= set(words))
