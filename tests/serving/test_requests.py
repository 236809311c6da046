"""What a server answers: to rows, to questions about itself, and to requests that are wrong in some way."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.serving import models
from tests.serving.running import Client, running

from lamina import Dense, Sequential, Trainer
from lamina.errors import FileError, InvalidSettingError
from lamina.http_server import LOOPBACK
from lamina.model import TableModel
from lamina.serving import Bounds, make_app

ROWS = json.loads(models.COLUMNS.head(30).to_json(orient="records"))
ROW = ROWS[0]
BOUNDS = Bounds(max_body=20_000, max_rows=50, max_requests=20, threads=2, body_timeout_s=1.0)


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with running(make_app(models.of_classes(), BOUNDS)) as client:
        yield client


@pytest.fixture(autouse=True)
def still_answers(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever a test did to the server, it goes on."""
    yield
    if "client" in request.fixturenames:
        assert request.getfixturevalue("client").predict(ROW).status == 200


def test_a_row_and_a_batch_are_answered_as_the_model_predicts_them(client: Client) -> None:
    model = models.of_classes()
    one = client.predict(ROW)
    assert (one.status, one.headers["content-type"]) == (200, "application/json")
    assert one.json["prediction"] == model.predict(ROW)[0]
    assert list(one.json["probabilities"].values()) == model.predict_proba(ROW)[0].tolist()
    many = client.predict(ROWS).json["predictions"]
    assert [row["prediction"] for row in many] == model.predict(ROWS).tolist()
    asked = client.predict(ROW, "/predict?proba=false&set=0.8&unfamiliar=true").json
    assert asked.keys() == {"prediction", "set", "unfamiliar", "notes"}


def test_what_the_server_says_of_itself_leads_to_a_prediction(client: Client) -> None:
    assert client.get("/health").json == {"status": "ok"}
    assert "/predict" in client.get("/").json["routes"]
    schema = client.get("/schema").json
    assert list(schema["row"]["properties"]) == schema["row"]["required"] == list(models.COLUMNS)
    assert client.predict(schema["example"]).status == 200
    assert client.ask("HEAD", "/health").status == 200


def test_the_openapi_document_has_the_columns_and_every_route_that_it_names(client: Client) -> None:
    document = client.get("/openapi.json").json
    assert document["openapi"] == "3.1.0"
    schemas = document["components"]["schemas"]
    assert list(schemas["Row"]["properties"]) == list(models.COLUMNS)
    for path, methods in document["paths"].items():
        for method in methods:
            assert client.ask(method.upper(), path).status not in (404, 405)
    operation = document["paths"]["/predict"]["post"]
    assert [parameter["name"] for parameter in operation["parameters"]] == ["proba", "set", "spread", "unfamiliar"]
    for example in operation["requestBody"]["content"]["application/json"]["examples"].values():
        assert client.predict(example["value"]).status == 200
    referred = set(json.dumps(document).split('"#/components/schemas/')[1:])
    assert {name.partition('"')[0] for name in referred} <= schemas.keys()


def test_counts_are_told_to_prometheus() -> None:
    with running(make_app(models.of_classes())) as client:
        client.predict(ROWS)
        client.predict(ROW)
        client.predict({})
        client.get("/nowhere")
        answered = client.get("/metrics")
    assert answered.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = answered.content.decode().splitlines()
    for line in (
        'lamina_requests_total{route="/predict",status="200"} 2',
        'lamina_requests_total{route="/predict",status="422"} 1',
        'lamina_requests_total{route="other",status="404"} 1',
        "lamina_rows_total 31",
        "lamina_requests_running 0",
        'lamina_predict_seconds_bucket{le="+Inf"} 3',
        "lamina_predict_seconds_count 3",
    ):
        assert line in lines


def test_an_application_may_be_part_of_another() -> None:
    applications, routing = pytest.importorskip("starlette.applications"), pytest.importorskip("starlette.routing")
    whole = applications.Starlette(routes=[routing.Mount("/income", make_app(models.of_classes()))])
    with running(whole) as client:
        assert client.predict(ROW, "/income/predict").status == 200
        assert 'lamina_requests_total{route="/predict",status="200"} 1' in client.get("/income/metrics").content.decode()
        assert client.get("/predict").status == 404


def replaced(**cells: Any) -> str:
    return json.dumps(ROW | cells)


def without(name: str) -> str:
    return json.dumps({key: value for key, value in ROW.items() if key != name})


