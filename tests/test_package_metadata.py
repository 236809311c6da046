"""What the package says of itself agrees in every place where it stands."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import lamina

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
HOME = "https://github.com/lamina-nn/lamina"
DOCS = "https://lamina-nn.readthedocs.io"


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_version_is_the_same_everywhere() -> None:
    version = PROJECT["project"]["version"]
    assert lamina.__version__ == version
    assert re.search(r"^version: (.*)$", read("CITATION.cff"), flags=re.MULTILINE)[1] == version  # type: ignore[index]
    assert f"## {version}" in read("CHANGELOG.md")


@pytest.mark.parametrize("name", ["CITATION.cff", "SECURITY.md", ".readthedocs.yaml"])
def test_addresses_are_those_of_the_project(name: str) -> None:
    assert PROJECT["project"]["urls"]["Source"] == HOME
    assert PROJECT["project"]["urls"]["Documentation"] == DOCS
    named = re.findall(r"https://[\w.-]*(?:github\.com|readthedocs\.io)[\w./-]*", read(name))
    assert named
    assert all(address.startswith((HOME, DOCS)) for address in named)


def test_classifiers_name_the_pythons_that_are_served() -> None:
    classifiers = PROJECT["project"]["classifiers"]
    oldest = PROJECT["project"]["requires-python"].removeprefix(">=")
    assert f"Programming Language :: Python :: {oldest}" in classifiers
    built = PROJECT["tool"]["cibuildwheel"]["build"]
    assert built[0].startswith(f"cp{oldest.replace('.', '')}")
    assert built[-1].removesuffix("-*") == PROJECT["tool"]["scikit-build"]["wheel"]["py-api"]


def test_the_hosted_checks_are_those_that_run_here() -> None:
    assert "run: .ci/run" in read(".github/workflows/ci.yml")
    assert "make docs" in read(".readthedocs.yaml")


def test_the_script_is_the_module() -> None:
    (script,) = entry_points(group="console_scripts", name="lamina")
    assert script.value == "lamina.__main__:start"
