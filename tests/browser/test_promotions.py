"""A marketer's day in a real browser: from the gallery to the till, without a developer."""

import json
from datetime import UTC, datetime, timedelta
from urllib.request import Request, urlopen

import msgspec
import pytest
from django.utils.translation import override
from msgspec.structs import replace
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESK, PHONE, Site
from tests.browser.test_console import keep, set_up
from tests.builders import NOW
from verno.console.face import Face
from verno.console.promotions.forms.describing import Naming, rule_form
from verno.kit import db
from verno.kit.ids import new_id
from verno.promotions import gallery, service
from verno.promotions.budgets.counting import wants
from verno.promotions.budgets.desk import Desk as Counters
from verno.promotions.budgets.types import Figures, Use, of_rulebook
from verno.promotions.drafts import service as drafting
from verno.promotions.drafts.types import NewDraft
from verno.promotions.gallery.types import PLACES
from verno.promotions.types import Paused, StoredRulebook
from verno.rules import stored
from verno.rules.fields import Known
from verno.rules.types import Caps
from verno.workspace import keys, staff
from verno.workspace import queries as workspace
from verno.workspace.audit import Actor, ActorKind
from verno.workspace.roles import Role
from verno.workspace.staff import Added, NewStaff
from verno.workspace.types import Unit

PASSWORD = "orange lamp river 42"
BY = Actor(ActorKind.OPERATOR, "0")
DRAFT = "/console/promotions/drafts/1/"


def hired(site: Site, page: Page, role: Role, locale: str = "en") -> None:
    """Let somebody come through their invitation."""
    with db.transaction() as conn:
        wanted = NewStaff(f"{role}@example.com", f"The {role}", role, ())
        done = staff.add(conn, site.story.shop.program.id, wanted, by=BY, now=datetime.now(UTC))
    assert isinstance(done, Added)
    page.goto(f"/console/welcome/{done.token}")
    page.fill("#id_password", PASSWORD)
    page.select_option("#id_locale", locale)
    page.click("button.btn-primary")
    page.wait_for_url("**/console/")


def sell(site: Site, number: str) -> dict[str, int]:
    """Send a receipt over the API: three pieces of honey, 12.00 in all; return the points it earned."""
    with db.transaction() as conn:
        key = keys.create(conn, site.story.shop.program.id, number, ["receipts:write"], now=datetime.now(UTC))
    receipt = {
        "number": number,
        "place": "msk-1",
        "at": datetime.now(UTC).isoformat(),
        "member": {"external_id": "1"},
        "lines": [{"sku": "Honey", "quantity": "3", "amount": 1_200}],
    }
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", "Idempotency-Key": number}
    request = Request(f"{site.address}/v1/receipts", json.dumps(receipt).encode(), headers)
    with urlopen(request, timeout=20) as answer:
        said = json.load(answer)
    return {one["unit"]: one["earned"] for one in said["points"]}


def test_from_the_gallery_to_the_till(site: Site) -> None:
    before = sell(site, "BEFORE-1")
    with site.visitor(viewport=DESK, locale="en-US") as owner, site.visitor(viewport=DESK, locale="en-US") as page:
        set_up(owner, site)
        hired(site, page, Role.MARKETER)
        page.get_by_role("link", name="Promotions", exact=True).click()
        page.get_by_role("link", name="Gallery", exact=True).click()
        page.locator("#points-per-piece").get_by_role("button", name="Use").click()
        change_the_rule(page)
        page.get_by_role("button", name="Save", exact=True).click()
        page.wait_for_url(f"**{DRAFT}")
        expect(page.locator("main")).to_contain_text("25 points for each piece")
        page.get_by_role("button", name="Send to review").click()
        expect(page.locator(".way")).to_contain_text("somebody else has to read and approve it")
        owner.goto(DRAFT)
        expect(owner.locator(".differences")).to_contain_text("Honey days")
        owner.get_by_role("button", name="Approve the draft").click()
        page.reload()
        page.get_by_text("Publish now").click()
        page.get_by_role("button", name="Yes, now").click()
        expect(page.locator(".alert")).to_contain_text("version 2 holds now")
    after = sell(site, "AFTER-1")
    assert after["points"] == before["points"] + 3 * 25
    # The rule that was refused is a 422, as every form that was not taken is.
    assert [one for one in site.trouble if "422" not in one] == []


