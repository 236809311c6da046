"""``lamina serve``: it says where the model is, answers, and ends quietly once running requests are answered."""

from __future__ import annotations

import http.client
import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.serving import models

from lamina import save_model
from lamina.cli.main import main

ROW = json.loads(models.COLUMNS.head(1).to_json(orient="records"))[0]
needs_signals = pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no such signals to a process")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("served") / "a.lamina"
    save_model(path, models.of_classes())
    return path


@contextmanager
def running(*arguments: str | Path) -> Iterator[tuple[subprocess.Popen[str], int, str]]:
    """The command, its port, and what it said until it listened."""
    command = [sys.executable, "-m", "lamina", "serve", *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            said = ""
            while "Ctrl-C" not in said:
                line = process.stdout.readline()
                assert line, process.stderr.read() if process.stderr else ""
                said += line
            found = re.search(r"http://\S+:(\d+)", said)
            assert found is not None
            yield process, int(found[1]), said
        finally:
            process.kill()


def predict(port: int, row: Any, host: str | None = None) -> tuple[int, Any]:
    headers = {"content-type": "application/json"} | ({"host": host} if host else {})
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("POST", "/predict", json.dumps(row).encode(), headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


def is_listening(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except ConnectionError:
        return False
    return True


HEAD = b"POST /predict HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"


def wait_for_a_running_request(port: int) -> None:
    metrics = b""
    while b"lamina_requests_running 1" not in metrics:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
            connection.request("GET", "/metrics")
            metrics = connection.getresponse().read()


@needs_signals
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_a_running_request_is_answered_before_the_end_and_no_other_is_taken(model: Path, end: signal.Signals) -> None:
    body = json.dumps(ROW).encode()
    with running(model, "--port", "0") as (process, port, said):
        assert f"Serving {model} at http://127.0.0.1:{port}" in said
        assert predict(port, ROW)[0] == 200
        with socket.create_connection(("127.0.0.1", port), timeout=60) as slow, socket.create_connection(("127.0.0.1", port)):
            slow.sendall(HEAD % len(body) + body[:5])
            wait_for_a_running_request(port)
            process.send_signal(end)
            ends = time.monotonic() + 60
            while is_listening(port) and time.monotonic() < ends:
                pass
            slow.sendall(body[5:])
            assert slow.recv(100).startswith(b"HTTP/1.1 200")
        rest, errors = process.communicate(timeout=60)
        assert (process.returncode, rest, errors) == (0, "", "")


@needs_signals
@pytest.mark.parametrize("ends", [[signal.SIGTERM], [signal.SIGINT, signal.SIGINT]], ids=["patience", "second Ctrl-C"])
def test_a_request_that_does_not_end_is_given_up_after_a_while_or_by_a_second_signal(
    model: Path, ends: list[signal.Signals]
) -> None:
    patience = "1" if len(ends) == 1 else "60"
    with running(model, "--port", "0", "--patience", patience) as (process, port, _):
        with socket.create_connection(("127.0.0.1", port), timeout=60) as slow:
            slow.sendall(HEAD % 100 + b"{")
            wait_for_a_running_request(port)
            process.send_signal(ends[0])
            while is_listening(port):
                pass
            for end in ends[1:]:
                process.send_signal(end)
            assert slow.recv(100).startswith(b"HTTP/1.1 503")
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0
        assert "Traceback" not in errors


@needs_signals
def test_names_of_other_machines_are_refused_unless_they_are_allowed(model: Path) -> None:
    with running(model, "--port", "0", "--allow-host", "model.example") as (_, port, _):
        assert predict(port, ROW, f"localhost:{port}")[0] == 200
        assert predict(port, ROW, "model.example")[0] == 200
        status, answer = predict(port, ROW, "evil.example")
        assert status == 421
        assert "got the host 'evil.example'" in answer["error"]["message"]


@needs_signals
def test_bounds_and_what_odd_values_do_are_options(model: Path) -> None:
    options = ("--max-rows", "2", "--max-body", "1", "--on-error", "missing", "--host", "0.0.0.0")
    with running(model, "--port", "0", *options) as (_, port, _):
        assert predict(port, [ROW] * 3)[0] == 413
        assert predict(port, "x" * 1_000_001)[0] == 413
        status, answer = predict(port, ROW | {"age": "old"})
        assert status == 200
        assert answer["notes"] == ["column 'age': values that are not numbers count as missing (1, such as 'old')."]
        assert predict(port, ROW, "any.example")[0] == 200


def test_a_port_that_is_in_use_is_said(model: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        assert main(["serve", str(model), "--port", str(port)]) == 2
    assert capfd.readouterr().err == f"lamina: --port {port} is in use. Choose another with --port.\n"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["missing.lamina"], 1, "no such file"),
        (["TABLE"], 1, "TABLE"),
        (["MODEL", "--port", "70000"], 2, "--port"),
        (["MODEL", "--host", "a" * 100], 2, "--host must be a name or an address of this machine"),
        (["MODEL", "--host", "192.0.2.1"], 2, "cannot listen at '192.0.2.1'"),
        (["MODEL", "--max-rows", "0"], 2, "--max-rows"),
        (["MODEL", "--max-body", "0"], 2, "--max-body"),
        (["MODEL", "--threads", "0"], 2, "--threads"),
        (["MODEL", "--patience", "0"], 2, "--patience"),
        (["NETWORK", "--on-error", "missing"], 2, "--on-error is for models of tables"),
    ],
)
def test_what_cannot_be_served_is_said_before_anything_is_served(
    model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], arguments: list[str], code: int, said: str
) -> None:
    table, network = tmp_path / "TABLE", tmp_path / "b.lamina"
    table.write_text("a,b\n1,2\n")
    save_model(network, models.network())
    places = {"MODEL": str(model), "TABLE": str(table), "NETWORK": str(network)}
    assert main(["serve", *(places.get(word, word) for word in arguments)]) == code
    error = capfd.readouterr().err
    assert error.startswith("lamina: ")
    assert said in error
    assert "Traceback" not in error


def test_without_the_extra_its_name_is_said(
    model: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] in ("uvicorn", "starlette")]:
        monkeypatch.delitem(sys.modules, name)
    for package in ("uvicorn", "starlette"):
        monkeypatch.setitem(sys.modules, package, None)
    assert main(["serve", str(model)]) == 1
    assert (
        "lamina serve needs uvicorn, which is not installed. Install it with: pip install 'lamina[lab]'" in capfd.readouterr().err
    )
