"""Optional packages: which extra installs each, and the error when one is missing.

An extra is what ``pip install 'lamina[tables]'`` adds. Arrays and networks need none.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

from lamina.errors import MissingPackageError, phrase_missing

__all__ = ["EXTRAS", "OptionalModule", "require"]

EXTRAS = {
    "pyarrow": "tables",
    "datasketches": "tables",
    "narwhals": "tables",
    "cyclopts": "cli",
    "rich": "cli",
    "matplotlib": "plot",
    "onnx": "onnx",
    "starlette": "lab",
    "uvicorn": "lab",
    "websockets": "lab",
    "ray": "ray",
    "torch": "gloo",
    "mpi4py": "mpi",
    "tensorboardX": "tensorboard",
    "mlflow": "mlflow",
    "wandb": "wandb",
}
"""The extra that installs each package."""


def require(module: str, *, owner: str, extra: str | None = None) -> ModuleType:
    """Import a module of an optional package.

    Parameters
    ----------
    module : str
        Such as ``"pyarrow"`` or ``"pyarrow.csv"``.
    owner : str
        What needs it, for the error message.
    extra : str, optional
        The extra that the owner needs, where several install the package.

    Raises
    ------
    MissingPackageError
        If the package is not installed; the message names the extra that installs it.

    Examples
    --------
    >>> require("json", owner="an example").__name__
    'json'
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        package = module.partition(".")[0]
        if error.name is None or error.name.partition(".")[0] != package:
            raise  # the package is installed, but one of its dependencies is not
        extra = extra or EXTRAS.get(package)
        install = f"'lamina[{extra}]'" if extra else package
        raise MissingPackageError(phrase_missing(package, owner=owner, install=install)) from error


class OptionalModule(ModuleType):
    """A module that is imported on first use, so that code that refers to it can be imported without it.

    Parameters
    ----------
    name : str
        The module's name.
    owner : str
        What needs it, for the error message.

    Raises
    ------
    MissingPackageError
        On first use, if the package is not installed.

    Examples
    --------
    >>> pa = OptionalModule("pyarrow", owner="a table")
    >>> pa.table({"a": [1, 2]}).num_rows
    2
    """

    def __init__(self, name: str, owner: str) -> None:
        super().__init__(name)
        self._owner = owner

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("__"):  # Python's introspection must not trigger the import
            raise AttributeError(attribute)
        found = getattr(require(self.__name__, owner=self._owner), attribute)
        setattr(self, attribute, found)
        return found
