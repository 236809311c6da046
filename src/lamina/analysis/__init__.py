"""Measurements of a network, its data or its training."""

from lamina.analysis.activation_statistics import ActivationStatistics, LayerStatistics, activation_statistics
from lamina.analysis.check_gradients import GradientCheck, ParameterCheck, check_gradients
from lamina.analysis.explain_step import ExplainedLayer, ExplainedStep, ExplainedWeight, explain_step
from lamina.analysis.gradient_noise_scale import GradientNoiseScale, gradient_noise_scale
from lamina.analysis.layer_outputs import LayerOutputs, layer_outputs
from lamina.analysis.learning_rate_range import LearningRateRange, learning_rate_range
from lamina.analysis.learning_rate_trials import LearningRateTrials
from lamina.analysis.permutation_importance import PermutationImportance, permutation_importance
from lamina.analysis.symmetry import LayerSymmetry, Symmetry, symmetry
from lamina.analysis.symmetry_record import SymmetryRecord
from lamina.analysis.update_record import UpdateRecord
from lamina.analysis.width_sweep import WidthSweep, width_sweep

__all__ = [
    "ActivationStatistics",
    "ExplainedLayer",
    "ExplainedStep",
    "ExplainedWeight",
    "GradientCheck",
    "GradientNoiseScale",
    "LayerOutputs",
    "LayerStatistics",
    "LayerSymmetry",
    "LearningRateRange",
    "LearningRateTrials",
    "ParameterCheck",
    "PermutationImportance",
    "Symmetry",
    "SymmetryRecord",
    "UpdateRecord",
    "WidthSweep",
    "activation_statistics",
    "check_gradients",
    "explain_step",
    "gradient_noise_scale",
    "layer_outputs",
    "learning_rate_range",
    "permutation_importance",
    "symmetry",
    "width_sweep",
]
