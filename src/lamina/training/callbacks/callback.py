"""What a callback may do, and what it sees of the training."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np

if TYPE_CHECKING:
    from lamina.engine.executor import Executor
    from lamina.network.named_arrays import NamedArrays
    from lamina.optimizers import Optimizer
    from lamina.schedules import Schedule
    from lamina.stop_reason import StopReason
    from lamina.training.best_weights import Weights
    from lamina.training.history import History, Record

__all__ = ["Callback", "Run", "list_of_callbacks"]


class Run(Protocol):
    """The trainer as callbacks see it: :class:`lamina.training.Trainer` keeps this.

    Attributes
    ----------
    executor : Executor
        Its ``parameters`` and ``state`` are live: writing into them changes the model.
    history : History
    epoch, step : int
        Epochs and steps done over the trainer's life.
    steps_per_epoch : int
    optimizer : Optimizer
    schedule : Schedule
        May be replaced; the next epoch follows the new one.
    stop_reason : StopReason or None
        None while training goes on.
    """

    history: History
    epoch: int
    step: int
    steps_per_epoch: int
    optimizer: Optimizer
    schedule: Schedule
    stop_reason: StopReason | None

    @property
    def last_epoch(self) -> int:
        """The epoch after which the running ``fit`` ends at the latest."""

    @property
    def executor(self) -> Executor:
        """What holds the weights and computes."""

    @property
    def weights(self) -> NamedArrays:
        """The parameters by name, live: writing into them changes the model."""

    def stop(self, code: str, text: str = "") -> None:
        """End the training after this epoch, or after this native call when an epoch is running."""

    def put_best(self, candidates: Sequence[Weights], monitor: str = "loss", *, larger_is_better: bool = False) -> float:
        """Take those of some weights whose watched number is the best, now that it is measured; it is returned."""

    def save_checkpoint(self, path: str | os.PathLike[str]) -> None:
        """Write everything that is needed to go on from here."""


class Callback:
    """Base of all callbacks: override the moments that matter, and read or act on the trainer.

    Moments come in this order: ``on_fit_begin``; for each epoch ``on_epoch_begin``, its native calls (``on_step_end``,
    ``on_chunk_end`` between them), ``on_epoch_end``; in the end, whatever happened, ``on_training_end`` and ``on_fit_end``, also
    when another callback's fails. At each moment they are called in the order given to the trainer, those with ``runs_last``
    after the others.

    Attributes
    ----------
    every_steps : int or None, default=None
        Call ``on_step_end`` every so many steps, >= 1; None: never. A small number costs speed: the engine then returns so often.
    runs_last : bool, default=False
        Whether to be called after the others.
    needs_gradient_norms : bool, default=False
        Whether the record shall hold ``gradient_norm``, the mean norm of the gradient over the epoch's steps (before clipping).
        Perturbed weights have no gradient, and refuse it.

    Examples
    --------
    >>> class PrintLoss(Callback):
    ...     def on_epoch_end(self, trainer, record):
    ...         print(record["epoch"], record["loss"])
    """

    every_steps: int | None = None
    runs_last: ClassVar[bool] = False
    needs_gradient_norms: ClassVar[bool] = False

    def on_fit_begin(self, trainer: Run) -> None:
        """``fit`` begins, or goes on after a checkpoint was loaded."""

    def on_epoch_begin(self, trainer: Run) -> None:
        """An epoch begins; ``trainer.epoch`` are done."""

    def on_step_end(self, trainer: Run, losses: np.ndarray) -> None:
        """``every_steps`` steps are done; ``losses`` are those of the steps since the last call of the engine, float64."""

    def on_chunk_end(self, trainer: Run, steps_done: int) -> None:
        """The engine came back in the midst of an epoch, of which ``steps_done`` steps are done."""

    def on_epoch_end(self, trainer: Run, record: Record) -> None:
        """An epoch is done, and ``record`` is the last of the history; it may be added to."""

    def on_training_end(self, trainer: Run) -> None:
        """The last step is done: what keeps weights aside puts them back now, before they are checked for the last time."""

    def on_fit_end(self, trainer: Run) -> None:
        """``fit`` ends; ``trainer.stop_reason`` says why."""

    def epochs_ahead(self, trainer: Run) -> float:
        """How many epochs may be done before ``on_epoch_end`` is called for the first of them, and then for the others.

        With 1, the default, each call finds the weights of its epoch. A callback that reads the record alone, and knows that it
        will not stop the training any sooner, can let more of them pass: short ones then share a call of the engine.
        """
        return 1

    def identity(self) -> dict[str, Any]:
        """What must be equal in the run that resumes from a checkpoint: the kind, and what decides how the training goes."""
        return {"kind": type(self).__name__}

    def resume_path(self) -> str | None:
        """The checkpoint with which a ``fit`` begins, if there is one from which it shall go on."""
        return None

    def for_restart(self, number: int) -> None:
        """This callback is a copy for one of several trainings, numbered from 1, that run at the same time."""

    def state(self) -> dict[str, Any]:
        """What a checkpoint must store for this callback to go on: numbers, texts, arrays, nested dicts and lists of them."""
        return {}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take back what :meth:`state` gave; ``on_fit_begin`` is called after this."""


def list_of_callbacks(callbacks: Callback | Sequence[Callback]) -> list[Callback]:
    """The list of one callback, or of several."""
    return [callbacks] if isinstance(callbacks, Callback) else list(callbacks)
