"""The points statement against hand-worked cases, in Europe/Moscow: October begins on September 30, 21:00 UTC."""

import threading
from datetime import UTC, date, datetime

import psycopg
import pytest

from tests.builders import Shop
from tests.messaging.people import LONG_AGO, add_members, earn, make_program, post, spend, withdraw
from verno.kit import db
from verno.kit.localtime import start_of_day, zone
from verno.ledger.types import Earn, PutBack, Spend, TakeBack
from verno.members import service as members
from verno.members.types import NewMember
from verno.messaging import queries, service, statements
from verno.messaging.companies import turnover
from verno.messaging.facts import address_hash
from verno.messaging.statements import StatementCounts, StatementRefusal, due_statements, plan_statements
from verno.messaging.types import NewSuppression
from verno.workspace.types import Program

MOSCOW = zone("Europe/Moscow")
NOVEMBER_FIRST = start_of_day(date(2026, 11, 1), MOSCOW)
DECEMBER_FIRST = start_of_day(date(2026, 12, 1), MOSCOW)


def at(month: int, day: int, hour: int = 12, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=MOSCOW).astimezone(UTC)


def figures(conn: psycopg.Connection, holder: str, month: int) -> dict[str, object]:
    row = conn.execute(
        "SELECT opening, earlier, earned, spent, expired, closing, expiring FROM messaging_statement"
        " WHERE holder_id = %s AND month = %s",
        (holder, date(2026, month, 1)),
    ).fetchone()
    assert row is not None
    return dict(zip(("opening", "earlier", "earned", "spent", "expired", "closing", "expiring"), row, strict=True))


def planned(conn: psycopg.Connection, shop: Shop, month: int, now: datetime) -> StatementCounts:
    found = plan_statements(conn, shop.program, 2026, month, now=now)
    assert isinstance(found, StatementCounts)
    return found


@pytest.fixture
def shop(conn: psycopg.Connection) -> Shop:
    return make_program(conn)


def test_a_quiet_life(conn: psycopg.Connection, shop: Shop) -> None:
    """50 before October; in October +100, -30; after it +7, which is November's."""
    (who,) = add_members(conn, shop, 1)
    earn(conn, shop, who, 50, at(9, 30, 23, 59))
    earn(conn, shop, who, 100, at(10, 1, 0, 0))
    spend(conn, shop, who, 30, at(10, 31, 23, 59))
    earn(conn, shop, who, 7, at(11, 1, 0, 0))
    counts = planned(conn, shop, 10, NOVEMBER_FIRST)
    assert (counts.queued, counts.withheld, counts.already) == (1, {}, 0)
    assert figures(conn, who, 10) == {
        "opening": 50,
        "earlier": 0,
        "earned": 100,
        "spent": 30,
        "expired": 0,
        "closing": 120,
        "expiring": [],
    }


@pytest.mark.parametrize("first", ["what had earned", "what was paid for"])
def test_what_was_written_off_and_recovered_was_not_earned(conn: psycopg.Connection, shop: Shop, first: str) -> None:
    """Earned 100, spent them, and both sales came back: whichever did first, the member is told the same."""
    (who,) = add_members(conn, shop, 1)
    unit, then = shop.unit.id, at(10, 1)
    earned = post(conn, shop, who, Earn(who, unit, 100, then), then)
    spent = post(conn, shop, who, Spend(who, unit, 100, then), then)
    taken = TakeBack(who, unit, 100, at(10, 2), earned, then, write_off=True)
    put = PutBack(who, unit, 100, at(10, 2), spent, then, at(10, 16))
    for entry in (taken, put) if first == "what had earned" else (put, taken):
        post(conn, shop, who, entry, at(10, 2))
    planned(conn, shop, 10, NOVEMBER_FIRST)
    told = figures(conn, who, 10)
    assert (told["earned"], told["spent"], told["closing"]) == (0, 0, 0)


