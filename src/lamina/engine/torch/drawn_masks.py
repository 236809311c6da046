"""Masks of several steps, drawn at once.

Philox takes some two hundred small operations, whatever the size: for each step alone they would take longer than all else in it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.engine.formulas.array import Array
from lamina.engine.program import Program
from lamina.engine.randomness import DROPOUT
from lamina.engine.torch.masks import random_words, threshold

__all__ = ["DrawnMasks"]

_MOST_NUMBERS = 2**22  # drawn at once, if that is not less than a step needs; each takes a byte, and 20 while it is drawn


class DrawnMasks:
    """The masks of all ops of a program that draw some, for a number of steps, at fixed places on the device.

    Parameters
    ----------
    torch : module
    program : Program
    device : torch.device
    batch_size : int
    most : int
        Steps that are taken in a row.

    Attributes
    ----------
    ahead : int
        For how many steps they are drawn.
    """

    def __init__(self, torch: Any, program: Program, device: Any, batch_size: int, most: int) -> None:
        self._torch, self._device = torch, device
        widths = {index: program.widths[op.inputs[0]] for index, op in enumerate(program.ops) if op.draws_masks}
        self.ahead = max(1, min(most, _MOST_NUMBERS // max(1, batch_size * sum(widths.values()))))
        self._masks = {
            index: torch.zeros((self.ahead, batch_size * width), dtype=torch.bool, device=device)
            for index, width in widths.items()
        }

    def draw(self, first_step: int, rates: np.ndarray, seed: int) -> None:
        """Draw the masks of steps from ``first_step`` on; ``rates`` (steps, ops)."""
        torch, count = self._torch, len(rates)
        for (op, masks), own in zip(self._masks.items(), rates.T, strict=True):
            steps = torch.arange(first_step, first_step + count, dtype=torch.int64, device=self._device).reshape(-1, 1)
            limits = torch.from_numpy(np.array([[threshold(float(rate))] for rate in own], dtype=np.int64)).to(self._device)
            words = random_words(torch, self._device, masks.shape[1], seed=seed, purpose=DROPOUT, step=steps, op=op)
            masks[:count] = words >= limits

    def keep_mask(self, k: Array, rows: int, width: int, rate: Array | float, *, op: int, **where: Any) -> Array:
        """Those of the k-th step of a call, k being a scalar on the device; as :func:`lamina.engine.randomness.keep_mask`."""
        place = k.remainder(self.ahead).reshape(1)
        return self._masks[op].index_select(0, place).reshape(rows, width)
