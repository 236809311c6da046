"""Settings are read from any text, or refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from lamina.errors import FileError
from lamina.files import read_toml


def test_settings_are_read(tmp_path: Path) -> None:
    text = 'target = "income"\r\nhidden = [256, 128]\nrate = 0.001\nday = 1979-05-27\nlargest = 9223372036854775807\n'
    (tmp_path / "a.toml").write_bytes(text.encode())
    assert list(read_toml(tmp_path / "a.toml")) == ["target", "hidden", "rate", "day", "largest"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"target = ", "Invalid value"),
        (b"\xff\xfea", "invalid start byte"),
        (b"a = " + b"1" * 5000, "limit"),
        (b"a = 0x" + b"f" * 9000, "an integer of more than 64 bits"),
        (b"a = 9223372036854775808", "an integer of more than 64 bits"),
        (b"a = [[-9223372036854775809]]", "an integer of more than 64 bits"),
        (b"a = " + b"[" * 60 + b"]" * 60, "nested more than 50 deep"),
        (b"a = " + b"[" * 30_000 + b"]" * 30_000, "recursion|nested"),
        (b"a." * 60 + b"b = 1", "nested more than 50 deep"),
        (b'a = "\\ud800"', "Unicode"),
    ],
)
def test_what_is_no_settings_file_is_a_file_error(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a.toml").write_bytes(content)
    with pytest.raises(FileError, match=rf"must be a TOML file, but cannot be read as one \(.*({message})"):
        read_toml(tmp_path / "a.toml")


def test_a_file_that_is_too_large_for_settings_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_bytes(b"a = [" + b"[]," * 400_000 + b"]")
    with pytest.raises(FileError, match="must be a TOML file of at most 1 MB, got 1,200,006 bytes"):
        read_toml(tmp_path / "a.toml")


def test_a_device_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="it is a device, not a file"):
        read_toml("/dev/zero")
