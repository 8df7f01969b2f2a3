"""The second person over HTTP: a key brings the word of somebody of the staff, and is no person itself."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.api.conftest import Api, problem
from tests.builders import NOW, Shop
from verno.corrections import service
from verno.corrections.naming import fingerprint
from verno.corrections.types import Adjustment, Asked, By, ByKind, Done, Kind
from verno.kit import db
from verno.kit.clock import clock
from verno.members import service as members
from verno.members.types import Created, NewMember
from verno.verify import service as verify
from verno.workspace import audit, staff
from verno.workspace.audit import SYSTEM
from verno.workspace.roles import Role
from verno.workspace.staff import PIN_TRIES

Json = dict[str, Any]
PIN = "8264"
OWN = "oleg@example.com"


@pytest.fixture
def api(caller: Callable[..., Api]) -> Api:
    """A key that may bring approvals, and nothing else but read what came of them."""
    return caller("points:approve", "members:read")


@pytest.fixture
def people(shop: Shop) -> dict[str, str]:
    """Vera asks; Oleg may agree; Rita may approve at a till, which is not this; each has the same PIN."""
    return {
        "vera": hire(shop, "vera", Role.OWNER),
        "oleg": hire(shop, "oleg", Role.ADMIN),
        "rita": hire(shop, "rita", Role.STORE_MANAGER),
    }


def hire(shop: Shop, name: str, role: Role) -> str:
    with db.transaction(shop.program.id) as conn:
        wanted = staff.NewStaff(email=f"{name}@example.com", name=name.title(), role=role, external_id=name)
        made = staff.add(conn, shop.program.id, wanted, by=SYSTEM, now=clock.now())
        assert isinstance(made, staff.Added), made
        staff.set_pin(conn, shop.program.id, name, PIN, by=SYSTEM, now=clock.now())
        return made.staff.id


def waiting(shop: Shop, people: dict[str, str], who: str = "m-1", points: int = 5000, **contact: str) -> str:
    """Let Vera ask for more than she may give alone; returns the correction's id."""
    with db.transaction(shop.program.id) as conn:
        made = members.upsert(conn, shop.program, [NewMember(who, **contact)], now=clock.now())[0]  # type: ignore[arg-type]
        holder = made.member_id  # type: ignore[union-attr]
        body = Adjustment("points", points, "goodwill")
        by = By(ByKind.STAFF, people["vera"])
        asked = Asked(holder, body, f"{who}/{points}", fingerprint(Kind.ADJUSTMENT, holder, body), by)
        done = service.adjust(conn, shop.program, [asked], now=clock.now())[0]
    assert isinstance(done, Done), done
    assert (isinstance(made, Created), done.status) == (True, "waiting")
    return done.id


def word(name: str = "oleg", pin: str = PIN) -> Json:
    return {"approval": {"staff": name, "pin": pin}}


def points(shop: Shop) -> int:
    """Return how many points of anybody's have moved."""
    with db.transaction(shop.program.id) as conn:
        row = conn.execute("SELECT coalesce(sum(amount), 0)::bigint FROM ledger_transfer").fetchone()
    return int(row[0]) if row else 0


def test_what_waits_is_listed_the_oldest_first(api: Api, shop: Shop, people: dict[str, str]) -> None:
    ids = [waiting(shop, people, f"m-{n}", 5000 + n) for n in range(3)]
    page = api.get("/approvals?limit=2").json()
    rest = api.get(f"/approvals?limit=2&cursor={page['next']}").json()
    told = [*page["approvals"], *rest["approvals"]]
    assert [one["id"] for one in told] == ids
    assert rest["next"] is None
    first = told[0]
    assert first.keys() == {"id", "member", "unit", "points", "reason", "expires_at", "asked_at", "asked_by"}
    assert first.items() >= {"unit": "points", "points": 5000, "reason": "goodwill", "expires_at": None}.items()
    assert first["asked_by"] == {"id": people["vera"], "name": "Vera"}
    assert api.get(f"/members/{first['member']['id']}").json()["external_id"] == "m-0"
    assert problem(api.get("/approvals?limit=0")) == (422, "invalid")
    assert problem(api.get("/approvals?cursor=x")) == (422, "invalid")


def test_another_person_agrees_and_the_points_move_once(api: Api, shop: Shop, people: dict[str, str]) -> None:
    id_ = waiting(shop, people)
    first = api.post(f"/approvals/{id_}:approve", word())
    assert first.status_code == 200, first.content
    said = first.json()
    assert said.items() >= {"id": id_, "status": "posted", "unit": "points", "points": 5000}.items()
    assert said["balance"][0]["available"] == points(shop) == 5000
    assert PIN.encode() not in first.content
    again = api.post(f"/approvals/{id_}:approve", word())
    assert (again.status_code, again.content, again["Idempotent-Replay"]) == (200, first.content, "true")
    assert problem(api.post(f"/approvals/{id_}:refuse", word())) == (409, "already-resolved")
    other = hire(shop, "boris", Role.OWNER)
    assert other
    assert problem(api.post(f"/approvals/{id_}:approve", word("boris"))) == (409, "already-resolved")
    assert points(shop) == 5000
    assert api.get("/approvals").json() == {"approvals": [], "next": None}


