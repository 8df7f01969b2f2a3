"""A small honest program to sabotage: receipts of every kind, points earned, spent, expired and pending."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg

from tests.builders import NOW, holder, make_shop
from verno.kit.ids import new_id
from verno.ledger import service as ledger
from verno.ledger.types import Earn, Entry, Operation, Posted, Spend
from verno.workspace import queries as workspace

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Story:
    """Who and what the tests point at."""

    program: str
    member: str
    receipt: str
    unmatched: str
    captured: str
    returned: str


def tell(conn: psycopg.Connection) -> Story:
    """Write one of each: receipts settled, too small for a point, unmatched, captured; a return, a spend, an expiry."""
    shop = make_shop(conn, life_days=180)
    (store,) = workspace.stores(conn, shop.program.id)
    place, nobody = store.id, store.anonymous_holder_id
    member, receipt, unmatched = holder(), holder(), holder()
    unit = shop.unit.id

    def post(key: str, id_: str, *entries: Entry, now: datetime) -> None:
        operation = Operation(key, id_, member, "00", entries)
        (result,) = ledger.post(conn, shop.program.id, [operation], now=now)
        assert isinstance(result, Posted)

    then = NOW - 200 * DAY
    post("old", new_id(now=NOW), Earn(member, unit, 50, then, expires_at=NOW - 20 * DAY), now=then)
    post("sale", receipt, Earn(member, unit, 300, NOW, expires_at=NOW + 180 * DAY), now=NOW)
    post("later", new_id(now=NOW), Earn(member, unit, 70, NOW, active_from=NOW + 14 * DAY), now=NOW)
    post("spend", new_id(now=NOW), Spend(member, unit, 120, NOW), now=NOW)
    sales = ((receipt, member, "settled", 300), (holder(), member, "settled", 0), (unmatched, nobody, "unmatched", 0))
    for number, (id_, who, status, points) in enumerate(sales):
        _sell(conn, shop.program.id, place, id_, who, str(number), status, points)
    captured = holder()
    _sell(conn, shop.program.id, place, captured, member, "3", "settled", 0, hold_expires_at=NOW)
    _capture(conn, shop.program.id, captured, member)
    returned = holder()
    _return(conn, shop.program.id, place, returned, captured, member)
    for month, opening, closing in (("2026-09-01", 0, 50), ("2026-10-01", 50, 50)):
        conn.execute(
            """INSERT INTO messaging_statement (holder_id, unit_id, month, program_id, opening, earlier, earned, spent,
                                                expired, closing, expiring, cut_at)
               VALUES (%s, %s, %s, %s, %s, 0, %s, 0, 0, %s, '[]', %s)""",
            (member, unit, month, shop.program.id, opening, closing - opening, closing, NOW),
        )
    return Story(shop.program.id, member, receipt, unmatched, captured, returned)


def _capture(conn: psycopg.Connection, program: str, id_: str, who: str) -> None:
    conn.execute(
        """INSERT INTO intake_step (holder_id, receipt_id, slot, id, program_id, kind, at, recorded_at, fingerprint,
                                    answer)
           VALUES (%s, %s, 'resolve', %s, %s, 'capture', %s, %s, '', '')""",
        (who, id_, new_id(now=NOW), program, NOW, NOW),
    )


def _return(conn: psycopg.Connection, program: str, place: str, id_: str, original: str, who: str) -> None:
    conn.execute(
        """INSERT INTO intake_return (holder_id, id, program_id, place_id, series, number, at, recorded_at, status,
                                      original_id, lines, refund, points_value, taken, put, answer)
           VALUES (%s, %s, %s, %s, '', 'R', %s, %s, 'settled', %s, '{"1": 1000}', 40, 0, '{}', '{}', '')""",
        (who, id_, program, place, NOW, NOW, original),
    )
    _claim(conn, program, place, id_, who, "R")


def _sell(
    conn: psycopg.Connection,
    program: str,
    place: str,
    id_: str,
    who: str,
    number: str,
    status: str,
    points: int,
    *,
    hold_expires_at: datetime | None = None,
) -> None:
    amount = points * 100 + 90
    conn.execute(
        """INSERT INTO intake_receipt (holder_id, id, program_id, place_id, series, number, at, recorded_at, status,
                                       amount, discount, line_count, points, answer, hold_expires_at)
           VALUES (%s, %s, %s, %s, '', %s, %s, %s, %s, %s, 10, 3, %s, '', %s)""",
        (who, id_, program, place, number, NOW, NOW, status, amount, points, hold_expires_at),
    )
    _claim(conn, program, place, id_, who, number)
    for line, part in enumerate((amount - 50, 50, 0), start=1):
        conn.execute(
            """INSERT INTO intake_receipt_line (holder_id, receipt_id, line, goods_id, quantity, amount, discount)
               VALUES (%s, %s, %s, %s, 1, %s, %s)""",
            (who, id_, line, new_id(now=NOW), part, 10 if line == 1 else 0),
        )


def _claim(conn: psycopg.Connection, program: str, place: str, id_: str, who: str, number: str) -> None:
    conn.execute(
        """INSERT INTO intake_receipt_claim (program_id, place_id, series, number, holder_id, receipt_id, fingerprint)
           VALUES (%s, %s, '', %s, %s, %s, '')""",
        (program, place, number, who, id_),
    )
