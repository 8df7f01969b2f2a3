"""Duplicates, a merge, a household and a company's contacts in a real browser, on a desk and on a phone."""

from datetime import date, timedelta

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESK, PHONE, Site
from tests.browser.looks import keep
from tests.browser.test_console import set_up
from tests.builders import NOW
from verno.kit import db
from verno.members import service
from verno.members.likeness import service as likeness
from verno.members.types import Created, MemberKind, NewMember


def join(site: Site, code: str, **given: object) -> str:
    with db.transaction() as conn:
        (made,) = service.upsert(conn, site.story.shop.program, [NewMember(code, **given)], now=NOW)  # type: ignore[arg-type]
    assert isinstance(made, Created), made
    return made.member_id


@pytest.mark.parametrize(("locale", "size"), [("en", DESK), ("ru", PHONE)], ids=["desk", "phone-ru"])
def test_two_members_are_seen_to_be_one(site: Site, locale: str, size: dict[str, int]) -> None:
    born = date(1980, 5, 17)
    one, other = (join(site, code, name="Ольга Петрова", birth_date=born) for code in ("d1", "d2"))
    firm = join(site, "firm", name="ООО «Ромашка»", kind=MemberKind.COMPANY)
    program = site.story.shop.program.id
    with db.transaction(program) as conn:
        while likeness.find(conn, program, now=NOW + timedelta(hours=1)):
            pass
    name = f"{locale}-{size['width']}"
    with site.visitor(viewport=size, locale=locale) as page:
        set_up(page, site, locale)
        page.goto(f"/console/members/{firm}/contacts/")
        page.locator("[name=name]").fill("Анна")
        keep(page, f"alike-contacts-{name}")
        page.goto(f"/console/members/{one}/household/")
        keep(page, f"alike-household-{name}")
        page.locator("form button[type=submit][value=open]").click()
        expect(page.get_by_role("status")).to_be_visible()
        keep(page, f"alike-household-open-{name}")
        page.goto("/console/members/duplicates/")
        expect(page.get_by_text("Ольга Петрова").first).to_be_visible()
        keep(page, f"alike-duplicates-{name}")
        page.locator(f"a[href*='{one}/merge/'], a[href*='{other}/merge/']").first.click()
        keep(page, f"alike-merge-{name}")
    assert site.trouble == []
