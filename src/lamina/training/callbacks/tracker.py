"""What is told to every tracker of experiments, and what happens when one fails."""

from __future__ import annotations

import copy
import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from typing import Any, ClassVar, NamedTuple, Protocol, Self

import numpy as np

from lamina.caller import warn_caller
from lamina.errors import FileError, InvalidSettingError, LaminaError, counted
from lamina.files import opened
from lamina.training.callbacks.callback import Callback, Run
from lamina.training.history import Record
from lamina.training.training_warning import TrainingWarning
from lamina.validation import Rule, integer, one_of, value

__all__ = ["HISTOGRAMS", "RUN_NAME", "Session", "Timed", "Tracker", "is_line", "numbers_of"]

HISTOGRAMS = one_of(integer(1), value(None))


def is_line(given: object) -> bool:
    """Whether it is text in one line, and not blank."""
    return isinstance(given, str) and given.isprintable() and bool(given.strip())


RUN_NAME = one_of(Rule("text in one line", is_line), value(None))

# Where an answer takes long, pauses are so long that waiting for it is a tenth of the time.
_PAUSE_BY_COST = 9.0
_STATUS = {"": "failed", "interrupted": "killed", "non_finite": "failed"}


class Timed(NamedTuple):
    """The record of an epoch, and when it ended, in seconds since 1970."""

    record: Record
    time_s: float


class Session(Protocol):
    """A run that is open at a tracker.

    Attributes
    ----------
    run : str
        Names the run, so that a later fit can go on in it.
    place : str
        Where it is, for messages.
    told : int
        The epochs that it has already.
    """

    run: str
    place: str
    told: int

    def begin(self, trainer: Run) -> None:
        """Say what the run is; what it has already is left."""

    def tell(self, epochs: Sequence[Timed]) -> None:
        """Log what the epochs' records hold, so that it is safe afterwards."""

    def show(self, epoch: int, weights: Mapping[str, np.ndarray]) -> None:
        """Log the distributions of the weights after an epoch."""

    def close(self, status: str, text: str) -> None:
        """End the run, unless it is the user's: "finished", "killed" or "failed", and the sentence that says why."""


