"""The shop of the till's bench: members with points, a rulebook of two hundred rules, and a key."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec

from verno.demo.program import Demo
from verno.intake import groups
from verno.intake.types import Line, MemberRef, Receipt, Settled, Wish
from verno.kit import batches, db, ids
from verno.kit.errors import VernoError
from verno.ledger import service as ledger
from verno.ledger.types import Earn as EarnPoints
from verno.ledger.types import Operation
from verno.members import service as members
from verno.members.types import Created, NewMember
from verno.promotions import service as promotions
from verno.rules.effects import Earn
from verno.rules.types import Rule, Rulebook
from verno.workspace import keys, settings
from verno.workspace import service as workspace
from verno.workspace.types import NewStore, Scope

PLACE = "bench-1"
MEMBERS = 20_000
"""So many that each has a hold or three at a time, as members do."""
HOLDERS = 1_000
POINTS = 1_000_000
"""Points each member starts with: nobody runs out."""
MANY_RULES = 200
SINCE = timedelta(days=1)
"""For how long the many rules have held; captures are of the day before, by the demo's one rule."""
LINES = 50
SPENT = 3
AMOUNT = 12_345


class Shop(msgspec.Struct, frozen=True):
    """The till's side of the scratch database's program."""

    program_id: str
    unit_id: str
    unit: str
    key: str
    holders: tuple[str, ...]
    """Accounts beside the members', without a hold, for what is measured at the ledger."""


def open_shop(demo: Demo, *, now: datetime) -> Shop:
    """Let members with points to spend into the demo's program, and a rulebook of many rules since yesterday."""
    program, unit = demo.program, demo.unit
    with db.transaction(program.id) as conn:
        workspace.add_stores(conn, program.id, [NewStore(PLACE, PLACE)], now=now)
        settings.write(conn, program.id, "spend.value", 100, scope=f"unit={unit.code}", now=now)
        book = Rulebook(tuple(Rule(id=f"rule-{n}", effects=(Earn(unit.code, 1, 100 + n),)) for n in range(MANY_RULES)))
        promotions.publish(conn, program.id, book, units=[unit], effective_from=now - SINCE, now=now)
        fresh = (NewMember(external_id=f"m-{n}") for n in range(MEMBERS))
        found = [one for part in batches.batched(fresh, 1_000) for one in members.upsert(conn, program, part, now=now)]
        members_ids = tuple([one.member_id for one in found if isinstance(one, Created)])
        holders = tuple(ids.new_ids(HOLDERS, now=now))
        scopes = [Scope.RECEIPTS_WRITE, Scope.POINTS_SPEND]
        key = keys.create(conn, program.id, "till", scopes, now=now)
        give(conn, program.id, unit.id, members_ids + holders, POINTS, now=now)
    return Shop(program.id, unit.id, unit.code, key, holders)


def give(
    conn: db.Connection, program_id: str, unit_id: str, holders: tuple[str, ...], points: int, *, now: datetime
) -> None:
    """Give each holder a lot."""
    ends = now + timedelta(days=300)
    fresh = iter(ids.new_ids(2 * len(holders), now=now))
    ledger.post(
        conn,
        program_id,
        [
            Operation(next(fresh), next(fresh), who, "00", (EarnPoints(who, unit_id, points, now, None, ends),))
            for who in holders
        ],
        now=now,
    )


def sale(shop: Shop, number: str, member: int, *, lines: int = 1, at: datetime) -> Receipt:
    """Return a receipt that spends points."""
    return Receipt(
        number=number,
        place=PLACE,
        at=at,
        member=MemberRef(external_id=f"m-{member % MEMBERS}"),
        lines=[Line(f"goods-{n}", "1", AMOUNT) for n in range(lines)],
        spend=[Wish(shop.unit, points=SPENT)],
    )


def hold(shop: Shop, series: str, count: int, *, now: datetime) -> Iterator[str]:
    """Place holds; yields the receipts' addresses."""
    held = (
        msgspec.structs.replace(sale(shop, str(n), n, at=now - 2 * SINCE), series=series, hold=True, hold_seconds=7_200)
        for n in range(count)
    )
    with db.connect_for_batches() as conn:
        for batch in batches.batched(held, 500):
            for outcome in groups.commit(conn, shop.program_id, batch, now=now):
                if not isinstance(outcome, Settled):
                    message = f"a hold was not placed: {outcome}"
                    raise VernoError(message)
            yield from (f"{PLACE}~{series}~{one.number}" for one in batch)
