"""Where each layer of a drawn network stands: a column after the last layer that it reads, and a row within it.

Sugiyama, Tagawa & Toda, "Methods for visual understanding of hierarchical system structures", 1981: columns, places for arrows
that pass through one, and the order within a column by the mean position of the inputs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from statistics import mean
from typing import TypeAlias

from lamina.network.node import InputNode, Node

__all__ = ["Place", "columns_of", "path_of", "rows_of"]

Place: TypeAlias = "str | tuple[str, str, int]"
"""Something that takes a place in a column: a layer or input, by name; a passing arrow, by its sender, reader and column."""


def columns_of(inputs: Sequence[InputNode], nodes: Sequence[Node]) -> dict[str, int]:
    """The column of each input and layer."""
    columns = {item.name: 0 for item in inputs}
    for node in nodes:
        columns[node.name] = 1 + max(columns[sender] for sender in node.inputs)
    return columns


def path_of(columns: dict[str, int], sender: str, reader: str) -> list[Place]:
    """The path from one box to another, with a place in every column in between."""
    passed = range(columns[sender] + 1, columns[reader])
    return [sender, *((sender, reader, column) for column in passed), reader]


def rows_of(columns: dict[str, int], arrows: Sequence[Sequence[Place]]) -> dict[Place, float]:
    """Rows centered at 0 and one apart in each column, ordered by the mean row of the senders."""
    before: dict[Place, list[Place]] = defaultdict(list)
    members: dict[int, list[Place]] = defaultdict(list)
    for name, column in columns.items():
        members[column].append(name)
    for path in arrows:
        for sender, place in pairwise(path):
            before[place].append(sender)
            if isinstance(place, tuple):
                members[place[2]].append(place)
    rows: dict[Place, float] = {}
    for column in sorted(members):
        places = members[column]
        if column:
            places.sort(key=lambda place: -mean(rows[sender] for sender in before[place]))
        rows |= {place: (len(places) - 1) / 2 - i for i, place in enumerate(places)}
    return rows
