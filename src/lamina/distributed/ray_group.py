"""Workers that Ray starts, places and supervises.

This process is rank 0, and holds all that matters: weights, history, callbacks. A worker that is killed, or hangs, is told from
the others by asking each, all are ended, and as many new ones begin where rank 0 is. Rows in arrays lie once in the object store
of each machine, whose workers read them there.
"""

from __future__ import annotations

import os
import signal
import socket
from functools import partial
from typing import Any

from lamina.caller import warn_caller
from lamina.distributed.choice import chosen_communicator, is_one_machine, machine
from lamina.distributed.gloo import Gloo
from lamina.distributed.group import HandedOut
from lamina.distributed.ray_worker import Connect, Place, RayWorker
from lamina.distributed.shared_memory import SharedMemory
from lamina.distributed.watched import Watched
from lamina.engine.plan import Batches
from lamina.errors import InvalidSettingError, LostWorkerError, counted
from lamina.extras import require
from lamina.training.training_warning import TrainingWarning

__all__ = ["RayGroup"]

_ANSWER_S = 5.0  # a worker that answers does so in milliseconds
_OWNER = "Training with several workers"


class RayGroup:
    """This process and ``workers - 1`` more.

    Parameters
    ----------
    workers : int
        >= 2.
    n_threads : int
        Of each.
    asked : str, optional
        The name of a communicator.
    address, timeout_s, max_restarts
        As in :func:`lamina.distributed.fit`.

    Attributes
    ----------
    communicator : Watched
    restarts : list of str
    """

    communicator: Watched
    told: Any = None

    def __init__(
        self,
        workers: int,
        n_threads: int,
        asked: str | None,
        address: str | None,
        timeout_s: float,
        max_restarts: int,
    ) -> None:
        self._ray = require("ray", owner=_OWNER)
        self.size, self._timeout_s, self._max_restarts = workers, timeout_s, max_restarts
        self.n_threads: int | None = n_threads
        self._asked, self._cores = asked, n_threads  # of each worker
        self.restarts: list[str] = []
        self._workers: list[Any] = []
        self._places: list[Place] = []
        self._tasks: list[Any] = []
        self._rows: list[Any] = []  # of each worker, in Ray's object store
        self._bundles: Any = None
        self._starts_ray = not self._ray.is_initialized()
        if self._starts_ray:
            self._start_ray(address)
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def hand_out(self, rows: HandedOut) -> None:
        """Give each worker the rows of a training: the same ones, which lie once on each machine, or its own.

        Raises
        ------
        InvalidSettingError
            If what they are cannot be sent.
        LostWorkerError
            If a worker has ended.
        """
        put = self._ray.put
        try:
            if isinstance(rows, Batches):
                self._rows = [put((list(rows.inputs), list(rows.targets), rows.sample_weight))] * (self.size - 1)
            else:
                self._rows = [put(part) for part in rows[1:]]
        except TypeError as error:  # of a pickle
            repair = "Open files when they are read, and define functions in a module."
            rule = "must be a source that can be sent to other processes"
            raise InvalidSettingError(f"fit: X {rule}, which this one cannot: {_first_line(error)} {repair}") from error
        self._give()

    def _give(self) -> None:
        ray, pairs = self._ray, zip(self._workers, self._rows, strict=False)  # before the first training there are none
        try:
            ray.get([worker.take.remote(rows) for worker, rows in pairs], timeout=self._timeout_s)
        except ray.exceptions.RayError as error:
            raise LostWorkerError(f"The workers did not take their rows: {_first_line(error)}") from error

    def renew(self, error: LostWorkerError) -> None:
        """Replace the workers, once it is known which one is to blame.

        Raises
        ------
        LostWorkerError
            If a worker failed by itself, which it would again, or too many were lost.
        """
        blamed = self._blame()
        sentence = f"{blamed or str(error)} After {counted(len(self.restarts), 'restart')} "
        self._end()
        if len(self.restarts) >= self._max_restarts:
            raise LostWorkerError(f"{sentence}(max_restarts={self._max_restarts}) the training was given up.") from error
        self.restarts.append(f"{blamed or str(error)} All workers were replaced, and the last steps taken again.")
        warn_caller(self.restarts[-1], TrainingWarning)
        self._start()

    def close(self) -> None:
        """End all workers, and Ray if it was started here."""
        self._end()
        if self._starts_ray:
            self._ray.shutdown()

    # Starting

    def _start_ray(self, address: str | None) -> None:
        settings: dict[str, Any] = {"address": address}
        if address is None:
            settings = {"include_dashboard": False, "num_cpus": (self.size - 1) * self._cores}
        try:
            if address is not None:
                _check_answers(address)
            self._ray.init(log_to_driver=False, logging_level="ERROR", **settings)
        except OSError as error:
            repair = "Start one with `ray start --head`, or name no address, to have one started on this machine."
            raise InvalidSettingError(f"No Ray cluster answers at {address!r}. {repair} ({_first_line(error)})") from error

    def _start(self) -> None:
        ray, num = self._ray, self.size - 1
        cpus = int(ray.cluster_resources().get("CPU", 0))
        if cpus < num * self._cores:
            had, needed = counted(cpus, "core"), f"{num} x {self._cores}"
            repair = "Ask for fewer workers, or add machines."
            raise InvalidSettingError(
                f"{self.size} workers need {needed} cores of Ray beside this process, and the cluster has {had}. {repair}"
            )
        groups = require("ray.util.placement_group", owner=_OWNER)
        strategies = require("ray.util.scheduling_strategies", owner=_OWNER)
        self._bundles = groups.placement_group([{"CPU": self._cores}] * num, strategy="PACK")
        if not self._bundles.wait(self._timeout_s):
            repair = "Wait until others are done, or ask for fewer workers."
            raise LostWorkerError(f"Ray found no room for {counted(num, 'worker')} in {self._timeout_s:g} s. {repair}")
        place = strategies.PlacementGroupSchedulingStrategy(self._bundles)
        actor = ray.remote(num_cpus=self._cores, max_concurrency=2, max_restarts=0)(RayWorker)
        self._workers = [actor.options(scheduling_strategy=place).remote() for _ in range(num)]
        try:
            self._places = ray.get([worker.place.remote() for worker in self._workers], timeout=self._timeout_s)
        except ray.exceptions.RayError as error:
            raise LostWorkerError(f"The workers did not start: {_first_line(error)}") from error
        self._give()
        self._connect()

    def _connect(self) -> None:
        one_machine = is_one_machine([machine(), *(place.machine for place in self._places)])
        if chosen_communicator(self._asked, Gloo.name, one_machine=one_machine) == SharedMemory.name:
            meeting, listener = SharedMemory.listen()
            self._meet(partial(SharedMemory, meeting), partial(SharedMemory, meeting, listener=listener))
            return
        require("torch.distributed", owner="Training with workers that share no memory")
        try:
            self._ray.get([worker.require_gloo.remote() for worker in self._workers], timeout=self._timeout_s)
        except self._ray.exceptions.RayError as error:
            raise LostWorkerError(f"The workers cannot speak by gloo: {_first_line(error)}") from error
        host, store = self._ray.util.get_node_ip_address(), Gloo.listen(self._timeout_s)
        self._meet(partial(Gloo, host, store.port), partial(Gloo, host, store.port, store=store))

    def _meet(self, theirs: Connect, own: Connect) -> None:
        self._tasks = [worker.follow.remote(theirs, rank, self.size) for rank, worker in enumerate(self._workers, start=1)]
        try:
            self.communicator = Watched(own(0, self.size, self._timeout_s))
        except RuntimeError as error:
            raise LostWorkerError(f"The workers did not connect. {self._blame() or _first_line(error)}") from error

    # What happened

    def _blame(self) -> str:
        """A sentence about the workers that ended, failed or do not answer.

        Raises
        ------
        LostWorkerError
            If one failed by an error of its own.
        """
        ray, found = self._ray, []
        ray.wait(self._tasks, num_returns=len(self._tasks), timeout=1.0)  # those that lost others end, too
        for rank, (worker, task, place) in enumerate(zip(self._workers, self._tasks, self._places, strict=True), start=1):
            name = f"Worker {rank} (process {place.process} on {place.host})"
            try:
                ray.get(task, timeout=0)
            except ray.exceptions.GetTimeoutError:
                found += self._state_of(worker, name)
            except ray.exceptions.RayActorError:
                found.append(f"{name} has ended.")
            except ray.exceptions.RayTaskError as error:
                raise LostWorkerError(f"{name} failed: {type(error.cause).__name__}: {error.cause}") from error
        return " ".join(found)

    def _state_of(self, worker: Any, name: str) -> list[str]:
        """What is wrong with a worker that has not ended."""
        ray = self._ray
        try:
            is_waiting, for_s = ray.get(worker.pulse.remote(), timeout=min(_ANSWER_S, self._timeout_s))
        except ray.exceptions.GetTimeoutError:
            return [f"{name} hangs: it does not answer."]
        except ray.exceptions.RayError:
            return [f"{name} has ended."]
        late = not is_waiting and for_s >= self._timeout_s / 2
        return [f"{name} hangs: it has been busy with a step for {for_s:.0f} s."] if late else []

    # Ending

    def _end(self) -> None:
        """End all workers, also those that do not answer."""
        if "communicator" in vars(self):
            self.communicator.close()
        for worker in self._workers:
            self._ray.kill(worker, no_restart=True)
        here = self._ray.util.get_node_ip_address()
        for place in self._places:
            if place.host == here:
                _kill(place)
        if self._bundles is not None:
            require("ray.util.placement_group", owner=_OWNER).remove_placement_group(self._bundles)
        self._workers, self._places, self._tasks, self._bundles = [], [], [], None


def _check_answers(address: str) -> None:
    """Raise an OSError if nobody listens at ``host:port``: Ray itself would try for minutes."""
    host, _, port = address.rpartition(":")
    if port.isdigit():
        socket.create_connection((host, int(port)), timeout=_ANSWER_S).close()


def _kill(place: Place) -> None:
    """End a process of this machine that may be stopped, unless its number is another's by now."""
    if place.started and place.started == RayWorker.started_at(place.process):
        os.kill(place.process, signal.SIGKILL)


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
