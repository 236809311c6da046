"""The top-level package: every name is there, and nothing heavy is imported before it is used."""

from __future__ import annotations

import subprocess
import sys

import pytest

import lamina


def test_importing_the_package_imports_no_heavy_library() -> None:
    code = (
        "import sys, lamina; heavy = {'sklearn', 'scipy', 'numpy', 'pandas', 'matplotlib', 'rich'} & set(sys.modules); "
        "assert not heavy, heavy; assert lamina.Dense(3).units == 3; assert 'sklearn' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", lamina.__all__)
def test_every_public_name_can_be_reached(name: str) -> None:
    assert getattr(lamina, name).__name__ == name
    assert name in dir(lamina)


def test_an_unknown_name_is_an_attribute_error_like_any_modules() -> None:
    with pytest.raises(AttributeError, match="module 'lamina' has no attribute 'MLPClasifier'"):
        _ = lamina.MLPClasifier  # type: ignore[attr-defined]
