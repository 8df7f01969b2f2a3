"""The till over HTTP: the whole promise of a receipt, through the same doors that the server's entry opens."""

from collections import Counter as Tally
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from tests.api.conftest import Api, problem
from tests.builders import Shop
from verno.kit import db
from verno.kit.clock import clock
from verno.members import service as members
from verno.members.types import NewMember
from verno.workspace import keys, service, settings, staff
from verno.workspace.audit import SYSTEM
from verno.workspace.roles import Role
from verno.workspace.types import NewStore

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response

Json = dict[str, Any]
CARD = {"card": "CARD-0001"}


@pytest.fixture
def member(shop: Shop) -> str:
    """A regular with a card; a point is worth 1.00."""
    with db.transaction() as conn:
        settings.write(conn, shop.program.id, "spend.value", 100, now=clock.now())
        wanted = [NewMember(external_id="m-1", card="CARD-0001", phone="+79160000001")]
        members.upsert(conn, shop.program, wanted, now=clock.now())
    return "m-1"


@pytest.fixture
def till(caller: Callable[..., Api], member: str) -> Api:
    """A till that may do everything a till does; its regular has 500 points."""
    till = caller("receipts:write", "points:spend", "members:read")
    assert till.post("/receipts", sale("start", 50000)).status_code == 201
    return till


def sale(number: str, *amounts: int, **more: object) -> Json:
    """Return a sale of one line an amount, by the regular."""
    lines = [{"sku": f"sku-{i}", "quantity": "2", "amount": amount} for i, amount in enumerate(amounts or (45000,))]
    plain: Json = {"number": number, "place": "msk-1", "at": clock.now().isoformat(), "lines": lines}
    return {**plain, "member": {"external_id": "m-1"}, **more}


def spend(points: int) -> list[Json]:
    return [{"unit": "points", "points": points}]


def taken_back(number: str, original: Json, **more: object) -> Json:
    return {"number": number, "place": "msk-1", "at": clock.now().isoformat(), "original": original, **more}


def available(till: Api, body: Json) -> int:
    """Return what the member of an answer has now."""
    answer = till.get(f"/members/{body['member']['id']}/balance").json()["balance"]
    return int(answer[0]["available"])


def test_quote_hold_capture_return(till: Api) -> None:
    request = sale("A-1", 30000, 15000, spend=[{"unit": "points", "max": True}])
    quoted = till.post("/receipts:quote", request)
    assert quoted.status_code == 200
    offer = quoted.json()
    assert offer["status"] == "quoted"
    assert offer["spend_max"] == [{"unit": "points", "points": 450, "amount": 45000}]
    request = {**sale("A-1", 30000, 15000), "at": request["at"], "quote": offer["quote"], "hold": True}
    held = till.post("/receipts", request)
    assert held.status_code == 201
    assert (held.json()["status"], held.json()["to_pay"]) == ("held", 0)
    captured = till.post(f"/receipts/{held.json()['id']}:capture", {"fiscal_number": "F-1"})
    assert (captured.status_code, captured.json()["status"]) == (200, "settled")
    assert captured.json()["points"] == [{"unit": "points", "earned": 0, "spent": 450}]
    part = till.post("/returns", taken_back("R-1", {"id": held.json()["id"]}, lines=[{"line": 2, "quantity": "2"}]))
    assert part.status_code == 201
    assert part.json()["points"] == [{"unit": "points", "taken_back": 0, "put_back": 150}]
    rest = till.post("/returns", taken_back("R-2", {"place": "msk-1", "number": "A-1"}))
    assert rest.json()["points"] == [{"unit": "points", "taken_back": 0, "put_back": 300}]
    assert available(till, rest.json()) == 500
    assert problem(till.post("/returns", taken_back("R-3", {"place": "msk-1", "number": "A-1"}))) == (
        409, "over-return",
    )  # fmt: skip


def replayed(first: "Response", again: "Response") -> bool:
    return again.status_code == 200 and again.content == first.content and again["Idempotent-Replay"] == "true"


