"""HTML displays are well formed, short and escaped, and ask nobody for anything."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET

import numpy as np
import pyarrow as pa
import pytest
import sklearn
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lamina import Dense, Graph, Input, MLPClassifier, Perceptron, Sequential, TabularClassifier
from lamina.data import ColumnRow, ColumnSummary
from lamina.html import Axis, Chart, Printed, Series, chart_svg, escaped, table
from lamina.metrics import Evaluation
from lamina.model import FitResult, TableSettings, fit_table
from lamina.stop_reason import StopReason
from lamina.training import History

NASTY = '<script>alert("1")</script>&amp;\'$'


def parsed(html: str) -> ET.Element:
    """Raises if a tag is not closed; HTML's line break and space are XML's for this."""
    return ET.fromstring(f"<all>{html.replace('<br>', '<br/>').replace('&nbsp;', ' ')}</all>")


def cells(html: str) -> list[list[str]]:
    return [["".join(cell.itertext()) for cell in row] for row in parsed(html).iter("tr")]


def history(epochs: int, **others: float) -> History:
    losses = [1.0, 0.25, *(0.5 for _ in range(epochs))][:epochs]
    return History([{"epoch": e + 1, "loss": 1 / (e + 1), "validation_loss": loss, **others} for e, loss in enumerate(losses)])


def result(test: float = 0.2) -> FitResult:
    random = np.random.default_rng(0)
    columns = pa.table({NASTY: random.normal(size=60), "kind": random.choice([NASTY, "b"], 60)})
    return fit_table(columns, "kind", test=test, settings=TableSettings.of({"max_epochs": 3}))


def wide_result(columns: int) -> FitResult:
    """Of a table as users have it: long names, and three losses over many epochs."""
    random = np.random.default_rng(0)
    table = {f"a column with a name of {i:02} words": random.normal(size=200) for i in range(columns)}
    names = [name for name in table if name.endswith("0 words")]
    table |= {name: np.where(random.random(200) < 0.1, None, table[name]) for name in names}
    table["price"] = sum(table[name] for name in list(table)[1:4])
    settings = {"max_epochs": 150, "patience": 150, "hidden": (8, 8, 8), "dropout": 0.1, "members": 2}
    return fit_table(pa.table(table), "price", settings=TableSettings.of(settings))


def points() -> tuple[np.ndarray, np.ndarray]:
    X = np.random.default_rng(0).normal(size=(60, 3))
    return X, (X[:, 0] > 0).astype(int)


def network(**settings: object) -> MLPClassifier:
    return MLPClassifier((8,), max_iter=30, early_stopping=True, random_state=0, **settings).fit(*points())


def table_estimator() -> TabularClassifier:
    return TabularClassifier(hidden=(4,), max_epochs=3, members=1, missing=(NASTY,) * 20, random_state=0).fit(*points())


DISPLAYS = {
    "estimator": network(),
    "estimator before a fit": MLPClassifier(network=Sequential([Dense(2, name=NASTY)])),
    "perceptron": Perceptron().fit(*points()),
    "estimator of tables": table_estimator(),
    "history": history(20),
    "nasty history": History([{"epoch": 1, "loss": 0.5, NASTY: 1.0, "note": NASTY}]),
    "long history": history(10_000),
    "wide history": history(3, **{f"{NASTY}{i}": 0.1 for i in range(30)}),
    "diverged history": History([{"epoch": 1, "loss": math.nan, "validation_loss": math.inf}, {"epoch": 2, "loss": 1e308}]),
    "no epochs": History(),
    "network": Sequential([Dense(8, activation="relu"), Dense(1)], input_width=4),
    "network that is not built": Sequential([Dense(8), Dense(1)]),
    "nasty network": Graph(x := Input(2, name=NASTY), Dense(1, name=f"{NASTY}2")(x)),
    "deep network": Sequential([Dense(2) for _ in range(300)], input_width=2),
    "stop reason": StopReason("max_epochs"),
    "result": result(),
    "result without test rows": result(0),
    "model": result().model,
    "model of 13 columns": wide_result(13).model,
    "model of 50 columns": wide_result(50).model,
    "columns": ColumnSummary(tuple(ColumnRow(f"{NASTY}{i}", "number", "", 1, 0, 0, NASTY * 9) for i in range(100))),
    "metrics": Evaluation(model={"r2": math.nan, "rmse": 2e9}, baseline={"r2": 0.0, "rmse": 1.0}),
    "no metrics": Evaluation(),
    "nasty stop reason": StopReason("callback", NASTY),
}


@pytest.mark.parametrize("name", DISPLAYS)
def test_a_display_is_well_formed_short_and_escaped(name: str):
    html = DISPLAYS[name]._repr_html_()
    parsed(html)
    assert len(html) < (16_000 if isinstance(DISPLAYS[name], TabularClassifier) else 12_000)
    assert "<script" not in html
    assert not re.search(r"(href|src|url\(|http|@import|onload)", html.replace(escaped(NASTY), ""))
    assert "nan" not in re.sub(r"<t[dh].*?</t[dh]>", "", html)


def test_of_many_columns_of_a_model_the_first_are_shown_and_the_others_counted():
    html = DISPLAYS["model of 50 columns"]._repr_html_()
    rows = [row for row in cells(html) if row[0].startswith("a column")]
    assert len(rows) == 8
    assert "… and 42 more columns" in html
    assert "validation, averaged" in html


def test_lines_that_are_too_long_for_a_screen_scroll_alone():
    class Long(Printed):
        def __str__(self) -> str:
            return "x" * 150

    assert '<pre style="overflow-x: auto">' in Long()._repr_html_()


def test_a_history_shows_its_first_lowest_and_last_epochs():
    assert cells(history(20)._repr_html_()) == [
        ["", "epoch", "loss", "validation loss"],
        ["first", "1", "1", "1"],
        ["lowest validation loss", "2", "0.5", "0.25"],
        ["last", "20", "0.05", "0.5"],
    ]
    assert ">History: 20 epochs<" in history(20)._repr_html_()
    alone = cells(History([{"epoch": 1, "loss": 0.5}])._repr_html_())
    assert alone[1:] == [["first, lowest loss, last", "1", "0.5"]]


def test_columns_that_find_no_room_are_named():
    html = history(2, step=3, **{f"metric_{i}": 0.5 for i in range(7)})._repr_html_()
    assert [len(row) for row in cells(html)] == [9, 9, 9]
    assert "and metric 5, metric 6, step" in html


def test_a_history_draws_its_losses_on_one_scale_and_marks_the_lowest():
    html = history(3)._repr_html_()
    training, validation = re.findall(r'class="la-l la-c[01]" d="(M[^"]+L[^"]+L[^"]+)"', html)
    assert training.split("L")[0] == validation.split("L")[0]  # both begin at 1
    assert "lowest: epoch 2" in html
    assert ">epoch</text>" in html and ">loss</text>" in html


def test_a_network_shows_its_summary():
    network = Sequential([Dense(8, activation="relu"), Dense(1)], input_width=4)
    html = network._repr_html_()
    lines = [line.split() for line in network.summary().splitlines()]
    assert [" ".join(row).split() for row in cells(html)] == [lines[0], *lines[2:-2]]
    assert "parameters: 49" in html


def test_of_a_deep_network_the_middle_is_left_out():
    rows = cells(DISPLAYS["deep network"]._repr_html_())
    assert len(rows) == 41
    assert rows[21][0] == "… 262 more …"
    assert (rows[1][0], rows[20][0], rows[22][0], rows[-1][0]) == ("input_1", "dense_19", "dense_282", "dense_300")


def test_a_stop_reason_shows_its_code_and_its_sentence():
    shown = "".join(parsed(StopReason("max_epochs")._repr_html_()).find("div").itertext())
    assert shown.endswith("Stopped: max epochsAll epochs asked for were run.")


def test_a_long_text_is_shortened():
    assert len(escaped("a" * 10_000)) < 210
    assert table(["a"], [["<i>"]], title="<i>").count("&lt;i&gt;") == 3  # the cell, the title, and the region's name


@pytest.mark.parametrize("name", DISPLAYS)
def test_a_display_brings_its_style_once_and_reaches_nothing_else_on_the_page(name: str):
    html = DISPLAYS[name]._repr_html_()
    assert html.count("<style>") == 1
    style = re.search("<style>(.*?)</style>", html)[1]
    rules = re.sub(r"@supports \([^{]*\{(.*?\})\}", r"\1", style)
    selectors = [one for many in re.findall(r"([^{}]+)\{[^{}]*\}", rules) for one in many.split(",")]
    assert selectors and all(one.strip().startswith(".lamina") for one in selectors)
    assert " id=" not in html  # ten displays are on one page
    assert "prefers-color-scheme" not in style  # the notebook's theme need not be the system's


def test_every_class_of_a_display_is_lamina_s_own():
    classes = {
        name
        for each in DISPLAYS.values()
        for group in re.findall(r'class="([^"]+)"', each._repr_html_())
        for name in group.split()
    }
    assert classes and all(name == "lamina" or name.startswith("la-") for name in classes)


def losses(*numbers: float) -> str:
    return chart_svg(Chart("t", "told", Axis("x"), Axis("y"), (Series("a", tuple(map(float, range(len(numbers)))), numbers),)))


@pytest.mark.parametrize("numbers", [[1.0], [1.0, math.nan, 2.0], [5e-324, 0.0], [1.7e308, -1.7e308], [2.0, 2.0], [1, 2, 3]])
def test_a_line_stays_within_its_frame_whatever_the_numbers(numbers: list[float]):
    line = re.search(r'class="la-l la-c0" d="([^"]+)"', losses(*numbers))[1]
    coordinates = [float(number) for pair in re.findall(r"[ML]([\d.]+) ([\d.]+)", line) for number in pair]
    assert len(coordinates) == 2 * sum(map(math.isfinite, numbers))
    assert all(58 <= x <= 406 for x in coordinates[::2])
    assert all(12 <= y <= 226 for y in coordinates[1::2])


def test_a_long_line_keeps_its_peaks():
    records = [{"epoch": epoch, "loss": float(epoch == 12_345)} for epoch in range(1, 50_001)]
    html = History(records)._repr_html_()
    assert len(html) < 12_000
    assert "h0" not in html
    heights = [float(y) for _, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", re.search(r'class="la-l la-c0" d="([^"]+)"', html)[1])]
    assert min(heights) < 40  # the top


def test_a_result_shows_metrics_beside_the_baseline_and_the_losses():
    shown = result()
    html = shown._repr_html_()
    assert ["metric", "model", "majority"] in cells(html)
    assert list(parsed(html).iter("path"))
    assert NASTY not in repr(shown)
    assert "Trained on 43 rows for 3 epochs" in str(shown)


def test_long_results_are_cut():
    class Long(Printed):
        def __str__(self) -> str:
            return "\n".join(["<a line>"] * 101)

    lines = parsed(Long()._repr_html_()).find("pre").text.splitlines()
    assert len(lines) == 31
    assert lines[-1] == "… 71 more lines"
    assert "and 80 more columns" in DISPLAYS["columns"]._repr_html_()


def test_a_model_shows_its_columns_scores_losses_and_how_long_it_took():
    shown = DISPLAYS["result"]
    html = shown.model._repr_html_()
    assert ["metric", "model", "majority"] in cells(html)
    assert [NASTY, "number"] in [row[:2] for row in cells(html)]
    assert re.search(r"Trained on 43 rows for 3 epochs, [\d.e-]+ s", html)
    assert html.count("<details>") == 2  # columns and network


def test_an_estimator_shows_what_was_set_and_how_the_training_went():
    model = DISPLAYS["estimator"]
    html = model._repr_html_()
    assert ["hidden_layer_sizes", "(8,)"] in cells(html)
    assert f"All {len(model.get_params(deep=False))} settings" in html
    assert f"Trained for {model.n_iter_} epochs" in html
    best = model.validation_scores_.index(model.best_validation_score_) + 1
    assert f"kept: epoch {best}<" in html
    assert "parameters" in html
    assert "Not fitted yet" in DISPLAYS["estimator before a fit"]._repr_html_()
    assert "All settings are the defaults" in MLPClassifier()._repr_html_()


@pytest.mark.parametrize("kind", ["estimator", "perceptron", "estimator of tables"])
def test_scikit_learn_decides_whether_there_is_a_display(kind: str):
    model = DISPLAYS[kind]
    assert model._repr_mimebundle_(include=None, exclude=None) == {"text/plain": repr(model), "text/html": model._repr_html_()}
    with sklearn.config_context(display="text"):
        assert not hasattr(model, "_repr_html_")
        assert model._repr_mimebundle_() == {"text/plain": repr(model)}


def test_in_a_pipeline_scikit_learn_s_diagram_is_shown():
    html = make_pipeline(StandardScaler(), MLPClassifier((4,), max_iter=2))._repr_html_()
    assert "sk-estimator" in html
    assert "MLPClassifier" in html
    assert 'class="lamina"' not in html
