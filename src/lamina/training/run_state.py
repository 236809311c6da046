"""The state of a run: what a checkpoint and a pickle must hold so that it continues as if never stopped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from lamina.engine.executor import Executor, Snapshot
from lamina.schedules import Schedule
from lamina.stop_reason import StopReason
from lamina.training.history import History

__all__ = ["load_run_state", "run_state"]


class Run(Protocol):
    """What of a run is to be remembered."""

    epoch: int
    step: int
    stop_reason: StopReason | None
    history: History

    @property
    def schedule(self) -> Schedule: ...

    @property
    def executor(self) -> Executor: ...


def run_state(run: Run) -> dict[str, Any]:
    """Counters, history, and the states of the schedule and the executor."""
    reactive = run.schedule.reactive
    return {
        "epoch": run.epoch,
        "step": run.step,
        "stop_reason": None if run.stop_reason is None else [run.stop_reason.code, run.stop_reason.text],
        "history": run.history.to_list(),
        "schedule": None if reactive is None else reactive.state(),
        **run.executor.snapshot()._asdict(),
    }


def load_run_state(run: Run, state: Mapping[str, Any]) -> None:
    """Restore the :func:`run_state` of a run with the same network, optimizer and schedule."""
    run.epoch, run.step = state["epoch"], state["step"]
    run.stop_reason = None if state["stop_reason"] is None else StopReason(*state["stop_reason"])
    run.history = History(state["history"])
    if run.schedule.reactive is not None and state["schedule"] is not None:
        run.schedule.reactive.load_state(state["schedule"])
    run.executor.restore(**{name: state[name] for name in Snapshot._fields})
