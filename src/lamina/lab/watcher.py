"""What a training tells the page of itself, and where it asks whether it may go on."""

from __future__ import annotations

import math
import time
from typing import Any, Protocol

import numpy as np

from lamina.lab.curves import Curves
from lamina.lab.densities import Densities
from lamina.lab.experiment import Experiment
from lamina.lab.frames import pack
from lamina.lab.judge import Judge
from lamina.lab.pictures import decision_map, unit_maps, weights_of
from lamina.lab.series import Series
from lamina.training import Callback, Monitor

__all__ = ["Steering", "Watcher"]

_FRAME_S = 1 / 30
_LOOK_S = _FRAME_S / 3  # between two looks at the clock
_MAPS_S = 1 / 8  # between two pictures of all units, which cost more than that of the output
_MAP, _UNIT_MAP = 128, 24  # cells a side
_CURVE = 400  # points of a curve
_MOST_LOOKED = 4  # times as long as a frame takes, the training goes on before the next one


class Steering(Protocol):
    """How a training is to go on.

    Attributes
    ----------
    run : int
        Its number, which every frame has.
    pace : float
        Steps a second that are wanted.
    is_stepping : bool
        Whether one step is to be taken.
    goes_by_epochs : bool
        Whether many short epochs may go by before one looks.
    """

    @property
    def run(self) -> int: ...

    @property
    def pace(self) -> float: ...

    @property
    def is_stepping(self) -> bool: ...

    @property
    def goes_by_epochs(self) -> bool: ...

    def allow(self, watcher: Watcher, *, after: str) -> bool:
        """Wait until training may go on after a "step", an "epoch" or the "begin"; False if it is to end."""

    def tell(self, message: bytes | dict[str, Any]) -> None:
        """Tell the page."""


class Watcher(Callback):
    """Lets a training go on as its session says, and sends frames of it, thirty a second.

    Parameters
    ----------
    session : Steering
    monitor : Monitor
        Of the same training.

    Attributes
    ----------
    experiment : Experiment
        To be set before the training begins.
    """

    runs_last = True

    def __init__(self, session: Steering, monitor: Monitor) -> None:
        self.experiment: Experiment
        self._session = session
        self._monitor = monitor
        self._seconds_a_step = self._seconds_a_frame = 0.0
        self._let_go, self._looked_at = time.perf_counter(), 0  # when, and at which step
        self._next_frame = self._next_maps = 0.0
        self._points: Series[tuple[float, ...]] = Series(_CURVE)
        self._loss = float("nan")
        self._lowest = math.inf, 0  # validation loss, and the step of it

    def on_fit_begin(self, trainer: Any) -> None:
        self._judge, self._densities = Judge(self.experiment), Densities(self.experiment)
        self._go_on(trainer, after="begin")

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
        self._look(trainer, after="step")

    def on_epoch_end(self, trainer: Any, record: dict[str, Any]) -> None:
        self._loss = float(record["loss"])
        self._look(trainer, after="epoch")

    def _look(self, trainer: Any, *, after: str) -> None:
        self._wait(self._let_go + (trainer.step - self._looked_at) / self._session.pace - time.perf_counter())
        if time.perf_counter() >= self._next_frame:
            self.show()
        self._go_on(trainer, after=after)
        self._let_go, self._looked_at = time.perf_counter(), trainer.step

    @staticmethod
    def _wait(seconds: float) -> None:
        if seconds > 0:
            time.sleep(min(seconds, 1.0))

    def _go_on(self, trainer: Any, *, after: str) -> None:
        if not self._session.allow(self, after=after):
            trainer.stop("callback", "The training was begun anew.")

    @property
    def curves(self) -> Curves:
        """The points that were shown so far."""
        steps, losses, validation_losses, _ = np.array(list(self._points), dtype=np.float64).reshape(-1, 4).T
        each = max(1, self.experiment.trainer.steps_per_epoch or 1)
        loss, step = self._lowest
        return Curves(steps / each, losses, validation_losses, (step / each, loss) if math.isfinite(loss) else None)

    @property
    def outcome(self) -> float:
        """The present validation loss; infinite if it is no number."""
        loss = self._judge.measure()["loss"]
        return loss if math.isfinite(loss) else math.inf

    def show(self, *, whole: bool = False) -> None:
        """Send a frame; a ``whole`` one has the maps of all units and the densities in any case."""
        began = time.perf_counter()
        experiment = self.experiment
        trainer = experiment.trainer
        loss, validation = self._loss if trainer.step else float("nan"), self._judge.measure()
        self._lowest = min(self._lowest, (validation["loss"], trainer.step))
        self._points.add((trainer.step, loss, validation["loss"], validation["metric"]))
        values: dict[str, Any] = {
            "kind": "frame",
            "run": self._session.run,
            "epoch": trainer.epoch,
            "step": trainer.step,
            "loss": loss,
            "clipped": next(reversed(self._monitor.record.clipped_share), float("nan")),
            "validation": validation,
            "layers": self._layers(),
        }
        arrays = weights_of(experiment)
        with np.errstate(over="ignore"):  # a run may grow beyond all numbers of float32
            arrays["curves"] = np.array(list(self._points), dtype=np.float32)
        if experiment.rows.is_plane:
            arrays["map"] = decision_map(experiment, _MAP)
        if whole or began >= self._next_maps:
            arrays |= self._slow_pictures()
            self._next_maps = time.perf_counter() + _MAPS_S
        self._session.tell(pack(values, arrays))
        # 30 a second, whenever looks come; fewer, if frames take so long that the training would stand still
        now = time.perf_counter()
        self._seconds_a_frame += 0.2 * (now - began - self._seconds_a_frame)
        self._next_frame = max(self._next_frame + _FRAME_S, began, now + _MOST_LOOKED * self._seconds_a_frame)

    def _slow_pictures(self) -> dict[str, np.ndarray]:
        self._densities.look(self.experiment.trainer.step)
        arrays = self._densities.arrays()
        if self.experiment.rows.is_plane:
            arrays |= {f"{name}.maps": maps for name, maps in unit_maps(self.experiment, _UNIT_MAP).items()}
        return arrays

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