def test_every_call_that_moves_points_is_replayed_byte_for_byte(till: Api) -> None:
    held = sale("A-1", spend=spend(10), hold=True)
    first = till.post("/receipts", held)
    assert replayed(first, till.post("/receipts", held))
    captured = till.post("/receipts/msk-1~~A-1:capture", {})
    assert replayed(captured, till.post("/receipts/msk-1~~A-1:capture", {}))
    back = taken_back("R-1", {"place": "msk-1", "number": "A-1"})
    assert replayed(till.post("/returns", back), till.post("/returns", back))
    early = taken_back("R-2", {"place": "msk-1", "number": "A-2"})
    parked = till.post("/returns", early)
    assert (parked.status_code, parked.json()["status"]) == (202, "parked")
    assert replayed(parked, till.post("/returns", early))
    assert till.post("/receipts", sale("A-2")).status_code == 201
    applied = till.post("/returns", early)
    assert (applied.status_code, applied.json()["status"]) == (200, "settled")
    assert replayed(applied, till.post("/returns", early))


def test_a_capture_answers_with_the_parts_of_the_sale(till: Api) -> None:
    """Whole or in part, with points or without: what was held, less its end; the lines add up to what is to pay."""
    for number, more in (("A-1", {"spend": spend(100)}), ("A-2", {})):
        body = sale(number, 30000, 15000, **more, hold=True)
        held = till.post("/receipts", body).json()
        whole = till.post(f"/receipts/{held['id']}:capture", {})
        told = whole.json()
        assert told.keys() == held.keys() - {"expires_at"}
        assert (told["lines"], told["to_pay"]) == (held["lines"], held["to_pay"])
        assert sum(line["to_pay"] for line in told["lines"]) == told["to_pay"]
        assert replayed(whole, till.post(f"/receipts/msk-1~~{number}:capture", {}))
    held = till.post("/receipts", sale("A-3", 30000, 15000, hold=True)).json()
    part = till.post(f"/receipts/{held['id']}:capture", {"lines": [{"line": 2, "quantity": "2"}]}).json()
    assert part.keys() == held.keys() - {"expires_at"}
    assert part["lines"] == [held["lines"][1]]
    cancelled = till.post("/receipts", sale("A-4", hold=True)).json()
    assert "lines" not in till.post(f"/receipts/{cancelled['id']}:cancel", {}).json()


@pytest.mark.parametrize("number", ["A/1", "Ч-1 №5", "a:b", "50%", "~x~"])
def test_a_receipt_is_named_in_an_address_by_any_number(till: Api, number: str) -> None:
    name = quote(f"msk-1~смена 7~{number}", safe="")
    assert till.post("/receipts", sale(number, series="смена 7", hold=True)).status_code == 201
    assert till.get(f"/receipts/{name}").json()["status"] == "held"
    done = till.post(f"/receipts/{name}:capture", b"")
    assert (done.status_code, done.json()["number"]) == (200, number)
    assert till.get(f"/receipts/{name}").json()["status"] == "settled"


def test_stale_quotes_carry_the_new_one(till: Api, shop: Shop) -> None:
    request = sale("A-1", spend=[{"unit": "points", "max": True}])
    token = till.post("/receipts:quote", request).json()["quote"]
    assert till.post("/receipts", sale("A-2", spend=spend(400))).status_code == 201
    refused = till.post("/receipts", sale("A-1", quote=token))
    assert problem(refused) == (409, "stale-quote")
    fresh = refused.json()["quote"]
    assert fresh["status"] == "quoted"
    assert till.post("/receipts", sale("A-1", quote=fresh["quote"])).json()["to_pay"] == fresh["to_pay"]


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ({"spend": [{"unit": "points", "points": 501}], "lines": None}, 409, "insufficient-points"),
        ({"spend": [{"unit": "points"}]}, 422, "invalid"),
        ({"spend": [{"unit": "points", "points": 1, "max": True}]}, 422, "invalid"),
        ({"spend": [{"unit": "points", "points": -1}]}, 422, "invalid"),
        ({"spend": [{"unit": "stars", "points": 1}]}, 422, "invalid"),
        ({"spend": [{"unit": "points", "points": 1}], "member": CARD}, 403, "approval-needed"),
        ({"spend": [{"unit": "points", "points": 1}], "member": None}, 404, "unknown-member"),
        ({"hold": True, "hold_seconds": 0}, 422, "invalid"),
        ({"hold": True, "hold_seconds": 86401}, 422, "invalid"),
        ({"quote": "nonsense"}, 422, "invalid"),
        ({"approval": {"staff": "1"}}, 422, "invalid"),
    ],
)
def test_refusals_have_stable_types(till: Api, body: Json, status: int, kind: str) -> None:
    if "lines" in body:
        body = {**body, "lines": [{"sku": "a", "quantity": "1", "amount": 10**8}]}
    plain = {name: value for name, value in {**sale("A-1"), **body}.items() if value is not None}
    assert problem(till.post("/receipts", plain)) == (status, kind)
    batch = till.post("/receipts:batch", {"receipts": [plain, sale("A-2")]}).json()["results"]
    assert [one["code"] for one in batch] == [status, 201]
    assert batch[0]["body"]["type"] == kind


