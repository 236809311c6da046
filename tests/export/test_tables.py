"""Models of tables in every format, from the columns on: what is missing, unseen, infinite or before 1970, too."""

from __future__ import annotations

import datetime
import runpy
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_linnerud, load_wine
from tests.export.runners import Given, assert_close, c_programs, onnx_reference, onnx_runtime, python_program

from lamina import TabularClassifier, TabularRegressor
from lamina.data import DataWarning, read_table
from lamina.data.columns import COLUMN_ENCODERS
from lamina.errors import DataError, InvalidSettingError
from lamina.export import to_c, to_onnx, to_python
from lamina.export.models import computation_of
from lamina.model import TableModel, fit_table

ADULT = Path(__file__).parents[2] / "examples" / "data" / "adult.csv.gz"

REAL = (load_iris, load_wine, load_breast_cancer, load_digits, load_diabetes, load_linnerud)

# Models say so of rows that hold what training did not.
pytestmark = pytest.mark.filterwarnings("ignore::lamina.data.DataWarning")


def table(count: int, seed: int = 0) -> pd.DataFrame:
    """A column of every kind, with gaps."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "size": rng.normal(size=count) * 100,
            "label": rng.exponential(size=count),
            "price": [f"${number:,.2f}" for number in rng.exponential(size=count) * 5000],
            "color": rng.choice(["red", "green", "blü", "rare"], count, p=[0.5, 0.3, 0.195, 0.005]),
            "town": rng.choice([f"town {i}" for i in range(40)], count),
            "when": pd.Timestamp("1969-06-01") + pd.to_timedelta(rng.integers(0, 4 * 10**8, count), unit="s"),
            "is_new": rng.integers(0, 2, count).astype(bool),
        }
    )
    for column in ("size", "color", "when"):
        frame.loc[rng.random(count) < 0.1, column] = None
    return frame


def odd_rows() -> pd.DataFrame:
    """Rows with what training never saw."""
    frame = table(60, seed=1)
    frame["is_new"] = frame["is_new"].astype(object)
    frame.loc[0, "color"], frame.loc[1, "town"] = "never", "nowhere"
    frame.loc[2, "size"], frame.loc[3, "size"], frame.loc[4, "size"] = np.inf, -np.inf, 1e300
    frame.loc[5, "is_new"], frame.loc[6, "town"], frame.loc[7, "label"] = None, None, np.nan
    for row, day in enumerate(("1600-02-29", "1900-03-01", "2000-02-29", "2024-12-31 23:59:59", "9999-12-31")):
        frame.loc[8 + row, "when"] = pd.Timestamp(day)
    return frame


def truth(frame: pd.DataFrame) -> pd.Series:
    return 50 * (frame["color"] == "red") + frame["size"].fillna(0) + 40 * frame["is_new"]


CLASSIFIERS: dict[str, dict[str, Any]] = {
    "default": {},
    "codes": {"embed_from": 20},
    "one_network": {"members": 1, "bins": 0, "scaling": "standard"},
    "threshold": {"decision_threshold": 0.3, "members": 1},
    "hinge": {"loss": "hinge", "members": 2},
    "smoothed": {"label_smoothing": 0.2, "embed_from": 20},  # which gives temperatures other than 1
}
REGRESSORS: dict[str, dict[str, Any]] = {
    "linear": {"target_scale": "linear"},
    "log": {"target_scale": "log"},
    "quantile": {"target_scale": "quantile"},
    "gamma": {"loss": "gamma"},
    "levels": {"loss": "quantile:levels=0.1,0.9"},
    "spread": {"loss": "gaussian_nll"},
}


@cache
def model_of(name: str) -> TableModel:
    frame = table(400)
    fast = {"hidden": (8,), "max_epochs": 3, "random_state": 0}
    if name in CLASSIFIERS:
        y = (
            np.array(["bad", "fine", "good"])[np.digitize(truth(frame), [0, 60])]
            if name in ("default", "codes")
            else truth(frame) > 30
        )
        model = TabularClassifier(**fast, **CLASSIFIERS[name]).fit(frame, y)
    elif name == "several":
        model = TabularRegressor(**fast).fit(frame.assign(a=truth(frame), b=frame["label"]), ["a", "b"])
    else:
        model = TabularRegressor(**fast, **REGRESSORS[name]).fit(frame, np.exp(truth(frame) / 100))
    return model.model_


NAMES = [*CLASSIFIERS, *REGRESSORS, "several"]


def values_of(model: TableModel, frame: Any) -> dict[str, np.ndarray]:
    """The values of the columns in use as they are after reading."""
    read, found = model.read(frame), {}
    for column in model.encoder.encoders_:
        values = read[column.column]
        if values.kind == "number":
            found[column.column] = values.array
        elif values.kind == "boolean":
            found[column.column] = np.where(values.array < 0, np.nan, values.array.astype(np.float64))
        elif values.kind == "date":
            found[column.column] = values.array.astype("M8[us]").astype(np.int64)
        else:
            assert values.names is not None
            found[column.column] = np.array([*values.names, ""], dtype=object)[values.array]
    return found


def assert_same(model: TableModel, frame: Any, found: Mapping[str, np.ndarray]) -> None:
    wanted = model.predict(frame)
    if model.target.task == "regression":
        assert_close(found["prediction"], wanted)
        return
    assert next(iter(found.values())).tolist() == wanted.tolist()
    if model.has_probabilities:
        assert_close(found["probabilities"], model.predict_proba(frame))
    else:
        assert_close(found["scores"], model.decision_function(frame))


RUNNERS: dict[str, Callable[..., Callable[[Given], Any]]] = {
    "onnxruntime": lambda computation, folder: onnx_runtime(computation),
    "onnx": lambda computation, folder: onnx_reference(computation),
    "python": python_program,
}


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize("name", NAMES)
def test_what_is_exported_predicts_what_the_model_predicts(name: str, runner: str, tmp_path: Path) -> None:
    model = model_of(name)
    run = RUNNERS[runner](computation_of(model, owner="test"), tmp_path)
    for frame in (table(100, seed=2), odd_rows()):
        assert_same(model, frame, run(values_of(model, frame)))


def test_headers_of_c_predict_what_the_models_predict(tmp_path: Path) -> None:
    programs = c_programs({name: computation_of(model_of(name), owner="test") for name in NAMES}, tmp_path)
    for name in NAMES:
        for frame in (table(100, seed=2), odd_rows()):
            assert_same(model_of(name), frame, programs[name](values_of(model_of(name), frame)))


def test_every_kind_of_column_but_free_text_is_among_them() -> None:
    met = {column.kind for name in NAMES for column in model_of(name).encoder.encoders_}
    assert met == set(COLUMN_ENCODERS) - {"text"}
    assert {model_of(name).scale.kind for name in NAMES} == {"linear", "log", "quantile", "several"}
    assert any(model_of(name).temperature != 1 for name in CLASSIFIERS)


@pytest.mark.parametrize("count", [1, 10_000])
def test_one_row_and_ten_thousand(count: int) -> None:
    model, frame = model_of("default"), table(count, seed=3)
    assert_same(model, frame, onnx_runtime(computation_of(model, owner="test"))(values_of(model, frame)))


def test_a_real_table_gives_the_same_in_every_format(tmp_path: Path) -> None:
    adult = read_table(ADULT)
    model = fit_table(adult.slice(0, 2000), "income", settings=None).model
    rows = adult.slice(2000, 2000)
    computation = computation_of(model, owner="test")
    for runner in RUNNERS.values():
        assert_same(model, rows, runner(computation, tmp_path)(values_of(model, rows)))


@pytest.mark.parametrize("load", REAL, ids=lambda load: load.__name__)
def test_real_tables_with_gaps_and_unseen_values_give_the_same(load: Callable) -> None:
    """Numbers, of which one column is cut into categories."""
    frame = load(as_frame=True).data
    first = frame.columns[0]
    frame[first] = pd.cut(frame[first], 4, labels=["a", "b", "c", "d"]).astype(object)
    truth = load(as_frame=True).target
    of_numbers = load in (load_diabetes, load_linnerud)
    kind = TabularRegressor if of_numbers else TabularClassifier
    model = kind(hidden=(8,), max_epochs=2, random_state=0).fit(frame, truth).model_
    rng = np.random.default_rng(0)
    rows = frame.mask(rng.random(frame.shape) < 0.1)
    rows.loc[rng.random(len(rows)) < 0.1, first] = "never seen"
    computation, given = computation_of(model, owner="test"), values_of(model, rows)
    for runner in (onnx_runtime, onnx_reference):
        assert_same(model, rows, runner(computation)(given))


def test_an_output_makes_way_for_a_column_of_its_name() -> None:
    computation = computation_of(model_of("default"), owner="test")
    assert [each.name for each in computation.outputs] == ["label_", "probabilities"]


def test_a_program_of_python_takes_rows_as_people_have_them(tmp_path: Path) -> None:
    model = model_of("default")
    to_python(model, tmp_path / "shop.py")
    program: dict[str, Any] = {"__file__": str(tmp_path / "shop.py")}
    exec((tmp_path / "shop.py").read_text(encoding="utf-8"), program)
    when = datetime.datetime(2024, 2, 29, 12)
    row = {"size": 3.0, "label": 0.5, "price": 1234.5, "color": None, "town": "nowhere", "when": when, "is_new": True}
    given = pd.DataFrame([{**row, "price": "$1,234.50"}])
    assert program["predict"]([row]).tolist() == program["predict"](row).tolist() == model.predict(given).tolist()
    assert_close(program["predict_proba"]([row, {"size": 1.0}])[:1], model.predict_proba(given))
    assert_close(program["predict_proba"]({name: [entry] for name, entry in row.items()}), model.predict_proba(given))


def program_of(model: TableModel, folder: Path) -> dict[str, Any]:
    """The program of a model, as its user imports it."""
    to_python(model, folder / "shop.py")
    return runpy.run_path(str(folder / "shop.py"))


def of_categories() -> tuple[pd.DataFrame, TableModel]:
    """Columns of values that are read as categories."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "zip": rng.choice([7, 12, 13, 99], 300),
            "share": rng.choice([0.5, 1.0, -2.0], 300),
            "is_new": rng.integers(0, 2, 300).astype(bool),
            "day": pd.to_datetime(rng.choice(["2024-01-05", "2024-02-29 12:30", "1969-07-20"], 300), format="mixed"),
            "color": rng.choice(["red", "Blue", "green"], 300),
        }
    )
    y = (frame["zip"] > 12) ^ frame["is_new"] ^ (frame["color"] == "red")
    kinds = {"zip": "category", "share": "category", "is_new": "category", "day": "category"}
    model = TabularClassifier(hidden=(8,), members=1, max_epochs=3, kinds=kinds, fold_case=True, random_state=0).fit(frame, y)
    return frame, model.model_


