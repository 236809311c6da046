"""The lab answers its own page alone; what is wrong gets a message, and the server goes on."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import random
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from tests.lab.served import TOKEN, Served, served
from websockets.exceptions import ConnectionClosed, InvalidStatus

from lamina import load_model
from lamina.lab import opened_table
from lamina.lab.guard import HEADERS
from lamina.lab.lessons import LESSONS, lesson_of
from lamina.lab.server import MOST_PAGES, Lab
from lamina.lab.state import DataState, LabState, to_address

CSV = b"a,b,c\n" + b"".join(f"{i},{i % 7},{'yes' if i % 3 else 'no'}\n".encode() for i in range(60))


@pytest.fixture(scope="module")
def lab() -> Iterator[Served]:
    with served(Lab(LabState(), max_upload=100_000)) as lab:
        yield lab


def request(
    lab: Served, path: str, method: str = "GET", body: bytes | None = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", lab.port, timeout=30)) as connection:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()


def send_table(lab: Served, page: str, content: bytes, name: str = "t.csv") -> tuple[int, dict[str, Any]]:
    origin = f"http://127.0.0.1:{lab.port}"
    status, _, answer = request(lab, f"/{TOKEN}/table?page={page}&name={name}", "POST", content, origin=origin)
    return status, json.loads(answer)


def test_the_page_and_its_files_are_served_with_headers_that_shut_others_out(lab: Served) -> None:
    for name, kind in (("", "text/html"), ("lab.js", "text/javascript"), ("lab.css", "text/css")):
        status, headers, content = request(lab, f"/{TOKEN}/{name}")
        assert status == 200 and headers["content-type"].startswith(kind) and content
        assert {name: headers[name] for name in HEADERS} == HEADERS
    assert request(lab, f"/{TOKEN}/../state.py")[0] == 404


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/", {}),
        ("/a-token-of-a-tesT/", {}),
        (f"/{TOKEN}", {}),
        (f"/{TOKEN}x/", {}),
        (f"/{TOKEN}/", {"host": "evil.example"}),
        (f"/{TOKEN}/", {"host": "127.0.0.1"}),
        (f"/{TOKEN}/", {"origin": "http://evil.example"}),
        (f"/{TOKEN}/", {"origin": "null"}),
    ],
)
def test_nobody_else_gets_in(lab: Served, path: str, headers: dict[str, str]) -> None:
    status, answered, content = request(lab, path, **headers)
    assert status == 403 and b"open the address that it printed" in content
    assert "content-security-policy" in answered


@pytest.mark.parametrize("origin", [None, "http://evil.example", "null", "https://127.0.0.1"])
def test_no_foreign_page_gets_a_socket_or_sends_a_table(lab: Served, origin: str | None) -> None:
    with pytest.raises(InvalidStatus), lab.page(origin=origin):
        pass
    headers = {} if origin is None else {"origin": origin}
    assert request(lab, f"/{TOKEN}/table?page=x&name=t.csv", "POST", CSV, **headers)[0] == 403


def test_a_second_origin_or_host_does_not_hide_a_foreign_one(lab: Served) -> None:
    own = f"http://127.0.0.1:{lab.port}"
    for origins in ((own, "http://evil.example"), ("http://evil.example", own)):
        lines = [f"POST /{TOKEN}/table?page=x HTTP/1.1", f"host: 127.0.0.1:{lab.port}", "content-length: 0"]
        lines += [f"origin: {origin}" for origin in origins]
        with socket.create_connection(("127.0.0.1", lab.port), timeout=30) as connection:
            connection.sendall("\r\n".join([*lines, "", ""]).encode())
            assert connection.recv(100).startswith(b"HTTP/1.1 403")


def test_a_page_learns_and_what_it_learned_can_be_saved(lab: Served, tmp_path: Path) -> None:
    with lab.page() as page:
        assert [lesson["title"] for lesson in page.welcome["lessons"]][2] == "What does an activation function do?"
        page.ask(do="restart", state=page.welcome["state"], play=True)
        assert page.hear("address")["address"] == to_address(LabState())
        page.hear("playing")
        assert page.see()[1]["map"].shape == (128, 128)
        page.ask(do="pause")
        page.hear("paused")
        status, _, content = request(lab, f"/{TOKEN}/model?page={page.welcome['page']}")
        assert status == 200
        (tmp_path / "a.lamina").write_bytes(content)
        assert load_model(tmp_path / "a.lamina").network.num_parameters == 17
        page.ask(do="python", state=page.welcome["state"])
        assert page.hear("python")["text"].startswith("import numpy as np")
        page.ask(do="examine")
        assert page.hear("findings")["findings"]


def test_all_that_is_told_of_a_run_has_its_number(lab: Served) -> None:
    with lab.page() as page:
        page.ask(do="restart", state=page.welcome["state"], run=7, play=True)
        for kind in ("address", "begun", "playing"):
            assert page.hear(kind)["run"] == 7
        assert page.see()[0]["run"] == 7
        page.ask(do="examine")
        assert page.hear("findings")["run"] == 7
        page.ask(do="restart", state=LabState(DataState("table")).to_dict(), run=8)
        assert page.hear("error")["run"] == 8
        page.ask(do="restart", state=page.welcome["state"], run="9")
        assert "run" not in page.hear("error")


def test_findings_are_about_what_is_trained_and_those_of_the_run_before_are_not_told(lab: Served) -> None:
    deep = LESSONS[lesson_of("L17")].state
    with lab.page() as page:
        page.ask(do="examine")
        assert "nothing to examine" in page.hear("findings")["error"]
        page.ask(do="restart", state=deep.to_dict(), run=1)
        page.ask(do="examine")
        page.ask(do="restart", state=LabState().to_dict(), run=2)
        page.ask(do="examine")
        found = page.hear("findings")
        assert found["run"] == 2
        assert not any(finding["title"].startswith("vanishing") for finding in found["findings"])


def test_a_shared_address_is_opened_and_a_broken_one_is_refused(lab: Served) -> None:
    with lab.page() as page:
        page.ask(do="open", address=to_address(LabState(seed=5)))
        assert page.hear("begun")["state"]["seed"] == 5
        page.ask(do="open", address="eJw")
        assert "Copy the whole address" in page.hear("error")["text"]


def test_a_page_opens_a_table_for_itself_alone(lab: Served) -> None:
    with lab.page() as page, lab.page() as other:
        status, table = send_table(lab, page.welcome["page"], CSV)
        assert (status, table) == (
            200,
            {"name": "t.csv", "rows": 60, "columns": {"a": "number", "b": "number", "c": "boolean"}, "note": ""},
        )
        data = {"source": "table", "target": "c", "rows": 10_000}
        state = page.welcome["state"]
        state["data"] |= data
        page.ask(do="restart", state=state)
        assert page.hear("begun")["features"] == ["a", "b"]
        other.ask(do="restart", state=state)
        assert "must be opened first" in other.hear("error")["text"]


@pytest.mark.parametrize(
    ("content", "name", "status", "said"),
    [
        (CSV * 300, "t.csv", 413, "larger than 100,000 bytes"),
        (CSV, "t.exe", 422, "must end in one of"),
        (CSV, "", 422, "must end in one of"),
        (b"", "t.csv", 422, "t.csv"),
        (b"\x00\xff" * 50, "t.parquet", 422, "t.parquet"),
        (b"a,b\n1\n2,3,4\n", "t.csv", 422, "t.csv"),
        (CSV, "../../etc/t.csv", 200, "t.csv"),
        (gzip.compress(CSV), "t.csv.gz", 200, "t.csv.gz"),
        (CSV, "t.csv.gz", 422, "no gzip file"),
        (gzip.compress(b"0" * 3_000_000), "t.csv.gz", 422, "holds more than 2,000,000 bytes"),
    ],
)
def test_a_table_that_is_none_gets_a_message(
    lab: Served, content: bytes, name: str, status: int, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opened_table, "_MOST_UNPACKED", 2_000_000)
    with lab.page() as page:
        found, answer = send_table(lab, page.welcome["page"], content, name)
        assert found == status and said in answer.get("error", answer.get("name", ""))
        assert "/tmp" not in json.dumps(answer)


def test_a_closed_page_is_unknown_and_its_training_ends(lab: Served) -> None:
    with lab.page() as page:
        number = page.welcome["page"]
        page.ask(do="restart", state=page.welcome["state"], play=True)
        page.hear("playing")
        page.ask(do="examine")
        session, examiner = lab.lab.pages[number]._session, lab.lab.pages[number]._examiner
    assert session.join(5)
    assert examiner.join(5)
    assert send_table(lab, number, CSV)[0] == 404
    assert request(lab, f"/{TOKEN}/model?page={number}")[0] == 404


def test_more_pages_than_a_machine_bears_are_refused(lab: Served) -> None:
    pages = [lab.page() for _ in range(MOST_PAGES)]
    opened = [page.__enter__() for page in pages]
    try:
        with pytest.raises(ConnectionClosed), lab.page():
            pass
    finally:
        for page in pages:
            page.__exit__(None, None, None)
    assert len(opened) == MOST_PAGES


def test_messages_that_are_wrong_are_answered_and_the_lab_goes_on(lab: Served) -> None:
    for wrong in (
        "",
        "[",
        "3",
        "{}",
        '{"do": 3}',
        '{"do": "__init__"}',
        '{"do": "restart"}',
        '{"do": "speed", "steps_a_second": "x"}',
    ):
        with lab.page() as page:
            page.connection.send(wrong)
            assert page.hear("error")["text"]
            page.connection.send(b"\x00")
            assert "must be text" in page.hear("error")["text"]
            page.connection.send("x" * 200_000)
            assert "at most 100,000" in page.hear("error")["text"]
            page.ask(do="restart", state=page.welcome["state"])
            page.hear("begun")


def test_a_message_that_is_too_large_closes_the_page_and_not_the_lab(lab: Served) -> None:
    with lab.page() as page, pytest.raises(ConnectionClosed):
        page.connection.send("x" * 2_000_000)
        page.hear("never")
    with lab.page() as page:
        assert page.welcome["page"]


def random_message(rng: random.Random) -> str:
    """Something like a message of a page, with parts that are wrong."""
    odd: list[Any] = [None, True, -1, 1e308, "", "x" * 50, [], {}, [[]], 3, 0.5, "relu", "xor", {"kind": "layer"}]
    state = LabState().to_dict()
    for _ in range(rng.randrange(4)):
        part = rng.choice(
            [state, state["data"], state["training"], *(state["layers"] if isinstance(state["layers"], list) else [])]
        )
        if isinstance(part, dict):
            part[rng.choice([*part, "new"])] = deepcopy(rng.choice(odd))
        if not isinstance(state.get("data"), dict) or not isinstance(state.get("training"), dict):
            break
    words = ("restart", "play", "pause", "step", "epoch", "speed", "open", "python", "examine", "nothing")
    message = {
        "do": rng.choice(words),
        "state": state,
        "play": rng.choice(odd),
        "run": rng.choice([*odd, 1, 2]),
        "steps_a_second": rng.choice(odd),
        "address": "eJw",
    }
    text = json.dumps(message)
    if rng.random() < 0.2:
        at = rng.randrange(len(text))
        text = text[:at] + rng.choice(["", "\x00", "]", "é", "9" * 400]) + text[at + 1 :]
    return text


def test_random_messages_crash_nothing(lab: Served) -> None:
    rng = random.Random(int(os.environ.get("LAMINA_FUZZ_SEED", "0")))
    with lab.page() as page:
        for _ in range(int(os.environ.get("LAMINA_LAB_MESSAGES", "300"))):
            page.connection.send(random_message(rng))
        time.sleep(0.2)
        page.ask(do="restart", state=LabState(seed=12345).to_dict())
        while page.hear("begun")["state"]["seed"] != 12345:
            pass