def test_a_late_transfer_is_of_earlier_periods(conn: psycopg.Connection, shop: Shop) -> None:
    """October is told as 100. Then a till brings 40 of October and 8 of September: November opens with 100."""
    (who,) = add_members(conn, shop, 1)
    earn(conn, shop, who, 100, at(10, 5))
    planned(conn, shop, 10, NOVEMBER_FIRST)
    earn(conn, shop, who, 40, at(10, 20), recorded=at(11, 3))
    earn(conn, shop, who, 8, at(9, 20), recorded=at(11, 3))
    spend(conn, shop, who, 5, at(11, 4))
    planned(conn, shop, 11, DECEMBER_FIRST)
    assert figures(conn, who, 10)["closing"] == 100
    told = figures(conn, who, 11)
    assert told == {
        "opening": 100,
        "earlier": 48,
        "earned": 0,
        "spent": 5,
        "expired": 0,
        "closing": 143,
        "expiring": [],
    }
    letter = queries.render(conn, who, queries.of_member(conn, who)[0].id, now=NOVEMBER_FIRST)
    assert letter is not None
    assert "From earlier periods: +48" in letter.text


def test_months_nobody_planned_are_earlier_periods(conn: psycopg.Connection, shop: Shop) -> None:
    """September told as 10, October skipped (+20): November opens with 10 and names 20 as earlier."""
    (who,) = add_members(conn, shop, 1)
    earn(conn, shop, who, 10, at(9, 5))
    planned(conn, shop, 9, at(10, 1))
    earn(conn, shop, who, 20, at(10, 5))
    planned(conn, shop, 11, DECEMBER_FIRST)
    told = figures(conn, who, 11)
    assert (told["opening"], told["earlier"], told["closing"]) == (10, 20, 30)


def test_expiry_needs_no_nightly_job(conn: psycopg.Connection, shop: Shop) -> None:
    """100 end with October 10, nobody has posted it: the statement settles first. 60 end with November 12."""
    (who,) = add_members(conn, shop, 1)
    earn(conn, shop, who, 100, at(9, 1), expires_at=start_of_day(date(2026, 10, 11), MOSCOW))
    earn(conn, shop, who, 60, at(10, 2), expires_at=start_of_day(date(2026, 11, 13), MOSCOW))
    planned(conn, shop, 10, NOVEMBER_FIRST)
    assert figures(conn, who, 10) == {
        "opening": 100,
        "earlier": 0,
        "earned": 60,
        "spent": 0,
        "expired": 100,
        "closing": 60,
        "expiring": [{"last_day": "2026-11-12", "points": 60}],
    }


def test_what_ends_at_the_months_last_midnight_is_the_next_months(conn: psycopg.Connection, shop: Shop) -> None:
    """Usable through October 31: still in October's closing, gone when the letter is written, expired in November."""
    (who,) = add_members(conn, shop, 1)
    earn(conn, shop, who, 25, at(10, 2), expires_at=NOVEMBER_FIRST)
    planned(conn, shop, 10, NOVEMBER_FIRST)
    told = figures(conn, who, 10)
    assert (told["closing"], told["expired"], told["expiring"]) == (25, 0, [])
    planned(conn, shop, 11, DECEMBER_FIRST)
    told = figures(conn, who, 11)
    assert (told["opening"], told["expired"], told["closing"]) == (25, 25, 0)


def test_ahead_are_thirty_days_from_the_day_it_is_written(conn: psycopg.Connection, shop: Shop) -> None:
    """Two lots of one day are one line; December 24 is in, the 25th is out; what is over is not told to end."""
    (who,) = add_members(conn, shop, 1)
    for points, month, day in ((1, 11, 25), (10, 11, 26), (5, 11, 26), (7, 12, 25), (3, 12, 26)):
        earn(conn, shop, who, points, at(10, 2), expires_at=start_of_day(date(2026, month, day), MOSCOW))
    earn(conn, shop, who, 99, at(11, 20, 9), expires_at=start_of_day(date(2026, 12, 1), MOSCOW))
    planned(conn, shop, 10, at(11, 25, 10))
    told = figures(conn, who, 10)
    assert told["closing"] == 26
    assert told["expiring"] == [
        {"last_day": "2026-11-25", "points": 15},
        {"last_day": "2026-11-30", "points": 99},
        {"last_day": "2026-12-24", "points": 7},
    ]


