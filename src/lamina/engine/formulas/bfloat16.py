"""bfloat16: the upper half of a float32, with its range and 8 significant bits (Kalamkar et al. 2019, arXiv 1905.12322).

In mixed precision the operands of matrix products are rounded to it. The product of two such numbers is exact in float32, in
which the sums are taken.
"""

from __future__ import annotations

from lamina.engine.formulas.array import Array, array_namespace, is_torch_namespace

__all__ = ["FEW_OUTPUTS", "bfloat16", "operands"]

FEW_OUTPUTS = 4
"""Products with a weight matrix of at most so many columns stay in float32: they take no time, and most end a network."""

_LEADING = 2.0**52 + 1.0
_BELOW_1 = 1.0 - 2.0**-53
_LEAST = 2.0**-126  # below it numbers have fewer bits
_TO_8_BITS = 1.5 * 2.0**45  # 2**e times this has its last bit where the eighth of a number from 2**e to 2**(e + 1) is


def bfloat16(x: Array) -> Array:
    """Each number of ``x`` rounded to the nearest of bfloat16, in a tie to the even one.

    NaN and infinity stay; what lies half a step or more above the largest number, 3.39e38, becomes infinite. The leading bit of a
    number is found without its representation, as Rump, Ogita & Oishi (2008, algorithm 3.5) do.

    Parameters
    ----------
    x : float32 array

    Returns
    -------
    float32 array of the same shape

    Examples
    --------
    >>> import numpy as np
    >>> bfloat16(np.array([1.0, 1.003, 1.004, 257.0, 259.0, np.inf], dtype=np.float32)).tolist()
    [1.0, 1.0, 1.0078125, 256.0, 260.0, inf]
    """
    xp = array_namespace(x)
    if is_torch_namespace(xp):  # torch's own, as some of its devices have no float64
        return x.to(xp.bfloat16).to(x.dtype)
    finite = xp.isfinite(x)
    wide = xp.astype(xp.where(finite, x, xp.zeros_like(x)), xp.float64)
    scaled = wide * _LEADING
    leading = xp.abs(scaled - scaled * _BELOW_1)
    large = xp.where(leading > _LEAST, leading, xp.full_like(leading, _LEAST)) * _TO_8_BITS
    near = xp.astype((wide + large) - large, x.dtype)
    return xp.where(finite, near, x)


def operands(*factors: Array, columns: int, mixed: bool) -> tuple[Array, ...]:
    """What is multiplied in place of ``factors``, which meet in products with a weight matrix of so many columns.

    Rows that are sparse stay as they are, and so does what is multiplied with them.
    """
    if not mixed or columns <= FEW_OUTPUTS or any(hasattr(factor, "tocsr") for factor in factors):
        return factors
    return tuple(map(bfloat16, factors))
