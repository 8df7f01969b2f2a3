"""A member's points over HTTP."""

import json
from datetime import UTC, datetime, timedelta

from django.test import Client
from django.utils import translation

from tests.api.conftest import Api
from verno.api import receipts
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.ids import new_id
from verno.ledger import service as ledger
from verno.ledger.types import Earn, Operation, Posted, Spend
from verno.workspace import keys


def member(api: Api) -> str:
    return str(api.post("/members", {"external_id": "a-1", "phone": "+79160000001"}).json()["id"])


def post(api: Api, holder: str, key: str, *entries: Earn | Spend) -> None:
    with db.transaction() as conn:
        operation = Operation(key, new_id(now=clock.now()), holder, "00", entries)
        assert isinstance(ledger.post(conn, api.shop.program.id, [operation], now=clock.now())[0], Posted)


def test_a_new_member_has_nothing_of_each_unit(api: Api) -> None:
    id_ = member(api)
    empty = {"unit": "points", "available": 0, "pending": 0, "held": 0, "debt": 0, "expiring": []}
    assert api.get(f"/members/{id_}/balance").json() == {"balance": [empty]}
    assert api.get(f"/members/{id_}/transfers").json() == {"transfers": [], "next": None}


def test_balance_says_what_ends_when(api: Api) -> None:
    id_, now, unit = member(api), clock.now(), api.shop.unit.id
    first, second = (now.replace(microsecond=0) + timedelta(days=days) for days in (10, 20))
    post(
        api,
        id_,
        "a",
        Earn(id_, unit, 100, now, expires_at=first),
        Earn(id_, unit, 50, now, expires_at=second),
        Earn(id_, unit, 7, now, active_from=second),
    )
    post(api, id_, "b", Spend(id_, unit, 30, now))
    (balance,) = api.get(f"/members/{id_}/balance").json()["balance"]
    assert (balance["available"], balance["pending"], balance["held"]) == (120, 7, 0)
    ending = [(datetime.fromisoformat(one["at"]).astimezone(UTC), one["points"]) for one in balance["expiring"]]
    assert ending == [(first, 70), (second, 50)]


def test_transfers_come_newest_first_in_pages(api: Api) -> None:
    id_, now, unit = member(api), clock.now(), api.shop.unit.id
    for n in range(5):
        post(api, id_, str(n), Earn(id_, unit, n + 1, now - timedelta(days=5 - n)))
    post(api, id_, "spent", Spend(id_, unit, 4, now))
    pages = [api.get(f"/members/{id_}/transfers?limit=2").json()]
    while following := pages[-1]["next"]:
        pages.append(api.get(f"/members/{id_}/transfers?limit=2&cursor={following}").json())
    assert [len(page["transfers"]) for page in pages] == [2, 2, 2]
    seen = [one for page in pages for one in page["transfers"]]
    assert [(one["kind"], one["points"]) for one in seen] == [("spend", -4)] + [("earn", n) for n in (5, 4, 3, 2, 1)]
    assert seen[0]["receipt"] is None
    assert seen[0]["unit"] == "points"


def test_a_transfer_names_its_receipt_in_the_readers_language(api: Api) -> None:
    id_ = member(api)
    receipt = {
        "number": "A-1001",
        "place": "msk-1",
        "at": clock.now().isoformat(),
        "member": {"phone": "+79160000001"},
        "lines": [{"sku": "tea", "quantity": "1", "amount": 45000}],
    }
    body = json.dumps(receipt).encode()
    with db.transaction() as conn:
        key = f"Bearer {_till(conn, api)}"
    reply = receipts.post_receipt(receipts.Call(key, "application/json", None, lambda most: body[:most]))
    assert reply.status == 201, reply.body
    (transfer,) = api.get(f"/members/{id_}/transfers").json()["transfers"]
    assert transfer["points"] == 450
    assert transfer["receipt"] == {"id": json.loads(reply.body)["id"], "number": "A-1001"}
    assert transfer["reason"] == "Earned by receipt A-1001 at msk-1"
    headers = {"Authorization": f"Bearer {api.key}", "Accept-Language": "ru"}
    again = Client().get(f"/v1/members/{id_}/transfers", headers=headers).json()["transfers"][0]
    with translation.override("ru"):
        words = translation.gettext("Earned by receipt %(number)s at %(place)s")
    assert again["reason"] == words % {"number": "A-1001", "place": "msk-1"}


def _till(conn: db.Connection, api: Api) -> str:
    return keys.create(conn, api.shop.program.id, "till", ["receipts:write"], now=clock.now())
