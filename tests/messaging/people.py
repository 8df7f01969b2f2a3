"""Members who can be written to, and points that move: plain builders for the messaging tests."""

from collections.abc import Sequence
from datetime import UTC, datetime

import psycopg

from tests.builders import Shop, make_shop
from verno.kit.ids import new_id
from verno.ledger import service as ledger
from verno.ledger.types import Earn, Entry, Operation, Posted, Spend
from verno.members import service as members
from verno.members.service import POINTS_STATEMENT
from verno.members.types import Channel, ConsentFact, Created, NewConsent, NewMember

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def make_program(conn: psycopg.Connection, **options: object) -> Shop:
    """Make a shop that has the statement's topic."""
    return make_shop(conn, **options)  # type: ignore[arg-type]


def add_members(
    conn: psycopg.Connection,
    shop: Shop,
    count: int,
    *,
    agree: bool = True,
    address: str | None = "member-{n}@example.com",
    locale: str = "en",
    start: int = 0,
    now: datetime = LONG_AGO,
) -> list[str]:
    """Add members who have an address and agree to statements, unless said otherwise; returns their ids in order."""
    wanted = [
        NewMember(
            external_id=f"m-{n}",
            name=f"Member {n}",
            email=address.format(n=n) if address else None,
            locale=locale,
            consents=[NewConsent(POINTS_STATEMENT, Channel.EMAIL, granted=True)] if agree else [],
        )
        for n in range(start, start + count)
    ]
    found = members.upsert(conn, shop.program, wanted, now=now)
    assert all(isinstance(item, Created) for item in found), found
    return [item.member_id for item in found if isinstance(item, Created)]


def withdraw(conn: psycopg.Connection, shop: Shop, holders: Sequence[str], *, now: datetime) -> None:
    """Let members take their consent back."""
    facts = [ConsentFact(h, POINTS_STATEMENT, "email", granted=False, at=now, method="test") for h in holders]
    members.record_consents(conn, shop.program.id, facts, now=now)


def earn(
    conn: psycopg.Connection,
    shop: Shop,
    holder: str,
    points: int,
    at: datetime,
    *,
    expires_at: datetime | None = None,
    recorded: datetime | None = None,
) -> None:
    """Give points at ``at``, recorded at once unless said otherwise."""
    entry = Earn(holder, shop.unit.id, points, at, None, expires_at)
    post(conn, shop, holder, entry, recorded or at)


def spend(
    conn: psycopg.Connection, shop: Shop, holder: str, points: int, at: datetime, *, recorded: datetime | None = None
) -> None:
    """Take points at ``at``."""
    post(conn, shop, holder, Spend(holder, shop.unit.id, points, at), recorded or at)


def post(conn: psycopg.Connection, shop: Shop, holder: str, entry: Entry, now: datetime) -> str:
    """Post one entry; returns its operation's id."""
    operation = Operation(new_id(now=now), new_id(now=now), holder, "00", (entry,))
    results = ledger.post(conn, shop.program.id, [operation], now=now)
    assert isinstance(results[0], Posted), results
    return operation.id
