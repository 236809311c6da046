"""Packages that import their names when they are first used: every name is there."""

from __future__ import annotations

import importlib
import pkgutil
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Barrier, BrokenBarrierError
from types import SimpleNamespace
from typing import Any

import pytest

import lamina
from lamina.layers import LAYERS
from lamina.lazy import LazyRegistry, put_off
from lamina.losses import LOSSES
from lamina.optimizers import OPTIMIZERS
from lamina.schedules import SCHEDULES

PACKAGES = ["lamina", *(module.name for module in pkgutil.walk_packages(lamina.__path__, "lamina.") if module.ispkg)]
LAZY = [name for name in PACKAGES if Path(str(importlib.import_module(name).__file__)).with_suffix(".pyi").exists()]


@pytest.mark.parametrize("name", lamina.__all__)
def test_every_public_name_can_be_reached(name: str) -> None:
    assert getattr(lamina, name).__name__ == name
    assert name in dir(lamina)


def test_an_unknown_name_is_an_attribute_error_like_any_modules() -> None:
    with pytest.raises(AttributeError, match="module 'lamina' has no attribute 'MLPClasifier'"):
        _ = lamina.MLPClasifier  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", LAZY)
def test_every_line_of_a_stub_names_something_that_is_there(name: str) -> None:
    package = importlib.import_module(name)
    lines = Path(str(package.__file__)).with_suffix(".pyi").read_text(encoding="utf-8").splitlines()
    exports = [line for line in lines if line.startswith("from ") and not line.startswith(f"from {name} import")]
    assert len(package.__all__) == len(exports)
    for exported in package.__all__:
        assert getattr(package, exported) is not None
        assert exported in dir(package)


def test_the_modules_that_the_readme_names_are_attributes_once_lamina_is_imported() -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(?:lamina)?\.([a-z_]+)`", readme)) & {
        module.name for module in pkgutil.iter_modules(lamina.__path__)
    }
    assert {"losses", "training", "plots"} <= named <= set(dir(lamina))
    for name in named:
        assert lamina.__getattr__(name) is importlib.import_module(f"lamina.{name}")  # as of a package that is not loaded yet


@pytest.mark.parametrize("name", LAZY)
def test_dir_hides_the_names_that_make_a_package_lazy(name: str) -> None:
    assert not {"lazy", "lazy_exports"} & set(dir(importlib.import_module(name)))


def test_packages_are_lazy() -> None:
    assert {"lamina", "lamina.estimators", "lamina.layers", "lamina.training"} <= set(LAZY)


@pytest.mark.parametrize("registry", [LAYERS, LOSSES, OPTIMIZERS, SCHEDULES], ids=["layers", "losses", "optimizers", "schedules"])
def test_every_class_of_a_registry_stands_under_its_kind(registry: LazyRegistry[type]) -> None:
    assert len(registry) == len(list(registry)) > 0
    for kind, cls in registry.items():
        assert cls.kind == kind
        assert kind in registry
    assert "unknown" not in registry
    assert registry.get("unknown") is None


@pytest.mark.parametrize("name", LAZY)
def test_no_lazy_name_is_that_of_a_module_which_would_take_its_place(name: str) -> None:
    package = importlib.import_module(name)
    modules = {module.name for module in pkgutil.iter_modules(package.__path__)}
    assert not modules & set(package.__all__)


@pytest.fixture
def module_beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a module that nothing has imported yet."""
    (tmp_path / "never_imported.py").write_text("three = 3\nonly = object()\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "never_imported", raising=False)
    return "never_imported"


def test_a_module_that_was_put_off_is_loaded_when_something_in_it_is_asked_for(module_beside: str) -> None:
    put_off(module_beside)
    imported = importlib.import_module(module_beside)
    assert not hasattr(type(imported), "three")
    assert "three" not in vars(imported)
    assert imported.three == 3
    loaded = sys.modules[module_beside]
    assert loaded is not imported
    assert str(loaded.__file__).endswith("never_imported.py")
    with pytest.raises(AttributeError, match="four"):
        _ = imported.four


def test_threads_that_ask_at_once_get_the_same_module(module_beside: str, monkeypatch: pytest.MonkeyPatch) -> None:
    put_off(module_beside)
    stand_in, both_found_it = sys.modules[module_beside], Barrier(2)

    class Slow(dict[str, Any]):
        """Modules of which two threads find the same before either goes on, if nothing keeps them apart."""

        def get(self, name: str, default: Any = None) -> Any:
            found = sys.modules.get(name, default)
            with suppress(BrokenBarrierError):
                both_found_it.wait(0.1)
            return found

        def __delitem__(self, name: str) -> None:
            del sys.modules[name]

    monkeypatch.setattr("lamina.lazy.sys", SimpleNamespace(modules=Slow()))
    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(lambda _: stand_in.only, range(2))
    assert first is second


def test_a_module_that_is_loaded_is_not_put_off() -> None:
    put_off("json")
    assert "dumps" in vars(sys.modules["json"])
