from __future__ import annotations

import pickle
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.distributed.ranks import Fails, ThreadCommunicator, run_ranks

from lamina import LBFGS, Dense, PerturbAll, Sequential, Trainer
from lamina.distributed import Report, Timing, Way, fit, join
from lamina.distributed.communicator import Alone
from lamina.errors import InvalidSettingError, MissingPackageError
from lamina.training import Checkpoint

X = np.random.default_rng(0).normal(size=(60, 3))
Y = X[:, 0]


def make_trainer(loss: Any = "squared_error", optimizer: Any = "adam", **settings: Any) -> Trainer:
    return Trainer(Sequential([Dense(4, activation="tanh"), Dense(1)]), loss, optimizer, batch_size=20, seed=1, **settings)


def test_one_worker_trains_as_the_trainer_alone() -> None:
    one, other = make_trainer(), make_trainer()
    history = one.fit(X, Y, max_epochs=4)
    report = fit(other, X, Y, workers=1, way="synchronous", max_epochs=4)
    assert np.array_equal(one.executor.snapshot().parameters, other.executor.snapshot().parameters)
    assert report.history[:, "loss"] == history[:, "loss"]
    assert report.history is other.history


def test_a_trainer_goes_on_alone_afterwards_and_can_be_copied() -> None:
    one, other = make_trainer(), make_trainer()
    one.fit(X, Y, max_epochs=2)
    fit(other, X, Y, workers=1, way="synchronous", max_epochs=2)
    copy = pickle.loads(pickle.dumps(other))
    for trainer in (one, other, copy):
        trainer.fit(X, Y, max_epochs=2)
        assert trainer.watches_steps  # which is so where the engine itself takes the steps
        assert np.array_equal(trainer.executor.snapshot().parameters, one.executor.snapshot().parameters)


def test_a_fit_goes_on_where_an_earlier_one_ended() -> None:
    one = make_trainer(dtype="float64")
    one.fit(X, Y, max_epochs=4)

    def work(communicator: ThreadCommunicator) -> Trainer:
        trainer = make_trainer(dtype="float64")
        for _ in range(2):
            fit(trainer, X, Y, communicator=communicator, way="synchronous", max_epochs=2)
        return trainer

    for trainer in run_ranks(2, work):
        assert trainer.executor.snapshot().parameters == pytest.approx(one.executor.snapshot().parameters, abs=1e-12)
        assert (trainer.epoch, trainer.step) == (one.epoch, one.step)


def test_the_way_is_chosen_by_measuring_and_said() -> None:
    def work(communicator: ThreadCommunicator) -> Report:
        return fit(make_trainer(), X, Y, communicator=communicator, max_epochs=1)

    first, second = run_ranks(2, work)
    assert first == second
    assert isinstance(first.timing, Timing)
    assert re.match(
        r"2 workers \(threads\), (synchronous steps|averaging every [23] steps), ready after [\d.]+ s\n"
        r"Chosen because a step took \S+ ms and adding up gradients \S+ ms\.$",
        str(first),
    )


def test_a_report_tells_of_restarts() -> None:
    report = Report(make_trainer().history, 3, "gloo", Way(8), None, 2.04, ("Worker 1 has ended.",))
    assert str(report) == "3 workers (gloo), averaging every 8 steps, ready after 2.0 s\nWorker 1 has ended."


def test_calls_between_averages_are_whole_rounds() -> None:
    """Weights are exchanged after every third step, and at the end of an epoch, however long a call takes."""

    def work(communicator: ThreadCommunicator) -> int:
        fit(make_trainer(), X, Y, communicator=communicator, way="averaging", average_every=2, max_epochs=5)
        return communicator.reductions

    # the rows; then in each of 5 epochs of 3 steps: 2 averages, and the losses
    assert run_ranks(2, work) == [1 + 5 * 3] * 2


