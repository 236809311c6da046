"""The calibration half and the evaluation half: other data sets and other networks.

The rule, fixed before any program was run: a program is of the calibration half if its data set and its network both are of the
first group, of the evaluation half if both are of the second group; there are no other programs. So no data set and no network
is seen on both sides. A data set's group stands where it is defined (``data_sets.py``), a network's in ``networks.py``; what is
drawn from the same source (several targets of one table) is of one group.
"""

from __future__ import annotations

from benchmarks.doctor.data_sets import DATA_SETS
from benchmarks.doctor.networks import NETWORKS

__all__ = ["HALVES", "half_of", "members"]

HALVES = ("calibration", "evaluation")


def half_of(data: str, network: str) -> str | None:
    """The half that this data set and this network make together; None if they are of different groups."""
    group = DATA_SETS[data].group
    return HALVES[group - 1] if NETWORKS[network].group == group else None


def members(half: str) -> tuple[list[str], list[str]]:
    """The names of a half's data sets and of its networks."""
    group = HALVES.index(half) + 1
    return (
        [name for name, data in DATA_SETS.items() if data.group == group],
        [name for name, network in NETWORKS.items() if network.group == group],
    )
