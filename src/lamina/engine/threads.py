"""The default number of threads, from all limits that apply.

It is the smallest of

- the processors that this process may run on (its affinity mask: ``taskset``, ``os.sched_setaffinity``),
- the CPU quota of its control group (of a container, for example), in processors, rounded up,
- ``OMP_NUM_THREADS`` at the time the engine is loaded, which joblib also sets in its worker processes,
- the limit set with ``threadpoolctl``, which lists the engine as ``user_api="lamina"``,
- in a worker of joblib, of a pool of ``multiprocessing`` or of Dask, its share of the processors. (Where the user does not,
  joblib's own processes, Ray and Dask's nanny set ``OMP_NUM_THREADS``, too.)

``n_threads`` overrides all of them.
"""

from __future__ import annotations

import math
import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from types import ModuleType

from lamina.validation import Rule, integer, one_of, value

__all__ = [
    "MAX_THREADS",
    "N_THREADS",
    "default_threads",
    "limited_threads",
    "num_processors",
    "serve_limits",
    "worker_share",
]

#: More than the work is ever split into, and few enough to start without harm.
MAX_THREADS = 1024
#: What ``n_threads`` may be, for every function with such a parameter.
N_THREADS: Rule = one_of(integer(1, MAX_THREADS), value(None))

_CGROUP = Path("/proc/self/cgroup")
_MOUNTS = Path("/proc/self/mountinfo")
_PROCESSES = Path("/proc")
_POOL_PROCESSES = ("PoolWorker-", "LokyProcess-")  # in the names of processes: ForkPoolWorker-1
_DASK_THREAD = "-Dask-Default-Threads-"  # in the names of threads: 0-Dask-Default-Threads-4711-0


def default_threads() -> int:
    """The number of threads that a call from the current thread uses by default, if there is enough work.

    >>> 1 <= default_threads() <= num_processors()
    True
    """
    native = sys.modules.get("lamina.engine._native")
    return worker_share(_starting_limit() if native is None else native.available_threads())


