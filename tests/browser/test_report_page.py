"""A report opened from disk: nothing on the console, nothing that axe finds, from a phone to a wide screen, light and dark."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from playwright.sync_api import Browser

from lamina import TabularClassifier

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    rng = np.random.default_rng(0)
    x = rng.normal(size=300)
    table = pa.table({"x": x, "<script>alert(1)</script>": rng.normal(size=300), "kind": np.where(x > 0, "<b>up", "down")})
    model = TabularClassifier(hidden=(8, 8), members=1, max_epochs=10, random_state=0).fit(table, "kind")
    path = tmp_path_factory.mktemp("page") / "report.html"
    model.report(table, max_rows=200).save(path)
    return path.as_uri()


@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (1200, "light"), (1200, "dark"), (2560, "dark")])
def test_the_page_opens_from_disk(browser: Browser, address: str, width: int, scheme: str):
    # axe is a script, which the page's policy forbids like any other
    for looks in (False, True):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme="dark" if scheme == "dark" else "light", bypass_csp=looks
        )
        page = context.new_page()
        said: list[str] = []
        asked: list[str] = []
        page.on("console", lambda message, said=said: said.append(message.text))
        page.on("dialog", lambda dialog, said=said: said.append(dialog.message))
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        page.goto(address)
        assert page.locator("svg.la-chart").count() > 5
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert said == []
        assert asked == [address]
        if looks:
            if not AXE.exists():
                pytest.skip("axe-core is not installed: make test-browser")
            page.add_script_tag(path=AXE)
            found = page.evaluate("axe.run()")["violations"]
            assert [(violation["id"], len(violation["nodes"])) for violation in found] == []
        context.close()
