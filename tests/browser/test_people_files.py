"""Files of members and personal data in a real browser: import, download, a request, an erasure; desk and phone."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESK, PHONE, Site
from tests.browser.test_console import PASSWORD, set_up
from verno.imports.members import uploads
from verno.kit.clock import clock

WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
TEXT = "Код;ФИО;Телефон\nzp-1;Анна Плантова;+7 916 000-00-77\nzp-2;Борис Ким;12\nzp-3;Вера Седова;\n"
SAID = {
    "en": {"new": "New members", "imported": "Imported", "erased": "erased", "asked": "Nobody writes to the member"},
    "ru": {"new": "Новые участники", "imported": "Загружено", "erased": "удал", "asked": "больше никто не пишет"},
}


def keep(page: Page, name: str) -> None:
    """Keep a picture where somebody wants to look, by day and by night."""
    assert not page.evaluate(WIDE), name
    folder = os.environ.get("VERNO_TEST_PICTURES")
    if folder:
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.wait_for_timeout(400)  # colours fade
            page.screenshot(path=str(Path(folder) / f"people-{name}-{scheme}.png"), full_page=True)
        page.emulate_media(color_scheme="light")


def work(site: Site) -> None:
    uploads.work(site.story.shop.program, stopping=lambda: False, now=clock.now())


@pytest.mark.parametrize(("locale", "size"), [("en", DESK), ("ru", PHONE)], ids=["desk", "phone"])
def test_members_come_by_file_and_one_is_forgotten(
    site: Site, locale: str, size: dict[str, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VERNO_BACKUPS", str(tmp_path))
    said = SAID[locale]
    with site.visitor(viewport=size, locale="en-US") as page:
        set_up(page, site, locale)
        page.goto("/console/members/")
        keep(page, f"{locale}-members")
        page.goto("/console/members/import/")
        file = {"name": "клиенты.csv", "mimeType": "text/csv", "buffer": TEXT.encode()}
        page.locator("[name=file]").set_input_files(file)  # type: ignore[arg-type]
        keep(page, f"{locale}-import")
        page.locator("form[enctype] button[type=submit]").click()
        keep(page, f"{locale}-checking")
        work(site)
        expect(page.locator("table")).to_contain_text(said["new"], timeout=15_000)
        keep(page, f"{locale}-checked")
        page.locator("button[value=start]").click()
        work(site)
        expect(page.locator("table")).to_contain_text(said["imported"], timeout=15_000)
        keep(page, f"{locale}-imported")
        page.goto("/console/members/import/")
        keep(page, f"{locale}-imports")
        member = f"/console/members/{site.story.anna}/privacy/"
        page.goto(member)
        keep(page, f"{locale}-privacy")
        page.locator("#export-password").fill(PASSWORD)
        with page.expect_download() as download:
            page.locator("button[value=export]").click()
        assert download.value.suggested_filename.endswith(".zip")
        page.locator("button[value=ask]").click()
        expect(page.locator("main")).to_contain_text(said["asked"])
        keep(page, f"{locale}-asked")
        page.goto("/console/members/erasures/")
        keep(page, f"{locale}-requests")
        page.goto(member)
        page.locator("#erase-password").fill("wrong")
        page.locator("button[value=erase]").click()
        expect(page.locator("[role=alert]")).to_be_visible()
        keep(page, f"{locale}-wrong")
        page.locator("#erase-password").fill(PASSWORD)
        page.locator("button[value=erase]").click()
        expect(page.locator("table")).to_contain_text(said["erased"])
        keep(page, f"{locale}-erased")
