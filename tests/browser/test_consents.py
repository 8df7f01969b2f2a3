"""Consents in a real browser: topics, a member's tab, the preference page; on a desk, on a phone, in both languages."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESK, PHONE, Site
from tests.browser.looks import keep
from tests.browser.test_console import set_up
from verno.kit import db
from verno.members import queries
from verno.members.types import Wishes
from verno.messaging.preferences import links
from verno.messaging.preferences.links import Address, Person

SAID = {
    "en": {
        "news": "News and offers",
        "saved": "Done, saved.",
        "over": "Done, we no longer write to you.",
        "kept": "You have left everything. You get nothing but receipts and sign-in codes",
    },
    "ru": {
        "news": "Новости и акции",
        "saved": "Готово, сохранили.",
        "over": "Готово, мы больше не пишем.",
        "kept": "Вы отписались от всего. Приходят только чеки и коды входа",
    },
}


def add_news(page: Page, locale: str) -> None:
    page.goto("/console/members/consents/")
    for name, text in (
        ("name_ru", "Новости и акции"),
        ("name_en", "News and offers"),
        ("description_ru", "Новинки и скидки, раз в неделю."),
        ("description_en", "What is new and what is cheaper, once a week."),
        ("code", "news"),
    ):
        page.locator(f"[name={name}]").fill(text)
    page.locator(".card form button[type=submit]").click()
    expect(page.locator("table")).to_contain_text("news")
    keep(page, f"consents-{locale}-topics", by_night=True)


def publish(page: Page, locale: str) -> None:
    page.goto("/console/members/consents/texts/")
    page.locator("[name=text_id]").fill("ads")
    page.locator("[name=purpose]").select_option("advertising")
    page.locator("[name=body_ru]").fill("Согласен получать новости и акции.")
    page.locator("[name=body_en]").fill("I agree to receive news and offers.")
    page.locator(".card form button[type=submit]").click()
    page.locator("details summary").first.click()
    keep(page, f"consents-{locale}-texts", by_night=True)


@pytest.mark.parametrize(("locale", "size"), [("en", DESK), ("ru", PHONE)], ids=["desk", "phone"])
def test_a_marketer_adds_a_topic_and_a_member_agrees_and_leaves(site: Site, locale: str, size: dict[str, int]) -> None:
    program, who = site.story.shop.program.id, site.story.anna
    own = f"/p/{links.preferences_token(Person(program, who))}?lang={locale}"
    with site.visitor(viewport=size, locale="en-US") as page:
        set_up(page, site, locale)
        add_news(page, locale)
        publish(page, locale)
        page.goto(own)
        keep(page, f"consents-{locale}-preferences", by_night=True)
        page.locator('input[name=on][value="news/email"]').check()
        page.locator('button[value="save"]').click()
        expect(page.locator(".done")).to_contain_text(SAID[locale]["saved"])
        keep(page, f"consents-{locale}-saved", by_night=True)
        confirm(page, site, locale)
        page.goto(f"/console/members/{who}/consents/")
        page.locator("details.letter summary").first.click()
        keep(page, f"consents-{locale}-member", by_night=True)
        page.goto(own)
        page.locator('button[value="all"]').click()
        expect(page.locator(".done")).to_contain_text(SAID[locale]["over"])
        expect(page.locator("main")).to_contain_text(SAID[locale]["kept"])
        expect(page.locator('button[value="all"]')).to_have_count(0)
        keep(page, f"consents-{locale}-over", by_night=True)
        page.locator('input[value="too-often"]').check()
        page.locator("textarea").fill("Каждый день!")
        page.locator('button[value="reason"]').click()
        page.goto("/console/members/consents/leaving/")
        expect(page.locator("table")).to_contain_text(SAID[locale]["news"])
        keep(page, f"consents-{locale}-leaving", by_night=True)
    assert site.trouble == []


def confirm(page: Page, site: Site, locale: str) -> None:
    """Press the button that the letter leads to."""
    program, who = site.story.shop.program.id, site.story.anna
    with db.transaction() as conn:
        email = queries.identities(conn, [who])[who]["email"]
    until = datetime.now(UTC) + links.CONFIRM_LIFE
    page.goto(f"/c/{links.confirm_token(Address(program, who, email.value_hash, until))}?lang={locale}")
    keep(page, f"consents-{locale}-confirm", by_night=True)
    page.locator("main button").click()
    keep(page, f"consents-{locale}-confirmed", by_night=True)
    with db.transaction() as conn:
        assert queries.identities(conn, [who])[who]["email"].verified_at is not None


@pytest.mark.parametrize(("locale", "size"), [("ru", DESK), ("en", PHONE)], ids=["desk", "phone"])
def test_less_often_a_pause_and_a_stop_said_aloud(site: Site, locale: str, size: dict[str, int]) -> None:
    program, who = site.story.shop.program.id, site.story.anna
    with site.visitor(viewport=size, locale="en-US") as page:
        set_up(page, site, locale)
        page.goto(f"/p/{links.preferences_token(Person(program, who))}?lang={locale}")
        page.locator('input[name="most_per"][value="7"]').check()
        page.locator('button[value="wish"]').click()
        keep(page, f"consents-{locale}-before-a-pause", by_night=True)
        chosen = datetime.now(UTC).date() + timedelta(days=45)
        page.locator("#until").fill(chosen.isoformat())
        page.locator('button[value="pause"]').click()
        expect(page.locator("#until")).to_have_value(chosen.isoformat())
        page.locator("summary").click()
        keep(page, f"consents-{locale}-paused", by_night=True)
        page.locator("#until").evaluate("field => { field.min = ''; field.value = '2020-02-29' }")
        page.locator('button[value="pause"]').click()
        expect(page.get_by_role("alert")).to_be_visible()
        site.trouble.clear()  # the browser notes the 422, as it should
        keep(page, f"consents-{locale}-no-such-day", by_night=True)
        with db.transaction() as conn:
            wish = queries.wishes(conn, [who]).get(who, Wishes())
        assert wish.most_per == 7
        assert wish.paused_until is not None
        zone = ZoneInfo(site.story.shop.program.timezone)
        assert wish.paused_until.astimezone(zone) == datetime(chosen.year, chosen.month, chosen.day, tzinfo=zone)
        page.goto(f"/console/members/{who}/consents/")
        page.locator("#stop-channel").select_option("email")
        page.locator("button.btn-danger").click()
        keep(page, f"consents-{locale}-stopped", by_night=True)
        page.goto("/console/members/")
        page.locator("input[name=q]").fill("Sample")
        expect(page.locator(".found").first).to_be_visible()
        keep(page, f"consents-{locale}-found", by_night=True)
    assert site.trouble == []
