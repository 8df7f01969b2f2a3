"""Promotions over HTTP: drafts with a second person, versions, the switch, budgets."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.api.conftest import Api, problem
from tests.builders import Shop
from verno.api.promotions.answers import TITLES
from verno.intake import context
from verno.kit import db
from verno.kit.clock import clock
from verno.promotions.drafts import service as drafting
from verno.promotions.drafts.types import NewDraft
from verno.promotions.types import Refusal
from verno.workspace import audit, settings, staff
from verno.workspace.audit import SYSTEM, Actor, ActorKind
from verno.workspace.roles import Role

PIN = "4071"
EARN = {"type": "earn_per_full", "unit": "points", "points": 1, "per": 50}
RULE = {"id": "base", "promotion": "spring", "effects": [EARN], "budgets": [{"counts": "uses", "most": 5}]}
DRAFT = {"title": "Spring", "body": {"rules": [RULE]}}


@pytest.fixture
def api(caller: Callable[..., Api]) -> Api:
    return caller("promotions:read", "promotions:write", "promotions:approve")


def hire(shop: Shop, role: Role = Role.ADMIN, number: str = "7") -> str:
    with db.transaction(shop.program.id) as conn:
        wanted = staff.NewStaff(f"{number}@example.com", "Boris", role, external_id=number)
        made = staff.add(conn, shop.program.id, wanted, by=SYSTEM, now=clock.now())
        assert isinstance(made, staff.Added), made
        staff.set_pin(conn, shop.program.id, number, PIN, by=SYSTEM, now=clock.now())
    return made.staff.id


def word(number: str = "7", **more: object) -> dict[str, object]:
    return {"agreed": True, "approval": {"staff": number, "pin": PIN}, **more}


def submitted(api: Api, made: object = DRAFT) -> int:
    saved = api.post("/promotions/drafts", made)
    assert saved.status_code == 201, saved.content
    number = int(saved.json()["draft"]["number"])
    assert api.post(f"/promotions/drafts/{number}:submit", {}).json()["draft"]["state"] == "submitted"
    return number


def published(api: Api, **more: object) -> dict[str, object]:
    hire(api.shop)
    number = submitted(api)
    assert api.post(f"/promotions/drafts/{number}:review", word()).status_code == 200
    done = api.post(f"/promotions/drafts/{number}:publish", more)
    assert done.status_code == 200, done.content
    return dict(done.json())


def test_a_draft_comes_to_hold_by_two_hands(api: Api) -> None:
    id_ = hire(api.shop)
    number = submitted(api)
    assert problem(api.post(f"/promotions/drafts/{number}:publish", {})) == (409, "not-approved")
    done = api.post(f"/promotions/drafts/{number}:review", word(revision=1, comment="good")).json()["draft"]
    assert (done["state"], done["reviewer"], done["comment"]) == ("approved", f"staff:{id_}", "good")
    assert api.get(f"/promotions/drafts/{number}/diff").json()["changed"][0]["rule"] == "base"
    told = api.post(f"/promotions/drafts/{number}:publish", {}).json()
    assert (told["draft"]["version"], told["published"]["state"]) == (2, "holds")
    current = api.get("/promotions/rulebooks/current").json()
    assert (current["version"], current["body"]["rules"][0]["effects"][0]["per"]) == (2, 50)
    assert [one["state"] for one in api.get("/promotions/rulebooks").json()["rulebooks"]] == ["holds", "past"]
    with db.transaction() as conn:
        told_by = [(one.actor_kind, one.action) for one in audit.page(conn, api.shop.program.id)]
    assert ("staff", "draft.approve") in told_by
    assert ("key", "draft.by-pin") in told_by


def test_a_key_alone_is_never_the_second_person(api: Api) -> None:
    hire(api.shop)
    hire(api.shop, Role.STORE_MANAGER, "8")
    number = submitted(api)
    for body in (
        {"agreed": True},
        word(approval={"staff": "7", "pin": "9999"}),
        word(approval={"staff": "nobody", "pin": PIN}),
        word("8"),
    ):
        assert problem(api.post(f"/promotions/drafts/{number}:review", body)) == (403, "approval-needed")
    assert api.get(f"/promotions/drafts/{number}").json()["draft"]["state"] == "submitted"


def test_who_wrote_it_does_not_approve_it_through_a_key(api: Api) -> None:
    id_ = hire(api.shop)
    program = api.shop.program.id
    with db.transaction(program) as conn:
        desk = drafting.open_desk(conn, program, context.known_to_rules(conn, program))
        me = Actor(ActorKind.STAFF, id_)
        drafting.save(desk, NewDraft(title="Mine", body=DRAFT["body"]), by=me, now=clock.now())  # type: ignore[arg-type]
        drafting.submit(desk, 1, by=me, now=clock.now())
    assert problem(api.post("/promotions/drafts/1:review", word())) == (403, "own-draft")


def replayed_above(api: Api, number: int) -> None:
    """Keep a replay with a draft that went above a budget."""
    program = api.shop.program.id
    with db.transaction(program) as conn:
        desk = drafting.open_desk(conn, program, context.known_to_rules(conn, program))
        assert drafting.keep_result(desk, number, 1, {"revision": 1}, above_budget=True, now=clock.now())


def test_what_a_replay_found_above_the_budget_is_approved_knowingly(api: Api) -> None:
    hire(api.shop)
    number = submitted(api)
    replayed_above(api, number)
    answer = api.post(f"/promotions/drafts/{number}:review", word())
    assert problem(answer) == (409, "above-budget")
    assert "above_budget" in answer.json()["detail"]
    assert api.get(f"/promotions/drafts/{number}").json()["draft"]["state"] == "submitted"
    done = api.post(f"/promotions/drafts/{number}:review", word(above_budget=True)).json()["draft"]
    assert (done["state"], done["above_budget"], done["approved_above_budget"]) == ("approved", True, True)
    assert done["result"] == {"revision": 1}
    assert api.post(f"/promotions/drafts/{number}:publish", {}).status_code == 200


def test_alone_one_says_so_while_publishing(api: Api) -> None:
    with db.transaction(api.shop.program.id) as conn:
        settings.write(conn, api.shop.program.id, "promotions.review", False, now=clock.now())
    number = submitted(api)
    replayed_above(api, number)
    assert problem(api.post(f"/promotions/drafts/{number}:publish", {})) == (409, "above-budget")
    assert api.post(f"/promotions/drafts/{number}:publish", {"above_budget": True}).status_code == 200


def test_an_unfinished_draft_tells_what_it_lacks(api: Api) -> None:
    saved = api.post("/promotions/drafts", {"title": "x", "body": {"rules": [{"id": "a"}]}}).json()
    assert "effects" in saved["problems"][0]
    answer = api.post("/promotions/drafts/1:submit", {})
    assert problem(answer) == (422, "not-valid")
    assert answer.json()["errors"] == [{"field": "body", "message": saved["problems"][0]}]
    assert problem(api.get("/promotions/drafts/1/diff")) == (422, "not-valid")
    changed = api.post("/promotions/drafts", {**DRAFT, "number": 1, "revision": 1})
    assert (changed.status_code, changed.json()["problems"], changed.json()["draft"]["revision"]) == (200, [], 2)
    late = api.post("/promotions/drafts", {**DRAFT, "number": 1, "revision": 1})
    assert problem(late) == (409, "changed-since")


def test_a_thousand_rules_come_through(api: Api) -> None:
    rules = [{"id": f"rule-{n}", "name": "n" * 200, "effects": [{**EARN, "per": 100_000}]} for n in range(1000)]
    saved = api.post("/promotions/drafts", {"title": "many", "body": {"rules": rules}})
    assert (saved.status_code, saved.json()["problems"]) == (201, [])


def test_later_is_a_moment_and_can_be_taken_back(api: Api) -> None:
    at = clock.now() + timedelta(days=3)
    told = published(api, at=at.isoformat())
    assert told["published"]["state"] == "scheduled"  # type: ignore[index]
    assert api.get("/promotions/rulebooks/current").json()["version"] == 1
    assert problem(api.post("/promotions/rulebooks/1:withdraw", {})) == (409, "already-holds")
    gone = api.post("/promotions/rulebooks/2:withdraw", {}).json()
    assert (gone["state"], gone["version"]) == ("withdrawn", 2)
    assert problem(api.post("/promotions/rulebooks/2:roll-back", {})) == (409, "never-held")
    assert api.get("/promotions/drafts/1").json()["draft"]["state"] == "withdrawn"


def test_roll_back(api: Api) -> None:
    published(api)
    done = api.post("/promotions/rulebooks/1:roll-back", {})
    assert (done.status_code, done.json()["version"], done.json()["state"]) == (201, 3, "holds")
    assert api.get("/promotions/rulebooks/3/diff?since=1").json()["changed"] == []
    assert api.get("/promotions/rulebooks/3/diff?since=2").json()["changed"][0]["rule"] == "base"


def test_some_members_keep_the_version_before(api: Api) -> None:
    hire(api.shop)
    old = {"combinator": "and", "rules": [{"field": "member.joined", "operator": "<", "value": "2026-01-01"}]}
    year = clock.now().year + 1
    keeps = [{"members": old, "until": f"{year}-03-31"}]
    wrong: dict[str, object] = {"rules": [RULE], "keeps": [{**keeps[0], "version": 7}]}
    number = submitted(api, {"title": "Dearer", "body": wrong})
    assert api.post(f"/promotions/drafts/{number}:review", word()).status_code == 200
    refused = api.post(f"/promotions/drafts/{number}:publish", {})
    assert problem(refused) == (422, "not-valid")
    assert "version 7 has not held" in refused.content.decode()
    asks_lines = {"combinator": "and", "rules": [{"field": "sku", "operator": "=", "value": "tea"}]}
    body = {"rules": [RULE], "keeps": [{"members": asks_lines, "until": f"{year}-03-31"}]}
    assert "keeps.0.members" in api.post("/promotions/drafts", {"title": "Dearer", "body": body}).json()["problems"][0]
    number = submitted(api, {"title": "Dearer", "body": {"rules": [RULE], "keeps": keeps}})
    assert api.post(f"/promotions/drafts/{number}:review", word()).status_code == 200
    assert api.post(f"/promotions/drafts/{number}:publish", {}).status_code == 200
    current = api.get("/promotions/rulebooks/current").json()
    assert current["body"]["keeps"] == [{**keeps[0], "version": 1}]
    differs = api.get("/promotions/rulebooks/2/diff?since=1").json()
    assert [one["path"] for one in differs["whole"]] == ["keeps"]
    with db.transaction() as conn:
        noted = [one.detail for one in audit.page(conn, api.shop.program.id) if one.action == "draft.publish"]
    assert noted == [f"version:2,keeps:1>{year}-03-31"]


def test_pause_resume_and_budgets(api: Api) -> None:
    published(api)
    (state,) = api.get("/promotions/budgets").json()["budgets"]
    assert (state["rule"], state["used"], state["held"], state["budget"]["most"]) == ("base", 0, 0, 5)
    for kind, code in (("rule", "base"), ("promotion", "spring")):
        wanted = {"kind": kind, "code": code}
        (one,) = api.post("/promotions:pause", wanted).json()["pauses"]
        assert (one["kind"], one["code"]) == (kind, code)
        assert api.get("/promotions/pauses").json()["pauses"] == [one]
        assert api.post("/promotions:resume", wanted).json()["pauses"] == []
    assert problem(api.post("/promotions:pause", {"kind": "rule", "code": "gone"})) == (404, "unknown-rule")


def test_pages_of_drafts(api: Api) -> None:
    for _ in range(3):
        api.post("/promotions/drafts", DRAFT)
    first = api.get("/promotions/drafts?limit=2").json()
    assert [one["number"] for one in first["drafts"]] == [3, 2]
    rest = api.get(f"/promotions/drafts?limit=2&cursor={first['next']}").json()
    assert ([one["number"] for one in rest["drafts"]], rest["next"]) == ([1], None)


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        ("/promotions/drafts/9:submit", {}, (404, "unknown-draft")),
        ("/promotions/drafts/x:submit", {}, (404, "unknown-draft")),
        ("/promotions/drafts/9:publish", {}, (404, "unknown-draft")),
        ("/promotions/drafts/9:publish", {"at": "2027-01-01T00:00:00"}, (422, "invalid")),
        ("/promotions/drafts", {"title": "", "body": {}}, (422, "invalid")),
        ("/promotions/drafts", {"title": "x", "body": []}, (422, "invalid")),
        ("/promotions/rulebooks/9:roll-back", {}, (404, "unknown-version")),
        ("/promotions/rulebooks/9:withdraw", {}, (404, "unknown-version")),
        ("/promotions:pause", {"kind": "shop", "code": "x"}, (422, "invalid")),
    ],
)
def test_what_is_not_there_or_not_meant(api: Api, path: str, body: object, told: tuple[int, str]) -> None:
    assert problem(api.post(path, body)) == told


def test_every_refusal_has_words() -> None:
    assert set(TITLES) == set(Refusal)
