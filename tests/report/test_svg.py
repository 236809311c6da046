"""Charts as SVG: well-formed, with all their numbers inside, whatever is given."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree

import pytest

from lamina.html import chart_svg, legend
from lamina.report import Axis, Bars, Chart, Heat, Matrix, Series
from lamina.report.svg import bars_svg, heat_svg, matrix_svg

NAN, INF = math.nan, math.inf


def line(*values: float, is_log: bool = False, look: str = "line") -> str:
    series = Series("a", tuple(map(float, range(len(values)))), values, look=look)  # type: ignore[arg-type]
    return chart_svg(Chart("t & <t>", "told", Axis("x"), Axis("y", is_log), (series,)))


@pytest.mark.parametrize(
    "values",
    [(1.0, 2.0), (1.0,), (0.0, 0.0), (NAN, 1.0, NAN, 2.0), (1e-300, 1e300), (-1e308, 1e308), (INF, 1.0, 2.0), (5e-324, 1.0)],
)
@pytest.mark.parametrize("is_log", [False, True])
def test_every_line_is_drawn_within_its_frame(values: tuple[float, ...], is_log: bool):
    drawn = line(*values, is_log=is_log)
    root = ElementTree.fromstring(drawn)
    assert root.attrib["aria-label"] == "t & <t>. told"
    assert "nan" not in drawn and "inf" not in drawn
    path = re.search(r'<path class="la-l la-c0" d="([^"]+)"', drawn)
    assert path is not None
    for x, y in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", path[1]):
        assert 0 <= float(x) <= 420
        assert 0 <= float(y) <= 270


def test_nothing_known_is_nothing_drawn():
    assert line(NAN, NAN) == ""
    assert line() == ""
    assert bars_svg(Bars("t", "", (), (), (), "l")) == ""
    assert heat_svg(Heat("t", "", Axis("x"), (), Axis("y"), (0.0, 1.0), ())) == ""


def test_a_legend_only_where_there_is_something_to_tell_apart():
    one = Series("a", (0.0,), (1.0,))
    assert legend(Chart("", "", Axis(""), Axis(""), (one,))) == ""
    two = legend(Chart("", "", Axis(""), Axis(""), (one, Series("<b>", (0.0,), (1.0,), look="dots"))))
    assert "&lt;b&gt;" in two


def test_other_charts_are_well_formed_with_hostile_names():
    bars = bars_svg(Bars("<b>", '"', ("<script>", "b"), (0.5, -0.1), (0.1, 0.0), "drop"))
    matrix = matrix_svg(Matrix("<b>", '"', ("<script>", "b"), ((12345, 0), (0, 0))))
    heat = heat_svg(Heat("<b>", '"', Axis("step"), (0.0, 5.0), Axis("sum"), (-INF, 0.0, INF), ((1.0, 0.0), (0.5, 0.5))))
    for drawn in (bars, matrix, heat):
        ElementTree.fromstring(drawn)
        assert "<script" not in drawn
    assert "12,345" in matrix


def test_a_line_has_the_color_of_its_entry_in_the_legend_also_beside_one_that_is_not_drawn():
    unknown, known = Series("unknown", (0.0, 1.0), (NAN, NAN)), Series("known", (0.0, 1.0), (1.0, 2.0))
    chart = Chart("t", "told", Axis("x"), Axis("y"), (unknown, known))
    assert re.findall('class="la-l la-(c.)"', legend(chart)) == ["c0", "c1"]
    assert re.findall('class="la-l la-(c.)"', chart_svg(chart)) == ["c1"]


def texts(drawn: str) -> list[str]:
    return [each.text or "" for each in ElementTree.fromstring(drawn).iter("text")]


def test_long_names_can_be_told_apart_in_bars_and_matrices():
    names = tuple(f"very long name of a column that is number {i} of the table" for i in range(12))
    drawn = texts(bars_svg(Bars("t", "", names, (1.0,) * 12, (0.0,) * 12, "drop")))[:-1]
    assert len({text for text in drawn if text.startswith("…")}) == 12
    in_matrix = texts(matrix_svg(Matrix("t", "", names, ((1,) * 12,) * 12)))
    assert [text for text in in_matrix if text.endswith(")")] == [
        text for text in in_matrix if re.fullmatch(r"…\S.* \(\d+\)", text)
    ]
    assert len({text for text in in_matrix if text.endswith(")")}) == 12


def test_names_that_do_not_fit_above_a_matrix_are_numbered():
    drawn = texts(matrix_svg(Matrix("t", "", ("<b>k0</b>", "<b>k1</b>"), ((1, 2), (3, 4)))))
    assert drawn[2:4] == ["1", "<b>k0</b> (1)"]
    assert texts(matrix_svg(Matrix("t", "", ("no", "yes"), ((1, 2), (3, 4)))))[2:4] == ["no", "no"]


def test_an_axis_with_long_numbers_leaves_room_for_its_label():
    drawn = line(-7.5e-7, 7.5e-7)
    ends = [float(x) for x in re.findall(r'x="([\d.]+)" y="[\d.]+" text-anchor="end"', drawn)]
    longest = max(len(text) for text in texts(drawn) if "e−" in text)
    assert min(ends) > 12 + 6.5 * longest
    assert 'x="52"' in line(1.0, 2.0)
