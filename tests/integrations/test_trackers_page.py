"""The recipes for trackers run as the page shows them (make test-integrations)."""

from __future__ import annotations

import re
import runpy
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "trackers.md").read_text(encoding="utf-8")
RECIPES = re.findall(r"^```\{code-block\} python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture(autouse=True)
def trackers_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    import mlflow
    import wandb

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WANDB_SILENT", "true")
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path / 'mlflow.db'}")
    yield
    mlflow.set_tracking_uri(before)
    wandb.teardown()


@pytest.mark.filterwarnings("ignore:.*loader strategy is deprecated")  # of SQLAlchemy 2.1, which MLflow asks for
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("recipe", RECIPES, ids=["tensorboard", "mlflow", "wandb"])
def test_a_recipe_of_the_page_runs(recipe: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = tmp_path / "program.py"
    program.write_text(recipe, encoding="utf-8")
    runpy.run_path(str(program))
    if "print(" in recipe:
        assert capsys.readouterr().out.startswith("FINISHED adamw 0.")
