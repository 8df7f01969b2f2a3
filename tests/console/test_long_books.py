"""A rulebook of a thousand rules is read page by page, and found in by name; its pages ask no more of the database."""

import json
import re
from collections.abc import Callable
from typing import Any

import msgspec
import psycopg
import pytest

from tests.builders import NOW
from tests.console.conftest import House
from tests.console.test_promotions import text
from verno.console import memo
from verno.console.promotions.parting import PAGE
from verno.intake import context
from verno.kit import db
from verno.promotions import service
from verno.promotions.drafts import service as drafting
from verno.promotions.drafts.types import Draft, NewDraft
from verno.promotions.types import StoredRulebook
from verno.replay.runs import working
from verno.rules import stored
from verno.rules.effects import Earn
from verno.rules.types import Budget, Counts, Rule, Rulebook
from verno.workspace import audit
from verno.workspace import queries as workspace

MANY = 1000
FORCE = "/console/promotions/"
VERSION = f"{FORCE}versions/2/"
DRAFT = f"{FORCE}drafts/1/"
TRY = f"{FORCE}replay/receipt/"
SECTION = r'id="rule-\d+">(?:<a[^>]*>)?(Offer \d+)|card-title">(Offer \d+)'


def rules(count: int, points: int) -> Rulebook:
    """Every rule gives a little from its own sum on: the first, of which there is none, always."""
    return Rulebook(
        tuple(
            Rule(
                id=f"rule-{n}",
                name=f"Offer {n:04}",
                promotion="spring" if n == 7 else None,
                when={"combinator": "and", "rules": [{"field": "amount", "operator": ">=", "value": n * 10_000_000}]},
                effects=(Earn("points", points, 10_000_000),),
                budgets=(Budget(Counts.USES, 1000),),
            )
            for n in range(count)
        )
    )


def open_book(house: House, count: int) -> None:
    """Publish a book of so many rules as version 2, and begin draft 1 in which every rule gives twice as much."""
    program = house.story.shop.program.id
    with db.transaction(program) as conn:
        known = context.known_to_rules(conn, program)
        units = workspace.units(conn, program)
        done = service.publish(conn, program, rules(count, 1), units=units, known=known, effective_from=NOW, now=NOW)
        assert isinstance(done, StoredRulebook), done
        body = msgspec.json.decode(stored.write(rules(count, 2)), type=dict[str, object])
        desk = drafting.open_desk(conn, program, known)
        made = drafting.save(desk, NewDraft(title="Twice", body=body), by=audit.SYSTEM, now=NOW)
        assert isinstance(made, Draft)
        assert made.problems == ()
    context.forget()


@pytest.fixture
def long(house: House) -> House:
    open_book(house, MANY)
    return house


def html(house: House, where: str) -> str:
    answer = house.client.get(where)
    assert answer.status_code == 200, where
    return answer.content.decode()


def names(page: str) -> list[str]:
    """Return the rules that have a section of their own."""
    return [one or other for one, other in re.findall(SECTION, page)]


def test_a_page_has_so_many_rules_and_the_next_the_next(long: House) -> None:
    for where in (FORCE, VERSION, DRAFT):
        for asked, first in (("", 0), ("?page=2", PAGE), ("?page=20", 19 * PAGE), ("?page=99", 19 * PAGE)):
            page = html(long, where + asked)
            assert names(page) == [f"Offer {n:04}" for n in range(first, first + PAGE)], where + asked
            assert f"{first + 1:,}–{first + PAGE:,} of 1,000" in text(page)
        assert names(html(long, f"{where}?page=x")) == names(html(long, where))
        last = html(long, f"{where}?page=20")
        assert "page=19" in last
        assert "page=21" not in last


def test_rules_are_found_by_name_code_and_promotion(long: House) -> None:
    for where in (FORCE, VERSION, DRAFT):
        assert names(html(long, f"{where}?q=FFER+0123")) == ["Offer 0123"]
        assert names(html(long, f"{where}?q=rule-999")) == ["Offer 0999"]
        assert names(html(long, f"{where}?q=spring")) == ["Offer 0007"]
        many = html(long, f"{where}?q=offer+01&page=2")
        assert names(many) == [f"Offer {n:04}" for n in range(150, 200)]
        assert "51–100 of 100" in text(many)
        assert "No such rule" in text(html(long, f"{where}?q=autumn"))


def test_a_short_book_is_not_searched(house: House) -> None:
    open_book(house, PAGE - 1)
    for where in (FORCE, VERSION, DRAFT):
        page = html(house, where)
        assert len(names(page)) == PAGE - 1
        assert 'name="q"' not in page
        assert "pager" not in page


def test_what_differs_is_told_page_by_page(long: House) -> None:
    for asked, first in (("", 0), ("?changes=3", 2 * PAGE)):
        changed = re.findall(r"changed</span> <strong>(Offer \d+)", html(long, DRAFT + asked))
        assert changed == [f"Offer {n:04}" for n in range(first, first + PAGE)]
    gone = re.findall(r"(?:new|removed)</span> <strong>([^<]+)", html(long, VERSION))
    assert len(gone) == PAGE
    page = html(long, f"{DRAFT}?page=2&changes=3")
    for link in ("page=2&amp;changes=4", "page=3&amp;changes=3"):
        assert link in page, link