WRONG: dict[str, tuple[str | bytes, str, str | None]] = {
    "a column that is missing": (without("age"), "got none named 'age'", "age"),
    "a column that is misspelled": (without("age")[:-1] + ', "agee": 3}', "Is it 'agee' for 'age'?", "age"),
    "a text for a number": (replaced(age="old"), "column 'age' must hold numbers, as in training, got 'old'", "age"),
    "a number for a truth value": (replaced(member=3), "column 'member' must hold true or false", "member"),
    "a date that is none": (replaced(since="32.12.2024"), "column 'since' must hold dates", "since"),
    "a list for a value": (replaced(age=[1]), "column 'age' must hold a text, a number", "age"),
    "an object for a value": (replaced(city={"name": "Oslo"}), "column 'city' must hold a text", "city"),
    "NaN": (replaced(age=float("nan")), "column 'age' must hold finite numbers, got nan", "age"),
    "infinity": (replaced(age=float("-inf")), "column 'age' must hold finite numbers, got -inf", "age"),
    "a number beyond float64": (replaced(age=0).replace('"age": 0', '"age": 1e999'), "must hold finite numbers, got inf", "age"),
    "an integer of many digits": (
        replaced(age=0).replace('"age": 0', '"age": ' + "9" * 9000),
        "an integer must have at most",
        None,
    ),
    "a name twice": ('{"age": 1, "age": 2}', "must name each column once, got 'age' twice", "age"),
    "half of a pair": (replaced(city="\ud800"), "column 'city' must hold text that is Unicode", "city"),
    "half of a pair in a name that comes twice": ('{"\\udc00": 1, "\\udc00": 2}', "must name each column once", "\udc00"),
    "half of a pair in a name": ('{"\\udc00": 1}', "half of a surrogate pair", None),
    "nesting": ("[" * 9000 + "]" * 9000, "lists within lists", None),
    "no JSON": ("{age: 1}", "the body must be JSON, got expecting property name", None),
    "JSON and more": ("{} {}", "the body must be JSON, got extra data", None),
    "nothing": ("", "got nothing", None),
    "blanks": (" \n", "got nothing", None),
    "no UTF-8": (b'{"age": "\xff"}', "the body must be JSON in UTF-8, got another byte at place 9", None),
    "UTF-16": ('{"age": 1}'.encode("utf-16"), "JSON in UTF-8", None),
    "a number": ("3", "must be a row or a list of rows, got 3", None),
    "null": ("null", "must be a row or a list of rows, got None", None),
    "a text": ('"row"', "must be a row or a list of rows", None),
    "an empty batch": ("[]", "at least one row, got an empty list", None),
    "an empty row": ("{}", "got none named 'age', 'fee'", "age"),
    "empty rows": ("[{}, {}]", "got none named 'age', 'fee'", "age"),
    "names without end": (json.dumps(dict.fromkeys(map(str, range(1100)))), "at most 1,005 columns together", None),
    "other names in each row": (
        json.dumps([{f"{i}": 1, **{f"{i}-{j}": 1 for j in range(40)}} for i in range(30)]),
        "at most 1,005",
        None,
    ),
    "values and rows": (json.dumps([ROW, 3]), "must all be objects or lists, as the first is, got 3 as number 2", None),
    "rows and values": (json.dumps([3, ROW]), "must all be values, as the first is", None),
    "too few values": ("[1, 2]", "a value for each of the 5 columns of training", None),
    "too few values in a batch": ("[[1, 2]]", "a value for each of the 5 columns", None),
    "an empty list in a batch": ("[[]]", "got 0 values", None),
}


@pytest.mark.parametrize("name", WRONG)
def test_rows_that_are_wrong_are_answered_by_a_sentence_that_names_the_column(client: Client, name: str) -> None:
    body, said, column = WRONG[name]
    answered = client.send(body)
    assert answered.status == 422
    assert said in answered.error["message"]
    assert answered.error.get("column") == column


def test_the_row_of_a_batch_that_is_wrong_is_numbered_from_1(client: Client) -> None:
    answered = client.predict([ROW, ROW, ROW | {"age": "old"}])
    assert (answered.status, answered.error["row"], answered.error["column"]) == (422, 3, "age")
    assert "(row 3)" in answered.error["message"]
    assert "row" not in client.predict(ROW | {"age": "old"}).error


def test_null_is_missing_and_columns_that_nobody_knows_are_noted(client: Client) -> None:
    odd = ROW | {"age": None, "fee": None, "shoe": 44, "city": "Bergen"}
    answered = client.predict(odd)
    assert answered.status == 200
    assert answered.json["notes"] == [
        "ignored 1 column that the model was not trained on: 'shoe'.",
        "column 'city': 1 row of values not seen in training ('Bergen'), encoded as an average row.",
    ]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800", 10**400, [1, {"a": None}], "x\0"])