def test_a_refusal_moves_nothing_and_stands(api: Api, shop: Shop, people: dict[str, str]) -> None:
    id_ = waiting(shop, people)
    first = api.post(f"/approvals/{id_}:refuse", word())
    assert (first.status_code, first.json()["status"]) == (200, "refused")
    again = api.post(f"/approvals/{id_}:refuse", word())
    assert (again.content, again["Idempotent-Replay"]) == (first.content, "true")
    assert problem(api.post(f"/approvals/{id_}:approve", word())) == (409, "already-resolved")
    assert points(shop) == 0


@pytest.mark.parametrize(
    "body",
    [
        {},
        word(pin="8265"),
        word("nobody"),
        word("rita"),
        word("gone"),
        word("Oleg"),
    ],
)
@pytest.mark.parametrize("verb", ["approve", "refuse"])
def test_a_key_alone_is_no_second_person(api: Api, shop: Shop, people: dict[str, str], body: Json, verb: str) -> None:
    """Nobody named, a wrong PIN, an unknown person, one who may not, one who is gone: one answer, and no effect."""
    hire(shop, "gone", Role.ADMIN)
    with db.transaction(shop.program.id) as conn:
        staff.set_active(conn, shop.program.id, "gone", active=False, by=SYSTEM, now=clock.now())
    id_ = waiting(shop, people)
    refused = api.post(f"/approvals/{id_}:{verb}", body)
    assert problem(refused) == (403, "approval-needed")
    assert refused.content == api.post(f"/approvals/{people['vera']}:{verb}", body).content, "nor is told what waits"
    assert points(shop) == 0
    assert [one["id"] for one in api.get("/approvals").json()["approvals"]] == [id_]


@pytest.mark.parametrize("body", [b"", b"[]", b'{"approval": 1}', b'{"approval": {"staff": "oleg"}}', b'{"by": 1}'])
def test_bodies_that_cannot_be_read(api: Api, shop: Shop, people: dict[str, str], body: bytes) -> None:
    id_ = waiting(shop, people)
    refused = api.post(f"/approvals/{id_}:approve", body)
    assert refused.status_code in {400, 422}
    assert points(shop) == 0


@pytest.mark.parametrize("verb", ["approve", "refuse"])
def test_who_asked_does_not_decide(api: Api, shop: Shop, people: dict[str, str], verb: str) -> None:
    id_ = waiting(shop, people)
    assert problem(api.post(f"/approvals/{id_}:{verb}", word("vera"))) == (403, "second-person-needed")
    assert points(shop) == 0


@pytest.mark.parametrize("verb", ["approve", "refuse"])
def test_nobody_decides_about_their_own_account(api: Api, shop: Shop, people: dict[str, str], verb: str) -> None:
    id_ = waiting(shop, people, email=OWN)
    assert problem(api.post(f"/approvals/{id_}:{verb}", word())) == (403, "own-account")
    assert points(shop) == 0


def test_what_is_not_there(api: Api, people: dict[str, str]) -> None:
    for id_ in (people["vera"], "nonsense", "%00"):
        assert problem(api.post(f"/approvals/{id_}:approve", word())) == (404, "unknown-correction")


def test_guessing_a_pin_is_slow_and_costs_its_owner_no_more_than_a_wait(
    api: Api, shop: Shop, people: dict[str, str]
) -> None:
    """A try is counted although its request is refused; beyond the free ones the right PIN is not looked at either."""
    id_ = waiting(shop, people)
    for _ in range(PIN_TRIES.free):
        assert problem(api.post(f"/approvals/{id_}:approve", word(pin="0007"))) == (403, "approval-needed")
    assert problem(api.post(f"/approvals/{id_}:approve", word())) == (403, "approval-needed")
    assert points(shop) == 0
    clock.read = lambda: NOW + timedelta(days=36500)
    try:
        with db.transaction(shop.program.id) as conn:
            assert staff.verify_pin(conn, shop.program.id, "oleg", PIN, now=clock.now()) is not None
    finally:
        clock.read = system_read


system_read = clock.read


def test_scopes(caller: Callable[..., Api], shop: Shop, people: dict[str, str]) -> None:
    """A key that adjusts by itself is not one that brings approvals, nor the other way round."""
    id_ = waiting(shop, people)
    other = caller("points:adjust", "members:read", "members:write", "settings:write")
    for answer in (
        other.get("/approvals"),
        other.post(f"/approvals/{id_}:approve", word()),
        other.post(f"/approvals/{id_}:refuse", word()),
    ):
        assert problem(answer) == (403, "missing-scope")
        assert "points:approve" in answer.json()["detail"]
    alone = caller("points:approve")
    assert problem(alone.post("/members/x/adjustments", {})) == (403, "missing-scope")
    assert points(shop) == 0


def test_the_audit_names_the_person_and_the_key(api: Api, shop: Shop, people: dict[str, str]) -> None:
    yes, no = waiting(shop, people), waiting(shop, people, "m-2")
    api.post(f"/approvals/{yes}:approve", word())
    api.post(f"/approvals/{no}:refuse", word())
    api.post(f"/approvals/{no}:approve", word())
    with db.transaction(shop.program.id) as conn:
        told = {
            (one.object_id, one.actor_kind, one.action, one.detail)
            for one in audit.page(conn, shop.program.id)
            if one.object_kind == "correction" and one.actor_id != people["vera"]
        }
    assert told == {
        (yes, "staff", "adjustment.posted", ""),
        (yes, "key", "adjustment.by-pin", f"staff:{people['oleg']}"),
        (no, "staff", "adjustment.refused", ""),
        (no, "key", "adjustment.by-pin", f"staff:{people['oleg']}"),
    }
    with db.connect() as conn:
        report = verify.run(conn)
    assert report.ok, report.problems
