"""The losses of a run's first and last steps, in memory of a fixed size."""

from __future__ import annotations

import numpy as np

from lamina.errors import InvalidSettingError, phrase

__all__ = ["StepLosses"]


class StepLosses:
    """Keeps the losses of the first ``num_first`` steps and of the last ``num_last``.

    Attributes
    ----------
    first_step : int
        The number of the first step, counted over all fits of a trainer.
    count : int
        The number of steps so far.

    Examples
    --------
    >>> losses = StepLosses(num_first=2, num_last=3)
    >>> losses.add(np.arange(10.0))
    >>> losses.steps, losses.values
    (array([0, 1, 7, 8, 9]), array([0., 1., 7., 8., 9.]))
    """

    def __init__(self, num_first: int, num_last: int, first_step: int = 0) -> None:
        self.first_step = first_step
        self.count = 0
        self._first = np.empty(num_first)
        self._ring = np.empty(num_last)

    def add(self, losses: np.ndarray) -> None:
        """Add the losses of the next steps."""
        if self.count < len(self._first):
            head = losses[: len(self._first) - self.count]
            self._first[self.count : self.count + len(head)] = head
        last = losses[-len(self._ring) :]  # of more losses than the ring holds, these remain
        self.count += len(losses)
        place = (self.count - len(last)) % len(self._ring)
        before_end = min(len(last), len(self._ring) - place)
        self._ring[place : place + before_end] = last[:before_end]
        self._ring[: len(last) - before_end] = last[before_end:]

    @property
    def steps(self) -> np.ndarray:
        """The numbers of the steps, counted from 0, in ascending order, int64."""
        steps: np.ndarray = self.first_step + self._offsets()
        return steps

    @property
    def values(self) -> np.ndarray:
        """The losses of :attr:`steps`, penalties included, each before the step's update, float64."""
        offsets = self._offsets()
        in_first = offsets < len(self._first)
        values: np.ndarray = np.concatenate([self._first[offsets[in_first]], self._ring[offsets[~in_first] % len(self._ring)]])
        return values

    def put(self, count: int, values: np.ndarray) -> None:
        """Set to ``count`` steps, of which :attr:`values` are known.

        Raises
        ------
        InvalidSettingError
            If there are more or fewer values than are kept of so many steps.
        """
        self.count = count
        offsets = self._offsets()
        if len(values) != len(offsets):
            raise InvalidSettingError(phrase("the number of losses", f"must be {len(offsets)} of {count} steps", len(values)))
        in_first = offsets < len(self._first)
        self._first[offsets[in_first]] = values[in_first]
        in_ring = offsets >= count - len(self._ring)
        self._ring[offsets[in_ring] % len(self._ring)] = values[in_ring]

    def _offsets(self) -> np.ndarray:
        num_first = min(self.count, len(self._first))
        return np.concatenate([np.arange(num_first), np.arange(max(num_first, self.count - len(self._ring)), self.count)])
