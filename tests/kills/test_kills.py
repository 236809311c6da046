"""SIGKILL at random moments: a training that is started again with the same words ends as one that never stopped, bit for bit.

In CI a few kills of three trainings; ``make kills`` kills all of them, often.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("training_to_kill.py")
NUM_KILLS = int(os.environ.get("LAMINA_KILLS", "0"))
IN_CI = ("short_epochs", "full_batch", "restarts", "blocks")
ALL = ("usual", "long_epochs", *IN_CI, "perturbed", "watched", "scaled_sgd", "regressor")


def start(name, checkpoint):
    return subprocess.Popen([sys.executable, str(SCRIPT), name, str(checkpoint)], stdout=subprocess.PIPE, text=True)


def run_to_the_end(name, checkpoint):
    """The checksum, and the seconds from the first step to the end."""
    process = start(name, checkpoint)
    assert process.stdout.readline() == "begins\n"
    began = time.monotonic()
    out, _ = process.communicate()
    assert process.returncode == 0
    return out.strip(), time.monotonic() - began


def kill_within(name, checkpoint, seconds):
    """Start, and kill between the first step and ``seconds`` later; whether it was still running."""
    process = start(name, checkpoint)
    assert process.stdout.readline() == "begins\n"
    try:
        process.wait(seconds)
        return False
    except subprocess.TimeoutExpired:
        return True
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("name", ALL if NUM_KILLS else IN_CI)
def test_a_killed_training_ends_as_one_that_never_stopped(name, tmp_path):
    expected, duration_s = run_to_the_end(name, tmp_path / "uninterrupted.checkpoint")
    generator = random.Random(f"{name} {os.environ.get('LAMINA_SEED', '0')}")
    kills = 0
    for run in range(NUM_KILLS or 1):
        checkpoint = tmp_path / f"{run}.checkpoint"
        for _ in range(generator.randint(1, 3)):
            kills += kill_within(name, checkpoint, generator.uniform(0, 0.8 * duration_s))
        assert run_to_the_end(name, checkpoint)[0] == expected
    print(f"{name}: {kills} kills, all resumed bit for bit")
