"""What is there is documented, and what is documented is there."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest
from sklearn.datasets import load_iris

from lamina import MLPClassifier, MLPRegressor


def _entries(kind: Any, section: str) -> list[str]:
    """Names documented in a numpydoc section."""
    body = re.split(r"\n([A-Z][a-z]+)\n-+\n", inspect.cleandoc(kind.__doc__))
    text = body[body.index(section) + 1]
    heads = re.findall(r"^(\w[\w, ]*) : ", text, flags=re.MULTILINE)
    return [name.strip() for head in heads for name in head.split(",")]


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_every_parameter_is_documented_and_nothing_else(kind: Any) -> None:
    documented = _entries(kind, "Parameters")
    assert sorted(documented) == sorted(kind().get_params())
    assert len(set(documented)) == len(documented)


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_every_documented_attribute_is_there_after_a_fit(kind: Any) -> None:
    model = kind(max_iter=1).fit(load_iris(as_frame=True).data, load_iris().target)
    documented = _entries(kind, "Attributes")
    assert [name for name in documented if not hasattr(model, name)] == []
    assert [name for name in vars(model) if re.fullmatch(r"[a-z]\w*_", name) and name not in documented] == []
