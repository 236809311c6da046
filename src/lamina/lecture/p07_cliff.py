"""P7: the cliff: one step from its foot leads far away unless the gradient is clipped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.clipping import Clipping
from lamina.descent import Descent, get_surface, minimize
from lamina.optimizers import GradientDescent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Cliff", "compute", "draw"]

LEARNING_RATE = 0.05
STEPS = 120
# Wide enough to show where the unclipped step lands.
BOUNDS = ((3.0, 9.0), (-3.5, 4.0))
CLIPPINGS: Mapping[str, Clipping | None] = {"without clipping": None, "norm clipped at 1": Clipping(norm=1.0)}


@dataclass(frozen=True, eq=False)
class Cliff:
    """A descent with each clipping.

    Attributes
    ----------
    descents : dict of str to Descent
        By name of the clipping.
    """

    descents: Mapping[str, Descent]

    def __str__(self) -> str:
        lines = []
        for name, way in self.descents.items():
            longest = np.linalg.norm(np.diff(way.points, axis=0), axis=1).max()
            steepest = way.gradient_norms.max()
            lines.append(
                f"{name:18} steepest gradient {steepest:6.1f}, longest step {longest:5.2f}, clipped steps {way.num_clipped}"
            )
        return "\n".join(lines)


def compute(*, seed: int = 0) -> Cliff:
    """Descend towards the cliff of a recurrent unit, with and without clipping; nothing here is random."""
    cliff = get_surface("cliff")
    settings: Any = {"optimizer": GradientDescent(LEARNING_RATE), "max_steps": STEPS}
    descents = {
        name: minimize(cliff, cliff.gradient, cliff.start, clipping=clipping, **settings) for name, clipping in CLIPPINGS.items()
    }
    return Cliff(descents)


def _landscape() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The surface over the region that the paths reach."""
    return replace(get_surface("cliff"), bounds=BOUNDS).grid(300)


def draw(result: Cliff) -> Figure:
    """Draw both paths over the surface, and the length of every step."""
    from lamina.plots import plot_descent_paths, plot_step_lengths
    from lamina.plots.style import axes_grid, figure_of, styled

    @styled
    def panels() -> Figure:
        left, right = axes_grid(1, 2, size=(10.2, 4.4))
        grid, paths = _landscape(), {name: way.points for name, way in result.descents.items()}
        labels = ("recurrent weight x", "bias y", "loss")
        plot_descent_paths(*grid, paths, labels=labels, log=True, title="The loss of a recurrent unit", ax=left)
        left.legend(loc="lower right")
        plot_step_lengths(result.descents, title="Length of each step", ax=right)
        return figure_of(left)

    return panels()
