"""The state of a page goes to JSON, to an address and back, and is checked whole."""

from __future__ import annotations

import base64
import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.errors import InvalidSettingError
from lamina.lab.plane_features import FEATURES
from lamina.lab.state import CHOICES, FURTHER, DataState, LabState, LayerState, TrainingState, from_address, to_address

LAYERS = st.builds(
    LayerState,
    st.integers(1, 512),
    st.sampled_from(CHOICES["activation"]),
    st.floats(0, 0.95),
    st.booleans(),
    init=st.sampled_from(CHOICES["init"]),
    skip=st.booleans(),
)
STATES = st.builds(
    LabState,
    st.builds(
        DataState,
        st.sampled_from(CHOICES["source"]),
        st.integers(20, 10_000),
        st.floats(0, 1),
        target=st.text(max_size=9),
        features=st.lists(st.sampled_from(list(FEATURES)), min_size=1),
    ),
    st.lists(LAYERS, max_size=12).map(tuple),
    st.builds(
        TrainingState, st.sampled_from(CHOICES["optimizer"]), st.floats(1e-6, 100), clip_norm=st.none() | st.floats(1e-3, 9)
    ),
    st.integers(0, 2**31 - 1),
)


@given(STATES)
def test_every_state_survives_json_and_an_address(state: LabState) -> None:
    assert LabState.from_json(json.dumps(state.to_dict())) == state
    assert from_address(to_address(state)) == state
    assert to_address(state).replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize(
    ("part", "name", "wrong"),
    [
        ("data", "rows", 10_001),
        ("data", "source", "moon"),
        ("data", "noise", -0.1),
        ("data", "features", []),
        ("data", "features", ["x3"]),
        ("data", "features", "x1"),
        ("training", "learning_rate", 0),
        ("training", "learning_rate", float("nan")),
        ("training", "batch_size", True),
        ("training", "optimizer", "lbfgs"),
        ("training", "optimizer_settings", {"beta3": 0.5}),
        ("training", "optimizer_settings", {"beta1": "x"}),
        ("training", "optimizer_settings", {"objective": 1}),
        ("training", "schedule_settings", {"final": 0.5}),
        ("training", "restarts", 21),
        ("layers", "norm_momentum", 1.0),
        ("layers", "units", 513),
        ("layers", "activation", "softmax"),
        ("layers", "init", "among_rows"),
    ],
)
def test_a_wrong_setting_is_named(part: str, name: str, wrong: object) -> None:
    described = LabState().to_dict()
    changed = described[part][0] if part == "layers" else described[part]
    changed[name] = wrong
    told = {"optimizer_settings": "beta3|objective|optimizer_settings", "schedule_settings": "final"}.get(name, name)
    with pytest.raises(InvalidSettingError, match=told):
        LabState.from_json(json.dumps(described))


@pytest.mark.parametrize(
    "given",
    [
        "",
        "[",
        "3",
        "null",
        "[1, 2]",
        '{"kind": "net"}',
        '{"layers": 3}',
        '{"data": 3}',
        '{"layers": [3]}',
        '{"units": 3}',
        "[" * 10**5,
    ],
)
def test_what_is_no_state_is_refused(given: str) -> None:
    with pytest.raises(InvalidSettingError):
        LabState.from_json(given)


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda data: base64.urlsafe_b64encode(data).decode()))
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(InvalidSettingError):
        from_address(address)


def test_an_address_that_unpacks_to_much_more_than_a_state_is_refused() -> None:
    bomb = base64.urlsafe_b64encode(zlib.compress(b" " * 10**7)).decode()
    with pytest.raises(InvalidSettingError):
        from_address(bomb)


def test_an_optimizer_without_a_learning_rate_is_described_without() -> None:
    assert TrainingState("perturb-one").described_optimizer == {"kind": "perturb-one"}
    assert FURTHER["optimizer"]["perturb-one"] == {"scale": 0.5, "trials": 100}
    assert FURTHER["schedule"]["cosine"] == {"steps": None, "final": 0.0}


def test_a_step_that_would_not_end_while_one_looks_is_refused() -> None:
    with pytest.raises(InvalidSettingError, match="trials"):
        TrainingState("perturb-one", optimizer_settings={"trials": 10**6})


def test_too_many_layers_are_refused() -> None:
    with pytest.raises(InvalidSettingError, match="layers must be at most 12"):
        LabState(layers=(LayerState(),) * 13)


def test_errors_name_the_part_of_the_page_and_no_class() -> None:
    described = LabState().to_dict()
    for change, said in (
        ({"data": {"rows": 5}}, "Data: rows must be an integer in"),
        ({"layers": [{"units": 0}]}, "Hidden layer: units must be"),
        ({"training": {"batch_size": -1}}, "Training: batch_size must be"),
        ({"training": {"batches": 1}}, "Training"),
        ({"seed": -1}, "The lab: seed must be"),
    ):
        with pytest.raises(InvalidSettingError, match=f"^{said}") as refused:
            LabState.from_described(described | change)
        assert "State" not in str(refused.value)


def test_features_stand_in_one_order_and_an_address_from_before_there_were_any_has_the_coordinates() -> None:
    assert DataState(features=("x1*x2", "x1", "x1")).features == ("x1", "x1*x2")
    described = LabState(seed=3).to_dict()
    del described["data"]["features"]
    packed = zlib.compress(json.dumps(described).encode())
    assert from_address(base64.urlsafe_b64encode(packed).decode()) == LabState(seed=3)


def test_what_stands_behind_a_dot_in_an_address_is_none_of_the_state() -> None:
    state = LabState(seed=3)
    assert from_address(f"{to_address(state)}.L17") == state
