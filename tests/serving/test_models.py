"""Every kind of model is served, and answers what its own methods say, to the bit."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from tests.serving import models

from lamina import Dense, MLPClassifier, Sequential, Trainer, load_model, save_model
from lamina.errors import InvalidSettingError
from lamina.losses import CustomLoss
from lamina.model import NetworkModel
from lamina.serving import make_app
from lamina.serving.model_kinds import served
from lamina.serving.options import Options
from lamina.serving.refused import RefusedError
from lamina.serving.rows import given_rows

ROWS = json.loads(models.COLUMNS.head(12).to_json(orient="records"))
LEFT = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -3.0]])


def answer(model: Any, rows: Any, **options: Any) -> dict[str, Any]:
    return served(model).answer(given_rows(rows, 1000), Options(**options))


def test_a_row_of_a_table_gets_its_label_and_the_probability_of_each() -> None:
    model = models.of_classes()
    found = answer(model, ROWS[0])
    assert found == {
        "prediction": model.predict(ROWS[0])[0],
        "probabilities": dict(zip(["high", "low"], model.predict_proba(ROWS[0])[0].tolist(), strict=True)),
        "notes": [],
    }
    assert "probabilities" not in answer(model, ROWS[0], proba=False)


def test_a_batch_gets_what_its_rows_get_as_a_table() -> None:
    model = models.of_classes()
    found = answer(model, ROWS)
    assert [row["prediction"] for row in found["predictions"]] == model.predict(ROWS).tolist()
    assert [list(row["probabilities"].values()) for row in found["predictions"]] == model.predict_proba(ROWS).tolist()


def test_a_list_of_values_is_a_row_in_the_order_of_training() -> None:
    as_lists = [list(row.values()) for row in ROWS]
    assert answer(models.of_classes(), as_lists) == answer(models.of_classes(), ROWS)
    assert answer(models.of_classes(), as_lists[0]) == answer(models.of_classes(), ROWS[0])


def test_a_truth_value_in_a_column_of_numbers_is_answered_alike_alone_and_beside_numbers() -> None:
    model = models.of_classes()
    alone = answer(model, ROWS[0] | {"age": True})
    assert alone == answer(model, ROWS[0] | {"age": 1})
    for batch in ([True, 38.5], [38.5, True]):
        found = answer(model, [ROWS[0] | {"age": age} for age in batch])["predictions"]
        assert found[batch.index(True)]["probabilities"] == pytest.approx(alone["probabilities"], rel=1e-5)


@pytest.mark.filterwarnings("ignore:column 'city'")
def test_sets_spreads_and_unfamiliar_columns_come_where_they_are_asked_for() -> None:
    model, row = models.of_classes(), ROWS[0] | {"city": "Bergen", "age": 200}
    found = answer(model, row, set=0.9, spread=True, unfamiliar=True)
    assert found["notes"] == ["column 'city': 1 row of values not seen in training ('Bergen'), encoded as an average row."]
    assert found["set"] == np.array(["high", "low"])[model.predict_set(row, 0.9)[0]].tolist()
    place = ["high", "low"].index(found["prediction"])
    assert found["spread"] == model.predict_distribution(row).spread[0, place]
    assert found["unfamiliar"] == ["age", "city"]


def test_numbers_have_intervals() -> None:
    model = models.of_numbers()
    found = answer(model, ROWS, interval=0.8)["predictions"]
    assert [row["prediction"] for row in found] == model.predict(ROWS).tolist()
    assert [list(row["interval"].values()) for row in found] == model.predict_interval(ROWS, 0.8).tolist()
    assert "interval" not in answer(model, ROWS[0])


def test_several_targets_and_several_quantiles_are_told_apart_by_name() -> None:
    model = models.of_several()
    found = answer(model, ROWS[0], interval=0.8)
    assert found["prediction"] == dict(zip(["height", "weight"], model.predict(ROWS[0])[0].tolist(), strict=True))
    assert found["interval"]["weight"] == dict(
        zip(["low", "high"], model.predict_interval(ROWS[0], 0.8)[0, 1].tolist(), strict=True)
    )
    levels = answer(models.of_levels(), ROWS[0])["prediction"]
    assert list(levels) == ["0.1", "0.5", "0.9"]
    assert list(levels.values()) == models.of_levels().predict(ROWS[0])[0].tolist()


@pytest.mark.parametrize("labels", ["text", "integer", "several"])
def test_an_estimator_takes_lists_of_numbers(labels: str) -> None:
    model = models.classifier(labels)
    found = answer(model, LEFT.tolist())["predictions"]
    assert [row["prediction"] for row in found] == model.predict(LEFT).tolist()
    assert [list(row["probabilities"].values()) for row in found] == model.predict_proba(LEFT).tolist()
    assert list(found[0]["probabilities"]) == [str(label) for label in model.classes_]


@pytest.mark.filterwarnings("error")
def test_an_estimator_of_named_columns_takes_them_in_any_order() -> None:
    model, frame = models.regressor(), models.COLUMNS.iloc[:2].assign(a=LEFT[:, 0], b=LEFT[:, 1], c=LEFT[:, 2])[["a", "b", "c"]]
    expected = model.predict(frame).tolist()
    by_name = [{"c": c, "a": a, "b": b} for a, b, c in LEFT.tolist()]
    for rows in (by_name, LEFT.tolist()):
        assert [row["prediction"] for row in answer(model, rows)["predictions"]] == expected
    assert hasattr(model, "feature_names_in_")


@pytest.mark.parametrize("engine", ["auto", "reference"])
def test_a_network_takes_lists_of_numbers(engine: str) -> None:
    trainer = models.network(engine)
    found = answer(trainer, LEFT.tolist())["predictions"]
    assert [row["prediction"] for row in found] == trainer.predict(LEFT).tolist()
    assert answer(trainer, LEFT[0].tolist())["prediction"] == trainer.predict(LEFT[:1])[0].tolist()


def test_a_network_of_several_inputs_and_outputs_takes_and_gives_them_by_name() -> None:
    trainer = models.two_inputs()
    row = {"left": [0.5, 1.0], "right": [2.0]}
    kind, size = trainer.predict({"left": np.array([[0.5, 1.0]]), "right": np.array([[2.0]])})
    expected = {"kind": kind[0].tolist(), "size": size[0, 0].item()}
    assert answer(trainer, row)["prediction"] == expected
    assert [found["prediction"] for found in answer(trainer, [row, row])["predictions"]] == [expected] * 2


ALL: dict[str, Callable[[], Any]] = {
    "classes": models.of_classes,
    "numbers": models.of_numbers,
    "several targets": models.of_several,
    "several levels": models.of_levels,
    "classifier": models.classifier,
    "several labels": lambda: models.classifier("several"),
    "classifier with dropout": models.classifier_with_dropout,
    "regressor": models.regressor,
    "network": models.network,
    "mean": models.of_a_mean,
    "several inputs": models.two_inputs,
}


@pytest.mark.parametrize("name", ALL)
def test_what_a_model_is_served_from_a_file_is_what_was_saved(name: str, tmp_path: Path) -> None:
    model = ALL[name]()
    save_model(tmp_path / "a.lamina", model)
    example = served(model).example()
    assert answer(tmp_path / "a.lamina", example) == answer(model, example)
    assert answer(load_model(tmp_path / "a.lamina"), [example] * 3)["predictions"]


@pytest.mark.parametrize("name", ALL)
def test_every_option_that_a_model_has_adds_what_the_schema_says(name: str) -> None:
    model = served(ALL[name]())
    schema = model.answer_schema()
    for option in model.options:
        found = model.answer(given_rows(model.example(), 10), Options(**{option: 0.9 if option in ("set", "interval") else True}))
        assert found.keys() - {"notes"} <= schema.keys()
        assert {name for name in found if isinstance(found[name], list)} - {"notes"} == {
            name for name in found if schema.get(name, {}).get("type") == "array"
        }
    assert schema.keys() - {"prediction", "probabilities"} == set(model.options) - {"proba"}


WRONG_FOR_ARRAYS: list[tuple[Any, str, int | None, int | None]] = [
    ([1.0, 2.0], "a row must be a list of 3 numbers, got 2 values", None, None),
    ([[1.0, 2.0, 3.0], [1.0, 2.0]], "got 2 values (row 2)", None, 2),
    ([1.0, "2", 3.0], "value 2 of a row must be a finite number, got '2'", 2, None),
    ([1.0, None, 3.0], "value 2 of a row must be a finite number, got None", 2, None),
    ([1.0, True, 3.0], "got True", 2, None),
    ([1.0, float("nan"), 3.0], "must be a finite number, got nan", 2, None),
    ([1.0, 10**400, 3.0], "must be a finite number", 2, None),
    ([[1.0, [2.0], 3.0]], "must be a finite number, got [2.0] (row 1)", 2, 1),
    ({"a": 1.0}, "a row must be a list of 3 numbers, got {'a': 1.0}", None, None),
]


@pytest.mark.parametrize(("rows", "said", "place", "row"), WRONG_FOR_ARRAYS)
def test_rows_that_an_array_cannot_hold_are_refused_with_their_place(
    rows: Any, said: str, place: int | None, row: int | None
) -> None:
    for model in (models.classifier(), models.network()):
        with pytest.raises(RefusedError) as refused:
            answer(model, rows)
        assert said in str(refused.value)
        assert (refused.value.status, refused.value.column) == (422, None)
        error = refused.value.to_dict()["error"]
        assert (error.get("place"), error.get("row"), error.get("input")) == (place, row, None)


def test_a_value_of_one_of_several_lists_is_found_by_the_name_of_the_list_and_its_place() -> None:
    for right, place in ((["x"], 1), ([1, 2], None)):
        with pytest.raises(RefusedError, match="the list 'right' must be") as refused:
            answer(models.two_inputs(), [{"left": [1, 2], "right": [1]}, {"left": [1, 2], "right": right}])
        error = refused.value.to_dict()["error"]
        assert (error["input"], error.get("place"), error["row"]) == ("right", place, 2)


@pytest.mark.parametrize(
    ("row", "column", "said"),
    [
        ({"a": 1, "b": 2}, "c", "got none named 'c'"),
        ({"a": 1, "b": 2, "c": 3, "d": 4}, "d", "got an unknown one named 'd'"),
        ({"a": 1, "b": 2, "c": "x"}, "c", "column 'c' must be a finite number, got 'x'"),
    ],
)
def test_named_columns_that_are_not_those_of_training_are_named(row: Any, column: str, said: str) -> None:
    with pytest.raises(RefusedError) as refused:
        answer(models.regressor(), row)
    assert refused.value.column == column
    assert said in str(refused.value)


@pytest.mark.parametrize("row", [{"left": [1, 2]}, {"left": [1, 2], "right": [1], "up": [1]}, [1, 2, 3], [[1, 2], [3]], {}])
def test_a_row_without_each_input_is_refused(row: Any) -> None:
    with pytest.raises(RefusedError, match=r"a row must be an object of the network's inputs \(left, right\)"):
        answer(models.two_inputs(), row)


def test_a_model_that_does_not_know_its_own_predictions_is_refused_at_once(tmp_path: Path) -> None:
    X = np.zeros((4, 2), np.float32)

    def loss(logits: Any, target: Any) -> tuple[Any, Any]:
        return ((logits - target) ** 2)[:, 0], 2 * (logits - target)

    trainer = Trainer(Sequential([Dense(1)], 2), CustomLoss(loss, inverse_link=lambda z: z))
    trainer.fit(X, np.zeros((4, 1), np.float32), max_epochs=1)
    with pytest.raises(InvalidSettingError, match="must have a name to be kept in a file"):
        served(NetworkModel.of(trainer))
    with pytest.raises(InvalidSettingError, match="the model to serve must be a TableModel"):
        served(3)


def test_an_estimator_that_was_not_fitted_is_refused_at_once() -> None:
    with pytest.raises(NotFittedError, match="MLPClassifier"):
        make_app(MLPClassifier(3))
