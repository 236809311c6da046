"""A message advises only options that there are."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import lamina
from lamina import TabularRegressor
from lamina.cli.main import build_app, main
from lamina.errors import DataError, InvalidSettingError
from lamina.export.columns import inputs_of
from lamina.lab.opened_table import open_file

SOURCES = Path(lamina.__file__).parent
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
OF_OTHERS = {"--nproc-per-node", "--logdir", "--upgrade", "--head", "--help", "--version", "--config"}
#: What an error about a table may advise, wherever a table is read.
OF_READING = {"--on-error", "--drop-ragged", "--encoding", "--on-bad-shard"}


@cache
def options() -> dict[str, set[str]]:
    """The options of each command."""
    app = build_app()
    return {
        name: {option for argument in app[name].assemble_argument_collection() for option in argument.names}
        for name in (*app.resolved_commands(),)
        if not name.startswith("-")
    }


def texts(tree: ast.AST) -> Iterator[str]:
    """The texts of a module, but not its docstrings."""
    documented = ast.Module | ast.ClassDef | ast.FunctionDef
    bodies = [node.body for node in ast.walk(tree) if isinstance(node, documented) and node.body]
    docstrings = {id(body[0].value) for body in bodies if isinstance(body[0], ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


def test_every_option_that_a_text_names_exists() -> None:
    known = set().union(*options().values()) | OF_OTHERS
    named = {
        (str(path.relative_to(SOURCES)), option)
        for path in SOURCES.rglob("*.py")
        for text in texts(ast.parse(path.read_text(encoding="utf-8")))
        for option in OPTION.findall(text)
        if not option.endswith("-")  # the beginning of one that is put together
    }
    assert len(named) > 30
    assert {(path, option) for path, option in named if option not in known} == set()


def test_commands_that_read_tables_have_what_errors_about_tables_advise() -> None:
    reading = {name: found for name, found in options().items() if "--encoding" in found}
    assert set(reading) == {"train", "search", "predict", "evaluate", "doctor", "report"}
    assert {name: OF_READING - found for name, found in reading.items() if not found >= OF_READING} == {}


def test_a_report_takes_odd_values_for_missing_where_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [f"{i % 10},{2 * (i % 10) + 1}" for i in range(60)]
    (tmp_path / "t.csv").write_text("\n".join(["size,price", *rows]))
    (tmp_path / "odd.csv").write_text("\n".join(["size,price", "much,3", *rows]))
    model, odd = str(tmp_path / "m.lamina"), str(tmp_path / "odd.csv")
    train = ["train", str(tmp_path / "t.csv"), "-t", "price", "-o", model, "--hidden", "4", "--members", "1", "--max-epochs", "3"]
    assert main([*train, "--quiet"]) == 0
    assert main(["report", model, odd, "--text"]) == 1
    advised = re.search(r"\((--on-error missing)\)", capsys.readouterr().err)
    assert advised
    assert main(["report", model, odd, "--text", "--quiet", *advised[1].split()]) == 0
    assert "could not examine" not in capsys.readouterr().out


def test_what_the_refusal_of_free_text_advises_can_be_typed(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    words = np.array(["tea", "cup", "the", "good", "bad", "of", "and", "never", "warm", "cold", "soup", "fish", "milk", "bread"])
    prose = [" ".join(rng.choice(words, 8)) for _ in range(200)]
    frame = pd.DataFrame({"a review": prose, "size": rng.normal(size=200), "price": rng.normal(size=200)})
    frame.to_csv(tmp_path / "t.csv", index=False)
    train = ["train", str(tmp_path / "t.csv"), "-t", "price", "-o", str(tmp_path / "m.lamina"), "--quiet"]
    with pytest.warns(lamina.data.DataWarning, match="free text"):
        model = TabularRegressor(hidden=(4,), members=1, max_epochs=1, random_state=0).fit(frame, "price").model_
    with pytest.raises(InvalidSettingError, match="Train without them") as refused:
        inputs_of(model.encoder)
    found = re.search(r"kinds=(\{.*?\}) \((--kinds .*?)\), or", str(refused.value))
    assert found
    assert ast.literal_eval(found[1]) == {"a review": "ignore"}
    assert main([*train, "--hidden", "4", "--max-epochs", "1", *shlex.split(found[2])]) == 0
    assert main(["export", str(tmp_path / "m.lamina"), "-o", str(tmp_path / "m.py")]) == 0


def test_the_lab_advises_no_option_of_other_commands(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,2\n1,2,3\n")
    with pytest.raises(DataError, match="every row must have 2 fields") as refused:
        open_file(tmp_path / "t.csv")
    assert "--" not in str(refused.value)


def test_the_doctor_of_a_model_takes_odd_values_for_missing_where_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f"{i % 10},{i % 7},{2 * (i % 10) + 1}" for i in range(60)]
    (tmp_path / "t.csv").write_text("\n".join(["size,more,price", *rows]))
    (tmp_path / "odd.csv").write_text("\n".join(["size,more,price", "much,1,3", *rows]))
    model, odd = str(tmp_path / "m.lamina"), str(tmp_path / "odd.csv")
    train = ["train", str(tmp_path / "t.csv"), "-t", "price", "-o", model, "--hidden", "4", "--members", "1", "--max-epochs", "3"]
    assert main([*train, "--quiet"]) == 0
    assert main(["doctor", model, odd]) == 1
    assert "(--on-error missing)" in capsys.readouterr().err
    assert main(["doctor", model, odd, "--on-error", "missing", "--quiet"]) == 0
