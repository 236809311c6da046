"""All findings by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from lamina.doctor.case import Case
from lamina.doctor.finding import Finding
from lamina.doctor.findings import (
    bad_validation_split,
    batch_too_large,
    batch_too_small_for_batch_norm,
    clipped_all_the_time,
    dead_units,
    divergence,
    dropout_too_high,
    exploding_gradient,
    imbalance_ignored,
    label_noise,
    leak,
    learning_rate_too_high,
    learning_rate_too_low,
    linear_network,
    lopsided_weights,
    not_separable,
    oscillating_loss,
    outlying_inputs,
    over_regularized,
    overfitting,
    poor_initial_variance,
    rows_in_order,
    saturated_units,
    stalled,
    stopped_too_early,
    stopped_too_late,
    symmetric_units,
    underfitting,
    unscaled_inputs,
    unscaled_targets,
    vanishing_gradient,
    wrong_loss,
    wrong_output_activation,
)

__all__ = ["FINDINGS", "Find"]

Find: TypeAlias = Callable[[Case], Finding | None]

_MODULES = (
    bad_validation_split,
    leak,
    label_noise,
    outlying_inputs,
    unscaled_inputs,
    unscaled_targets,
    not_separable,
    imbalance_ignored,
    lopsided_weights,
    wrong_loss,
    wrong_output_activation,
    linear_network,
    symmetric_units,
    poor_initial_variance,
    batch_too_small_for_batch_norm,
    rows_in_order,
    divergence,
    learning_rate_too_high,
    learning_rate_too_low,
    oscillating_loss,
    exploding_gradient,
    vanishing_gradient,
    saturated_units,
    dead_units,
    clipped_all_the_time,
    dropout_too_high,
    over_regularized,
    batch_too_large,
    stopped_too_early,
    stopped_too_late,
    stalled,
    underfitting,
    overfitting,
)

#: For each name of a finding the function that looks for it in a case.
FINDINGS: Mapping[str, Find] = MappingProxyType({module.__name__.rpartition(".")[2]: module.find for module in _MODULES})