def test_values_in_columns_of_categories_mean_to_a_program_what_they_mean_to_the_model(tmp_path: Path) -> None:
    frame, model = of_categories()
    program, wanted = program_of(model, tmp_path), model.predict_proba(frame)
    assert_close(program["predict_proba"](frame), wanted)
    rows = frame.to_dict("records")
    as_written: list[Callable[[dict], dict]] = [
        lambda row: row,
        lambda row: row | {"zip": float(row["zip"]), "share": np.float32(row["share"]), "is_new": np.bool_(row["is_new"])},
        lambda row: row | {"zip": f" {row['zip']}.0", "share": str(row["share"]), "is_new": str(row["is_new"])},
        lambda row: row | {"day": row["day"].to_pydatetime(), "color": row["color"].upper(), "zip": np.int8(row["zip"])},
        lambda row: row | {"day": str(row["day"]).removesuffix(" 00:00:00"), "zip": Decimal(int(row["zip"]))},
        lambda row: row | {"is_new": int(row["is_new"])},
        lambda row: row | {"is_new": float(row["is_new"])},
    ]
    for written in as_written:
        assert_close(program["predict_proba"]([written(row) for row in rows]), wanted)
    odd = pd.DataFrame({"zip": [7.0, None, 8.0], "share": [pd.NA, 1, 0.25], "is_new": [None, True, False], "color": "RED"})
    odd["day"] = [pd.NaT, pd.Timestamp("2024-01-05"), datetime.datetime(1969, 7, 20)]
    assert_close(program["predict_proba"](odd), model.predict_proba(odd))
    assert_close(program["predict_proba"](odd.to_dict("records")), model.predict_proba(odd))


