"""Text that a browser shows as it is, and results that a notebook shows as they print."""

from __future__ import annotations

from html import escape

__all__ = ["Printed", "escaped"]

_LONGEST = 200  # characters of a text
_MOST_LINES = 30


class Printed:
    """A result that a notebook shows as it prints, down to its thirtieth line."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        lines = str(self).splitlines()
        more = f"\n… {len(lines) - _MOST_LINES} more lines" if len(lines) > _MOST_LINES else ""
        return f'<pre style="overflow-x: auto">{chr(10).join(map(escaped, lines[:_MOST_LINES]))}{more}</pre>'


def escaped(value: object, longest: int = _LONGEST) -> str:
    """Text that a browser shows as it is, shortened in the middle if it is very long.

    >>> escaped("<b>&")
    '&lt;b&gt;&amp;'
    """
    text = str(value)
    half = (longest - 1) // 2
    return escape(text if len(text) <= longest else f"{text[:half]}…{text[-half:]}")
