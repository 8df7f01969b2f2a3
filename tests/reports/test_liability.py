"""The liability report against an account of it that shares nothing with it: raw transfers, added up by polars."""

from datetime import UTC, date, datetime, timedelta

import msgspec
import polars as pl
import psycopg
import pytest

from tests.builders import NOW
from tests.corrections.desk import Desk, done, merged, open_desk
from verno.corrections import service as corrections
from verno.corrections.types import Opening
from verno.kit.ids import new_id
from verno.ledger import outlook
from verno.ledger import service as ledger
from verno.ledger.types import Activate, Capture, Earn, Extend, Hold, PutBack, Release, Shorten, Spend, TakeBack
from verno.reports.liability import queries
from verno.reports.liability.types import Columns, Liability, UnitLiability
from verno.workspace import queries as workspace
from verno.workspace import service
from verno.workspace.types import Unit

DAY = timedelta(days=1)
NAMES = ["issued", "spent", "expired", "adjusted", "brought", "owed", "written_off", "moved", "members"]
START = datetime(2025, 9, 30, 21, 30, tzinfo=UTC)
"""Half past midnight of 1 October in Moscow, and still September in UTC."""


def report(desk: Desk, now: datetime = NOW) -> Liability:
    return queries.liability(desk.conn, workspace.program(desk.conn, desk.program_id), now=now)


def points(desk: Desk, now: datetime = NOW) -> UnitLiability:
    return report(desk, now).units[0]


@pytest.fixture
def desk(conn: psycopg.Connection) -> Desk:
    return open_desk(conn, now=START)


def year(desk: Desk) -> dict[str, str]:
    """Let everything happen that moves points, over fourteen months; returns who is who."""
    unit = desk.shop.unit.id
    desk.set("transfers.between_members", value=True)
    desk.set("points.reinstate_days", 60)
    who = {name: desk.join(name) for name in ("anna", "ivan", "olga", "twin", "gone", "poor")}
    anna, ivan, olga, twin, gone, poor = who.values()
    at = START
    desk.earn(anna, 100, days=90, at=at)
    desk.earn(ivan, 50, at=at + DAY)
    run = new_id(now=at)
    lots = [
        Opening(olga, unit, 500, "opening/1", "01", run, 2, at - 400 * DAY, expires_at=NOW + 5 * DAY),
        Opening(olga, unit, 40, "opening/2", "02", run, 3, at - 100 * DAY, expires_at=at + 20 * DAY),
    ]
    corrections.open_balances(desk.conn, desk.program_id, lots, now=at)
    at += 40 * DAY
    sale = desk.post(anna, Earn(anna, unit, 30, at, active_from=at + 14 * DAY), now=at)
    spent = desk.post(anna, Spend(anna, unit, 60, at), now=at)
    desk.post(anna, TakeBack(anna, unit, 10, at + DAY, sale.operation_id, at), now=at + DAY)
    desk.post(anna, PutBack(anna, unit, 20, at + DAY, spent.operation_id, at, grace_until=at + 15 * DAY), now=at + DAY)
    at += 70 * DAY
    poor_sale = desk.post(poor, Earn(poor, unit, 80, at), now=at)
    poor_spent = desk.post(poor, Spend(poor, unit, 75, at), now=at)
    desk.post(poor, TakeBack(poor, unit, 50, at, poor_sale.operation_id, at), now=at)
    desk.post(poor, TakeBack(poor, unit, 30, at, poor_sale.operation_id, at, write_off=True), now=at)
    desk.post(poor, PutBack(poor, unit, 60, at, poor_spent.operation_id, at, grace_until=at + 15 * DAY), now=at)
    desk.earn(poor, 20, at=at + 40 * DAY)
    held = desk.post(ivan, Hold(ivan, unit, 25, at, at + timedelta(minutes=10)), now=at)
    desk.post(ivan, Capture(ivan, unit, 20, at, held.operation_id), now=at)
    held = desk.post(ivan, Hold(ivan, unit, 5, at, at + timedelta(minutes=10)), now=at)
    desk.post(ivan, Release(ivan, unit, at, held.operation_id), now=at)
    waits = desk.post(ivan, Earn(ivan, unit, 9, at, awaits="delivered"), now=at)
    desk.post(
        ivan, Activate(ivan, unit, at + DAY, waits.operation_id, at, "delivered", active_from=at + DAY), now=at + DAY
    )
    at += 30 * DAY
    ledger.settle_due(desk.conn, desk.program_id, now=at)
    done(desk.adjust(ivan, 7))
    done(desk.adjust(ivan, -3, "correction"))
    desk.earn(gone, 33, at=at)
    corrections.erase_points(desk.conn, desk.program_id, [gone], now=at)
    desk.earn(twin, 64, days=300, at=at)
    longer = Extend(olga, unit, at, NOW + 30 * DAY, "Europe/Moscow", 10)
    lengthened = desk.post(olga, longer, now=at)
    desk.post(olga, Shorten(olga, unit, at + 40 * DAY, lengthened.operation_id, at), now=at + 40 * DAY)
    desk.post(olga, msgspec.structs.replace(longer, at=at + 41 * DAY), now=at + 41 * DAY)
    return who


