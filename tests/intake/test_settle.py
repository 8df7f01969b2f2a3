"""What becomes of receipts: settled, unmatched, replayed, refused; each exactly once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import psycopg
import pytest

from tests.builders import NOW
from tests.intake.conftest import Counter, open_counter
from verno.intake import context, queries, service
from verno.intake.types import Line, MemberRef, Outcome, Receipt, Refused, Replayed, Settled
from verno.kit.ids import new_id
from verno.ledger import queries as ledger
from verno.ledger.types import Balance
from verno.workspace import settings
from verno.workspace.settings import NotSet

pytestmark = pytest.mark.usefixtures("honest")

REGULAR = MemberRef(phone="8 (916) 000-00-01")


def sale(number: str = "A-1", amount: int = 45000, **changes: object) -> Receipt:
    """A receipt of one line at msk-1."""
    receipt = Receipt(number, "msk-1", NOW, [Line("coffee-1", "2", amount, 5000)], member=REGULAR)
    return msgspec.structs.replace(receipt, **changes)


def settle(conn: psycopg.Connection, counter: Counter, *receipts: Receipt, now: datetime = NOW) -> list[Outcome]:
    """Settle in the test's transaction."""
    about = context.of(conn, counter.program.id)
    done = service.settle(conn, about, receipts, now=now)
    about.learn(done.learned)
    return done.outcomes


def count(conn: psycopg.Connection, table: str) -> int:
    """Count rows."""
    row = conn.execute(f"SELECT count(*) FROM {table}").fetchone()
    assert row
    return int(row[0])


def answer(outcome: Outcome) -> dict[str, object]:
    """Return the reply as JSON."""
    assert isinstance(outcome, Settled | Replayed), outcome
    return msgspec.json.decode(outcome.answer, type=dict[str, object])


def test_a_sale_earns_and_answers_in_the_promised_shape(conn: psycopg.Connection, counter: Counter) -> None:
    outcome = settle(conn, counter, sale())[0]
    assert isinstance(outcome, Settled)
    assert answer(outcome) == {
        "id": outcome.receipt_id,
        "number": "A-1",
        "status": "settled",
        "member": {"id": counter.member_id},
        "points": [{"unit": "points", "earned": 450, "spent": 0}],
        "balance": [{"unit": "points", "available": 450, "pending": 0, "held": 0}],
        "explanation": [
            {
                "rule": "base",
                "matched": True,
                "text": "+450: 1 for every full 1.00 of the 450.00 RUB paid",
                "points": 450,
            }
        ],
    }


@pytest.mark.parametrize(
    ("ref", "known"),
    [
        (MemberRef(phone="+7 916 000-00-01"), True),
        (MemberRef(card="card 0001"), True),
        (MemberRef(external_id="m-1"), True),
        (MemberRef(phone="+79160000002"), False),
        (MemberRef(phone="not a phone"), False),
        (MemberRef(email="nobody@example.com"), False),
        (MemberRef(external_id="M-1"), False),
        (MemberRef(id="not-an-id"), False),
        (MemberRef(id=new_id(now=NOW)), False),
        (None, False),
    ],
)
def test_a_sale_is_never_refused_for_its_member(
    conn: psycopg.Connection, counter: Counter, ref: MemberRef | None, *, known: bool
) -> None:
    outcome = settle(conn, counter, sale(member=ref))[0]
    assert isinstance(outcome, Settled)
    body = answer(outcome)
    assert body["status"] == ("settled" if known else "unmatched")
    assert body["member"] == ({"id": counter.member_id} if known else None)
    assert count(conn, "intake_receipt_line") == 1
    assert count(conn, "ledger_transfer") == (1 if known else 0)


def test_by_id(conn: psycopg.Connection, counter: Counter) -> None:
    assert answer(settle(conn, counter, sale(member=MemberRef(id=counter.member_id)))[0])["status"] == "settled"


def test_whom_an_unmatched_receipt_named_is_kept_as_a_hash_only(conn: psycopg.Connection, counter: Counter) -> None:
    settle(conn, counter, sale(member=MemberRef(phone="+79991112233")))
    rows = conn.execute("SELECT r::text, sought_kind, sought_hash FROM intake_receipt r").fetchall()
    text, kind, digest = rows[0]
    assert "9991112233" not in text
    assert kind == "phone"
    assert len(digest) == 32