@pytest.mark.parametrize(
    ("trainer", "settings", "message"),
    [
        (make_trainer(optimizer=LBFGS()), {}, "optimizer must follow the gradient of a batch with several workers, got LBFGS"),
        (
            make_trainer(optimizer=PerturbAll()),
            {},
            "optimizer must follow the gradient of a batch with several workers, got PerturbAll",
        ),
        (make_trainer(lambda z, y: ((z - y) ** 2, 2 * (z - y))), {}, "loss must be a built-in loss with several workers"),
        (make_trainer(), {"way": "fast"}, "way must be one of 'auto', 'averaging', 'synchronous', got 'fast'"),
        (make_trainer(), {"workers": 0}, r"workers must be an integer in \[1, 1024\], or None, got 0"),
        (make_trainer(), {"way": "synchronous", "average_every": 4}, "average_every must be None with synchronous steps, got 4"),
        (make_trainer(), {"timeout_s": 0}, "timeout_s must be a number"),
        (
            make_trainer(),
            {"communicator": "UDP"},
            "communicator must be one of 'shared memory', 'gloo', 'MPI', or None, got 'UDP'",
        ),
        (make_trainer(), {"communicator": Alone()}, "workers must be None beside a communicator, got 1"),
        ("adam", {}, "model must be a Trainer, or an estimator"),
    ],
)
def test_what_cannot_be_is_refused(trainer: Any, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidSettingError, match=message):
        fit(trainer, X, Y, **{"workers": 1} | settings)


def test_sources_that_cannot_be_shared_out_are_refused_with_the_way_round() -> None:
    class Drawn:
        def passes(self, epoch: int) -> Any:
            yield X, Y

    class Anew:
        def __iter__(self) -> Any:
            return iter([(X, Y)])

    for source, name in ((Drawn(), "Drawn"), (Anew(), "Anew")):
        with pytest.raises(InvalidSettingError, match=rf"got '{name}'\. Give it a method share\(rank, size\)"):
            fit(make_trainer(), source, workers=1)


def test_a_memory_mapped_file_that_would_be_cut_is_refused(tmp_path: Path) -> None:
    rows = np.memmap(tmp_path / "X", dtype=np.float32, mode="w+", shape=X.shape)
    rows[:] = X
    with pytest.raises(InvalidSettingError, match=r"X must not be a memory-mapped file .*np\.asarray\(X\)"):
        fit(make_trainer(shuffle_rows=40), rows, Y, workers=1)
    report = fit(make_trainer(shuffle_rows=40), np.asarray(rows), Y, workers=1, max_epochs=1)
    assert len(report.history) == 1


def test_without_ranks_to_join_both_ways_to_start_them_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RANK", "WORLD_SIZE", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK", "MPI_LOCALNRANKS"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(InvalidSettingError, match=r"`torchrun --nproc-per-node 2 program\.py` or `mpirun -n 2"):
        fit(make_trainer(), X, Y)
    with pytest.raises(InvalidSettingError, match="timeout_s must be"):
        join(timeout_s=-1)


@pytest.mark.parametrize(
    ("package", "extra", "settings", "environment"),
    [
        ("ray", "ray", {"workers": 2}, {}),
        ("torch", "gloo", {}, {"RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "1"}),
        ("mpi4py", "mpi", {}, {"OMPI_COMM_WORLD_SIZE": "1"}),
    ],
)
def test_a_missing_package_is_named_with_its_extra(
    package: str, extra: str, settings: dict[str, Any], environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)  # which cannot be imported then
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(MissingPackageError, match=rf"needs {package}, .* pip install 'lamina\[{extra}\]'"):
        fit(make_trainer(), X, Y, **settings)


@pytest.mark.parametrize("way", ["synchronous", "averaging"])
def test_a_training_that_resumes_is_one_that_was_not_disturbed(way: str, tmp_path: Path) -> None:
    def fit_ranks(name: str, fails_at: int, *, resume: bool = False) -> Trainer:
        def work(communicator: ThreadCommunicator) -> Trainer:
            callbacks = [Checkpoint(tmp_path / name, resume=resume), Fails(fails_at)] if communicator.rank == 0 else []
            trainer = make_trainer(callbacks=callbacks)
            fit(trainer, X, Y, communicator=communicator, way=way, max_epochs=5)
            return trainer

        return run_ranks(2, work)[0]

    undisturbed = fit_ranks("other", 0)
    with pytest.raises(ZeroDivisionError):
        fit_ranks("state", 3)
    resumed = fit_ranks("state", 0, resume=True)
    assert np.array_equal(resumed.executor.snapshot().parameters, undisturbed.executor.snapshot().parameters)
    assert resumed.history[:, "loss"] == undisturbed.history[:, "loss"]
