"""Pictures of the lecture: each is computed by a real run, drawn, and explained in the gallery."""

from __future__ import annotations

from pathlib import Path

import pytest

from lamina.errors import InvalidSettingError
from lamina.lecture import PICTURES, get_picture

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("number", PICTURES)
def test_every_picture_has_an_example_in_the_gallery(number: str) -> None:
    example = EXAMPLES / f"plot_{PICTURES[number].name}.py"
    assert f"lamina lecture {number} " in example.read_text(encoding="utf-8")


def test_pictures_are_numbered_as_in_the_lecture() -> None:
    assert list(PICTURES) == [f"P{number}" for number in range(1, 16)]
    assert all(picture.name.startswith(f"p{int(number[1:]):02}_") for number, picture in PICTURES.items())


def test_an_unknown_picture_is_refused_with_the_nearest() -> None:
    with pytest.raises(InvalidSettingError, match="Did you mean 'P9'"):
        get_picture("P99")
