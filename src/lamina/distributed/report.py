"""What a data-parallel training was: its history, how the ranks worked together, and what happened to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lamina.distributed.way import Timing, Way
from lamina.errors import counted
from lamina.html import Printed
from lamina.training.history import History

__all__ = ["Report"]


@dataclass(frozen=True)
class Report(Printed):
    """The result of :func:`lamina.distributed.fit`; ``print`` says it in words.

    Attributes
    ----------
    history : History
        As :meth:`lamina.training.Trainer.fit` returns it.
    workers : int
        Processes that trained, rank 0 included.
    communicator : str
        "shared memory", "gloo", "MPI", or "alone".
    way : Way
    timing : Timing or None
        Measured before the training, where the way was to be chosen.
    startup_s : float
        Seconds until all processes were ready.
    restarts : tuple of str
        A sentence for each time that processes were replaced.
    """

    history: History
    workers: int
    communicator: str
    way: Way
    timing: Timing | None
    startup_s: float
    restarts: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """All but the history, as JSON has it."""
        timing = None if self.timing is None else self.timing._asdict()
        told = {"workers": self.workers, "communicator": self.communicator, "way": str(self.way), "every": self.way.every}
        return {**told, "timing": timing, "startup_s": self.startup_s, "restarts": list(self.restarts)}

    def __str__(self) -> str:
        lines = [f"{counted(self.workers, 'worker')} ({self.communicator}), {self.way}, ready after {self.startup_s:.1f} s"]
        if self.timing is not None:
            step, reduction = 1e3 * self.timing.step_s, 1e3 * self.timing.reduction_s
            lines.append(f"Chosen because a step took {step:.3g} ms and adding up gradients {reduction:.3g} ms.")
        return "\n".join([*lines, *self.restarts])
