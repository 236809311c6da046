"""A live plot is drawn where somebody looks, and never ends a training."""

from __future__ import annotations

import base64
import io
import pickle
import sys
import types
from itertools import pairwise
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.image import imread

from lamina import Dense, MLPRegressor, Sequential, TabularRegressor, Trainer
from lamina.errors import InvalidSettingError, MissingPackageError
from lamina.plots import LivePlot, live_surfaces
from lamina.plots.text_chart import dotted
from lamina.training import TrainingWarning

X = np.random.default_rng(0).normal(size=(40, 2))
EVERY_EPOCH = 1e-9


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Gone(Terminal):
    def write(self, text: str) -> int:
        raise BrokenPipeError("nobody listens")


class Window:
    """Stands for a window of matplotlib, which counts how often it is drawn."""

    def __init__(self) -> None:
        self.drawn: list[tuple[int, list[str]]] = []
        self.is_closed = False

    def draw(self, history: Any, keys: list[str], log: bool) -> None:
        self.drawn.append((len(history), list(keys)))

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture(autouse=True)
def no_screen():
    plt.switch_backend("agg")
    yield
    plt.close("all")


@pytest.fixture
def window(monkeypatch: pytest.MonkeyPatch) -> Window:
    window = Window()
    monkeypatch.setattr("lamina.plots.live_plot.find_surface", lambda: window)
    return window


def look_at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)  # in the test itself: pytest puts back its own before
    monkeypatch.setenv("TERM", "xterm-256color")
    return terminal


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, str]]]:
    """A Jupyter kernel's display, as far as it is asked for; what it was told to show."""
    shown: list[tuple[str, dict[str, str]]] = []

    class Handle:
        def update(self, data: dict[str, str], raw: bool) -> None:
            shown.append(("updated", data))

    def display(data: dict[str, str], raw: bool, display_id: bool) -> Handle:
        shown.append(("new", data))
        return Handle()

    ipython: Any = types.ModuleType("IPython")
    ipython.version_info = (9, 0)
    ipython.get_ipython = lambda: types.SimpleNamespace(kernel=object())
    ipython.display = types.ModuleType("IPython.display")
    ipython.display.display = display
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", ipython.display)
    return shown


def train(plot: LivePlot, num_epochs: int = 5) -> Trainer:
    trainer = Trainer(Sequential([Dense(1)]), "squared_error", callbacks=plot)
    trainer.fit(X, X[:, 0], validation_data=(X, X[:, 0]), max_epochs=num_epochs)
    return trainer


def test_it_shows_the_losses_of_every_epoch_and_the_last_one_in_any_case(window: Window) -> None:
    train(LivePlot(refresh_s=EVERY_EPOCH))
    assert {tuple(keys) for _, keys in window.drawn} == {("loss", "validation_loss")}
    assert window.drawn[0][0] == 1
    assert window.drawn[-1][0] == 5
    assert window.is_closed


