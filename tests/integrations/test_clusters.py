"""Many trainings on clusters of Ray and Dask that this machine plays (make test-integrations)."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lamina.engine import num_processors

PROGRAM = Path(__file__).with_name("spread.py")


@pytest.mark.parametrize(
    "backend", [pytest.param("ray", marks=pytest.mark.smoke), pytest.param("dask", marks=pytest.mark.smoke), "dask-threads"]
)
def test_trainings_on_a_cluster_are_those_of_one_after_the_other_and_share_the_processors(backend: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    done = subprocess.run([sys.executable, PROGRAM, backend], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    share = max(1, num_processors() // 2) if backend == "dask-threads" else 1  # Ray and Dask's nanny say 1
    assert found == {"different": [], "threads": [share], "elsewhere": backend != "dask-threads"}


PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "many-trainings.md"
RECIPES = re.findall(r"^```\{code-block\} python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("recipe", RECIPES, ids=["ray", "dask"])
def test_a_recipe_of_the_page_runs(recipe: str, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(recipe, encoding="utf-8")
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.split()) >= 4
