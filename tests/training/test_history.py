"""History: slicing like an array, and a data frame."""

from __future__ import annotations

import math
import sys

import pytest

from lamina.errors import InvalidSettingError, MissingPackageError
from lamina.training import STOP_CODES, History, StopReason

RECORDS = [
    {"epoch": 1, "loss": 0.9},
    {"epoch": 2, "loss": 0.5, "validation_loss": 0.6},
    {"epoch": 3, "loss": 0.4, "validation_loss": 0.7},
]


@pytest.fixture
def history():
    return History(dict(record) for record in RECORDS)


def test_rows_and_columns(history):
    assert history[-1] == RECORDS[-1]
    assert history[-1, "loss"] == 0.4
    assert history[:, "loss"] == [0.9, 0.5, 0.4]
    assert history[-5:, "epoch"] == [1, 2, 3]
    assert history[1:, ("epoch", "loss")] == [(2, 0.5), (3, 0.4)]
    assert history[0, ["epoch", "loss"]] == (1, 0.9)


def test_a_slice_is_a_history(history):
    assert isinstance(history[1:], History)
    assert history[1:].to_list() == RECORDS[1:]


def test_what_an_epoch_lacks_is_nan(history):
    first, *rest = history[:, "validation_loss"]
    assert math.isnan(first)
    assert rest == [0.6, 0.7]


def test_an_unknown_key_suggests_the_nearest(history):
    with pytest.raises(KeyError, match="Did you mean 'validation_loss'"):
        history[:, "valid_loss"]


def test_a_validation_loss_that_was_not_recorded_is_explained():
    with pytest.raises(KeyError, match="Give fit validation rows"):
        History([{"epoch": 1, "loss": 0.5}])[:, "validation_loss"]


def test_an_epoch_out_of_range_is_an_index_error(history):
    with pytest.raises(IndexError):
        history[3]


def test_keys_iteration_and_equality(history):
    assert history.keys == ["epoch", "loss", "validation_loss"]
    assert list(history) == RECORDS
    assert history == History(RECORDS)
    assert history != History(RECORDS[:1])
    assert repr(history) == "History(3 epochs: epoch, loss, validation_loss)"


def test_a_data_frame_has_one_row_an_epoch(history):
    frame = history.to_frame()
    assert frame.shape == (3, 3)
    assert frame["loss"].tolist() == [0.9, 0.5, 0.4]
    assert frame["validation_loss"].isna().tolist() == [True, False, False]


def test_an_empty_history_gives_an_empty_frame():
    assert History().to_frame().empty
    assert History()[:] == History()


def test_without_pandas_the_error_says_how_to_install_it(history, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingPackageError, match=r"History.to_frame needs pandas.*pip install pandas"):
        history.to_frame()


@pytest.mark.parametrize("code", list(STOP_CODES))
def test_every_code_has_a_sentence_of_its_own(code):
    assert str(StopReason(code)) == STOP_CODES[code]
    assert STOP_CODES[code].endswith(".")
    assert StopReason(code, "Because.").text == "Because."


def test_an_unknown_code_is_refused():
    with pytest.raises(InvalidSettingError, match="Did you mean 'converged'"):
        StopReason("converge")
