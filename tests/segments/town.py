"""A town made at random through the house's own doors, and trees about it out of what is true of its people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import psycopg

from tests.builders import NOW
from tests.intake.conftest import Counter, open_counter
from tests.intake.tillwork import back, settle
from tests.progress.builders import track
from verno.intake.types import Line, MemberRef, Receipt, Wish
from verno.kit.ids import new_id
from verno.ledger import service as posting
from verno.ledger.types import Earn, Operation
from verno.members import merging, queries
from verno.members import service as members
from verno.members.attributes import registry
from verno.members.attributes.types import Attribute, Choice
from verno.members.consent import confirming, wishes
from verno.members.districts import registry as districts
from verno.members.districts.types import District, DistrictKind
from verno.members.types import (
    AttributeKind,
    Channel,
    ConsentFact,
    Created,
    Location,
    LocationKind,
    MemberKind,
    NewBadge,
    NewConsent,
    NewMember,
    Proof,
    Purpose,
    Topic,
    Wishes,
)
from verno.predicate.operators import COMPARISONS, OPERATORS
from verno.predicate.types import Field, Json, Kind, Mode, Registry
from verno.progress import service as progress
from verno.progress.types import Audience, Fresh, Published, Scale, Step, Whose
from verno.rules.fields import Known
from verno.workspace import service as workspace
from verno.workspace.audit import SYSTEM
from verno.workspace.places import service as places
from verno.workspace.places.types import PlaceChange
from verno.workspace.types import NewStore

DAY = timedelta(days=1)
BEGIN = NOW - 420 * DAY
GROUPS = ("north", "south", None)
TIERS = track(100_00, 900_00, code="main")
BY_GROUP = track(
    code="turnover",
    settings=Scale(whose=Whose.GROUP),
    audience=Audience.COMPANY,
    steps=(Step(code="low", threshold=100_00, share=100), Step(code="high", threshold=1_500_00, share=500)),
)


@dataclass
class Town:
    """A shop with two places, two tracks and people."""

    counter: Counter
    ids: list[str]

    @property
    def program_id(self) -> str:
        return self.counter.program.id


def made(conn: psycopg.Connection, chance: Random, people: int) -> Town:
    """Let people join, agree, buy at two places, spend, bring back, be merged."""
    counter = open_counter(conn, life_days=120)
    workspace.add_stores(
        conn, counter.program.id, [NewStore("far-1", "Far away", "Asia/Vladivostok")], now=BEGIN - 10 * DAY
    )
    moved = [PlaceChange("far-1", region="east"), PlaceChange("msk-1", region="west")]
    places.change(conn, counter.program.id, moved, now=BEGIN - 9 * DAY)
    members.declare_attributes(conn, counter.program.id, {"since": AttributeKind.DATE})
    size = Attribute("size", AttributeKind.CHOICE, choices=(Choice("a"), Choice("b")))
    registry.put(conn, counter.program.id, size, now=BEGIN, by=SYSTEM)
    for code, entries in (("centre", ("1*",)), ("moscow", ("101000",))):
        district = District(code, DistrictKind.LIST, entries=entries)
        districts.put(conn, counter.program.id, district, now=BEGIN, by=SYSTEM)
    members.ensure_topics(conn, counter.program.id, [Topic("news", "marketing", double_opt_in=False)])
    for one in (TIERS, BY_GROUP):
        done = progress.publish(conn, counter.program, one, Fresh(BEGIN.date()), known=Known(), now=BEGIN - 5 * DAY)
        assert isinstance(done, Published), done
    wanted = [_somebody(chance, number) for number in range(people)]
    stored = [members.upsert(conn, counter.program, [one], now=BEGIN + chance.randint(0, 3) * DAY)[0] for one in wanted]
    ids = [one.member_id for one in stored if isinstance(one, Created)]
    assert len(ids) == people, stored
    said = [NewMember(one.external_id, consents=_said(chance)) for one in wanted]
    members.upsert(conn, counter.program, said, now=NOW - DAY)
    _give(conn, counter.program.id, chance, ids)
    _agree(conn, counter.program.id, chance, ids)
    _buy(conn, counter, chance, people)
    _promise(conn, counter, chance, ids)
    for old, new in zip(ids[: people // 10], ids[-people // 10 :], strict=True):
        merging.lock(conn, counter.program.id, [old, new])
        merging.redirect(conn, counter.program.id, old, new, now=NOW - DAY)
    return Town(counter, [counter.member_id, *ids])


def _somebody(chance: Random, number: int) -> NewMember:
    born = date(chance.choice([1980, 1996, 2000]), 11, chance.randint(20, 30)) if chance.random() < 0.7 else None
    company = chance.random() < 0.3
    known: dict[str, str | int | bool | list[str] | None] = {
        "pets": chance.randint(0, 3),
        "size": chance.choice("ab"),
        "vip": chance.random() < 0.5,
        "foods": chance.sample(["dry", "wet", "diet"], chance.randint(0, 2)),
        "since": chance.choice(["2026-11-24", "2020-02-29"]),
    }
    attributes = {name: value for name, value in known.items() if chance.random() < 0.5}
    return NewMember(
        f"p-{number}",
        phone=f"+7916100{number:04d}" if chance.random() < 0.5 else None,
        email=f"p{number}@example.com" if chance.random() < 0.5 else None,
        birth_date=born,
        locale=chance.choice(["ru", "en", None]),
        kind=MemberKind.COMPANY if company else MemberKind.PERSON,
        buying_group=chance.choice(GROUPS) if company else None,
        attributes=attributes,
        home_place=chance.choice(["msk-1", "far-1", None]),
        location=Location(chance.choice(list(LocationKind)), postcode=chance.choice(["101000", "190000", "7"])),
    )


def _said(chance: Random) -> list[NewConsent]:
    return [
        NewConsent(topic, channel, chance.random() < 0.7, NOW - chance.randint(1, 300) * DAY, "api", "1")
        for topic in ("news", "points-statement")
        for channel in (Channel.EMAIL, Channel.SMS, Channel.TELEGRAM)
        if chance.random() < 0.4
    ]


def _give(conn: psycopg.Connection, program_id: str, chance: Random, ids: Sequence[str]) -> None:
    badges = [
        NewBadge(id_, code, chance.choice([None, NOW - DAY, NOW + DAY]), "test")
        for id_ in ids
        for code in ("vip", "first")
        if chance.random() < 0.3
    ]
    members.give_badges(conn, program_id, badges, now=NOW - 30 * DAY)
    wished = {
        id_: Wishes(chance.choice([None, 7, 30]), chance.choice([None, NOW - DAY, NOW + DAY]))
        for id_ in ids
        if chance.random() < 0.4
    }
    wishes.wish(conn, program_id, wished, now=NOW - 2 * DAY)


def _agree(conn: psycopg.Connection, program_id: str, chance: Random, ids: Sequence[str]) -> None:
    """Say yes or no to more than advertising, and confirm contacts."""
    purposes = (Purpose.PROFILING, Purpose.RULES)
    facts = [
        ConsentFact(id_, "", "", chance.random() < 0.8, NOW - 5 * DAY, "paper", "1", purpose=purpose)
        for id_ in ids
        for purpose in purposes
        if chance.random() < 0.4
    ]
    members.record_consents(conn, program_id, facts, now=NOW - 4 * DAY)
    for id_, contacts in queries.identities(conn, ids).items():
        for kind, one in contacts.items():
            if chance.random() < 0.4:
                confirming.confirm(
                    conn, program_id, id_, kind, one.value_hash, method="code", proof=Proof(), now=NOW - 3 * DAY
                )


def _buy(conn: psycopg.Connection, counter: Counter, chance: Random, people: int) -> None:
    """A sale now and then, in the order of time, as a till sends them; the regular brings their first one back."""
    moments = sorted(BEGIN + timedelta(minutes=chance.randint(60, 419 * 24 * 60)) for _ in range(people * 4))
    for number, at in enumerate(moments):
        buyer = chance.randrange(people)
        lines = [
            Line(f"sku-{chance.randint(1, 4)}", str(chance.randint(1, 3)), chance.randint(1, 400) * 100)
            for _ in range(chance.randint(1, 2))
        ]
        wish = [Wish("points", max=True)] if chance.random() < 0.2 else []
        receipt = Receipt(
            *(f"R-{number}", chance.choice(["msk-1", "far-1"]), at, lines),
            member=MemberRef(external_id=f"p-{buyer}"),
            channel=chance.choice(["shop", "web", None]),
            spend=wish,
        )
        settle(conn, counter, receipt, now=at)
    first = Receipt("S-1", "msk-1", NOW - 3 * DAY, [Line("sku-1", "2", 45000)], member=MemberRef(external_id="m-1"))
    settle(conn, counter, first, now=NOW - 3 * DAY)
    back(conn, counter, "B-1", (1, "1"), now=NOW - 2 * DAY, at=NOW - 2 * DAY)


def _lot(unit_id: str, chance: Random, holder_id: str) -> Earn:
    begins, ends = NOW + chance.choice([-1, 1]) * DAY, NOW + chance.randint(2, 20) * DAY
    return Earn(holder_id, unit_id, chance.randint(1, 9), NOW - 9 * DAY, active_from=begins, expires_at=ends)


def _promise(conn: psycopg.Connection, counter: Counter, chance: Random, ids: Sequence[str]) -> None:
    """Points that begin tomorrow or began yesterday unseen, and end soon."""
    earned = [
        Operation(f"promise/{id_}", new_id(now=NOW), id_, "00", (_lot(counter.shop.unit.id, chance, id_),))
        for id_ in ids
        if chance.random() < 0.4
    ]
    posting.post(conn, counter.program.id, earned, now=NOW - 9 * DAY)


@dataclass
class Trees:
    """Makes trees whose values are those that somebody has, or their neighbours."""

    chance: Random
    values: Mapping[str, Sequence[Any]]

    def tree(self, registry: Registry, within: str = "", depth: int = 2) -> dict[str, Any]:
        rules = [self._rule(registry, within, depth) for _ in range(self.chance.randint(1, 3))]
        return {"combinator": self.chance.choice(["and", "or"]), "not": self.chance.random() < 0.3, "rules": rules}

    def _rule(self, registry: Registry, within: str, depth: int) -> dict[str, Any]:
        if depth and self.chance.random() < 0.2:
            return self.tree(registry, within, depth - 1)
        field = self.chance.choice(list(registry.fields.values()))
        if field.items is not None:
            return self._items(field, depth)
        operator = self.chance.choice(list(OPERATORS[field.kind]))
        return {"field": field.name, "operator": operator, "value": self._operand(within + field.name, field, operator)}

    def _items(self, field: Field, depth: int) -> dict[str, Any]:
        assert field.items is not None
        mode = self.chance.choice(list(Mode))
        match: dict[str, Any] = {"mode": mode.value}
        if mode is Mode.SUM:
            numbers = [one.name for one in field.items.fields.values() if one.kind in (Kind.NUMBER, Kind.MONEY)]
            match |= {"of": self.chance.choice(numbers), "operator": self.chance.choice(list(COMPARISONS))}
            match["threshold"] = self.chance.randint(0, 100_000)
        elif mode in (Mode.AT_LEAST, Mode.AT_MOST, Mode.EXACTLY):
            match["threshold"] = self.chance.randint(0, 5)
        where = self.tree(field.items, f"{field.name}.", 0) if self.chance.random() < 0.8 else None
        return {"field": field.name, "match": match, "value": where}

    def _operand(self, name: str, field: Field, operator: str) -> Json:
        def one() -> Any:  # noqa: ANN401 a value of any kind
            return self._value(name, field)

        if operator in ("null", "notNull"):
            return None
        if operator.startswith(("within", "notWithin")):
            return self.chance.choice([1, 7, 30, 400])
        if operator == "anniversaryWithin":
            return self.chance.choice([0, 1, 5])
        if operator in ("in", "notIn", "hasAny", "hasAll", "hasNone", "inCategory", "notInCategory"):
            return [one() for _ in range(self.chance.randint(1, 3))]
        if operator in ("between", "notBetween"):
            return sorted([one(), one()])
        return one()

    def _value(self, name: str, field: Field) -> Json:
        known = self.values.get(name) or ()
        choices = list(field.choices or ())
        match field.kind:
            case Kind.NUMBER | Kind.MONEY:
                return self.chance.choice([*known, 0, 7]) + self.chance.choice([-1, 0, 0, 1])
            case Kind.FLAG:
                return self.chance.random() < 0.5
            case Kind.DATE:
                return (self.chance.choice([*known, NOW.date()]) + self.chance.choice([-1, 0, 1]) * DAY).isoformat()
            case Kind.MOMENT:
                found: datetime = self.chance.choice([*known, NOW])
                return found.isoformat()
            case Kind.CATEGORY:
                return ["food"]
            case _:
                return self.chance.choice([*known, *choices] or ["a"])


def values_of(registry: Registry, facts: Sequence[object], within: str = "") -> dict[str, list[Any]]:
    """What fields say of some facts, each value once, in an order of its own."""
    out: dict[str, list[Any]] = {}
    for field in registry.fields.values():
        found: list[Any] = [field.read(one) for one in facts]
        if field.items is not None:
            out |= values_of(field.items, [part for parts in found for part in parts or ()], f"{field.name}.")
        elif field.kind is Kind.CODES:
            out[within + field.name] = sorted({code for codes in found for code in codes or ()})
        elif field.kind is not Kind.CATEGORY:
            out[within + field.name] = sorted({one for one in found if one is not None})
    return out
