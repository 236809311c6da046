"""What is public is described: a page for it, a numpydoc docstring that names every parameter, an example that runs.

The examples themselves run with the tests of the modules (``--doctest-modules``).
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import lamina
from lamina.activations import ACTIVATIONS, get_activation
from lamina.initializers import INITIALIZERS
from lamina.layers import LAYERS
from lamina.losses import LOSSES
from lamina.optimizers import OPTIMIZERS
from lamina.regularizers import REGULARIZERS
from lamina.schedules import SCHEDULES
from lamina.training import Callback

DOCS = Path(__file__).parents[2] / "docs"
# Parts without a page: the command line has one of its own, the others are tools of the package itself.
INTERNAL = frozenset(
    [
        "__main__",
        "caller",
        "cli",
        "data_frame",
        "door",
        "extras",
        "forms",
        "html",
        "http_server",
        "lazy",
        "moments",
        "settings",
        "spread",
        "tasks",
        "text_table",
    ]
)
PARTS = [m.name for m in pkgutil.iter_modules(lamina.__path__) if m.name not in INTERNAL]
TRAINING = vars(importlib.import_module("lamina.training")).values()
CALLBACKS = [value for value in TRAINING if inspect.isclass(value) and issubclass(value, Callback)]
REGISTERED: dict[str, Any] = {
    **{f"layer {name}": layer for name, layer in LAYERS.items()},
    **{f"loss {name}": loss for name, loss in LOSSES.items()},
    **{f"optimizer {name}": optimizer for name, optimizer in OPTIMIZERS.items()},
    **{f"schedule {name}": schedule for name, schedule in SCHEDULES.items()},
    **{f"initializer {name}": type(initializer) for name, initializer in INITIALIZERS.items()},
    **{f"regularizer {name}": regularizer for name, regularizer in REGULARIZERS.items()},
    **{f"callback {callback.__name__}": callback for callback in CALLBACKS},
}


def public_objects() -> Iterator[tuple[str, Any]]:
    """Every class and function that a part's ``__all__`` names, once, under the part that defines it."""
    for part in PARTS:
        module = importlib.import_module(f"lamina.{part}")
        for name in getattr(module, "__all__", ()):
            value = getattr(module, name)
            if callable(value) and str(getattr(value, "__module__", "")).startswith(f"lamina.{part}"):
                yield f"{part}.{name}", value


OBJECTS = dict(public_objects())


def sections(value: Any) -> dict[str, str]:
    """The numpydoc sections of a docstring by heading; the text before the first is under ''."""
    pieces = re.split(r"^([A-Z][A-Za-z ]+)\n-{3,}\n", inspect.getdoc(value) or "", flags=re.MULTILINE)
    return {"": pieces[0], **dict(zip(pieces[1::2], pieces[2::2], strict=True))}


def documented_parameters(value: Any) -> set[str]:
    """Names in the sections of parameters, and of attributes, where results describe their fields."""
    text = sections(value).get("Parameters", "") + sections(value).get("Attributes", "")
    heads = re.findall(r"^(\*{0,2}\w[^\n:]*?)(?: : [^\n]*)?$", text, flags=re.MULTILINE)
    return {name.strip().lstrip("*") for head in heads for name in head.split(",")}


def parameters(value: Any) -> list[str]:
    """Names that a user may give; those that begin with an underscore are nobody's."""
    try:
        given = inspect.signature(value).parameters.values()
    except ValueError:
        return []
    return [parameter.name for parameter in given if not parameter.name.startswith("_") and parameter.name != "self"]


def is_machinery(value: Any) -> bool:
    """Whether nobody makes one: errors, protocols, abstract bases."""
    is_class = inspect.isclass(value)
    return is_class and (issubclass(value, BaseException) or inspect.isabstract(value) or getattr(value, "_is_protocol", False))


def test_every_part_is_in_the_reference() -> None:
    index = (DOCS / "api" / "index.md").read_text(encoding="utf-8")
    missing = [part for part in PARTS if f"generated/lamina.{part}\n" not in index]
    assert not missing, f"docs/api/index.md does not list {missing}"


@pytest.mark.parametrize("name", lamina.__all__)
def test_every_name_at_top_level_is_public_in_the_part_that_defines_it(name: str) -> None:
    value = getattr(lamina, name)
    part = value.__module__.split(".")[1]
    assert part in PARTS
    assert name in importlib.import_module(f"lamina.{part}").__all__, f"{name} has no page: lamina.{part}.__all__ lacks it"


@pytest.mark.parametrize("name", REGISTERED)
def test_what_is_registered_is_public_and_so_has_a_page(name: str) -> None:
    assert REGISTERED[name] in OBJECTS.values()


@pytest.mark.parametrize("name", OBJECTS)
def test_every_public_object_says_in_its_first_line_what_it_is(name: str) -> None:
    own = OBJECTS[name].__doc__ or ""
    assert own.strip(), f"lamina.{name} has no docstring of its own"
    assert not own.startswith(f"{name.split('.')[-1]}("), f"lamina.{name} has only the signature that dataclasses write"


# The engine's contracts, the rules and the phrases describe what they take in prose.
IN_PROSE = ("engine.", "validation.", "errors.")


@pytest.mark.parametrize("name", [n for n, value in OBJECTS.items() if not is_machinery(value) and not n.startswith(IN_PROSE)])
def test_every_parameter_of_a_public_object_is_described(name: str) -> None:
    if "Parameters" not in sections(OBJECTS[name]) and len(parameters(OBJECTS[name])) <= 1:
        return  # the first sentence says what the one argument is
    missing = sorted(set(parameters(OBJECTS[name])) - documented_parameters(OBJECTS[name]))
    assert not missing, f"lamina.{name} does not describe {missing}"


@pytest.mark.parametrize("name", REGISTERED)
def test_everything_registered_has_an_example(name: str) -> None:
    assert ">>> " in sections(REGISTERED[name]).get("Examples", "")


@pytest.mark.parametrize("name", lamina.__all__)
def test_everything_at_top_level_has_an_example(name: str) -> None:
    value = getattr(lamina, name)
    if not is_machinery(value):
        assert ">>> " in sections(value).get("Examples", "")


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_says_its_formula_and_its_derivative(name: str) -> None:
    activation = get_activation(name)
    assert activation.formula
    assert activation.derivative_formula
