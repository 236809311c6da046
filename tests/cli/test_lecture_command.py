"""``lamina lecture``: rows and pictures are listed, explained and made."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lamina.cli.main import main
from lamina.lecture import PICTURES, read_rows


def test_all_rows_and_pictures_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lecture", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert list(listed["pictures"]) == list(PICTURES)
    assert list(listed["rows"]) == [row.number for row in read_rows()]


def test_a_picture_is_made_by_a_real_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib", reason="pictures need the extra 'plot'")
    picture = tmp_path / "picture.png"
    assert main(["lecture", "P9", "-o", str(picture)]) == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "all weights zero   loss 0.69" in capsys.readouterr().out


def test_another_seed_is_another_run(capsys: pytest.CaptureFixture[str]) -> None:
    outputs = []
    for seed in ("0", "1"):
        assert main(["lecture", "P9", "--seed", seed]) == 0
        outputs.append(capsys.readouterr().out)
    assert outputs[0] != outputs[1]


def test_a_format_that_cannot_be_written_is_refused_before_training(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib", reason="pictures need the extra 'plot'")
    assert main(["lecture", "P9", "-o", "picture.doc"]) != 0
    assert "--output must end in one of" in capsys.readouterr().err


def test_an_unknown_picture_is_refused_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lecture", "P99"]) != 0
    assert "Did you mean 'P9'?" in capsys.readouterr().err


def test_rows_and_pictures_are_found_by_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lecture", "dropout", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found["rows"]) == ["L22", "L23"]
    assert list(found["pictures"]) == ["P6"]


def test_words_that_nothing_mentions_are_refused_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lecture", "dropuot"]) != 0
    assert "Did you mean 'dropout'?" in capsys.readouterr().err
