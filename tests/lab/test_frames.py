"""Frames carry arrays as they are, and numbers that JSON does not know as null."""

from __future__ import annotations

import math

import numpy as np

from lamina.lab.frames import pack, unpack


def test_arrays_come_back_and_lie_where_a_browser_can_look_at_them() -> None:
    arrays = {"odd": np.arange(5, dtype=np.uint8), "map": np.ones((3, 4), np.float32), "none": np.empty((0, 4), np.float32)}
    frame = pack({"name": "ü", "bad": [math.nan, {"worse": math.inf}]}, arrays)
    values, found = unpack(frame)
    assert values == {"name": "ü", "bad": [None, {"worse": None}]}
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array, strict=True)
        assert (np.frombuffer(frame, np.uint8).ctypes.data - found[name].ctypes.data) % 4 == 0 or not found[name].size
