"""The sides that need no peer do the same work, and one that does less is found out."""

from __future__ import annotations

import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks.measure import time_sides
from benchmarks.sides import Job, lamina_estimator, lamina_one_thread, lamina_trainer, load_sides, numpy_alone, scikit_learn
from benchmarks.tables import alike
from benchmarks.workload import Workload

pytest.importorskip("lamina.engine._native", reason="the native engine is not built")

TRAINING = Workload(name="small", rows=600, widths=(8, 16, 2), batch_size=20, epochs=3)
PREDICTION = replace(TRAINING, rows=50, calls=2)


def _loss(side, workload):
    job = side.prepare(workload, workload.data())
    job.reset()
    return job.loss(job.run())


@pytest.mark.parametrize(
    "changes",
    [{}, {"widths": (8, 16, 3), "loss": "squared"}, {"activation": "tanh"}, {"widths": (50, 16, 2), "density": 0.1}],
    ids=["classes", "numbers", "tanh", "sparse"],
)
def test_lamina_and_numpy_train_to_the_same_loss(changes):
    workload = replace(TRAINING, **changes)
    assert _loss(lamina_trainer, workload) == pytest.approx(_loss(numpy_alone, workload), rel=0.02)


def test_without_an_order_of_the_rows_the_losses_are_equal_to_the_last_digits():
    workload = replace(TRAINING, rows=20, epochs=30)
    assert _loss(lamina_trainer, workload) == pytest.approx(_loss(numpy_alone, workload), rel=1e-4)


@pytest.mark.parametrize("side", [lamina_trainer, lamina_estimator, scikit_learn])
def test_all_predict_the_same_probabilities_as_numpy(side):
    assert _loss(side, PREDICTION) == pytest.approx(_loss(numpy_alone, PREDICTION), rel=1e-5)


def test_a_second_run_begins_at_the_first_weights():
    job = lamina_trainer.prepare(TRAINING, TRAINING.data())
    job.reset()
    first = job.run()
    job.reset()
    assert job.run() == first


def test_lamina_with_one_thread_is_a_side_only_beside_more():
    assert lamina_one_thread.prepare(TRAINING, TRAINING.data()) is None
    assert lamina_one_thread.prepare(replace(TRAINING, threads=2), TRAINING.data()) is not None


def test_a_side_that_skips_work_is_found_out_by_its_loss():
    """Two epochs of three."""
    workload = replace(TRAINING, rows=2_000)
    honest = _loss(numpy_alone, workload)
    assert alike([honest, _loss(lamina_trainer, workload)])
    assert not alike([honest, _loss(lamina_trainer, replace(workload, epochs=2))])


def test_sides_take_turns_and_every_round_is_kept(monkeypatch):
    monkeypatch.setattr("benchmarks.limit.limits_s", lambda workload, clock: {"limit": 1e-6, "floor": 5e-7})
    monkeypatch.setattr("benchmarks.limit.peak_flops", lambda clock: 1e11)
    began = []

    def side(name):
        return SimpleNamespace(NAME=name, prepare=lambda workload, data: Job(lambda: began.append(name) or np.float32(0.5)))

    sides = [*map(side, "ab"), SimpleNamespace(NAME="c", prepare=lambda workload, data: None)]
    result = time_sides(TRAINING, sides, 3, time.perf_counter)
    assert "".join(began) == "ab" + "ab" + "ba" + "ab"
    assert [len(result["step_s"][name]) for name in "ab"] == [3, 3]
    assert result["losses"] == {"a": 0.5, "b": 0.5}
    assert result["limit_s"] == [1e-6] * 3


def test_a_side_that_is_left_out_is_named():
    _, missing = load_sides(["torch", "torch.compile", "JAX"])
    assert missing == dict.fromkeys(["torch", "torch.compile", "JAX"], "left out")
