"""Steps as CUDA graphs: recorded once, then replayed in one launch.

A graph repeats the same kernels on the same memory, so what it reads and writes must keep its place, and it can decide nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["replayed"]

_REHEARSALS = 3  # before a recording, so that libraries have what they allocate on first use


def replayed(torch: Any, device: Any, work: Callable[[], None], rehearse: Callable[[], None]) -> Callable[[], None]:
    """What does ``work`` by replaying a graph of it; ``work`` itself where the device has no graphs.

    Parameters
    ----------
    torch : module
    device : torch.device
    work : callable
        Takes and returns nothing; its kernels depend on no number that the device holds.
    rehearse : callable
        Does the same to the memory that ``work`` uses, and leaves no trace of it.
    """
    if device.type != "cuda":
        return work
    here, aside = torch.cuda.current_stream(device), torch.cuda.Stream(device)
    aside.wait_stream(here)
    with torch.cuda.stream(aside):
        for _ in range(_REHEARSALS):
            rehearse()
    here.wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, capture_error_mode="thread_local"):  # other threads may train on the same device
        work()
    replay: Callable[[], None] = graph.replay
    return replay