@pytest.mark.parametrize("runner", RUNNERS)
def test_whole_numbers_as_floats_and_truth_values_as_words_are_no_new_categories(runner: str, tmp_path: Path) -> None:
    frame, model = of_categories()
    texts = {name: np.array([str(value) for value in frame[name]], dtype=object) for name in ("share", "is_new")}
    texts["zip"] = np.array([str(float(value)) for value in frame["zip"]], dtype=object)
    given = values_of(model, frame) | texts
    assert_same(model, frame, RUNNERS[runner](computation_of(model, owner="test"), tmp_path)(given))


def test_whole_numbers_as_floats_are_no_new_categories_in_c(tmp_path: Path) -> None:
    frame, model = of_categories()
    given = values_of(model, frame) | {"zip": np.array([str(float(value)) for value in frame["zip"]], dtype=object)}
    assert_same(model, frame, c_programs({"c": computation_of(model, owner="test")}, tmp_path)["c"](given))


def test_a_column_that_is_missing_is_an_error_with_its_name(tmp_path: Path) -> None:
    model = model_of("default")
    predict = program_of(model, tmp_path)["predict"]
    rows = table(3).drop(columns="label").assign(lable=1.0)
    said = r"got none named 'label'\. These are not known: 'lable'"
    for given in (rows, rows.to_dict("list"), rows.to_dict("records"), rows.iloc[0].to_dict(), rows.to_records(index=False)):
        with pytest.raises(ValueError, match=said):
            predict(given)
        if not isinstance(given, np.ndarray):
            with pytest.raises(DataError, match="got none named 'label'"):
                model.predict(pd.DataFrame(given) if isinstance(given, list) or np.ndim(given.get("lable")) else given)
    with pytest.raises(ValueError, match="none named 'size', 'label', 'price'"):
        predict([{}])
    with pytest.raises(TypeError, match="got list as row 2"):
        predict([{}, [1.0]])


