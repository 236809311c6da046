"""The calibration half and the evaluation half: other data sets and other networks.

The rule, fixed before any program was run: data sets and networks are of four groups, and a program's data set and its network
are of the same one; there are no other programs. The calibration half is groups 1 to 3, the evaluation half group 4, so no data
set and no network is seen on both sides. Groups 2 and 3 were each the evaluation half of an earlier state of the doctor. Once a
group's figures had been seen and its misses looked at, it could measure no more, and became calibration; the next group was then
made, and committed before any threshold was changed for it. A data set's group stands where it is defined (``data_sets.py``), a
network's in ``networks.py``; what is drawn from the same source (several targets of one table) is of one group.
"""

from __future__ import annotations

from benchmarks.doctor.data_sets import DATA_SETS
from benchmarks.doctor.networks import NETWORKS

__all__ = ["GROUPS", "HALVES", "half_of", "members"]

_GROUPS_OF = {"calibration": (1, 2, 3), "evaluation": (4,)}
HALVES = tuple(_GROUPS_OF)
GROUPS = tuple(group for groups in _GROUPS_OF.values() for group in groups)


def half_of(data: str, network: str) -> str | None:
    """The half that this data set and this network make together; None if they are of different groups."""
    group = DATA_SETS[data].group
    if NETWORKS[network].group != group:
        return None
    return next(half for half, groups in _GROUPS_OF.items() if group in groups)


def members(group: int) -> tuple[list[str], list[str]]:
    """The names of a group's data sets and of its networks."""
    return (
        [name for name, data in DATA_SETS.items() if data.group == group],
        [name for name, network in NETWORKS.items() if network.group == group],
    )
