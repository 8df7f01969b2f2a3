"""The shop of the till's bench: members with points, a rulebook of one rule or of two hundred, and a key."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec

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
from verno.promotions import starter
from verno.rules.types import Earn, Rule, Rulebook
from verno.workspace import keys
from verno.workspace.types import NewProgram, NewStore, Scope

PLACE = "bench-1"
MEMBERS = 1_000
POINTS = 1_000_000
"""Points each member starts with: nobody runs out."""
MANY_RULES = 200
LINES = 50
SPENT = 3
AMOUNT = 12_345


class Shop(msgspec.Struct, frozen=True):
    """A program of the scratch database."""

    program_id: str
    unit_id: str
    key: str
    holders: tuple[str, ...]


def open_shop(name: str, *, rules: int, now: datetime) -> Shop:
    """Make a program whose members have points to spend."""
    wanted = NewProgram(name, "RUB", "Europe/Moscow", "RU", "en")
    with db.transaction() as conn:
        made = starter.open_program(
            conn, wanted, [NewStore(PLACE, PLACE)], earn_per=100, life_days=180, now=now, spend_value=100
        )
        if not isinstance(made, starter.Opened):
            message = f"the bench's program was not made: {made}"
            raise VernoError(message)
        if rules > 1:
            book = Rulebook(tuple(Rule(f"rule-{n}", Earn(starter.UNIT, 1, 100 + n)) for n in range(rules)))
            since = now - timedelta(days=400)
            promotions.publish(conn, made.program.id, book, units=[starter.UNIT], effective_from=since, now=now)
        found = members.upsert(conn, made.program, [NewMember(external_id=f"m-{n}") for n in range(MEMBERS)], now=now)
        holders = tuple([one.member_id for one in found if isinstance(one, Created)])
        scopes = [Scope.RECEIPTS_WRITE, Scope.POINTS_SPEND]
        key = keys.create(conn, made.program.id, "bench", scopes, now=now)
        give(conn, made.program.id, made.unit.id, holders, POINTS, now=now)
    return Shop(made.program.id, made.unit.id, key, holders)


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


def sale(number: str, member: int, *, lines: int = 1, now: datetime) -> Receipt:
    """Return a receipt that spends points."""
    return Receipt(
        number=number,
        place=PLACE,
        at=now,
        member=MemberRef(external_id=f"m-{member % MEMBERS}"),
        lines=[Line(f"goods-{n}", "1", AMOUNT) for n in range(lines)],
        spend=[Wish(starter.UNIT, points=SPENT)],
    )


def hold(shop: Shop, series: str, count: int, *, now: datetime) -> Iterator[str]:
    """Place holds; yields the receipts' addresses."""
    held = (
        msgspec.structs.replace(sale(str(n), n, now=now), series=series, hold=True, hold_seconds=7_200)
        for n in range(count)
    )
    with db.connect_for_batches() as conn:
        for batch in batches.batched(held, 500):
            for outcome in groups.commit(conn, shop.program_id, batch, now=now):
                if not isinstance(outcome, Settled):
                    message = f"a hold was not placed: {outcome}"
                    raise VernoError(message)
            yield from (f"{PLACE}~{series}~{one.number}" for one in batch)
