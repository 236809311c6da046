"""Faults of the first weights, and of activations that pass no gradient on."""

from __future__ import annotations

from benchmarks.doctor.data_sets import DataSet
from benchmarks.doctor.programs.fault import SIGMOID, Fault

__all__ = ["FAULTS"]

_NO_GRADIENT = ("vanishing_gradient", "poor_initial_variance", "stalled")
_OTHER_START = ("weight_init", "activation", "batch_norm")
_PLAIN = ("shallow", "deep", "wide")
_DEEP = {"widths": (20,) * 8, "epochs": 60}


def _is_curved(data: DataSet) -> bool:
    return not data.linear


FAULTS = (
    Fault(
        name="zero_weights",
        findings=("symmetric_units", "poor_initial_variance", "stalled"),
        cures=("weight_init",),
        severities={"strong": {"weight_init": "zeros", "bias_init": "zeros"}},
        networks=_PLAIN,
    ),
    Fault(
        name="constant_weights",
        findings=("symmetric_units", "poor_initial_variance"),
        cures=("weight_init",),
        severities={
            "mild": {"weight_init": ("constant", 0.05), "bias_init": "zeros"},
            "strong": {"weight_init": ("constant", 0.5), "bias_init": "zeros"},
        },
        where=_is_curved,
        networks=_PLAIN,
    ),
    Fault(
        name="constant_weights_of_sigmoid_units",
        findings=("symmetric_units", "poor_initial_variance", "saturated_units"),
        cures=("weight_init",),
        context=SIGMOID,
        severities={
            "mild": {"weight_init": ("constant", 0.1), "bias_init": "zeros"},
            "strong": {"weight_init": ("constant", 1.0), "bias_init": "zeros"},
        },
        where=_is_curved,
        networks=("shallow", "wide"),
    ),
    Fault(
        name="small_first_weights_of_deep_sigmoid",
        findings=_NO_GRADIENT,
        cures=_OTHER_START,
        context={**SIGMOID, "weight_init": ("xavier", 3.0), "learning_rate": 0.01, "widths": (24,) * 4},
        severities={"mild": {"weight_init": ("normal", 0.05)}, "strong": {"weight_init": ("normal", 0.01)}},
        networks=("deep",),
        count=14,
    ),
    Fault(
        name="small_first_weights_of_deep_tanh",
        findings=_NO_GRADIENT,
        cures=_OTHER_START,
        context={"activation": "tanh", **_DEEP},
        severities={"mild": {"weight_init": ("normal", 0.005)}, "strong": {"weight_init": ("normal", 0.0005)}},
        networks=("deep",),
    ),
    Fault(
        name="small_first_weights_of_deep_relu",
        findings=_NO_GRADIENT,
        cures=_OTHER_START,
        context={"activation": "relu", "weight_init": "he", **_DEEP},
        severities={"mild": {"weight_init": ("normal", 0.005)}, "strong": {"weight_init": ("normal", 0.0005)}},
        networks=("deep",),
    ),
    Fault(
        name="small_first_weights_with_sgd",
        findings=_NO_GRADIENT,
        cures=(*_OTHER_START, "optimizer"),
        context={"activation": "relu", "optimizer": "momentum", "momentum": 0.9, "learning_rate": 0.02, "weight_init": "he"},
        severities={"mild": {"weight_init": ("normal", 0.03)}, "strong": {"weight_init": ("normal", 0.01)}},
        networks=("deep",),
    ),
    Fault(
        name="large_first_weights_of_tanh",
        findings=("poor_initial_variance", "saturated_units"),
        cures=_OTHER_START,
        context={"activation": "tanh"},
        severities={"mild": {"weight_init": ("normal", 2.0)}, "strong": {"weight_init": ("normal", 5.0)}},
        networks=_PLAIN,
    ),
    Fault(
        name="large_first_weights_of_sigmoid",
        findings=("saturated_units", "poor_initial_variance"),
        cures=_OTHER_START,
        context=SIGMOID,
        severities={"mild": {"weight_init": ("normal", 8.0)}, "strong": {"weight_init": ("normal", 20.0)}},
        networks=("shallow", "wide"),
    ),
    Fault(
        name="large_first_weights_of_relu",
        findings=("exploding_gradient", "poor_initial_variance", "divergence"),
        cures=(*_OTHER_START, "clip_norm"),
        context={"activation": "relu", "weight_init": "he"},
        severities={"mild": {"weight_init": ("normal", 1.0)}, "strong": {"weight_init": ("normal", 3.0)}},
        networks=("deep", "residual"),
    ),
    Fault(
        name="exploding_with_sgd",
        findings=("exploding_gradient", "poor_initial_variance", "divergence", "learning_rate_too_high"),
        cures=(*_OTHER_START, "clip_norm", "learning_rate", "optimizer"),
        context={"activation": "relu", "optimizer": "momentum", "momentum": 0.9, "learning_rate": 0.01, "weight_init": "he"},
        severities={"mild": {"weight_init": ("normal", 0.7)}, "strong": {"weight_init": ("normal", 2.0)}},
        networks=("deep", "residual"),
    ),
    Fault(
        name="deep_sigmoid",
        findings=("vanishing_gradient", "stalled", "poor_initial_variance"),
        cures=(*_OTHER_START, "widths"),
        context=_DEEP,
        severities={"mild": {"activation": "sigmoid"}, "strong": {"activation": "sigmoid", "widths": (20,) * 10}},
        networks=("deep",),
    ),
    Fault(
        name="deep_sigmoid_with_sgd",
        findings=("vanishing_gradient", "stalled", "poor_initial_variance"),
        cures=(*_OTHER_START, "optimizer", "widths"),
        context={"optimizer": "momentum", "momentum": 0.9, "learning_rate": 0.03},
        severities={"strong": {"activation": "sigmoid"}},
        networks=("deep",),
    ),
    Fault(
        name="large_negative_biases",
        findings=("dead_units",),
        cures=("activation", "batch_norm", "weight_init"),
        context={"activation": "relu"},
        severities={"mild": {"bias_init": ("constant", -6.0)}, "strong": {"bias_init": ("constant", -20.0)}},
        networks=_PLAIN,
    ),
    Fault(
        name="saturated_by_biases",
        findings=("saturated_units", "vanishing_gradient"),
        cures=("activation", "batch_norm", "weight_init", "optimizer"),
        context={**SIGMOID, "optimizer": "momentum", "momentum": 0.9, "learning_rate": 0.05},
        severities={"mild": {"bias_init": ("constant", 15.0)}, "strong": {"bias_init": ("constant", -20.0)}},
        networks=("shallow", "wide"),
    ),
)
