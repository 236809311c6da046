"""Which communicator ranks speak by: shared memory on one machine, unless another is asked for."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection
from pathlib import Path

from lamina.errors import InvalidSettingError, phrase

__all__ = ["COMMUNICATORS", "chosen_communicator", "is_one_machine", "machine"]

#: What a communicator can be asked for by.
COMMUNICATORS = ("shared memory", "gloo", "MPI")


def machine() -> str:
    """What is equal for two processes exactly if they can share memory; "" where the system has not what that needs.

    They must run under the same kernel, see the same sockets and processes (containers may not), and be one user's.
    """
    if not (sys.platform == "linux" and hasattr(os, "memfd_create") and hasattr(os, "pidfd_open")):
        return ""
    try:
        kernel = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        spaces = [Path(f"/proc/self/ns/{kind}").stat().st_ino for kind in ("net", "pid")]
    except OSError:
        return ""
    return f"{kernel} {spaces} {os.geteuid()}"


def is_one_machine(machines: Collection[str]) -> bool:
    """Whether ranks that said these can share memory.

    >>> is_one_machine(["a", "a"]), is_one_machine(["a", "b"]), is_one_machine(["", ""])
    (True, False, False)
    """
    return len(set(machines)) == 1 and "" not in machines


def chosen_communicator(asked: str | None, otherwise: str, *, one_machine: bool) -> str:
    """The name of the communicator.

    Parameters
    ----------
    asked : str, optional
        By the user, of :data:`COMMUNICATORS`.
    otherwise : str
        What these ranks have where they do not share memory.
    one_machine : bool
        Whether they could.

    Raises
    ------
    InvalidSettingError

    Examples
    --------
    >>> chosen_communicator(None, "gloo", one_machine=True), chosen_communicator("gloo", "gloo", one_machine=True)
    ('shared memory', 'gloo')
    """
    shared = COMMUNICATORS[0]
    if asked not in (None, shared, otherwise):
        rule = f"must be {shared!r}, {otherwise!r} or None for ranks that were started so"
        raise InvalidSettingError(phrase("communicator", rule, asked))
    if asked == shared and not one_machine:
        rule = "must not be asked for: the ranks are not on one machine with Linux, of one user, in one container"
        raise InvalidSettingError(phrase("communicator", rule, asked, repair=f"Leave it out, or give {otherwise!r}."))
    return asked or (shared if one_machine else otherwise)
