"""Counter-based randomness: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011).

A draw is a pure function of (seed, purpose, step, op, index), so it is the same in all executors, for any number of threads and
after a resume; op is the position in ``Program.ops``:

    key     = (seed mod 2^32, seed div 2^32)
    counter = (index div 4, step, op, purpose)      the draw is word ``index mod 4`` of the result

Purposes: 1 the order of examples (step = the epoch, op = its part), 2 masks of dropout and of codes (index = row * width + column
within the batch), 3 and 4 perturbation of one weight and of all weights (index: see :mod:`lamina.engine.perturbation`).
"""

from __future__ import annotations

import numpy as np

__all__ = [
    "DROPOUT",
    "MULTIPLIERS",
    "PERTURB_ALL",
    "PERTURB_ONE",
    "SHUFFLE",
    "WEYL",
    "keep_mask",
    "permutation",
    "random_words",
]

SHUFFLE = 1
DROPOUT = 2
PERTURB_ONE = 3
PERTURB_ALL = 4

MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
WEYL = (0x9E3779B9, 0xBB67AE85)
_LOW = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)


def random_words(count: int, *, seed: int, purpose: int, step: int = 0, op: int = 0, first: int = 0) -> np.ndarray:
    """``count`` 32-bit words of a stream, starting at word ``first``, ndarray of shape (count,) uint32.

    >>> random_words(4, seed=0, purpose=0)
    array([1713891541, 3781805453, 3159862348, 2600524760], dtype=uint32)
    """
    first_block, skipped = divmod(first, 4)
    num_blocks = -(-(skipped + count) // 4)
    c0 = np.arange(first_block, first_block + num_blocks, dtype=np.uint64)
    c1 = np.full(num_blocks, step & 0xFFFFFFFF, dtype=np.uint64)
    c2 = np.full(num_blocks, op, dtype=np.uint64)
    c3 = np.full(num_blocks, purpose, dtype=np.uint64)
    key0, key1 = seed & 0xFFFFFFFF, (seed >> 32) & 0xFFFFFFFF
    for _ in range(10):
        product0, product1 = c0 * np.uint64(MULTIPLIERS[0]), c2 * np.uint64(MULTIPLIERS[1])
        c0, c1, c2, c3 = (
            (product1 >> _SHIFT) ^ c1 ^ np.uint64(key0),
            product1 & _LOW,
            (product0 >> _SHIFT) ^ c3 ^ np.uint64(key1),
            product0 & _LOW,
        )
        key0, key1 = (key0 + WEYL[0]) & 0xFFFFFFFF, (key1 + WEYL[1]) & 0xFFFFFFFF
    return np.stack([c0, c1, c2, c3], axis=1).astype(np.uint32).reshape(-1)[skipped : skipped + count]


def permutation(n: int, *, seed: int, epoch: int, part: int = 0) -> np.ndarray:
    """The order of the ``n`` examples in a part of ``epoch``: Fisher-Yates, int64 (n,).

    For i = n-1 down to 1, swap i with ``(word_i * (i + 1)) >> 32``.
    """
    order = list(range(n))
    words: np.ndarray = random_words(n, seed=seed, purpose=SHUFFLE, step=epoch, op=part).astype(np.uint64)
    targets = ((words * np.arange(1, n + 1, dtype=np.uint64)) >> _SHIFT).tolist()
    for i in range(n - 1, 0, -1):
        j = targets[i]
        order[i], order[j] = order[j], order[i]
    return np.array(order, dtype=np.int64)


def keep_mask(rows: int, width: int, rate: float, *, seed: int, step: int, op: int, first_row: int = 0) -> np.ndarray:
    """Which elements dropout keeps: bool (rows, width); an element is kept when its word is at least ``floor(rate * 2^32)``.

    ``first_row`` is the number of rows of the batch before these.
    """
    threshold = np.uint32(min(int(rate * 4294967296.0), 0xFFFFFFFF))
    words = random_words(rows * width, seed=seed, purpose=DROPOUT, step=step, op=op, first=first_row * width)
    return (words >= threshold).reshape(rows, width)
