"""A lab that is served, and a browser that opens its page and forgives no message on its console."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from tests.lab.served import Served, served

from lamina.lab.server import Lab
from lamina.lab.state import LabState

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: make test-browser")

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
sync_api.expect.set_options(timeout=20_000)
_QUIET = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update")


@pytest.fixture(scope="session")
def browser() -> Iterator[sync_api.Browser]:
    if CHROMIUM is None:
        pytest.skip("there is no Chromium here")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*_QUIET, "--disable-sync"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def lab() -> Iterator[Served]:
    with served(Lab(LabState(), max_upload=1_000_000)) as lab:
        yield lab


@pytest.fixture
def context(browser: sync_api.Browser) -> Iterator[sync_api.BrowserContext]:
    context = browser.new_context(viewport={"width": 1400, "height": 1000}, accept_downloads=True)
    context.set_default_timeout(20_000)
    yield context
    context.close()


@pytest.fixture
def page(context: sync_api.BrowserContext, lab: Served) -> Iterator[sync_api.Page]:
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(lab.address)
    page.wait_for_selector(".map canvas")
    yield page
    refused = "the server responded with a status of 422"  # which a browser writes down itself
    assert not [message for message in said if refused not in message]
