"""What the front page promises: the exclusive or works from every seed, and the speeds are those that were measured."""

from __future__ import annotations

import json
import re
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from benchmarks.bars import ratio

ROOT = Path(__file__).parents[2]
FRONT = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
WORKLOADS = ("tiny", "default", "mnist", "online")  # one a row of the table of speeds
SECONDS = {"µs": 1e-6, "ms": 1e-3}


@pytest.mark.parametrize("seed", range(20))
def test_the_exclusive_or_is_learned_from_every_seed(seed: int) -> None:
    code = re.search(r"^\(xor\)=\n.*?^```python\n(.*?)^```$", FRONT, re.MULTILINE | re.DOTALL)
    assert code
    names: dict[str, Any] = {}
    exec(code[1].replace("random_state=0", f"random_state={seed}"), names)
    assert names["network"].predict(names["X"]).tolist() == names["y"]
    assert names["perceptron"].predict(names["X"]).tolist() != names["y"]


@pytest.mark.parametrize("page", ["docs/index.md", "README.md"])
def test_the_speeds_of_a_page_are_those_of_the_benchmarks(page: str) -> None:
    measured = json.loads((ROOT / "docs" / "benchmarks.json").read_text(encoding="utf-8"))["workloads"]
    text = (ROOT / page).read_text(encoding="utf-8")
    rows = re.findall(r"^\| [^|]+ \| ([\d.]+) ([µm]s) \| ([\d.]+)× \| ([\d.]+)× \| ([\d.]+)× \|$", text, re.MULTILINE)
    assert len(rows) == len(WORKLOADS)
    for name, (time, unit, *stated) in zip(WORKLOADS, rows, strict=True):
        seconds = measured[name]["step_s"]
        assert median(seconds["lamina"]) == pytest.approx(float(time) * SECONDS[unit], rel=0.02)
        for peer, times in zip(("scikit-learn", "torch", "JAX"), stated, strict=True):
            assert ratio(seconds[peer], seconds["lamina"]) == pytest.approx(float(times), rel=0.03)
