"""Random bodies, after each of which the server must still answer; ``make fuzz-serving`` sends more of them."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest
from tests.serving import models
from tests.serving.running import Client, running

from lamina.serving import Bounds, make_app

ROWS = json.loads(models.COLUMNS.head(5).to_json(orient="records"))
EXAMPLES: dict[str, tuple[Callable[[], Any], Any]] = {
    "table": (models.of_classes, ROWS),
    "numbers": (models.of_several, ROWS),
    "estimator": (models.regressor, [{"a": 1.0, "b": 2.0, "c": 3.0}, [1.0, 2.0, 3.0]]),
    "network": (models.two_inputs, [{"left": [1.0, 2.0], "right": [3.0]}]),
}
ODD: list[Any] = [
    *(None, True, -1, 0, 1e308, -0.0, 2**63, 2**64, 10**25, -(10**400), float("nan"), float("inf"), 5e-324),
    *(
        "",
        " ",
        "NA",
        "x" * 300,
        "\x00",
        "é",
        "\U0001f600",
        "١٢",
        "1,5",
        "$1",
        "2024-02-30",
        "99.99.9999",
        "yes",
        "2024-01-01 10:00Z",
    ),
    *([], {}, [[]], [1], {"age": 1}, [None] * 5, [[1, 2], [3]]),
]
PIECES = ["", "\x00", "]", "}", '"', ",", "9" * 400, "\\u", "\\ud800", "NaN", "e999", "[" * 2000, "\xa0", "//"]


@pytest.fixture(scope="module", params=EXAMPLES)
def served(request: pytest.FixtureRequest) -> Iterator[tuple[Client, Any]]:
    make, rows = EXAMPLES[request.param]
    with running(make_app(make(), Bounds(max_body=50_000, max_rows=20, body_timeout_s=5.0))) as client:
        yield client, rows


def random_body(rng: random.Random, rows: Any) -> bytes:
    """Something like a request, with parts that are wrong."""
    body: Any = deepcopy(rng.choice([rows, rows[0], rows[-1], rows * 30]))
    for _ in range(rng.randrange(4)):
        place = body
        while isinstance(place, list | dict) and place:
            key = rng.randrange(len(place)) if isinstance(place, list) else rng.choice([*place, "new"])
            if rng.random() < 0.5 or not isinstance(place.get(key) if isinstance(place, dict) else place[key], list | dict):
                place[key] = deepcopy(rng.choice(ODD))
                break
            place = place[key]
    content = json.dumps(body, ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")
    for _ in range(rng.choice([0, 0, 1, 3])):
        at = rng.randrange(len(content))
        piece = rng.choice([rng.choice(PIECES).encode(), rng.randbytes(rng.randrange(4))])
        content = content[:at] + piece + content[at + rng.randrange(3) :]
    return content


def random_path(rng: random.Random) -> str:
    names = ["proba", "interval", "set", "spread", "unfamiliar", "x"]
    values = ["true", "false", "0.9", "1", "-1", "nan", "", "%ff", "0.0000001"]
    pairs = [f"{rng.choice(names)}={rng.choice(values)}" for _ in range(rng.choice([0, 0, 0, 1, 2]))]
    return "/predict" + ("?" + "&".join(pairs) if pairs else "")


def test_random_bodies_are_answered_or_refused_and_never_break_the_server(served: tuple[Client, Any]) -> None:
    client, rows = served
    rng = random.Random(int(os.environ.get("LAMINA_FUZZ_SEED", "0")))
    seen = set()
    for _ in range(int(os.environ.get("LAMINA_SERVING_BODIES", "150"))):
        body, path = random_body(rng, rows), random_path(rng)
        answered = client.send(body, path)
        assert answered.status in (200, 413, 422), (path, body, answered)
        if answered.status == 200:
            assert "notes" in answered.json
        else:
            assert answered.error["message"]
        seen.add(answered.status)
    assert seen >= {200, 422}
    assert client.predict(rows[0]).status == 200
