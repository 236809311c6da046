"""The torch engine on a device: ``python -m benchmarks.gpu [--device cuda] [--seconds 8] [--quick] [--json FILE]``.

Compares its numbers with the native engine's, and times of a training step with that and with torch's own, all within some five
minutes. It runs on a CPU, too (``--device cpu --quick``), where it says nothing of a GPU.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

import lamina
from benchmarks.machine import describe_machine
from benchmarks.sides.lamina_trainer import trainer_of
from benchmarks.sides.torch_eager import prepare_compiled
from benchmarks.workload import Data, Workload
from benchmarks.workloads import select

__all__ = ["differences", "main", "times_s"]

_WORKLOADS = ["tiny", "regular", "mnist", "wide"]
_SAMPLES = 3  # at least
_STEPS_A_RUN = 300
_STEPS_COMPARED = 40
# Relative to the largest weight after these steps; float32 differs by the order of sums, which Adam's divisions enlarge.
_BOUNDS = {"float32": 2e-2, "float64": 1e-8}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workloads", nargs="*", default=_WORKLOADS)
    parser.add_argument("--device", default="auto", choices=lamina.engine.DEVICES)
    parser.add_argument("--seconds", type=float, default=8.0, help="for each workload and side")
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows, and one epoch a run")
    parser.add_argument("--json", type=Path, help="where to write the results, too")
    given = parser.parse_args(arguments)
    device = str(_device(given.device))
    machine = describe_machine() | {"torch": torch.__version__, "device": _named(device)}
    print(", ".join(f"{name}: {found}" for name, found in machine.items()), flush=True)
    results: dict[str, Any] = {"machine": machine, "workloads": {}}
    for chosen in select(given.workloads):
        workload = _sized(chosen, quick=given.quick)
        data = workload.data()
        found = {dtype: differences(workload, data, device, dtype) for dtype in _dtypes(device)}
        times = times_s(workload, data, device, given.seconds)
        results["workloads"][workload.name] = {"differences": found, "step_s": times}
        print(_line(workload, found, times), flush=True)
    if given.json is not None:
        given.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    wrong = [name for name, result in results["workloads"].items() for dtype in _dtypes(device) if _is_beyond(result, dtype)]
    if wrong:
        raise SystemExit(f"The numbers differ by more than rounding explains: {', '.join(wrong)}")


def _sized(workload: Workload, *, quick: bool) -> Workload:
    """The workload with as many epochs a run as its times need."""
    if quick:
        return replace(workload, rows=workload.rows // 10, epochs=1)
    return replace(workload, epochs=max(1, _STEPS_A_RUN // workload.steps_per_epoch))


def differences(workload: Workload, data: Data, device: str, dtype: str) -> dict[str, float]:
    """How far losses and weights of the first steps lie from the native engine's, relative to the largest of these."""
    count = min(_STEPS_COMPARED * workload.batch_size, workload.rows)
    both = []
    for settings in ({"engine": "native"}, {"engine": "torch", "device": device}):
        trainer = trainer_of(workload, data, None, dtype=dtype, **settings)
        losses = trainer.fit(data.x[:count], data.y[:count], max_epochs=1, final_check=False)[:, "loss"]
        both.append((np.asarray(losses), trainer.executor.snapshot().parameters))
    pairs = zip(("loss", "weights"), *both, strict=True)
    return {name: float(np.abs(theirs - ours).max() / np.abs(ours).max()) for name, ours, theirs in pairs}


def times_s(workload: Workload, data: Data, device: str, seconds: float) -> dict[str, float]:
    """Seconds of a step, the median of several runs: of the native engine, the torch engine, and torch itself."""
    sides = {
        "native, CPU": _epochs(workload, data, engine="native"),
        f"torch engine, {device}": _epochs(workload, data, engine="torch", device=device),
    }
    # torch chooses its own threads here, as it does under the engine
    job = prepare_compiled(replace(workload, threads=None), data, lambda function: function, device)
    if job is not None:
        job.reset()
        sides[f"torch, {device}"] = job.run
    return {name: _seconds_of(run, seconds) / workload.num_steps for name, run in sides.items()}


def _epochs(workload: Workload, data: Data, **settings: Any) -> Callable[[], object]:
    trainer = trainer_of(workload, data, None, **settings)
    return lambda: trainer.fit(data.x, data.y, max_epochs=workload.epochs, final_check=False)


def _seconds_of(run: Callable[[], object], seconds: float) -> float:
    run()  # allocates, and records what is replayed
    found: list[float] = []
    end = time.perf_counter() + seconds
    while len(found) < _SAMPLES or time.perf_counter() < end:
        began = time.perf_counter()
        run()  # ends with the losses on the host
        found.append(time.perf_counter() - began)
    return median(found)


def _device(name: str) -> torch.device:
    from lamina.engine.torch.devices import chosen_device

    return chosen_device(torch, name, np.dtype("float32"))


def _named(device: str) -> str:
    return torch.cuda.get_device_name() if device == "cuda" else device


def _dtypes(device: str) -> list[str]:
    return ["float32"] if device == "mps" else ["float32", "float64"]


def _is_beyond(result: dict[str, Any], dtype: str) -> bool:
    return not all(number <= _BOUNDS[dtype] for number in result["differences"][dtype].values())


def _line(workload: Workload, found: dict[str, dict[str, float]], times: dict[str, float]) -> str:
    steps = ", ".join(f"{name}: {1e6 * seconds:.4g} µs" for name, seconds in times.items())
    apart = ", ".join(f"{dtype}: {numbers['weights']:.1e}" for dtype, numbers in found.items())
    return f"{workload.name} ({workload.network}, {workload.batch_size} rows a step): {steps}; weights differ by {apart}"


if __name__ == "__main__":
    main()
