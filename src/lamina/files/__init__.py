"""Files of the user's: written whole or not at all, read without running code."""

from lamina.files.atomic import atomic_write, check_writable
from lamina.files.tensors import FORMAT_VERSION, read_tensors, write_tensors

__all__ = ["FORMAT_VERSION", "atomic_write", "check_writable", "read_tensors", "write_tensors"]
