"""What a run remembers, in checkpoints and in copies: all that it needs to go on as if it had never stopped."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Self

from lamina import validation
from lamina.stop_reason import StopReason
from lamina.training.callbacks.callback import Callback
from lamina.training.exclusive import RUNNING
from lamina.training.full_batch_fit import FullBatchFit
from lamina.training.history import History, without_durations
from lamina.training.learner import Learner
from lamina.training.moments import Moments
from lamina.training.rows import Rows
from lamina.training.run_state import load_run_state, run_state
from lamina.training.running_fit import RunningFit, checksum
from lamina.training.schedule_watch import ScheduleWatch
from lamina.training.team import Help
from lamina.training.validation_rows import ValidationRows
from lamina.validation import check_parameters

__all__ = ["Resumable"]

_PATH_RULE = {"path": validation.path()}


class Resumable(Learner):
    """A learner whose run can be written to a file, copied and taken up again.

    Attributes
    ----------
    callbacks : list of Callback
    history : History
    epoch : int
    """

    callbacks: list[Callback]
    history: History
    epoch: int
    stop_reason: StopReason | None
    _fit: RunningFit
    _full_batch: FullBatchFit
    _moments: Moments
    _help: Help | None  # of other processes, within a fit
    _display: list[Callback]  # what shows the running fit to the user

    def save_checkpoint(self, path: str | os.PathLike[str]) -> None:
        """Write everything needed to continue from here, bit for bit: from the end of an epoch, or from the midst of one.

        Raises
        ------
        FileError
            If the file cannot be written; an earlier one stays as it was.
        """
        from lamina.training.checkpoint import identity_of, write_checkpoint

        check_parameters({"path": path}, _PATH_RULE, owner="Trainer.save_checkpoint")
        callbacks = [callback.state() for callback in self.callbacks]
        state = {
            "identity": identity_of(self.settings, self.callbacks, self.metrics),
            "fit": self._fit.state(),
            "full_batch": self._full_batch.state(),
            "callbacks": callbacks,
            **run_state(self),
            "history": without_durations(self.history),
        }
        if state["fit"]["begun"] is not None:
            state["stop_reason"] = None  # what asked to stop since has not ended the epoch
        write_checkpoint(path, state)

    def load_checkpoint(self, path: str | os.PathLike[str]) -> Self:
        """Continue from a checkpoint. The trainer must be created with the settings of the one that wrote it.

        Returns
        -------
        Trainer
            This trainer.

        Raises
        ------
        FileError
            If the file is missing, damaged or not a checkpoint, or cannot have been written by a trainer with these settings.
        InvalidSettingError
            If network, losses, seed, dtype, optimizer, schedule, clipping, batch size, shuffling or callbacks are not those
            of the checkpoint.

        After an error the trainer is unchanged.
        """
        check_parameters({"path": path}, _PATH_RULE, owner="Trainer.load_checkpoint")
        self._load(path, self._read(path))
        return self

    def __getstate__(self) -> dict[str, Any]:
        """Settings, callbacks and the state of the run, without the engine: a copy or a pickle creates its own."""
        kept = {
            name: part for name, part in vars(self).items() if name not in ("_model", "_moments", "_help", "_display", RUNNING)
        }
        return kept | {"_run": None if self._model is None else run_state(self)}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        vars(self).update(state)
        self._help, self._display = None, []
        run, self._model = vars(self).pop("_run"), None
        self._moments = Moments([ScheduleWatch(), *self.callbacks])
        if run is not None:
            slots = self.build().executor.snapshot().slots
            # slots of an optimizer that was replaced since: the next fit would reset them anyway
            load_run_state(self, run if run["slots"].shape == slots.shape else run | {"slots": slots})

    def _read(self, path: str | os.PathLike[str]) -> dict[str, Any]:
        """The state in a checkpoint, checked against this trainer."""
        from lamina.training.checkpoint import read_state

        return read_state(path, self.settings, self.callbacks, self.metrics, self.schedule)

    def _load(self, path: str | os.PathLike[str], state: Mapping[str, Any]) -> None:
        """Load the checked state of a checkpoint."""
        from lamina.training.checkpoint import load_callbacks

        load_callbacks(path, self.callbacks, state["callbacks"])
        if not self.network.is_built:
            self.build([item["width"] for item in state["identity"]["network"]["inputs"]])
        load_run_state(self, state)
        self._fit.load_state(state["fit"])
        self._full_batch.load_state(state["full_batch"])

    def _resume(self, rows: Rows, validation: ValidationRows | None, max_epochs: int) -> None:
        """Continue from the checkpoint of an earlier run of this same ``fit``, if a callback knows one."""
        path = next(filter(None, (callback.resume_path() for callback in self.callbacks)), None)
        if path is None or self.epoch or self._fit.is_open:
            return
        from lamina.training.checkpoint import check_resumable

        state = self._read(path)
        check_resumable(state, checksum(rows, validation), max_epochs, path)
        self._load(path, state)
