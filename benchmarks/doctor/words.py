"""The words of the benchmark: what a doctor may find, and what it may change."""

from __future__ import annotations

__all__ = ["CURES", "FINDINGS"]

#: What may be wrong with a training.
FINDINGS = (
    "vanishing_gradient",
    "exploding_gradient",
    "saturated_units",
    "dead_units",
    "rows_in_order",
    "symmetric_units",
    "learning_rate_too_high",
    "learning_rate_too_low",
    "oscillating_loss",
    "divergence",
    "stalled",
    "underfitting",
    "overfitting",
    "unscaled_inputs",
    "unscaled_targets",
    "wrong_loss",
    "wrong_output_activation",
    "linear_network",
    "poor_initial_variance",
    "imbalance_ignored",
    "leak",
    "label_noise",
    "batch_too_small_for_batch_norm",
    "batch_too_large",
    "dropout_too_high",
    "over_regularized",
    "clipped_all_the_time",
    "stopped_too_early",
    "stopped_too_late",
    "not_separable",
    "bad_validation_split",
)

#: What a cure may change.
CURES = (
    "learning_rate",
    "epochs",
    "activation",
    "weight_init",
    "batch_size",
    "clip_norm",
    "batch_norm",
    "dropout",
    "l2",
    "optimizer",
    "widths",
    "loss",
    "output_activation",
    "scale_inputs",
    "scale_targets",
    "class_weight",
    "early_stopping",
    "patience",
    "schedule",
    "shuffle",
    "shuffle_split",
)