def change_the_rule(page: Page) -> None:
    """Give it another name, goods, number and a condition: by mouse and by keyboard."""
    page.get_by_label("What it is called").fill("Honey days")
    effect = page.locator(".b-effect")
    effect.get_by_label("How many points").fill("25")
    effect.locator("textarea").fill("Honey")
    page.get_by_role("button", name="Least sum").press("Enter")
    expect(page.locator(".b-row .b-what").first).to_be_focused()
    value = page.get_by_role("group", name="Conditions").get_by_label("Condition 1: value")
    value.fill("ten")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".b-wrong .b-error")).to_have_text("This must be a number.")
    expect(value).to_have_value("ten")
    expect(page.get_by_label("What it is called")).to_have_value("Honey days")
    value.fill("10.50")
    expect(page.locator("[data-in-words]")).to_contain_text("sum before discounts is at least 10.50")
    expect(page.locator(".b-error")).to_have_count(0)


def test_a_condition_is_built_by_keyboard(site: Site) -> None:
    """Groups within groups, lines, another field, removal: what is stored is what is seen."""
    with site.visitor(viewport=PHONE, locale="en-US") as page:
        set_up(page, site)
        page.goto("/console/promotions/drafts/")
        page.get_by_role("button", name="From the rules in force").press("Enter")
        page.get_by_role("link", name="Add a rule").press("Enter")
        when = page.locator("[data-path=when]").first
        when.get_by_role("button", name="Goods", exact=True).press("Enter")
        inner = when.locator(".b-inner")
        inner.get_by_role("button", name="+ Condition").press("Enter")
        inner.get_by_label("what is asked").select_option("category")
        inner.locator("textarea").fill("food / tea\ncoffee")
        when.get_by_label("how many lines").first.select_option("sum")
        when.get_by_label("sum of what").select_option("quantity")
        when.get_by_label("Condition 1: number").fill("2.5")
        when.locator("> .b-group > .b-adding").get_by_role("button", name="+ Group").press("Enter")
        group = when.locator(".b-row-group")
        group.get_by_label("what is asked").select_option("weekday")
        group.get_by_label("how it is compared").select_option("in")
        group.get_by_label("Saturday").check()
        group.get_by_label("Sunday").check()
        group.get_by_role("button", name="+ Condition").press("Enter")
        group.get_by_label("Condition 2: what is asked").select_option("member.known")
        when.get_by_label("How these conditions go together").first.select_option("not-all")
        page.locator("[data-path=effects] .b-choosing select").select_option("discount_percent")
        page.locator("[data-path=effects] .b-choosing button").press("Enter")
        page.get_by_label("Discount", exact=True).fill("7.5")
        record = page.evaluate("document.querySelector('rule-builder').value")
        lines = {
            "combinator": "and",
            "rules": [{"field": "category", "operator": "inCategory", "value": [["food", "tea"], ["coffee"]]}],
        }
        assert record == {
            "when": {
                "combinator": "and",
                "not": True,
                "rules": [
                    {
                        "field": "lines",
                        "match": {"mode": "sum", "of": "quantity", "operator": ">=", "threshold": 2500},
                        "value": lines,
                    },
                    {
                        "combinator": "or",
                        "rules": [
                            {"field": "weekday", "operator": "in", "value": [6, 7]},
                            {"field": "member.known", "operator": "=", "value": True},
                        ],
                    },
                ],
            },
            "effects": [{"type": "discount_percent", "share": 750}],
        }
        when.get_by_role("button", name="Remove: Condition 2").last.press("Enter")
        keep(page, "builder-condition-phone")
        page.get_by_role("button", name="Save", exact=True).press("Enter")
        page.wait_for_url("**/drafts/1/")
        expect(page.locator("main")).to_contain_text("7.5\u00a0% off")
    assert site.trouble == []


