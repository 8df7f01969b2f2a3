"""Webhooks in a real browser: added, tested, stopped, sent again; on a desk, on a phone, in both languages."""

import threading
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESK, PHONE, Site
from tests.browser.looks import keep
from tests.browser.test_console import set_up
from tests.waiting import until_readable
from tests.webhooks.conftest import OPEN, receiver  # noqa: F401 a fixture
from tests.webhooks.receiver import Receiver
from verno.kit import db
from verno.webhooks.sending import reader, sender
from verno.workspace import settings
from verno.workspace.audit import SYSTEM


def work() -> None:
    """Be the worker for a moment; in a thread, since Playwright's loop runs in this one."""

    def once() -> None:
        now = datetime.now(UTC)
        until_readable()
        while reader.step(now=now):
            pass
        sender.step(now=now)

    thread = threading.Thread(target=once)
    thread.start()
    thread.join()


@pytest.mark.parametrize(
    ("locale", "size", "scheme"),
    [("en", DESK, "light"), ("ru", PHONE, "dark"), ("ru", DESK, "light"), ("en", PHONE, "light")],
    ids=["desk", "phone", "desk-ru", "phone-en"],
)
def test_an_owner_adds_tests_and_mends_a_webhook(
    site: Site,
    receiver: Receiver,  # noqa: F811
    locale: str,
    size: dict[str, int],
    scheme: str,
) -> None:
    name = f"{locale}-{size['width']}"
    with db.transaction(site.story.shop.program.id) as conn:
        settings.write_all(conn, site.story.shop.program.id, OPEN, now=datetime.now(UTC), by=SYSTEM)
    with site.visitor(viewport=size, locale="en-US", color_scheme=scheme) as page:
        set_up(page, site, locale)
        page.goto("/console/settings/")
        page.locator("a[href$='/webhooks/']").click()
        keep(page, f"webhooks-{name}-empty")
        page.locator("input[name=url]").fill("shop.example")
        page.locator("button.btn-primary").click()
        expect(page.locator(".field-error")).to_be_visible()
        page.locator("input[name=url]").fill(f"{receiver.url}/410")
        page.locator("input[name=description]").fill("CRM")
        page.locator("button.btn-primary").click()
        assert page.locator(".alert-success input").input_value().startswith("whsec_")
        keep(page, f"webhooks-{name}-secret")
        page.get_by_role("link", name="CRM").click()
        page.locator("button[value=test]").click()
        expect(page.locator(".alert-success")).to_be_visible()
        work()
        page.reload()
        expect(page.locator(".alert-danger")).to_be_visible()
        expect(page.locator("tbody tr")).to_have_count(1)
        keep(page, f"webhooks-{name}-gone")
        page.locator("input[name=url]").fill(f"{receiver.url}/ok")
        page.locator("form:has(input[value=change]) button").click()
        page.locator("button[value=resume]").click()
        page.locator("button[value=again]").click()
        work()
        page.goto(page.url)
        expect(page.locator("tbody .badge-yes")).to_have_count(1)
        keep(page, f"webhooks-{name}-delivered")
        page.goto("/console/settings/webhooks/")
        keep(page, f"webhooks-{name}-list")
        page.goto("/console/settings/webhooks/sources/")
        page.locator("input[name=name]").fill("sms-gateway")
        page.locator("button.btn-primary").click()
        assert page.locator(".alert-success input").count() == 2
        page.locator("tbody a").click()
        keep(page, f"webhooks-{name}-sources")
        page.goto("/console/audit/")
        keep(page, f"webhooks-{name}-audit")
    assert len(receiver.ids("ok")) == 1
    assert [one for one in site.trouble if "422" not in one] == []
