"""What an epoch takes with many workers, in a formula, before there are so many."""

from __future__ import annotations

import math
from dataclasses import dataclass

from lamina.validation import Rule, check_parameters, integer, number, one_of, value

__all__ = ["ScalingModel"]

_WORTH = 0.5  # the efficiency below which workers spend more than half of their time on each other
_MOST = 2**20

_RULES: dict[str, Rule] = {
    "row_s": number(0, closed="neither"),
    "update_s": number(0),
    "num_bytes": integer(0),
    "latency_s": number(0),
    "bytes_per_s": one_of(number(0, closed="neither"), value(math.inf)),
    "spread": number(0),
    "serial_s": number(0),
}
#: What its methods are asked for.
_ASKED: dict[str, Rule] = {
    "workers": integer(1),
    "num_rows": integer(1),
    "share": number(0, closed="neither"),
    "every": integer(1),
}


@dataclass(frozen=True)
class ScalingModel:
    r"""The time of an epoch of data-parallel training against the number of workers N.

    A step with b rows a worker takes ``compute + straggling + reduction``:

    - ``compute = b row_s + update_s``;
    - ``straggling = spread b row_s sqrt(2 ln N)``: by no more the last of N workers comes later than the mean, if times are
      normally distributed (Boucheron, Lugosi & Massart 2013, section 2.5);
    - ``reduction = 2 log2(N) latency_s + 2 (N - 1) / N num_bytes / bytes_per_s``: a reduce-scatter and an all-gather (Thakur,
      Rabenseifner & Gropp 2005, section 4.3), where adding up counts as sending.

    Where weights are averaged every H steps, the reduction is divided by H, and straggling by sqrt(H), since the late steps of
    one worker are not all late. An epoch has ``ceil(rows / (b N))`` steps, and ``serial_s`` of rank 0 alone, such as validation,
    for which all others wait (Amdahl 1967). Reading rows is not in it.

    Parameters
    ----------
    row_s : float
        Seconds for a row's part of the gradient, > 0.
    update_s : float, default=0
        Seconds a step that do not depend on its rows, such as the update.
    num_bytes : int, default=0
        What a reduction adds up: with synchronous steps the gradient, with averaging the weights and the optimizer's memory.
    latency_s : float, default=0
        Seconds for a message without content.
    bytes_per_s : float, default=inf
        What a worker sends, while it receives as much.
    spread : float, default=0
        The standard deviation of a worker's compute times over their mean.
    serial_s : float, default=0
        Seconds an epoch in which one process works alone.

    Raises
    ------
    InvalidSettingError
        Also by its methods, if a number is out of range.

    Examples
    --------
    1.3 million weights in float32 over 10 Gbit/s, with 256 rows a worker in each batch:

    >>> model = ScalingModel(row_s=45e-6, update_s=0.8e-3, num_bytes=5_255_172, latency_s=50e-6, bytes_per_s=1.25e9)
    >>> print(f"{model.step_s(8, 256):.4f} s, {model.efficiency(8, 10_000_000, 256):.0%}")
    0.0200 s, 62%
    >>> model.pays_up_to(10_000_000, 256)
    8192
    """

    row_s: float
    update_s: float = 0.0
    num_bytes: int = 0
    latency_s: float = 0.0
    bytes_per_s: float = math.inf
    spread: float = 0.0
    serial_s: float = 0.0

    def __post_init__(self) -> None:
        check_parameters({name: getattr(self, name) for name in _RULES}, _RULES, owner="ScalingModel")

    def reduction_s(self, workers: int) -> float:
        """Seconds to add up ``num_bytes`` of every worker."""
        _check(workers=workers)
        sent = 2 * (workers - 1) / workers * self.num_bytes
        return 2 * math.log2(workers) * self.latency_s + sent / self.bytes_per_s

    def step_s(self, workers: int, share: float, every: int = 1) -> float:
        """Seconds for a step in which each worker has ``share`` rows; ``every``: the steps between two averages."""
        _check(workers=workers, share=share, every=every)
        rows_s = share * self.row_s
        straggling_s = self.spread * rows_s * math.sqrt(2 * math.log(workers) / every)
        return rows_s + self.update_s + straggling_s + self.reduction_s(workers) / every

    def epoch_s(self, workers: int, num_rows: int, share: float, every: int = 1) -> float:
        """Seconds for an epoch of ``num_rows``, in batches of ``workers * share``."""
        _check(workers=workers, num_rows=num_rows, share=share)
        return math.ceil(num_rows / (workers * share)) * self.step_s(workers, share, every) + self.serial_s

    def efficiency(self, workers: int, num_rows: int, share: float, every: int = 1) -> float:
        """The time of one worker over N times that of N workers, each with the same share: 1 if all of them only compute."""
        return self.epoch_s(1, num_rows, share) / (workers * self.epoch_s(workers, num_rows, share, every))

    def pays_up_to(self, num_rows: int, share: float, every: int = 1) -> int:
        """The most workers, a power of two, that are worth having.

        More would have an efficiency below 50 %, or no shorter epochs.
        """
        workers = 1
        while workers < _MOST:
            more = 2 * workers
            if self.efficiency(more, num_rows, share, every) < _WORTH:
                break
            if self.epoch_s(more, num_rows, share, every) >= self.epoch_s(workers, num_rows, share, every):
                break
            workers = more
        return workers


def _check(**given: float) -> None:
    check_parameters(given, _ASKED, owner="ScalingModel")
