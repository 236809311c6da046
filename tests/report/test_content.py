"""What a report says of models of classes and of numbers, with a table and without."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from lamina import TabularRegressor
from lamina.analysis import permutation_importance
from lamina.errors import DataError, DataTypeError
from lamina.metrics import Evaluation
from lamina.model import EncodingSettings, NetworkSettings, RunSettings, StoppingSettings, TableSettings, fit_table
from lamina.report import Bars, Chart, Heat, Matrix, Report, Table, Told, Words, report_on
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
    assert "a copy of the model" in said[2]


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


def test_the_doctor_s_scores_are_said_to_be_those_of_a_copy(full: Report):
    verdict, whose = full["findings"].blocks[:2]
    assert "Held-out accuracy" in verdict.text
    assert "a copy of the model" in whose.text and "three quarters of the 400 rows of the table" in whose.text
    assert "200 of these rows, drawn at random" in whose.text
    assert f"accuracy is {full.to_dict()['parts']['quality']['blocks'][1]['rows'][0][1]:.4g} on all these rows" in whose.text


def test_of_pooled_classes_the_text_says_what_the_drawn_diagonal_holds():
    rng = np.random.default_rng(0)
    x, kind = rng.normal(size=600), rng.integers(0, 30, 600)
    table = pa.table({"x": x, "z": kind + rng.normal(size=600), "kind": [f"class {i}" for i in kind]})
    report = fit_table(table, "kind", settings=SETTINGS).model.report(table, diagnosis=False)
    (matrix,) = blocks(report, "quality", Matrix)
    diagonal = sum(row[place] for place, row in enumerate(matrix.counts))
    right = round(600 * blocks(report, "quality", Table)[0].rows[0][1])
    assert f"{right:,} of 600 rows are predicted right." in matrix.told
    assert f"the drawn diagonal holds {diagonal:,} rows, of which {diagonal - right:,} were taken for another" in matrix.told


@pytest.mark.parametrize("sparse", [False, True])
def test_importance_is_what_shuffled_tables_give(sparse: bool):
    table = people().append_column("town", pa.array([f"town {i % (40 if sparse else 8)}" for i in range(400)]))
    settings = TableSettings.of({"hidden": (8,), "members": 1, "max_epochs": 5, "embed_from": None})
    model = fit_table(table, "income", settings=settings).model
    assert model.encoder.is_sparse is sparse
    (bars,) = blocks(model.report(table, diagnosis=False), "importance", Bars)
    found = permutation_importance(model, table.drop_columns(["income"]), table["income"].to_numpy(), seed=0, score="accuracy")
    of = dict(zip(found.names, found.means, strict=True))
    assert bars.values == pytest.approx([of[name] for name in bars.names], abs=1e-6)


def test_of_many_columns_fewer_rows_are_shuffled_and_it_is_said():
    rng = np.random.default_rng(0)
    table = pa.table({f"c{i}": rng.normal(size=900) for i in range(150)} | {"y": rng.normal(size=900)})
    report = fit_table(table, "y", settings=replace(SETTINGS, stopping=StoppingSettings(max_epochs=1))).model.report(
        table, diagnosis=False
    )
    (bars,) = blocks(report, "importance", Bars)
    assert "of 800 rows" in bars.told and "With so many columns" in bars.told
    assert "Of 150 columns, the 20 with the largest drops are shown." in bars.told


def test_errors_of_a_small_target_have_digits(of_numbers: Any):
    small = prices().set_column(2, "price", pa.array(1e-7 * prices()["price"].to_numpy()))
    report = fit_table(small, "price", settings=SETTINGS).model.report(small, diagnosis=False)
    rows = {row[0]: row[1:] for row in blocks(report, "quality", Table)[0].rows}
    assert 0 < rows["mean absolute error"][0] < 1e-6
    assert "0.0000" not in str(report).split("How good it is")[1].split("Predicted and true")[0]
    evaluation = Evaluation(model={"rmse": 1.25e-7, "r2": 0.5}, baseline={"rmse": 0.0, "r2": 0.0})
    assert evaluation.rows == [("root mean squared error", "1.25e-07", "0.0000"), ("R²", "0.5000", "0.0000")]


def test_as_data_metrics_and_shares_are_numbers_in_full(full: Report):
    metrics, by_class = (block for block in full.to_dict()["parts"]["quality"]["blocks"] if block["kind"] == "table")
    assert all(isinstance(value, float) for row in metrics["rows"] for value in row[1:])
    assert all(0 <= share <= 1 for row in json.loads(json.dumps(by_class))["rows"] for share in row[2:])
    assert f">{100 * by_class['rows'][0][2]:.1f} %<" in full.to_html()


def test_text_says_between_what_the_band_of_intervals_lies(of_numbers: Any):
    lines = str(of_numbers.report(prices(), diagnosis=False)).splitlines()
    low, high = ([float(x.replace(",", "")) for x in line.split()[-4:]] for line in lines if line.startswith("90% interval,"))
    assert max(low) < 0 < min(high)


def test_settings_are_written_whole():
    settings = TableSettings.of({"hidden": (8, 8), "activation": ("leaky_relu:slope=0.2", "tanh"), "max_epochs": 1, "members": 1})
    (table,) = blocks(report_on(fit_table(people(), "income", settings=settings).model), "settings", Table)
    assert dict(table.rows)["activation"] == "leaky_relu:slope=0.2, tanh"


def test_means_over_several_targets_are_called_so():
    table = prices().append_column("twice", pa.array(2 * prices()["price"].to_numpy()))
    report = fit_table(table, ["price", "twice"], settings=SETTINGS).model.report(table, diagnosis=False)
    titles = [block.title for block in blocks(report, "quality", Table)]
    assert titles == [f"On the 400 rows of the table: {name}" for name in ("mean of the targets", "price", "twice")]


@pytest.mark.parametrize(("averaging", "is_marked"), [(0.0, True), (0.8, False)])
def test_an_epoch_is_marked_as_kept_only_where_its_weights_are_those_of_the_model(averaging: float, is_marked: bool):
    settings = {"hidden": (8,), "members": 1, "max_epochs": 3, "averaging": averaging, "learning_rate": 0.01, "seed": 1}
    model = fit_table(prices(), "price", settings=TableSettings.of(settings)).model
    losses = next(iter(blocks(report_on(model), "curves", Chart)))
    assert (losses.mark is not None) == is_marked


def test_a_quantile_far_from_the_mean_is_judged_by_its_own_loss():
    random = np.random.default_rng(0)
    x = random.normal(size=600)
    table = pa.table({"x": x, "y": 0.5 * x + random.exponential(2, size=600)})
    settings = {"hidden": (16,), "members": 1, "max_epochs": 30, "loss": "quantile:levels=0.95", "seed": 0}
    model = fit_table(table, "y", settings=TableSettings.of(settings)).model
    measured = model.evaluate(table)
    assert measured["model"]["rmse"] > measured["baseline"]["rmse"]
    assert measured["model"]["pinball"] < measured["baseline"]["pinball"]
    assert measured.shortcoming == ""
    report = report_on(model, table, diagnosis=False)
    assert "its pinball loss is" in report.lead
    (bars,) = blocks(report, "importance", Bars)
    assert bars.told.startswith("How much higher the pinball loss is when a column's values are shuffled")
    found = permutation_importance(model, table, "y", seed=0)
    assert (found.score, bars.values) == ("pinball", pytest.approx(found.means))


def test_what_matters_to_several_quantiles_is_the_mean_of_their_losses():
    random = np.random.default_rng(0)
    x = random.normal(size=400)
    table = pa.table({"x": x, "z": random.normal(size=400), "y": 0.5 * x + random.exponential(2, size=400)})
    settings = {"hidden": (16,), "members": 1, "max_epochs": 20, "loss": "quantile:levels=0.1,0.5,0.9", "seed": 0}
    model = fit_table(table, "y", settings=TableSettings.of(settings)).model
    (bars,) = blocks(model.report(table, diagnosis=False), "importance", Bars)
    found = permutation_importance(model, table, "y", seed=0)
    assert bars.names == ("x", "z")
    assert bars.values == pytest.approx(found.means)
    assert bars.told.endswith("It is the mean over the 3 quantiles that are predicted.")