def test_what_a_column_of_no_use_holds_is_no_error(client: Client, value: Any) -> None:
    plain = client.predict([ROW, ROW]).json["predictions"]
    for name in ("shoe", models.of_classes().target.name):  # of which the model knows nothing, and what it predicts
        odd = [ROW | {name: value}, ROW | {name: "x"}]
        assert client.predict(odd).json["predictions"] == plain
        assert client.predict(odd[0]).json["prediction"] == plain[0]["prediction"]


def test_what_one_row_of_a_batch_lacks_is_missing_and_noted(client: Client) -> None:
    shorter = {name: value for name, value in ROW.items() if name not in ("age", "city")}
    answered = client.predict([ROW, shorter])
    assert answered.status == 200
    assert answered.json["notes"] == [
        "columns 'age', 'city': 1 of 2 rows do not have it, which counts as missing.",
        *answered.json["notes"][1:],
    ]
    assert answered.json["predictions"] == client.predict([ROW, ROW | {"age": None, "city": None}]).json["predictions"]


@pytest.mark.parametrize(
    "value", [10**30, -(10**30), 2**63, 1e308, -1e308, 5e-324, 0.1, True, "1", "$1,200.50", "", "NA", "x" * 5000]
)
def test_values_of_any_size_and_spelling_are_answered(client: Client, value: Any) -> None:
    for column in models.COLUMNS:
        assert client.predict(ROW | {column: value}).status in (200, 422)


OPTIONS = [
    ("/predict?intervall=0.9", "Did you mean 'interval'?"),
    ("/predict?interval=0.9", "this model does not have the option 'interval'; it has: proba, set, spread, unfamiliar"),
    ("/predict?set=0.9&set=0.8", "an option must be given once, got 'set' twice"),
    ("/predict?set=2", "the option 'set' must be a share in (0, 1), such as 0.9, got '2'"),
    ("/predict?set=nan", "must be a share in (0, 1)"),
    ("/predict?set=", "must be a share in (0, 1)"),
    ("/predict?spread=maybe", "the option 'spread' must be true or false, got 'maybe'"),
]


@pytest.mark.parametrize(("path", "said"), OPTIONS)
def test_options_that_are_wrong_are_refused(client: Client, path: str, said: str) -> None:
    answered = client.predict(ROW, path)
    assert answered.status == 422
    assert said in answered.error["message"]


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({"content_type": "text/csv"}, "must be application/json, got 'text/csv'"),
        ({"content_type": "application/x-www-form-urlencoded"}, "With curl: -H"),
        ({"content_type": "application/json; charset=latin-1"}, "the charset must be utf-8"),
        ({"content_encoding": "gzip"}, "the content encoding must be identity, got 'gzip'"),
    ],
)
def test_bodies_of_another_kind_are_refused(client: Client, headers: dict[str, str], said: str) -> None:
    answered = client.send(json.dumps(ROW), **headers)
    assert answered.status == 415
    assert said in answered.error["message"]


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON", "application/vnd.rows+json"])
def test_json_may_be_named_in_other_ways(client: Client, kind: str) -> None:
    assert client.send("\ufeff" + json.dumps(ROW), content_type=kind).status == 200


def test_a_body_without_a_kind_is_refused(client: Client) -> None:
    answered = client.ask("POST", "/predict", json.dumps(ROW).encode())
    assert (answered.status, "got none" in answered.error["message"]) == (415, True)


def test_another_method_or_route_is_told_what_there_is(client: Client) -> None:
    answered = client.get("/predict")
    assert (answered.status, answered.headers["allow"]) == (405, "POST")
    assert "it takes POST" in answered.error["message"]
    answered = client.get("/predictions")
    assert answered.status == 404
    assert "/predict" in answered.error["message"]


def test_too_many_rows_and_too_large_a_body_are_refused(client: Client) -> None:
    answered = client.predict([[1, 2]] * 51)
    assert (answered.status, "at most 50 rows, got 51" in answered.error["message"]) == (413, True)
    answered = client.send(b" " * 20_001)
    assert (answered.status, "at most 20,000 bytes" in answered.error["message"]) == (413, True)
    assert client.send(json.dumps(ROW) + " " * (20_000 - len(json.dumps(ROW)))).status == 200


def raw(client: Client, *parts: bytes, ends: bool = False) -> bytes:
    """What comes back to bytes as they are."""
    with socket.create_connection((LOOPBACK, client.port), timeout=30) as connection:
        for part in parts:
            connection.sendall(part)
        if ends:
            return b""
        found = b""
        while b"\r\n\r\n" not in found:
            part = connection.recv(4096)
            if not part:
                break
            found += part
        return found


