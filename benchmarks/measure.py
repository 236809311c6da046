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
from collections.abc import Iterator
from typing import Any

__all__ = ["measured"]

_ENVIRONMENT = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NPROC")


def measured(names: list[str], threads: int, rounds: int, quick: bool, clock: str, without: list[str]) -> dict[str, Any]:
    """The results of these workloads, which all have so many threads, from a fresh process.

    ``clock`` "cpu" counts processor time in place of time where there is one thread: for a machine that others use too.
    """
    environment = os.environ | dict.fromkeys(_ENVIRONMENT, str(threads))
    if threads == 1:
        environment["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    request = json.dumps({"names": names, "rounds": rounds, "quick": quick, "clock": clock, "without": without})
    command = [sys.executable, "-m", "benchmarks.measure"]
    done = subprocess.run(command, input=request, stdout=subprocess.PIPE, env=environment, text=True, check=True)
    results: dict[str, Any] = json.loads(done.stdout)
    return results


def main() -> None:
    from benchmarks.sides import SIDES, load_sides
    from benchmarks.workloads import select

    request = json.load(sys.stdin)
    sides, missing = load_sides(request["without"])
    results = {}
    for workload in select(request["names"], request["quick"]):
        print(f"{workload.name} ...", end=" ", flush=True, file=sys.stderr)
        results[workload.name] = _time_sides(workload, sides, request["rounds"], request["clock"])
    print(file=sys.stderr)
    order = [name for name in SIDES if name not in missing]
    versions = list(dict.fromkeys(side.VERSION for side in sides))
    json.dump({"workloads": results, "sides": order, "versions": versions, "missing": missing}, sys.stdout)


def _time_sides(workload: Any, sides: list[Any], rounds: int, clock: str) -> dict[str, Any]:
    """Seconds a step of every side and of the limit in every round, what the first run took, and the losses."""
    from benchmarks.limit import limits_s

    own = clock == "cpu" and workload.threads == 1
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
    }
    for names in _rotations(list(jobs), rounds):
        for name in names:
            wall_s, cpu_s, _ = _run(jobs[name])
            seconds = cpu_s if own else wall_s
            result["step_s"][name].append(seconds / workload.num_steps)
            result["cores"][name].append(cpu_s / wall_s)
        for name, seconds in limits_s(workload, time.process_time if own else time.perf_counter).items():
            result[f"{name}_s"].append(seconds)
    return result


def _rotations(names: list[str], rounds: int) -> Iterator[list[str]]:
    """Every round begins with another side, so that none always comes after the same one."""
    for i in range(rounds):
        first = i % len(names)
        yield names[first:] + names[:first]


def _run(job: Any) -> tuple[float, float, float]:
    """Seconds, seconds of all processors together, and the loss."""
    job.reset()
    gc.collect()
    gc.disable()
    began, cpu_began = time.perf_counter(), time.process_time()
    loss = job.run()
    seconds, cpu_s = time.perf_counter() - began, time.process_time() - cpu_began
    gc.enable()
    return seconds, cpu_s, loss


if __name__ == "__main__":
    main()