def test_before_a_point_has_a_worth(till: Api, shop: Shop) -> None:
    with db.transaction() as conn:
        settings.write(conn, shop.program.id, "spend.value", None, now=clock.now())
    from verno.intake import context

    context.forget()
    assert problem(till.post("/receipts", sale("A-1", spend=spend(1)))) == (409, "spending-not-set")
    assert problem(till.post("/receipts:quote", sale("A-1", spend=spend(1)))) == (409, "spending-not-set")


def test_scopes(caller: Callable[..., Api], till: Api) -> None:
    plain, reader = caller("receipts:write"), caller("members:read")
    token = plain.post("/receipts:quote", sale("A-1", spend=spend(1))).json()["quote"]
    for body in (sale("A-1", spend=spend(1)), sale("A-1", hold=True), sale("A-1", quote=token)):
        refused = plain.post("/receipts", body)
        assert problem(refused) == (403, "missing-scope")
        assert "points:spend" in refused.json()["detail"]
        results = plain.post("/receipts:batch", {"receipts": [body]}).json()["results"]
        assert results[0]["code"] == 403
    till.post("/receipts", sale("A-1", hold=True))
    for verb in ("capture", "cancel"):
        assert problem(plain.post(f"/receipts/msk-1~~A-1:{verb}", {})) == (403, "missing-scope")
    for path in ("/receipts:quote", "/returns", "/returns:batch", "/receipts/msk-1~~A-1:claim"):
        assert problem(reader.post(path, {})) == (403, "missing-scope")
    assert problem(reader.get("/receipts/msk-1~~A-1")) == (403, "missing-scope")


def elsewhere(shop: Shop) -> str:
    """Return a key of another store of the program."""
    with db.transaction() as conn:
        service.add_stores(conn, shop.program.id, [NewStore("spb-1", "spb-1")], now=clock.now())
        scopes = ["receipts:write", "points:spend"]
        return keys.create(conn, shop.program.id, "spb", scopes, now=clock.now(), places=["spb-1"])


def test_a_key_of_one_store_sees_no_other(till: Api, shop: Shop) -> None:
    other = Api(elsewhere(shop), shop)
    id_ = till.post("/receipts", sale("A-1", hold=True)).json()["id"]
    before = till.get(f"/receipts/{id_}").json()
    for body in (sale("A-2"), sale("A-2", place="nowhere")):
        assert problem(other.post("/receipts", body)) == (403, "foreign-place")
        assert problem(other.post("/receipts:quote", body)) == (403, "foreign-place")
    for name in (id_, "msk-1~~A-1", "msk-1~~A-9"):
        for verb in ("capture", "cancel"):
            assert problem(other.post(f"/receipts/{name}:{verb}", {})) == (404, "not-found")
        assert problem(other.get(f"/receipts/{name}")) == (404, "not-found")
    assert problem(other.post("/returns", taken_back("R-1", {"id": id_}))) == (403, "foreign-place")
    assert till.get(f"/receipts/{id_}").json() == before


def test_staff_may_vouch_for_a_card(till: Api, shop: Shop) -> None:
    with db.transaction() as conn:
        wanted = staff.NewStaff(
            email="boss@example.com", name="Boss", role=Role.OWNER, external_id="7", locale="en", places=()
        )
        made = staff.add(conn, shop.program.id, wanted, by=SYSTEM, now=clock.now())
        assert not isinstance(made, staff.StaffRefusal), made
        staff.set_pin(conn, shop.program.id, "7", "8264", by=SYSTEM, now=clock.now())
    body = sale("A-1", member=CARD, spend=spend(10))
    wrong = {**body, "approval": {"staff": "7", "pin": "8265"}}
    assert problem(till.post("/receipts", wrong)) == (403, "approval-needed")
    right = {**body, "approval": {"staff": "7", "pin": "8264"}}
    done = till.post("/receipts", right)
    assert done.status_code == 201, done.content
    assert b"8264" not in done.content
    # Who vouched is no part of the receipt: a replay needs no PIN.
    assert replayed(done, till.post("/receipts", wrong))