def of_raw(desk: Desk) -> pl.DataFrame:
    """Return all transfers with the kinds of both their accounts."""
    rows = desk.conn.execute(
        "SELECT t.at, t.amount, t.kind, d.kind, c.kind FROM ledger_transfer t"
        " JOIN ledger_account d ON d.id = t.debit_account_id JOIN ledger_account c ON c.id = t.credit_account_id"
        " WHERE t.program_id = %s",
        (desk.program_id,),
    ).fetchall()
    names = ["at", "amount", "kind", "debit", "credit"]
    return pl.DataFrame(rows, schema=names, orient="row").with_columns(
        pl.col("at").dt.convert_time_zone("Europe/Moscow").dt.strftime("%Y-%m").alias("month"),
        (
            pl.when(pl.col("credit") == "member").then(pl.col("amount")).otherwise(0)
            - pl.when(pl.col("debit") == "member").then(pl.col("amount")).otherwise(0)
        ).alias("members"),
    )


def by_hand(desk: Desk) -> dict[str, dict[str, int]]:
    """Work the report out of the transfers' kinds: another way than by the program's accounts."""
    raw = of_raw(desk)
    signed = raw.with_columns(
        issued=pl.when(kind="earn").then("amount").when(kind="take_back").then(-pl.col("amount")).otherwise(0),
        spent=pl.when(kind="spend").then("amount").when(kind="put_back").then(-pl.col("amount")).otherwise(0),
        expired=pl.when(pl.col("kind").is_in(["expire", "erase"]))
        .then("amount")
        .when((pl.col("kind") == "reinstate") | ((pl.col("kind") == "take_back") & (pl.col("debit") == "breakage")))
        .then(-pl.col("amount"))
        .otherwise(0),
        adjusted=pl.when(kind="adjust").then("members").otherwise(0),
        brought=pl.when(kind="open").then("amount").otherwise(0),
        owed=pl.when((pl.col("kind") == "take_back") & (pl.col("debit") == "debt"))
        .then("amount")
        .when(pl.col("kind").is_in(["repay", "write_off"]))
        .then(-pl.col("amount"))
        .otherwise(0),
        written_off=pl.when(kind="write_off").then("amount").when(kind="recover").then(-pl.col("amount")).otherwise(0),
        moved=pl.when(pl.col("kind").is_in(["send", "receive", "merge", "extend"])).then("members").otherwise(0),
    )
    sums = signed.group_by("month").agg(pl.col(NAMES).sum()).sort("month")
    return {row["month"]: {name: row[name] for name in NAMES} for row in sums.iter_rows(named=True)}


def test_every_column_is_what_the_transfers_say(desk: Desk) -> None:
    who = year(desk)
    merged(desk.merge(who["twin"], who["ivan"]))
    desk.earn(who["olga"], 10, ends=NOW + DAY)
    done(desk.transfer(who["olga"], "ivan", 5))
    ledger.settle_due(desk.conn, desk.program_id, now=NOW)
    unit, hand = points(desk), by_hand(desk)
    opening = 0
    for row in unit.months:
        said = msgspec.structs.asdict(row.points)
        expected = hand.get(row.month.strftime("%Y-%m"), dict.fromkeys(NAMES, 0))
        assert {name: said[name] for name in NAMES[:-1]} == {name: expected[name] for name in NAMES[:-1]}, row.month
        assert said["opening"] == opening
        assert said["closing"] == opening + expected["members"]
        opening = said["closing"]
    assert unit.months[0].month == date(2025, 10, 1)
    assert unit.ages[-1].points == 547, "a lot that was brought along is as old as it was there"
    assert unit.tied
    assert unit.outstanding == opening == sum(age.points for age in unit.ages)
    kinds = {"earn", "spend", "expire", "take_back", "put_back", "repay", "write_off", "recover"}
    kinds |= {"adjust", "open", "send", "receive", "merge", "erase", "extend"}
    assert set(of_raw(desk)["kind"]) == kinds
    assert all(row.points.moved == 0 for row in unit.months)


