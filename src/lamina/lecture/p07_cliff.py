"""P7: the cliff: a step on its wall is thrown far away unless the gradient is clipped, and every return ends in another throw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.clipping import Clipping
from lamina.descent import Descent, get_surface, minimize
from lamina.optimizers import GradientDescent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Cliff", "compute", "draw"]

LEARNING_RATE = 0.005
STEPS = 100
# On the gentle slope beside the cliff. Farther away a single throw may happen to end in a wider part of the valley.
START = (5.5, -2.8)
# Wide enough to show where the unclipped step lands.
BOUNDS = ((4.5, 6.4), (-3.2, -1.6))
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
        return "\n".join(
            f"{name:17} steepest gradient {way.gradient_norms.max():5.1f}, longest step {_longest(way):5.3f}, "
            f"loss {way.values[0]:.2f} → {way.value:.3f}, at most {way.values.max():5.2f}, clipped steps {way.num_clipped}"
            for name, way in self.descents.items()
        )


def _longest(way: Descent) -> float:
    """The length of the longest step."""
    return float(np.linalg.norm(np.diff(way.points, axis=0), axis=1).max())


def compute(*, seed: int = 0) -> Cliff:
    """Descend towards the cliff of a recurrent unit, with and without clipping; nothing here is random."""
    cliff = get_surface("cliff")
    settings: Any = {"optimizer": GradientDescent(LEARNING_RATE), "max_steps": STEPS}
    descents = {
        name: minimize(cliff, cliff.gradient, START, clipping=clipping, **settings) for name, clipping in CLIPPINGS.items()
    }
    return Cliff(descents)


def draw(result: Cliff) -> Figure:
    """Draw both paths over the surface, and the loss and the length of every step."""
    from lamina.plots import plot_descent_paths, plot_step_lengths, plot_step_values
    from lamina.plots.style import axes_grid, figure_of, styled

    @styled
    def panels() -> Figure:
        path, losses, lengths = axes_grid(1, 3, size=(13.0, 4.2))
        settings: Any = {"bounds": BOUNDS, "labels": ("recurrent weight x", "bias y", "loss"), "log": True}
        plot_descent_paths("cliff", result.descents, title="The loss of a recurrent unit", ax=path, **settings)
        without, clipped = result.descents.values()
        title = f"Loss at the end {without.value:.2f}, clipped {clipped.value:.3f}"
        plot_step_values(result.descents, label="loss", title=title, ax=losses)
        title = f"Longest step {_longest(without):.2f}, clipped {_longest(clipped):.3f}"
        plot_step_lengths(result.descents, title=title, ax=lengths)
        for ax in (losses, lengths):
            ax.legend().remove()  # the same lines as on the left
        return figure_of(path)

    return panels()
