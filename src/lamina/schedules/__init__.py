"""Schedules: how the learning rate changes from step to step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.lazy import lazy_exports

if TYPE_CHECKING:
    from lamina.schedules.adaptive import Adaptive
    from lamina.schedules.constant import Constant
    from lamina.schedules.cosine import Cosine
    from lamina.schedules.exponential import Exponential
    from lamina.schedules.function import Function
    from lamina.schedules.inverse_scaling import InverseScaling
    from lamina.schedules.one_cycle import OneCycle
    from lamina.schedules.reduce_on_plateau import ReduceOnPlateau
    from lamina.schedules.registry import SCHEDULES, get_schedule
    from lamina.schedules.schedule import ReactiveSchedule, Schedule, Span
    from lamina.schedules.step import Step
    from lamina.schedules.warm_up import WarmUp

__all__ = [
    "SCHEDULES",
    "Adaptive",
    "Constant",
    "Cosine",
    "Exponential",
    "Function",
    "InverseScaling",
    "OneCycle",
    "ReactiveSchedule",
    "ReduceOnPlateau",
    "Schedule",
    "Span",
    "Step",
    "WarmUp",
    "get_schedule",
]

_HOMES = {
    "lamina.schedules.adaptive": "Adaptive",
    "lamina.schedules.constant": "Constant",
    "lamina.schedules.cosine": "Cosine",
    "lamina.schedules.exponential": "Exponential",
    "lamina.schedules.function": "Function",
    "lamina.schedules.inverse_scaling": "InverseScaling",
    "lamina.schedules.one_cycle": "OneCycle",
    "lamina.schedules.reduce_on_plateau": "ReduceOnPlateau",
    "lamina.schedules.registry": "SCHEDULES get_schedule",
    "lamina.schedules.schedule": "ReactiveSchedule Schedule Span",
    "lamina.schedules.step": "Step",
    "lamina.schedules.warm_up": "WarmUp",
}
__getattr__, __dir__ = lazy_exports(__name__, _HOMES)
