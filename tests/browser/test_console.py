"""The console in a real browser, as its users meet it."""

import re
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESK, PHONE, SCREENSHOTS, Site
from tests.console import story
from verno.intake import context
from verno.intake import service as intake
from verno.intake.types import Line, MemberRef, Receipt
from verno.kit import db

EMAIL = "vera@example.com"
PASSWORD = "orange lamp river 42"


def set_up(page: Page, site: Site, locale: str = "en") -> None:
    """Use the set-up link as the first owner does."""
    page.goto(f"/console/setup/{site.story.token}")
    page.fill("#id_name", "Vera Owner")
    page.fill("#id_email", EMAIL)
    page.fill("#id_password", PASSWORD)
    page.select_option("#id_locale", locale)
    page.click("button.btn-primary")
    page.wait_for_url("**/console/")


def sell(site: Site, number: str, amount: int) -> None:
    """Let a till send a receipt, and the worker count it."""
    now = datetime.now(UTC)
    sale = Receipt(
        number=number,
        place="msk-1",
        at=now,
        member=MemberRef(external_id="1"),
        lines=[Line(sku="Honey", quantity="1", amount=amount)],
    )
    with db.transaction() as conn:
        intake.settle(conn, context.of(conn, site.story.shop.program.id), [sale], now=now)
    story.count_events(datetime.now(UTC))


def test_a_first_day(site: Site) -> None:
    """From the set-up link to a member's receipts, and out again."""
    with site.visitor(viewport=DESK, locale="en-US") as page:
        set_up(page, site)
        expect(page.locator("h1")).to_have_text("Shop")
        watch_the_dashboard(page, site)
        find_anna(page)
        read_about_anna(page)
        change_the_looks(page)
        page.get_by_role("button", name="Учётная запись и настройки").click()
        page.get_by_role("button", name="Выйти").click()
        expect(page.locator("h1")).to_have_text("Вход в Verno")
        page.goto("/console/members/")
        page.wait_for_url("**/console/sign-in/?next=/console/members/")
    assert site.trouble == []


def watch_the_dashboard(page: Page, site: Site) -> None:
    """Figures follow by themselves; what the reader opened stays open, and the chart is not drawn anew."""
    page.locator(".chart-table summary").click()
    page.evaluate("document.querySelector('month-chart canvas').dataset.mark = 'same'")
    expect(page.locator("#figures")).not_to_contain_text("LIVE-1")
    sell(site, "LIVE-1", 123_456)
    expect(page.locator("#figures")).to_contain_text("LIVE-1", timeout=14_000)
    expect(page.locator("#figures")).to_contain_text("+1,234")
    expect(page.locator("month-chart canvas[data-mark=same]")).to_be_visible()
    expect(page.locator(".chart-table table")).to_be_visible()


def find_anna(page: Page) -> None:
    """Search as one types; the words stay out of the address, and are there again when one comes back."""
    page.get_by_role("link", name="Members", exact=True).click()
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("anna sam")
    expect(page.locator(".found")).to_have_count(1)
    assert page.url.endswith("/console/members/")
    page.locator(".found").click()
    expect(page.locator("h1")).to_contain_text("Anna Sample 1")
    page.go_back()
    expect(page.locator(".found")).to_have_count(1)
    page.locator("h1").click()
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("nobody like this")
    expect(page.locator("#found")).to_contain_text("Nobody found")
    page.fill("#q", "+1 (212) 555-01-01")
    page.locator(".found").click()


def read_about_anna(page: Page) -> None:
    """Open every tab; a receipt and a message unfold."""
    expect(page.locator("h1 .badge")).to_have_text("synthetic")
    page.get_by_role("link", name="Receipts", exact=True).click()
    second = page.locator("details.receipt").nth(1)
    second.locator("summary").click()
    expect(second).to_contain_text("for every full 1.00")
    page.get_by_role("link", name="Older").click()
    expect(page.get_by_role("link", name="Newest")).to_be_visible()
    page.get_by_role("list", name="About the member").get_by_role("link", name="Messages", exact=True).click()
    page.locator("details.letter summary").first.click()
    frame = page.frame_locator("iframe.preview").first
    expect(frame.locator("body")).to_contain_text(re.compile(r"[Bb]alance"))
    page.get_by_role("link", name="History", exact=True).click()
    expect(page.locator("tbody tr").first).to_contain_text("LIVE-1")


