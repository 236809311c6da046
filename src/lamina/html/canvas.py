"""What all charts have in common: their size in pixels, the labels of both axes, and the element around them."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from lamina.html.short_names import short_names, width_of

__all__ = ["BOTTOM", "HEIGHT", "LEFT", "RIGHT", "TOP", "WIDTH", "labels", "left_of", "svg"]

WIDTH, HEIGHT = 420, 270
LEFT, RIGHT, TOP, BOTTOM = 58, 14, 12, 44
_FONT, _LABEL_FONT = 12, 12.5


def left_of(ticks: Iterable[str]) -> float:
    """Where a chart begins: far enough to the right that the numbers at its axis do not lie over the label."""
    return max(LEFT, 27 + _FONT * max(map(width_of, ticks), default=0))


def labels(across: str, up: str, left: float = LEFT) -> str:
    """What both axes measure."""
    middle, height = (left + WIDTH - RIGHT) / 2, (TOP + HEIGHT - BOTTOM) / 2
    (across,), (up,) = short_names([across], (WIDTH - left) / _LABEL_FONT), short_names([up], (HEIGHT - BOTTOM) / _LABEL_FONT)
    return (
        f'<text class="la-label" x="{middle:g}" y="{HEIGHT - 7}" text-anchor="middle">{escape(across)}</text>'
        f'<text class="la-label" transform="translate(12 {height}) rotate(-90)" text-anchor="middle">{escape(up)}</text>'
    )


def svg(title: str, told: str, inside: str, height: float = HEIGHT) -> str:
    """The element around a chart, which reads itself out as its title and what there is to see."""
    label = escape(f"{title}. {told}")
    return f'<svg class="la-chart" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{label}">{inside}</svg>'
