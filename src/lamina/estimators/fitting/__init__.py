"""What only a fit needs, and so the first fit imports: checks of parameters, the network, the optimizer, the training itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.lazy import lazy_exports

if TYPE_CHECKING:
    from lamina.estimators.fitting.constraints import check_goes_by_epochs, checked_parameters
    from lamina.estimators.fitting.curves import Curves
    from lamina.estimators.fitting.fit import Fit, Start
    from lamina.estimators.fitting.many_starts import fit_restarts, single_start
    from lamina.estimators.fitting.outcome import report_outcome
    from lamina.estimators.fitting.restarts import Restart, Restarts
    from lamina.estimators.fitting.sgd_rate import RowScaling
    from lamina.estimators.fitting.training import draw_seed, prepare, run, start_for, train
    from lamina.estimators.fitting.validation_split import check_weights, set_aside

__all__ = [
    "Curves",
    "Fit",
    "Restart",
    "Restarts",
    "RowScaling",
    "Start",
    "check_goes_by_epochs",
    "check_weights",
    "checked_parameters",
    "draw_seed",
    "fit_restarts",
    "prepare",
    "report_outcome",
    "run",
    "set_aside",
    "single_start",
    "start_for",
    "train",
]

_HOMES = {
    "lamina.estimators.fitting.constraints": "check_goes_by_epochs checked_parameters",
    "lamina.estimators.fitting.curves": "Curves",
    "lamina.estimators.fitting.fit": "Fit Start",
    "lamina.estimators.fitting.many_starts": "fit_restarts single_start",
    "lamina.estimators.fitting.outcome": "report_outcome",
    "lamina.estimators.fitting.restarts": "Restart Restarts",
    "lamina.estimators.fitting.sgd_rate": "RowScaling",
    "lamina.estimators.fitting.training": "draw_seed prepare run start_for train",
    "lamina.estimators.fitting.validation_split": "check_weights set_aside",
}
__getattr__, __dir__ = lazy_exports(__name__, _HOMES)
