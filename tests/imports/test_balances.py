"""Files of balances: lots with their own dates, once each, whatever happens on the way."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.builders import NOW
from tests.imports.conftest import Desk
from verno.corrections.types import OpeningOutcome
from verno.imports import balances
from verno.imports.types import Item, Kind
from verno.kit import db
from verno.kit.db import Connection
from verno.kit.errors import VernoError
from verno.ledger import queries as ledger
from verno.workspace import service as workspace
from verno.workspace import settings
from verno.workspace.types import Program

HEAD = "external_id,points,earned_at,active_from,expires_at,reference\n"
MEMBERS = "external_id,name,phone\nm-1,Anna,+79160000001\nm-2,Ivan,+79160000002\n"


@pytest.fixture
def known(desk: Desk) -> Desk:
    """Give a shop with two members."""
    assert desk.load(Kind.MEMBERS, MEMBERS, "members.csv").accepted == 2
    return desk


def held(desk: Desk, external_id: str, now: datetime = NOW) -> tuple[int, int]:
    """Return (available, pending) of a member."""
    with db.transaction() as conn:
        row = conn.execute("SELECT id::text FROM members_member WHERE external_id = %s", (external_id,)).fetchone()
        assert row is not None
        found = ledger.balances(conn, [row[0]], now=now).get(row[0], [])
    return (found[0].available, found[0].pending) if found else (0, 0)


def ends(desk: Desk) -> dict[datetime, int]:
    with db.transaction() as conn:
        rows = conn.execute("SELECT expires_at, sum(remaining)::int FROM ledger_lot GROUP BY 1").fetchall()
    return dict(rows)


def test_lots_with_their_own_dates(known: Desk) -> None:
    text = (
        HEAD + "m-1,100,2026-05-01,,2026-12-31,old-1\n"
        "m-1,50,2026-06-01T10:00:00+03:00,,2027-01-15T00:00:00Z,old-2\n"
        "m-2,30,,2026-12-01,,old-3\n"
    )
    summary = known.load(Kind.BALANCES, text)
    assert (summary.accepted, summary.replayed, summary.refused) == (3, 0, 0)
    assert held(known, "m-1") == (150, 0)
    assert held(known, "m-2") == (0, 30)
    assert ends(known) == {
        datetime(2026, 12, 31, 21, tzinfo=UTC): 100,  # usable through New Year's Eve, in the program's zone
        datetime(2027, 1, 15, tzinfo=UTC): 50,
        None: 30,
    }
    assert known.one("SELECT min(active_from) FROM ledger_lot") == datetime(2026, 4, 30, 21, tzinfo=UTC)
    assert known.one("SELECT count(*) FROM ledger_transfer WHERE kind = 'open'") == 3


def test_a_lot_without_an_end_lives_as_the_units_points_do(known: Desk) -> None:
    with db.transaction() as conn:
        settings.write(conn, known.shop.program.id, "points.expiry", {"model": "days", "days": 365}, now=NOW)
    summary = known.load(Kind.BALANCES, HEAD + "m-1,100,2026-05-01,,,\nm-1,7,2024-05-01,,,\n")
    assert (summary.accepted, summary.refused) == (1, 1)
    assert "is over already" in summary.errors[0].message
    assert ends(known) == {datetime(2027, 5, 1, 21, tzinfo=UTC): 100}


def test_wrong_rows_are_named_and_the_rest_comes(known: Desk) -> None:
    text = (
        HEAD + "m-9,10,,,,\n"  # nobody
        "m-1,0,,,,\n"
        "m-1,-5,,,,\n"
        "m-1,1.5,,,,\n"
        "m-1,10,soon,,,\n"
        "m-1,10,2027-05-01,,,\n"
        "m-1,10,,,2026-11-24,\n"
        "m-1,10,,2026-12-02,2026-12-01,\n"
        ",10,,,,\n"
        "m-1,10,,,2026-11-25,\n"
        "m-1,10,,,9999-12-31,\n"
        "m-1,10,0001-01-01,,,\n"
    )
    summary = known.load(Kind.BALANCES, text)
    assert (summary.accepted, summary.refused) == (1, 11)
    assert [(error.row, error.field) for error in summary.errors] == [
        (2, "external_id"),
        (3, "points"),
        (4, "points"),
        (5, "points"),
        (6, "earned_at"),
        (7, "earned_at"),
        (8, "expires_at"),
        (9, "expires_at"),
        (10, ""),
        (12, "expires_at"),
        (13, "earned_at"),
    ]
    assert held(known, "m-1") == (10, 0), "usable through today"


def test_the_same_file_and_a_mended_one_change_nothing_twice(known: Desk) -> None:
    text = HEAD + "m-1,100,2026-05-01,,,\nm-2,30,2026-05-01,,,\nm-9,5,2026-05-01,,,\n"
    assert known.load(Kind.BALANCES, text).refused == 1
    again = known.load(Kind.BALANCES, text)
    assert (again.accepted, again.replayed, again.refused) == (0, 2, 1)
    mended = known.load(Kind.BALANCES, text.replace("m-9,5,2026-05-01", "m-2,5,2026-05-02"), "mended.csv")
    assert (mended.accepted, mended.replayed, mended.refused) == (1, 2, 0)
    assert (held(known, "m-1"), held(known, "m-2")) == ((100, 0), (35, 0))


def test_other_points_for_a_lot_that_came_are_refused(known: Desk) -> None:
    known.load(Kind.BALANCES, HEAD + "m-1,100,2026-05-01,,,\nm-1,7,,,,bonus\n")
    changed = known.load(Kind.BALANCES, HEAD + "m-1,101,2026-05-01,,,\nm-1,8,,,,bonus\n", "other.csv")
    assert [error.message.split(":")[0] for error in changed.errors] == ["idempotency-mismatch"] * 2
    assert held(known, "m-1") == (107, 0)


def test_two_equal_rows_are_two_lots_only_with_references(known: Desk) -> None:
    twice = known.load(Kind.BALANCES, HEAD + "m-1,10,2026-05-01,,,\nm-1,10,2026-05-01,,,\n")
    assert (twice.accepted, twice.refused) == (1, 1)
    assert "the same lot as row 2" in twice.errors[0].message
    named = known.load(Kind.BALANCES, HEAD + "m-2,10,2026-05-01,,,a\nm-2,10,2026-05-01,,,b\n", "named.csv")
    assert named.accepted == 2
    assert held(known, "m-2") == (20, 0)


def test_members_by_any_name_and_units_by_their_code(known: Desk) -> None:
    with db.transaction() as conn:
        workspace.add_unit(conn, known.shop.program.id, "stars", life_days=None, scale=1, now=NOW)
    text = "phone;unit;points\n8 916 000-00-01;stars;15\n+79160000002;points;3\n+79160000002;;3\n+79160000002;miles;3\n"
    summary = known.load(Kind.BALANCES, text)
    assert (summary.accepted, summary.refused) == (2, 2)
    assert {error.field for error in summary.errors} == {"unit"}
    assert known.load(Kind.BALANCES, "member,unit,points\nm-1,points,1\n", "m.csv").accepted == 1


def test_a_file_that_says_no_member_is_refused_at_once(known: Desk) -> None:
    with pytest.raises(VernoError, match="missing 'external_id'"):
        known.load(Kind.BALANCES, "points\n5\n")
    with pytest.raises(VernoError, match="given twice 'external_id', 'member'"):
        known.load(Kind.BALANCES, "points,member,external_id\n5,a,b\n")


def test_parquet_with_dates_of_its_own(known: Desk, tmp_path: Path) -> None:
    table = pa.table(
        {
            "external_id": ["m-1", "m-2"],
            "points": pa.array([5, 6], pa.int64()),
            "expires_at": pa.array([datetime(2026, 12, 31), None], pa.date32()),  # noqa: DTZ001 a date
            "earned_at": pa.array([datetime(2026, 1, 1, tzinfo=UTC)] * 2, pa.timestamp("us", tz="UTC")),
        }
    )
    pq.write_table(table, tmp_path / "b.parquet")
    assert known.load_file(Kind.BALANCES, tmp_path / "b.parquet").accepted == 2
    assert ends(known) == {datetime(2026, 12, 31, 21, tzinfo=UTC): 5, None: 6}


def test_it_goes_on_after_a_failure(known: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = 2500
    text = HEAD + "".join(f"m-{1 + n % 2},1,2026-05-01,,,r-{n}\n" for n in range(rows))
    real = balances.take
    calls = 0

    def breaking(
        conn: Connection, program: Program, run_id: str, items: Sequence[Item], *, now: datetime
    ) -> Sequence[OpeningOutcome | object]:
        nonlocal calls
        calls += 1
        if calls == 3:
            real(conn, program, run_id, items, now=now)
            message = "killed before the commit"
            raise RuntimeError(message)
        return real(conn, program, run_id, items, now=now)

    monkeypatch.setattr(balances, "take", breaking)
    with pytest.raises(RuntimeError, match="killed"):
        known.load(Kind.BALANCES, text)
    assert known.one("SELECT rows_done FROM intake_import_run WHERE kind = 'balances'") == 2001
    monkeypatch.setattr(balances, "take", real)
    summary = known.load(Kind.BALANCES, text)
    assert (summary.accepted, summary.resumed_after_row) == (500, 2001)
    assert (held(known, "m-1"), held(known, "m-2")) == ((1250, 0), (1250, 0))


def test_killed_between_commit_and_mark_it_takes_nothing_twice(known: Desk) -> None:
    text = HEAD + "m-1,10,2026-05-01,,,\nm-2,20,2026-05-01,,,\n"
    known.load(Kind.BALANCES, text)
    with db.transaction() as conn:
        conn.execute("UPDATE intake_import_run SET rows_done = 0, finished_at = NULL WHERE kind = 'balances'")
    again = known.load(Kind.BALANCES, text)
    assert (again.accepted, again.replayed, again.refused) == (0, 2, 0)
    assert (held(known, "m-1"), held(known, "m-2")) == ((10, 0), (20, 0))