def test_columns_of_which_the_model_knows_nothing_are_left_alone(tmp_path: Path) -> None:
    model, rows = model_of("default"), table(5)
    found = program_of(model, tmp_path)["predict"](rows.assign(price=1.0, note="x"))
    assert found.tolist() == model.predict(rows.assign(price=1.0)).tolist()


def test_numbers_that_stand_for_a_missing_value_do_so_here(tmp_path: Path) -> None:
    frame = table(200).assign(code=np.where(np.arange(200) % 3 == 0, -999.0, np.arange(200.0)))
    model = (
        TabularRegressor(hidden=(4,), max_epochs=2, missing=("-999",), random_state=0)
        .fit(frame[["code"]], np.arange(200.0))
        .model_
    )
    run = python_program(computation_of(model, owner="test"), tmp_path)
    assert_close(run({"code": np.array([-999.0])})["prediction"], model.predict(pd.DataFrame({"code": [-999.0]})))


def test_columns_may_be_called_anything(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    names = ["", "a b", "a_b", "class", "np", '"""', "/* */", "??/", "x\ny", "é", "compute", "dense_1.weight", "prediction", "\\"]
    frame = pd.DataFrame(rng.normal(size=(60, len(names))), columns=names).assign(text=rng.choice(['?"', "\\n", "b"], 60))
    model = TabularRegressor(hidden=(4,), max_epochs=1, random_state=0).fit(frame, rng.normal(size=60)).model_
    computation = computation_of(model, owner="test")
    given = {port.name: values for port, values in zip(computation.inputs, values_of(model, frame).values(), strict=True)}
    runners = [onnx_runtime(computation)] if find_spec("onnxruntime") else []
    for run in (*runners, python_program(computation, tmp_path), c_programs({"odd": computation}, tmp_path)["odd"]):
        (got,) = run(given).values()
        assert_close(got, model.predict(frame))


@pytest.mark.parametrize("export", [to_onnx, to_python, to_c])
def test_free_text_is_refused_by_the_columns_name(export: Callable, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    words = np.array(["tea", "cup", "the", "good", "bad", "of", "and", "never", "warm", "cold", "soup", "fish", "milk", "bread"])
    prose = [" ".join(rng.choice(words, 8)) for _ in range(300)]
    with pytest.warns(DataWarning, match="free text"):
        model = TabularClassifier(hidden=(4,), max_epochs=1).fit(
            pd.DataFrame({"review": prose}), rng.integers(0, 2, 300).astype(bool)
        )
    with pytest.raises(InvalidSettingError, match=r"got free text in 'review'\. Train without them"):
        export(model, tmp_path / "model")
    assert not list(tmp_path.iterdir())


def test_a_program_says_of_each_column_what_its_rows_may_hold(tmp_path: Path) -> None:
    rows = pd.DataFrame(
        {
            "price": ["1,5", "2,5", "3,25", "4,5"] * 10,
            "is_new": [True, False] * 20,
            "day": pd.date_range("2020-01-01", periods=40),
            "code": [1, 2, 3, 1] * 10,
            "flag": [True, False, True, True] * 10,
            "city": ["Oslo", "Bergen"] * 20,
            "y": np.arange(40.0),
        }
    )
    kinds = {"code": "category", "flag": "category"}
    model = TabularRegressor(hidden=4, max_epochs=1, random_state=0, kinds=kinds, fold_case=True).fit(rows, "y")
    said = program_of(model.model_, tmp_path)["__doc__"].splitlines()
    assert said[said.index("Inputs:") + 1 : said.index("Outputs:") - 1] == [
        "    price: numbers, NaN or None where missing; in training they were written as decimal comma",
        "    is_new: 1.0 for true, 0.0 for false, NaN or None where missing",
        "    day: dates, as datetime, numpy.datetime64 or text such as 2024-12-31 23:59; None where missing",
        "    code: text, empty or None where missing; numbers, or their names; in lower case",
        "    flag: text, empty or None where missing; truth values, or 'true' or 'false'; in lower case",
        "    city: text, empty or None where missing; in lower case",
    ]


def test_a_target_may_be_called_anything(tmp_path: Path) -> None:
    for name in ('a"""b', "rows(rows)", "ends in a backslash\\", "two\nlines", 'ends in "'):
        rows = pd.DataFrame({"x": np.arange(60.0) % 7, name: np.arange(60.0)})
        model = TabularRegressor(hidden=4, max_epochs=1, random_state=0).fit(rows, name).model_
        program = program_of(model, tmp_path)
        np.testing.assert_allclose(program["predict"](rows), model.predict(rows), rtol=1e-4)
