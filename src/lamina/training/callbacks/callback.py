"""The base class of callbacks, and the trainer's interface to them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np

if TYPE_CHECKING:
    from lamina.engine.executor import Executor, Probe, Watch
    from lamina.engine.plan import Batches, Clipping, TrainingResult
    from lamina.network.named_arrays import NamedArrays
    from lamina.optimizers import Optimizer
    from lamina.schedules import Schedule
    from lamina.stop_reason import StopReason
    from lamina.training.best_weights import Weights
    from lamina.training.history import History, Record
    from lamina.training.settings import TrainerSettings

__all__ = ["Callback", "Run", "list_of_callbacks"]


class Run(Protocol):
    """The trainer's interface to callbacks, which :class:`lamina.training.Trainer` implements.

    Attributes
    ----------
    executor : Executor
        Its ``parameters`` and ``state`` are live: writing into them changes the model.
    settings : TrainerSettings
    history : History
    epoch, step : int
        Epochs and steps done over all fits of the trainer.
    steps_per_epoch : int or None
        None in the first epoch of rows in blocks whose number is not known.
    rows_per_step : int
    clipping : Clipping
    optimizer : Optimizer
    schedule : Schedule
        May be replaced; the new one applies from the next epoch.
    stop_reason : StopReason or None
        None while training continues.
    seed : int
        Seed of all randomness.
    """

    settings: TrainerSettings
    history: History
    epoch: int
    step: int
    steps_per_epoch: int | None
    rows_per_step: int
    clipping: Clipping
    optimizer: Optimizer
    schedule: Schedule
    stop_reason: StopReason | None

    @property
    def last_epoch(self) -> int:
        """The epoch after which the running ``fit`` ends at the latest."""

    @property
    def training_data(self) -> Batches | None:
        """The rows of the running ``fit`` in the engine's form; None outside of it, and where they come in blocks."""

    @property
    def validation_data(self) -> Batches | None:
        """The validation rows of the running ``fit`` in the engine's form; None without, and where they come in blocks."""

    @property
    def steps_this_epoch(self) -> int:
        """How many steps of the present epoch are done."""

    @property
    def has_validation(self) -> bool:
        """Whether the running ``fit`` has validation rows."""

    @property
    def seed(self) -> int:
        """The seed of all randomness."""

    @property
    def executor(self) -> Executor:
        """The executor, which holds the weights and does the computation."""

    @property
    def weights(self) -> NamedArrays:
        """The parameters by name, live: writing into them changes the model."""

    @property
    def watches_steps(self) -> bool:
        """Whether the engine measures on its way what :meth:`Callback.watch` asks for."""

    def stop(self, code: str, text: str = "") -> None:
        """Stop training after this epoch or, during an epoch, after the current native call."""

    def put_best(
        self, candidates: Sequence[Weights], monitor: str = "loss", *, larger_is_better: bool = False, also_first: bool = False
    ) -> float:
        """Measure several sets of weights, restore those with the best monitored number, and return that number."""

    def draw_rows(self, count: int) -> Batches:
        """Copies of ``count`` training rows of the running ``fit``, drawn by the seed, or of all if there are fewer."""

    def probe(self, data: Batches) -> tuple[float, Probe]:
        """The loss of the rows, and how each layer fares on them: both passes of a training step, without dropout."""

    def save_checkpoint(self, path: str | os.PathLike[str]) -> None:
        """Write everything needed to continue from here."""


