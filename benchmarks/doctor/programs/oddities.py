"""Healthy programs, and why some of them look odd."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmarks.doctor.data_sets import DataSet
from benchmarks.doctor.networks import KINDS
from benchmarks.doctor.programs.fault import SIGMOID, anywhere, classifying, predicting_numbers
from benchmarks.doctor.recipe import FORMS

__all__ = ["ODDITIES", "Oddity"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Oddity:
    """A way to train that works: what the recipe has in place of the defaults, and where it makes sense."""

    name: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    where: Callable[[DataSet], bool] = anywhere
    networks: tuple[str, ...] = KINDS
    forms: tuple[str, ...] = FORMS


def _is_linear(data: DataSet) -> bool:
    return data.linear


def _is_harmless_unscaled(data: DataSet) -> bool:
    return not data.raw


_ESTIMATORS = ("estimator", "pipeline")
_SGD = {"optimizer": "momentum", "momentum": 0.9}
_UNSCALED = {"scale_inputs": False}

ODDITIES = (
    Oddity(name="plain"),
    Oddity(name="plain_tanh", changes={"activation": "tanh"}),
    Oddity(name="plain_sgd", changes={**_SGD, "learning_rate": 0.02, "epochs": 150}),
    Oddity(name="small_rate_and_patience", changes={"learning_rate": 3e-4, "epochs": 500, "tol": 1e-6, "patience": 30}),
    Oddity(name="large_rate_of_adam", changes={"learning_rate": 0.02}),
    Oddity(name="large_rate_of_sgd", changes={"optimizer": "gradient_descent", "learning_rate": 0.3, "epochs": 150}),
    Oddity(name="small_batches_that_swing", changes={"batch_size": 8, "learning_rate": 0.008, "epochs": 60}),
    Oddity(name="momentum_that_swings", changes={"optimizer": "momentum", "momentum": 0.95, "learning_rate": 0.02}),
    Oddity(name="all_rows_a_batch", changes={"batch_size": None, "learning_rate": 0.01, "epochs": 400, "patience": 50}),
    Oddity(name="large_batches", changes={"batch_size": 200, "learning_rate": 0.01, "epochs": 250, "patience": 30}),
    Oddity(name="lbfgs", changes={"optimizer": "lbfgs", "epochs": 60, "batch_size": None}, forms=("estimator", "pipeline")),
    Oddity(name="dropout", changes={"dropout": 0.2, "epochs": 150}, networks=("deep", "wide", "residual")),
    Oddity(name="much_dropout", changes={"dropout": 0.5, "epochs": 200}, networks=("wide",)),
    Oddity(name="dropout_of_inputs", changes={"input_dropout": 0.1, "epochs": 150}, networks=("shallow", "deep", "wide")),
    Oddity(name="batch_norm", changes={"batch_norm": True}),
    Oddity(name="batch_norm_and_high_rate", changes={"batch_norm": True, "learning_rate": 0.015}),
    Oddity(name="layer_norm", changes={"layer_norm": True}),
    Oddity(name="strong_l2", changes={"l2": 2.0}, networks=("shallow", "wide")),
    Oddity(name="strong_l2_of_few_rows", changes={"l2": 1.0, "rows": (("few_rows", 80),)}, where=_is_linear),
    Oddity(name="weight_decay", changes={"optimizer": "adamw", "weight_decay": 0.1}),
    Oddity(name="bound_on_norms", changes={"max_norm": 3.0}),
    Oddity(
        name="small_noisy_validation_set",
        changes={"early_stopping": True, "validation_fraction": 0.08, "patience": 20, "epochs": 200},
        forms=_ESTIMATORS,
    ),
    Oddity(name="early_stopping", changes={"early_stopping": True, "patience": 15, "epochs": 200}, forms=_ESTIMATORS),
    Oddity(name="unscaled_but_harmless", changes=_UNSCALED, where=_is_harmless_unscaled),
    Oddity(
        name="inputs_ten_times_as_large",
        changes={**_UNSCALED, "rows": (("inputs_times", 6.0),), "epochs": 150},
        where=_is_harmless_unscaled,
    ),
    Oddity(name="unscaled_with_batch_norm", changes={**_UNSCALED, "batch_norm": True, "epochs": 150}),
    Oddity(
        name="long_training",
        changes={"epochs": 400, "tol": 0.0, "patience": 1000, "batch_size": 64, "learning_rate": 0.001},
    ),
    Oddity(name="short_training", changes={"epochs": 25, "learning_rate": 0.01}),
    Oddity(name="linear_where_that_suffices", changes={"widths": ()}, where=_is_linear, networks=("shallow",)),
    Oddity(name="identity_where_that_suffices", changes={"activation": "identity"}, where=_is_linear),
    Oddity(
        name="some_dead_units",
        changes={"activation": "relu", "bias_init": ("normal", 1.0), "learning_rate": 0.01},
        networks=("wide", "deep", "shallow"),
    ),
    Oddity(
        name="dead_units_of_wide_relu",
        changes={"activation": "relu", "bias_init": ("constant", -0.3), "widths": (250,)},
        networks=("wide",),
    ),
    Oddity(
        name="saturated_but_right", changes={"activation": "tanh", "weight_init": ("xavier", 2.0)}, networks=("shallow", "wide")
    ),
    Oddity(
        name="deep_sigmoid_that_learns",
        changes={"activation": "sigmoid", "weight_init": ("xavier", 4.0), "learning_rate": 0.01, "epochs": 200, "patience": 60},
        networks=("deep",),
    ),
    Oddity(name="deep_tanh", changes={"activation": "tanh", "widths": (20,) * 8}, networks=("deep",)),
    Oddity(name="deep_relu_of_he", changes={"activation": "relu", "weight_init": "he", "widths": (24,) * 8}, networks=("deep",)),
    Oddity(name="shallow_sigmoid", changes=SIGMOID, networks=("shallow", "wide")),
    Oddity(name="few_units_on_easy_rows", changes={"widths": (5,), "epochs": 200}, where=_is_linear, networks=("shallow",)),
    Oddity(name="far_more_weights_than_rows", changes={"widths": (160, 160), "epochs": 60, "l2": 0.5}, networks=("wide",)),
    Oddity(name="clipping_that_seldom_acts", changes={"clip_norm": 1.0}),
    Oddity(name="clipping_that_adam_does_not_mind", changes={"clip_norm": 0.01}),
    Oddity(name="leaky_relu", changes={"activation": "leaky_relu"}),
    Oddity(name="swish", changes={"activation": "swish"}),
    Oddity(name="constant_and_useless_columns", changes={"rows": (("constant_column", 3.0), ("useless_columns", 2))}),
    Oddity(name="repeated_columns", changes={"rows": (("repeated_columns", 1.0),)}),
    Oddity(name="rate_that_falls", changes={"schedule": "cosine", "learning_rate": 0.01}),
    Oddity(name="sorted_rows", changes={"rows": (("sorted_by_target", 1.0),)}),
    Oddity(name="a_rare_class_that_is_easy", changes={"rows": (("imbalance", 0.1),)}, where=classifying),
    Oddity(name="weighted_classes", changes={"class_weight": "balanced"}, where=classifying, forms=_ESTIMATORS),
    Oddity(name="focal_loss", changes={"loss": "focal"}, where=classifying, forms=_ESTIMATORS),
    Oddity(name="huber_loss", changes={"loss": "huber"}, where=predicting_numbers),
    Oddity(name="absolute_error", changes={"loss": "absolute_error", "epochs": 150}, where=predicting_numbers),
    Oddity(
        name="targets_ten_times_as_large",
        changes={"rows": (("target_times", 10.0),), "learning_rate": 0.01, "epochs": 200},
        where=predicting_numbers,
    ),
    Oddity(
        name="targets_off_center",
        changes={"rows": (("target_plus", 2.0),), "epochs": 150},
        where=predicting_numbers,
    ),
    Oddity(
        name="sigmoid_output_for_shares",
        changes={"rows": (("target_in_range", 1.0),), "output_activation": "sigmoid", "tol": 1e-6, "epochs": 200},
        where=predicting_numbers,
    ),
    Oddity(
        name="softplus_output_for_positive_targets",
        changes={"rows": (("target_in_range", 3.0),), "output_activation": "softplus", "epochs": 150},
        where=predicting_numbers,
    ),
)