def test_drawing_takes_no_more_than_a_tenth_of_the_time(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter(np.arange(1000.0))  # each question for the time takes a second: so does a drawing
    monkeypatch.setattr("lamina.plots.live_plot.time.monotonic", lambda: next(seconds))
    train(LivePlot(refresh_s=EVERY_EPOCH), 40)
    epochs = [epoch for epoch, _ in window.drawn]
    assert epochs[0] == 1
    assert all(later - earlier >= 9 for earlier, later in pairwise(epochs[:-1]))


def test_keys_are_those_that_were_asked_for_and_unknown_ones_are_named_at_the_end(window: Window) -> None:
    with pytest.warns(TrainingWarning, match=r"nothing of 'los'.*the history has epoch, .*validation_loss"):
        train(LivePlot(["learning_rate", "los"], refresh_s=EVERY_EPOCH))
    assert {tuple(keys) for _, keys in window.drawn} == {("learning_rate",)}


def test_on_a_logarithmic_axis_zeros_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = look_at_a_terminal(monkeypatch)
    trainer = Trainer(Sequential([Dense(1)]), "squared_error", "gradient_descent")
    trainer.live(log=True).fit(np.zeros((4, 2)), np.zeros(4), max_epochs=2)
    assert trainer.history[-1, "loss"] == 0
    assert terminal.getvalue() == ""


def test_live_replaces_the_plot_that_there_was() -> None:
    trainer = Trainer(Sequential([Dense(1)]), "squared_error").live("loss")
    assert trainer.live() is trainer
    (plot,) = trainer.callbacks
    assert isinstance(plot, LivePlot) and plot.keys is None


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_estimators_take_it_and_one_of_several_restarts_is_drawn(window: Window) -> None:
    MLPRegressor(
        hidden_layer_sizes=3, max_iter=2, n_restarts=3, random_state=0, n_iter_no_change=10**6, callbacks=LivePlot()
    ).fit(X, X[:, 0])
    assert [epochs for epochs, _ in window.drawn][-1] == 2
    window.drawn.clear()
    TabularRegressor(max_epochs=2, callbacks=[LivePlot(refresh_s=EVERY_EPOCH)], random_state=0).fit(X, X[:, 0])
    assert [epochs for epochs, _ in window.drawn] == [1, 2, 2]


def test_a_notebook_has_one_picture_that_is_replaced(notebook: list[tuple[str, dict[str, str]]]) -> None:
    trainer = train(LivePlot(refresh_s=EVERY_EPOCH), 2)
    assert [how for how, _ in notebook] == ["new", "updated"] or [how for how, _ in notebook].count("new") == 1
    last = notebook[-1][1]
    assert last["text/plain"].startswith(f"epoch 2  loss {trainer.history[-1, 'loss']:.4f}  validation loss")
    picture = imread(io.BytesIO(base64.b64decode(last["image/png"])))
    assert picture.shape[:2] == (420, 640)
    assert len(np.unique(picture.reshape(-1, picture.shape[2]), axis=0)) > 20
    assert not plt.get_fignums()  # or the notebook would show it once more


def test_a_notebook_without_matplotlib_is_told_so_before_training(
    notebook: list[tuple[str, dict[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingPackageError, match=r"lamina\[plot\]"):
        train(LivePlot())
    assert not notebook


def test_a_terminal_gets_a_chart_with_its_scale(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = look_at_a_terminal(monkeypatch)
    trainer = train(LivePlot(refresh_s=EVERY_EPOCH))
    losses = [*trainer.history[:, "loss"], *trainer.history[:, "validation_loss"]]
    shown = terminal.getvalue()
    assert f"{max(losses):.4g}" in shown and f"{min(losses):.4g}" in shown
    assert "epoch 5" in shown and "⠀" in shown


def test_where_nobody_looks_nothing_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    for stream in (io.StringIO(), None):
        monkeypatch.setattr(sys, "stderr", stream)
        assert live_surfaces.find_surface() is None


def test_a_terminal_that_goes_away_does_not_end_the_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Gone())
    assert train(LivePlot(refresh_s=EVERY_EPOCH)).epoch == 5


def test_a_script_with_windows_draws_in_one_and_goes_on_when_it_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    history = train(LivePlot()).history
    monkeypatch.setattr("matplotlib.get_backend", lambda: "QtAgg")
    surface = live_surfaces.find_surface()
    assert isinstance(surface, live_surfaces.Window)
    surface.draw(history, ["loss"], False)
    (number,) = plt.get_fignums()
    assert plt.figure(number).axes[0].get_xlabel() == "epoch"
    plt.close("all")
    surface.draw(history, ["loss"], False)
    assert not plt.get_fignums()


def test_it_can_be_copied_and_wrong_settings_are_refused() -> None:
    assert pickle.loads(pickle.dumps(LivePlot("loss"))).keys == "loss"
    for wrong in ({"keys": []}, {"keys": 3}, {"log": "yes"}, {"refresh_s": 0}):
        with pytest.raises(InvalidSettingError, match="LivePlot"):
            LivePlot(**wrong)  # type: ignore[arg-type]


def test_dots_stand_where_numbers_are() -> None:
    assert dotted({"up": [0.0, 1.0]}, columns=1, rows=1) == [[("⡜", "up")]]
    cells = dotted({"a": [1.0, 10.0, 100.0]}, columns=3, rows=3, log=True)
    assert [[name for _, name in row] for row in cells] == [["", "", "a"], ["", "a", "a"], ["a", "a", ""]]
    assert all(character == chr(0x2800) and not name for row in dotted({"a": []}, 2, 2) for character, name in row)
