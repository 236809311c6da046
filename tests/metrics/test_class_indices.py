"""Labels become class indices by value, as text, or as the indices they are; never by a guess."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.errors import DataError, InvalidSettingError, ShapeError
from lamina.metrics import indices_of_classes


@pytest.mark.parametrize(
    ("labels", "classes", "num_classes", "indices", "names"),
    [
        (["b", "a", "b"], None, None, [1, 0, 1], ["a", "b"]),
        ([5, 3, 5], None, 2, [1, 0, 1], [3, 5]),
        ([2, 0], None, 4, [2, 0], [0, 1, 2, 3]),
        ([[2.0], [0.0]], None, 3, [2, 0], [0, 1, 2]),
        ([True, False], None, 2, [1, 0], [0, 1]),
        ([-1, 1], None, 2, [0, 1], [-1, 1]),
        (["b", "a"], ["b", "a", "c"], 3, [0, 1], ["b", "a", "c"]),
        ([1, 2, 1], np.array([1, 2, 3]), 3, [0, 1, 0], [1, 2, 3]),
        ([1, 2, 0], ["x", "y", "z"], None, [1, 2, 0], ["x", "y", "z"]),
        ([1, 2], ["1", "2", "3"], None, [0, 1], ["1", "2", "3"]),
        ([True, False], ["True", "False"], None, [0, 1], ["True", "False"]),
        (np.array(["b", "a"], dtype=object), None, 2, [1, 0], ["a", "b"]),
    ],
)
def test_labels_and_their_places(labels, classes, num_classes, indices: list[int], names: list[object]):
    found, known = indices_of_classes(labels, classes, num_classes=num_classes)
    assert found.tolist() == indices
    assert known == names


@pytest.mark.parametrize(
    ("labels", "classes", "num_classes", "error", "words"),
    [
        (["a", "d"], ["a", "b"], None, DataError, "must be among the classes .*, got 'd'"),
        ([0, 2], ["a", "b"], None, DataError, "must be among the classes .*, got 0"),
        ([1, 3], None, 3, DataError, "must be 3 classes.* Give classes, in the order of the columns"),
        ([0.5, 1], None, 3, DataError, "must be 3 classes"),
        (["a", None], None, None, DataError, "must be of one kind"),
        (["a"], ["a", "a"], None, InvalidSettingError, "must be a sequence of different classes"),
        (["a"], [], None, InvalidSettingError, "must be a sequence of different classes"),
        (["a"], "ab", None, InvalidSettingError, "must be a sequence of different classes"),
        (["a"], 2, None, InvalidSettingError, "must be a sequence of different classes"),
        (["a"], [["a"], ["b"]], None, InvalidSettingError, "must be a sequence of different classes"),
        ([[1], [1, 2]], None, None, DataError, "must be an array or a list"),
        (["a"], ["a", "b"], 3, InvalidSettingError, "must be 3 classes, one per column"),
        ([[1, 0], [0, 1]], None, None, ShapeError, r"must have shape \(n,\)"),
    ],
)
def test_labels_that_could_only_be_guessed_are_refused(labels, classes, num_classes, error, words: str):
    labels = np.array(labels, dtype=object) if None in labels else labels
    with pytest.raises(error, match=words):
        indices_of_classes(labels, classes, num_classes=num_classes)
