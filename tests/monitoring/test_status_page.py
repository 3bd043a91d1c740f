"""The status page in a real browser: it shows what /status says, by itself, in light and in dark, and
asks nobody else."""

import re

from monitoring.conftest import PHONE
from playwright.sync_api import expect

from support.matrix import push, unique


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
