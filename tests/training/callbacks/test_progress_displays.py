"""Progress is shown where somebody looks, with what is installed there, and never ends a training."""

from __future__ import annotations

import builtins
import io
import sys
import types
from typing import Any

import numpy as np
import pytest

from lamina.layers import Dense
from lamina.network import Sequential
from lamina.training import Progress, Trainer
from lamina.training.callbacks import progress_displays


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


class Gone(Terminal):
    """A terminal whose reader went away after some writes."""

    def __init__(self, error: type[Exception], writes: int = 0) -> None:
        super().__init__()
        self.error, self.left = error, writes

    def write(self, text: str) -> int:
        self.left -= 1
        if self.left < 0:
            raise self.error("nobody listens")
        return super().write(text)


def train(progress: Progress, num_epochs: int = 5) -> Trainer:
    X = np.random.default_rng(0).normal(size=(20, 2))
    trainer = Trainer(Sequential([Dense(1)], 2), "squared_error", callbacks=[progress])
    trainer.fit(X, X[:, 0], validation_data=(X, X[:, 0]), max_epochs=num_epochs)
    return trainer


@pytest.fixture
def without_rich(monkeypatch: pytest.MonkeyPatch) -> None:
    found = progress_displays.importlib.util.find_spec
    monkeypatch.setattr(progress_displays.importlib.util, "find_spec", lambda name: None if name == "rich" else found(name))


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, str]]]:
    """A Jupyter kernel's display, as far as Progress asks for it; what it was told to show."""
    shown: list[tuple[str, dict[str, str]]] = []

    class Handle:
        def update(self, data: dict[str, str], raw: bool) -> None:
            assert raw
            shown.append(("updated", data))

    def display(data: dict[str, str], raw: bool, display_id: bool) -> Handle:
        assert raw
        assert display_id
        shown.append(("new", data))
        return Handle()

    shell = types.SimpleNamespace(kernel=object())
    ipython: Any = types.ModuleType("IPython")
    ipython.get_ipython = lambda: shell
    ipython.display = types.ModuleType("IPython.display")
    ipython.display.display = display
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", ipython.display)
    return shown


def test_a_notebook_shows_one_output_that_is_replaced(notebook: list[tuple[str, dict[str, str]]]) -> None:
    trainer = train(Progress(refresh_s=1e-9))
    assert [how for how, _ in notebook].count("new") == 1
    last = notebook[-1][1]
    assert last["text/plain"].startswith(f"epoch 5/5  loss {trainer.history[-1, 'loss']:.4f}")
    assert '<progress value="5.000" max="5">' in last["text/html"]
    assert f"validation loss {trainer.history[-1, 'validation_loss']:.4f}" in last["text/html"]


@pytest.mark.usefixtures("without_rich")
def test_a_notebook_needs_no_rich(notebook: list[tuple[str, dict[str, str]]]) -> None:
    train(Progress())
    assert "epoch 5/5" in notebook[-1][1]["text/plain"]


def test_ipython_in_a_terminal_is_no_notebook(
    notebook: list[tuple[str, dict[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    ipython: Any = sys.modules["IPython"]
    monkeypatch.setattr(ipython, "get_ipython", lambda: types.SimpleNamespace())
    train(Progress())
    assert notebook == []


@pytest.mark.usefixtures("without_rich")
def test_a_terminal_without_rich_gets_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    trainer = train(Progress())
    first, *_, last = sys.stderr.getvalue().splitlines()  # type: ignore[attr-defined]
    assert first.startswith("epoch 0/5")
    assert last.startswith(f"epoch 5/5  loss {trainer.history[-1, 'loss']:.4f}")
    assert "\x1b" not in first + last


@pytest.mark.usefixtures("without_rich")
@pytest.mark.parametrize("stream", [io.StringIO(), None])
def test_nobody_s_output_stays_empty(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO | None) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    train(Progress())
    assert not stream or stream.getvalue() == ""


def test_a_terminal_with_rich_gets_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    train(Progress())
    assert "epoch 5/5" in sys.stderr.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize("rich", [True, False], ids=["rich", "plain"])
@pytest.mark.parametrize("writes", [0, 1])
@pytest.mark.parametrize("error", [BrokenPipeError, OSError, ValueError])
def test_a_terminal_that_goes_away_does_not_end_the_training(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, error: type[Exception], writes: int, rich: bool
) -> None:
    if not rich:
        request.getfixturevalue("without_rich")
    monkeypatch.setattr(sys, "stderr", Gone(error, writes))
    trainer = train(Progress(refresh_s=1e-9))
    assert trainer.stop_reason is not None
    assert trainer.stop_reason.code == "max_epochs"
    assert len(trainer.history) == 5


def test_nothing_of_rich_is_imported_where_nothing_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    imported = builtins.__import__

    def refuse(name: str, *arguments: Any, **named: Any) -> Any:
        assert not name.startswith("rich"), name
        return imported(name, *arguments, **named)

    monkeypatch.setattr(sys, "stderr", io.StringIO())
    monkeypatch.setattr(builtins, "__import__", refuse)
    train(Progress())
