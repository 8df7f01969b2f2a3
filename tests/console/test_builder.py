"""The builder: what is typed is judged by the server, told by path, and never lost."""

import json
import re
from html import unescape

import pytest

from tests.builders import NOW
from tests.console.conftest import House
from tests.console.test_promotions import DRAFTS, FORCE, ONE, TEN, begun, do, read, row
from verno.kit import db
from verno.predicate.operators import OPERATORS
from verno.predicate.types import Field, Kind
from verno.promotions import gallery
from verno.promotions.drafts import queries as drafts
from verno.promotions.drafts import service
from verno.promotions.drafts.types import Draft, NewDraft
from verno.rules.fields import Known
from verno.workspace import settings
from verno.workspace.audit import Actor, ActorKind
from verno.workspace.settings import PROGRAM

BY = Actor(ActorKind.OPERATOR, "0")
RULE = f"{ONE}rules/1/"
CHECK = f"{ONE}check/"


def draft(house: House, number: int = 1) -> Draft:
    with db.transaction() as conn:
        found = drafts.draft(conn, house.story.shop.program.id, number, known=Known(), units=[house.story.shop.unit])
    assert found is not None
    return found


def rules(house: House, number: int = 1) -> list[dict[str, object]]:
    found = draft(house, number).body["rules"]
    assert isinstance(found, list)
    return found


def of(html: str, name: str) -> str:
    """Return what an attribute of the component holds."""
    found = re.search(rf'{name}="([^"]*)"', html)
    assert found, name
    return unescape(found[1])


def kept(html: str) -> object:
    """Return the record that the form holds."""
    found = re.search(r"<textarea[^>]*>(.*?)</textarea>", html, re.DOTALL)
    assert found
    return json.loads(unescape(found[1]))


def send(house: House, rule: object, where: str = RULE, revision: int = 2, **more: str) -> tuple[int, str]:
    sent = {
        "record": rule if isinstance(rule, str) else json.dumps(rule),
        "revision": str(revision),
        "do": "save",
        "was": "ten",
    }
    answer = house.client.post(where, sent | more)
    return answer.status_code, answer.content.decode()


def test_a_rule_is_changed(house: House) -> None:
    begun(house)
    html = house.client.get(RULE).content.decode()
    assert kept(html) == TEN
    assert send(house, TEN | {"name": "Lunch"})[0] == 302
    assert rules(house)[1] == TEN | {"name": "Lunch"}
    assert row(house).revision == 3


NO_CATEGORY = {"field": "category", "operator": "inCategory", "value": []}
EFFECT = {"type": "discount_percent", "share": 1000}
WRONG: list[tuple[dict[str, object], list[tuple[str, str]]]] = [
    ({"effects": []}, [("effects", "At least one is needed here.")]),
    (
        {"effects": [{"type": "discount_percent", "share": "ten"}, {"type": "discount_percent"}]},
        [("effects.0.share", "This must be a number."), ("effects.1.share", "This must be filled in.")],
    ),
    ({"effects": [{"type": "discount_percent", "share": 0}]}, [("effects.0.share", "This number is too small.")]),
    ({"effects": [{"type": "discount_percent", "share": 10_001}]}, [("effects.0.share", "This number is too large.")]),
    ({"effects": [{"type": "magic"}]}, [("effects.0.type", "This is none of the possible ones.")]),
    ({"effects": [EFFECT | {"most": "", "lines": None}]}, [("effects.0.most", "This must be a number, or empty.")]),
    ({"priority": "high"}, [("priority", "This must be a number.")]),
    ({"colour": 1}, [("", "“colour” is not known here.")]),
    ({"when": 7}, [("when", "This is not what belongs here.")]),
    (
        {"when": {"combinator": "and", "rules": [{"field": "", "operator": "", "value": ""}]}},
        [("when.rules.0.field", "Choose what is asked.")],
    ),
    (
        {"when": {"combinator": "and", "rules": [{"field": "amount", "operator": ">=", "value": "12,3x"}]}},
        [("when.rules.0.value", "This must be a number.")],
    ),
    (
        {
            "when": {
                "combinator": "or",
                "rules": [
                    {"combinator": "and", "rules": []},
                    {"field": "lines", "match": {"mode": "atLeast", "threshold": "x"}, "value": None},
                    {"field": "date", "operator": "between", "value": ["2026-12-31", "2026-01-01"]},
                ],
            }
        },
        [
            ("when.rules.0.rules", "An empty group: it needs a condition."),
            ("when.rules.1.match.threshold", "This must be a number."),
            ("when.rules.2.value", "The first value must not be above the second."),
        ],
    ),
    (
        {"when": {"combinator": "and", "rules": [{"field": "paid", "operator": ">=", "value": 100}]}},
        [
            (
                "when",
                "A rule that takes something off cannot ask for the sum paid or the discount: they are known only "
                "after it. Ask for the sum before discounts.",
            )
        ],
    ),
    (
        {
            "effects": [
                EFFECT
                | {
                    "lines": {
                        "combinator": "and",
                        "rules": [{"field": "category", "operator": "inCategory", "value": []}],
                    }
                }
            ]
        },
        [("effects.0.lines.rules.0.value", "At least one is needed here.")],
    ),
    ({"budgets": [{"counts": "money", "most": ""}]}, [("budgets.0.most", "This must be a number.")]),
    ({"id": "base"}, [("id", "Another rule has this code.")]),
    ({"category": "sale"}, [("", "There is no category sale.")]),
    (
        {"effects": [{"type": "discount_percent", "share": 10_000}], "budgets": []},
        [("", "It takes everything off, without end: it needs a least sum, goods that it is for, a cap or a budget.")],
    ),
    (
        {"effects": [{"type": "earn_multiply", "unit": "points", "times": 200, "rules": ["gone"]}]},
        [("", "There is no rule gone to multiply.")],
    ),
    (
        {"effects": [{"type": "earn_multiply", "unit": "stars", "times": 200}]},
        [("", "The program has no points called stars.")],
    ),
]


