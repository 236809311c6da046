"""Descriptions that are damaged, by hand or by a file, are refused with the reason."""

from copy import deepcopy

import pytest

from lamina.errors import InvalidSettingError, ShapeError
from lamina.layers import Add, Dense, Input
from lamina.network import Graph, Sequential, network_from_dict


@pytest.fixture
def description():
    x = Input(4, name="x")
    h = Dense(4, name="h")(x)
    return deepcopy(Graph(x, Dense(1, name="z")(Add(name="join")(x, h))).to_dict())


def node(description, name):
    return next(item for item in description["nodes"] if item["layer"]["name"] == name)


def test_nodes_may_come_in_any_order(description):
    before = Graph.from_dict(description)
    description["nodes"].reverse()
    assert Graph.from_dict(description) == before


def test_a_cycle_is_refused_and_shown(description):
    node(description, "h")["inputs"] = ["join"]
    with pytest.raises(InvalidSettingError, match=r"must have no cycle, got '(h → join → h|join → h → join)'"):
        Graph.from_dict(description)


def test_a_layer_that_reads_itself_is_refused(description):
    node(description, "h")["inputs"] = ["h"]
    with pytest.raises(InvalidSettingError, match="must have no cycle, got 'h → h'"):
        Graph.from_dict(description)


def test_a_reference_to_nothing_gets_the_nearest(description):
    node(description, "z")["inputs"] = ["joint"]
    with pytest.raises(InvalidSettingError, match="Did you mean 'join'"):
        Graph.from_dict(description)


def test_a_layer_that_leads_nowhere_is_refused(description):
    node(description, "z")["inputs"] = ["x"]
    with pytest.raises(InvalidSettingError, match="a layer must lead to an output, got 'h'"):
        Graph.from_dict(description)


def test_an_input_that_leads_nowhere_is_refused(description):
    description["inputs"].append({"name": "y", "width": 3})
    with pytest.raises(InvalidSettingError, match="an input must lead to an output, got 'y'"):
        Graph.from_dict(description)


def test_a_name_used_twice_is_refused(description):
    node(description, "h")["layer"]["name"] = "x"
    with pytest.raises(InvalidSettingError, match="a name must be used once, got 'x'"):
        Graph.from_dict(description)


def test_an_input_as_output_is_refused(description):
    description["outputs"].append("x")
    with pytest.raises(InvalidSettingError, match="an output must come from a layer, got 'x'"):
        Graph.from_dict(description)


def test_shapes_that_do_not_fit_are_refused(description):
    node(description, "h")["layer"]["units"] = 5
    with pytest.raises(ShapeError, match=r"join: .* x has \(n, 4\), h \(n, 5\)"):
        Graph.from_dict(description)


def test_too_many_inputs_of_a_layer_are_refused(description):
    node(description, "z")["inputs"] = ["join", "h"]
    with pytest.raises(ShapeError, match="z: the layer must have one input, got 2"):
        Graph.from_dict(description)


def test_an_unknown_layer_gets_the_nearest(description):
    node(description, "h")["layer"]["kind"] = "dence"
    with pytest.raises(InvalidSettingError, match="Did you mean 'dense'"):
        Graph.from_dict(description)


def test_a_layer_without_a_name_is_refused(description):
    node(description, "h")["layer"]["name"] = None
    with pytest.raises(InvalidSettingError, match='must have a "name"'):
        Graph.from_dict(description)


def test_a_newer_version_is_refused(description):
    with pytest.raises(InvalidSettingError, match=r"must be 1, got 2\. Load it with a newer Lamina"):
        Graph.from_dict(description | {"version": 2})


@pytest.mark.parametrize("key", ["kind", "version", "inputs", "nodes", "outputs"])
def test_a_missing_key_is_named(description, key):
    del description[key]
    with pytest.raises(InvalidSettingError, match=f'"{key}"'):
        Graph.from_dict(description)


@pytest.mark.parametrize("outputs", [[], ["z", "z"]])
def test_outputs_are_one_or_more_and_differ(description, outputs):
    with pytest.raises(InvalidSettingError, match="one or more different names"):
        Graph.from_dict(description | {"outputs": outputs})


@pytest.mark.parametrize("width", [0, 2.5, "4"])
def test_an_input_width_out_of_range_is_refused(description, width):
    description["inputs"][0]["width"] = width
    with pytest.raises(InvalidSettingError, match="width must be None, or an integer >= 1"):
        Graph.from_dict(description)


@pytest.mark.parametrize("damaged", [None, [], "graph", {"kind": "grap"}])
def test_what_describes_no_network_is_refused(damaged):
    with pytest.raises(InvalidSettingError):
        network_from_dict(damaged)


def test_another_kind_is_refused(description):
    with pytest.raises(InvalidSettingError, match="Sequential: kind of the network must be 'sequential', got 'graph'"):
        Sequential.from_dict(description)
