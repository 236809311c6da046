"""Outputs are whole or absent, whatever fails."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
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

    monkeypatch.setattr(os, "open", refuse)
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


# Names ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a" * 255, "\N{SNOWMAN}" * 85, "a" * 250 + ".bin"])
def test_the_longest_names_that_a_folder_takes_are_written(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, b"one")
    check_writable(tmp_path / name)
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("act", [check_writable, lambda path: write(path, b"x")])
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a" * 256, "file name too long. Use a shorter name"),
        ("a/" * 3000 + "b", "file name too long. Use a shorter name"),
        ("a\0b", "a name cannot hold a null character"),
    ],
)
def test_names_that_no_file_can_have_are_file_errors(tmp_path: Path, act: object, name: str, message: str) -> None:
    with pytest.raises(FileError, match=message):
        act(tmp_path / name)  # type: ignore[operator]


def test_what_the_block_itself_raises_comes_through_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no business of the file's"), atomic_write(tmp_path / "a") as file:
        file.write(b"x")
        raise ValueError("no business of the file's")


# Modes ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666, 0o400])
def test_the_temporary_file_never_permits_more_than_the_file_that_it_replaces(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "a.bin"
    write(path, b"secret")
    path.chmod(mode)
    seen = []
    with atomic_write(path) as file:
        seen += [entry.stat().st_mode & 0o777 for entry in tmp_path.iterdir() if entry != path]
        file.write(b"secret again")
    assert seen == [mode]
    assert path.stat().st_mode & 0o777 == mode


def test_the_temporary_file_is_made_with_the_mode_and_not_given_it_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, made = tmp_path / "a.bin", []
    write(path, b"secret")
    path.chmod(0o600)
    create = os.open

    def spy(name: object, flags: int, mode: int = 0o777, **more: object) -> int:
        if flags & os.O_CREAT:
            made.append(mode)
        return create(name, flags, mode, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", spy)
    write(path, b"secret again")
    assert made == [0o600]


# What killed writes leave -----------------------------------------------------------------------------------------------------

KILLED = """
import os, signal, sys
from lamina.files import atomic_write
with atomic_write(sys.argv[1]) as file:
    file.write(b"half of the la")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""
LIVING = """
import sys
from lamina.files import atomic_write
with atomic_write(sys.argv[1]) as file:
    print("writing", flush=True)
    sys.stdin.readline()
    file.write(b"from the other process")
"""
needs_locks = pytest.mark.skipif(os.name == "nt", reason="Windows has no such locks")


def hidden(folder: Path) -> list[str]:
    return [entry.name for entry in folder.iterdir() if entry.name.startswith(".")]


@needs_locks
@pytest.mark.parametrize("name", ["a.bin", "\N{SNOWMAN}" * 85])
def test_the_next_write_removes_what_a_killed_one_left(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    for _ in range(2):
        subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert len(hidden(tmp_path)) == 1  # the second removed what the first left
    write(tmp_path / "b.bin", b"another file's leftovers are no business of this one")
    assert len(hidden(tmp_path)) == 1
    write(path, b"whole")
    assert hidden(tmp_path) == []
    assert path.read_bytes() == b"whole"


@needs_locks
def test_a_writer_that_lives_keeps_its_temporary_file(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    with subprocess.Popen(
        [sys.executable, "-c", LIVING, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == "writing\n"
        (temporary,) = hidden(tmp_path)
        write(path, b"from this process")
        check_writable(path)
        assert hidden(tmp_path) == [temporary]
        assert path.read_bytes() == b"from this process"
        other.stdin.write("\n")
    assert other.returncode == 0
    assert path.read_bytes() == b"from the other process"
    assert hidden(tmp_path) == []


@needs_locks
def test_a_writer_whose_new_file_was_taken_for_an_abandoned_one_makes_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create, taken = os.open, []

    def slow(name: Path, flags: int, *more: object, **others: object) -> int:
        descriptor = create(name, flags, *more, **others)  # type: ignore[arg-type]
        if flags & os.O_CREAT and not taken:
            taken.append(name)
            Path(name).unlink()  # another process came before the lock
        return descriptor

    monkeypatch.setattr(os, "open", slow)
    write(tmp_path / "a.bin", b"whole")
    assert (tmp_path / "a.bin").read_bytes() == b"whole"
    assert len(taken) == 1
