"""A network as SVG: well-formed, with a box for each layer and an arrow for each connection, none above another."""

from __future__ import annotations

from itertools import combinations
from xml.etree import ElementTree

import numpy as np
import pytest

from lamina.layers import Add, Concat, CustomActivation, Dense, Input
from lamina.network import Ensemble, Graph, Sequential

SVG = "{http://www.w3.org/2000/svg}"


def residual():
    x, other = Input(4, name="x"), Input(2, name="<other & more>")
    h = Dense(8, activation="relu", name="h")(x)
    deep = Dense(8)(Dense(8)(h))
    return Graph([x, other], [Dense(2, name="a")(Add()([h, deep])), Dense(1, name="b")(Concat()([h, other]))])


NETWORKS = {
    "sequential": Sequential([Dense(8), Dense(2)], input_width=3),
    "not built": Sequential([Dense(8), Dense(2)]),
    "residual": residual(),
    "ensemble": Ensemble(Sequential([Dense(8), Dense(2)], 3), members=4),
    "in python": Sequential([Dense(3), CustomActivation(np.tanh, np.cosh), Dense(1)], 2),
    "long name": Sequential([Dense(3, name="n" * 300)], 2),
}


def parsed(network):
    root = ElementTree.fromstring(network.to_svg())
    boxes = [tuple(float(rect.get(key)) for key in ("x", "y", "width", "height")) for rect in root.iter(f"{SVG}rect")]
    return root, boxes


@pytest.mark.parametrize("kind", NETWORKS)
def test_every_layer_has_a_box_within_the_picture_and_none_covers_another(kind):
    network = NETWORKS[kind]
    root, boxes = parsed(network)
    assert len(boxes) == len(network.inputs) + len(network.nodes)
    width, height = float(root.get("width")), float(root.get("height"))
    assert all(x >= 0 and y >= 0 and x + w <= width and y + h <= height for x, y, w, h in boxes)
    for (x1, y1, w1, h1), (x2, y2, w2, h2) in combinations(boxes, 2):
        assert x1 + w1 < x2 or x2 + w2 < x1 or y1 + h1 < y2 or y2 + h2 < y1


@pytest.mark.parametrize("kind", NETWORKS)
def test_every_connection_has_an_arrow(kind):
    root, _ = parsed(NETWORKS[kind])
    shafts, tips, _ = root.iter(f"{SVG}g")
    assert len(shafts) == len(tips) == sum(len(node.inputs) for node in NETWORKS[kind].nodes)


def test_names_are_shown_as_they_are_and_outputs_have_their_color():
    root, _ = parsed(residual())
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert "<other & more>" in texts and "Dense(8, relu)" in texts and "2 wide" in texts
    assert sum(rect.get("stroke") == "#D55E00" for rect in root.iter(f"{SVG}rect")) == 2


def test_long_names_are_cut_in_their_middle():
    texts = [text.text for text in parsed(NETWORKS["long name"])[0].iter(f"{SVG}text")]
    assert max(map(len, texts)) < 50


def test_in_a_page_it_has_no_ids_and_the_color_of_its_text():
    drawn = residual()._repr_html_()
    assert " id=" not in drawn and "url(" not in drawn and 'fill="white"' not in drawn
    assert '<svg fill="currentColor"' in drawn


def test_it_is_the_same_every_time():
    assert residual().to_svg() == residual().to_svg()
