"""Commands whose work other processes do: none of these is left behind, however the command ends (make test-integrations)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from lamina.cli.main import main

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds processes in /proc")

NUM_FILES, NUM_ROWS = 24, 8_000
LAMINA = [sys.executable, "-m", "lamina"]
LONG_S, SOON_S = 120, 10  # how long something may take at all, and until processes must be gone


def table_of(seed: int, num_rows: int) -> pa.Table:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(6, num_rows))
    return pa.table({**{f"x{i}": column for i, column in enumerate(x)}, "y": (x.sum(axis=0) > 0).astype(int)})


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a table of many files, one of them alone, and a model."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "data").mkdir()
    for i in range(NUM_FILES):
        parquet.write_table(table_of(i, NUM_ROWS), folder / "data" / f"part-{i:02}.parquet")
    train = (
        "train",
        folder / "data/part-00.parquet",
        "-t",
        "y",
        "-o",
        folder / "a.lamina",
        "--max-epochs",
        1,
        "--members",
        8,
        "-q",
    )
    assert main(list(map(str, train))) == 0
    return folder


def command(kind: str, files: Path, out: Path) -> list[str]:
    """A command with two workers."""
    if kind == "predict":
        given = [*LAMINA, "predict", files / "a.lamina", files / "data", "-o", out, "--workers", 2]
    elif kind == "search":
        given = [*LAMINA, "search", files / "data/part-00.parquet", "-t", "y", "-o", out, "--jobs", 2, "--max-epochs", 9]
    else:
        given = [sys.executable, "-c", RESTARTS, out]
    return list(map(str, given))


def is_at_work(kind: str, out: Path) -> bool:
    """Whether a command is in the midst of what its workers do."""
    if kind == "predict":
        return any(out.glob("*.parquet"))
    if kind == "search":  # a trial of the workers is recorded after trial 1
        record = out.with_name(f"{out.name}.trials.json")
        return record.exists() and record.read_text().count('"score"') > 1
    return out.exists()


RESTARTS = """
import pathlib, sys
import joblib, numpy as np
from lamina import MLPClassifier
from lamina.training import Callback

class Tells(Callback):
    def on_epoch_end(self, run, record):
        pathlib.Path(sys.argv[1]).touch()

X = np.random.default_rng(0).normal(size=(20_000, 10))
settings = {"max_iter": 10_000, "n_iter_no_change": 10_000, "callbacks": [Tells()]}
with joblib.parallel_config("loky", n_jobs=2):
    MLPClassifier((64, 64), n_restarts=4, **settings).fit(X, X[:, 0] > 0)
"""


def children(process: int) -> list[int]:
    """All processes below one."""
    found = [int(n) for task in Path(f"/proc/{process}/task").glob("*/children") for n in task.read_text().split()]
    return found + [further for child in found for further in children(child)]


def is_alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(holds: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


class Started:
    """A command in a group of its own, as a terminal gives it one, and the processes below it."""

    def __init__(self, kind: str, files: Path, out: Path) -> None:
        self.process = subprocess.Popen(
            command(kind, files, out), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        wait_until(lambda: is_at_work(kind, out) or self.process.poll() is not None, LONG_S)
        if self.process.poll() is not None or not is_at_work(kind, out):
            self.process.kill()
            raise AssertionError(self.process.communicate())
        self.below = children(self.process.pid)

    @property
    def workers(self) -> list[int]:
        commands = {child: Path(f"/proc/{child}/cmdline").read_bytes() for child in self.below if is_alive(child)}
        return [child for child, line in commands.items() if b"LokyProcess" in line]

    @property
    def are_gone(self) -> bool:
        return not any(map(is_alive, self.below))


@pytest.fixture
def start(files: Path, tmp_path: Path) -> Iterator[Callable[[str], Started]]:
    running: list[Started] = []

    def started(kind: str) -> Started:
        running.append(Started(kind, files, tmp_path / "out"))
        return running[-1]

    yield started
    for each in running:
        for process in (each.process.pid, *each.below):
            if is_alive(process):
                os.kill(process, signal.SIGKILL)
        each.process.communicate()


@pytest.mark.parametrize("kind", [pytest.param("predict", marks=pytest.mark.smoke), "search", "restarts"])
def test_processes_end_soon_after_the_one_that_asked_was_killed(start: Callable[[str], Started], kind: str):
    begun = start(kind)
    assert len(begun.workers) == 2
    begun.process.kill()
    begun.process.wait()
    assert wait_until(lambda: begun.are_gone, SOON_S)


def left_in(out: Path) -> list[str]:
    return sorted(path.name for path in out.iterdir() if path.name != ".lamina.json")


def predicted_with(files: Path, out: Path, workers: int, capsys: pytest.CaptureFixture[str]) -> str:
    """What the same command says once more."""
    assert main(["predict", str(files / "a.lamina"), str(files / "data"), "-o", str(out), "--workers", str(workers)]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("ending", ["Ctrl-C", "a killed worker", "a killed command"])
def test_predicting_that_was_ended_leaves_whole_files_and_goes_on_with_the_others(
    start: Callable[[str], Started], files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], ending: str
):
    out, begun = tmp_path / "out", start("predict")
    if ending == "Ctrl-C":
        os.killpg(begun.process.pid, signal.SIGINT)
    else:
        os.kill(begun.process.pid if ending == "a killed command" else begun.workers[0], signal.SIGKILL)
    said, errors = begun.process.communicate(timeout=LONG_S)
    assert wait_until(lambda: begun.are_gone, SOON_S)
    assert not said
    if ending == "Ctrl-C":
        assert begun.process.returncode == 1
        assert errors.splitlines() == ["lamina: interrupted before there was anything to save."]
    elif ending == "a killed worker":
        assert begun.process.returncode == 1
        assert "was ended (SIGKILL)" in errors and "part-" in errors and "Traceback" not in errors
    left = [name for name in left_in(out) if not name.endswith(".part")]
    assert 0 < len(left) < NUM_FILES
    if ending != "a killed command":
        assert left == left_in(out)
    for name in left:
        assert parquet.read_table(out / name).num_rows == NUM_ROWS
    assert f"{len(left)} of {NUM_FILES} files were there already" in predicted_with(files, out, 2, capsys)
    predicted_with(files, tmp_path / "at once", 1, capsys)
    assert left_in(out) == [f"part-{i:02}.parquet" for i in range(NUM_FILES)]
    for name in left_in(out):
        assert (out / name).read_bytes() == (tmp_path / "at once" / name).read_bytes()