def test_a_receipt_of_nobody_is_claimed(till: Api) -> None:
    unmatched = till.post("/receipts", sale("A-1", member={"phone": "+79169999999"})).json()
    code = unmatched["claim_code"]
    claimed = till.post(f"/receipts/{code}:claim", {"member": {"phone": "+79160000001"}})
    assert claimed.status_code == 200
    assert claimed.json()["points"] == [{"unit": "points", "earned": 450, "spent": 0}]
    assert available(till, claimed.json()) == 950
    again = till.post(f"/receipts/{unmatched['id']}:claim", {"member": {"phone": "+79160000001"}})
    assert replayed(claimed, again)
    assert problem(till.post(f"/receipts/{code}:claim", {"member": {"external_id": "m-1"}})) == (
        409, "already-resolved",
    )  # fmt: skip
    assert problem(till.post(f"/receipts/{code[:-1]}0:claim", {"member": CARD})) == (404, "not-found")


def test_a_receipt_is_read_as_it_stands(till: Api) -> None:
    till.post("/receipts", sale("A-1", 30000, 15000, spend=spend(100)))
    till.post("/returns", taken_back("R-1", {"place": "msk-1", "number": "A-1"}, lines=[{"line": 1, "quantity": "1"}]))
    body = till.get("/receipts/msk-1~~A-1").json()
    assert (body["status"], body["amount"], body["to_pay"]) == ("settled", 45000, 35000)
    assert body["points"] == [{"unit": "points", "earned": 350, "spent": 100, "taken_back": 117, "put_back": 33}]
    assert [(line["quantity"], line["kept"]) for line in body["lines"]] == [("2", "1"), ("2", "2")]
    assert [one["number"] for one in body["returns"]] == ["R-1"]
    assert "claim_code" not in body
    assert problem(till.get("/receipts/msk-1~~A-9")) == (404, "not-found")


def test_a_return_is_read_as_it_stands(till: Api) -> None:
    """By our id and by its number: what its own answer said, less the balance of that moment."""
    sold = till.post("/receipts", sale("A-1", 30000, 15000, spend=spend(100))).json()
    back = taken_back("R/1", {"id": sold["id"]}, series="смена 7", lines=[{"line": 1, "quantity": "1"}])
    told = till.post("/returns", back).json()
    found = till.get(f"/returns/{told['id']}")
    assert found.status_code == 200, found.content
    body = found.json()
    assert found.json() == till.get(f"/returns/{quote('msk-1~смена 7~R/1', safe='')}").json()
    for name in ("id", "number", "status", "original", "member", "points", "refund", "lines"):
        assert body[name] == told[name], name
    assert (body["status"], body["place"], body["series"], body["refund"]) == ("settled", "msk-1", "смена 7", 11666)
    assert body["original"] == {"place": "msk-1", "series": "", "number": "A-1", "id": sold["id"]}
    assert body["points"] == [{"unit": "points", "taken_back": 117, "put_back": 33}]
    assert body["lines"] == [{"line": 1, "quantity": "1", "refund": 11666}]
    assert "balance" not in body
    assert "refusal" not in body
    (listed,) = till.get(f"/receipts/{sold['id']}").json()["returns"]
    assert listed == {name: body[name] for name in ("id", "number", "at", "refund")}


