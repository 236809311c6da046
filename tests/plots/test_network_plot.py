"""Plots of a network: boxes do not overlap, fit into the figure, and no arrow passes behind one."""

from __future__ import annotations

from itertools import combinations

import matplotlib.pyplot as plt
import pytest

from lamina import Concat, Dense, Graph, Input, Sequential
from lamina.errors import InvalidSettingError


@pytest.fixture(autouse=True)
def no_screen():
    plt.switch_backend("agg")
    yield
    plt.close("all")


def branches(count: int) -> Graph:
    x = Input(4, name="x")
    return Graph(x, Dense(2, name="out")(Concat(name="all")([Dense(3, name=f"branch_{i}")(x) for i in range(count)])))


def dense_net() -> Graph:
    x = Input(4, name="x")
    seen = [x]
    for i in range(3):
        seen.append(Dense(3, name=f"d{i}")(Concat(name=f"cat{i}")(seen) if i else x))
    return Graph(x, Dense(1, name="out")(Concat(name="last")(seen)))


def long_names() -> Sequential:
    return Sequential([Dense(3, name="W" * 40), Dense(3, name="a_layer_with_a_very_long_name_1"), Dense(2)], 2)


def boxes_of(ax) -> dict:
    ax.figure.draw_without_rendering()
    return {text.get_text().split("\n")[0]: text.get_bbox_patch().get_window_extent() for text in ax.texts if text.get_text()}


@pytest.mark.parametrize("network", [branches(12), dense_net(), long_names()], ids=["branches", "dense", "long"])
@pytest.mark.parametrize("size", [None, (9, 9)])
def test_boxes_are_apart_and_within_the_figure(network, size):
    ax = network.plot(ax=None if size is None else plt.subplots(figsize=size)[1])
    boxes = boxes_of(ax).values()
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
    frame = ax.figure.bbox
    assert all(frame.x0 <= box.x0 < box.x1 <= frame.x1 and frame.y0 <= box.y0 < box.y1 <= frame.y1 for box in boxes)


@pytest.mark.parametrize("network", [branches(12), dense_net()], ids=["branches", "dense"])
def test_no_arrow_passes_behind_a_box_that_it_does_not_join(network):
    ax = network.plot()
    boxes = boxes_of(ax)
    arrows = [patch.get_path().transformed(ax.transData) for patch in ax.patches]
    assert len(arrows) == sum(len(node.inputs) for node in network.nodes)
    for arrow in arrows:
        assert sum(arrow.intersects_bbox(box, filled=False) for box in boxes.values()) <= 2


def test_an_ellipsis_replaces_the_middle_of_a_long_name():
    assert any(name.startswith("a_lay") and "…" in name and name.endswith("_1") for name in boxes_of(long_names().plot()))


def test_axes_that_are_too_small_for_legible_text_are_rejected():
    network = Sequential([Dense(3) for _ in range(30)], 2)
    with pytest.raises(InvalidSettingError, match=r"ax must be at least [0-9.]+ x [0-9.]+ inches for legible text, .* Omit ax"):
        network.plot(ax=plt.subplots()[1])
    assert len(boxes_of(network.plot())) == 31


def test_a_further_use_of_a_layer_says_which_it_is():
    layer = Dense(4, name="step")
    texts = [text.get_text().splitlines()[:2] for text in Sequential([layer, layer], input_width=4).plot().texts]
    assert ["step", "Dense(4)"] in texts
    assert ["step.2", "step again"] in texts
