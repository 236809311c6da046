"""A state becomes rows, a network and a trainer; as Python it is the same training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv

from lamina.errors import DataError, InvalidSettingError
from lamina.lab.experiment import build, rows_of
from lamina.lab.pictures import decision_map, grid, unit_maps, weights_of
from lamina.lab.plane_features import FEATURES, features_of
from lamina.lab.python_text import as_python
from lamina.lab.state import CHOICES, DataState, LabState, LayerState, TrainingState
from lamina.lab.toy_data import TOYS

RNG = np.random.default_rng(0)
TABLE = pa.table(
    {
        "age": [str(number) for number in RNG.integers(18, 90, 200)],
        "city": RNG.choice(["Rome", "Oslo", ""], 200).tolist(),
        "income": RNG.choice(["low", "high", "none"], 200).tolist(),
    }
)

STATES = [
    LabState(),
    LabState(layers=()),
    LabState(
        DataState("waves", rows=100, noise=0.0),
        (LayerState(5, "relu", dropout=0.2, batch_norm=True, init="he", skip=True), LayerState(3, "mish")),
        TrainingState(
            "momentum",
            0.02,
            {"momentum": 0.8, "weight_decay": 0.001},
            "cosine",
            {"final": 0.1},
            0,
            l1=0.001,
            l2=0.01,
            clip_value=0.5,
            clip_norm=1.0,
            patience=3,
        ),
        seed=7,
    ),
    LabState(
        layers=(LayerState(5, batch_norm=True, norm_place="after", norm_momentum=0.5, init="normal", init_value=0.3),),
        training=TrainingState(
            schedule="reduce_on_plateau",
            max_norm=2.0,
            input_dropout=0.1,
            clip_layer_norm=0.5,
            patience=4,
            stop_monitor="validation_accuracy",
            stop_tol=0.01,
            keeps_best=False,
            target_loss=0.1,
            small_gradient=1e-5,
        ),
    ),
    LabState(training=TrainingState("perturb-one", optimizer_settings={"trials": 5})),
    LabState(DataState("spirals", features=tuple(FEATURES)), (LayerState(5),)),
    LabState(DataState("circles", features=("x2^2",)), ()),
    LabState(DataState("digits", rows=200), (LayerState(8),)),
    LabState(DataState("table", target="income", kinds={"city": "ignore"}), (LayerState(4),)),
    LabState(DataState("table", target="age"), (LayerState(4),)),
    LabState(training=TrainingState(loss="hinge", patience=3, stop_monitor="validation_accuracy")),
    LabState(training=TrainingState(loss="squared_error")),
    LabState(DataState("waves"), training=TrainingState(loss="huber")),
    LabState(DataState("digits", rows=200), training=TrainingState(loss="categorical_hinge")),
    LabState(DataState("table", target="age"), training=TrainingState(loss="absolute_error")),
]


@pytest.mark.parametrize("state", STATES, ids=range(len(STATES)))
def test_as_python_a_state_is_the_same_training(state: LabState, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = rows_of(state, TABLE)
    experiment = build(state, rows)
    trainer = experiment.trainer
    trainer.fit(rows.X, experiment.y, validation_data=(rows.X_val, experiment.y_val), max_epochs=5)
    monkeypatch.chdir(tmp_path)
    csv.write_csv(TABLE, "table.csv")
    names: dict[str, Any] = {}
    exec(as_python(replace(state, training=replace(state.training, max_epochs=5))), names)
    np.testing.assert_array_equal(
        names["trainer"].executor.snapshot().parameters, trainer.executor.snapshot().parameters, strict=True
    )


@pytest.mark.parametrize("name", TOYS)
def test_toys_are_the_same_for_a_seed_and_lie_in_the_plane(name: str) -> None:
    first, again, other = (TOYS[name].draw(200, 0.05, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.X, again.X)
    assert not np.array_equal(first.X, other.X)
    assert first.X.shape == (200, 2) and np.abs(first.X).max() < 1.35
    values = set(first.y.tolist())
    assert values == {0.0, 1.0} if TOYS[name].task == "classification" else np.abs(first.y).max() <= 1


def test_what_cannot_be_built_is_refused() -> None:
    with pytest.raises(InvalidSettingError, match="must be opened first"):
        rows_of(LabState(DataState("table")))
    with pytest.raises(InvalidSettingError, match="Choose the column"):
        rows_of(LabState(DataState("table")), TABLE)
    with pytest.raises(DataError, match="income2"):
        rows_of(LabState(DataState("table", target="income2")), TABLE)
    by_accuracy = LabState(DataState("waves"), training=TrainingState(patience=3, stop_monitor="validation_accuracy"))
    with pytest.raises(InvalidSettingError, match="where numbers are predicted"):
        build(by_accuracy, rows_of(by_accuracy))
    of_numbers = LabState(training=TrainingState(loss="huber"))
    with pytest.raises(InvalidSettingError, match=r"auto, squared_error, .*where one of two classes is predicted"):
        build(of_numbers, rows_of(of_numbers))
    wide = LabState(layers=(LayerState(512),) * 12)
    with pytest.raises(InvalidSettingError, match="at most 2,000,000 weights"):
        build(wide, rows_of(wide))


def test_of_restarts_as_python_the_best_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    state = LabState(layers=(LayerState(2),), training=TrainingState(restarts=3), seed=4)
    rows = rows_of(state)
    trainers = [build(state, rows, start=number).trainer for number in range(3)]
    for trainer in trainers:
        trainer.fit(rows.X, rows.y, max_epochs=5)
    best = min(trainers, key=lambda trainer: trainer.evaluate(rows.X_val, rows.y_val)["loss"])
    names: dict[str, Any] = {}
    exec(as_python(replace(state, training=replace(state.training, max_epochs=5))), names)
    assert names["trainer"].seed == best.seed
    np.testing.assert_array_equal(names["trainer"].executor.snapshot().parameters, best.executor.snapshot().parameters)


@pytest.mark.parametrize("optimizer", CHOICES["optimizer"])
def test_every_optimizer_trains(optimizer: str) -> None:
    state = LabState(training=TrainingState(optimizer))
    rows = rows_of(state)
    assert build(state, rows).trainer.fit(rows.X, rows.y, max_epochs=1)


@pytest.mark.parametrize("schedule", CHOICES["schedule"])
def test_every_schedule_has_what_it_watches(schedule: str) -> None:
    state = LabState(training=TrainingState(schedule=schedule))
    rows = rows_of(state)
    data = {"validation_data": (rows.X_val, rows.y_val)} if state.training.needs_validation else {}
    assert build(state, rows).trainer.fit(rows.X, rows.y, **data, max_epochs=2)


def test_maps_show_the_plane_from_the_top_left() -> None:
    assert grid(2).tolist() == [[-0.625, 0.625], [0.625, 0.625], [-0.625, -0.625], [0.625, -0.625]]
    state = LabState(DataState("plane"), (LayerState(3, skip=True), LayerState(2)))
    experiment = build(state, rows_of(state))
    trainer = experiment.trainer
    trainer.fit(experiment.rows.X, experiment.rows.y, max_epochs=100)
    picture = decision_map(experiment, 16)
    assert picture.shape == (16, 16) and picture[0, -1] > 200 and picture[-1, 0] < 50
    maps = unit_maps(experiment, 8)
    assert {name: array.shape for name, array in maps.items()} == {"x": (2, 8, 8), "hidden_1": (3, 8, 8), "hidden_2": (2, 8, 8)}
    assert {name: array.shape for name, array in weights_of(experiment).items()} == {
        "hidden_1.weight": (2, 3),
        "hidden_1.bias": (3,),
        "hidden_2.weight": (5, 2),
        "hidden_2.bias": (2,),
        "output.weight": (2, 1),
        "output.bias": (1,),
    }


def test_features_are_what_their_code_says_and_lie_where_their_points_do() -> None:
    points = RNG.uniform(-1, 1, (50, 2)).astype(np.float32)
    x1, x2 = points.T
    for name, feature in FEATURES.items():
        (values,) = features_of(points, [name]).T
        assert values.dtype == np.float32
        np.testing.assert_array_equal(values, eval(feature.code, {"np": np, "x1": x1, "x2": x2}))
    rows, plain = rows_of(LabState(DataState(features=("x1^2",)))), rows_of(LabState())
    assert rows.features == ("x₁²",) and rows.is_plane
    np.testing.assert_array_equal(rows.points, plain.X)
    np.testing.assert_array_equal(rows.X_val[:, 0], plain.X_val[:, 0] ** 2)


def test_maps_of_features_are_those_of_the_plane() -> None:
    state = LabState(DataState("circles", features=("x1^2", "x2^2")), (), TrainingState("gradient_descent", 0.1))
    experiment = build(state, rows_of(state))
    experiment.trainer.fit(experiment.rows.X, experiment.rows.y, max_epochs=300)
    picture = decision_map(experiment, 16)
    assert picture[8, 8] > 200 and max(picture[0, 0], picture[8, 0], picture[-1, 8]) < 10
    across, down = unit_maps(experiment, 8)["x"]
    assert np.all(across == across[:1]) and np.array_equal(across.T, down)


def test_a_unit_that_gives_next_to_nothing_has_an_empty_map() -> None:
    state = LabState(layers=(LayerState(2, "identity"),))
    experiment = build(state, rows_of(state))
    trainer = experiment.trainer
    trainer.fit(experiment.rows.X, experiment.rows.y, max_epochs=1)
    trainer.weights["hidden_1.weight"][...] = [[1.0, 1e-8], [0.0, 0.0]]
    trainer.weights["hidden_1.bias"][...] = 0.0
    strong, faint = unit_maps(experiment, 8)["hidden_1"]
    assert strong.max() == 255 and set(faint.ravel().tolist()) <= {127, 128}


def test_a_network_of_many_weights_has_no_lines() -> None:
    state = LabState(layers=(LayerState(300), LayerState(300)))
    assert weights_of(build(state, rows_of(state))) == {}


@pytest.mark.parametrize(
    ("training", "done", "epochs", "comment"),
    [
        (TrainingState(max_epochs=50), 20, 50, False),
        (TrainingState(), 0, 100, True),
        (TrainingState(), 3762, 3762, True),
        (TrainingState(), 100_000, 100_000, False),
        (TrainingState(schedule="cosine"), 20, 100_000, False),
    ],
)
def test_the_code_trains_for_as_long_as_the_page_did_or_says_why_not(
    training: TrainingState, done: int, epochs: int, comment: bool
) -> None:
    text = as_python(LabState(training=training), done=done)
    assert f"max_epochs={epochs})" in text and ("100,000 epochs." in text) == comment


@pytest.mark.parametrize("source", TOYS)
def test_the_code_of_every_toy_has_the_loss_that_the_lab_trains_with(source: str) -> None:
    state = LabState(data=DataState(source))
    assert f'    "{rows_of(state).loss}",' in as_python(state).splitlines()
