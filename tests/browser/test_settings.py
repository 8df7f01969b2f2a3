"""The page of settings in a real browser: on a desk, on a phone, in both languages."""

from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESK, PHONE, Site
from tests.browser.looks import keep, wide
from tests.browser.test_console import set_up
from verno.kit import db
from verno.workspace.places import service
from verno.workspace.places.types import NewPlace, PlaceChange


def open_line(page: Page, key: str) -> None:
    page.locator(f'details[id="{key}"] summary').click()


@pytest.mark.parametrize(("locale", "size"), [("en", DESK), ("ru", PHONE)], ids=["desk", "phone"])
def test_an_owner_says_what_a_point_pays(site: Site, locale: str, size: dict[str, int]) -> None:
    with site.visitor(viewport=size, locale="en-US") as page:
        set_up(page, site, locale)
        page.goto("/console/settings/?scope=unit%3Dpoints")
        keep(page, f"settings-{locale}-unit")
        open_line(page, "spend.value")
        line = page.locator('details[id="spend.value"]')
        line.locator("input[name=value]").fill("0.50")
        line.locator("button.btn-primary").click()
        expect(line.locator(".alert-danger")).to_contain_text("50 %")
        keep(page, f"settings-{locale}-warned")
        line.locator("button.btn-danger").click()
        expect(line.locator("summary")).to_contain_text({"en": "$0.50", "ru": "0,50"}[locale])
        open_line(page, "points.expiry")
        line = page.locator('details[id="points.expiry"]')
        line.locator("select").select_option("end-of-year")
        line.locator("input[name=detail]").fill("2")
        line.locator("button.btn-primary").click()
        words = {"en": "at the end of the year, 2 periods later", "ru": "в конце года, на 2 периода позже"}
        expect(line.locator("summary")).to_contain_text(words[locale])
        page.goto("/console/settings/")
        keep(page, f"settings-{locale}-program")
    # The page that asks once more is a 422, as every form that was not taken is.
    assert [one for one in site.trouble if "422" not in one] == []


@pytest.mark.parametrize(("locale", "size"), [("en", DESK), ("ru", PHONE)], ids=["desk", "phone"])
def test_an_owner_puts_stores_into_a_region(site: Site, locale: str, size: dict[str, int]) -> None:
    program, now = site.story.shop.program.id, datetime.now(UTC)
    with db.transaction(program) as conn:
        wanted = [
            NewPlace("spb-1", "Nevsky prospekt 100", region="north"),
            NewPlace("spb-2", "Ligovsky prospekt 3"),
            NewPlace("vvo-1", "Svetlanskaya 33", "Asia/Vladivostok"),
        ]
        service.add(conn, program, wanted, now=now)
        service.change(conn, program, [PlaceChange("vvo-1", legal_entity="Daisy and Daughters LLC")], now=now)
    with site.visitor(viewport=size, locale="en-US") as page:
        set_up(page, site, locale)
        page.goto("/console/settings/")
        page.locator("main a[href$='/settings/places/']").click()
        assert not wide(page)
        page.locator("button[value=set]").click()
        expect(page.locator(".alert-danger")).to_be_visible()
        keep(page, f"settings-{locale}-places-refused")
        page.get_by_label("Ligovsky prospekt 3").check()
        page.locator("#id_region").fill("north")
        page.locator("#id_region").press("Enter")
        expect(page.locator("tr", has_text="Ligovsky")).to_contain_text("north")
        keep(page, f"settings-{locale}-places")
    assert [one for one in site.trouble if "422" not in one] == []


@pytest.mark.parametrize(("locale", "size"), [("en", PHONE), ("ru", DESK), ("ru", PHONE)], ids=str)
def test_codes_of_a_list_are_ticked_and_put_in_order(site: Site, locale: str, size: dict[str, int]) -> None:
    with site.visitor(viewport=size, locale="en-US") as page:
        set_up(page, site, locale)
        page.goto("/console/settings/")
        open_line(page, "messages.notices")
        line = page.locator('details[id="messages.notices"]')
        keep(page, f"settings-{locale}-{size['width']}-notices", by_night=True)
        line.get_by_label({"en": "Points that have ended", "ru": "Баллы сгорели"}[locale]).uncheck()
        line.locator("button.btn-primary").click()
        words = {"en": "all but: points that have ended", "ru": "все, кроме: баллы сгорели"}
        expect(line.locator("summary")).to_contain_text(words[locale])
        open_line(page, "messages.notice_channels")
        line = page.locator('details[id="messages.notice_channels"]')
        line.locator("select").nth(0).select_option("telegram")
        line.locator("select").nth(1).select_option("email")
        keep(page, f"settings-{locale}-{size['width']}-channels", by_night=True)
        line.locator("button.btn-primary").click()
        expect(line.locator("summary")).to_contain_text("Telegram, ")
        open_line(page, "adjust.reasons")
        keep(page, f"settings-{locale}-{size['width']}-reasons", by_night=True)
    assert site.trouble == []
