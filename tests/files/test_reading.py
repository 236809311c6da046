"""Only regular files are read, and whatever is wrong with a path is a file error."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from lamina.errors import FileError
from lamina.files import opened, read_tensors


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/urandom", "/dev/null"])
def test_devices_which_may_have_no_end_are_refused(path: str) -> None:
    if not Path(path).exists():
        pytest.skip("the system has no such device")
    with pytest.raises(FileError, match=f"cannot read '{path}': it is a device, not a file"):
        read_tensors(path)


def test_pipes_sockets_and_folders_are_refused_at_once(tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("the system has no named pipes")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileError, match="it is a pipe, not a file"):
        read_tensors(tmp_path / "pipe")
    with pytest.raises(FileError, match="it is a folder, not a file"):
        read_tensors(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        with pytest.raises(FileError, match="it is a socket, not a file"):
            read_tensors(tmp_path / "s")


@pytest.mark.parametrize(
    ("name", "message"),
    [("a" * 256, "file name too long"), ("a/" * 3000, "file name too long"), ("a\0b", "a name cannot hold a null character")],
)
def test_names_that_no_file_can_have_are_file_errors(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(FileError, match=message):
        read_tensors(tmp_path / name)


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"four")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with opened(tmp_path / "b") as (file, size):
        assert (file.read(), size) == (b"four", 4)


def test_what_the_block_itself_raises_comes_through_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    with pytest.raises(ValueError, match="no business"), opened(tmp_path / "a"):
        raise ValueError("no business of the file's")
