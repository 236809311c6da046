"""Campaigns: many cases, in processes that may crash without ending it.

``python -m tests.fuzz.campaign COUNT SEED SUBJECTS`` runs one and prints what it finds at once.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

from tests.fuzz.subjects import SUBJECTS

__all__ = ["run_cases"]


def run_cases(seed: str, names: str, count: int) -> Iterator[tuple[str, str]]:
    """Run cases of the subjects ``names`` in turn; yields the subject, and what is wrong, of those that failed."""
    first = 0
    while first < count:
        command = [sys.executable, "-m", "tests.fuzz.worker", seed]
        number, known = None, names.split(",")
        with subprocess.Popen([*command, names, str(first), str(count - first)], stdout=subprocess.PIPE, text=True) as worker:
            assert worker.stdout is not None
            for line in worker.stdout:
                if line.startswith("{"):
                    fault = json.loads(line)
                    yield fault["subject"], _report(fault["fault"], command, fault["subject"], fault["number"])
                else:
                    number = int(line)
        if worker.returncode == 0:
            return
        if number is None:
            raise RuntimeError("the worker did not begin")
        name = known[number % len(known)]
        yield name, _report(f"the process ended with {worker.returncode}", command, name, number)
        first = number + 1


def _report(fault: str, command: list[str], name: str, number: int) -> str:
    return f"{fault.strip()}\nagain: {' '.join(command)} {name} {number} 1"


if __name__ == "__main__":
    for _, report in run_cases(sys.argv[2], sys.argv[3] if sys.argv[3:] else ",".join(SUBJECTS), int(sys.argv[1])):
        print(report, end="\n\n", flush=True)
