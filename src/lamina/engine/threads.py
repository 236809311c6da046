"""The default number of threads, from all limits that apply.

It is the smallest of

- the processors that this process may run on (its affinity mask: ``taskset``, ``os.sched_setaffinity``),
- the CPU quota of its control group (of a container, for example), in processors, rounded up,
- ``OMP_NUM_THREADS`` at the time the engine is loaded, which joblib also sets in its worker processes,
- the limit set with ``threadpoolctl``, which lists the engine as ``user_api="lamina"``,
- in a worker of a thread pool, such as that of joblib's threading backend, the worker's share of these.

``n_threads`` overrides all of them.
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

#: More than the work is ever split into, and few enough to start without harm.
MAX_THREADS = 1024
#: What ``n_threads`` may be, for every function with such a parameter.
N_THREADS: Rule = one_of(integer(1, MAX_THREADS), value(None))

_CGROUP = Path("/proc/self/cgroup")
_MOUNTS = Path("/proc/self/mountinfo")


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
    """This thread's share of ``limit``: all of it, except in a worker of a ``multiprocessing.pool.ThreadPool``.

    joblib's threading backend uses such a pool. It rejects ``inner_max_num_threads`` and does not tell its workers their share,
    so the workers are counted.
    """
    pools = sys.modules.get("multiprocessing.dummy")
    if pools is None or not isinstance(threading.current_thread(), pools.DummyProcess):
        return limit
    return max(1, limit // sum(isinstance(thread, pools.DummyProcess) for thread in threading.enumerate()))


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
