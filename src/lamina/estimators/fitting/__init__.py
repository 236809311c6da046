"""What only a fit needs, and so the first fit imports: checks of parameters, the network, the optimizer, the stopping rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.lazy import lazy_exports

if TYPE_CHECKING:
    from lamina.estimators.fitting.architecture import build_network
    from lamina.estimators.fitting.constraints import check_estimator_parameters
    from lamina.estimators.fitting.objective import LabelObjective, NumberObjective
    from lamina.estimators.fitting.optimization import build_clipping, build_optimizer, build_schedule
    from lamina.estimators.fitting.outcome import DIVERGED, report_outcome
    from lamina.estimators.fitting.restarts import Restart, Restarts, fit_restarts, single_start
    from lamina.estimators.fitting.sgd_rate import RowScaling, SgdRate
    from lamina.estimators.fitting.stopping_rule import StoppingRule
    from lamina.estimators.fitting.validation_split import check_weights, hold_out, split_rows

__all__ = [
    "DIVERGED",
    "LabelObjective",
    "NumberObjective",
    "Restart",
    "Restarts",
    "RowScaling",
    "SgdRate",
    "StoppingRule",
    "build_clipping",
    "build_network",
    "build_optimizer",
    "build_schedule",
    "check_estimator_parameters",
    "check_weights",
    "fit_restarts",
    "hold_out",
    "report_outcome",
    "single_start",
    "split_rows",
]

_HOMES = {
    "lamina.estimators.fitting.architecture": "build_network",
    "lamina.estimators.fitting.constraints": "check_estimator_parameters",
    "lamina.estimators.fitting.objective": "LabelObjective NumberObjective",
    "lamina.estimators.fitting.optimization": "build_clipping build_optimizer build_schedule",
    "lamina.estimators.fitting.outcome": "DIVERGED report_outcome",
    "lamina.estimators.fitting.restarts": "Restart Restarts fit_restarts single_start",
    "lamina.estimators.fitting.sgd_rate": "RowScaling SgdRate",
    "lamina.estimators.fitting.stopping_rule": "StoppingRule",
    "lamina.estimators.fitting.validation_split": "check_weights hold_out split_rows",
}
__getattr__, __dir__ = lazy_exports(__name__, _HOMES)
