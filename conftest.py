"""What holds for all tests and for the examples in docstrings."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.util import find_spec

import pytest

# Its example needs a package that not every installation has.
collect_ignore = [] if find_spec("onnx") else ["src/lamina/export/onnx_file.py"]


@pytest.fixture(autouse=True)
def _close_figures() -> Iterator[None]:
    """Figures stay in matplotlib's memory until they are closed, and it warns of many."""
    yield
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close("all")
