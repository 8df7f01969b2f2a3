"""Planning: one result per draft, one message per occasion, as many statements for one draft as for many."""

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import psycopg
import pytest

from tests.builders import Shop
from tests.messaging.people import add_members, make_program
from tests.messaging.postman import Postman
from verno.kit import db
from verno.members.service import POINTS_STATEMENT
from verno.messaging import queries, service
from verno.messaging.channels.email import smtp
from verno.messaging.channels.email.channel import Email
from verno.messaging.facts import address_hash
from verno.messaging.sender import SendCounts, send_due
from verno.messaging.service import plan
from verno.messaging.types import Draft, Duplicate, NewSuppression, Planned, Reason, Record, Withheld

NOW = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)


def figures() -> dict[str, object]:
    unit = {"code": "points", "scale": 0, "expiring": []} | dict.fromkeys(
        ("opening", "earlier", "earned", "spent", "expired", "closing"), 0
    )
    return {"month": "2026-10-01", "horizon": "2026-11-30", "units": [unit]}


def draft(holder: str, key: str = "statement/2026-10", **changes: object) -> Draft:
    values: dict[str, object] = {
        "holder_id": holder,
        "topic": POINTS_STATEMENT,
        "template": "statement",
        "locale": "en",
        "context": figures(),
        "dedupe_key": key,
    }
    return Draft(**(values | changes))  # type: ignore[arg-type]


@pytest.fixture
def shop(conn: psycopg.Connection) -> Shop:
    return make_program(conn)


def test_one_result_per_draft_in_order(conn: psycopg.Connection, shop: Shop) -> None:
    anna, boris = add_members(conn, shop, 2)
    (silent,) = add_members(conn, shop, 1, agree=False, start=5)
    results = plan(
        conn,
        shop.program.id,
        [
            draft(silent),
            draft(anna),
            draft(anna),
            draft(boris, topic="nonsense"),
            draft(anna, "other"),
            draft(boris, "sms", channel="sms"),
        ],
        now=NOW,
    )
    assert [type(result) for result in results] == [Withheld, Planned, Duplicate, Withheld, Planned, Withheld]
    assert [result.reason for result in results if isinstance(result, Withheld)] == [
        Reason.NO_CONSENT,
        Reason.UNKNOWN_TOPIC,
        Reason.NO_ADDRESS,
    ]
    assert isinstance(plan(conn, shop.program.id, [draft(silent)], now=NOW)[0], Duplicate)
    assert plan(conn, shop.program.id, [], now=NOW) == []


def test_the_stored_decision_tells_every_check(conn: psycopg.Connection, shop: Shop) -> None:
    (silent,) = add_members(conn, shop, 1, agree=False)
    (result,) = plan(conn, shop.program.id, [draft(silent)], now=NOW)
    assert isinstance(result, Withheld)
    told = queries.message(conn, silent, result.message_id)
    assert told is not None
    (decision,) = [msgspec.convert(one, Record) for one in told.decisions]
    assert (decision.verdict, decision.reason, decision.stage) == ("deny", "no-consent", "planning")
    assert [(check.name, check.verdict) for check in decision.trace] == [
        ("switch", "pass"),
        ("country", "pass"),
        ("address", "pass"),
        ("suppression", "pass"),
        ("class", "pass"),
        ("consent", "deny"),
        ("wish", "pass"),
        ("age", "pass"),
        ("time", "pass"),
        ("hours", "pass"),
        ("caps", "pass"),
        ("duplicate", "pass"),
    ]
    assert queries.message(conn, silent, silent) is None
    assert queries.render(conn, silent, silent, now=NOW) is None


def test_each_of_a_batch_has_its_own_words_and_its_own_decision(conn: psycopg.Connection, shop: Shop) -> None:
    """What messages share is told to the database once; what they do not, stays each one's."""
    people = [
        add_members(conn, shop, 1, start=n, now=NOW - timedelta(days=days))[0] for n, days in enumerate((1, 1, 2, 3))
    ]
    people += add_members(conn, shop, 1, start=9, agree=False)
    months = ["2026-10-01", "2026-10-01", "2026-10-01", "2026-09-01", "2026-10-01"]
    drafts = [draft(who, context=figures() | {"month": month}) for who, month in zip(people, months, strict=True)]
    told = []
    for result, one in zip(plan(conn, shop.program.id, drafts, now=NOW), drafts, strict=True):
        assert isinstance(result, Planned | Withheld)
        kept = queries.message(conn, one.holder_id, result.message_id)
        assert kept is not None
        consent = next(
            check.seen for check in msgspec.convert(kept.decisions[0], Record).trace if check.name == "consent"
        )
        assert conn.execute("SELECT context FROM messaging_message WHERE id = %s", (kept.id,)).fetchone() == (
            one.context,
        )
        told.append((kept.state, kept.reason, consent[:18]))
    assert told == [
        ("queued", None, "granted 2026-10-31"),
        ("queued", None, "granted 2026-10-31"),
        ("queued", None, "granted 2026-10-30"),
        ("queued", None, "granted 2026-10-29"),
        ("withheld", "no-consent", "never granted"),
    ]


