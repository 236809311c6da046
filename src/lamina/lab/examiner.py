"""The doctor's examinations of what a page trains: one at a time, and the newest alone counts."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any, Self

from lamina.errors import LaminaError
from lamina.lab.curves import Curves
from lamina.lab.experiment import Experiment
from lamina.lab.findings import examined, of_a_copy, with_curves
from lamina.training import Callback

__all__ = ["Examiner"]


class _Given(BaseException):
    """Ends an examination that nobody waits for any more: it was given up."""


class _Ending(Callback):
    """Ends the trainings of an examination as soon as it is given up."""

    def __init__(self) -> None:
        self.is_given_up = threading.Event()

    def on_epoch_end(self, trainer: Any, record: dict[str, Any]) -> None:
        if self.is_given_up.is_set():
            raise _Given

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """The same one: the doctor trains copies."""
        return self


class Examiner:
    """Asks the doctor, in a thread of its own, about one experiment after the other.

    All methods return at once.

    Parameters
    ----------
    tell : callable
        Called in that thread with the findings, as a message for the page; not for an examination that was given up.
    """

    def __init__(self, tell: Callable[[dict[str, Any]], None]) -> None:
        self._tell = tell
        self._ending = _Ending()
        self._thread: threading.Thread | None = None
        self._known: tuple[Experiment, list[dict[str, Any]]] | None = None  # what the copy of an experiment showed
        self._is_closed = False

    def examine(self, experiment: Experiment, run: int, curves: Curves) -> None:
        """Begin to examine an experiment, and its curves so far; an examination that is under way is given up.

        A copy of it is trained once: it depends on the settings and the rows alone.
        """
        if self._is_closed:
            return
        self.give_up()
        before, self._ending = self._thread, _Ending()
        arguments = experiment, run, curves, self._ending, before
        self._thread = threading.Thread(target=self._examine, args=arguments, name="lamina lab doctor", daemon=True)
        self._thread.start()

    def give_up(self) -> None:
        """End the examination that is under way, if any."""
        self._ending.is_given_up.set()

    def close(self) -> None:
        """End the examination that is under way, and begin no other one."""
        self._is_closed = True
        self.give_up()

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait until the examination has ended; whether it has."""
        if self._thread is not None:
            self._thread.join(timeout_s)
        return self._thread is None or not self._thread.is_alive()

    def _examine(
        self, experiment: Experiment, run: int, curves: Curves, ending: _Ending, before: threading.Thread | None
    ) -> None:
        if before is not None:
            before.join()
        if ending.is_given_up.is_set():
            return
        findings, error = [], ""
        try:
            findings = with_curves(self._of_copy(experiment, ending), experiment.state, curves)
        except _Given:
            return
        except LaminaError as refused:
            error = str(refused)
        except Exception as failed:  # the page and the server go on
            logging.getLogger(__name__).exception("An examination of the lab ended.")
            error = f"The examination ended unexpectedly ({type(failed).__name__}: {failed})."
        if not ending.is_given_up.is_set():
            about = of_a_copy(experiment.state, experiment.rows)
            self._tell({"kind": "findings", "run": run, "findings": findings, "about": about, "error": error})

    def _of_copy(self, experiment: Experiment, ending: _Ending) -> list[dict[str, Any]]:
        known = self._known
        if known is None or known[0].rows is not experiment.rows or known[0].state != experiment.state:
            known = self._known = experiment, examined(experiment.state, experiment.rows, [ending])
        return known[1]