def test_points_spent_since_the_cut_are_not_announced_to_end(conn: psycopg.Connection, shop: Shop) -> None:
    (who,) = add_members(conn, shop, 1)
    earn(conn, shop, who, 30, at(10, 2), expires_at=start_of_day(date(2026, 11, 20), MOSCOW))
    spend(conn, shop, who, 12, at(11, 1, 8))
    planned(conn, shop, 10, at(11, 1, 10))
    told = figures(conn, who, 10)
    assert (told["closing"], told["expiring"]) == (30, [{"last_day": "2026-11-19", "points": 18}])


def test_everybody_has_one_row(conn: psycopg.Connection, shop: Shop) -> None:
    """Sent + withheld = members, idle members included; each reason by its name."""
    good = add_members(conn, shop, 3)
    silent = add_members(conn, shop, 2, agree=False, start=10)
    nowhere = add_members(conn, shop, 1, address=None, start=20)
    gone = add_members(conn, shop, 1, start=30)
    withdraw(conn, shop, gone, now=at(10, 20))
    dead = add_members(conn, shop, 1, start=40)
    digest = address_hash(shop.program.id, "email", "member-40@example.com")
    service.suppress(conn, shop.program.id, [NewSuppression("email", digest, "bounced", "test")], now=at(10, 1))
    counts = planned(conn, shop, 10, NOVEMBER_FIRST)
    assert counts.queued == len(good)
    assert counts.withheld == {"no-consent": len(silent), "no-address": 1, "withdrawn": 1, "suppressed": 1}
    for holder in [*good, *silent, *nowhere, *gone, *dead]:
        (message,) = queries.of_member(conn, holder)
        assert message.state == ("queued" if holder in good else "withheld")
        assert message.decisions[0]["stage"] == "planning"
        assert figures(conn, holder, 10)["closing"] == 0


def test_a_second_run_changes_nothing(conn: psycopg.Connection, shop: Shop) -> None:
    add_members(conn, shop, 3)
    planned(conn, shop, 10, NOVEMBER_FIRST)
    again = planned(conn, shop, 10, at(11, 2))
    assert (again.queued, again.withheld, again.already) == (0, {}, 3)
    assert [count.messages for count in queries.counts(conn, shop.program.id)] == [3]


def test_two_runs_at_once_make_one_each(database: str) -> None:
    with db.transaction() as conn:
        shop = make_program(conn)
        holders = add_members(conn, shop, 40)
    start, found = threading.Barrier(2), []

    def run() -> None:
        with db.transaction() as mine:
            start.wait()
            found.append(planned(mine, shop, 10, NOVEMBER_FIRST))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted((counts.queued, counts.already) for counts in found) == [(0, 40), (40, 0)]
    with db.transaction() as conn:
        assert all(len(queries.of_member(conn, holder)) == 1 for holder in holders)


def test_a_program_does_not_tell_of_months_before_it_began(conn: psycopg.Connection) -> None:
    shop = make_program(conn, now=NOVEMBER_FIRST)
    add_members(conn, shop, 1)
    assert due_statements(conn, now=at(11, 2)) == {}
    assert due_statements(conn, now=DECEMBER_FIRST)[shop.program.id].queued == 1


def test_the_month_must_be_over_where_the_program_lives(conn: psycopg.Connection) -> None:
    shop = make_program(conn, now=LONG_AGO)
    add_members(conn, shop, 1)
    early = datetime(2026, 10, 31, 20, 59, tzinfo=UTC)
    assert plan_statements(conn, shop.program, 2026, 10, now=early) is StatementRefusal.MONTH_NOT_OVER
    assert due_statements(conn, now=early)[shop.program.id].queued == 1, "September's"
    assert due_statements(conn, now=early) == {}
    assert due_statements(conn, now=datetime(2026, 10, 31, 21, 0, tzinfo=UTC))[shop.program.id].queued == 1
    assert queries.counts(conn, shop.program.id, occasion="statement/2026-10")[0].messages == 1
    assert due_statements(conn, now=NOVEMBER_FIRST) == {}