def test_a_preview_has_no_live_link(conn: psycopg.Connection, shop: Shop) -> None:
    (anna,) = add_members(conn, shop, 1)
    (result,) = plan(conn, shop.program.id, [draft(anna)], now=NOW)
    assert isinstance(result, Planned)
    letter = queries.render(conn, anna, result.message_id, now=NOW)
    assert letter is not None
    assert "/u/" not in letter.html + letter.text


def test_pages_of_a_members_messages(conn: psycopg.Connection, shop: Shop) -> None:
    (anna,) = add_members(conn, shop, 1)
    for n in range(5):
        plan(conn, shop.program.id, [draft(anna, f"k{n}")], now=NOW + timedelta(minutes=n))
    first = queries.of_member(conn, anna, limit=2)
    rest = queries.of_member(conn, anna, before=(first[-1].created_at, first[-1].id))
    assert [message.dedupe_key for message in first + rest] == ["k4", "k3", "k2", "k1", "k0"]


def test_the_first_suppression_stays(conn: psycopg.Connection, shop: Shop) -> None:
    (anna,) = add_members(conn, shop, 1)
    digest = address_hash(shop.program.id, "email", "member-0@example.com")
    for reason in ("complaint", "bounce"):
        service.suppress(conn, shop.program.id, [NewSuppression("email", digest, reason, "test")], now=NOW)
    (result,) = plan(conn, shop.program.id, [draft(anna)], now=NOW)
    assert isinstance(result, Withheld)
    told = queries.message(conn, anna, result.message_id)
    assert told is not None
    assert msgspec.convert(told.decisions[0], Record).trace[3].seen == "complaint"


@pytest.mark.parametrize("count", [1, 500])
def test_the_same_statements_for_one_and_for_many(
    conn: psycopg.Connection, shop: Shop, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    drafts = [draft(holder) for holder in add_members(conn, shop, count)]
    asked: list[str] = []
    execute = psycopg.Cursor.execute

    def counted(cursor: Any, query: Any, *rest: Any, **options: Any) -> Any:  # noqa: ANN401 it stands in for psycopg's
        asked.append(str(query)[:40])
        return execute(cursor, query, *rest, **options)

    monkeypatch.setattr(psycopg.Cursor, "execute", counted)
    plan(conn, shop.program.id, drafts, now=NOW)
    assert len(asked) == 12, asked


def test_two_planners_of_one_occasion(database: str) -> None:
    """The second waits for the first one's row, then finds a duplicate; no lock but the unique index."""
    with db.transaction() as conn:
        shop = make_program(conn)
        (anna,) = add_members(conn, shop, 1)
    second: list[object] = []

    def run() -> None:
        with db.transaction() as mine:
            second.extend(plan(mine, shop.program.id, [draft(anna)], now=NOW))

    with db.transaction() as conn:
        first = plan(conn, shop.program.id, [draft(anna)], now=NOW)
        thread = threading.Thread(target=run)
        thread.start()
        time.sleep(0.3)
        assert second == [], "it waits"
    thread.join()
    assert isinstance(first[0], Planned)
    assert second == [Duplicate()]


def test_a_message_for_later_waits(database: str) -> None:
    later = NOW + timedelta(hours=5)
    with db.transaction() as conn:
        shop = make_program(conn)
        (anna,) = add_members(conn, shop, 1)
        (result,) = plan(conn, shop.program.id, [draft(anna, not_before=later)], now=NOW)
        assert isinstance(result, Planned)
        told = queries.message(conn, anna, result.message_id)
        assert told is not None
        assert (told.state, told.due_at, told.decisions[0]["verdict"]) == ("queued", later, "defer")
    with Postman() as postman:
        chosen = smtp.Settings("127.0.0.1", postman.port, connections=1)
        assert send_due(Email(chosen), lambda: later - timedelta(seconds=1), worker_name="t") == SendCounts()
        assert send_due(Email(chosen), lambda: later, worker_name="t") == SendCounts(accepted=1)
