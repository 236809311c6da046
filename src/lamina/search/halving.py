"""Successive halving (Jamieson & Talwalkar 2016; Li et al. 2018): all are tried a little, and the best go on to more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

__all__ = ["successive_halving"]

Contender = TypeVar("Contender")


def successive_halving(
    contenders: Sequence[Contender],
    rungs: Iterable[int],
    *,
    ranked: Callable[[Sequence[Contender]], list[Contender]],
    advance: Callable[[list[Contender], int], bool],
) -> list[Contender]:
    """Let the best of those that were tried go on, rung by rung.

    Parameters
    ----------
    contenders : sequence
        All that were tried on the lowest rung, 0.
    rungs : iterable of int
        How many go on to each further rung, 1, 2, …
    ranked : callable
        Orders contenders, the best first; what cannot go on it leaves out.
    advance : callable
        Tries those that go on at a rung, and says whether there is to be a further one.

    Returns
    -------
    list
        The ranked contenders.

    Examples
    --------
    >>> lengths = {"a": 0, "bb": 0, "ccc": 0, "dddd": 0}
    >>> def advance(best, rung):
    ...     lengths.update({name: rung for name in best})
    ...     return True
    >>> successive_halving(list(lengths), [2, 1], ranked=lambda names: sorted(names, key=len), advance=advance)
    ['a', 'bb', 'ccc', 'dddd']
    >>> lengths
    {'a': 2, 'bb': 1, 'ccc': 0, 'dddd': 0}
    """
    for rung, most in enumerate(rungs, start=1):
        if not advance(ranked(contenders)[:most], rung):
            break
    return ranked(contenders)