def test_more_members_than_a_chunk(conn: psycopg.Connection, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statements, "CHUNK", 4)
    add_members(conn, shop, 9)
    assert planned(conn, shop, 10, NOVEMBER_FIRST).queued == 9


def test_a_run_that_is_broken_off_goes_on_where_it_was(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A transaction a step: what was planned stays, the rest comes with the next hour, nobody is told twice."""
    monkeypatch.setattr(statements, "CHUNK", 2)
    letters: list[Program] = []
    monkeypatch.setattr(turnover, "plan_letters", lambda _conn, program, *_, **__: letters.append(program))
    with db.transaction() as conn:
        program = (shop := make_program(conn)).program
        add_members(conn, shop, 5)

    def told() -> int:
        with db.transaction(program.id) as conn:
            row = conn.execute("SELECT count(*) FROM messaging_statement").fetchone()
            return row[0] if row else 0

    asked = iter([False, False, True])
    assert statements.run(program, now=DECEMBER_FIRST, stopping=lambda: next(asked)) == 2
    assert (told(), letters) == (2, [])
    with db.transaction(program.id) as conn:
        add_members(conn, shop, 1, start=5, now=DECEMBER_FIRST)
    with monkeypatch.context() as broken:
        broken.setattr(turnover, "plan_letters", fail)
        with pytest.raises(ZeroDivisionError):
            statements.run(program, now=DECEMBER_FIRST, stopping=lambda: False)
    assert (told(), letters) == (4, []), "the last step is undone with what it could not end"
    assert statements.run(program, now=DECEMBER_FIRST, stopping=lambda: False) == 2
    assert (told(), letters) == (6, [program])
    with db.transaction(program.id) as conn:
        add_members(conn, shop, 1, start=6, now=DECEMBER_FIRST)
    assert statements.run(program, now=DECEMBER_FIRST, stopping=lambda: False) == 0, "November is told"
    assert (told(), letters) == (6, [program])


def fail(*_: object, **__: object) -> None:
    raise ZeroDivisionError


def test_the_letter_in_both_languages(conn: psycopg.Connection, shop: Shop) -> None:
    ru, en = add_members(conn, shop, 1, locale="ru"), add_members(conn, shop, 1, start=1)
    for (who,) in (ru, en):
        earn(conn, shop, who, 12345, at(9, 2))
        earn(conn, shop, who, 21, at(10, 2), expires_at=start_of_day(date(2026, 11, 13), MOSCOW))
        spend(conn, shop, who, 344, at(10, 3))
    members.upsert(conn, shop.program, [NewMember(external_id="m-0", name="Анна <b>")], now=at(10, 4))
    planned(conn, shop, 10, NOVEMBER_FIRST)
    letters = [queries.render(conn, who, queries.of_member(conn, who)[0].id, now=NOVEMBER_FIRST) for (who,) in (ru, en)]
    russian, english = letters
    assert russian is not None
    assert english is not None
    assert russian.subject == "12\u00a0022 балла: выписка за октябрь"
    assert "Списано: −344" in russian.text
    assert "последний день — 12 ноября: 21 балл" not in russian.text, "the 21 went first"
    assert "Анна <b>" in russian.text
    assert "Анна &lt;b&gt;" in russian.html
    assert english.subject == "12,022 points: your October statement"
    assert "Opening balance, October 1: 12,345" in english.text
    assert "Spent: −344" in english.text
    assert "Nothing expires by November 30." in english.text
    assert "earlier periods" not in english.text
    for letter in (russian, english):
        assert "{{" not in letter.html + letter.text
        assert "{%" not in letter.html + letter.text
        assert "googleapis" not in letter.html
