"""One training that a page watches and steers, in a thread of its own."""

from __future__ import annotations

import logging
import threading
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import numpy as np

from lamina.errors import LaminaError, NonFiniteError
from lamina.lab.experiment import Experiment, LabRows, build, rows_of
from lamina.lab.frames import pack
from lamina.lab.pictures import decision_map, unit_maps, weights_of
from lamina.lab.state import LabState
from lamina.training import Callback, Monitor

__all__ = ["Session"]

_FRAME_S = 1 / 30
_LOOK_S = _FRAME_S / 3  # between two looks at the clock
_MAPS_S = 1 / 8  # between two pictures of all units, which cost more than that of the output
_MAP, _UNIT_MAP = 128, 24  # cells a side
_CURVE = 400  # points of a curve
_PROBED_ROWS = 256
_NOTING = threading.Lock()  # notes are the process's, not a thread's
_Made = TypeVar("_Made")


class _Closed(BaseException):
    """Ends a training that nobody watches any more."""


class Session:
    """A training that can be played, paused and stepped through, and tells of itself in frames.

    All methods return at once, and may be called from any thread.

    Parameters
    ----------
    tell : callable
        Called in the training's thread with every frame, and every message: bytes, or a dict.
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
        self._is_playing = False
        self._is_closed = False
        self._allowed_steps: float = 0  # while it does not play
        self._allowed_epochs = 0
        self._steps_a_second = 0.0  # 0: as many as can be
        self._experiment: Experiment | None = None
        self._requests: list[Callable[[Experiment | None], None]] = []
        self._said = ""
        self._thread = threading.Thread(target=self._run, name="lamina lab", daemon=True)
        self._thread.start()

    # What the page asks for

    def restart(self, state: LabState, *, play: bool = False) -> None:
        """Begin anew, from a state."""
        with self._changed:
            self._state, self._is_playing = state, play
            self._allowed_steps = self._allowed_epochs = 0
            self._changed.notify_all()

    def play(self) -> None:
        self._set(_is_playing=True)

    def pause(self) -> None:
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
        with suppress(_Closed):
            while True:
                self._tell_of_errors(self._train)

    def _tell_of_errors(self, run: Callable[[], None]) -> None:
        try:
            run()
        except NonFiniteError as error:
            self._tell({"kind": "ended", "code": "non_finite", "text": str(error)})
        except LaminaError as error:
            self._tell({"kind": "error", "text": str(error)})
        except Exception as error:  # the page and the server go on
            logging.getLogger(__name__).exception("A training of the lab ended.")
            self._tell({"kind": "error", "text": f"The training ended unexpectedly ({type(error).__name__}: {error})."})

    def _train(self) -> None:
        """Wait for a state, and train from it until there is another one or it ends."""
        with self._changed:
            self._wait_until(lambda: self._state is not None)
            state, self._state, self._said = self._state, None, ""
        assert state is not None
        self._experiment = None
        rows, notes = _noted(lambda: rows_of(state, self.table))
        for note in notes:
            self._tell({"kind": "note", "text": note})
        monitor = Monitor(rows=_PROBED_ROWS)
        watcher = _Watcher(self, monitor)
        experiment = watcher.experiment = build(state, rows, [monitor, watcher])
        self._experiment = experiment
        self._tell(_begun(experiment))
        validates = bool(state.training.patience)
        data: dict[str, Any] = {"validation_data": (rows.X_val, rows.y_val)} if validates else {}
        experiment.trainer.fit(rows.X, rows.y, **data, max_epochs=state.training.max_epochs, final_check=False)
        if self._state is None:
            watcher.show()
            reason = experiment.trainer.stop_reason
            self._tell({"kind": "ended", "code": reason.code if reason else "", "text": reason.text if reason else ""})

    def allow(self, watcher: _Watcher, *, at_epoch: bool) -> bool:
        """Wait until training may go on; False if it is to end, because there is another state.

        Raises
        ------
        _Closed
            If nobody watches any more.
        """
        with self._changed:
            if self._allowed_steps and not at_epoch:
                self._allowed_steps -= 1
            if self._allowed_epochs and at_epoch:
                self._allowed_epochs -= 1
            if not self._may_go_on and self._state is None:
                watcher.show()  # what it stands still at
                self._say("paused")
            self._wait_until(lambda: self._may_go_on or self._state is not None)
            if self._is_playing and self._state is None:
                self._say("playing")
            return self._state is None

    def _say(self, what: str) -> None:
        """Tell whether it plays, unless that is known."""
        if what != self._said or what == "paused":
            self._tell({"kind": what})
        self._said = what

    def _wait_until(self, has_come: Callable[[], bool]) -> None:
        """Wait, and answer questions meanwhile."""
        while True:
            while self._requests:
                self._requests.pop(0)(self._experiment)
            if self._is_closed:
                raise _Closed
            if has_come():
                return
            self._changed.wait()

    @property
    def _may_go_on(self) -> bool:
        return self._is_playing or self._allowed_steps > 0 or self._allowed_epochs > 0

    @property
    def pace(self) -> float:
        """Steps a second that are wanted; infinite: as many as can be."""
        return self._steps_a_second or float("inf")

    @property
    def is_stepping(self) -> bool:
        return self._allowed_steps > 0

    @property
    def goes_by_epochs(self) -> bool:
        """Whether many short epochs may go by before one looks."""
        return self._is_playing and not self._steps_a_second

    def tell(self, message: bytes | dict[str, Any]) -> None:
        self._tell(message)


class _Watcher(Callback):
    """Lets a training go on as its session says, and sends frames of it, about thirty a second."""

    runs_last = True

    def __init__(self, session: Session, monitor: Monitor) -> None:
        self.experiment: Experiment
        self._session = session
        self._monitor = monitor
        self._seconds_a_step = 0.0
        self._let_go, self._looked_at = time.perf_counter(), 0  # when, and at which step
        self._next_frame = self._next_maps = 0.0
        self._curves: list[tuple[float, ...]] = []
        self._shown, self._every = 0, 1
        self._loss = float("nan")

    def on_fit_begin(self, trainer: Any) -> None:
        self._go_on(trainer, at_epoch=False)

    def next_step(self, trainer: Any) -> int:
        return int(trainer.step + self._steps_ahead)

    def epochs_ahead(self, trainer: Any) -> float:
        if not self._session.goes_by_epochs:
            return 1
        return max(1, self._steps_ahead // max(1, trainer.steps_per_epoch or 1))

    @property
    def _steps_ahead(self) -> int:
        if self._session.is_stepping:
            return 1
        fitting = _LOOK_S / self._seconds_a_step if self._seconds_a_step else 1
        return max(1, int(min(fitting, self._session.pace * _LOOK_S, 1_000_000)))

    def on_steps_done(self, trainer: Any, first_step: int, result: Any) -> None:
        # On the way back from the engine, and not in on_epoch_end: many epochs may share a call.
        if count := len(result.losses):
            each = (time.perf_counter() - self._let_go) / count
            self._seconds_a_step = 0.5 * (self._seconds_a_step + each) if self._seconds_a_step else each
            self._loss = float(result.losses[-1])

    def on_step_end(self, trainer: Any, losses: np.ndarray) -> None:
        self._look(trainer, at_epoch=False)

    def on_epoch_end(self, trainer: Any, record: dict[str, Any]) -> None:
        self._loss = float(record["loss"])
        self._look(trainer, at_epoch=True)

    def _look(self, trainer: Any, *, at_epoch: bool) -> None:
        self._wait(self._let_go + (trainer.step - self._looked_at) / self._session.pace - time.perf_counter())
        if time.perf_counter() >= self._next_frame:
            self.show()
        self._go_on(trainer, at_epoch=at_epoch)
        self._let_go, self._looked_at = time.perf_counter(), trainer.step

    @staticmethod
    def _wait(seconds: float) -> None:
        if seconds > 0:
            time.sleep(min(seconds, 1.0))

    def _go_on(self, trainer: Any, *, at_epoch: bool) -> None:
        if not self._session.allow(self, at_epoch=at_epoch):
            trainer.stop("callback", "The training was begun anew.")

    def show(self) -> None:
        """Send a frame."""
        now = time.perf_counter()
        experiment, rows = self.experiment, self.experiment.rows
        trainer = experiment.trainer
        loss, validation = self._losses(rows)
        self._note(trainer.step, loss, validation["loss"], validation.get("accuracy", float("nan")))
        values: dict[str, Any] = {
            "kind": "frame",
            "epoch": trainer.epoch,
            "step": trainer.step,
            "loss": loss,
            "validation": validation,
            "layers": self._layers(),
        }
        arrays = weights_of(experiment)
        arrays["curves"] = np.array(self._curves, dtype=np.float32).reshape(-1, 4)
        if rows.is_plane:
            arrays["map"] = decision_map(experiment, _MAP)
            if now >= self._next_maps:
                arrays |= {f"{name}.maps": maps for name, maps in unit_maps(experiment, _UNIT_MAP).items()}
                self._next_maps = time.perf_counter() + _MAPS_S
        self._session.tell(pack(values, arrays))
        self._next_frame = max(self._next_frame + _FRAME_S, now)  # 30 a second, whenever looks come

    def _losses(self, rows: LabRows) -> tuple[float, dict[str, float]]:
        trainer = self.experiment.trainer
        logits = np.asarray(trainer.predict_logits(rows.X_val))
        found = {"loss": trainer.evaluate(rows.X_val, rows.y_val)["loss"]}
        if rows.classes:
            labels = logits.argmax(axis=1) if rows.num_outputs > 1 else logits[:, 0] > 0
            found["accuracy"] = float((labels == rows.y_val).mean())
        return (self._loss if trainer.step else float("nan")), found

    def _note(self, *point: float) -> None:
        """Add a point to the curves, of which every second one goes when there are many, and every second new one, too."""
        if self._shown % self._every == 0:
            self._curves.append(point)
        self._shown += 1
        if len(self._curves) > _CURVE:
            self._curves, self._every = self._curves[::2], 2 * self._every

    def _layers(self) -> dict[str, Any]:
        """The last probe of every layer: what fades, saturates or runs away."""
        record = self._monitor.record
        if not len(record.probes.steps):
            return {}
        last = {
            name: getattr(record.probes, name)[-1].tolist()
            for name in ("mean", "std", "saturated", "dead", "gradient_rms", "update_ratio", "histogram")
        }
        return {"names": list(record.layers), "bins": np.asarray(record.bins).tolist(), **last}


def _noted(make: Callable[[], _Made]) -> tuple[_Made, list[str]]:
    """What a function returns, and the notes that it leaves."""
    with _NOTING, warnings.catch_warnings(record=True) as left:
        warnings.simplefilter("always")
        made = make()
    return made, list(dict.fromkeys(str(note.message) for note in left))


def _begun(experiment: Experiment) -> dict[str, Any]:
    """What the page must know of an experiment before its first frame."""
    rows, network = experiment.rows, experiment.trainer.network
    points = np.column_stack([rows.X, rows.y]).tolist() if rows.is_plane else []
    judged = np.column_stack([rows.X_val, rows.y_val]).tolist() if rows.is_plane else []
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
    }
