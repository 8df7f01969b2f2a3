"""A broadcast in a real browser: drafted with conditions, looked at, launched, told; desk and phone, both languages."""

import threading
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESK, PHONE, Site
from tests.browser.looks import keep
from tests.browser.test_console import set_up
from tests.console.test_broadcasts import NEWS, publish
from tests.messaging.broadcasts.shows import work


@pytest.fixture(autouse=True)
def connected(monkeypatch: pytest.MonkeyPatch) -> None:
    """Name a relay before the site begins, as a launch asks for; nothing is sent."""
    monkeypatch.setenv("VERNO_SMTP_URL", "smtp://127.0.0.1:25")


def plan() -> None:
    """Be the worker for a moment; in a thread, since Playwright's loop runs in this one."""
    thread = threading.Thread(target=work, args=(datetime.now(UTC),))
    thread.start()
    thread.join()


@pytest.mark.parametrize(
    ("locale", "size", "scheme"),
    [("en", DESK, "light"), ("ru", PHONE, "dark"), ("ru", DESK, "light"), ("en", PHONE, "light")],
    ids=["desk", "phone", "desk-ru", "phone-en"],
)
def test_a_marketer_sends_a_broadcast(site: Site, locale: str, size: dict[str, int], scheme: str) -> None:
    name = f"{locale}-{size['width']}"
    publish(site.story.shop, now=datetime.now(UTC))
    with site.visitor(viewport=size, locale="en-US", color_scheme=scheme) as page:
        set_up(page, site, locale)
        page.goto("/console/messages/")
        page.locator("a[href$='/broadcasts/']").click()
        keep(page, f"broadcasts-{name}-none")
        page.locator(".page-top a.btn-primary").click()
        expect(page.locator(".for-condition")).to_be_hidden()
        page.fill("#id_name", "Autumn")
        page.select_option("#id_topic", NEWS)
        page.select_option("#id_audience", "condition")
        page.locator(".b-shortcuts button, .b-form button").first.click()
        keep(page, f"broadcasts-{name}-form")
        page.select_option("#id_audience", "everybody")
        page.select_option("#id_send", "local")
        expect(page.locator("#id_day")).to_be_visible()
        page.select_option("#id_send", "now")
        page.locator("button[type=submit].btn-primary").click()
        expect(page.locator(".figure-value").first).to_be_visible()
        keep(page, f"broadcasts-{name}-draft")
        page.locator("button[value=approve]").click()
        page.locator("button[value=launch]").click()
        expect(page.locator("button[value=pause]")).to_be_visible()
        plan()
        page.reload()
        expect(page.locator("progress").first).to_be_visible()
        keep(page, f"broadcasts-{name}-told")
        page.goto("/console/messages/broadcasts/")
        keep(page, f"broadcasts-{name}-list")
    assert site.trouble == []
