"""A store, its page, and a real browser; the browser's tests are skipped where there is none."""

from __future__ import annotations

import shutil

import pytest

from harness.report.write import write_report
from harness.storage.store import Store
from tests.report.stores import fill, fill_hostile


def page_of(url, path):
    with Store.read(url) as store:
        return write_report(store, store.runs(), path)


@pytest.fixture(scope="session")
def store_url(tmp_path_factory):
    return fill(tmp_path_factory.mktemp("store") / "runs.db")


@pytest.fixture(scope="session")
def page(store_url, tmp_path_factory):
    return page_of(store_url, tmp_path_factory.mktemp("page") / "report.html")


@pytest.fixture(scope="session")
def hostile_page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    return page_of(fill_hostile(folder / "runs.db"), folder / "report.html")


@pytest.fixture(scope="session")
def browser():
    sync = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if executable is None:
        pytest.skip("no Chromium is installed")
    with sync.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def visit(browser):
    """Open a page in a fresh window; what it complains of, and what it asks the network for, are kept beside it."""
    contexts = []

    def call(path, *, width=1280, scheme="light", scripts=True):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=scripts
        )
        contexts.append(context)
        tab = context.new_page()
        tab.complaints, tab.requests, tab.loaded = [], [], []
        tab.on("console", lambda message: tab.complaints.append(message.text))
        tab.on("pageerror", lambda error: tab.complaints.append(str(error)))
        tab.on("request", lambda request: tab.requests.append(request.url))
        tab.on("requestfinished", lambda request: tab.loaded.append(request.url))
        tab.goto(path.as_uri())
        return tab

    yield call
    for context in contexts:
        context.close()