class Tracker(Callback):
    """Tells a tracker of experiments about a run; a subclass says how to open one.

    A run is opened when ``fit`` starts, and what is wrong with that is raised before anything is trained. A tracker that fails
    later, for a full disk or a server that is gone, neither ends the training nor changes it: there is a
    :class:`TrainingWarning`, and all that is missing is told when the fit ends, if that is possible by then.

    Attributes
    ----------
    pause_s : float, default=0
        Short epochs are told together, so many seconds apart at least; 0: each at its end.
    """

    runs_last = True
    pause_s: ClassVar[float] = 0.0

    def __init__(self, histograms: int | None = None) -> None:
        self.histograms = histograms
        self.run: str | None = None
        self._suffix = ""
        self._told = 0
        self._session: Session | None = None
        self._waiting: list[Timed] = []
        self._has_failed = False
        self._next_s = 0.0

    def __getstate__(self) -> dict[str, Any]:
        """For a pickle: leave out the open run."""
        return vars(self) | {"_session": None, "_waiting": []}

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """A tracker without a run: two copies that went on in the same one would write over each other's epochs."""
        copied = type(self).__new__(type(self))
        vars(copied).update(copy.deepcopy(self.__getstate__(), memo), run=None, _told=0)
        return copied

    def _open(self, trainer: Run, run: str | None, told: int) -> Session:
        """Open a run: a new one, or ``run``, which has ``told`` epochs, or one that the user has opened."""
        raise NotImplementedError

    def on_fit_begin(self, trainer: Run) -> None:
        session = self._begun(trainer)
        self._session, self.run, self._told = session, session.run, session.told
        self._has_failed, self._next_s = False, 0.0
        self._waiting = []
        self._hear(trainer)  # of what a killed run had not told yet, and of what came before a run of the user's
        is_between_epochs, is_unknown = trainer.steps_this_epoch == 0, self._told < trainer.epoch or trainer.step == 0
        if is_between_epochs and is_unknown:
            self._log_epoch(session, trainer)

    def on_epoch_end(self, trainer: Run, record: Record) -> None:
        session = self._session
        if session is None:
            return
        if record["epoch"] > self._told:
            self._waiting.append(Timed(record, time.time()))
        self._log_epoch(session, trainer)

    def on_fit_end(self, trainer: Run) -> None:
        session = self._session
        if session is None:
            return
        reason = trainer.stop_reason
        code, text = ("", "The training ended with an error.") if reason is None else (reason.code, reason.text)
        try:
            self._hear(trainer)
            self._try(self._tell, is_over=True)
            if self._waiting:
                missing = counted(len(self._waiting), "epoch")
                self._warn(f"{missing} could not be logged to {session.place}. The history has them")
        finally:
            self._session, self._waiting = None, []
            self._try(lambda: session.close(_STATUS.get(code, "finished"), text), is_over=True)

    def epochs_ahead(self, trainer: Run) -> float:
        return math.inf if self.histograms is None else self.histograms - trainer.epoch % self.histograms

    def for_restart(self, number: int) -> None:
        self._suffix = f".restart{number}"

    def state(self) -> dict[str, Any]:
        return {"run": self.run, "told": self._told}

    def load_state(self, state: dict[str, Any]) -> None:
        self.run, self._told = state["run"], state["told"]

    def _run_name(self, name: str | None) -> str | None:
        """The name of a new run: the one given, and which restart it is, as far as there is either."""
        return name + self._suffix if name is not None else self._suffix.removeprefix(".") or None

    def _run_to_add_to(self, path: str | os.PathLike[str], owner: str) -> str:
        """The run to add a file to, once both are known to exist.

        Raises
        ------
        InvalidSettingError
            If there was no run yet.
        FileError
            If there is no such file.
        """
        if self.run is None:
            raise InvalidSettingError(f"{owner}: there is no run yet. Fit with this callback first.")
        with opened(path):
            return self.run

    def _begun(self, trainer: Run) -> Session:
        """An open run that says what it is; one that cannot is not left open."""
        goes_on = trainer.step > 0 and self.run is not None
        with ExitStack() as if_it_fails:
            try:
                session = self._open(trainer, self.run if goes_on else None, self._told)
                if_it_fails.callback(_given_up, session)
                session.begin(trainer)
            except LaminaError:
                raise
            except Exception as error:
                name, repair = type(self).__name__, "Mend that, or leave the callback out."
                raise FileError(f"{name}: no run could be opened: {_reason(error)}. {repair}") from error
            if_it_fails.pop_all()
        return session

    def _hear(self, trainer: Run) -> None:
        """Let the history's epochs that this tracker does not know wait: another callback may have raised before its turn."""
        now, last = time.time(), self._waiting[-1].record["epoch"] if self._waiting else self._told
        self._waiting += [Timed(record, now) for record in trainer.history if record["epoch"] > last]

    def _log_epoch(self, session: Session, trainer: Run) -> None:
        """Tell what waits, unless it is too early, and show the weights of the present epoch, if it is one that shows them.

        An epoch is told before its weights are shown: so a run that is resumed shows none twice.
        """
        shows = self.histograms is not None and trainer.epoch % self.histograms == 0
        if not self._has_failed and (shows or time.monotonic() >= self._next_s):
            self._try(self._tell)
        if not self._has_failed and shows:
            self._try(lambda: session.show(trainer.epoch, trainer.weights))

    def _tell(self) -> None:
        """Tell all that waits."""
        if self._session is None or not self._waiting:
            return
        began = time.monotonic()
        self._session.tell(self._waiting)
        self._told, self._waiting = self._waiting[-1].record["epoch"], []
        if self.pause_s:
            now = time.monotonic()
            self._next_s = now + max(self.pause_s, _PAUSE_BY_COST * (now - began))

    def _try(self, act: Callable[[], None], *, is_over: bool = False) -> None:
        """Do something that may fail; of the first failure there is a warning."""
        try:
            act()
        except Exception as error:
            had_failed, self._has_failed = self._has_failed, True
            if not had_failed:
                later = "" if is_over else ". Training goes on, and what is missing is logged at its end if that is possible then"
                self._warn(f"logging to run {self.run!r} failed: {_reason(error)}{later}")

    def _warn(self, text: str) -> None:
        warn_caller(f"{type(self).__name__}: {text}.", TrainingWarning)


def _given_up(session: Session) -> None:
    # Why it could not begin is the error that the user sees.
    with suppress(Exception):
        session.close("failed", "The run could not be begun.")


def numbers_of(record: Record) -> dict[str, float]:
    """The numbers of a record by name, without the epoch's; what callbacks add of another kind is left out.

    >>> numbers_of({"epoch": 3, "loss": np.float32(0.5), "is_best": True, "note": "x", "confusion": [[1, 2]]})
    {'loss': 0.5, 'is_best': 1.0}
    """
    kinds = int | float | np.integer | np.floating | np.bool_
    return {key: float(number) for key, number in record.items() if isinstance(number, kinds) and key != "epoch"}


def _reason(error: Exception) -> str:
    """What an error says, in one line that ends without a period."""
    text = str(error)
    if isinstance(error, OSError) and error.strerror:
        text = error.strerror if error.filename is None else f"{error.strerror}: {error.filename!r}"
    return f"{type(error).__name__}: {' '.join(text.split())}".rstrip(".: ")
