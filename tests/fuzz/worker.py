"""Runs cases: ``python -m tests.fuzz.worker SEED SUBJECTS FIRST COUNT``, where SUBJECTS are names with commas between.

The subjects take turns. Each case is a function of the seed, its subject and its number, so one that failed can be run alone.
Before a case its number is printed, so that the parent knows which one a crash belongs to; after one that failed, what was wrong,
as JSON.
"""

from __future__ import annotations

import json
import signal
import sys
import tempfile
import traceback
import warnings
from pathlib import Path
from random import Random

from tests.fuzz.subjects import SUBJECTS, Subject

from lamina.errors import LaminaError

__all__ = ["main"]

_LONGEST_S = 60
_FREE_BYTES = 64 << 20
_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_KEPT = Path("build/fuzz")


def main(seed: str, names: str, first: int, count: int) -> None:
    """Run the cases ``first`` to ``first + count - 1``."""
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        subjects = [(name, SUBJECTS[name](Path(folder))) for name in names.split(",")]
        for _, subject in subjects:
            subject.make(Random(0))  # what all cases share is made before memory is measured
        for number in range(first, first + count):
            print(number, flush=True)
            name, subject = subjects[number % len(subjects)]
            fault = run_case(subject, seed, name, number)
            if fault:
                print(json.dumps({"subject": name, "number": number, "fault": fault}), flush=True)


def run_case(subject: Subject, seed: str, name: str, number: int) -> str:
    """What is wrong; nothing for a result or an error of Lamina's, in time and in the memory that is allowed."""
    data = subject.make(Random(f"{seed}/{name}/{number}"))
    path = subject.folder / f"case{subject.suffix}"
    path.write_bytes(data)
    if hasattr(signal, "alarm"):
        signal.alarm(_LONGEST_S)  # which ends the process, also within C
    fault = _fault(subject, path, len(data))
    if hasattr(signal, "alarm"):
        signal.alarm(0)
    if fault:
        _KEPT.mkdir(parents=True, exist_ok=True)
        (_KEPT / f"{name}-{seed}-{number}{subject.suffix}").write_bytes(data)
    return fault


def _fault(subject: Subject, path: Path, size: int) -> str:
    before, decoded = _memory(reset=True), 0
    try:
        decoded = subject.use(path)
    except LaminaError as error:
        text = str(error)
        if not text or len(text) > 20_000:
            return f"an error of {len(text)} characters"
    except BaseException:
        return traceback.format_exc()
    used = _memory(reset=False) - before
    allowed = 4 * max(size, decoded) + _FREE_BYTES
    return f"{used >> 20} MB of memory for {size} bytes, and {decoded} decoded" if used > allowed else ""


def _memory(*, reset: bool) -> int:
    """Bytes in use, and the most that were since the last reset; 0 where the system does not tell."""
    try:
        if reset:
            _RESET.write_text("5", encoding="ascii")
        line = next(
            line for line in _STATUS.read_text(encoding="ascii").splitlines() if line.startswith("VmRSS" if reset else "VmHWM")
        )
    except OSError:
        return 0
    return int(line.split()[1]) << 10


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
