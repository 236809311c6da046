"""The shared style: it stays within the plotting functions, and a missing matplotlib is named with its extra."""

from __future__ import annotations

import sys

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

from lamina.errors import InvalidSettingError
from lamina.plots.style import CYCLE, RC, axes_grid, make_axes, styled

mpl.use("Agg")


@styled
def plot_line(ax=None):
    ax = make_axes(ax)
    ax.plot([0, 1])
    return ax


def test_a_styled_function_draws_in_the_style_and_leaves_the_users_settings_alone():
    before = dict(mpl.rcParams)
    ax = plot_line()
    assert ax.lines[0].get_color() == CYCLE[0]
    assert not ax.spines["top"].get_visible()
    assert dict(mpl.rcParams) == before


def test_every_setting_of_the_style_is_one_that_matplotlib_knows():
    assert set(RC) <= set(mpl.rcParams)


def test_axes_that_are_given_are_drawn_on():
    _, ax = plt.subplots()
    assert plot_line(ax) is ax


def test_a_wrong_number_of_axes_is_refused():
    _, ax = plt.subplots()
    with pytest.raises(InvalidSettingError, match="axes must be 2 axes, got 1"):
        axes_grid(1, 2, axes=[ax])


def test_without_matplotlib_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"plot_line needs matplotlib.*pip install 'lamina\[plot\]'"):
        plot_line()
