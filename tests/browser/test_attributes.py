"""Attributes in a real browser: an industry's pack, the list, a form; on a desk, on a phone, in both languages."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESK, PHONE, Site
from tests.browser.looks import keep
from tests.browser.test_console import set_up

WIDE = "[...document.querySelectorAll('.row-cards, .page-top')].some(one => one.scrollWidth > one.clientWidth + 20)"
SAID = {"en": ("Take the pack", "Pets", "Declare"), "ru": ("Взять набор", "Питомцы", "Описать")}


@pytest.mark.parametrize("locale", ["en", "ru"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_pack_is_taken_and_an_attribute_declared(site: Site, locale: str, size: dict[str, int]) -> None:
    take, pets, declare = SAID[locale]
    name = f"{locale}-{size['width']}"
    with site.visitor(viewport=size, locale=locale) as page:
        set_up(page, site, locale)
        page.goto("/console/members/packs/")
        keep(page, f"attributes-packs-{name}", by_night=True)
        page.get_by_role("button", name=take).nth(2).click()
        expect(page.get_by_role("status")).to_be_visible()
        assert not page.evaluate(WIDE)
        page.goto("/console/members/attributes/")
        expect(page.get_by_role("link", name=pets, exact=True)).to_be_visible()
        page.locator("[name=name]").fill("shelf")
        page.locator("[name=kind]").select_option("choice")
        page.get_by_role("button", name=declare, exact=True).click()
        expect(page.get_by_role("alert").first).to_be_visible()
        keep(page, f"attributes-refused-{name}", by_night=True)
        assert not page.evaluate(WIDE)
        page.locator("[name=choices]").fill("a = первая | first")
        page.get_by_role("button", name=declare, exact=True).click()
        expect(page.get_by_text("shelf")).to_be_visible()
        keep(page, f"attributes-list-{name}", by_night=True)
        page.get_by_role("link", name=pets, exact=True).click()
        keep(page, f"attributes-form-{name}", by_night=True)
        assert not page.evaluate(WIDE)
    assert [one for one in site.trouble if "422" not in one] == []


@pytest.mark.parametrize("locale", ["en", "ru"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_district_is_drawn(site: Site, locale: str, size: dict[str, int]) -> None:
    name = f"districts-{locale}-{size['width']}"
    with site.visitor(viewport=size, locale=locale) as page:
        set_up(page, site, locale)
        page.goto("/console/members/districts/")
        keep(page, f"attributes-none-{name}", by_night=True)
        for field, said in (("name_ru", "Центр"), ("name_en", "Centre"), ("code", "centre"), ("polygon", "{")):
            page.locator(f"[name={field}]").fill(said)
        page.locator("[name=kind]").select_option("polygon")
        page.locator("form button.btn-primary[type=submit]").click()
        expect(page.get_by_role("alert").first).to_be_visible()
        keep(page, f"attributes-refused-{name}", by_night=True)
        assert not page.evaluate(WIDE)
        border = '{"type": "Polygon", "coordinates": [[[37, 55], [38, 55], [38, 56], [37, 55]]]}'
        page.locator("[name=polygon]").fill(border)
        page.locator("form button.btn-primary[type=submit]").click()
        page.get_by_role("link", name="Centre" if locale == "en" else "Центр", exact=True).click()
        keep(page, f"attributes-{name}", by_night=True)
        assert not page.evaluate(WIDE)
    assert [one for one in site.trouble if "422" not in one] == []
