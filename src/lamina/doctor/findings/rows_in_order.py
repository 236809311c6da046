"""Rows in order: batches of rows that are alike, because the rows are sorted and each epoch takes them as they stand."""

from __future__ import annotations

from lamina.doctor.case import Case
from lamina.doctor.cures.cure import Cure
from lamina.doctor.finding import Evidence, Finding

__all__ = ["find"]

_ALIKE = 0.2  # of the variance: a batch of 32 such rows then tells as much as one of 4 in a random order

_CURE = Cure(
    "shuffle the rows", {"shuffle": True}, "Each batch is then a sample of all rows, and another one in each epoch.", "L16"
)
_MEANING = (
    "The rows stand in an order, such as by class or by size, and each epoch takes them as they stand. The rows of a batch are "
    "then alike: step after step pulls the network to one answer, and the next rows pull it to another."
)


def find(case: Case) -> Finding | None:
    """Batches in the order of the rows, between which a fifth of the targets' variance lies, in a model that stays behind.

    Of n rows whose correlation within batches is r, a batch tells as much as n / (1 + (n − 1) r) rows drawn at random (Kish 1965,
    "Survey sampling", section 5.4). Bengio 2012, "Practical recommendations", section 3.1, shuffles for this reason.
    """
    setup, alike = case.setup, case.start.likeness_in_batches
    if setup.shuffles or not alike > _ALIKE or not case.is_worse:
        return None
    size = setup.batch_size
    evidence = (
        Evidence("share of the targets' variance between the batches", alike, _ALIKE),
        Evidence(f"rows in a random order that a batch of {size} is worth", size / (1 + (size - 1) * alike)),
    )
    return Finding("rows_in_order", "certain harm", 0.9, evidence, _MEANING, "L16", (_CURE,))
