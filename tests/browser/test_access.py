"""Staff, audit and the back room in a real browser: nothing from elsewhere, no script refused, both languages."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESK, PHONE, SCREENSHOTS, Site
from tests.browser.test_console import set_up


def test_somebody_is_added_and_seen_in_the_audit(site: Site) -> None:
    with site.visitor(viewport=DESK, locale="en-US") as page:
        set_up(page, site)
        page.get_by_role("link", name="Staff", exact=True).click()
        page.fill("#id_name", "Olga")
        page.fill("#id_email", "olga@example.com")
        page.select_option("#id_role", "cashier")
        page.get_by_role("button", name="Add", exact=True).click()
        link = page.get_by_label("Link").input_value()
        page.get_by_role("link", name="Audit", exact=True).click()
        expect(page.locator("table")).to_contain_text("Person added")
        with site.visitor(viewport=PHONE, locale="ru-RU") as guest:
            guest.goto(link)
            guest.fill("#id_password", "orange lamp river 43")
            guest.select_option("#id_locale", "ru")
            guest.click("button.btn-primary")
            guest.wait_for_url("**/console/members/")
            expect(guest.locator("h1")).to_have_text("Участники")
    assert site.trouble == []


@pytest.mark.parametrize(("locale", "words"), [("en", "Transfers"), ("ru", "Переводы")])
def test_the_back_room_works_under_its_policy(site: Site, locale: str, words: str) -> None:
    with site.visitor(viewport=DESK) as page:
        set_up(page, site, locale)
        page.goto("/backroom/")
        page.locator("#content table").get_by_role("link", name=words, exact=True).click()
        expect(page.locator("#changelist")).to_contain_text("earn")
        page.screenshot(path=SCREENSHOTS / f"backroom-{locale}-desk-light.png", full_page=False)
        page.locator("input[name=q]").fill(site.story.anna)
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile(f"q={site.story.anna}"))
        expect(page.locator("#changelist")).to_contain_text(site.story.anna)
        page.locator("#changelist tbody th a").first.click()
        expect(page.locator("main, #content").first).to_contain_text("debit_account_id")
        page.locator("[x-on\\:click*=openUserLinks]").click()
        expect(page.locator("#logout-form")).to_be_visible()  # Alpine runs
    assert site.trouble == []
