"""One process that times all sides, interleaved, with a given number of threads: ``python -m benchmarks.measure < request``.

The number of threads has to be in the environment before any library is loaded, so this is a process of its own
(:func:`measured` starts it). It reads the request and writes the results as JSON.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.sides import Job, Side
    from benchmarks.workload import Workload

__all__ = ["measured", "time_sides"]

_ENVIRONMENT = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NPROC")


def measured(
    names: list[str], threads: int | None, rounds: int, quick: bool = False, clock: str = "wall", without: Sequence[str] = ()
) -> dict[str, Any]:
    """The results of these workloads with so many threads (None: as many as each library likes), from a fresh process.

    ``clock`` "cpu" counts processor time in place of time where there is one thread: for a machine that others use too.
    """
    environment = {name: value for name, value in os.environ.items() if name not in _ENVIRONMENT}
    if threads is not None:
        environment |= dict.fromkeys(_ENVIRONMENT, str(threads))
    if threads == 1:
        environment["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    asked = {"names": names, "threads": threads, "rounds": rounds, "quick": quick, "clock": clock, "without": list(without)}
    request = json.dumps(asked)
    command = [sys.executable, "-m", "benchmarks.measure"]
    done = subprocess.run(command, input=request, stdout=subprocess.PIPE, env=environment, text=True, check=True)
    results: dict[str, Any] = json.loads(done.stdout)
    return results


def main() -> None:
    from benchmarks.sides import SIDES, load_sides
    from benchmarks.workloads import select

    request = json.load(sys.stdin)
    sides, missing = load_sides(request["without"])
    clock = time.process_time if request["clock"] == "cpu" and request["threads"] == 1 else time.perf_counter
    workloads = [replace(w, threads=request["threads"]) for w in select(request["names"], request["quick"])]
    began, results = time.perf_counter(), {}
    for i, workload in enumerate(workloads, 1):
        passed = time.perf_counter() - began
        print(f"  {passed:4.0f} s  {i} of {len(workloads)}: {workload.name}", flush=True, file=sys.stderr)
        results[workload.name] = time_sides(workload, sides, request["rounds"], clock)
    order = [name for name in SIDES if name not in missing]
    versions = list(dict.fromkeys(side.VERSION for side in sides))
    json.dump({"workloads": results, "sides": order, "versions": versions, "missing": missing}, sys.stdout)


def time_sides(workload: Workload, sides: Sequence[Side], rounds: int, clock: Callable[[], float]) -> dict[str, Any]:
    """Seconds a step of every side and of the limit in every round, what the first run took, and the losses.

    The limit is that of float32.
    """
    from benchmarks.limit import limits_s, peak_flops
    from benchmarks.machine import has_tiles

    data = workload.data()
    jobs = {side.NAME: job for side in sides if (job := side.prepare(workload, data)) is not None}
    firsts = {name: _run(job) for name, job in jobs.items()}
    result: dict[str, Any] = {
        "work": workload.num_steps,
        "losses": {name: loss for name, (_, _, loss) in firsts.items()},
        "first_s": {name: seconds for name, (seconds, _, _) in firsts.items()},
        "step_s": {name: [] for name in jobs},
        "cores": {name: [] for name in jobs},
        "limit_s": [],
        "floor_s": [],
        "peak_flops": peak_flops(clock),
        "tiles": has_tiles(),
    }
    for names in _rotations(list(jobs), rounds):
        for name in names:
            wall_s, cpu_s, _ = _run(jobs[name])
            seconds = cpu_s if clock is time.process_time else wall_s
            result["step_s"][name].append(seconds / workload.num_steps)
            result["cores"][name].append(cpu_s / wall_s)
        for name, seconds in ({} if workload.mixed else limits_s(workload, clock)).items():
            result[f"{name}_s"].append(seconds)
    return result


def _rotations(names: list[str], rounds: int) -> Iterator[list[str]]:
    """Every round begins with another side, so that none always comes after the same one."""
    for i in range(rounds):
        first = i % len(names)
        yield names[first:] + names[:first]


def _run(job: Job) -> tuple[float, float, float]:
    """Seconds, seconds of all processors together, and the loss."""
    job.reset()
    gc.collect()
    gc.disable()
    began, cpu_began = time.perf_counter(), time.process_time()
    result = job.run()
    seconds, cpu_s = time.perf_counter() - began, time.process_time() - cpu_began
    gc.enable()
    return seconds, cpu_s, job.loss(result)


if __name__ == "__main__":
    main()