@pytest.mark.parametrize(("change", "told"), WRONG)
def test_what_is_wrong_is_told_by_path_and_kept(
    house: House, change: dict[str, object], told: list[tuple[str, str]]
) -> None:
    begun(house)
    typed = TEN | change
    status, html = send(house, typed)
    assert status == 422
    assert [(one["path"], one["text"]) for one in json.loads(of(html, "data-problems"))] == told
    assert kept(html) == typed
    assert rules(house)[1] == TEN, "nothing was stored"
    assert send(house, typed, do="anyway")[0] == 302, "a draft may be unfinished"
    assert rules(house)[1] == typed
    assert told[0][1] in read(house.client, ONE)
    assert do(house.client, ONE, do="submit")[0] == 409


def test_problems_are_told_in_russian(house: House) -> None:
    begun(house)
    house.client.post("/console/language/", {"language": "ru", "next": ONE})
    _status, html = send(house, TEN | {"effects": [{"type": "discount_percent", "share": "x"}]})
    assert of(html, "data-problems") == '[{"path": "effects.0.share", "text": "Нужно число."}]'


@pytest.mark.parametrize(
    "junk", ["", "{", "[]", '"x"', '{"a": "\\u0000"}', '{"a": 1, "a": 2}', "[" * 500, '{"a": 1e999}']
)
def test_what_is_no_record_is_refused_and_kept(house: House, junk: str) -> None:
    begun(house)
    status, html = send(house, junk)
    assert status == 422
    assert "This cannot be read" in html
    if junk:
        assert junk in unescape(html)
    assert rules(house)[1] == TEN
    assert house.client.post(CHECK, {"record": junk, "position": "1"}).status_code == 404


def test_somebody_was_faster_and_nothing_is_lost(house: House) -> None:
    begun(house)
    do(house.client, ONE, do="up", position="1", revision="2")
    status, html = send(house, TEN | {"name": "Mine"})
    assert status == 409
    assert "Somebody has changed the draft" in html
    assert "Mine" in html
    assert f'action="{ONE}rules/0/"' in html, "the rule stands elsewhere now"
    assert send(house, TEN | {"name": "Mine"}, f"{ONE}rules/0/", revision=3)[0] == 302
    assert [rule["id"] for rule in rules(house)] == ["ten", "base"]
    assert rules(house)[0]["name"] == "Mine"


def test_a_rule_that_was_removed_meanwhile_becomes_a_new_one(house: House) -> None:
    begun(house)
    do(house.client, ONE, do="remove", position="1", revision="2")
    status, html = send(house, TEN)
    assert status == 409
    assert f'action="{ONE}rules/new/"' in html
    assert send(house, TEN, f"{ONE}rules/new/", revision=3)[0] == 302
    assert rules(house)[1] == TEN


