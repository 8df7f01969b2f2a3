"""The Replay Lab in a real browser: started, seen to move, cancelled, done, and down to one receipt."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESK, PHONE, Site
from tests.browser.looks import keep
from tests.browser.test_console import set_up
from verno.intake import context
from verno.kit import db
from verno.kit.clock import clock
from verno.promotions.drafts import service as drafting
from verno.promotions.drafts.types import Draft, NewDraft
from verno.workspace import audit, settings

RULES: dict[str, object] = {
    "rules": [
        {"id": "base", "name": "Base", "effects": [
            {"type": "earn_per_full", "unit": "points", "points": 1, "per": 150}]},
        {"id": "milk", "name": "Milk week", "group": "off",
         "effects": [{"type": "discount_percent", "share": 1500, "lines": {"combinator": "and", "rules": [
             {"field": "sku", "operator": "=", "value": "Whole milk 1 l"}]}}],
         "budgets": [{"counts": "money", "most": 20000, "period": "ever"}]},
        {"id": "large", "name": "Large baskets", "when": {"combinator": "and", "rules": [
            {"field": "amount", "operator": ">=", "value": 5000},
            {"field": "weekday", "operator": "in", "value": [1, 2, 3]}]},
         "effects": [{"type": "earn_per_full", "unit": "points", "points": 1, "per": 300}]},
    ]
}  # fmt: skip

SLOW = """
import time
import django; django.setup()
from verno.kit.clock import clock
from verno.replay import reading
from verno.replay.runs import working
reading.PIECE = 20
told = working._UnderWay.step
def slowly(self, count):
    time.sleep(0.4)
    told(self, count)
working._UnderWay.step = slowly
while True:
    working.work({program!r}, now=clock.now(), stopping=lambda: False)
    time.sleep(0.1)
"""


@contextmanager
def worker(program: str) -> Iterator[None]:
    """Run replays as a worker does, so slowly that one can watch."""
    with subprocess.Popen([sys.executable, "-c", SLOW.format(program=program)], env=os.environ) as process:
        try:
            yield
        finally:
            process.kill()


def prepare(site: Site) -> int:
    """Make a point worth something, and a draft; returns its number."""
    program, now = site.story.shop.program.id, clock.now()
    with db.transaction(program) as conn:
        settings.write(conn, program, "spend.value", 10, now=now)
        context.forget()
        desk = drafting.open_desk(conn, program, context.known_to_rules(conn, program))
        done = drafting.save(desk, NewDraft(title="Spring", body=RULES), by=audit.SYSTEM, now=now)
    assert isinstance(done, Draft)
    assert done.problems == ()
    return done.row.number


WORDS = {
    "en": ("Replay them", "Cancel it", "Somebody cancelled this replay", "Start again", "Receipts that change most",
           "its condition does not hold", "no such rule"),
    "ru": ("Прогнать", "Отменить", "Прогон отменили", "Запустить заново", "Чеки, которые изменятся сильнее всего",
           "условие не выполнено", "такого правила нет"),
}  # fmt: skip


@pytest.mark.parametrize(("locale", "size"), [("en", DESK), ("ru", PHONE)], ids=["desk", "phone"])
def test_a_draft_is_tried(site: Site, locale: str, size: dict[str, int]) -> None:
    start, cancel, cancelled, again, most, not_met, no_rule = WORDS[locale]
    number = prepare(site)
    with site.visitor(viewport=size, locale="en-US") as page, worker(site.story.shop.program.id):
        set_up(page, site, locale)
        page.goto(f"/console/promotions/replay/?draft={number}")
        keep(page, f"replay-{locale}-lab", settle=400)
        page.select_option("#id_period", "all")
        page.get_by_role("button", name=start, exact=True).click()
        page.wait_for_url(re.compile("/console/promotions/replay/[0-9a-f-]{36}/"))
        bar = page.locator("progress[value]")
        expect(bar).to_be_visible()
        before = int(bar.get_attribute("value") or 0)
        expect(bar).not_to_have_attribute("value", str(before))
        keep(page, f"replay-{locale}-progress", settle=400)
        page.get_by_role("button", name=cancel, exact=True).click()
        expect(page.locator("main")).to_contain_text(cancelled, timeout=2_000)
        page.get_by_role("button", name=again).click()
        expect(page.locator("pair-chart canvas").first).to_be_visible(timeout=60_000)
        keep(page, f"replay-{locale}-result", settle=400)
        page.evaluate(
            "document.documentElement.dataset.bsTheme = 'dark'; document.dispatchEvent(new Event('verno:theme'))"
        )
        keep(page, f"replay-{locale}-result-dark", settle=400)
        page.locator(".card", has_text=most).locator("tbody a").first.click()
        expect(page.locator("main")).to_contain_text("Milk week")
        expect(page.locator("main")).to_contain_text(no_rule)
        keep(page, f"replay-{locale}-receipt", settle=400)
        page.fill("#typed_member", "+1 212 555-01-01")
        page.fill("#typed_lines", "Whole milk 1 l; 2; 12.00\nRye bread; 1; 3,50")
        form = page.locator("form[method=post]").last
        form.locator("select[name=draft]").select_option(f"draft-{number}")
        form.get_by_role("button").click()
        expect(page.locator("main")).to_contain_text(not_met)
        expect(page.locator("main")).to_contain_text("Anna Sample 1")
        keep(page, f"replay-{locale}-typed", settle=400)
    assert site.trouble == []