class Callback:
    """Base class of all callbacks: override the methods for the events you need, and read or modify the trainer in them.

    Events occur in this order: ``on_fit_begin``; for each epoch ``on_epoch_begin``, its native calls (each followed by
    ``on_steps_done``, and with ``on_step_end`` and ``on_chunk_end`` between them) and ``on_epoch_end``; at the end
    ``on_training_end`` and ``on_fit_end``, which are always called, even if another callback raises. At each event callbacks are
    called in the order given to the trainer, those with ``runs_last`` after the others.

    Attributes
    ----------
    every_steps : int or None, default=None
        Call ``on_step_end`` every ``every_steps`` steps, >= 1; None: never. A small number is slow, since the engine must return
        that often.
    runs_last : bool, default=False
        Whether to be called after the others.
    needs_gradient_norms : bool, default=False
        Whether the record must hold ``gradient_norm``, the mean norm of the gradient over the epoch's steps (before clipping).
        Optimizers that perturb weights compute no gradient and raise an error.
    restores_weights, replaces_weights : bool, default=False
        Whether ``on_training_end`` puts weights back that were kept aside, and whether it does so in place of those that other
        callbacks put back, which must then come before this one.

    Examples
    --------
    >>> class PrintLoss(Callback):
    ...     def on_epoch_end(self, trainer, record):
    ...         print(record["epoch"], record["loss"])
    """

    every_steps: int | None = None
    runs_last: ClassVar[bool] = False
    needs_gradient_norms: ClassVar[bool] = False
    replaces_weights: ClassVar[bool] = False

    @property
    def restores_weights(self) -> bool:
        return False

    def on_fit_begin(self, trainer: Run) -> None:
        """Called when ``fit`` starts, or continues after a checkpoint was loaded."""

    def on_epoch_begin(self, trainer: Run) -> None:
        """Called when an epoch starts; ``trainer.epoch`` epochs are done."""

    def on_steps_done(self, trainer: Run, first_step: int, result: TrainingResult) -> None:
        """Called when the engine returns, with what it did from ``first_step`` on: each step's loss, clipping, a failure.

        A call may be a part of an epoch or many short epochs, of which ``on_epoch_end`` then tells. Where gradients are clipped,
        ``result.gradient_norms`` are those before clipping. An iteration of L-BFGS is a step.
        """

    def next_step(self, trainer: Run) -> int | None:
        """The number of steps done, more than ``trainer.step``, at which ``on_step_end`` is to be called next; None: never.

        It is asked before each call of the engine, and follows from ``every_steps`` unless a callback overrides it.
        """
        return None if self.every_steps is None else trainer.step + self.every_steps - trainer.step % self.every_steps

    def watch(self, trainer: Run, num_steps: int) -> Watch | None:
        """What the engine is to measure on the way of its next call, of at most ``num_steps`` steps; None: nothing.

        It is asked where ``run.watches_steps``, and says in ``on_steps_done`` what it found: that the engine need not return
        for it.
        """
        return None

    def on_step_end(self, trainer: Run, losses: np.ndarray) -> None:
        """Called at :meth:`next_step`; ``losses`` are those of the engine's last call, one per step, float64."""

    def on_chunk_end(self, trainer: Run, steps_done: int) -> None:
        """Called when the engine returns during an epoch, of which ``steps_done`` steps are done."""

    def on_epoch_end(self, trainer: Run, record: Record) -> None:
        """Called when an epoch is done; ``record`` is the last record of the history, and entries may be added to it."""

    def on_training_end(self, trainer: Run) -> None:
        """Called after the last step; callbacks that keep weights restore them here, before the final check."""

    def on_fit_end(self, trainer: Run) -> None:
        """Called when ``fit`` ends; ``trainer.stop_reason`` says why."""

    def epochs_ahead(self, trainer: Run) -> float:
        """How many epochs may be done before ``on_epoch_end`` is called for all of them in turn.

        With 1, the default, each call sees the weights of its epoch. A callback that only reads the record, and knows that it
        will not stop training earlier, can return more: short epochs then share a call of the engine.
        """
        return 1

    def identity(self) -> dict[str, Any]:
        """What must be equal in a run that resumes from a checkpoint: the kind, and settings that affect training."""
        return {"kind": type(self).__name__}

    def resume_path(self) -> str | None:
        """The path of the checkpoint that a ``fit`` resumes from, or None."""
        return None

    def for_restart(self, number: int) -> None:
        """Called on a copy of this callback for one of several runs at the same time, numbered from 1."""

    def state(self) -> dict[str, Any]:
        """The state that a checkpoint stores for this callback: numbers, strings, arrays, and nested dicts and lists of them."""
        return {}

    def load_state(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`state` returned; ``on_fit_begin`` is called after this."""


def list_of_callbacks(callbacks: Callback | Sequence[Callback]) -> list[Callback]:
    """One callback or several as a list."""
    return [callbacks] if isinstance(callbacks, Callback) else list(callbacks)
