"""Names that are imported when first used, so that an import costs what it needs and no more.

Every ``__init__`` that re-exports hands over to :func:`lazy_exports`; every registry of classes is a :class:`LazyRegistry`.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Generic, TypeVar

__all__ = ["LazyRegistry", "exported_classes", "lazy_exports"]

_Kind = TypeVar("_Kind")
_OWN = {"lazy", "lazy_exports"}  # which a package has of this module, and nobody looks for
_homes: dict[str, dict[str, str]] = {}  # by package: the module of each exported name


def lazy_exports(package: str, file: str) -> tuple[Callable[[str], object], Callable[[], list[str]], list[str]]:
    """The ``__getattr__``, ``__dir__`` (PEP 562) and ``__all__`` of a package that imports its names when they are first used.

    Which they are, and where they live, stands in the ``__init__.pyi`` beside it, from which type checkers read it too: a line
    ``from module import name as name`` each. No name may be that of one of the package's modules: importing the module would
    put it in the name's place. A line ``from package import module as module`` names one of the package's own modules, which
    is an attribute too, and not in ``__all__``.

    Parameters
    ----------
    package, file : str
        The package's ``__name__`` and ``__file__``.

    Examples
    --------
    >>> import lamina
    >>> find, names, exported = lazy_exports("lamina", lamina.__file__)
    >>> find("Dense")
    <class 'lamina.layers.dense.Dense'>
    >>> find("Dens")
    Traceback (most recent call last):
        ...
    AttributeError: module 'lamina' has no attribute 'Dens'
    """
    with open(f"{file.removesuffix('.py')}.pyi", encoding="utf-8") as stub:  # noqa: PTH123 - a Path would take twice the time
        lines = [line.split() for line in stub if line.startswith("from ")]
    home_of = _homes[package] = {name: module for _, module, _, _, _, name in lines}
    namespace = vars(sys.modules[package])

    def find(name: str) -> object:
        if name not in home_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        if home_of[name] == package:
            return importlib.import_module(f"{package}.{name}")
        # kept, so that the next use is an attribute like any other
        found = namespace[name] = getattr(importlib.import_module(home_of[name]), name)
        return found

    def names() -> list[str]:
        return sorted({*namespace, *home_of} - _OWN)

    return find, names, [name for name, module in home_of.items() if module != package]


def exported_classes(package: str, *, besides: str, renamed: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    """The names of the classes that a package exports by :func:`lazy_exports`, each by that of the module that it has for itself.

    So to be exported is all that a new one needs to be in a registry.

    Parameters
    ----------
    package : str
    besides : str
        Its modules that hold something else, separated by spaces.
    renamed : mapping of str to str, optional
        The keys of classes that are not their module's name.

    Examples
    --------
    >>> exported_classes("lamina.schedules", besides="function registry schedule")["warm_up"]
    'WarmUp'
    """
    importlib.import_module(package)
    modules = {module.rpartition(".")[2]: name for name, module in _homes[package].items()}
    return {renamed.get(module, module): name for module, name in modules.items() if module not in besides.split()}


class LazyRegistry(Mapping[str, _Kind], Generic[_Kind]):
    """Classes or functions by their names in files and settings, each imported when first asked for.

    Parameters
    ----------
    package : str
        That exports them.
    classes : mapping of str to str
        Their names by their keys here.

    Examples
    --------
    >>> registry = LazyRegistry("lamina.errors", {"data": "DataError", "shape": "ShapeError"})
    >>> list(registry), registry["data"]
    (['data', 'shape'], <class 'lamina.errors.DataError'>)
    """

    def __init__(self, package: str, classes: Mapping[str, str]) -> None:
        self._package = package
        self._classes = dict(classes)

    def __getitem__(self, key: str) -> _Kind:
        found: _Kind = getattr(importlib.import_module(self._package), self._classes[key])
        return found

    def __contains__(self, key: object) -> bool:
        return key in self._classes

    def __iter__(self) -> Iterator[str]:
        return iter(self._classes)

    def __len__(self) -> int:
        return len(self._classes)
