"""HTML displays are well formed, short and escaped, and ask nobody for anything."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET

import numpy as np
import pyarrow as pa
import pytest

from lamina import Dense, Graph, Input, Sequential
from lamina.data import ColumnRow, ColumnSummary
from lamina.html import chart, escaped, table
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


DISPLAYS = {
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
    "columns": ColumnSummary(tuple(ColumnRow(f"{NASTY}{i}", "number", "", 1, 0, 0, NASTY * 9) for i in range(100))),
    "metrics": Evaluation(model={"r2": math.nan, "rmse": 2e9}, baseline={"r2": 0.0, "rmse": 1.0}),
    "no metrics": Evaluation(),
    "nasty stop reason": StopReason("callback", NASTY),
}


@pytest.mark.parametrize("name", DISPLAYS)
def test_a_display_is_well_formed_short_and_escaped(name: str):
    html = DISPLAYS[name]._repr_html_()
    parsed(html)
    assert len(html) < 12_000
    assert "<script" not in html
    assert not re.search(r"(href|src|url\(|http|@import|onload)", html.replace(escaped(NASTY), ""))
    assert "nan" not in re.sub(r"<t[dh].*?</t[dh]>", "", html)


def test_a_history_shows_its_first_lowest_and_last_epochs():
    assert cells(history(20)._repr_html_()) == [
        ["", "epoch", "loss", "validation loss"],
        ["first", "1", "1", "1"],
        ["lowest validation loss", "2", "0.5", "0.25"],
        ["last", "20", "0.05", "0.5"],
    ]
    assert "<b>History</b>: 20 epochs" in history(20)._repr_html_()
    alone = cells(History([{"epoch": 1, "loss": 0.5}])._repr_html_())
    assert alone[1:] == [["first, lowest loss, last", "1", "0.5"]]


def test_columns_that_find_no_room_are_named():
    html = history(2, step=3, **{f"metric_{i}": 0.5 for i in range(7)})._repr_html_()
    assert [len(row) for row in cells(html)] == [9, 9, 9]
    assert "and metric 5, metric 6, step" in html


def test_a_history_draws_its_losses_from_the_smallest_to_the_largest():
    paths = [path.get("d") for path in parsed(history(3)._repr_html_()).iter("path")]
    assert paths == ["M3.0 3.0h0L130.0 36.3L257.0 47.4", "M3.0 3.0h0L130.0 53.0L257.0 36.3"]


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
    assert StopReason("max_epochs")._repr_html_() == "<p><b>max epochs</b>: All epochs asked for were run.</p>"


def test_a_long_text_is_shortened():
    assert len(escaped("a" * 10_000)) < 210
    assert table(["a"], [["<i>"]], caption="<i>").count("&lt;i&gt;") == 2


@pytest.mark.parametrize("numbers", [[1.0], [1.0, math.nan, 2.0], [5e-324, 0.0], [1.7e308, -1.7e308], [2.0, 2.0], [1, 2, 3]])
def test_a_line_stays_within_its_frame_whatever_the_numbers(numbers: list[float]):
    coordinates = [
        float(number) for number in re.findall(r"[ML]([\d.]+) ([\d.]+)", chart({"loss": numbers})) for number in number
    ]
    assert len(coordinates) == 2 * sum(map(math.isfinite, numbers))
    assert all(3 <= x <= 257 for x in coordinates[::2])
    assert all(3 <= y <= 53 for y in coordinates[1::2])


def test_a_long_line_keeps_its_peaks():
    numbers = [0.0] * 50_000
    numbers[12_345] = 1.0
    html = chart({"loss": numbers})
    assert len(html) < 8_000
    assert " 3.0" in html  # the top


def test_a_result_shows_metrics_beside_the_baseline_and_the_losses():
    shown = result()
    html = shown._repr_html_()
    assert ["metric", "model", "majority"] in cells(html)
    assert list(parsed(html).iter("path"))
    assert NASTY not in repr(shown)
    assert "Trained on 43 rows for 3 epochs" in str(shown)


def test_long_results_are_cut():
    lines = parsed(DISPLAYS["columns"]._repr_html_()).find("pre").text.splitlines()
    assert len(lines) == 31
    assert lines[-1] == "… 71 more lines"
