"""Embedding: a learned vector for each category (Bengio et al. 2003, section 2; Guo & Berkhahn 2016 for columns of tables).

A category is its *code*, a whole number from 0 to below the number of rows of a table of vectors. A vector is what a dense layer
without bias makes of the category's dummy variables, ``one_hot(code) @ table``, without computing all the products with 0.
"""

from __future__ import annotations

from collections.abc import Sequence

from lamina.engine.formulas.array import Array, Namespace, array_namespace, constants

__all__ = ["embedding_backward", "embedding_forward", "mask_codes_backward", "mask_codes_forward"]


def embedding_forward(x: Array, tables: Sequence[Array], embeds: Sequence[float]) -> Array:
    """Each column of codes becomes the rows of its table; the other columns stay as they are, in the order of x.

    Parameters
    ----------
    x : array of shape (n, columns)
    tables : sequence of arrays of shape (cardinality, width)
        One for each column that is embedded.
    embeds : sequence of float
        For each column whether it is: 1 or 0.

    Returns
    -------
    array of shape (n, sum of widths + number of other columns)
        NaN where a number is no code.

    Examples
    --------
    >>> import numpy as np
    >>> table = np.array([[1.0, 2.0], [3.0, 4.0]])
    >>> embedding_forward(np.array([[0.5, 1.0], [0.7, 0.0], [0.9, 2.0]]), [table], (0, 1))
    array([[0.5, 3. , 4. ],
           [0.7, 1. , 2. ],
           [0.9, nan, nan]])
    """
    xp = array_namespace(x)
    left, parts = iter(tables), []
    for column, is_embedded in enumerate(embeds):
        if not is_embedded:
            parts.append(x[:, column : column + 1])
            continue
        table = next(left)
        codes, known = _codes(x[:, column], table.shape[0], xp)
        parts.append(xp.where(known[:, None], xp.take(table, codes, axis=0), xp.nan))
    return xp.concat(parts, axis=1)


def embedding_backward(
    d_out: Array, x: Array, tables: Sequence[Array], embeds: Sequence[float]
) -> tuple[Array, tuple[Array, ...]]:
    """Gradients of :func:`embedding_forward`: that of x, 0 for codes, and those of the tables.

    >>> import numpy as np
    >>> d_out, codes = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), np.array([[2.0], [0.0], [2.0]])
    >>> embedding_backward(d_out, codes, [np.zeros((3, 2))], (1,))[1]
    (array([[3., 4.],
           [0., 0.],
           [6., 8.]]),)
    """
    xp = array_namespace(d_out, x)
    left, at = iter(tables), 0
    d_x, d_tables = [], []
    for column, is_embedded in enumerate(embeds):
        if not is_embedded:
            d_x.append(d_out[:, at : at + 1])
            at += 1
            continue
        table = next(left)
        d_vectors = d_out[:, at : at + table.shape[1]]
        at += table.shape[1]
        d_x.append(xp.zeros_like(x[:, column : column + 1]))
        d_tables.append(_summed_by_code(d_vectors, *_codes(x[:, column], table.shape[0], xp), table, xp))
    return xp.concat(d_x, axis=1), tuple(d_tables)


def _codes(column: Array, cardinality: int, xp: Namespace) -> tuple[Array, Array]:
    """The codes in a column, and where there is one; elsewhere the code is 0."""
    known = (column >= 0) & (column < cardinality) & (xp.floor(column) == column)
    return xp.astype(xp.where(known, column, xp.zeros_like(column)), xp.int64), known


def _summed_by_code(d_vectors: Array, codes: Array, known: Array, table: Array, xp: Namespace) -> Array:
    """A row of a table has a contribution from each of the batch's rows with its code."""
    d_table = xp.zeros_like(table)
    if hasattr(xp, "index_add"):  # torch's own; how many codes occur, only the device knows
        return xp.index_add(d_table, 0, codes, xp.where(known[:, None], d_vectors, xp.zeros_like(d_vectors)))
    # vector = one_hot(code) @ table, with the codes that occur alone
    met, places = xp.unique_inverse(codes)
    one_hot = (xp.reshape(places, (-1, 1)) == xp.arange(met.shape[0], device=codes.device)) & known[:, None]
    sums = xp.matrix_transpose(xp.astype(one_hot, d_vectors.dtype)) @ d_vectors
    for i in range(met.shape[0]):
        d_table[int(met[i]), :] = sums[i, :]
    return d_table


def mask_codes_forward(x: Array, keep: Array, codes: Sequence[float]) -> Array:
    """``out = x`` where ``keep``, else the code that stands for unknown categories in that column.

    Parameters
    ----------
    x : array of shape (n, columns)
    keep : bool array of shape (n, columns)
        From :func:`lamina.engine.randomness.keep_mask`, so that every executor masks the same codes.
    codes : sequence of float
        For each column the code that replaces others; -1 for a column of numbers, which are kept.

    Examples
    --------
    >>> import numpy as np
    >>> mask_codes_forward(np.array([[5.0, 0.3], [6.0, 0.4]]), np.array([[True, False], [False, False]]), (0, -1))
    array([[5. , 0.3],
           [0. , 0.4]])
    """
    xp = array_namespace(x, keep)
    row = constants(tuple(map(float, codes)), x)
    return xp.where(keep | (row < 0), x, row)


def mask_codes_backward(d_out: Array, keep: Array, codes: Sequence[float]) -> Array:
    """The gradient of :func:`mask_codes_forward` with respect to ``x``."""
    xp = array_namespace(d_out, keep)
    row = constants(tuple(map(float, codes)), d_out)
    # out = x where kept, else a constant
    return xp.where(keep | (row < 0), d_out, xp.zeros_like(d_out))