def much_going_on(site: Site) -> None:
    """Publish rules with budgets half used, stop one, schedule others, and begin a draft with problems."""
    program, now = site.story.shop.program, datetime.now(UTC)
    book = stored.read({"rules": [BASE, LUNCH, SALE], "caps": {"receipt": 3000}})
    with db.transaction() as conn:
        units = workspace.units(conn, program.id)
        for rulebook, at in ((book, now), (replace(book, caps=Caps()), now + timedelta(days=3))):
            done = service.publish(conn, program.id, rulebook, units=units, effective_from=at, now=now, title="Autumn")
            assert isinstance(done, StoredRulebook), done
        service.pause(conn, program.id, Paused.RULE, "sale", by=BY, now=now)
        desk = drafting.Desk(conn, program.id, Known(), units)
        body: dict[str, object] = {"rules": [BASE, LUNCH | {"effects": [ALL_OFF]}, {"id": "new"}]}
        drafting.save(desk, NewDraft(title="Winter", body=body, based_on=1), by=BY, now=now)
        finished: dict[str, object] = {"rules": [BASE, LUNCH | {"priority": 5, "budgets": []}]}
        drafting.save(desk, NewDraft(title="Spring", body=finished), by=BY, now=now)
        drafting.submit(desk, 2, by=BY, now=now)
        use = Use(
            operation_id=new_id(now=now), at=now, zone=program.timezone, holder_id=site.story.anna,
            acted={"lunch": Figures(1, 60_000, 0)},
        )  # fmt: skip
        known = of_rulebook(book)
        counters = Counters(program.id, now, locked=True)
        counters.lock(conn, [want.key for want in wants(known, use)])
        assert counters.admit(known, use) == frozenset()
        counters.write(conn)


POINT = {"type": "earn_per_full", "unit": "points", "points": 1, "per": 100}
BASE: dict[str, object] = {"id": "base", "effects": [POINT]}
LUNCH: dict[str, object] = {
    "id": "lunch",
    "name": "Ten per cent at noon",
    "promotion": "autumn",
    "when": {"combinator": "and", "rules": [{"field": "time", "operator": "between", "value": ["12:00", "14:00"]}]},
    "effects": [{"type": "discount_percent", "share": 1000}],
    "budgets": [
        {"counts": "money", "most": 100_000, "period": "month"},
        {"counts": "uses", "most": 1, "each_member": True, "period": "day"},
    ],
}
ALL_OFF = {"type": "discount_percent", "share": 10_000}
COFFEE = {"field": "category", "operator": "inCategory", "value": [["coffee"]]}
SALE: dict[str, object] = {
    "id": "sale",
    "name": "Sale of coffee",
    "group": "sale",
    "effects": [
        {
            "type": "discount_percent",
            "share": 2500,
            "lines": {
                "combinator": "and",
                "rules": [COFFEE],
            },
        }
    ],
}
PAGES = {
    "promotions": "/console/promotions/",
    "version": "/console/promotions/versions/2/",
    "drafts": "/console/promotions/drafts/",
    "draft": DRAFT,
    "draft-submitted": "/console/promotions/drafts/2/",
    "gallery": "/console/promotions/gallery/",
    "builder": f"{DRAFT}rules/1/",
    "together": f"{DRAFT}together/",
}


@pytest.mark.parametrize("locale", ["en", "ru"])
def test_how_it_looks(site: Site, locale: str) -> None:
    """Every page on a desk and on a phone, one light and one dark: nothing sticks out, nothing complains."""
    much_going_on(site)
    with site.visitor(viewport=DESK, locale=locale) as page:
        set_up(page, site, locale)
        state = page.context.storage_state()
    themes = ("light", "dark") if locale == "en" else ("dark", "light")
    for device, viewport, theme in (("desk", DESK, themes[0]), ("phone", PHONE, themes[1])):
        options = {"viewport": viewport, "color_scheme": theme, "locale": locale, "storage_state": state}
        with site.visitor(**options, reduced_motion="reduce") as page:
            for name, address in PAGES.items():
                page.goto(address)
                if name in {"builder", "together"}:
                    page.locator(".b-form .b-record").first.wait_for()
                if name == "promotions":
                    page.locator(".sure summary").nth(1).click()
                keep(page, f"{name}-{locale}-{device}-{theme}")
    assert site.trouble == []


def test_without_scripts(site: Site) -> None:
    """Everything works without JavaScript; a rule is its JSON then, and the buttons that ask twice still do."""
    with site.visitor(viewport=PHONE, locale="en-US", java_script_enabled=False) as page:
        set_up(page, site)
        page.goto("/console/promotions/gallery/")
        page.locator("#slip-text").get_by_role("button", name="Use").click()
        text = page.get_by_label("As JSON").input_value()
        page.get_by_label("As JSON").fill(json.dumps(json.loads(text) | {"name": "Words of thanks"}))
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.locator("main")).to_contain_text("Words of thanks")
        page.goto("/console/promotions/")
        expect(page.get_by_role("button", name="Stop this rule")).to_be_hidden()
        page.get_by_text("Stop …").click()
        page.get_by_role("button", name="Stop this rule").click()
        expect(page.locator("main")).to_contain_text("no till lets it act")
    assert site.trouble == []


