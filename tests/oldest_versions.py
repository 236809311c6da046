"""The oldest declared versions of what computes and holds data, as requirements for pip; ``make test-oldest`` installs them.

They are read from pyproject.toml, so that what is declared is what is tested. Tools (hypothesis, cyclopts, …) stay free.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

_COMPUTES = ("numpy", "scipy", "scikit-learn", "narwhals", "pyarrow", "pandas", "polars", "safetensors", "threadpoolctl")
_COMPUTES += ("array-api-compat", "datasketches")
_OF_THEIR_TIME = {"pytest": "pytest==8.*"}  # scikit-learn 1.6 hands it generators, which pytest 9 warns of
_LEFT_OUT = (
    "matplotlib",
    "array-api-strict",
    "ray",
    "distributed",
    "onnx",
    "onnxruntime",
)  # the estimators' tests draw nothing, spread nothing over machines, and export nothing


def oldest(requirements: list[str]) -> dict[str, str]:
    """Names and requirements, ``numpy>=2.0`` as ``numpy==2.0.*``.

    >>> oldest(["numpy>=2.0", "pyarrow>=17", "pytest>=8"])
    {'numpy': 'numpy==2.0.*', 'pyarrow': 'pyarrow==17.0.*', 'pytest': 'pytest==8.*'}
    """
    found = {}
    for requirement in requirements:
        name = re.split(r"[<>=!~\[; ]", requirement)[0]
        bound = re.search(r">=\s*([\d.]+)", requirement)
        parts = [*bound[1].split("."), "0"][:2] if bound else []
        found[name] = f"{name}=={'.'.join(parts)}.*" if name in _COMPUTES and bound else requirement
    return {name: _OF_THEIR_TIME.get(name, found[name]) for name in found if name not in _LEFT_OUT}


def declared() -> list[str]:
    """All requirements of the package, its extras, and its tests."""
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"].get("optional-dependencies", {}).values()
    groups = [project["dependency-groups"]["test"], project["project"]["dependencies"], *extras]
    return [entry for group in groups for entry in group if isinstance(entry, str) and not entry.startswith("lamina")]


if __name__ == "__main__":
    print("\n".join(oldest(declared()).values()))
