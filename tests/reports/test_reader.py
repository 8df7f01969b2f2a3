"""Months are counted exactly once per event, whatever dies in between."""

import threading
from datetime import date, timedelta

import psycopg
import pytest

from tests.builders import NOW, make_shop
from tests.console import story
from tests.waiting import until_readable
from verno.kit import db, localtime, outbox
from verno.kit.outbox import NewEvent
from verno.reports import queries, reader
from verno.reports.types import Month

ZONE = localtime.zone("Europe/Moscow")


def event(program: str, month: str, *, amount: int = 100, points: int = 1, matched: bool = True) -> NewEvent:
    kind = reader.SETTLED if matched else reader.UNMATCHED
    body = {"month": month, "amount": amount, "points": {"points": points} if points else {}, "later": "field"}
    return NewEvent(program, None, kind, body, NOW)


def months(program: str) -> dict[date, Month]:
    with db.transaction() as conn:
        return {row.month: row for row in queries.months(conn, program, ZONE, now=NOW) if row.receipts}


@pytest.fixture
def program(database: str) -> str:
    with db.transaction() as conn:
        return make_shop(conn).program.id


def test_events_become_months(program: str) -> None:
    with db.transaction() as conn:
        outbox.append(
            conn,
            [
                event(program, "2026-11-01", amount=1050, points=10),
                event(program, "2026-11-01", amount=50, points=0, matched=False),
                event(program, "2026-10-01", amount=7, points=0),
                NewEvent(program, None, "something.else.v1", {}, NOW),
            ],
        )
    until_readable()
    assert reader.step(now=NOW) == 4
    assert reader.step(now=NOW) == 0
    assert months(program) == {
        date(2026, 10, 1): Month(date(2026, 10, 1), 1, 0, 7, 0),
        date(2026, 11, 1): Month(date(2026, 11, 1), 2, 1, 1100, 10),
    }


def test_a_claimed_receipt_is_not_counted_twice(program: str) -> None:
    claimed = event(program, "2026-11-01", amount=50, points=5)
    with db.transaction() as conn:
        outbox.append(
            conn,
            [
                event(program, "2026-11-01", amount=50, points=0, matched=False),
                NewEvent(program, None, reader.CLAIMED, claimed.body, NOW),
            ],
        )
    until_readable()
    reader.step(now=NOW)
    assert months(program) == {date(2026, 11, 1): Month(date(2026, 11, 1), 1, 0, 50, 5)}


def test_a_death_before_the_commit_counts_nothing(program: str) -> None:
    with db.transaction() as conn:
        outbox.append(conn, [event(program, "2026-11-01")] * 3)
    until_readable()

    class Dead(Exception):
        pass

    def counts_then_dies(conn: db.Connection, events: object) -> None:
        reader.count(conn, events)  # type: ignore[arg-type]
        raise Dead

    with pytest.raises(Dead), db.transaction() as conn:
        outbox.consume(conn, reader.READER, counts_then_dies, now=NOW)
    assert months(program) == {}
    assert reader.step(now=NOW) == 3
    assert months(program)[date(2026, 11, 1)].receipts == 3


def test_many_readers_at_once_count_once(program: str) -> None:
    with db.transaction() as conn:
        outbox.append(conn, [event(program, "2026-11-01")] * 50)
    until_readable()
    start = threading.Barrier(6)
    read: list[int] = []

    def step() -> None:
        start.wait()
        read.append(reader.step(now=NOW))

    threads = [threading.Thread(target=step) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(read) == 50
    assert months(program)[date(2026, 11, 1)].receipts == 50


def test_an_event_without_its_fields_stops_the_reader(program: str) -> None:
    """A wrong event is a fault of ours: better no figures than wrong ones."""
    with db.transaction() as conn:
        outbox.append(conn, [NewEvent(program, None, reader.SETTLED, {"month": "2026-11-01"}, NOW)])
    until_readable()
    with pytest.raises(Exception, match="amount"):
        reader.step(now=NOW)
    assert months(program) == {}


def test_thirteen_months_quiet_ones_too(conn: psycopg.Connection) -> None:
    shop = make_shop(conn)
    found = queries.months(conn, shop.program.id, ZONE, now=NOW)
    assert [found[0].month, found[-1].month, len(found)] == [date(2025, 11, 1), date(2026, 11, 1), 13]
    assert {row.receipts for row in found} == {0}


def test_figures_of_an_empty_program(conn: psycopg.Connection) -> None:
    shop = make_shop(conn)
    figures = queries.figures(conn, shop.program.id, ZONE, now=NOW)
    assert (figures.members, figures.receipts, figures.matched_permille, figures.messages) == (0, 0, None, ())


@pytest.mark.parametrize("later_days", [0, 40, 400])
def test_figures_agree_with_the_tables_and_always_add_up(database: str, later_days: int) -> None:
    """Also long after the last settling, when much has expired that no transfer says yet."""
    with db.transaction() as conn:
        told = story.tell(conn, now=NOW)
    story.count_events(NOW)
    later = NOW + timedelta(days=later_days)
    with db.transaction() as conn:
        figures = queries.figures(conn, told.shop.program.id, ZONE, now=later)
        row = conn.execute(
            "SELECT count(*), count(*) FILTER (WHERE status = 'unmatched'), sum(amount)::bigint, sum(points)::bigint"
            " FROM intake_receipt"
        ).fetchone()
        usable = conn.execute(
            "SELECT coalesce(sum(remaining), 0) FROM ledger_lot WHERE active_from <= %s AND expires_at > %s",
            (later, later),
        ).fetchone()
    assert row
    assert usable
    points = figures.points[0]
    assert (figures.receipts, figures.unmatched, figures.amount, points.issued) == row
    assert points.available == usable[0]
    assert points.issued == points.outstanding + points.spent + points.expired
    assert points.expired >= 0
    assert figures.matched_permille == (row[0] - row[1]) * 1000 // row[0]
