"""The status page in a real browser: it shows what /status says, by itself, in light and in dark, and
asks nobody else."""

import contextlib
import itertools
import re

import pytest
from playwright.sync_api import expect, sync_playwright

from support.columba import program, run
from support.gateways import open_gateway
from support.matrix import device, notification, push, unique
from support.processes import wait_until
from support.terminal import Terminal
from support.traffic import Traffic

CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync"]

PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser():
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


def cells(page, section):
    return page.locator(f"#{section} tbody tr").first.locator("td")


def test_the_dispatchers_page_is_live(gateway, open_page):
    page = open_page(gateway.dispatcher)
    expect(page.locator("#program")).to_have_text("columba-dispatcher")
    expect(page.locator("#state .pill").first).to_have_text("ready")
    expect(cells(page, "lanes").nth(0)).to_have_text("fcm")
    expect(page.locator("#fleet tbody tr")).to_have_count(1)
    expect(cells(page, "fleet").nth(0)).to_contain_text("(this one)")

    before = int(cells(page, "outcomes").nth(1).inner_text().replace(",", ""))
    dead = unique("dead")
    gateway.notify(push(dead))
    for _ in range(3):
        gateway.deliver(push(pushkey := unique()), pushkey)

    expect(cells(page, "outcomes").nth(1)).to_have_text(f"{before + 3:,}")
    expect(cells(page, "hosts").nth(0)).to_have_text(gateway.fcm.url.partition("://")[2])
    expect(cells(page, "failures").nth(4)).to_have_text("UNREGISTERED")
    expect(page.locator("#gates")).to_contain_text("open")
    assert dead not in page.content()


def test_the_ingress_page_is_live(gateway, open_page):
    page = open_page(gateway.ingress)
    expect(page.locator("#program")).to_have_text("columba-ingress")
    gateway.notify(b"no JSON")
    expect(page.locator("#answers")).to_contain_text("not_json")
    expect(page.locator("#workers tbody tr")).to_have_count(2)


def test_it_says_when_the_program_does_not_answer(gateway, open_page):
    page = open_page(gateway.ingress)
    expect(page.locator("#state .pill").first).to_have_text("ready")
    page.route("**/status", lambda route: route.abort())
    expect(page.locator("#lost")).to_be_visible()
    expect(page.locator("#lost")).to_contain_text("No answer")
    page.unroute("**/status")
    expect(page.locator("#lost")).to_be_hidden()
    page.complaints[:] = [text for text in page.complaints if not re.search("ERR_FAILED", text)]


def test_light_and_dark_differ(gateway, open_page):
    page = open_page(gateway.ingress)
    dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    shade = int(re.search(r"\d+", page.evaluate("getComputedStyle(document.body).backgroundColor"))[0])
    assert shade < 64 if dark else shade > 192


def test_what_status_says_is_text_and_no_markup(gateway, open_page):
    page = open_page(gateway.dispatcher)
    expect(page.locator("#lanes")).to_be_visible()
    hostile = "<img src=x onerror=document.title='owned'>"
    page.evaluate("""(text) => { const status = samples.at(-1).status;
        status.details[0].failures = [{at: 0, app: text, outcome: "dead", reason: text, id: text, attempt: 0, code: 0}];
        show(status); }""", hostile)
    expect(cells(page, "failures").nth(2)).to_have_text(hostile)
    assert page.locator("img").count() == 0


def test_it_can_be_read_on_a_phone(gateway, open_page):
    """Wide tables scroll in their section; nothing is folded letter by letter."""
    gateway.deliver(push(pushkey := unique()), pushkey)
    page = open_page(gateway.dispatcher)
    page.set_viewport_size(PHONE)
    expect(page.locator("#hosts tbody tr").first).to_be_visible()
    heights = page.evaluate("[...document.querySelectorAll('tbody tr')].map((row) => row.offsetHeight)")
    assert max(heights) < 60, heights
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


HELD = "org.example.held"


def names():
    """Of what a fleet sends in a day: most is delivered, some is dead, some is of an app that waits."""
    for number in itertools.count():
        yield unique("held" if number % 8 == 1 else "dead" if number % 25 == 0 else "ok")


def body(name):
    return notification(device(name, app_id=HELD)) if name.startswith("held") else push(name)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory, make_queue):
    """Two dispatchers under load, and an app that an operator holds back."""
    directory = tmp_path_factory.mktemp("loaded")
    with make_queue(directory) as queue, open_gateway(directory, queue, started=False) as gateway:
        gateway.settings["apps"][HELD] = gateway.fcm.app()
        gateway.start()
        gateway.start_dispatcher().wait_ready()
        path = gateway.write_config("columbactl")
        run("columbactl", "--config", path, "gate", "close", HELD, "--reason", "maintenance")
        traffic = Traffic(gateway, names=names(), body=body).start()
        yield gateway
        traffic.stop()


def numbers(page, section, column):
    """Of that column in every row."""
    texts = page.locator(f"#{section} tbody tr td:nth-child({column + 1})").all_inner_texts()
    return [float(re.sub(r"[^\d.]", "", text) or 0) for text in texts]


def test_page_and_top_tell_of_load_and_of_a_gate_that_an_operator_closed(loaded, open_page):
    page = open_page(loaded.dispatcher)
    gate = page.locator("#gates tbody tr").filter(has_text=HELD)
    expect(gate.locator("td").nth(3)).to_have_text("closed")
    expect(gate.locator("td").nth(4)).to_contain_text("maintenance")
    expect(page.locator("#gates tbody tr").filter(has_not_text=HELD).locator("td").nth(3)).to_have_text("open")
    expect(page.locator("#fleet tbody tr")).to_have_count(2)
    expect(page.locator("#failures")).to_contain_text("UNREGISTERED")
    wait_until("the page shows a rate", lambda: numbers(page, "lanes", 2)[0] > 1, 20, [loaded.dispatcher])
    wait_until("the page shows who waits", lambda: numbers(page, "gates", 6)[0] > 0, 20, [loaded.dispatcher])
    before = numbers(page, "outcomes", 1)[0]
    wait_until("it goes on", lambda: numbers(page, "outcomes", 1)[0] > before, 20, [loaded.dispatcher])

    command = [program("columbactl"), "--config", loaded.directory / "columbactl.yaml", "top"]
    with contextlib.closing(Terminal(command)) as terminal:
        wait_until("top shows the rates of both", lambda: re.search(r"^fcm +2 +[\d.]+", terminal.page(), re.M), 20)
        wait_until("top shows the gate", lambda: re.search(
            rf"^fcm +{re.escape(HELD)} +- +closed +maintenance +[1-9]\d* +by hand ", terminal.page(), re.M), 20)
        shown = terminal.page()
        assert terminal.interrupt() == 0
    print(shown)
    assert "2 dispatchers" in shown
    assert float(re.search(r"^fcm +2 +([\d.]+)", shown, re.M)[1]) > 1
    for one in loaded.dispatchers:
        assert one.get("/status").json()["instance"] in shown
