"""The style shared by all plots: colors safe for color blindness, sizes legible at 1×, a light or a dark background.

Every plotting function is wrapped by :func:`styled`, which leaves the user's own matplotlib settings unchanged. The background is
light, and opaque, so that pictures can be read on any page. If text is light in matplotlib's settings, as after
``matplotlib.pyplot.style.use("dark_background")``, the background is dark.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from lamina.errors import InvalidSettingError, phrase
from lamina.extras import require
from lamina.plots.texts import fit_texts

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "COLORS",
    "CYCLE",
    "DARK",
    "LINE_STYLES",
    "MARKERS",
    "RC",
    "axes_grid",
    "axes_points",
    "class_name",
    "cycle",
    "faded",
    "figure_of",
    "given_axes",
    "gray",
    "ink",
    "is_dark",
    "make_axes",
    "marks",
    "paper",
    "shortened",
    "start_at_zero",
    "styled",
    "verbatim",
]

_P = ParamSpec("_P")
_R = TypeVar("_R")

#: Okabe & Ito, "Color universal design", 2008: eight colors that are distinguishable with every common color blindness.
COLORS = MappingProxyType(
    {
        "blue": "#0072B2",
        "vermillion": "#D55E00",
        "green": "#009E73",
        "purple": "#CC79A7",
        "orange": "#E69F00",
        "sky": "#56B4E9",
        "black": "#000000",
        "yellow": "#F0E442",
    }
)

#: The order of line colors; yellow is too pale for a line on a light background.
CYCLE = tuple(color for name, color in COLORS.items() if name != "yellow")

#: Lines of different color also differ in these, for readers who see no color.
LINE_STYLES = ("-", "--", "-.", ":")
MARKERS = ("o", "^", "s", "D", "v", "P", "X")

#: matplotlib's settings within a plotting function; :func:`styled` adds ``axes.prop_cycle``, which is not a plain value.
RC = MappingProxyType(
    {
        "figure.figsize": (6.4, 4.2),
        "figure.dpi": 100,
        "figure.facecolor": "white",
        "savefig.facecolor": "white",
        "axes.facecolor": "white",
        "axes.edgecolor": "#444444",
        "axes.labelcolor": "#222222",
        "axes.labelsize": 11,
        "axes.titlesize": 12,
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": "#E4E4E4",
        "grid.linewidth": 0.8,
        "font.size": 11,
        "text.color": "#222222",
        "xtick.labelsize": 10,
        "ytick.labelsize": 10,
        "xtick.color": "#444444",
        "ytick.color": "#444444",
        "legend.fontsize": 10,
        "legend.frameon": True,
        "legend.framealpha": 0.9,
        "legend.edgecolor": "#CCCCCC",
        "legend.facecolor": "inherit",
        "lines.linewidth": 1.8,
        "lines.markersize": 5,
        "image.cmap": "cividis",
    }
)

#: What differs in a dark style.
DARK = MappingProxyType(
    {
        "figure.facecolor": "#16181D",
        "savefig.facecolor": "#16181D",
        "axes.facecolor": "#16181D",
        "axes.edgecolor": "#AAAAAA",
        "axes.labelcolor": "#E6E6E6",
        "grid.color": "#33363D",
        "text.color": "#E6E6E6",
        "xtick.color": "#BBBBBB",
        "ytick.color": "#BBBBBB",
        "legend.edgecolor": "#55585F",
    }
)


def styled(plot: Callable[_P, _R]) -> Callable[_P, _R]:
    """Run a plotting function in the shared style, and fit the titles and labels of the axes that it returns into them.

    Raises
    ------
    MissingPackageError
        By the wrapped function, if matplotlib is not installed; the message names the extra to install.
    """

    @functools.wraps(plot)
    def with_style(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        plt, cycler = _pyplot(plot.__name__), _cycler()
        colors = [cycle(i) for i in range(len(CYCLE))]
        with plt.rc_context({**RC, **(DARK if is_dark() else {}), "axes.prop_cycle": cycler("color", colors)}):
            drawn = plot(*args, **kwargs)
            fit_texts(drawn)
            return drawn

    return with_style


def make_axes(ax: Axes | None = None, *, size: tuple[float, float] | None = None) -> Axes:
    """The given axes, or those of a new figure of ``size`` (inches); call it within a :func:`styled` function.

    Raises
    ------
    InvalidSettingError
        If ``ax`` is not matplotlib's Axes.
    """
    if ax is not None:
        _check_axes(ax, "ax")
        return ax
    axes: Axes = axes_grid(1, 1, size=size)[0]
    return axes


def axes_grid(
    num_rows: int,
    num_columns: int,
    *,
    size: tuple[float, float] | None = None,
    share_x: bool = False,
    share_y: bool = False,
    axes: Sequence[Axes] | None = None,
) -> list[Axes]:
    """The given ``num_rows * num_columns`` axes, or those of a new figure, row by row.

    Raises
    ------
    InvalidSettingError
        If there is a different number of axes, or something is not matplotlib's Axes.
    """
    if axes is not None:
        return given_axes(axes, num_rows * num_columns)
    _, grid = _pyplot("axes_grid").subplots(
        num_rows, num_columns, figsize=size, sharex=share_x, sharey=share_y, squeeze=False, layout="constrained"
    )
    return list(grid.ravel())


def given_axes(axes: Any, count: int | None = None) -> list[Axes]:
    """A user's sequence or array of axes as a list; raises if ``count`` is given and the number differs.

    Raises
    ------
    InvalidSettingError
        If something is not matplotlib's Axes, or the number of axes is wrong.
    """
    listed = list(axes.flat) if hasattr(axes, "flat") else list(axes) if isinstance(axes, Sequence) else [axes]
    for ax in listed:
        _check_axes(ax, "axes")
    if count is not None and len(listed) != count:
        raise InvalidSettingError(phrase("axes", f"must be {count} axes", len(listed)))
    return listed


def _check_axes(ax: object, name: str) -> None:
    from matplotlib.axes import Axes

    if not isinstance(ax, Axes):
        repair = "Create one with matplotlib.pyplot.subplots, which returns a figure and its axes; pick one of several."
        raise InvalidSettingError(phrase(name, "must be matplotlib's Axes", ax, repair=repair))


def ink() -> str:
    """The color of text, which stands out from the background: black, or white in a dark style."""
    return "#FFFFFF" if is_dark() else COLORS["black"]


def paper() -> str:
    """The color of the background: white, or nearly black in a dark style."""
    return str((DARK if is_dark() else RC)["axes.facecolor"])


def cycle(i: int) -> str:
    """The color of the ``i``-th line, from 0; after the last the first comes again."""
    color = CYCLE[i % len(CYCLE)]
    return ink() if color == COLORS["black"] else color


def gray(share: float) -> str:
    """The background with a share of the color of text: 0.1 for areas, 0.6 for lines that guide the eye."""
    return _mixed(ink(), share)


def faded(color: str) -> str:
    """The color mixed with the background, for areas below lines and points."""
    return _mixed(color, 0.38)


def _mixed(color: str, share: float) -> str:
    from matplotlib.colors import to_hex, to_rgb

    red, green, blue = (share * c + (1 - share) * p for c, p in zip(to_rgb(color), to_rgb(paper()), strict=True))
    return str(to_hex((red, green, blue)))


def is_dark() -> bool:
    """Whether text is light in matplotlib's settings, as in its style "dark_background"."""
    from matplotlib import rcParams
    from matplotlib.colors import to_rgb

    return sum(to_rgb(rcParams["text.color"])) > 1.5