def test_a_replay_answers_the_same_bytes_and_changes_nothing(conn: psycopg.Connection, counter: Counter) -> None:
    first = settle(conn, counter, sale())[0]
    before = [count(conn, table) for table in ("intake_receipt", "ledger_transfer", "ledger_lot", "kit_event")]
    again = settle(conn, counter, sale(), now=NOW + timedelta(days=400))[0]
    assert isinstance(first, Settled)
    assert again == Replayed(first.receipt_id, first.answer)
    assert [count(conn, table) for table in ("intake_receipt", "ledger_transfer", "ledger_lot", "kit_event")] == before


def test_the_same_moment_in_another_offset_is_the_same_receipt(conn: psycopg.Connection, counter: Counter) -> None:
    moscow = datetime.fromisoformat("2026-11-25T15:00:00+03:00")
    settle(conn, counter, sale())
    assert isinstance(settle(conn, counter, sale(at=moscow))[0], Replayed)


def test_another_body_under_the_same_number_is_refused_and_the_first_stands(
    conn: psycopg.Connection, counter: Counter
) -> None:
    first, second = settle(conn, counter, sale(), sale(amount=46000))
    third = settle(conn, counter, sale(amount=47000))[0]
    assert isinstance(first, Settled)
    for refused in (second, third):
        assert isinstance(refused, Refused)
        assert refused.reason == "idempotency-mismatch"
    assert ledger.balances(conn, [counter.member_id], now=NOW)[counter.member_id] == [
        Balance(counter.shop.unit.id, 450)
    ]


def test_numbers_restart_with_a_series_or_a_place(conn: psycopg.Connection, counter: Counter) -> None:
    outcomes = settle(conn, counter, sale(), sale(series="shift-8"))
    assert [type(outcome) for outcome in outcomes] == [Settled, Settled]


def test_a_twin_in_the_batch_is_a_replay_of_the_first(conn: psycopg.Connection, counter: Counter) -> None:
    first, twin = settle(conn, counter, sale(), sale())
    assert isinstance(first, Settled)
    assert twin == Replayed(first.receipt_id, first.answer)
    assert count(conn, "intake_receipt") == 1


@pytest.mark.parametrize(
    ("change", "reason", "field"),
    [
        ({"place": "spb-9"}, "unknown-place", "place"),
        ({"at": NOW + timedelta(days=2)}, "time-out-of-range", "at"),
        ({"at": datetime(9999, 12, 31, tzinfo=UTC)}, "time-out-of-range", "at"),
        ({"at": datetime(1, 1, 1)}, "time-out-of-range", "at"),  # noqa: DTZ001 a wall clock is what it is
        ({"member": MemberRef()}, "member-named-badly", "member"),
        ({"lines": [Line("a", "1", 10**11), Line("b", "1", 1)]}, "too-much", "lines"),
    ],
)
def test_bad_receipts_are_refused_and_leave_nothing(
    conn: psycopg.Connection, counter: Counter, change: dict[str, object], reason: str, field: str
) -> None:
    good, bad, other = settle(conn, counter, sale("A-1"), msgspec.structs.replace(sale("A-2"), **change), sale("A-3"))
    assert isinstance(bad, Refused)
    assert (bad.reason, bad.field) == (reason, field)
    assert isinstance(good, Settled)
    assert isinstance(other, Settled)
    assert count(conn, "intake_receipt") == count(conn, "intake_receipt_claim") == 2


def test_a_receipt_below_one_step_settles_without_points(conn: psycopg.Connection, counter: Counter) -> None:
    outcome = settle(conn, counter, sale("A-1", 45000), sale("A-2", 99))[1]
    assert answer(outcome)["points"] == [{"unit": "points", "earned": 0, "spent": 0}]
    assert answer(outcome)["balance"] == [{"unit": "points", "available": 450, "pending": 0, "held": 0}]
    assert count(conn, "ledger_transfer") == 1


def test_dirty_lines_are_valid(conn: psycopg.Connection, counter: Counter) -> None:
    lines = [
        Line("zero", "0", 0),
        Line("many", "89638", 12345),
        Line("weighed", "0.125", 55, attributes={"note": 'a\\b\t"c"\nd'}),
    ]
    outcome = settle(conn, counter, sale(lines=lines))[0]
    assert isinstance(outcome, Settled)
    assert outcome.points == 124
    stored = queries.lines(conn, counter.member_id, [outcome.receipt_id])[outcome.receipt_id]
    assert [(line.sku, line.quantity, line.amount) for line in stored] == [
        ("zero", "0", 0),
        ("many", "89638", 12345),
        ("weighed", "0.125", 55),
    ]
    note = conn.execute("SELECT attributes ->> 'note' FROM intake_receipt_line WHERE line = 3").fetchone()
    assert note == ('a\\b\t"c"\nd',)


