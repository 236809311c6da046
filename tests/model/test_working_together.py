"""What settings of a table's training ask for several workers, and what they cannot be."""

from __future__ import annotations

import sys
from typing import Any

import pyarrow as pa
import pytest

from lamina.distributed import Together
from lamina.errors import InvalidSettingError, MissingPackageError
from lamina.model import TableSettings, TabularClassifier, fit_table
from lamina.model import working_together as module
from lamina.search import search_table
from lamina.training.team import working_with

TABLE = pa.table({"x": [i / 100 for i in range(200)], "y": [3 * i / 100 + 1 for i in range(200)]})


def settings(**given: Any) -> TableSettings:
    return TableSettings.of({"max_epochs": 2, "members": 1, "monitor": False, **given})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"workers": 0}, r"fit_table: workers must be an integer in \[1, 1024\], got 0"),
        ({"workers": 2, "restarts": 3}, r"restarts must be 1 with several workers, got 3\. Set workers to 1"),
        (
            {"workers": 2, "optimizer": "lbfgs"},
            r"optimizer must follow the gradient of a batch with several workers, got 'lbfgs'",
        ),
        ({"workers": 2, "optimizer": "perturb-one:trials=3"}, "optimizer must follow the gradient of a batch"),
        ({"workers": 2, "way": "fast"}, "way must be one of 'auto', 'averaging', 'synchronous', got 'fast'"),
        ({"way": "averaging"}, r"way must be left out with one worker, got 'averaging'\. Set workers, or remove it"),
        ({"ray": "auto"}, "ray must be left out with one worker, got 'auto'"),
    ],
)
def test_what_several_workers_cannot_do_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidSettingError, match=message):
        fit_table(TABLE, "y", settings=settings(**given))


def test_without_ray_its_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "ray"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingPackageError, match=r"needs ray, .* pip install 'lamina\[ray\]'"):
        fit_table(TABLE, "y", settings=settings(workers=2))


def test_the_result_tells_how_workers_worked_together(monkeypatch: pytest.MonkeyPatch) -> None:
    from lamina.distributed.communicator import Alone
    from lamina.distributed.group import JoinedGroup

    class Context:
        """One that plays several."""

        def __init__(self, workers: int, **given: Any) -> None:
            asked.append((workers, given))
            self.together = Together(JoinedGroup(Alone(), have_rows=True), given["way"], None, 1.5)

        def __enter__(self) -> Together:
            self.context = working_with(self.together)
            self.context.__enter__()
            return self.together

        def __exit__(self, *error: object) -> None:
            self.context.__exit__(None, None, None)

    asked: list[Any] = []
    monkeypatch.setattr(module.distributed, "workers", Context, raising=False)
    result = fit_table(TABLE, "y", settings=settings(workers=3, way="synchronous", ray="auto", threads=2))
    assert asked == [(3, {"way": "synchronous", "address": "auto", "n_threads": 2})]
    assert result.together is not None
    assert str(result).endswith("1 worker (alone), synchronous steps, ready after 1.5 s")
    assert result.together.to_dict() == {
        "workers": 1,
        "communicator": "alone",
        "way": "synchronous steps",
        "every": 1,
        "timing": None,
        "startup_s": 1.5,
        "restarts": [],
    }
    assert not {"workers", "ray", "way"} & set(result.model.summary["settings"])
    assert fit_table(TABLE, "y", settings=settings()).together is None


def test_where_many_trainings_are_run_workers_are_refused() -> None:
    with pytest.raises(InvalidSettingError, match="workers must be left out here: each training has one process, got 2"):
        search_table(TABLE, "y", trials=2, settings=settings(workers=2))
    with pytest.raises(InvalidSettingError, match="workers must be left out here"):
        TabularClassifier.from_settings(settings(workers=2))
