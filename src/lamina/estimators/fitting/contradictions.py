"""Checks for parameters of an estimator that cannot be used together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields

import numpy as np

from lamina import training
from lamina.errors import phrase
from lamina.estimators.parameters import SCIKIT_LEARN_SCHEDULES, Parameters
from lamina.optimizers import OPTIMIZERS, PerturbationOptimizer, StepOptimizer
from lamina.schedules import Constant, get_step_schedule

__all__ = ["find_contradictions"]

# These describe the built-in network, so they contradict a custom one.
_STRUCTURE = (
    "hidden_layer_sizes",
    "members",
    "bins",
    "cardinalities",
    "activation",
    "alpha",
    "l1_ratio",
    "max_norm",
    "dropout",
    "input_dropout",
    "batch_norm",
    "layer_norm",
    "norm_position",
    "weight_init",
    "bias_init",
)
_MOST_RESTARTS = 100_000
_CLIPPING = ("clip_value", "clip_norm", "clip_layer_norm")

_DEFAULTS: dict[str, object] = {field.name: field.default for field in fields(Parameters)}


def find_contradictions(parameters: Mapping[str, object], owner: str) -> list[str]:
    """One sentence for each contradiction between parameters that are individually valid."""
    return [*_lengths(parameters, owner), *_of_network(parameters, owner), *_of_training(parameters, owner)]


def _lengths(parameters: Mapping[str, object], owner: str) -> list[str]:
    """Sentences for per-layer lists that do not have one entry per hidden layer."""
    hidden = parameters["hidden_layer_sizes"]
    num_hidden = len(hidden) if isinstance(hidden, Sequence | np.ndarray) else 1
    rule = f"must be one value, or one per hidden layer ({num_hidden})"
    return [
        phrase(name, rule, given, owner=owner)
        for name in ("activation", "dropout")
        if isinstance(given := parameters[name], Sequence | np.ndarray)
        and not isinstance(given, str)
        and len(given) != num_hidden
    ]


def _of_network(parameters: Mapping[str, object], owner: str) -> list[str]:
    """Sentences for parameters of the network and its loss that exclude each other."""
    wrong = []
    if parameters["network"] is not None:
        repair = "Set it on the layers of the network instead."
        rule = "must keep its default when network is given"
        changed = {name: parameters[name] for name in _STRUCTURE if not _equal(parameters[name], _DEFAULTS[name])}
        wrong += [phrase(name, rule, given, repair=repair, owner=owner) for name, given in changed.items()]
    if parameters["optimizer"] is not None and parameters["solver"] != "adam":
        repair = "Give one of the two."
        wrong.append(
            phrase("solver", "must keep its default when optimizer is given", parameters["solver"], repair=repair, owner=owner)
        )
    if parameters["batch_norm"] and parameters["layer_norm"]:
        repair = "Choose one normalization."
        wrong.append(phrase("layer_norm", "must be False when batch_norm is True", True, repair=repair, owner=owner))
    if parameters["norm_position"] == "after" and not (parameters["batch_norm"] or parameters["layer_norm"]):
        repair = "Set one of them, or leave it out."
        rule = "must be 'before' without batch_norm or layer_norm"
        wrong.append(phrase("norm_position", rule, "after", repair=repair, owner=owner))
    if parameters.get("label_smoothing", 0.0) and parameters["loss"] != "log_loss":
        repair = "Give the loss object its own label_smoothing."
        given = parameters["label_smoothing"]
        wrong.append(phrase("label_smoothing", "must be 0 unless loss is 'log_loss'", given, repair=repair, owner=owner))
    return wrong


def _of_training(parameters: Mapping[str, object], owner: str) -> list[str]:
    """Sentences for training settings that exclude each other; the required value is the default."""
    chosen = parameters["solver"] if parameters["optimizer"] is None else parameters["optimizer"]
    kind = OPTIMIZERS.get(chosen) if isinstance(chosen, str) else type(chosen)
    perturbs = kind is not None and issubclass(kind, PerturbationOptimizer)
    name = getattr(kind, "kind", chosen)
    forbidden: list[tuple[bool, tuple[str, ...], str, str]] = [
        (perturbs, ("dropout", "input_dropout"), f"with solver {name!r}", "Its trials must differ only in the weights."),
        (perturbs, ("weight_decay",), f"with solver {name!r}", "Use alpha."),
        (name == "perturb-one", _CLIPPING, f"with solver {name!r}", "It has no gradient to clip."),
        (name == "lbfgs", _CLIPPING, f"with solver {name!r}", "Its line search bounds the step."),
        (name == "lbfgs", ("weight_decay",), f"with solver {name!r}", "Use alpha."),
        (
            name == "lbfgs" or perturbs,
            ("precision",),
            f"with solver {name!r}",
            "It compares losses more finely than bfloat16 tells.",
        ),
        (not perturbs, ("objective",), "unless solver is 'perturb-one' or 'perturb-all'", "Other solvers follow the loss."),
        (parameters["n_restarts"] != 1, ("warm_start",), "with n_restarts > 1", "Every restart starts from new weights."),
    ]
    wrong = [
        phrase(setting, f"must be {_DEFAULTS[setting]!r} {when}", parameters[setting], repair=repair, owner=owner)
        for holds, settings, when, repair in forbidden
        for setting in settings
        if holds and _is_set(parameters[setting]) and not _equal(parameters[setting], _DEFAULTS[setting])
    ]
    if isinstance(chosen, PerturbationOptimizer) and chosen.objective is not None and parameters["objective"] is not None:
        rule = "must be None when the optimizer has its own objective"
        wrong.append(phrase("objective", rule, parameters["objective"], repair="Give one of the two.", owner=owner))
    needing = [type(callback).__name__ for callback in _callbacks(parameters) if getattr(callback, "needs_gradient_norms", False)]
    if perturbs and needing:
        rule, repair = f"must not need the gradient's norm with solver {name!r}", "It computes no gradient. Remove the callback."
        wrong.append(phrase("callbacks", rule, needing[0], repair=repair, owner=owner))
    schedule = parameters["learning_rate"]
    if name == "lbfgs" and schedule not in SCIKIT_LEARN_SCHEDULES:
        repair = "Leave it out: its line search chooses the step sizes."
        wrong.append(phrase("learning_rate", f"must be 'constant' with solver {name!r}", schedule, repair=repair, owner=owner))
    for setting in ("dropout_schedule", "weight_decay_schedule"):
        if (name == "lbfgs" or perturbs) and parameters[setting] != "constant":
            repair = "It has neither: leave it out."
            wrong.append(
                phrase(setting, f"must be 'constant' with solver {name!r}", parameters[setting], repair=repair, owner=owner)
            )
    if not (name == "lbfgs" or perturbs):
        wrong += _of_schedules(parameters, chosen, owner)
    if parameters["device"] != "auto" and parameters["engine"] != "torch":
        rule, repair = f"must be 'auto' with engine={parameters['engine']!r}", "Use engine='torch' for a device."
        wrong.append(phrase("device", rule, parameters["device"], repair=repair, owner=owner))
    if parameters["n_restarts"] != 1:
        wrong += _of_restarts(parameters, owner)
    if any(isinstance(callback, training.Checkpoint) and callback.resume for callback in _callbacks(parameters)):
        wrong += _of_resuming(parameters, owner)
    if parameters["batch_norm"] and parameters["batch_size"] == 1:
        repair = "One row has no variance: use larger batches, or layer_norm."
        wrong.append(phrase("batch_size", "must be at least 2 with batch_norm", 1, repair=repair, owner=owner))
    return wrong


def _of_schedules(parameters: Mapping[str, object], solver: object, owner: str) -> list[str]:
    """Sentences for schedules of what is 0; the trainer checks that of a network's dropout."""
    wrong = []
    drops = parameters["network"] is not None or _is_set(parameters["dropout"]) or _is_set(parameters["input_dropout"])
    given = parameters["dropout_schedule"]
    if not drops and not isinstance(get_step_schedule(given), Constant):  # type: ignore[arg-type]
        rule, repair = "must be 'constant' with a dropout of 0", "Set dropout or input_dropout above 0, or leave it out."
        wrong.append(phrase("dropout_schedule", rule, given, repair=repair, owner=owner))
    # adamw has a weight decay of its own
    decays = solver.weight_decay if isinstance(solver, StepOptimizer) else parameters["weight_decay"] or solver == "adamw"
    schedule = get_step_schedule(given := parameters["weight_decay_schedule"])  # type: ignore[arg-type]
    if not decays and schedule.scales and not isinstance(schedule, Constant):
        rule, repair = "must be 'constant' with a weight decay of 0", "Set weight_decay above 0, or leave it out."
        wrong.append(phrase("weight_decay_schedule", rule, given, repair=repair, owner=owner))
    return wrong


