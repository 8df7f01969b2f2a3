"""Files of members and personal data in a real browser: import, download, a request, an erasure; desk and phone."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESK, PHONE, Site
from tests.browser.looks import keep
from tests.browser.test_console import PASSWORD, set_up
from verno.imports.members import uploads
from verno.kit.clock import clock

TEXT = "Код;ФИО;Телефон\nzp-1;Анна Плантова;+7 916 000-00-77\nzp-2;Борис Ким;12\nzp-3;Вера Седова;\n"
SAID = {
    "en": {"new": "New members", "imported": "Imported", "erased": "erased", "asked": "Nobody writes to the member"},
    "ru": {"new": "Новые участники", "imported": "Загружено", "erased": "удал", "asked": "больше никто не пишет"},
}


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
        keep(page, f"people-{locale}-members", by_night=True)
        page.goto("/console/members/import/")
        file = {"name": "клиенты.csv", "mimeType": "text/csv", "buffer": TEXT.encode()}
        page.locator("[name=file]").set_input_files(file)  # type: ignore[arg-type]
        keep(page, f"people-{locale}-import", by_night=True)
        page.locator("form[enctype] button[type=submit]").click()
        keep(page, f"people-{locale}-checking", by_night=True)
        work(site)
        expect(page.locator("table").first).to_contain_text(said["new"], timeout=15_000)
        keep(page, f"people-{locale}-checked", by_night=True)
        page.locator("button[value=start]").click()
        work(site)
        expect(page.locator("table").first).to_contain_text(said["imported"], timeout=15_000)
        keep(page, f"people-{locale}-imported", by_night=True)
        page.goto("/console/members/import/")
        keep(page, f"people-{locale}-imports", by_night=True)
        member = f"/console/members/{site.story.anna}/privacy/"
        page.goto(member)
        keep(page, f"people-{locale}-privacy", by_night=True)
        page.locator("#export-password").fill(PASSWORD)
        with page.expect_download() as download:
            page.locator("button[value=export]").click()
        assert download.value.suggested_filename.endswith(".zip")
        page.locator("button[value=ask]").click()
        expect(page.locator("main")).to_contain_text(said["asked"])
        keep(page, f"people-{locale}-asked", by_night=True)
        page.goto("/console/members/erasures/")
        keep(page, f"people-{locale}-requests", by_night=True)
        page.goto(member)
        page.locator("#erase-password").fill("wrong")
        page.locator("button[value=erase]").click()
        expect(page.locator("[role=alert]")).to_be_visible()
        keep(page, f"people-{locale}-wrong", by_night=True)
        page.locator("#erase-password").fill(PASSWORD)
        page.locator("button[value=erase]").click()
        expect(page.locator("table")).to_contain_text(said["erased"])
        keep(page, f"people-{locale}-erased", by_night=True)


LIST = (
    "Адрес;Причина;Дата\nzoya@example.org;отписка;2026-03-05\n+7 916 000-00-77;спам;\nникто;;\nx@example.org;устал;\n"
)
BROUGHT = {
    "en": ("New addresses", "is neither an e-mail address nor a phone number", "Taken over"),
    "ru": ("Новые адреса", "это не почта и не телефон", "Загружено"),
}


@pytest.mark.parametrize(("locale", "size"), [("en", PHONE), ("ru", DESK)], ids=["phone", "desk"])
def test_a_list_of_whom_not_to_write_to_is_taken_over(site: Site, locale: str, size: dict[str, int]) -> None:
    new, why, done = BROUGHT[locale]
    with site.visitor(viewport=size, locale="en-US") as page:
        set_up(page, site, locale)
        page.goto("/console/members/import/")
        keep(page, f"people-{locale}-import-with-list", by_night=True)
        page.locator("main a[href$='/suppressions/']").click()
        expect(page.locator("select[name=reason]")).to_be_visible()
        keep(page, f"people-{locale}-list", by_night=True)
        file = {"name": "отписки.csv", "mimeType": "text/csv", "buffer": LIST.encode()}
        page.locator("[name=file]").set_input_files(file)  # type: ignore[arg-type]
        page.locator("form[enctype] button[type=submit]").click()
        expect(page.locator("main")).to_contain_text(new)
        expect(page.locator("main")).to_contain_text(why)
        keep(page, f"people-{locale}-list-seen", by_night=True)
        page.locator("form:has([name=box]) button").click()
        expect(page.locator("main h2").first).to_have_text(done)
        keep(page, f"people-{locale}-list-done", by_night=True)
    assert site.trouble == []
