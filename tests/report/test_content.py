"""What a report says of models of classes and of numbers, with a table and without."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from lamina import TabularRegressor
from lamina.errors import DataError, DataTypeError
from lamina.model import EncodingSettings, NetworkSettings, RunSettings, StoppingSettings, TableSettings, fit_table
from lamina.report import Bars, Chart, Heat, Matrix, Report, Told, Words, report_on
from lamina.report.subject import subject_of
from lamina.report.write import report_of

SETTINGS = TableSettings(
    network=NetworkSettings(hidden=(8, 8), members=1), stopping=StoppingSettings(max_epochs=12), run=RunSettings(seed=0)
)
KEYS = ["findings", "curves", "layers", "quality", "importance", "columns", "settings", "reproduce"]
HOSTILE = "<script>alert(1)</script>"


def people(n: int = 400) -> pa.Table:
    rng = np.random.default_rng(0)
    age, city = rng.integers(18, 80, n), rng.choice(["Rome", "Oslo"], n)
    return pa.table({HOSTILE: age, "noise": rng.normal(size=n), "city": city, "income": np.where(age > 45, "<b>high", "low")})


def prices(n: int = 400) -> pa.Table:
    rng = np.random.default_rng(1)
    x, noise = rng.uniform(size=n), rng.normal(size=n)
    return pa.table({"x": x, "noise": noise, "price": 3 * x + 0.1 * noise})


@pytest.fixture(scope="module")
def of_classes() -> Any:
    return fit_table(people(), "income", settings=SETTINGS).model


@pytest.fixture(scope="module")
def of_numbers() -> Any:
    return fit_table(prices(), "price", settings=SETTINGS).model


@pytest.fixture(scope="module")
def full(of_classes: Any) -> Report:
    return of_classes.report(people(), max_rows=200)


def blocks(report: Report, key: str, kind: type) -> list[Any]:
    return [block for block in report[key].blocks if isinstance(block, kind)]


def test_the_doctor_speaks_first(full: Report):
    assert [part.key for part in full] == KEYS
    assert blocks(full, "findings", Told)
    assert "Held-out accuracy" in full["findings"].blocks[0].text


def test_classes_have_a_confusion_matrix_roc_and_calibration(full: Report):
    (matrix,) = blocks(full, "quality", Matrix)
    assert matrix.names == ("<b>high", "low")
    assert sum(map(sum, matrix.counts)) == 400
    assert [chart.title for chart in blocks(full, "quality", Chart)] == ["ROC curve", "Calibration"]


def test_the_column_that_decides_matters_most(full: Report):
    (bars,) = blocks(full, "importance", Bars)
    assert bars.names[0] == HOSTILE
    assert bars.values[0] > 0.1
    assert bars.spreads[0] > 0


def test_layers_are_drawn_from_the_record(full: Report):
    assert {"Gradients", "Spread of outputs", "Relative updates"} <= {chart.title for chart in blocks(full, "layers", Chart)}
    (first, *_) = blocks(full, "layers", Heat)
    assert all(abs(sum(row) - 1) < 0.01 for row in first.shares)


def test_numbers_have_residuals_with_intervals(of_numbers: Any):
    report = of_numbers.report(prices(), diagnosis=False)
    against, residuals = blocks(report, "quality", Chart)
    assert against.title == "Predicted and true price"
    assert "intervals hold" in residuals.told
    assert any(series.look == "band" and min(series.high) > 0 > max(series.low) for series in residuals.series)


def test_without_a_table_the_report_says_what_needs_one(of_classes: Any):
    report = report_on(of_classes)
    for key in ("findings", "quality", "importance"):
        assert any(words.tone == "missing" and "table with the target" in words.text for words in blocks(report, key, Words))
    assert blocks(report, "curves", Chart)
    assert blocks(report, "layers", Chart)


def test_without_a_table_what_the_record_shows_is_told_and_what_was_not_examined():
    settings = {"hidden": (8,), "members": 1, "max_epochs": 5, "learning_rate": 1e-8, "seed": 1}
    report = report_on(fit_table(prices(), "price", settings=TableSettings.of(settings)).model)
    assert [told.title for told in blocks(report, "findings", Told)] == ["Learning rate too low"]
    said = " ".join(words.text for words in blocks(report, "findings", Words))
    assert "learned next to nothing beyond a constant prediction" in said
    assert "Not examined" in said and "overfitting" in said
    assert "give a table with the target as TABLE" in said


def test_without_a_table_nothing_is_found_in_a_model_that_learned(of_classes: Any, of_numbers: Any):
    for model in (of_classes, of_numbers):
        report = report_on(model)
        assert not blocks(report, "findings", Told)
        assert "only rows tell" in report["findings"].blocks[0].text


def test_where_no_cause_is_known_scores_that_fall_short_are_told_first(of_classes: Any):
    scores = {"model": {"accuracy": 0.5, "log_loss": 1.2}, "baseline": {"accuracy": 0.5, "log_loss": 0.7}}
    report = report_on(replace(of_classes, summary={**of_classes.summary, "metrics": scores}))
    said = [words.text for words in blocks(report, "findings", Words)]
    assert said[1].startswith("On its test rows: The model is worse than the constant guess (log loss 1.2, not 0.7)")


def test_several_targets_are_examined_together():
    table = prices().append_column("twice", pa.array(2 * prices()["price"].to_numpy()))
    report = fit_table(table, ["price", "twice"], settings=SETTINGS).model.report(table)
    assert blocks(report, "findings", Told)
    said = [words.text for words in blocks(report, "findings", Words)]
    assert said[0].startswith("Held-out R²")
    assert "means over the 2 targets" in said[1]


def test_the_commands_name_what_is_not_usual(of_classes: Any):
    of_command = replace(of_classes, summary={**of_classes.summary, "reading": {}})
    subject = subject_of(of_command, None, seed=0, max_rows=20_000, diagnosis=True)
    code = report_of(replace(subject, path="a b.model"))["reproduce"].blocks[-1].text
    assert "--target income" in code
    assert "--max-epochs 12" in code
    assert "--hidden 8 8" in code
    assert "-o 'a b.model'" in code


def test_an_estimator_reports_on_its_model():
    model = TabularRegressor(hidden=8, members=1, max_epochs=2, random_state=0, monitor=False).fit(prices(), "price")
    report = model.report()
    assert "keeps no record" in report["layers"].blocks[0].text
    assert report["curves"].blocks
    with pytest.raises(AttributeError, match="before it is fitted"):
        TabularRegressor().report()


def test_names_from_the_data_are_shown_and_never_obeyed(full: Report):
    page = full.to_html()
    assert "<script" not in page
    assert "<b>high" not in page
    assert "&lt;script&gt;" in page
    assert "&lt;b&gt;high" in page


def test_the_page_is_small_and_asks_for_nothing(full: Report):
    page = full.to_html()
    assert len(page.encode()) < 250_000
    assert "default-src 'none'; style-src 'sha256-" in page
    for word in ("http://", "https://", "url(", " style=", " onload", "@import", "<img", "<link"):
        assert word not in page


def test_a_page_of_many_columns_and_classes_stays_small():
    rng = np.random.default_rng(0)
    table = pa.table(
        {f"column {i}": rng.normal(size=300) for i in range(120)} | {"kind": [f"class {i % 30}" for i in range(300)]}
    )
    settings = TableSettings(network=NetworkSettings(hidden=(8,) * 9, members=1), stopping=StoppingSettings(max_epochs=2))
    report = fit_table(table, "kind", settings=settings).model.report(table, diagnosis=False)
    assert len(report.to_html().encode()) < 250_000
    (matrix,) = blocks(report, "quality", Matrix)
    assert matrix.names[-1] == "others"
    assert sum(map(sum, matrix.counts)) == 300


def test_all_writers_take_a_full_report(full: Report):
    assert json.loads(json.dumps(full.to_dict(), allow_nan=False))["parts"].keys() == set(KEYS)
    text = str(full)
    assert "What the doctor finds" in text
    assert "Permutation importance" in text


def test_equal_calls_give_equal_reports(of_numbers: Any):
    first, second = (of_numbers.report(prices(), diagnosis=False).to_html() for _ in range(2))
    assert first == second


def test_the_page_is_written_whole_or_not_at_all(full: Report, tmp_path: Any):
    full.save(tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == full.to_html()
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_tables_that_cannot_judge_are_refused(of_classes: Any):
    with pytest.raises(DataError, match="2 rows with a target or more"):
        of_classes.report(people().slice(0, 1))
    one_class = people().filter(pa.array([name == "low" for name in people()["income"].to_pylist()]))
    with pytest.raises(DataError, match="two classes or more"):
        of_classes.report(one_class)
    with pytest.raises(DataError, match="income"):
        of_classes.report(people().drop_columns(["income"]))
    with pytest.raises(DataTypeError, match="fitted model of a table"):
        report_on("model")


def test_a_column_that_the_model_leaves_out_may_be_missing():
    table = people().append_column("id", pa.array([f"row {i}" for i in range(400)]))
    settings = replace(SETTINGS, encoding=EncodingSettings(kinds={"id": "ignore"}))
    report = fit_table(table, "income", settings=settings).model.report(people(), max_rows=200)
    assert "Held-out accuracy" in report["findings"].blocks[0].text
