"""Holds, returns and merges cost the same number of round trips for 2 and for 200, and no closed lot costs anything."""

import os
from collections.abc import Sequence
from datetime import timedelta

import psycopg
import pytest

from tests.builders import NOW, Shop, holder, make_shop
from tests.ledger.test_budget import cost
from verno.kit import db
from verno.ledger import service
from verno.ledger.types import (
    Activate,
    Capture,
    Earn,
    Entry,
    Erase,
    Hold,
    Merge,
    Operation,
    Posted,
    PutBack,
    Reinstate,
    Release,
    Spend,
    TakeBack,
    Unmerge,
)

LIFE = NOW + timedelta(days=180)


class Day:
    """One day of many people, chapter by chapter; each is one batch."""

    def __init__(self, shop: Shop, count: int) -> None:
        self.unit = shop.unit.id
        self.people = [(holder(), holder()) for _ in range(count)]
        self.ids: dict[tuple[str, str], str] = {}

    def id(self, chapter: str, who: str) -> str:
        return self.ids.setdefault((chapter, who), holder())

    def entries(self, who: str, twin: str) -> dict[str, Sequence[Entry]]:
        """Return what each chapter asks for, in order."""
        unit, capture, id_ = self.unit, self.id("capture", who), self.id
        return {
            "earn": (Earn(who, unit, 90, NOW, expires_at=LIFE), Earn(twin, unit, 7, NOW, expires_at=LIFE)),
            "order": (Earn(who, unit, 30, NOW, expires_at=LIFE, awaits="delivered"),),
            "hold": (Hold(who, unit, 20, NOW, LIFE),),
            "capture": (Capture(who, unit, 15, NOW, id_("hold", who)), Earn(who, unit, 5, NOW)),
            "hold again": (Hold(who, unit, 20, NOW, LIFE),),
            "release": (Release(who, unit, NOW, id_("hold again", who)),),
            "activate": (Activate(who, unit, NOW, id_("order", who), NOW, "delivered", NOW),),
            "return": (
                TakeBack(who, unit, 5, NOW, capture, NOW),
                PutBack(who, unit, 15, NOW, capture, NOW, LIFE),
            ),
            "merge": (Merge(twin, who, unit, NOW),),
            "unmerge": (Unmerge(twin, who, unit, NOW, id_("merge", who), NOW),),
            "reinstate": (Reinstate(who, unit, NOW, NOW - timedelta(days=9), LIFE),),
            "erase": (Erase(who, unit, NOW),),
        }

    def chapters(self) -> list[tuple[str, list[Operation]]]:
        told = [(who, self.entries(who, twin)) for who, twin in self.people]
        return [
            (
                chapter,
                [
                    Operation(f"{chapter}/{who}", self.id(chapter, who), who, "00", tuple(one[chapter]))
                    for who, one in told
                ],
            )
            for chapter in told[0][1]
        ]


def test_two_and_two_hundred_cost_the_same_in_every_chapter(conn: psycopg.Connection) -> None:
    shop = make_shop(conn)
    service.post(conn, shop.program.id, Day(shop, 1).chapters()[0][1], now=NOW)  # the program's accounts are asked once
    for (chapter, few), (_, many) in zip(Day(shop, 2).chapters(), Day(shop, 200).chapters(), strict=True):
        little = cost(conn, shop, few)
        assert little == cost(conn, shop, many), chapter
        statements, round_trips = little
        assert round_trips <= 3, chapter
        assert statements <= 16, chapter


CLOSED = 10_000


def spender(conn: psycopg.Connection, shop: Shop, closed: int) -> str:
    """Make a member with so many closed lots and ten open ones."""
    who, unit = holder(), shop.unit.id
    for start in range(0, closed, 500):
        gifts = [Earn(who, unit, 1, NOW, expires_at=LIFE) for _ in range(start, min(closed, start + 500))]
        service.post(conn, shop.program.id, [Operation(holder(), holder(), who, "00", tuple(gifts))], now=NOW)
    last: tuple[Entry, ...] = (Spend(who, unit, closed, NOW), *(Earn(who, unit, 9, NOW) for _ in range(10)))
    (result,) = service.post(conn, shop.program.id, [Operation(holder(), holder(), who, "00", last)], now=NOW)
    assert isinstance(result, Posted)
    return who


READ = """
SELECT relname, coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)
FROM pg_stat_xact_user_tables WHERE relname LIKE 'ledger%'
"""


def rows_read(conn: psycopg.Connection) -> dict[str, int]:
    return {str(table): int(rows) for table, rows in conn.execute(READ).fetchall()}


@pytest.mark.timeout(300)
def test_closed_lots_are_not_read(database: str) -> None:
    with db.connect() as conn:
        shop = make_shop(conn)
        short, long = spender(conn, shop, 10), spender(conn, shop, CLOSED)
        conn.commit()
    with psycopg.connect(os.environ["VERNO_OWNER_URL"], autocommit=True) as owner:
        owner.execute("VACUUM ANALYZE ledger_lot")  # as autovacuum would by then
    read: list[dict[str, int]] = []
    with db.connect_for_batches() as conn:
        for who in (short, short, long):
            entries: tuple[Entry, ...] = (
                Spend(who, shop.unit.id, 25, NOW),
                Hold(who, shop.unit.id, 5, NOW, NOW + timedelta(hours=1)),
            )
            before = rows_read(conn)
            (result,) = service.post(
                conn, shop.program.id, [Operation(holder(), holder(), who, "00", entries)], now=NOW
            )
            assert isinstance(result, Posted)
            read.append({table: rows - before.get(table, 0) for table, rows in rows_read(conn).items()})
            conn.rollback()
    assert read[1] == read[2]
    assert read[2]["ledger_lot"] < 30
