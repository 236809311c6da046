"""One content, written as text and as JSON."""

from __future__ import annotations

import json
import math

from lamina.report import Axis, Bars, Chart, Heat, Matrix, Part, Report, Series, Table, Told, Words

REPORT = Report(
    "A model of 'income'",
    "Right in 9 of 10 rows.",
    {"epochs": "3"},
    (
        Part(
            "findings",
            "Findings",
            (Told("dead units", "harm", "harm, confidence 0.80", ("share: 0.9",), "They are flat.", ("lower it",)),),
        ),
        Part(
            "curves",
            "Curves",
            (
                Chart(
                    "Loss", "It falls.", Axis("epoch"), Axis("loss"), (Series("training", (1.0, 2.0, 3.0), (3.0, math.nan, 1.0)),)
                ),
                Heat(
                    "Sums",
                    "They spread.",
                    Axis("step"),
                    (0.0, 9.0),
                    Axis("sum"),
                    (-math.inf, 0.0, math.inf),
                    ((1.0, 0.0), (0.25, 0.75)),
                ),
                Bars("What matters", "One does.", ("<script>", "b"), (0.5, -0.1), (0.1, 0.0), "drop of accuracy"),
                Matrix("Confusion", "Few errors.", ("no", "yes"), ((9, 1), (0, 10))),
                Table("Columns", ("column", "missing"), (("age", 12345), ("x" * 200, math.nan))),
                Words("Give a table.", "missing"),
            ),
        ),
    ),
)


def test_the_text_says_all_that_the_content_says():
    text = str(REPORT)
    for said in (
        "Right in 9 of 10 rows.",
        "dead units: harm",
        "- lower it",
        "It falls.",
        "They spread.",
        "<script>",
        "12,345",
        "Give a table.",
    ):
        assert said in text
    assert max(map(len, text.splitlines())) <= 140


def test_json_has_null_where_nothing_is_finite():
    parts = json.loads(json.dumps(REPORT.to_dict(), allow_nan=False))["parts"]
    assert parts["curves"]["blocks"][0]["series"][0]["y"] == [3.0, None, 1.0]
    assert parts["curves"]["blocks"][1]["edges"] == [None, 0.0, None]
    assert parts["findings"]["blocks"][0]["kind"] == "told"


def test_a_part_is_found_by_its_key():
    assert REPORT["curves"].title == "Curves"
    assert [part.key for part in REPORT] == ["findings", "curves"]


def test_a_folded_table_stands_beside_what_folds_it_so_that_paper_shows_it():
    long = Table("All", ("name", "n"), (("a", 1), ("b", 2)), is_long=True)
    page = Report("A model", "It is right.", {}, (Part("columns", "Columns", (long,)),)).to_html()
    assert '<details><summary>All</summary></details><div class="folded"><div class="la-wide"' in page
    print_style = page.split("@media print")[1]
    assert "details:not([open]) + .folded { display: none; }" in page
    assert "details:not([open]) + .folded { display: block; }" in print_style


def test_a_heat_map_says_what_its_shades_stand_for():
    page = REPORT.to_html()
    assert "share of sums:" in page
    assert "to 100.0 %" in page
