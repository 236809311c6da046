"""Lamina trains multilayer perceptrons, and any directed acyclic graph of layers, on your own data.

The names below are imported when first used: ``import lamina`` itself is instant and loads neither scikit-learn nor SciPy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.lazy import lazy_exports

if TYPE_CHECKING:
    from lamina.analysis.activation_statistics import activation_statistics
    from lamina.analysis.check_gradients import check_gradients
    from lamina.analysis.explain_step import explain_step
    from lamina.analysis.gradient_noise_scale import gradient_noise_scale
    from lamina.analysis.layer_outputs import layer_outputs
    from lamina.analysis.learning_rate_range import learning_rate_range
    from lamina.analysis.symmetry import symmetry
    from lamina.analysis.symmetry_record import SymmetryRecord
    from lamina.analysis.update_record import UpdateRecord
    from lamina.analysis.width_sweep import width_sweep
    from lamina.clipping import Clipping
    from lamina.descent import minimize
    from lamina.estimators import MLPClassifier, MLPRegressor, Perceptron, linear_separability
    from lamina.layers import (
        Activation,
        Add,
        BatchNorm,
        Concat,
        Dense,
        Dropout,
        LayerNorm,
        Multiply,
        PReLU,
    )
    from lamina.losses import (
        AbsoluteError,
        CustomLoss,
        Hinge,
        Huber,
        PerceptronLoss,
        Poisson,
        Quantile,
        SigmoidCrossEntropy,
        SoftmaxCrossEntropy,
        SquaredError,
    )
    from lamina.model import NetworkModel, TableModel, fit_table, load_model, save_model
    from lamina.network import Graph, Input, Sequential, data_driven_initialization
    from lamina.optimizers import (
        LBFGS,
        Adagrad,
        Adam,
        AdamW,
        GradientDescent,
        Momentum,
        Nadam,
        Nesterov,
        PerturbAll,
        PerturbOne,
        RMSprop,
    )
    from lamina.training import (
        Callback,
        Checkpoint,
        EarlyStopping,
        History,
        JsonlLog,
        LearningRate,
        Progress,
        SmallGradient,
        StopReason,
        TargetLoss,
        TimeLimit,
        Trainer,
        TrainingWarning,
    )

__all__ = [
    "LBFGS",
    "AbsoluteError",
    "Activation",
    "Adagrad",
    "Adam",
    "AdamW",
    "Add",
    "BatchNorm",
    "Callback",
    "Checkpoint",
    "Clipping",
    "Concat",
    "CustomLoss",
    "Dense",
    "Dropout",
    "EarlyStopping",
    "GradientDescent",
    "Graph",
    "Hinge",
    "History",
    "Huber",
    "Input",
    "JsonlLog",
    "LayerNorm",
    "LearningRate",
    "MLPClassifier",
    "MLPRegressor",
    "Momentum",
    "Multiply",
    "Nadam",
    "Nesterov",
    "NetworkModel",
    "PReLU",
    "Perceptron",
    "PerceptronLoss",
    "PerturbAll",
    "PerturbOne",
    "Poisson",
    "Progress",
    "Quantile",
    "RMSprop",
    "Sequential",
    "SigmoidCrossEntropy",
    "SmallGradient",
    "SoftmaxCrossEntropy",
    "SquaredError",
    "StopReason",
    "SymmetryRecord",
    "TableModel",
    "TargetLoss",
    "TimeLimit",
    "Trainer",
    "TrainingWarning",
    "UpdateRecord",
    "activation_statistics",
    "check_gradients",
    "data_driven_initialization",
    "explain_step",
    "fit_table",
    "gradient_noise_scale",
    "layer_outputs",
    "learning_rate_range",
    "linear_separability",
    "load_model",
    "minimize",
    "save_model",
    "symmetry",
    "width_sweep",
]
__version__ = "0.1.0"

# Where each name lives; the import is the first use's.
_HOMES = {
    "lamina.analysis": "SymmetryRecord UpdateRecord activation_statistics check_gradients explain_step gradient_noise_scale "
    "layer_outputs learning_rate_range symmetry width_sweep",
    "lamina.clipping": "Clipping",
    "lamina.descent": "minimize",
    "lamina.estimators": "MLPClassifier MLPRegressor Perceptron linear_separability",
    "lamina.layers": "Activation Add BatchNorm Concat Dense Dropout LayerNorm Multiply PReLU",
    "lamina.losses": "AbsoluteError CustomLoss Hinge Huber PerceptronLoss Poisson Quantile SigmoidCrossEntropy "
    "SoftmaxCrossEntropy SquaredError",
    "lamina.model": "NetworkModel TableModel fit_table load_model save_model",
    "lamina.network": "Graph Input Sequential data_driven_initialization",
    "lamina.optimizers": "LBFGS Adagrad Adam AdamW GradientDescent Momentum Nadam Nesterov PerturbAll PerturbOne RMSprop",
    "lamina.training": "Callback Checkpoint EarlyStopping History JsonlLog LearningRate Progress SmallGradient "
    "StopReason TargetLoss TimeLimit Trainer TrainingWarning",
}
__getattr__, __dir__ = lazy_exports(__name__, _HOMES)
