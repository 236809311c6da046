"""Schedules: how the learning rate changes from step to step."""

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
