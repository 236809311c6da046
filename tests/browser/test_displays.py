"""What notebooks show, in a browser: readable on white and on black, on a phone and wide, by axe too; ten on one page."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser

from lamina import MLPClassifier, Perceptron, TabularClassifier, diagnose

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture(scope="module")
def displays() -> str:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    y = np.where(X[:, 0] > 0, "up", "down")
    model = MLPClassifier((8, 8), max_iter=40, early_stopping=True, random_state=0).fit(X, y)
    table = TabularClassifier(hidden=8, members=1, max_epochs=5, random_state=0).fit(X, y)
    slow = diagnose(MLPClassifier((8,), max_iter=5, learning_rate_init=1e-6, random_state=0), X, y)
    shown = (model, MLPClassifier(), Perceptron().fit(X, y), model.history_, model.network_, model.stop_reason_, table)
    return "".join(each._repr_html_() for each in (*shown, table.model_, table.columns_, slow))


@pytest.mark.parametrize(
    ("width", "paper", "ink"), [(320, "#fff", "#111"), (320, "#111", "#eee"), (1200, "#fff", "#111"), (1200, "#1e1e1e", "#ccc")]
)
def test_displays_take_the_colors_of_the_page(browser: Browser, displays: str, width: int, paper: str, ink: str, tmp_path: Path):
    # the system prefers the other scheme, which must not matter
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme="dark" if paper == "#fff" else "light")
    page = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("request", lambda request: asked.append(request.url))
    notebook = tmp_path / "notebook.html"
    head = '<html lang="en"><head><meta charset="utf-8"><title>Notebook</title></head>'
    notebook.write_text(
        f'<!DOCTYPE html>{head}<body style="background:{paper};color:{ink}"><main>{displays}</main></body></html>'
    )
    page.goto(notebook.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
    assert page.locator("svg.la-chart").count() >= 5
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert said == []
    assert asked == [notebook.as_uri()]
    if not AXE.exists():
        pytest.skip("axe-core is not installed: make test-browser")
    page.add_script_tag(path=AXE)
    found = page.evaluate("axe.run('.lamina')")["violations"]
    assert [(violation["id"], len(violation["nodes"])) for violation in found] == []
    context.close()
