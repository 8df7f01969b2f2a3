"""A day at the till, seen from the console: spent, set aside, returned, owed, explained; both languages, both sizes."""

from datetime import UTC, datetime, timedelta

from playwright.sync_api import Page, expect

from tests.browser.conftest import DESK, PHONE, SCREENSHOTS, Site
from tests.browser.test_console import set_up
from verno.intake import context
from verno.intake import service as intake
from verno.intake.returns import service as returning
from verno.intake.returns.types import Original, Return
from verno.intake.types import Line, LineQuantity, MemberRef, Receipt, Settled, Wish
from verno.kit import db
from verno.ledger import queries as ledger
from verno.workspace import settings

ANNA = MemberRef(external_id="1")


def a_day(site: Site) -> str:
    """Sell with points, set points aside, take half of a sale back; returns the id of the sale's earning."""
    now = datetime.now(UTC)
    program = site.story.shop.program.id
    with db.transaction() as conn:
        written = settings.write(conn, program, "spend.value", 100, scope="unit=points", now=now)
        assert isinstance(written, settings.Value), written
        context.forget()
        about = context.of(conn, program)
        lines = [Line("Coffee beans 500 g", "2", 45_000), Line("Honey", "1", 12_345)]
        spent = Receipt("DAY-1", "msk-1", now, lines, member=ANNA, spend=[Wish("points", 100)], cashier="c-17")
        held = Receipt("DAY-2", "msk-1", now, lines[:1], member=ANNA, spend=[Wish("points", 50)], hold=True)
        done = intake.settle(conn, about, [spent, held], now=now).outcomes
        assert all(isinstance(one, Settled) for one in done), done
        original = Original(place="msk-1", number="DAY-1")
        back = Return("DAY-R", "msk-1", now, original, lines=[LineQuantity(1, "1")])
        returned = returning.take(conn, about, [back], now=now + timedelta(seconds=1)).outcomes
        assert isinstance(returned[0], Settled), returned
        found = ledger.transfers(conn, site.story.anna, limit=10)
        sale = done[0]
        assert isinstance(sale, Settled)
        return next(row.id for row in found if row.kind == "earn" and row.operation_id == sale.receipt_id)


def look(page: Page, name: str) -> None:
    """Keep a screenshot; a page must not be wider than its screen."""
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth + 1"), name
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)


def test_a_day_at_the_till(site: Site) -> None:
    earning = a_day(site)
    member = f"/console/members/{site.story.anna}"
    pages = {
        "points": f"{member}/", "history": f"{member}/history/", "receipts": f"{member}/receipts/",
        "explanation": f"{member}/history/{earning}/",
    }  # fmt: skip
    with site.visitor(viewport=DESK, locale="en-US") as page:
        set_up(page, site)
        page.goto(pages["points"])
        expect(page.get_by_role("heading", name="Set aside for purchases")).to_be_visible()
        expect(page.locator(".card", has_text="Set aside for purchases")).to_contain_text("50")
        page.goto(pages["receipts"])
        expect(page.locator(".receipts")).to_contain_text("Return DAY-R")
        expect(page.locator(".receipts")).to_contain_text("Set aside")
        page.goto(pages["history"])
        expect(page.locator("table")).to_contain_text("Taken back")
        expect(page.locator("table")).to_contain_text("Put back")
        page.get_by_role("link", name="Spent", exact=True).first.click()
        expect(page.get_by_role("heading", name="Which points these were")).to_be_visible()
        page.goto(pages["explanation"])
        expect(page.get_by_role("heading", name="The rules", exact=True)).to_be_visible()
        expect(page.locator("tfoot")).to_contain_text("473.45")
        expect(page.get_by_role("heading", name="What became of these points")).to_be_visible()
        for name, address in pages.items():
            page.goto(address)
            look(page, f"till-day-{name}-desk-en")
    with db.transaction() as conn:
        conn.execute("UPDATE workspace_staff SET locale = 'ru'")
    with site.visitor(viewport=PHONE, locale="ru-RU", color_scheme="dark") as page:
        page.goto("/console/sign-in/")
        page.fill("#id_email", "vera@example.com")
        page.fill("#id_password", "orange lamp river 42")
        page.click("button.btn-primary")
        page.wait_for_url("**/console/")
        for name, address in pages.items():
            page.goto(address)
            look(page, f"till-day-{name}-phone-ru-dark")
    assert site.trouble == []