def _of_restarts(parameters: Mapping[str, object], owner: str) -> list[str]:
    """Sentences for more restarts than memory can hold, and for callbacks that restarts cannot share."""
    if parameters["n_restarts"] > _MOST_RESTARTS:  # type: ignore[operator]
        rule = f"must be at most {_MOST_RESTARTS}, since all of them are kept in memory"
        return [phrase("n_restarts", rule, parameters["n_restarts"], repair="Use fewer restarts.", owner=owner)]
    writing = (training.JsonlLog, training.Progress)
    found = [type(callback).__name__ for callback in _callbacks(parameters) if isinstance(callback, writing)]
    repair = "Leave it out: the restarts run in parallel, and would overwrite each other's output."
    rule = "must not write files or to the terminal with n_restarts > 1"
    return [phrase("callbacks", rule, found[0], repair=repair, owner=owner)] if found else []


def _of_resuming(parameters: Mapping[str, object], owner: str) -> list[str]:
    """Sentences for parameters that rule out resuming from a file, for which the same call must mean the same run."""
    wrong = []
    if parameters["random_state"] is None:
        repair = "Give an integer."
        wrong.append(phrase("random_state", "must be set with Checkpoint(resume=True)", None, repair=repair, owner=owner))
    if parameters["warm_start"]:
        repair = "A fit that resumes from a file cannot also continue from an earlier fit."
        wrong.append(phrase("warm_start", "must be False with Checkpoint(resume=True)", True, repair=repair, owner=owner))
    return wrong


def _callbacks(parameters: Mapping[str, object]) -> Sequence[object]:
    given = parameters["callbacks"]
    return given if isinstance(given, Sequence) else [given]


def _is_set(given: object) -> bool:
    """Whether a parameter has an effect: not None, False, 0, empty, or all zeros."""
    return bool(np.any(given)) if isinstance(given, Sequence | np.ndarray) and not isinstance(given, str) else bool(given)


def _equal(given: object, default: object) -> bool:
    """Whether a parameter has its default value; a list or array may stand for a tuple."""
    if isinstance(default, tuple):
        return np.array_equal(np.atleast_1d(given), default)  # type: ignore[call-overload]
    return type(given) is type(default) and given == default
