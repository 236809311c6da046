"""How many threads work is dealt to where nobody says: the limits that people set, heeded in one place.

It is the smallest of

- the processors that this process may run on (its mask: ``taskset``, ``os.sched_setaffinity``),
- the processor time that its control group may take (a container's CPU quota), in processors, rounded up,
- ``OMP_NUM_THREADS`` as it is when the engine is loaded, by which joblib also tells a worker process its share,
- what ``threadpoolctl`` has set, of whose libraries the engine is one (``user_api="lamina"``),
- in a worker of a thread pool, such as joblib's threading backend has, that worker's share of these.

``n_threads`` stands above all of them.
"""

from __future__ import annotations

import math
import os
import re
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from lamina.validation import Rule, integer, one_of, value

__all__ = ["MAX_THREADS", "N_THREADS", "default_threads", "num_processors", "serve_limits", "worker_share"]

#: More than work is cut into pieces for, and few enough to be started without harm.
MAX_THREADS = 1024
#: What ``n_threads`` may be, wherever there is such a parameter.
N_THREADS: Rule = one_of(integer(1, MAX_THREADS), value(None))

_CGROUP = Path("/proc/self/cgroup")
_MOUNTS = Path("/proc/self/mountinfo")


def default_threads() -> int:
    """How many threads this thread of this process deals work to, if there is enough of it.

    >>> 1 <= default_threads() <= num_processors()
    True
    """
    native = sys.modules.get("lamina.engine._native")
    return worker_share(_starting_limit() if native is None else native.available_threads())


def num_processors() -> int:
    """Processors that this process may use: those of its mask, and no more than its control group has time on.

    >>> num_processors() >= 1
    True
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = cpu_quota(_CGROUP, _MOUNTS)
    return allowed if math.isinf(quota) else min(allowed, max(1, math.ceil(quota)))


def worker_share(limit: int) -> int:
    """The part of ``limit`` that falls to this thread: all of it, but in a worker of a ``multiprocessing.pool.ThreadPool``.

    joblib's threading backend is one. It refuses ``inner_max_num_threads`` and tells its workers no share; how many of them
    there are can be counted.
    """
    pools = sys.modules.get("multiprocessing.dummy")
    if pools is None or not isinstance(threading.current_thread(), pools.DummyProcess):
        return limit
    return max(1, limit // sum(isinstance(thread, pools.DummyProcess) for thread in threading.enumerate()))


def openmp_threads() -> float:
    """The first number of ``OMP_NUM_THREADS`` (``"4,2"``: at the outer level); infinity where there is none, as in OpenMP."""
    found = re.fullmatch(r"\s*\+?(\d{1,9})\s*(,.*)?", os.environ.get("OMP_NUM_THREADS", ""))
    return int(found[1]) if found and int(found[1]) else math.inf


def cpu_quota(cgroup: Path, mounts: Path) -> float:
    """Processors' worth of time for this control group and those around it, infinity if unbounded; v1 and v2.

    Parameters
    ----------
    cgroup, mounts : Path
        ``/proc/self/cgroup``, by whose lines ``hierarchy:controllers:path`` this process is found below the mounted hierarchies
        of ``/proc/self/mountinfo``.
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
    """The folder of a group and those of the groups around it. A container sees its own group as the ``root`` of the mount."""
    below = path.removeprefix(root) if root != "/" else path
    parts = [part for part in below.split("/") if part not in ("", "..")]
    for count in range(len(parts), -1, -1):
        yield mount.joinpath(*parts[:count])


def _quota(group: Path) -> float:
    """Of one group, whose folder may be out of sight."""
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
    """Give the engine that was just loaded its limit, and let ``threadpoolctl`` change it from now on."""
    from threadpoolctl import LibController, register  # only here: the rest of this file serves without loading it

    native.limit_threads(_starting_limit())

    class EngineController(LibController):  # type: ignore[misc]  # its package has no types
        """The engine, as ``threadpool_info()`` lists it and ``threadpool_limits()`` sets it."""

        user_api = "lamina"
        internal_api = "lamina"
        filename_prefixes = ("_native",)
        check_symbols = ("lamina_get_num_threads", "lamina_set_num_threads")  # other packages have a _native, too

        def get_num_threads(self) -> int:
            return int(native.available_threads())

        def set_num_threads(self, num_threads: int) -> None:
            native.limit_threads(num_threads)

        def get_version(self) -> str | None:
            return None

    register(EngineController)
