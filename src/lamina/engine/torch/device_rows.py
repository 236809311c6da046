"""The rows of a training on the device: copied there once, and gathered there batch by batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from lamina.engine.formulas.array import Array
from lamina.engine.plan import Batches

__all__ = ["DeviceRows", "PaddedRows", "tensor_of"]


def tensor_of(torch: Any, array: Any, number: dict[str, Any]) -> Array:
    """The numbers of a NumPy array as a tensor with the dtype and on the device of ``number``; on the CPU it may share them."""
    array = np.ascontiguousarray(array)
    native = array.astype(array.dtype.newbyteorder("="), copy=not array.flags.writeable)
    return torch.from_numpy(native).to(**number)


@dataclass(frozen=True)
class PaddedRows:
    """Rows of a sparse array: of each, the columns and values of its numbers, and zeros up to the longest row's length.

    ``columns`` (n, longest) int64, ``values`` (n, longest), ``shape`` (n, width).
    """

    columns: Array
    values: Array
    shape: tuple[int, int]

    @classmethod
    def of(cls, torch: Any, rows: Any, number: dict[str, Any]) -> PaddedRows:
        csr = sparse.csr_array(rows)
        csr.sum_duplicates()
        lengths = np.diff(csr.indptr)
        longest = int(lengths.max(initial=0))
        places = np.arange(longest) < lengths[:, None]
        columns, values = np.zeros(places.shape, dtype=np.int64), np.zeros(places.shape, dtype=csr.dtype)
        columns[places], values[places] = csr.indices, csr.data
        device = {"device": number["device"]}
        return cls(tensor_of(torch, columns, device), tensor_of(torch, values, number), csr.shape)

    def take(self, rows: Array, out: Array) -> None:
        """Write the rows of these numbers into ``out`` (m, width)."""
        out.zero_().scatter_add_(1, self.columns[rows], self.values[rows])


@dataclass(frozen=True)
class DenseRows:
    """Rows of a tensor (n, width), or numbers of one (n,)."""

    values: Array

    def take(self, rows: Array, out: Array) -> None:
        """Write the rows of these numbers into ``out`` (m, width)."""
        out.copy_(self.values.index_select(0, rows))


@dataclass(frozen=True)
class DeviceRows:
    """What an executor on a device reads in place of the caller's arrays.

    ``batches``: the same rows for calls of the reference engine, sparse ones still on the host. ``sources``: inputs, targets, and
    the sample weights if there are any.
    """

    batches: Batches
    sources: Sequence[DenseRows | PaddedRows]

    @classmethod
    def of(cls, torch: Any, data: Batches, number: dict[str, Any], wide: Any) -> DeviceRows:
        inputs: list[Any] = [x if sparse.issparse(x) else tensor_of(torch, x, number) for x in data.inputs]
        targets = [tensor_of(torch, target, number) for target in data.targets]
        read = [PaddedRows.of(torch, x, number) if sparse.issparse(x) else DenseRows(x) for x in inputs]
        read += [DenseRows(target) for target in targets]
        if data.sample_weight is not None:
            read.append(DenseRows(tensor_of(torch, data.sample_weight, number | {"dtype": wide})))
        return cls(Batches(inputs, targets, data.sample_weight), read)
