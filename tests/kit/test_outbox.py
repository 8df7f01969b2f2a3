"""The outbox: in order, to every reader, exactly once, and nothing skipped that commits late."""

import time
from collections.abc import Callable, Iterator, Sequence

import psycopg
import pytest

from tests.builders import NOW, holder
from verno.kit import db, outbox
from verno.kit.db import APPLICATION
from verno.kit.outbox import NewEvent, StoredEvent

WAIT_SECONDS = 30
"""Other tests share the server, and readers wait for every older transaction on it."""

Handle = Callable[[psycopg.Connection, Sequence[StoredEvent]], None]


class Diary:
    """A reader that writes what it got in the same transaction, as readers do."""

    def __init__(self, name: str) -> None:
        self.name = name

    def write(self, conn: psycopg.Connection, events: Sequence[StoredEvent]) -> None:
        for event in events:
            conn.execute("INSERT INTO pg_temp.diary VALUES (%s, %s)", (self.name, event.type))

    def read(self, conn: psycopg.Connection) -> list[str]:
        found = conn.execute("SELECT word FROM pg_temp.diary WHERE reader = %s ORDER BY ctid", (self.name,)).fetchall()
        return [row[0] for row in found]


@pytest.fixture
def conn(database: str) -> Iterator[psycopg.Connection]:
    """Give a connection that commits, with a private table for what readers note."""
    with psycopg.connect(database) as conn:
        conn.execute("CREATE TEMP TABLE diary (reader text, word text)")
        conn.execute("GRANT ALL ON pg_temp.diary TO verno_app")
        conn.commit()
        db.become_application(conn, APPLICATION)  # a reader of all programs
        yield conn


def tell(conn: psycopg.Connection, *words: str) -> None:
    outbox.append(conn, [NewEvent(holder(), None, word, {"of": word}, NOW) for word in words])


def consume(conn: psycopg.Connection, diary: Diary, *, handle: Handle | None = None, limit: int = 1000) -> int:
    count = outbox.consume(conn, diary.name, handle or diary.write, now=NOW, limit=limit)
    conn.commit()
    return count


def consume_until(conn: psycopg.Connection, diary: Diary, words: list[str], *, limit: int = 1000) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while diary.read(conn) != words:
        assert time.monotonic() < deadline, diary.read(conn)
        if consume(conn, diary, limit=limit) == 0:
            time.sleep(0.02)
    assert consume(conn, diary) == 0


def test_what_commits_late_is_not_skipped(conn: psycopg.Connection, database: str) -> None:
    diary = Diary("reports")
    with psycopg.connect(database) as slow:
        tell(slow, "early, committed late")
        tell(conn, "late, committed early")
        conn.commit()
        assert consume(conn, diary) == 0, "a reader ran past a transaction that was still at work"
        slow.commit()
    consume_until(conn, diary, ["early, committed late", "late, committed early"])


def test_what_is_rolled_back_never_was(conn: psycopg.Connection, database: str) -> None:
    with psycopg.connect(database) as sorry:
        tell(sorry, "nothing")
        sorry.rollback()
    tell(conn, "something")
    conn.commit()
    consume_until(conn, Diary("reports"), ["something"])


def test_every_reader_has_its_own_place(conn: psycopg.Connection) -> None:
    first, second = Diary("first"), Diary("second")
    tell(conn, "a", "b")
    conn.commit()
    consume_until(conn, first, ["a", "b"])
    tell(conn, "c")
    conn.commit()
    consume_until(conn, first, ["a", "b", "c"])
    consume_until(conn, second, ["a", "b", "c"])


def test_a_reader_goes_on_where_its_page_ended(conn: psycopg.Connection) -> None:
    words = [f"{n:02d}" for n in range(25)]
    for at in range(0, 25, 5):
        tell(conn, *words[at : at + 5])
        conn.commit()
    consume_until(conn, Diary("reports"), words, limit=7)


def test_a_crash_between_reading_and_the_commit_repeats_nothing(conn: psycopg.Connection) -> None:
    diary = Diary("reports")
    tell(conn, "a", "b")
    conn.commit()

    def crash(conn: psycopg.Connection, events: Sequence[StoredEvent]) -> None:
        diary.write(conn, events)
        message = "the lights went out"
        raise RuntimeError(message)

    deadline = time.monotonic() + WAIT_SECONDS
    crashed = False
    while not crashed and time.monotonic() < deadline:
        try:
            outbox.consume(conn, diary.name, crash, now=NOW)
        except RuntimeError:
            crashed = True
        conn.rollback()
    assert crashed
    assert diary.read(conn) == []
    consume_until(conn, diary, ["a", "b"])


def test_two_processes_with_one_readers_name_share_no_event(conn: psycopg.Connection, database: str) -> None:
    diary = Diary("reports")
    tell(conn, "a")
    conn.commit()
    consume_until(conn, diary, ["a"])
    tell(conn, "b")
    conn.commit()
    with psycopg.connect(database) as other:
        other.execute("SELECT FROM kit_cursor WHERE reader = 'reports' FOR UPDATE")
        assert consume(conn, diary) == 0, "two processes read with one cursor"
        other.rollback()
    consume_until(conn, diary, ["a", "b"])


def test_the_event_comes_back_as_it_was_written(conn: psycopg.Connection) -> None:
    program, who = holder(), holder()
    outbox.append(conn, [NewEvent(program, who, "receipt.settled.v1", {"points": 5, "name": "Кофе"}, NOW)])
    conn.commit()
    seen: list[StoredEvent] = []
    deadline = time.monotonic() + WAIT_SECONDS
    while not seen and time.monotonic() < deadline:
        consume(conn, Diary("reports"), handle=lambda _, events: seen.extend(events))
    (event,) = seen
    assert (event.program_id, event.holder_id, event.type, event.at) == (program, who, "receipt.settled.v1", NOW)
    assert event.body == {"points": 5, "name": "Кофе"}


def test_nothing_to_append_asks_nothing(conn: psycopg.Connection) -> None:
    outbox.append(conn, [])
    assert conn.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


def test_heartbeats(conn: psycopg.Connection) -> None:
    assert outbox.last_beat(conn, "worker") is None
    outbox.beat(conn, "worker", now=NOW)
    outbox.beat(conn, "worker", now=NOW)
    assert outbox.last_beat(conn, "worker") == NOW


def test_transactions_come_in_the_order_of_their_numbers_not_of_their_digits(
    conn: psycopg.Connection, database: str
) -> None:
    """100 comes after 99, also where a page ends between them; the oldest numbers are long committed."""
    with psycopg.connect(db.owner_url(), autocommit=True) as owner:
        for xid in ("100", "9", "99", "10"):
            owner.execute(
                "INSERT INTO kit_event (xid, program_id, type, body, at) VALUES (%s::xid8, %s, %s, '{}', %s)",
                (xid, holder(), xid, NOW),
            )
    diary = Diary("digits")
    while consume(conn, diary, limit=1):
        pass
    assert diary.read(conn) == ["9", "10", "99", "100"]
