"""Names that are imported on first use, which keeps ``import lamina`` fast.

Every ``__init__`` that re-exports names uses :func:`lazy_exports`; every registry of classes is a :class:`LazyRegistry`. What
other libraries import and a process of Lamina's own does not use, :func:`put_off` leaves for later.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib.machinery import ModuleSpec
from threading import Lock
from types import MappingProxyType, ModuleType
from typing import Generic, TypeVar

__all__ = ["LazyRegistry", "exported_classes", "lazy_exports", "put_off"]

_Kind = TypeVar("_Kind")
_OWN = {"lazy", "lazy_exports"}  # names that a lazy package imports from here, hidden in its dir()
_homes: dict[str, dict[str, str]] = {}  # by package: the module of each exported name
_giving_way = Lock()


def lazy_exports(package: str, file: str) -> tuple[Callable[[str], object], Callable[[], list[str]], list[str]]:
    """The ``__getattr__``, ``__dir__`` (PEP 562) and ``__all__`` of a package that imports its names on first use.

    The names and their modules are listed in the ``__init__.pyi`` beside the file, which type checkers read too, one line
    ``from module import name as name`` each. No name may equal the name of one of the package's modules: importing that module
    would overwrite it. A line ``from package import module as module`` names one of the package's own modules, which is an
    attribute too but not in ``__all__``.

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
    with open(f"{file.removesuffix('.py')}.pyi", encoding="utf-8") as stub:  # noqa: PTH123 - a Path takes twice as long
        lines = [line.split() for line in stub if line.startswith("from ")]
    home_of = _homes[package] = {name: module for _, module, _, _, _, name in lines}
    namespace = vars(sys.modules[package])

    def find(name: str) -> object:
        if name not in home_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        if home_of[name] == package:
            return importlib.import_module(f"{package}.{name}")
        # stored, so that the next use is a normal attribute access
        found = namespace[name] = getattr(importlib.import_module(home_of[name]), name)
        return found

    def names() -> list[str]:
        return sorted({*namespace, *home_of} - _OWN)

    return find, names, [name for name, module in home_of.items() if module != package]


def exported_classes(package: str, *, besides: str, renamed: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    """The classes that a package exports through :func:`lazy_exports`, as a dict from module name to class name.

    A new class only needs to be exported to be in the registry.

    Parameters
    ----------
    package : str
    besides : str
        Modules of the package to leave out, separated by spaces.
    renamed : mapping of str to str, optional
        Other keys than the module's name, by module.

    Examples
    --------
    >>> exported_classes("lamina.schedules", besides="function registry schedule")["warm_up"]
    'WarmUp'
    """
    importlib.import_module(package)
    modules = {module.rpartition(".")[2]: name for name, module in _homes[package].items()}
    return {renamed.get(module, module): name for module, name in modules.items() if module not in besides.split()}


class _PutOff(ModuleType):
    """Stands for a module until something in it is asked for."""

    def __getattr__(self, name: str) -> object:
        with _giving_way:  # two threads may ask at once, and the second must not remove what the first imports
            if sys.modules.get(self.__name__) is self:
                del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


def put_off(module: str) -> None:
    """Import a module only when something in it is first asked for, whoever imports it; for a process of one's own.

    Python's ``importlib.util.LazyLoader`` would load it as soon as it is imported a second time.

    Parameters
    ----------
    module : str
        Such as ``"scipy.stats"``. Nothing happens if it is loaded already.

    Examples
    --------
    >>> put_off("wave")
    >>> import wave
    >>> wave.Error.__name__
    'Error'
    """
    if module not in sys.modules:
        stand_in = sys.modules[module] = _PutOff(module)
        stand_in.__spec__ = ModuleSpec(module, None)


class LazyRegistry(Mapping[str, _Kind], Generic[_Kind]):
    """A mapping from the names used in files and settings to classes or functions, each imported on first access.

    Parameters
    ----------
    package : str
        The package that exports them.
    classes : mapping of str to str
        The exported name of each key.

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
