"""``lamina lab``: it says where the page is, takes another port if it must, and ends with Ctrl-C."""

from __future__ import annotations

import http.client
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from lamina.cli.main import main

TABLE = "age,city,income\n" + "".join(f"{20 + i},{'Rome' if i % 3 else 'Oslo'},{'high' if i % 2 else 'low'}\n" for i in range(60))


@contextmanager
def running(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """The command, and what it said until the page was open."""
    command = [sys.executable, "-m", "lamina", "lab", "--no-browser", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            said: list[str] = []
            while not said or "Ctrl-C" not in said[-1]:
                line = process.stdout.readline()
                assert line, process.stderr.read() if process.stderr else ""
                said.append(line)
            yield process, said
        finally:
            process.kill()


def address_in(said: list[str]) -> str:
    found = re.search(r"http://\S+", "".join(said))
    assert found is not None
    return found[0]


def get(address: str) -> tuple[int, bytes]:
    parts = urlsplit(address)
    with closing(http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=30)) as connection:
        connection.request("GET", parts.path)
        answer = connection.getresponse()
        return answer.status, answer.read()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to a process")
def test_the_page_is_where_it_says_and_ctrl_c_ends_it_quietly(tmp_path: Path) -> None:
    table = tmp_path / "people.csv"
    table.write_text(TABLE)
    with running(str(table), "--target", "city") as (process, said):
        assert "The lab is open at http://127.0.0.1:" in said[0]
        address = address_in(said)
        assert get(address) == (200, get(f"{address}index.html")[1])
        assert get(address.rsplit("/", 2)[0] + "/")[0] == 403
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=30)
        assert (process.returncode, rest, errors) == (0, "", "")


def test_a_port_that_is_in_use_is_passed_over_and_two_labs_have_their_own() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with running("--port", str(port)) as (_, said), running("--port", str(port)) as (_, other):
            assert f"Port {port} is in use; the lab takes " in said[0]
            assert address_in(said) != address_in(other)
            assert get(address_in(said))[0] == get(address_in(other))[0] == 200


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--target", "x"], "--target names a column of a table"),
        (["L3", "--target", "x"], "--target names a column of a table"),
        (["L99"], "L99"),
        (["missing.csv"], "missing.csv"),
        (["TABLE", "--target", "incme"], "income"),
        (["--port", "0"], "port"),
        (["--max-upload", "0"], "max_upload"),
    ],
)
def test_what_cannot_be_opened_is_said_before_anything_is_served(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    table = tmp_path / "people.csv"
    table.write_text(TABLE)
    code = main(["lab", "--no-browser", *(str(table) if word == "TABLE" else word for word in arguments)])
    assert code in (1, 2)
    error = capfd.readouterr().err
    assert error.startswith("lamina: ") and said in error.replace("--max-upload", "max_upload") and "Traceback" not in error
