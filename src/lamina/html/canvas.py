"""What all charts have in common: their size in pixels, the labels of both axes, and the element around them."""

from __future__ import annotations

from html import escape

__all__ = ["BOTTOM", "HEIGHT", "LEFT", "RIGHT", "TOP", "WIDTH", "cut", "labels", "svg"]

WIDTH, HEIGHT = 420, 270
LEFT, RIGHT, TOP, BOTTOM = 58, 14, 12, 44
_LONGEST_NAME = 26
_LONGEST_LABEL = 52


def labels(across: str, up: str) -> str:
    """What both axes measure."""
    middle, height = (LEFT + WIDTH - RIGHT) / 2, (TOP + HEIGHT - BOTTOM) / 2
    return (
        f'<text class="la-label" x="{middle}" y="{HEIGHT - 7}" text-anchor="middle">{escape(cut(across, _LONGEST_LABEL))}</text>'
        f'<text class="la-label" transform="translate(10 {height}) rotate(-90)" text-anchor="middle">{escape(cut(up, 38))}</text>'
    )


def cut(name: str, most: int = _LONGEST_NAME) -> str:
    """A name in a line, its end left out where it is longer than ``most`` characters."""
    text = " ".join(str(name).split())
    return text if len(text) <= most else f"{text[: most - 1]}…"


def svg(title: str, told: str, inside: str, height: float = HEIGHT) -> str:
    """The element around a chart, which reads itself out as its title and what there is to see."""
    label = escape(f"{title}. {told}")
    return f'<svg class="la-chart" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{label}">{inside}</svg>'
