"""The editor of templates by the keyboard alone: a part added and written, another language, saved, seen, published."""

import pytest
from playwright.sync_api import Dialog, Locator, Page, expect

from tests.browser.conftest import DESK, Site
from tests.browser.looks import keep
from tests.browser.test_console import set_up
from tests.browser.test_templates import LIST, begin, prepare

MOST_TABS = 120


def reach(page: Page, target: Locator) -> None:
    """Tab until something has the focus, as somebody without a mouse does."""
    for _ in range(MOST_TABS):
        if target.evaluate("one => one === document.activeElement"):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"out of reach: {target}")


def press(page: Page, target: Locator, key: str = "Enter") -> None:
    reach(page, target)
    page.keyboard.press(key)


def cell(page: Page, channel: str, language: str) -> Locator:
    return page.locator(f"td a[href$='/{channel}/{language}/']")


def add_a_part(page: Page) -> None:
    """Behind the chosen one, and right into its words; moved, copied, and one of the two removed."""
    words = page.locator(".letter-chosen textarea")
    canvas = page.frame_locator(".letter-canvas iframe.gjs-frame")
    press(page, page.locator("[data-add=text]"))
    expect(words).to_be_focused()
    page.keyboard.press("Control+A")
    page.keyboard.type("Written by keys:")
    press(page, page.locator(".tag-menu summary"))
    press(page, page.locator("[data-insert*='member.first_name']"))
    expect(words).to_be_focused()
    expect(canvas.locator("body")).to_contain_text("Written by keys:{{ member.first_name")
    keep(page, "keys-written")
    press(page, page.locator(".letter-acts button", has_text="Move up"))
    expect(page.locator(".letter-acts button", has_text="Move up")).to_be_focused()
    press(page, page.locator(".letter-acts button", has_text="Copy it"), "Space")
    expect(page.locator(".letter-part", has_text="Written by keys")).to_have_count(2)
    press(page, page.locator(".letter-acts button", has_text="Remove it"))
    expect(page.locator(".letter-part", has_text="Written by keys")).to_have_count(1)
    expect(page.locator(".letter-part:focus")).to_have_count(1)  # the row that took its place, not the page's top


def write_in_russian(page: Page) -> None:
    """Under another tab, as source too."""
    canvas = page.frame_locator(".letter-canvas iframe.gjs-frame")
    press(page, page.locator("a[href$='/email/ru/']"))
    expect(canvas.locator("body")).to_contain_text("программ", timeout=20_000)
    press(page, page.locator("[data-view=source]"))
    source = page.locator("textarea[name=body]")
    reach(page, source)
    page.keyboard.press("Control+Home")
    assert "Написано клавишами" not in source.input_value()
    reach(page, page.locator("input[name=preheader]"))
    page.keyboard.press("Control+A")
    page.keyboard.type("Написано клавишами")
    press(page, page.locator("button[value=save]"))
    expect(page.locator(".alert-success")).to_be_visible()


def test_a_letter_is_written_and_published_without_a_mouse(site: Site) -> None:
    prepare(site)
    with site.visitor(viewport=DESK, locale="en-US") as page:
        set_up(page, site, "en")
        begin(page, "welcome")
        press(page, cell(page, "email", "en"))
        canvas = page.frame_locator(".letter-canvas iframe.gjs-frame")
        expect(canvas.locator("body")).to_contain_text("Thank you for joining", timeout=20_000)
        press(page, page.locator(".letter-part", has_text="Thank you for joining"))
        words = page.locator(".letter-chosen textarea")
        expect(words).to_be_focused()
        page.keyboard.press("Escape")
        chosen = page.locator(".letter-part[aria-current]")
        expect(chosen).to_be_focused()
        expect(chosen).to_contain_text("Thank you for joining")

        add_a_part(page)
        press(page, page.locator("input[name=subject]"))  # which saves, as Enter in a field does
        expect(page.locator(".alert-success")).to_be_visible()
        assert page.locator("textarea[name=body]").input_value().count("Written by keys") == 1
        write_in_russian(page)
        press(page, page.locator("form a.btn[href*='/preview/']"))
        expect(page.frame_locator("iframe.letter-frame >> nth=1").locator("body")).to_contain_text("Written by keys")
        press(page, page.locator("a.back"))
        press(page, page.locator("button[value=publish]"))
        expect(page.locator(".badge-yes").first).to_be_visible()
    assert site.trouble == []


def test_what_is_written_and_not_saved_is_asked_about(site: Site) -> None:
    """Another language is another page: nobody loses a letter by looking there."""
    prepare(site)
    asked: list[str] = []
    with site.visitor(viewport=DESK, locale="en-US") as page:
        set_up(page, site, "en")
        begin(page, "welcome")

        def stay(dialog: Dialog) -> None:
            asked.append(dialog.type)
            dialog.dismiss()

        page.on("dialog", stay)
        for channel, field in (("sms", "textarea[name=body]"), ("email", "input[name=subject]")):
            here = f"{LIST}welcome/{channel}/en/"
            page.goto(here)
            page.locator(field).press("End")
            page.keyboard.type("!")
            page.locator("a.btn[href$='/ru/']").click()
            page.wait_for_timeout(300)
            assert page.url.endswith(here)
            assert asked.pop() == "beforeunload"
            page.locator("button[value=save]").click()
            expect(page.locator(".alert-success")).to_be_visible()
            page.locator("a.btn[href$='/ru/']").click()
            page.wait_for_url("**/ru/")
            assert asked == []
    assert site.trouble == []


def test_a_tag_goes_where_somebody_wrote_last(site: Site) -> None:
    prepare(site)
    with site.visitor(viewport=DESK, locale="en-US") as page:
        set_up(page, site, "en")
        begin(page, "welcome")
        page.goto(f"{LIST}welcome/email/en/")
        subject, words = page.locator("input[name=subject]"), page.locator(".letter-chosen textarea")
        part = page.locator(".letter-part", has_text="Thank you for joining")
        part.click(timeout=20_000)
        page.locator(".tag-menu summary").click()
        tag = page.locator("[data-insert='{{ program.name }}']")
        before = words.input_value()
        subject.fill("")
        tag.click()
        assert (subject.input_value(), words.input_value()) == ("{{ program.name }}", before)
        page.locator(".letter-part", has_text="Button").click()
        link = page.locator(".letter-chosen input").first
        link.fill("")
        tag.click()
        expect(link).to_have_value("{{ program.name }}")
        part.click()
        tag.click()
        expect(words).to_have_value(f"{before}{{{{ program.name }}}}")
    assert site.trouble == []
