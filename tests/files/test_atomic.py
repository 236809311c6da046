"""Outputs are whole or absent, whatever fails."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from lamina.errors import FileError
from lamina.files import atomic_write, check_writable


def write(path: Path, data: bytes) -> None:
    with atomic_write(path) as file:
        file.write(data)


def test_a_new_file_holds_what_was_written_and_nothing_else_is_left(tmp_path: Path) -> None:
    write(tmp_path / "a.bin", b"one")
    assert (tmp_path / "a.bin").read_bytes() == b"one"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.bin"]


def test_an_exception_in_the_block_leaves_the_earlier_file_untouched(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    write(path, b"earlier")
    with pytest.raises(ZeroDivisionError), atomic_write(path) as file:
        file.write(b"half of the la")
        raise ZeroDivisionError
    assert path.read_bytes() == b"earlier"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.bin"]


@pytest.mark.parametrize("moment", ["fsync", "replace"])
def test_a_disk_that_fails_leaves_the_earlier_file_untouched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "a.bin"
    write(path, b"earlier")
    monkeypatch.setattr(*((os, "fsync") if moment == "fsync" else (Path, "replace")), full)
    with pytest.raises(FileError, match=r"cannot write '.*a\.bin': no space left on device\. Free some space"):
        write(path, b"later")
    assert path.read_bytes() == b"earlier"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.bin"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_a_full_device_is_a_file_error() -> None:
    with pytest.raises(FileError, match="no space left on device"):
        write(Path("/dev/full"), b"x" * 100_000)


@pytest.mark.parametrize("act", [check_writable, lambda path: write(path, b"x")])
def test_folders_that_cannot_be_written_to_are_named(tmp_path: Path, act: object) -> None:
    with pytest.raises(FileError, match=r"the folder '.*nowhere' does not exist. Create it first"):
        act(tmp_path / "nowhere" / "a.bin")  # type: ignore[operator]
    with pytest.raises(FileError, match="it is a folder"):
        act(tmp_path)  # type: ignore[operator]
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match="is a file, not a folder"):
        act(tmp_path / "file" / "a.bin")  # type: ignore[operator]


def test_a_refusal_by_the_system_is_reported_with_a_repair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(FileError, match=r"permission denied\. Name a folder that you may write to"):
        check_writable(tmp_path / "a.bin")


def test_a_symbolic_link_stays_a_link_and_the_mode_is_kept(tmp_path: Path) -> None:
    real, link = tmp_path / "real.bin", tmp_path / "link.bin"
    write(real, b"one")
    real.chmod(0o640)
    link.symlink_to(real)
    write(link, b"two")
    assert link.is_symlink()
    assert real.read_bytes() == b"two"
    assert real.stat().st_mode & 0o777 == 0o640


def test_a_pipe_is_written_directly() -> None:
    reading, writing = os.pipe()
    path = f"/proc/self/fd/{writing}"
    if not Path(path).exists():
        pytest.skip("the system gives open files no names")
    check_writable(path)
    with atomic_write(path) as file:
        file.write(b"through")
    os.close(writing)
    with open(reading, "rb") as pipe:  # noqa: PTH123
        assert pipe.read() == b"through"


def test_checking_leaves_nothing_behind(tmp_path: Path) -> None:
    check_writable(tmp_path / "a.bin")
    assert [entry.name for entry in tmp_path.iterdir()] == []
