"""Staff sends a link at a desk; the member fetches their data with it and a code, on a phone; in both languages."""

import re
from zipfile import ZipFile

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESK, PHONE, Site
from tests.browser.looks import keep
from tests.browser.test_console import PASSWORD, set_up
from tests.privacy.test_handing import told
from verno.kit import db

SAID = {
    "en": {"sent": "Sent, works until", "wrong": "This is not the code.", "stale": "This link does not work any more"},
    "ru": {"sent": "Отправлена, работает до", "wrong": "Это не тот код.", "stale": "Ссылка больше не работает"},
}


@pytest.mark.parametrize("locale", ["en", "ru"])
def test_a_member_fetches_their_data(site: Site, locale: str) -> None:
    said = SAID[locale]
    with db.transaction() as conn:
        row = conn.execute(
            "UPDATE members_identity SET verified_at = now(), verified_by = 'x' WHERE kind IN ('email', 'phone')"
            " AND holder_id = (SELECT e.holder_id FROM members_identity e JOIN members_identity p USING (holder_id)"
            " WHERE e.kind = 'email' AND p.kind = 'phone' LIMIT 1) RETURNING holder_id::text"
        ).fetchone()
    assert row
    who = row[0]
    with site.visitor(viewport=DESK) as page:
        set_up(page, site, locale)
        page.goto(f"/console/members/{who}/privacy/")
        page.locator("#export-password").fill(PASSWORD)
        page.locator("button[value=send]").click()
        expect(page.locator("body")).to_contain_text(said["sent"])
        keep(page, f"handing-{locale}-desk", by_night=True)
        page.set_viewport_size({"width": 390, "height": 844})
        keep(page, f"handing-{locale}-staff-phone", by_night=True)
    link = re.search(r"/x/\S+", told(who, "email"))
    assert link
    address = f"{link[0]}?lang={locale}"
    with site.visitor(viewport=PHONE) as page:
        page.goto(address)
        keep(page, f"handing-{locale}-ask", by_night=True)
        page.locator("button[value=code]").click()
        expect(page.locator("#code")).to_be_focused()
        code = re.search(r"\b\d{6}\b", told(who, "sms"))
        assert code
        page.locator("#code").fill("000001" if code[0] == "000000" else "000000")
        assert not site.trouble
        page.locator("button[value=check]").click()
        expect(page.get_by_role("alert")).to_contain_text(said["wrong"])
        site.trouble.clear()  # the browser tells of the 422 as it should
        keep(page, f"handing-{locale}-code", by_night=True)
        page.locator("#code").fill(code[0])
        with page.expect_download() as coming:
            page.locator("button[value=check]").click()
        with ZipFile(coming.value.path()) as archive:
            assert "everything.json" in archive.namelist()
        assert not site.trouble
        page.goto(address)
        expect(page.locator("h1")).to_have_text(said["stale"])
        keep(page, f"handing-{locale}-stale", by_night=True)
