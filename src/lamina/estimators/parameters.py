"""The parameters of the classifier and the regressor, with their defaults."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from lamina.activations import Activation
    from lamina.initializers import Initializer
    from lamina.losses import Loss
    from lamina.network import Network
    from lamina.optimizers import Optimizer
    from lamina.schedules import Schedule
    from lamina.training import Callback

__all__ = [
    "SCIKIT_LEARN_SCHEDULES",
    "ActivationParameter",
    "ClassifierParameters",
    "HiddenLayerSizes",
    "LossParameter",
    "Parameters",
]

SCIKIT_LEARN_SCHEDULES = ("constant", "invscaling", "adaptive")

HiddenLayerSizes: TypeAlias = int | Sequence[int] | np.ndarray
ActivationParameter: TypeAlias = "str | Activation | Sequence[str | Activation]"
LossParameter: TypeAlias = "str | Loss | Callable[..., Any]"


@dataclass(eq=False, repr=False, kw_only=True)
class Parameters:
    """All parameters that the classifier and the regressor share, scikit-learn's first, then Lamina's.

    The estimators inherit them, since scikit-learn sets and reads them as attributes. A fit only uses an object of this class,
    which it creates from its estimator and which does not change.
    """

    loss: LossParameter
    hidden_layer_sizes: HiddenLayerSizes = (100,)
    activation: ActivationParameter = "relu"
    solver: str | Optimizer = "adam"
    alpha: float = 0.0001
    batch_size: int | str = "auto"
    learning_rate: str | Schedule | Callable[[int], float] = "constant"
    learning_rate_init: float = 0.001
    power_t: float = 0.5
    max_iter: int = 200
    shuffle: bool = True
    random_state: int | np.random.RandomState | None = None
    tol: float = 1e-4
    verbose: bool | int = False
    warm_start: bool = False
    momentum: float = 0.9
    nesterovs_momentum: bool = True
    early_stopping: bool = False
    validation_fraction: float = 0.1
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    n_iter_no_change: int | float = 10
    max_fun: int = 15000

    network: Network | None = None
    members: int = 1
    bins: int = 0
    cardinalities: Sequence[int | None] | None = None
    optimizer: str | Optimizer | None = None
    l1_ratio: float = 0.0
    weight_decay: float = 0.0
    weight_decay_schedule: str | Schedule | Callable[[int], float] = "constant"
    max_norm: float | None = None
    dropout: float | Sequence[float] = 0.0
    input_dropout: float = 0.0
    dropout_schedule: str | Schedule | Callable[[int], float] = "constant"
    batch_norm: bool = False
    layer_norm: bool = False
    norm_position: str = "before"
    weight_init: str | Initializer = "auto"
    bias_init: str | Initializer = "auto"
    clip_value: float | tuple[float, float] | None = None
    clip_norm: float | None = None
    clip_layer_norm: float | None = None
    objective: str | Callable[[np.ndarray, np.ndarray], float] | None = None
    n_restarts: int = 1
    validation_split: Any = None
    callbacks: Callback | Sequence[Callback] = ()
    max_time: float | None = None
    on_interrupt: str = "raise"
    precision: str = "full"
    n_threads: int | None = None
    engine: str = "auto"
    device: str = "auto"


@dataclass(eq=False, repr=False, kw_only=True)
class ClassifierParameters(Parameters):
    """The parameters of a classifier, which adds class weights and label smoothing."""

    loss: LossParameter = "log_loss"
    class_weight: str | Mapping[Any, float] | Sequence[Mapping[int, float]] | None = None
    label_smoothing: float = 0.0
