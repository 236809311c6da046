"""One training that a page watches and steers, in a thread of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from lamina.caller import warnings_told
from lamina.errors import LaminaError, NonFiniteError
from lamina.lab.curves import Curves
from lamina.lab.experiment import Experiment, LabRows, build, rows_of
from lamina.lab.state import MOST_EPOCHS, LabState
from lamina.lab.watcher import Watcher
from lamina.training import Monitor

__all__ = ["Session"]

_PROBED_ROWS = 256


class _Closed(BaseException):
    """Ends a training that nobody watches any more."""


class Session:
    """A training that can be played, paused and stepped through, and tells of itself in frames.

    All methods return at once, and may be called from any thread.

    Parameters
    ----------
    tell : callable
        Called in the training's thread with every frame, and every message: bytes, or a dict. Each has the number of the run
        that it is about, lest it be taken for one about another.
    table : data frame of pyarrow, optional
        The table that was opened.

    Examples
    --------
    >>> import queue
    >>> told = queue.Queue()
    >>> session = Session(told.put)
    >>> session.restart(LabState())
    >>> type(told.get(timeout=60))
    <class 'dict'>
    >>> session.close()
    """

    def __init__(self, tell: Callable[[bytes | dict[str, Any]], None], table: Any = None) -> None:
        self.table = table
        self._tell = tell
        self._changed = threading.Condition()
        self._state: LabState | None = None  # to begin with, when it is new
        self._next_run = self.run = 0
        self._is_playing = False
        self._is_closed = False
        self._allowed_steps = self._allowed_epochs = 0  # while it does not play
        self._steps_a_second = 0.0  # 0: as many as can be
        self._experiment: Experiment | None = None
        self._watcher: Watcher | None = None
        self._notes: set[str] = set()  # of the present run
        self._requests: list[Callable[[Experiment | None], None]] = []
        self._said = ""
        self._thread = threading.Thread(target=self._run, name="lamina lab", daemon=True)
        self._thread.start()

    # What the page asks for

    def restart(self, state: LabState, *, play: bool = False, run: int = 0) -> None:
        """Begin anew, from a state; ``run`` is the number of the run that begins."""
        with self._changed:
            self._state, self._next_run, self._is_playing = state, run, play
            self._allowed_steps = self._allowed_epochs = 0
            self._changed.notify_all()

    def play(self) -> None:
        """Train until something else is asked for."""
        self._set(_is_playing=True)

    def pause(self) -> None:
        """Stand still after the present steps."""
        self._set(_is_playing=False)

    def step(self) -> None:
        """Take one step, and pause."""
        self._set(_is_playing=False, _allowed_steps=1)

    def epoch(self) -> None:
        """Train to the end of the epoch, and pause."""
        self._set(_is_playing=False, _allowed_epochs=1)

    def set_speed(self, steps_a_second: float) -> None:
        """At most so many steps a second; 0: as many as can be."""
        self._set(_steps_a_second=steps_a_second)

    def close(self) -> None:
        """End the training, within half a second."""
        self._set(_is_closed=True)

    def ask(self, question: Callable[[Experiment | None], None]) -> None:
        """Have a function called between two steps, in the training's thread, with the present experiment, or None."""
        with self._changed:
            self._requests.append(question)
            self._changed.notify_all()

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait until the thread has ended; whether it has."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _set(self, **changes: Any) -> None:
        with self._changed:
            vars(self).update(changes)
            self._changed.notify_all()

    # The thread

    def _run(self) -> None:
        with suppress(_Closed), warnings_told(self._note):
            while True:
                self._tell_of_errors(self._train)

    def _tell_of_errors(self, run: Callable[[], None]) -> None:
        try:
            run()
        except NonFiniteError as error:
            self.tell({"kind": "ended", "code": "non_finite", "text": str(error)})
        except LaminaError as error:
            self.tell({"kind": "error", "text": str(error)})
        except Exception as error:  # the page and the server go on
            logging.getLogger(__name__).exception("A training of the lab ended.")
            self.tell({"kind": "error", "text": f"The training ended unexpectedly ({type(error).__name__}: {error})."})

    def _train(self) -> None:
        """Wait for a state, and train from it until there is another one or it ends."""
        with self._changed:
            self._wait_until(lambda: self._state is not None)
            state, self._state, self._said = self._state, None, ""
            self.run, self._experiment, self._watcher = self._next_run, None, None
        assert state is not None
        self._notes.clear()
        rows = rows_of(state, self.table)
        watchers: list[Watcher] = []
        for start in range(state.training.restarts):
            watcher = self._trained(state, rows, start)
            if self._has_another:
                return
            watchers.append(watcher)
        best = min(watchers, key=lambda watcher: watcher.outcome)
        self._experiment, self._watcher = best.experiment, best
        best.show(whole=True)
        reason = best.experiment.trainer.stop_reason
        text = reason.text if reason else ""
        if reason and reason.code == "max_epochs" and state.training.max_epochs == MOST_EPOCHS:
            text = f"{MOST_EPOCHS:,} epochs, the most that the lab trains for, were run."
        if len(watchers) > 1:
            text = f"{_of_starts(watchers, best)} {text}"
        self.tell({"kind": "ended", "code": reason.code if reason else "", "text": text})

    def _trained(self, state: LabState, rows: LabRows, start: int) -> Watcher:
        """Train until it ends, or until there is another state.

        Raises
        ------
        NonFiniteError
            If a number became infinite or NaN, and there are no other starts.
        """
        training = state.training
        monitor = Monitor(rows=_PROBED_ROWS)
        watcher = Watcher(self, monitor)
        experiment = watcher.experiment = build(state, rows, [monitor, watcher], start=start)
        self._experiment, self._watcher = experiment, watcher
        if start == 0:
            self.tell(_begun(experiment))
        if training.restarts > 1:
            self.tell({"kind": "start", "number": start + 1, "of": training.restarts})
        data: dict[str, Any] = {"validation_data": (rows.X_val, experiment.y_val)} if training.needs_validation else {}
        try:
            experiment.trainer.fit(rows.X, experiment.y, **data, max_epochs=training.max_epochs, final_check=False)
        except NonFiniteError:
            if training.restarts == 1:
                raise
        return watcher

    # What the watcher asks

    def allow(self, watcher: Watcher, *, after: str) -> bool:
        """Wait until training may go on after a "step", an "epoch" or the "begin"; False if there is another state.

        Raises
        ------
        _Closed
            If nobody watches any more.
        """
        with self._changed:
            if self._allowed_steps and after == "step":
                self._allowed_steps -= 1
            if self._allowed_epochs and after == "epoch":
                self._allowed_epochs -= 1
            if not self._may_go_on and self._state is None:
                watcher.show(whole=True)  # what it stands still at
                self._say("paused")
            self._wait_until(lambda: self._may_go_on or self._state is not None)
            if self._is_playing and self._state is None:
                self._say("playing")
            return self._state is None

    @property
    def curves(self) -> Curves:
        """Those of the present run; to be asked for in the training's thread."""
        return Curves(*np.empty((3, 0))) if self._watcher is None else self._watcher.curves

    @property
    def pace(self) -> float:
        """Steps a second that are wanted; infinite: as many as can be."""
        return self._steps_a_second or float("inf")

    @property
    def is_stepping(self) -> bool:
        """Whether one step is to be taken."""
        return self._allowed_steps > 0

    @property
    def goes_by_epochs(self) -> bool:
        """Whether many short epochs may go by before one looks."""
        return self._is_playing and not self._steps_a_second

    def tell(self, message: bytes | dict[str, Any]) -> None:
        """Tell the page."""
        self._tell(message if isinstance(message, bytes) else {**message, "run": self.run})

    @property
    def _has_another(self) -> bool:
        """Whether another state is to take the place of the present one."""
        return self._state is not None

    @property
    def _may_go_on(self) -> bool:
        return self._is_playing or self._allowed_steps > 0 or self._allowed_epochs > 0

    def _note(self, text: str) -> None:
        """Tell a note, once a run."""
        if text not in self._notes:
            self._notes.add(text)
            self.tell({"kind": "note", "text": text})

    def _say(self, what: str) -> None:
        """Tell whether it plays, unless that is known."""
        if what != self._said or what == "paused":
            self.tell({"kind": what})
        self._said = what

    def _wait_until(self, has_come: Callable[[], bool]) -> None:
        """Wait, and answer questions meanwhile; but not with an experiment in whose place another one is to begin."""
        while True:
            while self._requests and self._state is None:
                self._requests.pop(0)(self._experiment)
            if self._is_closed:
                raise _Closed
            if has_come():
                return
            self._changed.wait()


def _of_starts(watchers: Sequence[Watcher], best: Watcher) -> str:
    losses = ", ".join(f"{watcher.outcome:.3g}" for watcher in watchers)
    return f"Of {len(watchers)} starts, number {watchers.index(best) + 1} is the best: validation losses {losses}."


def _begun(experiment: Experiment) -> dict[str, Any]:
    """What the page must know of an experiment before its first frame."""
    rows, network = experiment.rows, experiment.trainer.network
    points = [] if rows.points is None else np.column_stack([rows.points, rows.y]).tolist()
    judged = [] if rows.points_val is None else np.column_stack([rows.points_val, rows.y_val]).tolist()
    return {
        "kind": "begun",
        "state": experiment.state.to_dict(),
        "features": list(rows.features),
        "classes": list(rows.classes),
        "rows": {"training": len(rows.y), "validation": len(rows.y_val)},
        "points": points,
        "validation_points": judged,
        "hidden": list(experiment.hidden),
        "weighted": list(experiment.weighted),
        "parameters": network.num_parameters,
        "depth": network.depth,
        "metric": "accuracy" if rows.classes else "R²",
        "losses": ["auto", *rows.losses[1:]],
    }
