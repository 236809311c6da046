"""Lamina in float32, where it otherwise multiplies bfloat16."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.sides import lamina_trainer
from benchmarks.sides.lamina_trainer import VERSION
from benchmarks.sides.side import Job
from benchmarks.workload import Data, Workload

__all__ = ["NAME", "VERSION", "prepare"]

NAME = "lamina, full"


def prepare(workload: Workload, data: Data) -> Job | None:
    return lamina_trainer.prepare(replace(workload, mixed=False), data) if workload.mixed else None
