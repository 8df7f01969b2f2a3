"""Contacts of companies and households over HTTP."""

from collections.abc import Callable

import pytest

from tests.api.conftest import Api, problem
from tests.api.test_corrections import ALL, available, member, post
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.ids import new_id
from verno.ledger import service as ledger
from verno.ledger.types import Earn, Operation
from verno.workspace import settings

OLGA = {"role": "accountant", "name": "Olga", "email": "Olga@example.com", "phone": "+79160000009"}


@pytest.fixture
def api(caller: Callable[..., Api]) -> Api:
    """Return a caller that may do everything with members and their points."""
    return caller(*ALL)


def test_contacts_are_told_to_who_may_read_them(api: Api, caller: Callable[..., Api]) -> None:
    firm, person = member(api, "firm", kind="company"), member(api, "ann")
    made = api.post(f"/members/{firm}/contacts", OLGA)
    assert (made.status_code, made.json()["email"]) == (201, "olga@example.com")
    where = f"/members/{firm}/contacts"
    assert api.get(where).json()["contacts"] == [made.json()]
    (masked,) = caller("members:read").get(where).json()["contacts"]
    assert (masked["name"], masked["email"], masked["phone"]) == ("O•••", "o•••@example.com", "+7916•••0009")
    changed = api.put(f"{where}/{made.json()['id']}", OLGA | {"role": "other", "phone": None})
    assert (changed.status_code, changed.json()["role"], changed.json()["phone"]) == (200, "other", None)
    assert problem(api.post(f"/members/{person}/contacts", OLGA)) == (409, "not-a-company")
    assert problem(api.post(where, OLGA | {"phone": "12"})) == (422, "bad-phone")
    assert problem(api.put(f"{where}/{new_id(now=clock.now())}", OLGA)) == (404, "not-found")
    said = {"action": "grant", "purpose": "rules", "method": "paper", "text_version": "1"}
    assert api.post(f"{where}/{made.json()['id']}/consents", said).status_code == 201
    assert problem(api.post(f"{where}/{made.json()['id']}/consents", said | {"topic": "x"})) == (422, "bad-consent")
    for _ in range(2):
        assert api.delete(f"{where}/{made.json()['id']}").json() == {"contacts": []}


def test_contacts_of_a_merged_company_are_the_survivors(api: Api) -> None:
    firm, twin = member(api, "firm", kind="company"), member(api, "twin", kind="company")
    made = api.post(f"/members/{twin}/contacts", OLGA).json()
    assert post(api, f"/members/{twin}/merge", {"into": {"id": firm}}).status_code == 201
    where = f"/members/{firm}/contacts"
    assert [one["id"] for one in api.get(where).json()["contacts"]] == [made["id"]]
    changed = api.put(f"{where}/{made['id']}", OLGA | {"role": "other"})
    assert (changed.status_code, changed.json()["role"]) == (200, "other")
    assert api.delete(f"{where}/{made['id']}").json() == {"contacts": []}


def test_a_household_lives(api: Api) -> None:
    ann, bob, kid = (member(api, name) for name in ("ann", "bob", "kid"))
    with db.transaction(api.shop.program.id) as conn:
        now, id_ = clock.now(), new_id(now=clock.now())
        earned = Operation(f"test/{id_}", id_, ann, "00", (Earn(ann, api.shop.unit.id, 100, now),))
        ledger.post(conn, api.shop.program.id, [earned], now=now)
        settings.write(conn, api.shop.program.id, "households.pools", True, scope=None, now=now)
    home = api.post("/households", {"head": {"external_id": "ann"}})
    assert (home.status_code, home.json()["members"][0]["role"]) == (201, "head")
    where = f"/households/{home.json()['id']}"
    code = api.post(f"{where}/invitations", {"role": "adult"}).json()["code"]
    joined = api.post("/households:accept", {"code": code, "member": {"id": bob}})
    assert [one["holder_id"] for one in joined.json()["members"]] == [ann, bob]
    again = api.post("/households:accept", {"code": code, "member": {"id": kid}})
    assert problem(again) == (409, "bad-code")
    assert api.post(f"{where}/members", {"member": {"id": kid}, "role": "child"}).status_code == 201
    gift = {"member": {"id": ann}, "unit": "points", "points": 60}
    assert post(api, f"{where}/contributions", gift).status_code == 201
    assert post(api, f"{where}/contributions", gift).headers["Idempotent-Replay"] == "true"
    assert problem(post(api, f"{where}/draws", gift | {"member": {"id": kid}}, "k1")) == (409, "not-allowed")
    assert problem(post(api, f"{where}/draws", gift | {"points": 61}, "k2")) == (409, "insufficient-points")
    assert post(api, f"{where}/draws", gift | {"member": {"id": bob}, "points": 50}, "k3").status_code == 201
    assert (available(api, ann), available(api, bob)) == (40, 50)
    assert api.get(f"/members/{kid}/household").json()["pool"][0]["available"] == 10
    assert api.delete(f"{where}/members/{ann}").json() == {"id": home.json()["id"], "head": bob}
    assert api.delete(f"{where}/members/{bob}").json()["head"] is None
    assert (available(api, bob), api.get(where).status_code) == (60, 404)
    assert problem(api.post("/households", {"head": {"id": ann}})) == (409, "left-one-lately")
