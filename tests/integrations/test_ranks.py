"""One training by several real processes: of torchrun, of mpirun, and of Ray, which replaces those that end or hang."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

PROGRAM = Path(__file__).with_name("ranks.py")
BIN = Path(sys.executable).parent
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1"}


def run(*command: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*map(str, command)], env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=200)


def trained_by_ray(what: str) -> dict[str, Any]:
    done = run(sys.executable, PROGRAM, what)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


TORCHRUN = [BIN / "torchrun", "--nproc-per-node", "2"]
MPIRUN = [BIN / "mpirun", "--allow-run-as-root", "--oversubscribe", "-n", "2", sys.executable]


@pytest.mark.parametrize(
    ("launcher", "asked", "name"),
    [
        (TORCHRUN, [], "shared memory"),
        (TORCHRUN, ["gloo"], "gloo"),
        (MPIRUN, [], "shared memory"),
        (MPIRUN, ["MPI"], "MPI"),
    ],
    ids=["torchrun", "torchrun, gloo", "mpirun", "mpirun, MPI"],
)
def test_ranks_that_another_program_made_train_as_one_process(
    launcher: list[Any], asked: list[str], name: str, tmp_path: Path
) -> None:
    assert shutil.which(launcher[0]), launcher[0]
    done = run(*launcher, PROGRAM, "join", tmp_path, *asked)
    assert done.returncode == 0, done.stderr
    ranks = [json.loads((tmp_path / f"{rank}.json").read_text(encoding="ascii")) for rank in range(2)]
    assert ranks[0] == ranks[1]
    synchronous, averaging, _ = ranks[0]
    assert synchronous[:2] == [2, name] and synchronous[2] <= 1e-12
    assert averaging[2] > 1e-6  # another way, other weights
    assert all(each[-1] == 20 for each in ranks[0])


def test_ranks_can_join_again(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(TWICE, encoding="utf-8")
    for launcher in (TORCHRUN, MPIRUN):
        done = run(*launcher, program)
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("3.0") == 6


TWICE = """
import numpy as np
from lamina.distributed import join

for name in (None, "shared memory", None):
    communicator = join(communicator=name, timeout_s=60)
    vector = np.array([1.0 + communicator.rank])
    communicator.all_reduce(vector)
    communicator.close()
    print(*vector, flush=True)