def change_the_looks(page: Page) -> None:
    """Dark stays dark after a reload; so does the language."""
    page.get_by_role("button", name="Account and settings").click()
    page.get_by_role("button", name="Dark").click()
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    page.get_by_role("button", name="Account and settings").click()
    page.get_by_role("button", name="Русский").click()
    expect(page.locator("html")).to_have_attribute("lang", "ru")
    expect(page.locator("h1")).to_contain_text("вымышленный")


@pytest.mark.parametrize("locale", ["en", "ru"])
def test_how_it_looks(site: Site, locale: str) -> None:
    """Every page on a desk and on a phone, one light and one dark: nothing sticks out, nothing complains."""
    with site.visitor(viewport=DESK, locale=locale) as page:
        page.goto(f"/console/setup/{site.story.token}")
        keep(page, f"setup-{locale}-desk-light")
        set_up(page, site, locale)
        state = page.context.storage_state()
    anna = f"/console/members/{site.story.anna}/"
    pages = {
        "dashboard": "/console/",
        "members": "/console/members/",
        "points": anna,
        "history": f"{anna}history/",
        "receipts": f"{anna}receipts/",
        "messages": f"{anna}messages/",
        "empty": f"/console/members/{site.story.ivan}/messages/",
        "audit": "/console/audit/",
        "audit-reading": "/console/audit/?show=reading",
    }
    themes = ("light", "dark") if locale == "en" else ("dark", "light")
    for device, viewport, theme in (("desk", DESK, themes[0]), ("phone", PHONE, themes[1])):
        options = {"viewport": viewport, "color_scheme": theme, "locale": locale, "storage_state": state}
        with site.visitor(**options, reduced_motion="reduce") as page:
            for name, address in pages.items():
                look(page, name, address)
                keep(page, f"{name}-{locale}-{device}-{theme}")
    with site.visitor(viewport=PHONE, locale=locale) as page:
        page.goto("/console/sign-in/")
        keep(page, f"sign-in-{locale}-phone-light")
    assert site.trouble == []


def look(page: Page, name: str, address: str) -> None:
    """Open a page and unfold what it hides."""
    page.goto(address)
    if name == "members":
        page.locator("#q").press_sequentially("sample")
        page.locator(".found").first.wait_for()
    if name == "dashboard":
        page.locator("month-chart canvas").wait_for()
    if name == "messages":
        page.locator("details.letter summary").first.click()
        page.frame_locator("iframe.preview").first.locator("table").first.wait_for()


def keep(page: Page, name: str) -> None:
    """Keep a screenshot for a look by eye; no page may be wider than its window."""
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)
    wide, window = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert wide <= window, f"{name}: {wide} px in a window of {window} px"


def test_without_scripts(site: Site) -> None:
    """Sign-in, search and every page work without JavaScript; only comfort is missing."""
    with site.visitor(viewport=PHONE, locale="en-US", java_script_enabled=False) as page:
        set_up(page, site)
        page.goto("/console/members/")
        page.fill("#q", "anna")
        page.press("#q", "Enter")
        page.locator(".found").click()
        expect(page.locator("h1")).to_contain_text("Anna Sample 1")
        page.get_by_role("link", name="Receipts", exact=True).click()
        expect(page.locator("details.receipt[open]")).to_have_count(1)
    assert site.trouble == []


def test_by_keyboard_and_with_a_wrong_password(site: Site) -> None:
    """Tab and Enter are enough; a refusal is said in words, beside the form."""
    with site.visitor(viewport=DESK, locale="en-US") as page:
        set_up(page, site)
        page.keyboard.press("Tab")
        expect(page.get_by_text("Skip to content")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("#main")).to_be_focused()
        page.context.clear_cookies()
        page.goto("/console/")
        expect(page.locator("#id_email")).to_be_focused()
        page.keyboard.type(EMAIL)
        page.keyboard.press("Tab")
        page.keyboard.type("not the password")
        assert site.trouble == []
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_have_text("The e-mail and the password do not belong together.")
        site.trouble.clear()  # the browser notes the 422, as it should
        page.fill("#id_password", PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url("**/console/")
    assert site.trouble == []


def test_the_open_tab_is_in_sight_on_a_phone(site: Site) -> None:
    """A member has more tabs than a phone is wide."""
    with site.visitor(viewport=PHONE, locale="en-US") as page:
        set_up(page, site)
        page.goto(f"/console/members/{site.story.anna}/consents/")
        expect(page.locator(".member-tabs .active")).to_be_in_viewport(ratio=0.95)
        page.locator(".member-tabs").evaluate("one => one.scrollLeft = 0")
        expect(page.locator(".member-tabs .active")).not_to_be_in_viewport(ratio=0.95)
    assert site.trouble == []
