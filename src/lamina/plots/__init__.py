"""Pictures: each function draws what it is given, computes nothing, and returns matplotlib axes. Needs the extra ``plot``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.lazy import lazy_exports

if TYPE_CHECKING:
    from lamina.plots.accuracy_curves import plot_accuracy_curves
    from lamina.plots.activation_functions import plot_activation_functions
    from lamina.plots.activation_statistics import plot_activation_statistics
    from lamina.plots.decision_map import plot_decision_map
    from lamina.plots.densities import plot_densities
    from lamina.plots.descent_on_curve import plot_descent_on_curve
    from lamina.plots.descent_paths import plot_descent_paths
    from lamina.plots.dropout import plot_dropout, plot_mask_distribution
    from lamina.plots.early_stopping import plot_early_stopping
    from lamina.plots.history import plot_history
    from lamina.plots.learning_rate_range import plot_learning_rate_range
    from lamina.plots.loss_curves import plot_loss_curves
    from lamina.plots.network import plot_network
    from lamina.plots.separability import plot_separability
    from lamina.plots.step_lengths import plot_step_lengths
    from lamina.plots.style import COLORS, CYCLE
    from lamina.plots.width_sweep import plot_width_sweep

__all__ = [
    "COLORS",
    "CYCLE",
    "plot_accuracy_curves",
    "plot_activation_functions",
    "plot_activation_statistics",
    "plot_decision_map",
    "plot_densities",
    "plot_descent_on_curve",
    "plot_descent_paths",
    "plot_dropout",
    "plot_early_stopping",
    "plot_history",
    "plot_learning_rate_range",
    "plot_loss_curves",
    "plot_mask_distribution",
    "plot_network",
    "plot_separability",
    "plot_step_lengths",
    "plot_width_sweep",
]

_HOMES = {
    "lamina.plots.accuracy_curves": "plot_accuracy_curves",
    "lamina.plots.activation_functions": "plot_activation_functions",
    "lamina.plots.activation_statistics": "plot_activation_statistics",
    "lamina.plots.decision_map": "plot_decision_map",
    "lamina.plots.densities": "plot_densities",
    "lamina.plots.descent_on_curve": "plot_descent_on_curve",
    "lamina.plots.descent_paths": "plot_descent_paths",
    "lamina.plots.dropout": "plot_dropout plot_mask_distribution",
    "lamina.plots.early_stopping": "plot_early_stopping",
    "lamina.plots.history": "plot_history",
    "lamina.plots.learning_rate_range": "plot_learning_rate_range",
    "lamina.plots.loss_curves": "plot_loss_curves",
    "lamina.plots.network": "plot_network",
    "lamina.plots.separability": "plot_separability",
    "lamina.plots.step_lengths": "plot_step_lengths",
    "lamina.plots.style": "COLORS CYCLE",
    "lamina.plots.width_sweep": "plot_width_sweep",
}
__getattr__, __dir__ = lazy_exports(__name__, _HOMES)
