"""The demo's parts: the tables as records, the people, the clock, the original times on a part of the households."""

import os
import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import phonenumbers
import polars as pl
import psycopg
import pytest

from tests.builders import make_shop
from tests.demo import oracle
from verno.demo import letters, load, people, program, source, story
from verno.intake import bulk, context
from verno.intake.types import Outcome, Receipt, Settled
from verno.kit import db
from verno.kit.errors import VernoError
from verno.kit.localtime import localize, zone
from verno.ledger import queries as ledger
from verno.members import service as members
from verno.members.types import Created

NEW_YORK = ZoneInfo("America/New_York")
AS_OF = datetime(2018, 1, 2, 5, 0, tzinfo=UTC)
"""Midnight of 2018-01-02 in New York."""
FEW = 60


def test_receipts_are_the_baskets() -> None:
    lines, paid, numbers, hours = 0, 0, set(), Counter[int]()
    for receipt in source.receipts(zone=zone("America/New_York"), shift_weeks=0):
        numbers.add(receipt.number)
        lines += len(receipt.lines)
        paid += sum(line.amount for line in receipt.lines)
        hours[receipt.at.astimezone(NEW_YORK).hour] += 1
    rows = pl.read_parquet(oracle.tables() / "transactions.parquet")
    assert len(numbers) == rows["basket_id"].n_unique()
    assert lines == len(rows)
    assert paid == int((rows["sales_value"] * 100).round().sum())
    assert sum(hours.values()) == len(numbers)


def test_times_in_the_gap_move_forward() -> None:
    rows = pl.read_parquet(oracle.tables() / "transactions.parquet")
    gap = rows.filter(
        (pl.col("transaction_timestamp").dt.date() == date(2017, 3, 12))
        & (pl.col("transaction_timestamp").dt.hour() == 2)
    )
    expected = {
        str(basket): stamp.replace(tzinfo=UTC, hour=stamp.hour + 5)
        for basket, stamp in gap.select("basket_id", "transaction_timestamp").unique().iter_rows()
    }
    assert expected
    found = {}
    for receipt in source.receipts(zone=zone("America/New_York"), shift_weeks=0):
        if receipt.number in expected:
            found[receipt.number] = receipt.at
    assert found == expected


@pytest.mark.parametrize("now", [datetime(2026, 11, 25, 12, tzinfo=UTC), datetime(2027, 3, 15, 7, 59, tzinfo=UTC)])
def test_the_last_receipt_is_within_the_last_seven_days(now: datetime) -> None:
    weeks = program.shift_for(now)
    last = localize(source.last_moment() + weeks * source.WEEK, NEW_YORK)
    assert last <= now
    assert (now - last).total_seconds() <= 7 * 24 * 3600 + 3600


def test_people_are_synthetic_and_distinct() -> None:
    households = source.distinct("household_id")
    found = list(people.members(households, source.demographics(), agreed_at=AS_OF))
    assert len({member.phone for member in found}) == len({member.email for member in found}) == len(households)
    for member in found:
        assert re.search(r"Sample|Пример", str(member.name))
        assert str(member.email).endswith("@example.com")
        assert re.fullmatch(r"\+1[2-9]\d{2}55501\d{2}", str(member.phone))
        assert phonenumbers.is_possible_number(phonenumbers.parse(str(member.phone)))
        assert isinstance(member.attributes, dict)
        assert member.attributes["synthetic"] is True
    agreed = Counter(tuple(consent.channel.value for consent in member.consents) for member in found)
    assert 0.75 < (agreed[("email",)] + agreed[("email", "sms")]) / len(found) < 0.85
    assert 0.25 < (agreed[("sms",)] + agreed[("email", "sms")]) / len(found) < 0.35
    assert agreed[()] > 100
    assert {member.locale for member in found} == {"en", "ru"}


def test_people_stay_the_same() -> None:
    one, two = (list(people.members([1234], {}, agreed_at=AS_OF)) for _ in range(2))
    assert one == two


@pytest.mark.usefixtures("database")
def test_another_program_is_left_alone() -> None:
    with db.transaction() as conn:
        make_shop(conn)
        with pytest.raises(VernoError, match="holds the program 'Shop'"):
            program.open_program(conn, original=False, now=AS_OF)


@pytest.mark.usefixtures("database")
def test_the_shift_is_kept_and_clocks_are_not_mixed() -> None:
    later = datetime(2026, 12, 25, 12, tzinfo=UTC)
    with db.transaction() as conn:
        first = program.open_program(conn, original=False, now=datetime(2026, 11, 25, 12, tzinfo=UTC))
        assert program.open_program(conn, original=False, now=later) == first
        with pytest.raises(VernoError, match="shifted by"):
            program.open_program(conn, original=True, now=later)


@pytest.mark.timeout(300)
def test_original_times_as_of_2018(database: str, quiet: load.Progress) -> None:
    context.forget()
    few = source.distinct("household_id")[:FEW]
    with db.transaction() as conn:
        demo = program.open_program(conn, original=True, now=AS_OF)
        assert demo.shift_weeks == 0
        results = members.upsert(
            conn,
            demo.program,
            list(people.members(few, source.demographics(), agreed_at=datetime(2016, 12, 31, tzinfo=UTC))),
            now=AS_OF,
        )
        assert all(isinstance(result, Created) for result in results)
    load.load_places(demo, now=AS_OF)
    wanted = {str(household) for household in few}
    receipts = [
        receipt
        for receipt in source.receipts(zone=NEW_YORK, shift_weeks=0)
        if receipt.member and receipt.member.external_id in wanted
    ]
    taken: list[Outcome | None] = []

    def keep(_: Sequence[int], __: Sequence[Receipt], outcomes: Sequence[Outcome | None]) -> None:
        taken.extend(outcomes)

    bulk.load(demo.program.id, receipts, now=AS_OF, on_batch=keep)
    assert len(taken) == len(receipts)
    assert all(isinstance(outcome, Settled) for outcome in taken)
    story._settle(demo, AS_OF)
    found = oracle.baskets(0).filter(pl.col("household_id").is_in(few))
    with db.transaction() as conn:
        states = ledger.states(conn, demo.program.id, now=AS_OF)[0]
    assert (states.earned, states.expired, states.available) == oracle.points(found, date(2018, 1, 2))
    os.environ.pop("VERNO_SMTP_URL", None)
    letters.send_statements(demo, progress=quiet, now=AS_OF)
    with psycopg.connect(database) as conn:
        conn.execute("SET ROLE verno_app")
        told = conn.execute(
            "SELECT m.external_id::int, s.opening, s.earned, s.expired, s.closing "
            "FROM messaging_statement s JOIN members_member m ON m.id = s.holder_id "
            "WHERE s.month = '2017-12-01'"
        ).fetchall()
    assert {household: tuple(figures) for household, *figures in told} == oracle.statements(found, date(2017, 12, 1))
    context.forget()
