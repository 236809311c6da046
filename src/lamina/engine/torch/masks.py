"""The masks of :mod:`lamina.engine.randomness`, bit for bit, made where they are used.

Torch has neither unsigned products nor their upper halves, so a factor of 32 bits is split into two of 16: no product or sum then
exceeds 2^49, far from the sign of int64.
"""

from __future__ import annotations

from typing import Any

from lamina.engine.formulas.array import Array
from lamina.engine.randomness import DROPOUT, MULTIPLIERS, WEYL

__all__ = ["keep_mask", "random_words", "threshold"]

_LOW = 0xFFFFFFFF
_HALF = 0xFFFF


def random_words(
    torch: Any, device: Any, count: int, *, seed: int, purpose: int, step: Array | int = 0, op: int = 0, first: int = 0
) -> Array:
    """``count`` 32-bit words of a stream, as :func:`lamina.engine.randomness.random_words`, int64 (count,).

    ``step`` may be a scalar on the device, or an array (steps, 1), which gives words (steps, count).
    """
    first_block, skipped = divmod(first, 4)
    num_blocks = -(-(skipped + count) // 4)
    c0 = torch.arange(first_block, first_block + num_blocks, dtype=torch.int64, device=device)
    c1 = torch.zeros_like(c0) + (step & _LOW)
    c2, c3 = torch.full_like(c0, op), torch.full_like(c0, purpose)
    key0, key1 = seed & _LOW, (seed >> 32) & _LOW
    for _ in range(10):
        (high0, low0), (high1, low1) = _product(c0, MULTIPLIERS[0]), _product(c2, MULTIPLIERS[1])
        c0, c1, c2, c3 = high1 ^ c1 ^ key0, low1, high0 ^ c3 ^ key1, low0
        key0, key1 = (key0 + WEYL[0]) & _LOW, (key1 + WEYL[1]) & _LOW
    words = torch.stack([c0, c1, c2, c3], dim=-1)
    return words.reshape((*words.shape[:-2], -1))[..., skipped : skipped + count]


def keep_mask(
    torch: Any,
    device: Any,
    rows: int,
    width: int,
    rate: Array | float,
    *,
    seed: int,
    step: Array | int,
    op: int,
    first_row: int = 0,
) -> Array:
    """Which elements dropout keeps, as :func:`lamina.engine.randomness.keep_mask`; step and rate may be scalars on the device."""
    words = random_words(torch, device, rows * width, seed=seed, purpose=DROPOUT, step=step, op=op, first=first_row * width)
    if isinstance(rate, float):
        return (words >= threshold(rate)).reshape(rows, width)
    least = torch.clamp(torch.floor(rate * 4294967296.0).to(torch.int64), max=_LOW)
    return (words >= least).reshape(rows, width)


def threshold(rate: float) -> int:
    """The lowest word that keeps an element: ``floor(rate * 2^32)``, at most 2^32 - 1."""
    return min(int(rate * 4294967296.0), _LOW)


def _product(x: Array, factor: int) -> tuple[Array, Array]:
    """The upper and lower 32 bits of ``x * factor``, both below 2^32."""
    lower, upper = x * (factor & _HALF), x * (factor >> 16)
    upper = upper + (lower >> 16)
    return upper >> 16, ((upper & _HALF) << 16) | (lower & _HALF)