def marks(values: Sequence[float] | np.ndarray) -> dict[str, Any]:
    """Marker settings that show isolated values of a line: a single value, or one between values that are not finite.

    >>> marks([1.0, float("nan"), 2.0, 3.0])
    {'marker': 'o', 'markevery': [0]}
    >>> marks([1.0, 2.0])
    {}
    """
    known = [False, *(math.isfinite(value) for value in values), False]
    lone = [i for i in range(len(values)) if known[i + 1] and not (known[i] or known[i + 2])]
    return {"marker": "o", "markevery": lone} if lone else {}


def shortened(name: str, most: int) -> str:
    """The name cut to at most ``most`` characters; an ellipsis replaces the middle.

    >>> shortened("validation_accuracy", 11)
    'valid…uracy'
    """
    half = (most - 1) // 2
    return name if len(name) <= most else f"{name[: most - 1 - half]}…{name[len(name) - half :]}"


def start_at_zero(ax: Axes) -> None:
    """Begin the vertical axis at 0, unless something lies below."""
    if ax.dataLim.ymin >= 0:
        ax.set_ylim(bottom=0)


def figure_of(ax: Axes) -> Figure:
    """The figure that contains ``ax``."""
    return cast("Figure", ax.figure)


def axes_points(ax: Axes) -> float:
    """The width or the height of the axes in points, whichever is less."""
    box = ax.get_window_extent()
    return float(min(box.width, box.height) / figure_of(ax).dpi * 72)


def verbatim(name: str) -> str:
    """The name with dollar signs escaped, which matplotlib would otherwise read as math.

    >>> print(verbatim("$price$"))
    \\$price\\$
    """
    return name.replace("$", r"\$")


def class_name(name: object, most: int = 28) -> str:
    """How a class is called in a picture: text as it is, but shortened; numbers and booleans as "class 1".

    >>> class_name(1), class_name("setosa")
    ('class 1', 'setosa')
    """
    text = str(name).replace("\n", " ")
    return verbatim(shortened(text, most)) if isinstance(name, str) else f"class {text}"


def _pyplot(caller: str) -> Any:
    return require("matplotlib.pyplot", owner=caller)


def _cycler() -> Any:
    from cycler import cycler

    return cycler
