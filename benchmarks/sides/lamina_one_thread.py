"""Lamina with one thread, where the others have more."""

from __future__ import annotations

from benchmarks.sides.lamina_trainer import VERSION, prepare_with_threads
from benchmarks.sides.side import Job
from benchmarks.workload import Data, Workload

__all__ = ["NAME", "VERSION", "prepare"]

NAME = "lamina, 1 thread"


def prepare(workload: Workload, data: Data) -> Job | None:
    return None if workload.threads == 1 else prepare_with_threads(workload, data, 1)