def test_a_receipt_worth_nothing_is_kept(conn: psycopg.Connection, counter: Counter) -> None:
    assert answer(settle(conn, counter, sale(amount=0))[0])["status"] == "settled"


def test_tills_and_goods_appear_on_the_fly_once(conn: psycopg.Connection, counter: Counter) -> None:
    settle(conn, counter, sale("A-1", till="1"), sale("A-2", till="2"), sale("A-3", till="1"))
    context.forget()
    settle(conn, counter, sale("A-4", till="1"))
    assert conn.execute("SELECT array_agg(code ORDER BY code) FROM workspace_place WHERE kind = 'till'").fetchone() == (
        ["1", "2"],
    )
    assert count(conn, "catalogue_goods") == 1


@pytest.mark.parametrize(
    ("zone", "at", "expires"),
    [
        # the 180th day after 25 November 2026 is 24 May 2027; its end in Moscow is 21:00 UTC
        ("Europe/Moscow", "2026-11-25T12:00:00+00:00", "2027-05-24T21:00:00+00:00"),
        # 23:30 UTC is the next business date in Moscow
        ("Europe/Moscow", "2026-11-24T21:30:00+00:00", "2027-05-24T21:00:00+00:00"),
        # summer time stands between: the end of the day is 04:00 UTC, not 05:00
        ("America/New_York", "2026-11-25T12:00:00+00:00", "2027-05-25T04:00:00+00:00"),
        ("America/New_York", "2026-11-25T03:00:00+00:00", "2027-05-24T04:00:00+00:00"),
    ],
)
def test_points_live_through_the_180th_day(conn: psycopg.Connection, zone: str, at: str, expires: str) -> None:
    counter = open_counter(conn, timezone=zone, life_days=180)
    settle(conn, counter, sale(at=datetime.fromisoformat(at)))
    found = ledger.expiring(conn, counter.member_id, now=NOW)
    assert [line.expires_at for line in found] == [datetime.fromisoformat(expires)]


def test_a_receipt_that_comes_too_late_brings_points_that_are_over(conn: psycopg.Connection) -> None:
    counter = open_counter(conn, life_days=180)
    outcome = settle(conn, counter, sale(at=NOW - timedelta(days=200)))[0]
    assert answer(outcome)["points"] == [{"unit": "points", "earned": 450, "spent": 0}]
    assert answer(outcome)["balance"] == [{"unit": "points", "available": 0, "pending": 0, "held": 0}]


def test_a_wall_clock_is_read_in_the_places_zone(conn: psycopg.Connection, counter: Counter) -> None:
    settle(conn, counter, sale(at=datetime(2026, 11, 25, 15, 0)))  # noqa: DTZ001 a till without a zone
    assert conn.execute("SELECT at FROM intake_receipt").fetchone() == (NOW,)


def test_the_batch_size_does_not_change_the_round_trips(
    conn: psycopg.Connection, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(conn, counter, sale("warm"))
    waits = 0
    plain = psycopg.Connection.wait

    def counted(self: psycopg.Connection, steps: Any) -> object:  # noqa: ANN401 psycopg's own generator
        nonlocal waits
        waits += 1
        return plain(self, steps)

    monkeypatch.setattr(psycopg.Connection, "wait", counted)
    settle(conn, counter, sale("one"), sale("another"))
    two, waits = waits, 0
    settle(conn, counter, *[sale(f"many-{i}", 100 * i) for i in range(500)])
    # One alone is posted by fewer statements. A receipt without points asks for the balance; a copy longer than a
    # socket's buffer waits while it is read.
    assert 0 < waits <= two + 3


def test_an_owner_may_let_unknown_places_appear(conn: psycopg.Connection, counter: Counter) -> None:
    assert isinstance(settle(conn, counter, sale(place="spb-9"))[0], Refused)
    assert isinstance(settings.write(conn, counter.program.id, "intake.unknown_place", "maybe", now=NOW), NotSet)
    settings.write(conn, counter.program.id, "intake.unknown_place", "create", now=NOW)
    context.forget()
    assert isinstance(settle(conn, counter, sale(place="spb-9"))[0], Settled)
    assert conn.execute("SELECT name FROM workspace_place WHERE code = 'spb-9'").fetchall() == [("spb-9",)]