def test_a_return_that_waits_is_read_until_it_is_settled_or_refused(till: Api) -> None:
    original = {"place": "msk-1", "number": "A-1"}
    lines = [{"line": 1, "quantity": "1"}]
    waiting = till.post("/returns", taken_back("R-1", original, lines=lines)).json()["id"]
    late = till.post("/returns", taken_back("R-2", original, lines=[{"line": 1, "quantity": "2"}])).json()["id"]
    assert till.get("/returns/msk-1~~R-1").json() == {
        "id": waiting,
        "number": "R-1",
        "series": "",
        "place": "msk-1",
        "at": till.get(f"/returns/{waiting}").json()["at"],
        "status": "parked",
        "original": {"place": "msk-1", "series": "", "number": "A-1"},
    }
    sold = till.post("/receipts", sale("A-1")).json()
    assert till.get(f"/returns/{waiting}").json()["status"] == "settled"
    body = till.get(f"/returns/{late}").json()
    assert (body["status"], body["original"]["id"]) == ("refused", sold["id"])
    assert body["refusal"]["type"] == "over-return"
    assert body["refusal"]["detail"]
    assert "points" not in body
    again = till.post("/returns", taken_back("R-1", {"id": sold["id"]}))
    assert problem(again) == (422, "idempotency-mismatch")


def test_a_return_of_nobodys_is_read_with_its_member_once_there_is_one(till: Api) -> None:
    sold = till.post("/receipts", sale("A-1", member={"phone": "+79169999999"})).json()
    lines = [{"line": 1, "quantity": "1"}]
    back = till.post("/returns", taken_back("R-1", {"id": sold["id"]}, lines=lines)).json()
    body = till.get(f"/returns/{back['id']}").json()
    assert (body["member"], body["points"], body["refund"]) == (None, [], 22500)
    claimed = till.post(f"/receipts/{sold['id']}:claim", {"member": {"external_id": "m-1"}}).json()
    body = till.get("/returns/msk-1~~R-1").json()
    assert body["member"] == claimed["member"]
    assert body["points"] == [{"unit": "points", "taken_back": 0, "put_back": 0}]
    assert body["original"]["id"] == sold["id"]


def test_who_may_read_a_return(till: Api, caller: Callable[..., Api], shop: Shop) -> None:
    """The rules of a receipt's own address: the scope, and the place where it was made."""
    sold = till.post("/receipts", sale("A-1")).json()["id"]
    back = till.post("/returns", taken_back("R-1", {"id": sold})).json()["id"]
    parked = till.post("/returns", taken_back("R-2", {"place": "msk-1", "number": "A-2"})).json()["id"]
    other = Api(elsewhere(shop), shop)
    for name in (back, parked, "msk-1~~R-1", "msk-1~~R-2"):
        assert till.get(f"/returns/{name}").status_code == 200
        assert problem(other.get(f"/returns/{name}")) == (404, "not-found")
        assert problem(caller("members:read").get(f"/returns/{name}")) == (403, "missing-scope")
    for name in (sold, "msk-1~~A-1", "msk-1~~R-9", "spb-9~~R-1", "nonsense", "%00", "a~b", "msk-1~~%00"):
        assert problem(till.get(f"/returns/{name}")) == (404, "not-found"), name
    for call in (till.get("/receipts/msk-1~~%00"), till.post("/receipts/msk-1~~%00:capture", {})):
        assert problem(call) == (404, "not-found")
    assert problem(till.get(f"/receipts/{back}")) == (404, "not-found")


def test_a_store_that_another_process_has_just_made_is_met(till: Api, shop: Shop) -> None:
    """What a process remembers of a program may be two seconds old; what is stored is not."""
    from verno.intake import context

    with db.transaction(shop.program.id) as conn:
        service.add_stores(conn, shop.program.id, [NewStore("spb-1", "spb-1")], now=clock.now())
    sold = till.post("/receipts", sale("A-1", place="spb-1")).json()["id"]
    back = till.post("/returns", taken_back("R-1", {"id": sold}, place="spb-1")).json()["id"]
    for path in (f"/receipts/{sold}", "/receipts/spb-1~~A-1", f"/returns/{back}", "/returns/spb-1~~R-1"):
        with db.transaction(shop.program.id) as conn:
            known = context.of(conn, shop.program.id)
        store = known.stores.pop("spb-1")
        del known.by_place[store.id]
        assert till.get(path).json()["place"] == "spb-1", path


def test_rules_that_did_not_match_are_told_on_demand(till: Api) -> None:
    body = sale("A-1", 50)
    assert till.post("/receipts", body).json()["explanation"] == []
    for answer in (
        till.post("/receipts?explain=all", body),
        till.post("/receipts:quote?explain=all", body),
        till.get("/receipts/msk-1~~A-1?explain=all"),
    ):
        (rule,) = answer.json()["explanation"]
        assert (rule["rule"], rule["matched"], rule["points"]) == ("base", False, 0)


