"""Templates in a real browser: from a layout to a published version, on a desk, on a phone, in both languages."""

from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESK, PHONE, Site
from tests.browser.looks import keep
from tests.browser.test_console import set_up
from verno.kit import db
from verno.members import service as members
from verno.members.types import Topic
from verno.messaging.templates import queries
from verno.workspace import settings
from verno.workspace.audit import SYSTEM

LIST = "/console/messages/templates/"


def prepare(site: Site) -> None:
    program, now = site.story.shop.program.id, datetime.now(UTC)
    with db.transaction(program) as conn:
        members.ensure_topics(conn, program, [Topic("news", "marketing"), Topic("orders", "transactional")])
        settings.write_all(conn, program, {"messages.country": "EU"}, now=now, by=SYSTEM)


FACES = pytest.mark.parametrize(
    ("locale", "size", "scheme"),
    [("en", DESK, "light"), ("ru", PHONE, "dark"), ("ru", DESK, "light"), ("en", PHONE, "light")],
    ids=["desk", "phone", "desk-ru", "phone-en"],
)


def begin(page: Page, layout: str) -> None:
    """Take a layout under its own code and name."""
    page.goto(f"{LIST}new/?layout={layout}")
    page.locator("form button.btn-primary[type=submit]").click()
    expect(page.locator(".alert-success")).to_be_visible()


@FACES
def test_a_template_from_a_layout_to_its_publication(
    site: Site, locale: str, size: dict[str, int], scheme: str
) -> None:
    name = f"{locale}-{size['width']}"
    prepare(site)
    with site.visitor(viewport=size, locale="en-US", color_scheme=scheme) as page:
        set_up(page, site, locale)
        page.goto(LIST)
        keep(page, f"templates-{name}-empty", settle=600)
        page.locator(".empty-action a").click()
        expect(page.locator(".layout-card")).to_have_count(17)
        keep(page, f"templates-{name}-layouts", settle=600)
        page.locator("a[href='?layout=welcome']").click()
        keep(page, f"templates-{name}-begin", settle=600)
        page.locator("form button.btn-primary[type=submit]").click()
        expect(page.locator(".alert-success")).to_be_visible()
        keep(page, f"templates-{name}-template", settle=600)
        page.goto(f"{LIST}welcome/settings/")
        page.locator("input[name=utm_source]").fill("mail")
        keep(page, f"templates-{name}-settings", settle=600)
        page.locator("button.btn-primary[type=submit]").click()
        page.locator("button[value=publish]").click()
        expect(page.locator(".badge-yes").first).to_be_visible()
        keep(page, f"templates-{name}-published", settle=600)
        page.goto(LIST)
        keep(page, f"templates-{name}-list", settle=600)
    with db.transaction(site.story.shop.program.id) as conn:
        stored = queries.template(conn, site.story.shop.program.id, "welcome")
    assert stored is not None
    assert stored.template.utm == {"utm_source": "mail"}
    assert site.trouble == []


@FACES
def test_a_text_is_counted_and_a_member_sees_it(site: Site, locale: str, size: dict[str, int], scheme: str) -> None:
    name = f"{locale}-{size['width']}"
    prepare(site)
    with site.visitor(viewport=size, locale="en-US", color_scheme=scheme) as page:
        set_up(page, site, locale)
        begin(page, "welcome")
        page.goto(f"{LIST}welcome/sms/{locale}/")
        area = page.locator("textarea[name=body]")
        area.fill("")
        page.locator(".tag-menu summary").click()
        page.locator("[data-insert='{{ program.name }}']").click()
        assert area.input_value() == "{{ program.name }}"
        expect(page.locator("[data-segments]")).to_contain_text("8 ")
        area.press_sequentially(" " + "ж" * 70)
        expect(page.locator("[data-segments]")).to_contain_text("2 ")
        page.locator("button[value=save]").click()
        expect(page.locator(".problem-asks")).to_be_visible()
        keep(page, f"templates-{name}-sms", settle=600)
        page.goto(f"{LIST}welcome/preview/?channel=email")
        expect(page.locator("iframe.letter-frame")).to_have_count(2)
        expect(page.frame_locator("iframe.letter-frame >> nth=1").locator("body")).to_contain_text("Welcome")
        keep(page, f"templates-{name}-preview", settle=600)
        page.locator("input[name=q]").fill("anna-1@example.com")
        page.locator("form:has(input[name=q]) button").click()
        expect(page.frame_locator("iframe.letter-frame >> nth=1").locator("body")).to_contain_text("Anna")
        assert "anna-1" not in page.url
        page.goto(f"{LIST}welcome/preview/?channel=sms")
        expect(page.locator(".bubble")).to_have_count(2)
        keep(page, f"templates-{name}-preview-sms", settle=600)
    assert site.trouble == []


