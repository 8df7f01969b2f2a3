"""Tracks in a real browser: written, looked at, published, recounted, and a member's progress."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESK, PHONE, Site
from tests.browser.looks import keep
from tests.browser.test_console import set_up
from tests.browser.test_promotions import ODD
from verno.intake import context
from verno.intake.reading import recounting
from verno.kit import db
from verno.progress import queries, service
from verno.progress.types import (
    Agreement,
    Beat,
    Between,
    Calendar,
    Challenge,
    Lifetime,
    Metric,
    Period,
    Published,
    Recount,
    Scale,
    StampCard,
    Step,
    Streak,
    Track,
)
from verno.workspace.audit import SYSTEM

FROM_FIVE = '{"combinator":"and","rules":[{"field":"amount","operator":">=","value":500}]}'
CASES = [("en", DESK, "light"), ("ru", PHONE, "dark"), ("ru", DESK, "light"), ("en", PHONE, "dark")]


def fill(site: Site) -> None:
    """Do what the worker does."""
    context.forget()
    later = datetime.now(UTC) + recounting.SETTLED
    recounting.fill(site.story.shop.program.id, now=later, stopping=lambda: False)
    context.forget()
    program, now = site.story.shop.program, datetime.now(UTC)
    with db.transaction(program.id) as conn:
        while service.sweep(conn, program.id, on=queries.judging(conn, program, now=now), now=now):
            pass


def others(site: Site) -> None:
    """Publish a track of each other kind."""
    program, now = site.story.shop.program, datetime.now(UTC)
    today = now.date()
    tracks = [
        Track(
            code="coffee",
            names={"en": "Coffee card", "ru": "Кофейная карта"},
            metric=Metric.VISITS,
            window=Lifetime(),
            settings=StampCard(),
            steps=(Step(code="cup", threshold=7, names={"en": "a free cup", "ru": "чашка в подарок"}, badge="sipped"),),
        ),
        Track(
            code="weeks",
            names={"en": "Weeks in a row", "ru": "Недели подряд"},
            metric=Metric.VISITS,
            window=Lifetime(),
            settings=Streak(of=Beat.WEEK, grace_days=10),
            steps=(Step(code="ten", threshold=30, names={"en": "thirty weeks", "ru": "тридцать недель"}),),
        ),
        Track(
            code="sprint",
            names={"en": "Autumn sprint", "ru": "Осенний рывок"},
            metric=Metric.SPEND,
            window=Between(today - timedelta(days=30), today + timedelta(days=20)),
            settings=Challenge(),
            steps=(Step(code="done", threshold=100_000, names={"en": "Done", "ru": "Готово"}, badge="sprinter"),),
        ),
        Track(
            code="turnover",
            names={"en": "Turnover", "ru": "Оборот"},
            metric=Metric.SPEND,
            window=Calendar(Period.YEAR),
            settings=Scale(),
            steps=(Step(code="five", threshold=30_000, share=500), Step(code="seven", threshold=900_000, share=700)),
        ),
    ]
    with db.transaction(program.id) as conn:
        known = context.of(conn, program.id).known
        for one in tracks:
            done = service.publish(conn, program, one, Recount(), known=known, now=now)
            assert isinstance(done, Published), done
        on = queries.judging(conn, program, now=now)
        wanted = Agreement(owner_id=site.story.anna, track="turnover", share=650, first=today, last=None)
        service.agree(conn, program.id, [wanted], on=on, by=SYSTEM, now=now)


def write(page: Page, name: str) -> None:
    """Fill the form of a track, with a slip that is mended."""
    page.locator("a.card-link").first.click()
    expect(page.locator("#id_days")).to_be_hidden()
    page.select_option("#id_window", "rolling")
    expect(page.locator("#id_days")).to_be_visible()
    page.select_option("#id_window", "calendar/year")
    expect(page.locator("#id_days")).to_be_hidden()
    page.fill("#id_code", "club")
    page.fill("#id_name_en", "Club")
    page.fill("#id_name_ru", "Клуб")
    page.select_option("#id_maintain", "calendar/year")
    page.fill("#id_grace_days", "14")
    page.fill("#id_warn_days", "30")
    rows = [("silver", "Silver", "Серебро", "200"), ("gold", "Gold", "Золото", "90000")]
    for row, values in enumerate(rows):
        for field, value in zip(("code", "name_en", "name_ru", "threshold"), values, strict=True):
            page.locator(f"input[name=step_{field}]").nth(row).fill(value)
    page.locator("input[name=step_benefits]").nth(1).fill("Free delivery")
    page.locator("details summary").first.click()
    where = page.locator("condition-builder[data-path=where]")
    where.locator(".b-adding button").first.click()
    where.locator(".b-what").select_option("amount")
    where.locator(".b-value input").fill("ten")
    page.locator("button[value=preview]").click()
    expect(where.locator(".b-wrong .b-error")).to_be_visible()
    expect(where.locator(".b-value input")).to_have_value("ten")
    keep(page, f"tracks-{name}-2-wrong")
    where.locator(".b-value input").fill("5")
    expect(page.locator("#id_where")).to_have_value(FROM_FIVE)


@pytest.mark.parametrize(("locale", "size", "theme"), CASES, ids=[f"{c[0]}-{c[1]['width']}" for c in CASES])
def test_a_track_is_written_published_and_seen_at_a_member(
    site: Site, locale: str, size: dict[str, int], theme: str
) -> None:
    name = f"{locale}-{size['width']}-{theme}"
    with site.visitor(viewport=size, locale="en-US", color_scheme=theme) as page:
        set_up(page, site, locale)
        page.goto("/console/promotions/tracks/")
        keep(page, f"tracks-{name}-1-empty")
        write(page, name)
        page.locator("button[value=preview]").click()
        expect(page.locator("#preview table")).to_be_visible()
        keep(page, f"tracks-{name}-3-preview")
        page.locator("button[value=publish]").click()
        page.wait_for_url("**/console/promotions/tracks/club/")
        expect(page.locator("progress.recount")).to_be_visible()
        keep(page, f"tracks-{name}-4-recounting")
        others(site)
        fill(site)
        expect(page.locator("progress.recount")).to_be_hidden(timeout=15_000)
        page.reload()
        keep(page, f"tracks-{name}-5-track")
        page.goto("/console/promotions/tracks/")
        keep(page, f"tracks-{name}-6-list")
        page.goto(f"/console/members/{site.story.anna}/progress/")
        expect(page.locator(".stamp")).to_have_count(7)
        page.locator("details summary").first.click()
        keep(page, f"tracks-{name}-7-member")
        page.select_option("#id_step", "club/gold")
        page.fill("#id_last", (datetime.now(UTC) + timedelta(days=40)).date().isoformat())
        page.locator("button[value=lift]").click()
        expect(page.locator("button[value=take]")).to_be_visible()
        keep(page, f"tracks-{name}-8-given")
        page.goto("/console/promotions/tracks/club/edit/")
        expect(page.locator("condition-builder[data-path=where] .b-value input")).to_have_value("5")
        expect(page.locator("condition-builder[data-path=lines] .b-empty")).to_be_visible()
        page.locator("input[name=step_threshold]").nth(0).fill("250")
        page.select_option("#id_rule", "keep")
        page.locator("button[value=preview]").click()
        expect(page.locator("#preview")).to_be_visible()
        keep(page, f"tracks-{name}-9-change")
    # A form that was not taken is a 422.
    assert [one for one in site.trouble if "422" not in one] == []


TOUCH = """([form, path, text]) => {
  document.querySelector('#probe')?.remove();
  const probe = document.createElement('div');
  probe.id = 'probe';
  probe.setAttribute('data-form', form);
  const builder = document.createElement('condition-builder');
  builder.setAttribute('data-registry', path === 'lines' ? 'lines' : 'receipt');
  builder.setAttribute('data-path', path);
  const area = document.createElement('textarea');
  area.value = text;
  builder.append(area);
  probe.append(builder);
  document.querySelector('main').append(probe);
  const before = area.value;
  const controls = () => [...builder.querySelectorAll('.b-form input, .b-form select, .b-form textarea')];
  for (let i = 0; i < controls().length; i++) {
    const control = controls()[i];
    const tick = control.type === 'checkbox' || control.tagName === 'SELECT';
    control.dispatchEvent(new Event(tick ? 'change' : 'input', { bubbles: true }));
  }
  return [before, area.value, controls().length, area.hidden];
}"""


def test_a_tracks_condition_comes_back_as_it_was(site: Site) -> None:
    """It opens in the component, every field of it says its own value again; what is no condition stays text."""
    lines = {
        "combinator": "and",
        "rules": [{"field": "category", "operator": "inCategory", "value": [["food", "tea"]]}],
    }
    with site.visitor(viewport=DESK, locale="en-US") as page:
        set_up(page, site)
        page.goto("/console/promotions/tracks/new/tiers/")
        asking = page.locator("details[data-form]").get_attribute("data-form")
        for path, tree in (("where", ODD["when"]), ("lines", lines)):
            text = json.dumps(tree, indent=2)
            before, after, controls, hidden = page.evaluate(TOUCH, [asking, path, text])
            assert before == text
            assert json.loads(after) == tree
            assert controls > 2
            assert hidden
        for text in ("{not json", "[1]", '{"field": "amount"}'):
            assert page.evaluate(TOUCH, [asking, "where", text]) == [text, text, 0, False]
        assert page.evaluate(TOUCH, [asking, "where", ""]) == ["", "", 0, True]
    assert site.trouble == []


def test_a_condition_is_written_without_scripts(site: Site) -> None:
    with site.visitor(viewport=PHONE, locale="en-US", java_script_enabled=False) as page:
        set_up(page, site)
        page.goto("/console/promotions/tracks/new/stamp_card/")
        page.locator("details summary").first.click()
        page.fill("#id_where", FROM_FIVE)
        page.fill("#id_code", "card")
        page.locator("input[name=step_code]").first.fill("cup")
        page.locator("input[name=step_threshold]").first.fill("7")
        page.locator("button[value=preview]").click()
        page.locator("button[value=publish]").click()
        page.wait_for_url("**/console/promotions/tracks/card/")
    with db.transaction() as conn:
        (only,) = queries.tracks(conn, site.story.shop.program.id)
    assert only.track.where == json.loads(FROM_FIVE)
