"""What a monitor costs: ``python -m benchmarks.monitor [--rounds N] [workload ...]``.

Trains with and without one in turns, in one process, and compares the processor's time, which other programs on the machine
disturb less than the clock's.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from statistics import median

import lamina
from benchmarks.sides.lamina_trainer import prepare_with_threads
from benchmarks.sides.side import Job
from benchmarks.workload import Workload
from benchmarks.workloads import select

__all__ = ["ratios"]


def ratios(workload: Workload, rounds: int, make: Callable[[], lamina.Monitor] = lamina.Monitor) -> tuple[list[float], int]:
    """The time with a monitor over the time without, of each round, and the number of probes of a run."""
    data = workload.data()
    monitor = make()
    jobs = [prepare_with_threads(workload, data, workload.threads, callbacks) for callbacks in ([], [monitor])]
    found = []
    for i in range(rounds + 1):
        seconds = [0.0, 0.0]
        for side in (0, 1) if i % 2 else (1, 0):  # neither always runs first
            seconds[side] = _cpu_s(jobs[side])
        found.append(seconds[1] / seconds[0])
    return found[1:], len(monitor.record.probes.steps)


def _cpu_s(job: Job) -> float:
    job.reset()
    began = time.process_time()
    job.run()
    return time.process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workloads", nargs="*", default=["tiny", "mnist"])
    parser.add_argument("--rounds", type=int, default=40)
    given = parser.parse_args()
    for workload in select(given.workloads):
        found, num_probes = ratios(workload, given.rounds)
        low, high = sorted(found)[len(found) // 4], sorted(found)[3 * len(found) // 4]
        print(
            f"{workload.name}: {median(found):.3f} of the time without (quartiles {low:.3f}, {high:.3f}; {given.rounds} rounds); "
            f"{num_probes} probes in {workload.num_steps} steps"
        )


if __name__ == "__main__":
    main()
