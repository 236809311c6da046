"""Checks for trainer settings that cannot be used with this network, these callbacks or rows."""

from __future__ import annotations

from collections.abc import Sequence

from lamina.engine.program import Program
from lamina.errors import InvalidSettingError, phrase
from lamina.optimizers import LBFGS, Optimizer, PerturbationOptimizer
from lamina.schedules import Constant, Schedule
from lamina.training.callbacks.callback import Callback
from lamina.training.excluded_settings import changing, refuse
from lamina.training.settings import TrainerSettings

__all__ = ["check_batches", "check_blocks", "check_callbacks", "check_program", "check_trained", "first_batch_norm"]


def first_batch_norm(program: Program) -> str | None:
    """The name of the first batch norm layer that normalizes by the batch, if any."""
    return next((op.layer for op in program.ops if op.kind == "batch_norm" and not program.stands_still(op)), None)


def check_program(program: Program, settings: TrainerSettings, schedule: Schedule, *, owner: str = "Trainer") -> None:
    """Raise for layers and a schedule that the optimizer does not follow, and for a schedule of dropout where there is none.

    These are factors and schedules of the learning rate with L-BFGS, and dropout with weight perturbation. What settings exclude
    of each other, they say themselves (:mod:`lamina.training.excluded_settings`).

    Parameters
    ----------
    program : Program
    settings : TrainerSettings
    schedule : Schedule
        The schedule of the learning rate in use.

    Raises
    ------
    InvalidSettingError
    """
    optimizer = settings.optimizer
    if isinstance(optimizer, LBFGS):
        # a callback may have put another schedule in place of the setting
        refuse(changing({"schedule": schedule}), "must be None with L-BFGS, whose line search chooses the step sizes", owner)
        factors = {f"the learning_rate_factor of {p.name!r}": p.learning_rate_factor for p in program.parameters}
        other = {name: factor for name, factor in factors.items() if factor != 1.0}
        refuse(other, "must be 1 with L-BFGS, which has no learning rate", owner)
    if not isinstance(optimizer, PerturbationOptimizer):
        _check_dropout_schedule_acts(program, settings.dropout_schedule, owner)
        return
    for op in program.ops:
        if op.draws_masks and op.settings[0] > 0:
            rule = f"must be 0 with {type(optimizer).__name__}, whose trials must differ only in the weights"
            what, name = ("the dropout", "rate") if op.kind == "dropout" else ("the mask", "mask")
            repair = f"Remove {what}, or choose an optimizer that uses gradients, such as Adam."
            raise InvalidSettingError(phrase(f"the {name} of {op.layer!r}", rule, op.settings[0], repair=repair, owner=owner))


def _check_dropout_schedule_acts(program: Program, dropout: Schedule, owner: str) -> None:
    """Raise for a schedule of dropout rates that are 0 and stay so."""
    rates = [op.settings[0] for op in program.ops if op.kind == "dropout"]
    if not isinstance(dropout, Constant) and not (any(rates) or (rates and not dropout.scales)):
        rule, repair = "must be None without a dropout layer whose rate is above 0", "Add Dropout, or leave it out."
        raise InvalidSettingError(phrase("dropout_schedule", rule, dropout, repair=repair, owner=owner))


def check_callbacks(callbacks: Sequence[Callback], optimizer: Optimizer, *, owner: str = "Trainer") -> None:
    """Raise if callbacks need the gradient's norm and the optimizer computes no gradient, or if their order defeats one of them.

    Raises
    ------
    InvalidSettingError
    """
    needing = [type(callback).__name__ for callback in callbacks if callback.needs_gradient_norms]
    if needing and isinstance(optimizer, PerturbationOptimizer):
        rule = f"must not need the gradient's norm with {type(optimizer).__name__}, which computes no gradient"
        repair = "Remove the callback, or use an optimizer with gradients, such as Adam."
        raise InvalidSettingError(phrase("callbacks", rule, needing[0], repair=repair, owner=owner))
    names = [type(callback).__name__ for callback in callbacks]
    for i, callback in enumerate(callbacks):
        restoring = [names[j] for j in range(i + 1, len(callbacks)) if callbacks[j].restores_weights]
        if callback.replaces_weights and restoring:
            rule, repair = f"must have {restoring[0]} before {names[i]}", "Change their order, or set restore_best=False."
            raise InvalidSettingError(phrase("callbacks", rule, names, repair=repair, owner=owner))


def check_trained(program: Program, *, owner: str = "Trainer") -> None:
    """Raise if all layers with parameters are frozen.

    Raises
    ------
    InvalidSettingError
    """
    if program.num_parameters and not program.num_trainable:
        frozen = list(dict.fromkeys(parameter.layer for parameter in program.parameters))
        rule, repair = "must have a layer that is not frozen", "Make a layer trainable: unfreeze gives back all, or some by name."
        raise InvalidSettingError(phrase("the network", rule, frozen, repair=repair, owner=owner))


def check_batches(
    program: Program, optimizer: Optimizer, batch_size: int | None, num_rows: int | None, *, owner: str = "Trainer"
) -> None:
    """Raise if all layers are frozen, for batch norm on batches of one row, and for batches smaller than the data with L-BFGS.

    Parameters
    ----------
    batch_size : int or None
        As the user gave it; None if the trainer chooses it or takes all rows.
    num_rows : int or None
        The number of training rows; None if it is not known.

    Raises
    ------
    InvalidSettingError
    """
    check_trained(program, owner=owner)
    if isinstance(optimizer, LBFGS) and batch_size is not None and num_rows is not None and batch_size < num_rows:
        rule = f"must not be smaller than the {num_rows} rows with L-BFGS, which takes all of them at once"
        repair = "Leave it at its default, or choose an optimizer that takes steps, such as Adam."
        raise InvalidSettingError(phrase("batch_size", rule, batch_size, repair=repair, owner=owner))
    norm = first_batch_norm(program)
    if norm is not None and 1 in (num_rows, batch_size):
        rule = f"must be at least 2 with the batch norm {norm!r}: one row (1 sample) has no variance"
        repair = "Use larger batches, or LayerNorm."
        raise InvalidSettingError(phrase("the number of rows of a batch", rule, 1, repair=repair, owner=owner))


def check_blocks(settings: TrainerSettings, *, owner: str = "Trainer") -> None:
    """Raise for settings that need all rows at once, which blocks do not give.

    Raises
    ------
    InvalidSettingError
    """
    if isinstance(settings.optimizer, LBFGS):
        rule, repair = "must take steps where rows come in blocks", "Choose an optimizer such as Adam, or give arrays."
        raise InvalidSettingError(phrase("optimizer", rule, settings.optimizer, repair=repair, owner=owner))
    if settings.batch_size is None:
        rule, repair = "must be a number where rows come in blocks", "Choose one, such as 256, or give arrays."
        raise InvalidSettingError(phrase("batch_size", rule, None, repair=repair, owner=owner))
