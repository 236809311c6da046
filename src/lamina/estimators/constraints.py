"""What every parameter of an estimator must be: the tables, and the contradictions between parameters that a table cannot see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lamina.activations import ACTIVATIONS, ALIASES, Activation
from lamina.errors import phrase
from lamina.initializers import INITIALIZERS, Initializer
from lamina.losses import Loss
from lamina.network import Network
from lamina.optimizers import OPTIMIZERS, Optimizer, PerturbationOptimizer, PerturbOne
from lamina.schedules import SCHEDULES, Schedule
from lamina.training import Callback, Checkpoint, JsonlLog, Progress
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

__all__ = ["CLASSIFIER_LOSSES", "REGRESSOR_LOSSES", "check_estimator_parameters"]

CLASSIFIER_LOSSES = ("log_loss", "hinge", "perceptron", "squared_error")
REGRESSOR_LOSSES = ("squared_error", "absolute_error", "huber", "quantile", "poisson")
SCIKIT_LEARN_SCHEDULES = ("constant", "invscaling", "adaptive")

_NONE = value(None)
_ACTIVATION = one_of(choice((*ACTIVATIONS, *ALIASES)), instance(Activation))
_RATE = number(0, 1, "left")
_POSITIVE_OR_NONE = one_of(_NONE, number(0, closed="neither"))
_INITIALIZER = one_of(choice(INITIALIZERS), instance(Initializer))

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
    "random_state": one_of(_NONE, integer(0), instance(np.random.RandomState)),
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
    "optimizer": one_of(_NONE, choice(OPTIMIZERS), instance(Optimizer)),
    "l1_ratio": number(0, 1),
    "weight_decay": number(0),
    "max_norm": _POSITIVE_OR_NONE,
    "dropout": one_of(_RATE, sequence_of(_RATE)),
    "input_dropout": _RATE,
    "batch_norm": boolean(),
    "layer_norm": boolean(),
    "weight_init": _INITIALIZER,
    "bias_init": _INITIALIZER,
    "clip_value": one_of(_NONE, number(0, closed="neither"), sequence_of(number(), length=2)),
    "clip_norm": _POSITIVE_OR_NONE,
    "clip_layer_norm": _POSITIVE_OR_NONE,
    "n_restarts": integer(1),
    "validation_split": one_of(
        _NONE,
        Rule("a splitter of scikit-learn", lambda given: hasattr(given, "get_n_splits")),
        Rule("an array of row numbers or a mask", lambda given: isinstance(given, list | tuple | np.ndarray)),
    ),
    "callbacks": one_of(instance(Callback), sequence_of(instance(Callback))),
    "max_time": _POSITIVE_OR_NONE,
    "n_threads": one_of(_NONE, integer(1)),
    "engine": choice(("auto", "native", "reference")),
}

_LOSS_OBJECTS = (instance(Loss), function("logits and targets"))
_TABLES: dict[str, dict[str, Rule]] = {
    "MLPClassifier": {
        **_SHARED,
        "loss": one_of(choice(CLASSIFIER_LOSSES), *_LOSS_OBJECTS),
        "class_weight": one_of(_NONE, choice(["balanced"]), instance(Mapping), sequence_of(instance(Mapping))),
        "label_smoothing": _RATE,
        "objective": one_of(_NONE, choice(("accuracy", "f1")), function("y_true, y_pred")),
    },
    "MLPRegressor": {
        **_SHARED,
        "loss": one_of(choice(REGRESSOR_LOSSES), *_LOSS_OBJECTS),
        "objective": one_of(_NONE, choice(("r2",)), function("y_true, y_pred")),
    },
}

# What describes the built-in network, and so contradicts one that the user brings; with each its default.
_STRUCTURE: dict[str, object] = {
    "hidden_layer_sizes": (100,),
    "activation": "relu",
    "alpha": 1e-4,
    "l1_ratio": 0.0,
    "max_norm": None,
    "dropout": 0.0,
    "input_dropout": 0.0,
    "batch_norm": False,
    "layer_norm": False,
    "weight_init": "auto",
    "bias_init": "auto",
}


def check_estimator_parameters(parameters: Mapping[str, object], family: str, owner: str) -> None:
    """Check the parameters of an estimator of the ``family`` "MLPClassifier" or "MLPRegressor"; errors name the ``owner``.

    Raises
    ------
    InvalidParameterError
        With one sentence for every wrong parameter or contradiction.
    """
    check_parameters(parameters, _TABLES[family], owner=owner)
    wrong = [*_lengths(parameters, owner), *_contradictions(parameters, owner), *_contradictions_of_training(parameters, owner)]
    if wrong:
        raise InvalidParameterError("\n".join(wrong))


def _lengths(parameters: Mapping[str, object], owner: str) -> list[str]:
    """Sentences for per-layer lists that are not one entry a hidden layer."""
    hidden = parameters["hidden_layer_sizes"]
    num_hidden = len(hidden) if isinstance(hidden, Sequence | np.ndarray) else 1
    rule = f"must be one value, or one a hidden layer ({num_hidden})"
    return [
        phrase(name, rule, given, owner=owner)
        for name in ("activation", "dropout")
        if isinstance(given := parameters[name], Sequence | np.ndarray)
        and not isinstance(given, str)
        and len(given) != num_hidden
    ]


def _contradictions(parameters: Mapping[str, object], owner: str) -> list[str]:
    """Sentences for parameters that cannot be used together."""
    wrong = []
    if parameters["network"] is not None:
        repair = "Set it on the layers of the network instead."
        rule = "must keep its default when network is given"
        changed = {name: parameters[name] for name, default in _STRUCTURE.items() if not _equal(parameters[name], default)}
        wrong += [phrase(name, rule, given, repair=repair, owner=owner) for name, given in changed.items()]
    if parameters["optimizer"] is not None and parameters["solver"] != "adam":
        repair = "Give one of the two."
        wrong.append(
            phrase("solver", "must keep its default when optimizer is given", parameters["solver"], repair=repair, owner=owner)
        )
    if parameters["batch_norm"] and parameters["layer_norm"]:
        repair = "Choose one normalization."
        wrong.append(phrase("layer_norm", "must be False when batch_norm is True", True, repair=repair, owner=owner))
    if parameters.get("label_smoothing", 0.0) and parameters["loss"] != "log_loss":
        repair = "Give the loss object its own label_smoothing."
        given = parameters["label_smoothing"]
        wrong.append(phrase("label_smoothing", "must be 0 unless loss is 'log_loss'", given, repair=repair, owner=owner))
    return wrong


def _contradictions_of_training(parameters: Mapping[str, object], owner: str) -> list[str]:
    """Sentences for settings of the training that exclude each other; what must stand is the default."""
    chosen = parameters["solver"] if parameters["optimizer"] is None else parameters["optimizer"]
    kind = OPTIMIZERS.get(chosen) if isinstance(chosen, str) else type(chosen)
    perturbs = kind is not None and issubclass(kind, PerturbationOptimizer)
    name = getattr(kind, "kind", chosen)
    forbidden: list[tuple[bool, tuple[str, ...], str, str]] = [
        (perturbs, ("dropout", "input_dropout"), f"with solver {name!r}", "Its trials must differ in the weights alone."),
        (perturbs, ("weight_decay",), f"with solver {name!r}", "Use alpha."),
        (kind is PerturbOne, _CLIPPING, f"with solver {name!r}", "It has no gradient to clip."),
        (not perturbs, ("objective",), "unless solver is 'perturb-one' or 'perturb-all'", "Other solvers follow the loss."),
        (parameters["n_restarts"] != 1, ("warm_start",), "with n_restarts > 1", "Every restart begins anew."),
    ]
    wrong = [
        phrase(setting, f"must be {_DEFAULTS[setting]!r} {when}", parameters[setting], repair=repair, owner=owner)
        for holds, settings, when, repair in forbidden
        for setting in settings
        if holds and _is_set(parameters[setting])
    ]
    if isinstance(chosen, PerturbationOptimizer) and chosen.objective is not None and parameters["objective"] is not None:
        rule = "must be None when the optimizer has an objective of its own"
        wrong.append(phrase("objective", rule, parameters["objective"], repair="Give one of the two.", owner=owner))
    callbacks = parameters["callbacks"] if isinstance(parameters["callbacks"], Sequence) else [parameters["callbacks"]]
    single = [type(callback).__name__ for callback in callbacks if isinstance(callback, Checkpoint | JsonlLog | Progress)]
    if parameters["n_restarts"] != 1 and single:
        repair = "Leave it out: the restarts run side by side, and would write over each other."
        rule = "must not write files or to the terminal with n_restarts > 1"
        wrong.append(phrase("callbacks", rule, single[0], repair=repair, owner=owner))
    if parameters["batch_norm"] and parameters["batch_size"] == 1:
        repair = "One row has no variance: use larger batches, or layer_norm."
        wrong.append(phrase("batch_size", "must be at least 2 with batch_norm", 1, repair=repair, owner=owner))
    return wrong


_CLIPPING = ("clip_value", "clip_norm", "clip_layer_norm")
_DEFAULTS: dict[str, object] = {
    "dropout": 0.0,
    "input_dropout": 0.0,
    "weight_decay": 0.0,
    "objective": None,
    "warm_start": False,
    **dict.fromkeys(_CLIPPING),
}


def _is_set(given: object) -> bool:
    """Whether a parameter is more than nothing: not None, False, 0, empty, or zeros throughout."""
    return bool(np.any(given)) if isinstance(given, Sequence | np.ndarray) and not isinstance(given, str) else bool(given)


def _equal(given: object, default: object) -> bool:
    """Whether a parameter has its default value; a list or array may stand for a tuple."""
    if isinstance(default, tuple):
        return np.array_equal(np.atleast_1d(given), default)  # type: ignore[call-overload]
    return type(given) is type(default) and given == default