"""


@pytest.mark.smoke
def test_workers_of_ray_train_as_one_process_and_none_is_left() -> None:
    found = trained_by_ray("workers")
    assert found["distance"] <= 1e-12
    assert (found["restarts"], found["warned"], found["left"]) == (0, [], [])
    assert found["communicator"] == "shared memory"


@pytest.mark.parametrize(("what", "communicator"), [("without-torch", "shared memory"), ("gloo", "gloo"), ("elsewhere", "gloo")])
def test_workers_need_torch_only_where_they_speak_by_gloo(what: str, communicator: str) -> None:
    found = trained_by_ray(what)
    assert (found["communicator"], found["left"]) == (communicator, [])
    assert found["distance"] <= 1e-12


def test_the_command_trains_with_workers_and_says_how(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(2000, 3))
    table, model = tmp_path / "table.csv", tmp_path / "model.lamina"
    label = np.where(rows[:, 0] * rows[:, 1] > 0, "yes", "no")
    table.write_text("a,b,c,y\n" + "".join(f"{a},{b},{c},{y}\n" for (a, b, c), y in zip(rows, label, strict=True)))
    options = ["--target", "y", "--members", 1, "--max-epochs", 3, "--json", "-o", model]
    alone = json.loads(run(sys.executable, "-m", "lamina", "train", table, *options).stdout)
    report = json.loads(
        run(sys.executable, "-m", "lamina", "train", table, *options, "--workers", 2, "--way", "synchronous").stdout
    )
    together = report["together"]
    assert (together["workers"], together["communicator"], together["way"]) == (2, "shared memory", "synchronous steps")
    assert together["restarts"] == []
    assert report["test"]["model"] == pytest.approx(alone["test"]["model"], abs=1e-3)
    assert report["epochs"] == alone["epochs"] == 3


def test_a_table_is_learned_as_by_one_process_also_if_the_worker_is_killed() -> None:
    found = trained_by_ray("table-killed")
    assert found["distance"] <= 1e-5
    assert (found["restarts"], found["left"]) == (1, [])


def test_workers_that_read_their_own_files_learn_the_same_also_if_one_is_killed() -> None:
    found = trained_by_ray("files-killed")
    assert found == {"is_equal": True, "restarts": [0, 1], "left": []}


def test_killed_workers_are_named_and_replaced_and_the_weights_are_the_same() -> None:
    found = trained_by_ray("killed")
    assert found["distance"] <= 1e-12
    assert (found["restarts"], found["left"]) == (1, [])
    assert re.match(
        r"Worker 1 \(process \d+ on [\d.]+\) has ended\. Worker 2 .* has ended\. All workers were", found["warned"][0]
    )


def test_a_worker_that_hangs_is_named_and_replaced() -> None:
    found = trained_by_ray("hanging")
    assert found["distance"] <= 1e-12
    assert (found["restarts"], found["left"]) == (1, [])
    assert re.match(r"Worker 1 \(process \d+ on [\d.]+\) hangs: it does not answer\.", found["warned"][0])


@pytest.mark.parametrize(
    ("what", "error"),
    [
        ("given-up", r"LostWorkerError: Worker 1 .* has ended\. After 0 restarts \(max_restarts=0\) the training was given up"),
        ("interrupted", "KeyboardInterrupt"),
        ("failing", r"LostWorkerError: Worker 1 \(process \d+ on [\d.]+\) failed: MemoryError: no room for the rows"),
        (
            "without-torch-elsewhere",
            r"MissingPackageError: Training with workers that share no memory needs torch, .* pip install 'lamina\[gloo\]'",
        ),
        ("small-cluster", r"4 workers need 3 x 1 cores of Ray beside this process, and the cluster has 1 core"),
        ("wrong-address", r"No Ray cluster answers at '127.0.0.1:1'\. Start one with `ray start --head`"),
    ],
)
def test_what_ends_a_training_is_said_and_no_worker_is_left(what: str, error: str) -> None:
    found = trained_by_ray(what)
    assert re.search(error, found["error"])
    assert found["left"] == []


def test_workers_end_with_the_process_that_leads_them() -> None:
    done = run(sys.executable, PROGRAM, "orphaned")
    assert done.returncode == -9
    (worker,) = json.loads(done.stdout.splitlines()[-1])
    deadline = time.monotonic() + 60
    while Path(f"/proc/{worker}").exists():
        assert time.monotonic() < deadline, f"process {worker} is left"
        time.sleep(0.2)


TABLE = """
import numpy as np
import pandas as pd

rng = np.random.default_rng(0)
table = pd.DataFrame({"height": rng.normal(size=400), "width": rng.normal(size=400), "depth": rng.normal(size=400)})
table["income"] = np.where(table["height"] + table["depth"] > 0, "high", "low")
"""
PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "several-machines.md"
RECIPES = re.findall(r"^```\{code-block\} python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def test_the_recipes_of_the_page_run(tmp_path: Path) -> None:
    """The last goes on from the names of the first, on ranks of torchrun; those between are about a table."""
    with_ray, *of_tables, joined = RECIPES
    program = tmp_path / "program.py"
    program.write_text(with_ray, encoding="utf-8")
    done = run(sys.executable, program)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^2 workers \(shared memory\), .*\n.*\n\{'loss': 0\.\d+\}$", done.stdout, re.MULTILINE)
    program.write_text("".join([TABLE, *of_tables]), encoding="utf-8")
    done = run(sys.executable, program)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("2 workers (shared memory)") == 2
    program.write_text(with_ray.split("report =")[0] + joined, encoding="utf-8")
    done = run(BIN / "torchrun", "--nproc-per-node", "2", program)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("2 workers (shared memory)") == 1
