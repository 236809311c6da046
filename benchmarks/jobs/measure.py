"""Times whole jobs: every side from the same files, with one thread, in a process of its own, taking turns."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.jobs.tables import NAMES, RealTable, write_table

__all__ = ["SIDES", "measure_jobs", "versions"]

_SCORES = {"regression": "r2", "classification": "accuracy"}
# Side -> package that must be there, and the options of Lamina or the module of another library.
SIDES: dict[str, tuple[str, tuple[str, ...]]] = {
    "lamina": ("lamina", ()),
    "lamina, 3 epochs": ("lamina", ("--max-epochs", "3")),
    "LightGBM": ("lightgbm", ("benchmarks.jobs.lightgbm_job",)),
    "CatBoost": ("catboost", ("benchmarks.jobs.catboost_job",)),
}


def versions() -> list[str]:
    """The versions of the other libraries that are installed."""
    others = {side: package for side, (package, _) in SIDES.items() if package != "lamina" and importlib.util.find_spec(package)}
    return [f"{side} {importlib.metadata.version(package)}" for side, package in others.items()]


def measure_jobs(rounds: int, folder: Path, names: tuple[str, ...] = NAMES) -> dict[str, Any]:
    """By table: rows and score; by side, a list a round of seconds, processor seconds and peak memory in MB, and the score.

    Raises
    ------
    NoDataError
        If the tables are not there.
    """
    results: dict[str, Any] = {}
    sides = [side for side, (package, _) in SIDES.items() if importlib.util.find_spec(package) is not None]
    for name in names:
        with tempfile.TemporaryDirectory() as into:
            table = _written(name, folder, Path(into))
            measured: dict[str, Any] = {side: {"seconds": [], "processor_s": [], "peak_mb": []} for side in sides}
            for _ in range(rounds):
                for side in sides:
                    _add(measured[side], _command(side, table, Path(into) / "model.lamina"), table.task)
            results[name] = {"rows": table.num_rows, "score": _SCORES[table.task], "sides": measured}
    return results


def _written(name: str, folder: Path, into: Path) -> RealTable:
    """The table's files, written by another process: what this one holds when it starts a job counts as memory of the job."""
    with ProcessPoolExecutor(1, get_context("spawn")) as writer:
        return writer.submit(write_table, name, folder, into).result()


def _command(side: str, table: RealTable, model: Path) -> list[str]:
    package, words = SIDES[side]
    if package == "lamina":
        options = ["--target", table.target, "--test", str(table.test), "--threads", "1", "--output", str(model), "--json"]
        return ["lamina", "train", str(table.train), *options, "--task", table.task, *words]
    return [*words, str(table.train), str(table.test), table.target, table.task, str(model)]


def _add(costs: dict[str, Any], command: list[str], task: str) -> None:
    """Run a module as a process, and add what it took."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    began = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", *command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    ) as process:
        assert process.stdout is not None
        printed = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)  # what this process alone took
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"a job failed: python -m {' '.join(command)}")
    costs["seconds"].append(time.perf_counter() - began)
    costs["processor_s"].append(usage.ru_utime + usage.ru_stime)
    costs["peak_mb"].append(usage.ru_maxrss / 1024)
    found = json.loads(printed)
    costs["score"] = found["score"] if "score" in found else found["test"]["model"][_SCORES[task]]
