"""Files of the user's: written whole or not at all, read without running code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.lazy import lazy_exports

if TYPE_CHECKING:
    from lamina.files.atomic import atomic_write, check_writable
    from lamina.files.boundary import decoding
    from lamina.files.reading import opened
    from lamina.files.tensors import FORMAT_VERSION, read_tensors, write_tensors
    from lamina.files.toml import read_toml

__all__ = ["FORMAT_VERSION", "atomic_write", "check_writable", "decoding", "opened", "read_tensors", "read_toml", "write_tensors"]

_HOMES = {
    "lamina.files.atomic": "atomic_write check_writable",
    "lamina.files.boundary": "decoding",
    "lamina.files.reading": "opened",
    "lamina.files.tensors": "FORMAT_VERSION read_tensors write_tensors",
    "lamina.files.toml": "read_toml",
}
__getattr__, __dir__ = lazy_exports(__name__, _HOMES)
