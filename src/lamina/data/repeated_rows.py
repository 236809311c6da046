"""Rows that a table holds several times: copies must not stand on both sides of a split."""

from __future__ import annotations

import numpy as np

from lamina.data.notes import note
from lamina.data.row_hash import mixed
from lamina.data.table_reader import ReadTable

__all__ = ["groups_of_copies", "joined_groups", "row_numbers"]

_FEWEST_DISTINCT = 100


def groups_of_copies(table: ReadTable) -> np.ndarray | None:
    """A number per row that copies share, ndarray of shape (n,) uint64, or None where rows are equal for want of other values.

    Rows are copies where most rows are distinct, or a single column tells at least half of the distinct rows apart. A table of
    three columns of five categories has at most 125 distinct rows, and none of them is a copy.
    """
    numbers = row_numbers(table)
    num_distinct = _num_distinct(numbers)
    if num_distinct == table.num_rows:
        return None
    if 2 * num_distinct >= table.num_rows:
        return numbers
    if num_distinct >= _FEWEST_DISTINCT and 2 * max(_num_distinct(values.array) for values in table.values()) >= num_distinct:
        share = 1 - num_distinct / table.num_rows
        note(f"{share:.0%} of the rows are copies of others, which stay on one side of every split.")
        return numbers
    return None


def joined_groups(groups: np.ndarray | None, others: np.ndarray | None) -> np.ndarray | None:
    """Numbers that two rows share if a chain of rows, each equal to the next in one of the two, leads from one to the other.

    >>> joined_groups(np.array([1, 1, 2, 3]), np.array([7, 8, 8, 9])).tolist()
    [0, 0, 0, 1]
    """
    if groups is None or others is None:
        return others if groups is None else groups
    from scipy import sparse

    num_groups, first = _numbered(groups)
    num_others, second = _numbered(others)
    links = (np.ones(len(first), dtype=bool), (first, num_groups + second))
    graph = sparse.coo_array(links, shape=(num_groups + num_others,) * 2)
    chain = sparse.csgraph.connected_components(graph, directed=False)[1]
    joined: np.ndarray = chain[first]
    return joined


def row_numbers(table: ReadTable) -> np.ndarray:
    """A number per row, the same for rows whose values are equal in all columns, ndarray of shape (n,) uint64.

    Different rows have the same number with a probability of 2^-64 a pair.
    """
    return mixed([values.array for values in table.values()], table.num_rows)


def _numbered(array: np.ndarray) -> tuple[int, np.ndarray]:
    """The number of distinct entries, and the position of each entry among them."""
    distinct, positions = np.unique(array, return_inverse=True)
    return len(distinct), positions


def _num_distinct(array: np.ndarray) -> int:
    # Many times as fast as np.unique, which hashes, where most entries differ.
    in_order = np.sort(array[array == array])  # without NaN and NaT
    return 1 + int((in_order[1:] != in_order[:-1]).sum())