def test_who_does_something_on_a_page_comes_back_to_it(long: House) -> None:
    sent = {"do": "pause", "kind": "rule", "code": "rule-70"}
    assert long.client.post(f"{FORCE}?page=2", sent)["Location"] == f"{FORCE}?page=2"
    assert "stopped" in text(html(long, f"{FORCE}?q=rule-70"))
    assert 'action="?q=rule-70"' in html(long, f"{FORCE}?q=rule-70")
    moved = long.client.post(f"{DRAFT}?page=2", {"do": "up", "position": "60", "revision": "1"})
    assert moved["Location"] == f"{DRAFT}?page=2"
    assert names(html(long, f"{DRAFT}?page=2"))[9:11] == ["Offer 0060", "Offer 0059"]
    record = json.dumps(
        {"name": "Last", "effects": [{"type": "earn_per_full", "unit": "points", "points": 1, "per": 10}]}
    )
    changed = long.client.post(f"{DRAFT}rules/120/", {"record": record, "revision": "2", "do": "anyway"})
    assert changed["Location"] == f"{DRAFT}?page=3#rule-120"


def test_what_is_wrong_is_found_among_a_thousand(long: House) -> None:
    record = json.dumps({"id": "rule-777", "name": "Offer 0777", "effects": [{"type": "gift", "sku": "cup"}]})
    long.client.post(f"{DRAFT}rules/777/", {"record": record, "revision": "1", "do": "anyway"})
    page = html(long, DRAFT)
    assert "1 thing is wrong" in text(page)
    assert 'href="?show=wrong"' in page
    assert names(html(long, f"{DRAFT}?show=wrong")) == ["Offer 0777"]


def test_a_receipt_by_hand_shows_those_that_act_first(long: House) -> None:
    program = long.story.shop.program.id
    with db.transaction(program) as conn:
        row = conn.execute("SELECT id::text FROM intake_receipt WHERE holder_id IS NOT NULL LIMIT 1").fetchone()
    assert row
    asked = f"{TRY}?receipt={row[0]}&current=current&draft=draft-1"
    page = html(long, asked)
    shown = re.findall(r'text-break">(Offer \d+)', page)
    assert shown == [f"Offer {n:04}" for n in range(PAGE)]
    assert re.findall(r'text-break">(Offer \d+)', html(long, f"{asked}&q=0999")) == ["Offer 0999"]
    sent = {
        "place": "msk-1", "at": "2026-11-25T10:00", "member": "+1 212 555-01-01", "current": "current",
        "draft": "draft-1", "lines": "Bananas; 1; 100",
    }  # fmt: skip
    for more, first in (({}, 0), ({"page": "2"}, PAGE)):
        typed = long.client.post(TRY, sent | more).content.decode()
        assert re.findall(r'text-break">(Offer \d+)', typed) == [f"Offer {n:04}" for n in range(first, first + PAGE)]
        assert f'form="typed" name="page" value="{2 if not first else 3}"' in typed


def statements(house: House, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], int]:
    """Return what counts the statements of a page, once it has been looked at."""
    counted: list[object] = []
    real: Any = psycopg.Cursor.execute

    def counting(*args: object, **options: object) -> object:
        counted.append(args[1])
        return real(*args, **options)

    monkeypatch.setattr(psycopg.Cursor, "execute", counting)

    def count(where: str) -> int:
        html(house, where)
        counted.clear()
        html(house, where)
        return len(counted)

    return count


def test_a_thousand_rules_cost_no_more_statements_than_two(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = (FORCE, f"{FORCE}versions/{{}}/", DRAFT, f"{DRAFT}rules/0/", f"{DRAFT}rules/new/", f"{DRAFT}together/")
    monkeypatch.setattr(memo, "WORTH", 0)  # what is remembered for a while is asked each time
    costs = []
    for version, size in ((2, 2), (3, MANY)):
        open_book(house, size)
        count = statements(house, monkeypatch)
        costs.append([count(where.format(version).replace("drafts/1", f"drafts/{version - 1}")) for where in pages])
    assert costs[0] == costs[1]
    assert max(costs[1]) < 25


def test_a_replay_is_told_page_by_page(long: House) -> None:
    """Rules and budgets alike: here all rules act on every receipt."""
    body = msgspec.json.decode(stored.write(rules(PAGE + 5, 2)), type=dict[str, Any])
    for rule in body["rules"]:
        del rule["when"]
        rule["effects"][0]["per"] = 100
    program = long.story.shop.program.id
    with db.transaction(program) as conn:
        desk = drafting.open_desk(conn, program, context.known_to_rules(conn, program))
        drafting.save(desk, NewDraft(title="All", body=body, number=1), by=audit.SYSTEM, now=NOW)
    where = str(long.client.post(f"{FORCE}replay/", {"period": "all", "draft": "1"})["Location"])
    assert working.work(program, now=NOW, stopping=lambda: False) > 100
    by_rule = r'<th scope="row" class="text-break">(Offer \d+)</th>\s*<td class="num">'
    first, second = (re.findall(by_rule, html(long, f"{where}?page={n}")) for n in (1, 2))
    assert (len(first), len(second)) == (PAGE, 5)
    assert not {*first} & {*second}
    budget = r'<th scope="row" class="text-break">(Offer \d+)</th><td>'
    assert [len(re.findall(budget, html(long, f"{where}?budgets={n}"))) for n in (1, 2)] == [PAGE, 5]