@pytest.mark.parametrize(
    ("locale", "size", "scheme"), [("en", DESK, "light"), ("ru", PHONE, "dark")], ids=["desk", "phone-ru"]
)
def test_a_letter_is_changed_in_the_picture_and_as_source(
    site: Site, locale: str, size: dict[str, int], scheme: str
) -> None:
    name = f"{locale}-{size['width']}"
    prepare(site)
    with site.visitor(viewport=size, locale="en-US", color_scheme=scheme) as page:
        set_up(page, site, locale)
        begin(page, "statement")
        page.goto(f"{LIST}statement/email/en/")
        canvas = page.frame_locator(".letter-canvas iframe.gjs-frame")
        expect(canvas.locator("body")).to_contain_text("Here is what happened to your points", timeout=20_000)
        expect(page.locator(".letter-part").first).to_be_visible()
        keep(page, f"templates-{name}-editor", settle=600)
        before = page.locator("textarea[name=body]").input_value()
        page.locator("[data-view=source]").click()
        assert page.locator("textarea[name=body]").input_value() == before
        page.locator("[data-view=picture]").click()
        page.locator(".letter-part", has_text="Here is what happened").click()
        words = page.locator(".letter-chosen textarea")
        words.fill("Read this, {{ member.name | default('friend') }} &amp; co<br>today")
        words.blur()
        expect(canvas.locator("body")).to_contain_text("Read this")
        page.locator("[data-add=button]").click()
        expect(page.locator(".letter-chosen input").first).to_have_value("https://")
        page.locator(".letter-chosen input").first.fill("https://shop.example/a?b=1&c=2")
        page.locator(".letter-chosen input").first.blur()
        keep(page, f"templates-{name}-changed", settle=600)
        page.locator("[data-view=source]").click()
        after = page.locator("textarea[name=body]").input_value()
        assert after.split("<mj-body")[0] == before.split("<mj-body")[0]
        for kept in (
            "{% for one in context.units %}",
            "{{ one.earned | number('points') }}",
            "<mj-raw>{% if brand.site %}</mj-raw>",
            'background-color="{{ brand.colour }}"',
            "{{ unsubscribe_url }}",
        ):
            assert kept in after, kept
        assert "Read this, {{ member.name | default('friend') }} &amp; co<br/>today" in after
        assert 'href="https://shop.example/a?b=1&amp;c=2"' in after
        assert "verno-" not in after
        assert after.count("<mj-table") == before.count("<mj-table")
        keep(page, f"templates-{name}-source", settle=600)
        page.locator("button[value=save]").click()
        expect(page.locator(".alert-success")).to_be_visible()
        page.goto(f"{LIST}statement/preview/")
        expect(page.frame_locator("iframe.letter-frame >> nth=1").locator("body")).to_contain_text("Read this")
    assert site.trouble == []


def test_without_scripts_the_source_is_written(site: Site) -> None:
    prepare(site)
    with site.visitor(viewport=DESK, locale="en-US") as page:
        set_up(page, site, "en")
        begin(page, "welcome")
        state = page.context.storage_state()
    with site.visitor(viewport=DESK, locale="en-US", java_script_enabled=False, storage_state=state) as page:
        page.goto(f"{LIST}welcome/email/en/")
        area = page.locator("textarea[name=body]")
        expect(area).to_be_visible()
        area.fill(area.input_value().replace("Thank you for joining", "Thanks for joining"))
        page.locator("button[value=save]").click()
        expect(page.locator(".alert-success")).to_be_visible()
        assert "Thanks for joining" in area.input_value()
        area.fill("<mjml><mj-body><script></script></mj-body></mjml>")
        page.locator("button[value=save]").click()
        expect(page.locator(".alert-danger")).to_contain_text("script")
        keep(page, "templates-no-scripts", settle=600)
    assert [one for one in site.trouble if "422" not in one] == []


@pytest.mark.parametrize(
    ("locale", "size", "scheme"), [("en", DESK, "light"), ("ru", PHONE, "dark")], ids=["desk", "phone-ru"]
)
def test_a_brand_is_seen_at_once(site: Site, locale: str, size: dict[str, int], scheme: str) -> None:
    name = f"{locale}-{size['width']}"
    prepare(site)
    with site.visitor(viewport=size, locale="en-US", color_scheme=scheme) as page:
        set_up(page, site, locale)
        page.goto("/console/messages/brand/")
        expect(page.locator(".alert-warning")).to_be_visible()
        keep(page, f"templates-{name}-brand", settle=600)
        page.locator("[name=brand-colour-value]").fill("green")
        page.locator("button.btn-primary").click()
        expect(page.locator(".field-error")).to_be_visible()
        for field, value in {
            "colour": "#FFD400",
            "legal_name": "Lavka Ltd",
            "address": "1 Market Street, London",
            "contact": "hello@shop.example",
        }.items():
            page.locator(f"[name=brand-{field}-value]").fill(value)
        page.locator("button.btn-primary").click()
        expect(page.locator(".alert-success")).to_be_visible()
        expect(page.locator(".alert-warning")).to_have_count(0)
        expect(page.frame_locator("iframe").locator("body")).to_contain_text("Lavka Ltd")
        keep(page, f"templates-{name}-brand-said", settle=600)
    assert [one for one in site.trouble if "422" not in one] == []
