"""torch with forward and backward pass compiled (``torch.compile``), fused Adam."""

from __future__ import annotations

from functools import partial

import torch

from benchmarks.sides.side import Job
from benchmarks.sides.torch_eager import VERSION, prepare_compiled
from benchmarks.workload import Data, Workload

__all__ = ["NAME", "VERSION", "prepare"]

NAME = "torch.compile"


def prepare(workload: Workload, data: Data) -> Job | None:
    # All workloads share one piece of code, of which torch compiles no more than eight versions unless it is told to forget.
    torch._dynamo.reset()
    return prepare_compiled(workload, data, partial(torch.compile, dynamic=False))
