""" "This was not me" in a real browser: the link's page, the list, the answer, the correction that is filled in."""

from datetime import UTC, datetime

import msgspec
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESK, PHONE, Site
from tests.browser.looks import keep
from tests.browser.test_console import set_up
from verno.intake import queries as intake
from verno.kit import db
from verno.members import service as members
from verno.messaging import service
from verno.messaging.disputes import links
from verno.messaging.letters import notice
from verno.messaging.letters.notice import Move, Told
from verno.messaging.notices.reader import TOPICS
from verno.messaging.types import Draft, Planned, Withheld

SAID = {
    "en": {"button": "This was not me", "done": "Thank you, we are looking into it", "upheld": "The member was right"},
    "ru": {"button": "Это был не я", "done": "Спасибо, проверяем", "upheld": "Участник был прав"},
}


def told(site: Site, locale: str) -> str:
    """Have the last purchase told to its member; returns the path of the notice's link."""
    shop, anna, now = site.story.shop, site.story.anna, datetime.now(UTC)
    with db.transaction(shop.program.id) as conn:
        members.ensure_topics(conn, shop.program.id, TOPICS)
        receipt = intake.receipts(conn, anna, limit=3)[-1]
        about = notice.Context(
            Told.RECEIPT, [Move("points", 0, receipt.points)], receipt.at.date(), receipt.place_name, receipt.number
        )
        draft = Draft(
            anna,
            "points-moves",
            notice.TEMPLATE,
            locale,
            msgspec.to_builtins(about),
            f"receipt.settled.v1/{receipt.id}",
        )
        [planned] = service.plan(conn, shop.program.id, [draft], now=now)
    assert isinstance(planned, Planned | Withheld)
    return f"/d/{links.token(planned.message_id)}"


@pytest.mark.parametrize(("locale", "size"), [("en", DESK), ("ru", PHONE)], ids=["desk", "phone"])
def test_a_dispute_from_the_link_to_the_correction(site: Site, locale: str, size: dict[str, int]) -> None:
    name = f"{locale}-{'desk' if size is DESK else 'phone'}"
    where = told(site, locale)
    with site.visitor(viewport=size) as page:
        page.goto(where)
        keep(page, f"disputes-{name}-1-link", by_night=True)
        page.locator("textarea").fill("I was at sea <script>alert(1)</script>")
        page.get_by_role("button", name=SAID[locale]["button"]).click()
        expect(page.locator("h1")).to_have_text(SAID[locale]["done"])
        keep(page, f"disputes-{name}-2-done", by_night=True)
    with site.visitor(viewport=size, locale=locale) as page:
        set_up(page, site, locale)
        keep(page, f"disputes-{name}-3-dashboard", by_night=True)
        page.goto("/console/members/disputes/")
        keep(page, f"disputes-{name}-4-list", by_night=True)
        page.locator("table a").first.click()
        keep(page, f"disputes-{name}-5-detail", by_night=True)
        page.locator("#words").fill("Sorry! The till had the wrong card.")
        page.locator("button[value=upheld]").click()
        expect(page.locator("#main")).to_contain_text(SAID[locale]["upheld"])
        keep(page, f"disputes-{name}-6-upheld", by_night=True)
        page.locator("a[href*=corrections]").click()
        expect(page.locator("[name=way]")).to_have_value("take")
        keep(page, f"disputes-{name}-7-correction", by_night=True)
        page.goto("/console/members/disputes/?state=rejected")
        keep(page, f"disputes-{name}-8-none", by_night=True)
    assert site.trouble == []
