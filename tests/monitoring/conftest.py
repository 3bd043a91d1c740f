"""The metrics tests run on the embedded broker, as the scenarios do; pages are looked at in Chromium."""

import pytest

from scenario.conftest import make_queue  # noqa: F401

CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync"]

PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="session")
def browser():
    from playwright.sync_api import sync_playwright  # only who opens a page needs it

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)
        yield started
        started.close()


@pytest.fixture(params=["light", "dark"])
def open_page(request, browser, tmp_path):
    """A page that must not complain, nor ask anybody but the program."""
    contexts = []

    def open_at(program):
        context = browser.new_context(color_scheme=request.param, viewport={"width": 1280, "height": 1000})
        page = context.new_page()
        page.set_default_timeout(20_000)
        origin = f"http://127.0.0.1:{program.admin_port}"
        page.complaints = []
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("request", lambda asked: asked.url.startswith((origin, "data:")) or page.complaints.append(asked.url))
        page.goto(origin + "/")
        contexts.append((context, page))
        return page

    yield open_at
    for number, (context, page) in enumerate(contexts):
        page.screenshot(path=tmp_path / f"{request.param}-{number}.png", full_page=True)
        page.set_viewport_size(PHONE)
        page.screenshot(path=tmp_path / f"{request.param}-{number}-narrow.png", full_page=True)
        context.close()
        assert page.complaints == []
