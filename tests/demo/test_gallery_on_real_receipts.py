"""Every mechanic of the gallery on a real grocer's receipts, through the API: drafted, approved, published, sold by.

The grocer has no lattes: names stand for goods and categories that it has, money is a hundredth (cents for roubles),
dates and hours hold today. That is what the marketer would set, and nothing else.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, TypeAlias

import msgspec
import psycopg
import pytest
from django.test import Client

from verno.catalogue import service as catalogue
from verno.demo import load, program, source
from verno.demo.program import Demo
from verno.intake import context
from verno.intake.reading import recounting
from verno.intake.types import Receipt
from verno.kit import db, ids, localtime
from verno.kit.clock import clock
from verno.members import service as members
from verno.members.types import NewMember
from verno.progress import service as progress
from verno.progress.types import Published, Recount, Track
from verno.promotions import gallery
from verno.promotions.gallery.types import Mechanic
from verno.rules import stored
from verno.workspace import keys, service, settings, staff
from verno.workspace.audit import SYSTEM
from verno.workspace.roles import Role
from verno.workspace.types import Scope

pytestmark = pytest.mark.timeout(600)

Json = dict[str, Any]
Tree: TypeAlias = Any
PIN = "4071"
MONEY_FIELDS = {"amount", "paid", "price"}
MONEY_OF = {
    "earn_per_full": ("per",), "discount_amount": ("amount",), "discount_percent": ("most",), "fixed_price": ("price",),
    "bundle": ("price",),
}  # fmt: skip
CATEGORIES = {
    "burgers": ("GROCERY", "SOFT DRINKS"), "fries": ("GROCERY", "CHEESE"), "drinks": ("GROCERY", "SOUP"),
    "alcohol": ("SPIRITS",), "tobacco": ("DRUG GM", "CIGARETTES"),
}  # fmt: skip
ANY = ("GROCERY",)
THREE = {CATEGORIES[name] for name in ("burgers", "fries", "drinks")}
WANTED: Sequence[Callable[[Receipt, Mapping[str, tuple[str, ...]]], bool]] = (
    lambda basket, path: total(basket) > 15_000 and {path.get(line.sku) for line in basket.lines} >= THREE,
    lambda basket, _: 7_500 < total(basket) < 9_900,
    lambda basket, _: 3_500 < total(basket) < 4_900,
    lambda basket, path: total(basket) > 500 and all(path.get(one.sku, ANY)[0] != ANY[0] for one in basket.lines),
)
"""Baskets to buy again: large with all that a set asks for, middling, small, and nothing that mechanics speak of."""
CHANNEL, PAYMENTS = "web", ("sbp", "partner_card")
REGION, OWNER, OFFER = "siberia", "daisy-llc", "offer-tea"
KINDS = ("regular", "newcomer", "lost")


def total(basket: Receipt) -> int:
    """Return what a basket came to, in cents."""
    return sum(line.amount for line in basket.lines)


@dataclass(frozen=True)
class Shop:
    """The real grocer: its program, baskets that hold the goods that mechanics speak of, those goods, a caller."""

    demo: Demo
    place: str
    baskets: Sequence[Receipt]
    skus: Mapping[str, str]
    key: str

    def post(self, path: str, body: object) -> Json:
        """POST; the answer must be a success."""
        headers = {"Authorization": f"Bearer {self.key}"}
        answer = Client().post(f"/v1{path}", json.dumps(body), content_type="application/json", headers=headers)
        assert answer.status_code < 300, (path, answer.content)
        value: Json = answer.json()
        return value


@pytest.fixture
def shop(database: str) -> Shop:
    """Make the grocer with its stores, the largest of some thousand baskets, and the goods that are in them."""
    now = clock.now()
    with db.transaction() as conn:
        demo = program.open_program(conn, original=False, now=now)
    load.load_places(demo, now=now)
    zone = localtime.zone(demo.program.timezone)
    goods = list(source.goods())
    path = {one.sku: tuple(one.category or ()) for one in goods}
    some = list(islice(source.receipts(zone=zone, shift_weeks=demo.shift_weeks), 8_000))
    baskets = [next(one for one in some if wanted(one, path)) for wanted in WANTED]
    dear = sorted(baskets[0].lines, key=lambda line: (float(line.quantity) < 2, -line.amount))  # tea by twos
    named = dict(zip(("tea", "honey", "cup", "latte", "machine"), (line.sku for line in dear), strict=False))
    place = baskets[0].place
    inside = {line.sku for one in baskets for line in one.lines}
    id_ = demo.program.id
    with db.transaction(id_) as conn:
        catalogue.upsert_goods(conn, id_, [one for one in goods if one.sku in inside], now=now)
        settings.write(conn, id_, "place.legal_entity", OWNER, scope=f"place={place}", now=now)
        settings.write(conn, id_, "spend.value", 1, now=now)
        service.add_unit(conn, id_, "stamps", life_days=None, now=now)
        boss = staff.NewStaff("boss@example.com", "Boss", Role.ADMIN, external_id="7")
        assert isinstance(staff.add(conn, id_, boss, by=SYSTEM, now=now), staff.Added)
        staff.set_pin(conn, id_, "7", PIN, by=SYSTEM, now=now)
        scopes = [Scope.RECEIPTS_WRITE, Scope.POINTS_SPEND, Scope.PROMOTIONS_READ, Scope.PROMOTIONS_WRITE]
        key = keys.create(conn, id_, "marketer", [*scopes, Scope.PROMOTIONS_APPROVE], now=now)
    with psycopg.connect(db.owner_url()) as owner:  # no door makes a region yet
        region, anonymous = ids.new_ids(2, now=now)
        owner.execute(
            "INSERT INTO workspace_place (id, program_id, parent_id, kind, code, name, anonymous_holder_id, created_at)"
            " SELECT %s, program_id, id, 'region', %s, %s, %s, created_at FROM workspace_place WHERE kind = 'network'",
            (region, REGION, REGION, anonymous),
        )
        owner.execute("UPDATE workspace_place SET parent_id = %s WHERE code = %s", (region, place))
    context.forget()
    return Shop(demo, place, baskets, named, key)


def adapted(value: Tree, shop: Shop) -> Tree:
    """Return a mechanic's part as this grocer's marketer would set it."""
    if isinstance(value, list | tuple):
        return [adapted(one, shop) for one in value]
    if not isinstance(value, dict):
        return value
    out = {name: adapted(one, shop) for name, one in value.items()}
    for name in MONEY_OF.get(str(out.get("type")), ()):
        if out.get(name):
            out[name] = max(1, out[name] // 100)
    if isinstance(out.get("sku"), str):
        out["sku"] = shop.skus.get(out["sku"], out["sku"])
    if "rates" in out and out["field"] == "lines.category":
        out["rates"] = {"/".join(ANY): max(out["rates"].values())}
    field = out.get("field")
    if "operator" in out and field is not None:
        out["value"] = _leaf(str(field), out["value"], shop)
    return out


def _leaf(field: str, value: Tree, shop: Shop) -> Tree:
    today = localtime.business_date(clock.now(), localtime.zone(shop.demo.program.timezone))
    given: dict[str, Callable[[], object]] = {
        "category": lambda: [list(CATEGORIES.get(path[0], ANY)) for path in value],
        "sku": lambda: [shop.skus[one] for one in value] if isinstance(value, list) else shop.skus[str(value)],
        "place": lambda: [shop.place],
        "date": lambda: [str(today - timedelta(days=1)), str(today + timedelta(days=30))],
        "time": lambda: ["00:00", "23:59"],
        "weekday": lambda: [1, 2, 3, 4, 5, 6, 7],
    }
    if field in MONEY_FIELDS:
        return int(str(value)) // 100
    return given[field]() if field in given else value


def tracks() -> Iterator[Track]:
    """Yield the tracks that mechanics need, once each."""
    yield from {track.code: track for one in gallery.all_mechanics() for track in one.needs}.values()


def make_tracks(shop: Shop) -> None:
    of = shop.demo.program
    for track in tracks():
        value = msgspec.to_builtins(track)
        mine = msgspec.convert(adapted(value, shop), Track)
        if mine.code == "main":
            mine = msgspec.structs.replace(
                mine, steps=tuple(msgspec.structs.replace(step, threshold=step.threshold // 100) for step in mine.steps)
            )
        with db.transaction(of.id) as conn:
            about = context.of(conn, of.id)
            done = progress.publish(conn, of, mine, Recount(), known=about.known, now=clock.now(), by=SYSTEM)
        assert isinstance(done, Published), done
    time.sleep(recounting.SETTLED.total_seconds())
    recounting.fill(of.id, now=clock.now(), stopping=lambda: False, step=lambda _: None)
    context.forget()


def people(shop: Shop, code: str) -> Mapping[str, str]:
    """Make a regular of five weeks, a newcomer and one who was lost, as their receipts tell; returns external ids."""
    now = clock.now()
    names = {kind: f"{code}-{kind}" for kind in KINDS}
    born = localtime.business_date(now, localtime.zone(shop.demo.program.timezone)).replace(year=1992)
    with db.transaction(shop.demo.program.id) as conn:
        wanted = [NewMember(external_id=name, birth_date=born) for name in names.values()]
        members.upsert(conn, shop.demo.program, wanted, now=now)
    with psycopg.connect(db.owner_url()) as owner:
        owner.execute(
            "UPDATE members_member SET created_at = created_at - interval '1 year' WHERE external_id = ANY(%s)",
            ([names["regular"], names["lost"]],),
        )
    past = [sale(shop, one, names["regular"], f"r{week}", now - timedelta(weeks=week)) for week, one in weeks(shop)]
    past.append(sale(shop, shop.baskets[0], names["lost"], "l", now - timedelta(days=100)))
    offered = {"rules": [{"id": "offer", "effects": [{"type": "give_badge", "badge": OFFER}]}]}
    publish(shop, "the offer's badge", offered)
    past.append(sale(shop, shop.baskets[1], names["regular"], "b", clock.now()))
    told = shop.post("/receipts:batch", {"receipts": past})["results"]
    assert [one["code"] for one in told] == [201] * len(past), told
    return names


def weeks(shop: Shop) -> Iterator[tuple[int, Receipt]]:
    """Yield weeks ago with a basket: four in a row before this one."""
    for week in range(1, 5):
        yield week, shop.baskets[week % len(shop.baskets)]


def sale(shop: Shop, basket: Receipt, member: str, series: str, at: datetime) -> Json:
    """Return a real basket, bought anew by a member."""
    lines = msgspec.to_builtins(basket.lines)
    paid = total(basket)
    payments = [{"method": PAYMENTS[0], "amount": paid}, {"method": PAYMENTS[1], "amount": 0}]
    about = {"number": basket.number, "series": f"{member}-{series}", "place": shop.place, "channel": CHANNEL}
    return {**about, "at": at.isoformat(), "member": {"external_id": member}, "lines": lines, "payments": payments}


def publish(shop: Shop, title: str, body: object) -> None:
    """Draft, submit, approve and publish a rulebook, by two people; it holds at once."""
    saved = shop.post("/promotions/drafts", {"title": title, "body": body})
    assert saved["problems"] == [], (title, saved["problems"])
    at = f"/promotions/drafts/{saved['draft']['number']}"
    shop.post(f"{at}:submit", {})
    shop.post(f"{at}:review", {"agreed": True, "approval": {"staff": "7", "pin": PIN}})
    assert shop.post(f"{at}:publish", {})["published"]["state"] == "holds"
    context.forget()


def acts(shop: Shop, mechanic: Mechanic) -> set[str]:
    """Sell each basket to each member by the mechanic, as was quoted; returns the ids of the rules that acted."""
    body = adapted(json.loads(stored.write(mechanic.whole)), shop)
    assert isinstance(body, dict)
    body["worth"] = dict.fromkeys(body.get("worth", {}), 1)
    names = people(shop, mechanic.code)
    publish(shop, mechanic.code, body)
    acted: set[str] = set()
    for kind, name in names.items():
        for number, basket in enumerate(shop.baskets if kind == KINDS[0] else shop.baskets[:1]):
            wanted = sale(shop, basket, name, f"{kind}-{number}", clock.now())
            quoted = shop.post("/receipts:quote", wanted)
            sold = shop.post("/receipts", {**wanted, "quote": quoted["quote"]})
            for field in ("points", "to_pay", "explanation"):
                assert sold[field] == quoted[field], (mechanic.code, field)
            assert sum(line["to_pay"] for line in sold["lines"]) == sold["to_pay"]
            acted |= {one["rule"] for one in sold["explanation"] if one["matched"]}
    return acted


def test_every_mechanic_acts_on_real_receipts_as_was_quoted(shop: Shop, record_property: Callable[..., None]) -> None:
    make_tracks(shop)
    idle = {}
    for mechanic in gallery.all_mechanics():
        acted = acts(shop, mechanic)
        record_property(mechanic.code, sorted(acted))
        missing = {rule.id for rule in mechanic.rulebook.rules} - acted
        if missing:
            idle[mechanic.code] = sorted(missing)
    assert idle == {}