ODD: dict[str, object] = {
    "id": "odd",
    "when": {
        "combinator": "or",
        "not": False,
        "rules": [
            {"field": "weekday", "operator": "notIn", "value": [7, 1]},
            {"field": "place", "operator": "in", "value": ["store-2", "store-1", "gone"]},
            {"field": "time", "operator": "between", "value": ["22:00", "24:00"]},
            {"field": "date", "operator": "withinLast", "value": 30},
            {"field": "at", "operator": "between", "value": ["2026-03-29T00:30:00Z", "2026-11-01T10:00:00+03:00"]},
            {"field": "amount", "operator": "in", "value": [1, 100_05, -30]},
            {"field": "quantity", "operator": "<", "value": 1_005},
            {"field": "spends", "operator": "=", "value": False},
            {"field": "payment", "operator": "notNull"},
            {"field": "attributes.colour", "operator": "beginsWith", "value": " red"},
            {"field": "lines", "match": {"mode": "none"}, "value": {"combinator": "and", "rules": []}},
            {"combinator": "and", "not": True, "rules": [{"field": "tiers.main", "operator": "=", "value": "gold"}]},
        ],
    },
    "effects": [{"type": "earn_percent", "unit": "stamps", "rate": 5, "most": 1_000_000_000}],
    "budgets": [{"counts": "points", "most": 5, "each_member": True, "period": "week"}],
    "with_points": False,
    "priority": -7,
}
"""Whatever the gallery has no example of."""

TOUCH = """([form, record]) => {
  const old = document.querySelector('#probe');
  old?.remove();
  const probe = document.createElement('rule-builder');
  probe.id = 'probe';
  probe.setAttribute('data-form', form);
  const area = document.createElement('textarea');
  area.value = record;
  probe.append(area);
  document.querySelector('main').append(probe);
  const controls = () => [...probe.querySelectorAll('.b-form input, .b-form select, .b-form textarea')];
  const count = controls().length;
  for (let i = 0; i < count; i++) {
    const control = controls()[i];
    const tick = control.type === 'checkbox' || control.tagName === 'SELECT';
    control.dispatchEvent(new Event(tick ? 'change' : 'input', { bubbles: true }));
  }
  const bare = [...probe.querySelectorAll('.b-row > .b-parts')].filter((row) => row.children.length < 2).length;
  return [JSON.parse(area.value), count, bare, probe.querySelectorAll('.b-effect').length];
}"""


@pytest.mark.parametrize("locale", ["en", "ru"])
def test_every_mechanic_comes_back_as_it_was(site: Site, locale: str) -> None:
    """Each opens in the component, every field of it says its own value again, and nothing has changed."""
    program = site.story.shop.program
    tracks = {code: track for one in gallery.all_mechanics() for code, track in one.tracks.items()}
    known = Known(places=PLACES, tracks=tracks)
    with site.visitor(viewport=DESK, locale=locale) as page:
        set_up(page, site, locale)
        page.goto("/console/promotions/drafts/")
        page.locator("button[value=present]").click()
        page.goto(f"{DRAFT}rules/new/")
        page.locator(".b-form .b-record").first.wait_for()
        odd = ("odd", json.loads(stored.write(stored.read({"rules": [ODD]}))))
        books = [(one.code, json.loads(stored.write(one.rulebook))) for one in gallery.all_mechanics()]
        for code, book in [*books, odd]:
            with override(locale):
                units = (Unit("1", "points", 0), Unit("2", "stamps", 0))
                form = rule_form(
                    Naming(Face(program, units, locale, NOW), known, book["rules"], ["discounts", "points"])
                )
            for rule in book["rules"]:
                said, count, bare, effects = page.evaluate(
                    TOUCH, [msgspec.json.encode(form).decode(), json.dumps(rule)]
                )
                assert said == rule, code
                assert count > 8
                assert (bare, effects) == (0, len(rule["effects"])), code
    assert site.trouble == []