HEAD = f"POST /predict HTTP/1.1\r\nhost: {LOOPBACK}\r\ncontent-type: application/json\r\n".encode()


def test_a_body_in_chunks_is_bounded_too(client: Client) -> None:
    chunks = [b"%x\r\n%s\r\n" % (4000, b" " * 4000)] * 6
    assert raw(client, HEAD, b"transfer-encoding: chunked\r\n\r\n", *chunks, b"0\r\n\r\n").startswith(b"HTTP/1.1 413")
    body = json.dumps(ROW).encode()
    chunk = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    assert raw(client, HEAD, b"transfer-encoding: chunked\r\n\r\n", chunk).startswith(b"HTTP/1.1 200")


def test_who_asks_before_sending_much_is_answered_before_it(client: Client) -> None:
    answered = raw(client, HEAD, b"expect: 100-continue\r\ncontent-length: 9000000\r\n\r\n")
    assert answered.startswith(b"HTTP/1.1 413")


def test_a_body_that_does_not_come_is_not_waited_for(client: Client) -> None:
    answered = raw(client, HEAD, b"content-length: 100\r\n\r\n{")
    assert answered.startswith(b"HTTP/1.1 408")


def test_clients_that_vanish_are_forgotten(client: Client) -> None:
    for parts in ([HEAD], [HEAD, b"content-length: 100\r\n\r\n{"], [HEAD, b"content-length: 2\r\n\r\n{}"]):
        for _ in range(5):
            raw(client, *parts, ends=True)
    ends = time.monotonic() + 30
    while "lamina_requests_running 0" not in client.get("/metrics").content.decode() and time.monotonic() < ends:
        pass
    assert "lamina_requests_running 0" in client.get("/metrics").content.decode()


def test_many_clients_at_once_get_their_own_answers(client: Client) -> None:
    expected = [client.predict(row).json for row in ROWS]

    def ask(start: int) -> list[Any]:
        return [client.predict(row).json for row in ROWS[start:] + ROWS[:start]]

    with ThreadPoolExecutor(8) as pool:
        for start, found in enumerate(pool.map(ask, range(8))):
            assert found == expected[start:] + expected[:start]


def test_one_request_too_many_is_sent_away_and_may_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    reached, opened, predict = threading.Semaphore(0), threading.Event(), TableModel.predict

    def slowly(self: TableModel, table: Any) -> np.ndarray:
        reached.release()
        assert opened.wait(60)
        return predict(self, table)

    with running(make_app(models.of_classes(), Bounds(max_requests=2, threads=1))) as client, ThreadPoolExecutor(2) as pool:
        monkeypatch.setattr(TableModel, "predict", slowly)
        waiting = [pool.submit(client.predict, ROW) for _ in range(2)]
        assert reached.acquire(timeout=60)
        while "lamina_requests_running 2" not in client.get("/metrics").content.decode():
            pass
        answered = client.predict(ROW)
        assert (answered.status, answered.headers["retry-after"]) == (503, "1")
        assert client.get("/health").status == 200
        opened.set()
        assert [each.result(60).status for each in waiting] == [200, 200]
        assert client.predict(ROW).status == 200


def test_a_failure_of_the_server_tells_nothing_of_its_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    with running(make_app(models.of_classes())) as client:
        with monkeypatch.context() as broken:
            broken.setattr(TableModel, "predict", lambda self, table: 1 / 0)
            answered = client.predict(ROW)
            assert answered.status == 500
            assert answered.headers["connection"] == "close"
            assert "ZeroDivision" not in answered.content.decode()
        assert client.predict(ROW).status == 200


def test_numbers_that_are_not_finite_are_null_and_noted() -> None:
    trainer = Trainer(Sequential([Dense(1)], 1), "squared_error", n_threads=1).build()
    trainer.weights.replace({name: np.full(array.shape, 1e38, np.float32) for name, array in trainer.weights.items()})
    with running(make_app(trainer)) as client:
        assert client.predict([1e38]).json == {"prediction": None, "notes": ["predicted numbers that are not finite are null."]}


def test_a_model_that_cannot_be_read_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no such file"):
        make_app(tmp_path / "a.lamina")
    with pytest.raises(InvalidSettingError, match="Bounds: max_rows must be an integer >= 1, got 0"):
        Bounds(max_rows=0)


@pytest.mark.parametrize("length", ["-1", "1e3", "x", "9" * 30, "20, 21"])
def test_lengths_that_are_none_are_refused(client: Client, length: str) -> None:
    answered = raw(client, HEAD, f"content-length: {length}\r\n\r\n{{}}".encode())
    assert answered.startswith((b"HTTP/1.1 400", b"HTTP/1.1 413", b"HTTP/1.1 422"))
