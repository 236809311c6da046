"""The workers that a context of joblib asks for: threads of this process, or other processes, on any machine."""

from __future__ import annotations

from typing import NamedTuple

from lamina.engine import MAX_THREADS

__all__ = ["Workers", "asked_workers"]


class Workers(NamedTuple):
    """What a context of joblib asks for.

    Attributes
    ----------
    num_threads : int
        The most threads; more than there ever are where nothing is asked for.
    num_processes : int
        Processes to run in; 0 for none but this one.
    """

    num_threads: int = MAX_THREADS
    num_processes: int = 0


def asked_workers() -> Workers:
    """The workers of the ``joblib.parallel_config`` around the caller; nothing is asked for without one, or within a worker.

    >>> import joblib
    >>> with joblib.parallel_config("threading", n_jobs=2):
    ...     asked_workers()
    Workers(num_threads=2, num_processes=0)
    >>> asked_workers()
    Workers(num_threads=1024, num_processes=0)
    """
    from joblib.parallel import get_active_backend  # a dependency of scikit-learn

    backend, jobs = get_active_backend()
    number = int(backend.effective_n_jobs(jobs))
    if number == 1:
        return Workers()  # joblib's own default
    shares_memory = getattr(backend, "supports_sharedmem", False)
    return Workers(num_threads=number) if shares_memory else Workers(num_processes=number)