def num_processors() -> int:
    """Number of processors that this process may use: those of its affinity mask, limited by its CPU quota.

    >>> num_processors() >= 1
    True
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = cpu_quota(_CGROUP, _MOUNTS)
    return allowed if math.isinf(quota) else min(allowed, max(1, math.ceil(quota)))


def worker_share(limit: int) -> int:
    """This thread's share of ``limit``: all of it, except in a worker that others work beside.

    Neither joblib's threading and multiprocessing backends nor Dask tell their workers their share, and joblib's own processes
    keep an ``OMP_NUM_THREADS`` of the user's, so the workers are counted.
    """
    processes = _processes_beside()
    of_process = limit if processes == 1 else min(limit, num_processors() // processes)
    return max(1, of_process // _threads_beside())


def _threads_beside() -> int:
    """The workers of the thread pools that the current thread is a worker of one of; 1 in another thread."""
    thread = threading.current_thread()
    if _DASK_THREAD in thread.name:
        started = sum(_DASK_THREAD in other.name for other in threading.enumerate())  # of several workers in this process
        return max(started, int(sys.modules["distributed"].get_worker().state.nthreads))
    pools = sys.modules.get("multiprocessing.dummy")
    if pools is None or not isinstance(thread, pools.DummyProcess):
        return 1
    return sum(isinstance(other, pools.DummyProcess) for other in threading.enumerate())


def _processes_beside() -> int:
    """The processes of the pool, of ``multiprocessing`` or joblib, that this one is a worker of; 1 in another process."""
    processes = sys.modules.get("multiprocessing.process")
    name = "" if processes is None else processes.current_process().name
    return _processes_like(os.getpid()) if any(kind in name for kind in _POOL_PROCESSES) else 1


@cache
def _processes_like(process: int) -> int:
    """How many children of its parent have the same command; where that is not to be found out, as many as processors."""

    def command(number: str | int) -> bytes:
        return re.sub(rb"\d+", b"", (_PROCESSES / str(number) / "cmdline").read_bytes())  # spawned ones name their pipes

    try:
        of_parent = (_PROCESSES / str(os.getppid()) / "task").glob("*/children")
        own, children = command(process), [child for thread in of_parent for child in thread.read_text().split()]
        alike = sum(command(child) == own for child in children)
    except OSError:  # not Linux, or one of them has ended
        alike = 0
    return alike or num_processors()


def openmp_threads() -> float:
    """The first number in ``OMP_NUM_THREADS`` (``"4,2"``: the outer level's); infinity if there is none, as in OpenMP."""
    found = re.fullmatch(r"\s*\+?(\d{1,9})\s*(,.*)?", os.environ.get("OMP_NUM_THREADS", ""))
    return int(found[1]) if found and int(found[1]) else math.inf


def cpu_quota(cgroup: Path, mounts: Path) -> float:
    """CPU quota of this control group and its parents (v1 or v2), in processors; infinity if unlimited.

    Parameters
    ----------
    cgroup, mounts : Path
        ``/proc/self/cgroup``, whose lines ``hierarchy:controllers:path`` locate this process in the hierarchies that
        ``/proc/self/mountinfo`` lists as mounted.
    """
    try:
        groups = [line.split(":", 2) for line in cgroup.read_text().splitlines()]
        mounted = [line.split() for line in mounts.read_text().splitlines()]
    except OSError:  # not Linux
        return math.inf
    quotas = [math.inf]
    for fields in mounted:
        kind, options = fields[fields.index("-") + 1], fields[-1].split(",")
        controller = {"cgroup2": "", "cgroup": "cpu"}.get(kind)
        if controller is None or (controller and controller not in options):
            continue
        for _, controllers, path in groups:
            if controller in controllers.split(","):
                quotas += (_quota(group) for group in _groups(Path(fields[4]), fields[3], path))
    return min(quotas)


def _groups(mount: Path, root: str, path: str) -> Iterator[Path]:
    """The folders of a group and its parents. A container sees its own group as the ``root`` of the mount."""
    below = path.removeprefix(root) if root != "/" else path
    parts = [part for part in below.split("/") if part not in ("", "..")]
    for count in range(len(parts), -1, -1):
        yield mount.joinpath(*parts[:count])


def _quota(group: Path) -> float:
    """The quota of one group, whose folder may not be visible."""
    for names in (("cpu.max",), ("cpu.cfs_quota_us", "cpu.cfs_period_us")):
        try:
            quota, period = " ".join((group / name).read_text() for name in names).split()
            if quota not in ("max", "-1") and int(period) > 0:
                return int(quota) / int(period)
        except (OSError, ValueError):
            continue
    return math.inf


def _starting_limit() -> int:
    return int(min(num_processors(), openmp_threads()))


def serve_limits(native: ModuleType) -> None:
    """Set the limit of the engine that was just loaded, and let ``threadpoolctl`` change it from now on."""
    from threadpoolctl import LibController, register  # only here: the rest of this file works without it

    native.limit_threads(_starting_limit())

    class EngineController(LibController):  # type: ignore[misc]  # threadpoolctl has no type hints
        """The engine, for ``threadpool_info()`` and ``threadpool_limits()``."""

        user_api = "lamina"
        internal_api = "lamina"
        filename_prefixes = ("_native",)
        check_symbols = ("lamina_get_num_threads", "lamina_set_num_threads")  # other packages have a _native too

        def get_num_threads(self) -> int:
            return int(native.available_threads())

        def set_num_threads(self, num_threads: int) -> None:
            native.limit_threads(num_threads)

        def get_version(self) -> str | None:
            return None

    register(EngineController)


def limited_threads(num_threads: int | None) -> AbstractContextManager[object]:
    """A context in which the engine takes at most so many threads, None: as before; the reference engine has none to limit."""
    from threadpoolctl import ThreadpoolController

    limits: AbstractContextManager[object] = ThreadpoolController().select(user_api="lamina").limit(limits=num_threads)
    return limits
