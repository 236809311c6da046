"""The valid values of each parameter of an estimator; for combinations see ``contradictions.py``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from lamina import initializers, training
from lamina.activations import ACTIVATIONS, ALIASES, Activation
from lamina.engine import DEVICES, ENGINES, N_THREADS, PRECISIONS
from lamina.errors import DataError, phrase, shown
from lamina.estimators.fitting.contradictions import find_contradictions
from lamina.estimators.parameters import SCIKIT_LEARN_SCHEDULES, ClassifierParameters, Parameters
from lamina.initializers import INITIALIZERS, Initializer
from lamina.losses import LABEL_LOSSES, NUMBER_LOSSES, Loss, aliases_of, canonical_loss
from lamina.metrics import LABEL_METRICS, NUMBER_METRICS, OBJECTIVES
from lamina.network import Network
from lamina.optimizers import OPTIMIZERS, Optimizer
from lamina.schedules import SCHEDULES, STEP_SCHEDULES, Schedule
from lamina.training import Callback
from lamina.training.callbacks.callback import list_of_callbacks
from lamina.validation import (
    InvalidParameterError,
    Rule,
    boolean,
    check_parameters,
    choice,
    function,
    instance,
    integer,
    number,
    one_of,
    sequence_of,
    value,
)

__all__ = ["check_each_parameter", "check_goes_by_epochs", "checked_parameters"]

_WIDEST = 10**6  # what is larger was not meant as a width
_NONE = value(None)
_ACTIVATION = one_of(choice((*ACTIVATIONS, *ALIASES, "prelu")), instance(Activation))
_RATE = number(0, 1, "left")
_POSITIVE_OR_NONE = one_of(_NONE, number(0, closed="neither"))
_INITIALIZER = one_of(choice(INITIALIZERS, initializers.ALIASES), instance(Initializer))

_STEP_SCHEDULE = one_of(
    choice(STEP_SCHEDULES),
    Rule("a Schedule that follows the steps", lambda given: isinstance(given, Schedule) and given.reactive is None),
    function("the step"),
)

_SHARED: dict[str, Rule] = {
    "hidden_layer_sizes": one_of(integer(1), sequence_of(integer(1))),
    "activation": one_of(_ACTIVATION, sequence_of(_ACTIVATION)),
    "solver": one_of(choice(dict.fromkeys(("lbfgs", "sgd", *OPTIMIZERS))), instance(Optimizer)),
    "alpha": number(0),
    "batch_size": one_of(choice(["auto"]), integer(1)),
    "learning_rate": one_of(
        choice(dict.fromkeys((*SCIKIT_LEARN_SCHEDULES, *SCHEDULES))), instance(Schedule), function("the step")
    ),
    "learning_rate_init": number(0, closed="neither"),
    "power_t": number(0),
    "max_iter": integer(1),
    "shuffle": boolean(),
    "random_state": one_of(_NONE, integer(0, 2**32 - 1), instance(np.random.RandomState)),
    "tol": number(0),
    "verbose": one_of(boolean(), integer(0)),
    "warm_start": boolean(),
    "momentum": _RATE,
    "nesterovs_momentum": boolean(),
    "early_stopping": boolean(),
    "validation_fraction": number(0, 1, "left"),
    "beta_1": _RATE,
    "beta_2": _RATE,
    "epsilon": number(0, closed="neither"),
    "n_iter_no_change": one_of(integer(1), value(np.inf)),
    "max_fun": integer(1),
    "network": one_of(_NONE, instance(Network)),
    "members": integer(1),
    "bins": integer(0),
    "cardinalities": one_of(_NONE, sequence_of(one_of(_NONE, integer(1, 2**53)), at_least=1)),
    "optimizer": one_of(_NONE, choice(OPTIMIZERS), instance(Optimizer)),
    "l1_ratio": number(0, 1),
    "weight_decay": number(0),
    "weight_decay_schedule": _STEP_SCHEDULE,
    "max_norm": _POSITIVE_OR_NONE,
    "dropout": one_of(_RATE, sequence_of(_RATE)),
    "input_dropout": _RATE,
    "dropout_schedule": _STEP_SCHEDULE,
    "batch_norm": boolean(),
    "layer_norm": boolean(),
    "norm_position": choice(("before", "after")),
    "weight_init": _INITIALIZER,
    "bias_init": _INITIALIZER,
    "clip_value": one_of(_NONE, number(0, closed="neither"), sequence_of(number(), length=2)),
    "clip_norm": _POSITIVE_OR_NONE,
    "clip_layer_norm": _POSITIVE_OR_NONE,
    "n_restarts": integer(1),
    "validation_split": one_of(
        _NONE,
        Rule("a scikit-learn splitter", lambda given: hasattr(given, "get_n_splits")),
        Rule("an array of row numbers or a mask", lambda given: isinstance(given, list | tuple | np.ndarray)),
    ),
    "callbacks": one_of(instance(Callback), sequence_of(instance(Callback))),
    "max_time": _POSITIVE_OR_NONE,
    "on_interrupt": choice(("raise", "return")),
    "precision": choice(PRECISIONS),
    "n_threads": N_THREADS,
    "engine": choice(ENGINES),
    "device": choice(DEVICES),
}

_LOSS_OBJECTS = (instance(Loss), function("logits and targets"))
_CLASSIFIER: dict[str, Rule] = {
    **_SHARED,
    "loss": one_of(choice(("log_loss", *LABEL_LOSSES), aliases_of(LABEL_LOSSES)), *_LOSS_OBJECTS),
    "class_weight": one_of(_NONE, choice(["balanced"]), instance(Mapping), sequence_of(instance(Mapping))),
    "label_smoothing": _RATE,
    "objective": one_of(_NONE, choice([name for name in OBJECTIVES if name in LABEL_METRICS]), function("y_true, y_pred")),
}
_REGRESSOR: dict[str, Rule] = {
    **_SHARED,
    "loss": one_of(choice(NUMBER_LOSSES, aliases_of(NUMBER_LOSSES)), *_LOSS_OBJECTS),
    "objective": one_of(_NONE, choice([name for name in OBJECTIVES if name in NUMBER_METRICS]), function("y_true, y_pred")),
}


def checked_parameters(estimator: Parameters) -> Parameters:
    """The current parameters of an estimator, checked.

    Raises
    ------
    InvalidParameterError
        One sentence for each wrong parameter or contradiction.
    """
    given = check_each_parameter(estimator)
    wrong = find_contradictions(given, type(estimator).__name__)
    if wrong:
        raise InvalidParameterError("\n".join(wrong))
    return (ClassifierParameters if isinstance(estimator, ClassifierParameters) else Parameters)(**given)


def check_each_parameter(estimator: Parameters) -> dict[str, Any]:
    """The current parameters of an estimator by name, each checked by itself: they may contradict one another.

    Raises
    ------
    InvalidParameterError
        One sentence for each wrong parameter.
    """
    # not get_params, whose signature inspection takes longer than all the checks
    given = {field.name: getattr(estimator, field.name) for field in fields(estimator)}
    owner, of_labels = type(estimator).__name__, isinstance(estimator, ClassifierParameters)
    if not of_labels and _are_widths(given["loss"]):
        repair = f"The first parameter of a regressor is the loss: write {owner}(hidden_layer_sizes={shown(given['loss'])})."
        raise InvalidParameterError(phrase("loss", "must be a loss", given["loss"], repair=repair, owner=owner))
    repairs = {"loss": _of_the_other_estimator(given["loss"], of_labels)}
    check_parameters(given, _CLASSIFIER if of_labels else _REGRESSOR, owner=owner, repairs=repairs)
    return given


def _of_the_other_estimator(loss: object, of_labels: bool) -> str:
    """What to do about a loss that only the other estimator learns with; "" if it is none."""
    others = NUMBER_LOSSES if of_labels else ("log_loss", *LABEL_LOSSES)
    if not isinstance(loss, str) or canonical_loss(loss) not in others:
        return ""
    return "It learns numbers: use MLPRegressor." if of_labels else "It learns labels: use MLPClassifier."


def _are_widths(loss: object) -> bool:
    """Whether what is given as the loss was meant to be the widths of the layers."""
    widths = loss if isinstance(loss, tuple | list) else [loss]
    return len(widths) > 0 and all(type(width) is int and 0 < width <= _WIDEST for width in widths)


def check_goes_by_epochs(parameters: Parameters, *, owner: str) -> None:
    """Raise for parameters that ``partial_fit`` does not support.

    Raises
    ------
    DataError
    """
    if isinstance(parameters, ClassifierParameters) and isinstance(parameters.class_weight, str):
        rule = "must not be 'balanced' in partial_fit, which sees only part of the rows and cannot know how frequent a class is"
        repair = (
            'Give the weights as a dict: dict(zip(classes, compute_class_weight("balanced", classes=classes, y=y))), with '
            "compute_class_weight of sklearn.utils.class_weight and a sample y of all the targets."
        )
        raise DataError(phrase("class_weight", rule, parameters.class_weight, repair=repair, owner=owner))
    if parameters.early_stopping:
        raise DataError("partial_fit does not support early_stopping=True. Use fit, which can hold out validation rows.")
    if parameters.n_restarts > 1:
        rule = "must be 1 for partial_fit, which continues from the current weights"
        raise DataError(phrase("n_restarts", rule, parameters.n_restarts, repair="Use fit.", owner=owner))
    if any(isinstance(callback, training.Checkpoint) for callback in list_of_callbacks(parameters.callbacks)):
        rule = "must not include a Checkpoint for partial_fit, which only sees the rows of one call"
        raise DataError(phrase("callbacks", rule, parameters.callbacks, repair="Pickle the estimator.", owner=owner))