def transfers(till: Api, body: Json) -> list[Json]:
    found = till.get(f"/members/{body['member']['id']}/transfers").json()["transfers"]
    return list(found)


def test_why_37_and_where_did_they_go(till: Api) -> None:
    body = till.post("/receipts", sale("A-1", 2500, 1299)).json()
    (earned,) = [one for one in transfers(till, body) if one["points"] == 37]
    why = till.get(f"/transfers/{earned['id']}/explain").json()
    assert why["why"] == "+37: 1 for every full 1.00 of the 37.99 RUB paid"
    numbers = {name: why["rules"][0][name] for name in ("rule", "points", "paid", "per", "rate", "full")}
    assert numbers == {"rule": "base", "points": 37, "paid": 3799, "per": 100, "rate": 1, "full": 37}
    assert [(line["sku"], line["to_pay"]) for line in why["lines"]] == [("sku-0", 2500), ("sku-1", 1299)]
    assert why["rounding"]
    assert why["lot"]["remaining"] == 37
    till.post("/receipts", sale("A-2", 60000, spend=spend(520)))
    (spent,) = [one for one in transfers(till, body) if one["points"] == -520]
    where = till.get(f"/transfers/{spent['id']}/explain").json()
    assert [(part["points"], part["receipt"]["number"]) for part in where["ate"]] == [(500, "start"), (20, "A-1")]
    ended = till.get(f"/transfers/{earned['id']}/explain").json()["lot"]
    assert ended["remaining"] == 17
    assert [(one["kind"], one["points"], one["receipt"]["number"]) for one in ended["story"]] == [("spend", -20, "A-2")]
    till.post("/returns", taken_back("R-1", {"id": body["id"]}, lines=[{"line": 2, "quantity": "2"}]))
    (taken,) = [one for one in transfers(till, body) if one["kind"] == "take_back"]
    back = till.get(f"/transfers/{taken['id']}/explain").json()
    assert back["why"] == "The sale had earned 37; what was kept earns 25, so 12 were taken back"
    assert (back["before"], back["paid"], back["receipt"]["number"]) == (37, 2500, "R-1")
    assert problem(till.get(f"/transfers/{body['id']}/explain")) == (404, "not-found")
    assert problem(till.get("/transfers/nonsense/explain")) == (404, "not-found")


def test_returns_in_a_batch_are_judged_one_by_one(till: Api) -> None:
    till.post("/receipts", sale("A-1", 30000, 15000))
    original = {"place": "msk-1", "number": "A-1"}
    first = taken_back("R-1", original, lines=[{"line": 1, "quantity": "1"}])
    items: list[object] = [
        first,
        7,
        first,
        taken_back("R-2", original, lines=[{"line": 1, "quantity": "2"}]),
        taken_back("R-3", {"place": "msk-1", "number": "A-9"}),
        taken_back("R-4", {"id": "x", "place": "y", "number": "z"}),
        taken_back("R-5", original),
    ]
    results = till.post("/returns:batch", {"returns": items}).json()["results"]
    assert [one["code"] for one in results] == [201, 400, 200, 409, 202, 422, 201]
    assert problem(till.post("/returns:batch", {"receipts": []})) == (422, "invalid")


def test_64_clients_capture_and_cancel_one_hold_and_one_wins(till: Api) -> None:
    id_ = till.post("/receipts", sale("A-1", spend=spend(100), hold=True)).json()["id"]

    def resolve(i: int) -> int:
        verb = "capture" if i % 2 else "cancel"
        return till.post(f"/receipts/{id_}:{verb}", {}).status_code

    with ThreadPoolExecutor(32) as crowd:
        codes = Tally(crowd.map(resolve, range(64)))
    assert codes == {200: 32, 409: 32}
    body = till.get(f"/receipts/{id_}").json()
    assert available(till, body) == (750 if body["status"] == "settled" else 500)


def test_64_clients_spend_what_ten_can(till: Api) -> None:
    """P2 in short: 500 points, 50 each, exactly ten succeed."""

    def one(i: int) -> int:
        return till.post("/receipts", sale(f"P-{i}", 5000, spend=spend(50))).status_code

    with ThreadPoolExecutor(32) as crowd:
        codes = Tally(crowd.map(one, range(64)))
    assert codes == {201: 10, 409: 54}