def test_a_business_month_is_the_programs(desk: Desk) -> None:
    desk.earn(desk.join("anna"), 8, at=START)
    assert [(row.month, row.points.issued) for row in points(desk, START + DAY).months] == [(date(2025, 10, 1), 8)]


def test_it_makes_no_difference_whether_a_sweep_has_run(desk: Desk) -> None:
    year(desk)
    unit = desk.shop.unit.id
    ivan, poor = desk.named_as("ivan"), desk.named_as("poor")
    # A hold that lapses after its lot's end; points that begin and repay a debt; what nobody has looked at for months.
    at = NOW - 40 * DAY
    desk.post(ivan, Earn(ivan, unit, 12, at, expires_at=at + 5 * DAY), now=at)
    desk.post(ivan, Hold(ivan, unit, 12, at, at + 20 * DAY), now=at)
    desk.post(poor, Earn(poor, unit, 17, at, active_from=at + 10 * DAY, expires_at=at + 12 * DAY), now=at)
    for now in (at + 6 * DAY, at + 11 * DAY, at + 30 * DAY, NOW, NOW + 400 * DAY):
        before = report(desk, now)
        assert before.units[0].tied
        with desk.conn.transaction() as savepoint:
            swept = 0
            while ledger.settle_due(desk.conn, desk.program_id, now=now, limit=3):
                swept += 1
            assert report(desk, now) == before, now
            assert not list(outlook.unsettled(desk.conn, desk.program_id, now=now))
            savepoint.force_rollback = True


def test_reinstated_points_are_taken_off_the_expired(desk: Desk) -> None:
    anna = desk.join("anna")
    desk.set("points.reinstate_days", 60)
    desk.earn(anna, 40, days=10, at=NOW - 30 * DAY)
    done(desk.reinstate(anna))
    november = points(desk).months[-1].points
    assert (november.expired, november.closing) == (0, 40)
    assert points(desk).ages[0].points == 40, "as old as the lot whose place it takes: thirty days"
    assert points(desk, NOW + DAY).ages[1].points == 40


def test_the_ages_of_points(desk: Desk) -> None:
    anna, ivan = desk.join("anna"), desk.join("ivan")
    for days, amount in ((0, 1), (30, 2), (31, 4), (90, 8), (91, 16), (180, 32), (181, 64), (365, 128), (366, 256)):
        desk.earn(anna, amount, at=NOW - days * DAY)
    ages = [(age.from_days, age.to_days, age.points) for age in points(desk).ages]
    assert ages == [(0, 30, 3), (31, 90, 12), (91, 180, 48), (181, 365, 192), (366, None, 256)]
    merged(desk.merge(anna, ivan))
    assert [(age.from_days, age.to_days, age.points) for age in points(desk).ages] == ages, (
        "a merge makes nothing young"
    )


def test_money_adds_up_as_the_points_do(desk: Desk) -> None:
    assert points(desk).months[0].money is None
    desk.set("spend.value", 33)
    year(desk)
    unit = points(desk)
    opening = 0
    for row in unit.months:
        money = row.money
        assert isinstance(money, Columns)
        assert money.opening == opening
        assert money.closing == row.points.closing * 33
        assert money.closing == (
            money.opening + money.issued - money.spent - money.expired + money.adjusted + money.brought + money.owed
            + money.written_off + money.moved
        )  # fmt: skip
        opening = money.closing


def test_hundredths_of_a_point_are_valued_without_a_remainder() -> None:
    unit = Unit("u", "points", 2, spend_value=33)
    moved = dict.fromkeys(("issued", "spent", "expired", "adjusted", "brought", "owed", "written_off", "moved"), 0)
    opening = total = 0
    for issued, spent in ((101, 7), (1, 1), (3, 95), (0, 0), (250, 1)):
        money = queries._money(unit, queries._columns(opening, moved | {"issued": issued, "spent": spent}))
        assert money is not None
        assert money.opening == total
        opening += issued - spent
        total = money.closing
        assert total == opening * 33 // 100
        assert money.issued >= 0
        assert money.spent >= 0


def test_several_units_and_an_empty_program(desk: Desk) -> None:
    empty = points(desk)
    assert [row.points.closing for row in empty.months] == [0]
    assert empty.tied
    stars = service.add_unit(desk.conn, desk.program_id, "stars", life_days=None, scale=1, now=NOW)
    anna = desk.join("anna")
    desk.earn(anna, 5, at=START)
    desk.post(anna, Earn(anna, stars.id, 70, NOW))
    first, second = report(desk).units
    assert (first.unit, first.outstanding, len(first.months)) == ("points", 5, 14)
    assert (second.unit, second.outstanding, len(second.months)) == ("stars", 70, 1)
