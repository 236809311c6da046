"""Joins ranks that ``torchrun`` or ``mpirun`` made."""

from __future__ import annotations

from lamina.distributed.communicator import Communicator
from lamina.distributed.gloo import from_torchrun
from lamina.distributed.mpi import MPI, is_under_mpirun
from lamina.errors import InvalidSettingError
from lamina.validation import check_parameters, number

__all__ = ["join"]


def join(*, timeout_s: float = 1800.0) -> Communicator:
    """This process's connection to the others that ``torchrun`` or ``mpirun`` started with it.

    Parameters
    ----------
    timeout_s : float, default=1800
        How long a rank waits for the others before it fails, > 0. MPI waits without end.

    Returns
    -------
    Communicator
        Of gloo (extra ``gloo``) under ``torchrun``, of MPI (extra ``mpi``) under ``mpirun``.

    Raises
    ------
    InvalidSettingError
        If neither started this process.
    MissingPackageError
        If torch or mpi4py is not installed.

    Examples
    --------
    >>> join()
    Traceback (most recent call last):
        ...
    lamina.errors.InvalidSettingError: There are no other ranks: neither torchrun nor mpirun started this process. Start it by \
`torchrun --nproc-per-node 2 program.py` or `mpirun -n 2 python program.py`, or give workers=… to lamina.distributed.fit.
    """
    check_parameters({"timeout_s": timeout_s}, {"timeout_s": number(0, closed="neither")}, owner="join")
    under_torchrun = from_torchrun(timeout_s)
    if under_torchrun is not None:
        return under_torchrun
    if is_under_mpirun():
        return MPI()
    raise InvalidSettingError(
        "There are no other ranks: neither torchrun nor mpirun started this process. Start it by "
        "`torchrun --nproc-per-node 2 program.py` or `mpirun -n 2 python program.py`, "
        "or give workers=… to lamina.distributed.fit."
    )