def test_a_published_draft_is_not_changed(house: House) -> None:
    begun(house)
    with db.transaction() as conn:
        settings.write_all(
            conn, house.story.shop.program.id, {"promotions.review": "off"}, scope=PROGRAM, now=row(house).changed_at,
            by=BY, in_words=True,
        )  # fmt: skip
    do(house.client, ONE, do="publish")
    status, html = send(house, TEN | {"name": "Late"})
    assert status == 409
    assert "The draft is published; begin another one." in html
    assert "Late" in html
    assert "Add a rule" not in read(house.client, ONE)


def test_a_new_rule_gets_a_code_of_its_name(house: House) -> None:
    begun(house)
    made = {"name": "Счастливые часы!", "effects": [EFFECT]}
    for revision, code in ((2, "schastlivye-chasy"), (3, "schastlivye-chasy-2")):
        assert send(house, made, f"{ONE}rules/new/", revision)[0] == 302
        assert rules(house)[-1]["id"] == code


def test_checking_says_it_in_words_and_stores_nothing(house: House) -> None:
    begun(house)
    answer = house.client.post(CHECK, {"record": json.dumps(TEN | {"priority": "x"}), "position": "1"})
    assert answer.json() == {
        "problems": [{"path": "priority", "text": "This must be a number."}],
        "words": ["Something is still missing."],
    }
    answer = house.client.post(CHECK, {"record": json.dumps(TEN), "position": "1"}).json()
    assert answer["problems"] == []
    assert answer["words"][:2] == ["When: time at the place is between: 12:00 … 14:00", "10\u00a0% off"]
    new = house.client.post(CHECK, {"record": '{"effects": []}', "position": ""}).json()
    assert [one["path"] for one in new["problems"]] == ["effects"]
    assert row(house).revision == 2


def test_an_unfinished_neighbour_does_not_hide_what_is_wrong_here(house: House) -> None:
    begun(house)
    assert send(house, {"id": "half", "effects": []}, f"{ONE}rules/new/", do="anyway")[0] == 302
    unknown = {"combinator": "and", "rules": [{"field": "moon", "operator": "=", "value": "full"}]}
    _status, html = send(house, TEN | {"when": unknown}, revision=3)
    assert json.loads(of(html, "data-problems")) == [
        {"path": "when.rules.0.field", "text": "Nothing is called 'moon' here."}
    ]
    of_half = {"type": "earn_multiply", "unit": "points", "times": 200, "rules": ["half"]}
    assert send(house, TEN | {"effects": [of_half]}, revision=3)[0] == 302, "it may be what half will give"


ODD: list[dict[str, object]] = [
    {},
    {"rules": "none"},
    {"rules": [7, TEN], "caps": 5, "categories": {"a": 1}},
    {"rules": [{"id": [1]}]},
]


def test_a_draft_written_elsewhere_opens_whatever_is_in_it(house: House) -> None:
    """Over the API anything is a draft; its page and the builder show it, and mend it rule by rule."""
    with db.transaction() as conn:
        shop = house.story.shop
        desk = service.Desk(conn, shop.program.id, Known(), [shop.unit])
        for body in ODD:
            service.save(desk, NewDraft(title="odd", body=body), by=BY, now=NOW)
    for number in (1, 2, 3, 4):
        where = f"{DRAFTS}{number}/"
        for page in (where, f"{where}rules/new/", f"{where}together/"):
            assert house.client.get(page).status_code == 200, page
    assert "Ten per cent at noon" in read(house.client, f"{DRAFTS}3/")
    assert send(house, TEN | {"id": "x"}, f"{DRAFTS}3/rules/0/", 1, do="anyway")[0] == 302
    assert [rule["id"] for rule in rules(house, 3)] == ["x", "ten"]
    assert send(house, {}, f"{DRAFTS}3/together/", 2)[0] == 302
    assert draft(house, 3).problems == ()


RICH: dict[str, object] = {
    "id": "rich",
    "name": "Rich",
    "group": "g",
    "category": "c",
    "priority": 1,
    "when": {
        "combinator": "and",
        "rules": [
            {"field": "amount", "operator": "between", "value": [1, 2]},
            {"field": "lines", "match": {"mode": "sum", "of": "amount", "operator": ">=", "threshold": 5}, "value": {
                "combinator": "or", "rules": [{"field": "category", "operator": "inCategory", "value": [["a", "b"]]}],
            }},
        ],
    },
    "effects": [
        {"type": "earn_percent", "unit": "points", "rate": 100, "by": {"field": "lines.category", "rates": {"a": 5}}},
        {"type": "bundle", "price": 5, "parts": [{"units": 1, "lines": {"combinator": "and", "rules": []}}]},
        {"type": "print_text", "text": {"en": "Hi"}},
        {"type": "set_tier", "track": "main", "step": "gold", "days": 3},
    ],
    "budgets": [{"counts": "uses", "most": 5, "each_member": True, "period": "day"}],
}  # fmt: skip
JUNK_VALUES: list[object] = [None, -1, 1.5, "{0}%s{x}", [[]], {"rules": 1}]


