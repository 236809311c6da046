"""The scale of an axis: from numbers to pixels, round numbers between both ends, and how they are written."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from lamina.html.figures import Axis

__all__ = ["Scale", "is_known", "scale_of", "tick_text", "writer_of"]

_ROOM = 0.04  # beyond the outermost points
_MOST_TICKS = 6
_SMALLEST, _LARGEST = 5e-324, sys.float_info.max


@dataclass(frozen=True, slots=True)
class Scale:
    """From numbers to pixels."""

    low: float
    high: float
    start: float
    end: float
    is_log: bool = False

    def __call__(self, value: float) -> float:
        low, high, value = (math.log10(each) if self.is_log else each for each in (self.low, self.high, value))
        span = high / 2 - low / 2  # halved, because the difference of the largest numbers overflows
        share = (value / 2 - low / 2) / span if span > 0 else 0.5  # that of the smallest numbers vanishes
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Round numbers between both ends."""
        if self.is_log:
            first, last = math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9)
            apart = max(1, math.ceil((last - first + 1) / _MOST_TICKS))
            powers = [10.0**power for power in range(first, last + 1, apart)]
            if len(powers) >= 2:
                return powers
        raw = self.high / (_MOST_TICKS - 1) - self.low / (_MOST_TICKS - 1)
        if not math.isfinite(raw) or raw <= 0:
            return [self.low, self.high]
        power = 10.0 ** math.floor(math.log10(raw))
        step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * 0.999)
        first = math.ceil(self.low / step - 1e-9)
        return [(first + i) * step for i in range(math.floor(self.high / step + 1e-9) - first + 1)]


def scale_of(axis: Axis, values: Iterable[float], start: float, end: float, is_log: bool, has_room: bool) -> Scale:
    """The scale of values between two places in pixels; with room for what is drawn about the outermost ones."""
    known = [value for value in values if is_known(value) and (not is_log or value > 0)]
    low, high = axis.ends or (min(known), max(known))
    if low == high:
        low, high = (low / 2, high * 2) if is_log else (low - (abs(low) or 1) / 2, high + (abs(high) or 1) / 2)
    elif has_room and axis.ends is None and is_log:
        room = _ROOM * (math.log10(high) - math.log10(low))
        low, high = low * 10**-room, high * 10 ** min(room, 300 - math.log10(high) if high < 1e299 else 0)
    elif has_room and axis.ends is None:
        room = 2 * _ROOM * (high / 2 - low / 2)  # halved, because the difference of the largest numbers overflows
        low, high = max(low - room, 0.0 if low >= 0 else -_LARGEST), min(high + room, _LARGEST)
    return Scale(max(low, _SMALLEST) if is_log else low, high, start, end, is_log)


def writer_of(ticks: Sequence[float]) -> Callable[[float], str]:
    """How an axis' numbers are written: large ones in thousands or millions, so that they fit beside it."""
    largest = max((abs(tick) for tick in ticks), default=0.0)
    for unit, word in ((1e6, "M"), (1e3, "k")):
        if 10_000 <= largest < 1e9 and largest >= unit * 2:
            return lambda tick: f"{tick / unit:.4g}{word}".replace("-", "−") if tick else "0"
    return tick_text


def tick_text(value: float) -> str:
    """A number at an axis, with three digits."""
    if not is_known(value):
        return "–"
    text = f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}" if abs(value) < 1e6 else f"{value:.2g}"
    return "0" if text in ("-0", "0") else text.replace("-", "−").replace("e−0", "e−")


def is_known(value: float) -> bool:
    """Whether a number is finite."""
    return math.isfinite(value)
