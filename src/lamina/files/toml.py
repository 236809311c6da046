"""Reading settings from TOML files, which may be untrusted."""

from __future__ import annotations

import os
import tomllib
from typing import Any

from lamina.errors import FileError
from lamina.files.reading import opened

__all__ = ["read_toml"]

# A settings file is about a page. Parsed TOML takes up to forty times the size of the text in memory.
_LARGEST_BYTES = 1 << 20
_DEEPEST = 50


def read_toml(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read the settings of a TOML file.

    Parameters
    ----------
    path : str or path
        A regular file of at most 1 MB, in UTF-8.

    Returns
    -------
    settings : dict
        Integers have at most 64 bits, as TOML specifies; nothing is nested more than 50 deep.

    Raises
    ------
    FileError
        If the file is missing, too large, or not valid TOML.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "settings.toml"
    >>> _ = path.write_text('target = "income"')
    >>> read_toml(path)
    {'target': 'income'}
    """
    with opened(path) as (file, size):
        if size > _LARGEST_BYTES:
            raise FileError(f"{os.fspath(path)!r} must be a TOML file of at most 1 MB, got {size:,} bytes. Shorten it.")
        data = file.read(_LARGEST_BYTES)
    try:
        settings = tomllib.loads(data.decode("utf-8"))
        _check(settings)
    except (ValueError, RecursionError) as error:  # ValueError covers tomllib's errors, and integers with too many digits
        words = " ".join(str(error).split())[:200]
        raise FileError(f"{os.fspath(path)!r} must be a TOML file, but cannot be read as one ({words}). Correct it.") from error
    return settings


def _check(value: Any, depth: int = 0) -> None:
    """Reject nesting and integers that later code could not handle or print."""
    if depth > _DEEPEST:
        raise ValueError(f"nested more than {_DEEPEST} deep")
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            _check(item, depth + 1)
    elif isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise ValueError("an integer of more than 64 bits")