def places(value: object, above: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [above, *(place for key, one in inner for place in places(one, (*above, key)))]


def test_no_junk_at_any_place_is_too_much(house: House) -> None:
    """Whatever stands wherever in a rule: the answer is words, never a failure."""
    begun(house)
    for place in places(RICH)[1:]:
        for junk in JUNK_VALUES:
            rule = json.loads(json.dumps(RICH))
            at = rule
            for key in place[:-1]:
                at = at[key]
            at[place[-1]] = junk
            answer = house.client.post(CHECK, {"record": json.dumps(rule), "position": "1"})
            assert answer.status_code == 200, (place, junk)
            assert all(one["text"] for one in answer.json()["problems"])


def test_how_rules_go_together(house: House) -> None:
    begun(house)
    where = f"{ONE}together/"
    said = {"caps": {"receipt": 3000}, "choose": "priority", "categories": [{"code": "sale", "without": ["gone"]}]}
    status, html = send(house, said, where)
    assert status == 422
    assert "Category sale: there is no category gone." in html
    said["categories"] = [{"code": "sale", "one": True}]
    assert send(house, said, where)[0] == 302
    assert {key: draft(house).body[key] for key in said} == said
    page = read(house.client, ONE)
    assert "All discounts together take at most 30 % off a receipt." in page
    assert "Category sale: one of its rules acts." in page
    checked = house.client.post(CHECK, {"form": "together", "record": '{"caps": {"line": 50000}}'}).json()
    assert checked["problems"] == [{"path": "caps.line", "text": "This number is too large."}]
    assert send(house, {}, where, revision=3)[0] == 302
    assert draft(house).body.keys() == {"rules"}


def test_every_mechanic_opens_in_the_builder_of_a_draft(house: House) -> None:
    """Each goes into one draft, beside all others, and is there as the gallery has it but for names and codes."""
    do(house.client, DRAFTS, do="empty", title="All")
    for mechanic in gallery.all_mechanics():
        before = len(rules(house))
        answer = house.client.post(f"{FORCE}gallery/", {"mechanic": mechanic.code, "draft": "1"})
        assert answer["Location"] == f"{ONE}rules/{before}/"
        assert house.client.get(answer["Location"]).status_code == 200, mechanic.code
        assert len(rules(house)) == before + len(mechanic.rulebook.rules)
    body = draft(house).body
    assert "used twice" not in " ".join(draft(house).problems)
    assert body["caps"] == {"margin": 1000, "receipt": 3000}
    assert body["categories"] == [{"code": "points", "without": ["discounts"]}, {"code": "discounts"}]
    groups = {rule["group"] for rule in rules(house) if "group" in rule}
    assert groups == {"steps", "steps-2", "offers"}, "two mechanics that do not exclude each other"


SAMPLES: dict[Kind, tuple[object, object]] = {
    Kind.NUMBER: (1, 2),
    Kind.MONEY: (1, 2),
    Kind.TEXT: ("a", "b"),
    Kind.FLAG: (True, False),
    Kind.CHOICE: ("a", "b"),
    Kind.CODES: ("a", "b"),
    Kind.DATE: ("2026-01-01", "2026-02-01"),
    Kind.MOMENT: ("2026-01-01T00:00:00+03:00", "2026-02-01T00:00:00+03:00"),
    Kind.WEEKDAY: (1, 2),
    Kind.TIME: ("09:00", "10:00"),
    Kind.CATEGORY: (["a"], ["b"]),
}


def test_operators_take_what_the_builder_offers_them() -> None:
    from verno.console.promotions.forms import conditions

    for kind, described in conditions.operators().items():
        field = Field("x", Kind(kind), lambda _: None)
        one, two = SAMPLES[Kind(kind)]
        values = {"nothing": None, "one": one, "list": [one, two], "pair": [one, two], "days": 7}
        for operator in described:
            OPERATORS[Kind(kind)][operator.name].bind(values[operator.takes], field)  # raises what it cannot take
            assert operator.label, (kind, operator.name)
