"""Selling at a till in a test's transaction: receipts, quotes, and what their answers say."""

from datetime import datetime, timedelta
from typing import cast

import msgspec
import psycopg

from tests.builders import NOW
from tests.intake.conftest import Counter
from verno.intake import context, service
from verno.intake.quoting import service as quoting
from verno.intake.returns import service as returning
from verno.intake.returns.types import Original, Return
from verno.intake.sold import target
from verno.intake.steps import service as stepping
from verno.intake.steps.types import Asked, Step
from verno.intake.sums import claimcode
from verno.intake.types import (
    Approved,
    ByCode,
    Line,
    LineQuantity,
    MemberRef,
    Outcome,
    Receipt,
    Refused,
    Replayed,
    Settled,
    Wish,
)
from verno.kit.ids import new_id
from verno.ledger import queries as ledger
from verno.ledger import service as posting
from verno.ledger.types import Balance, Earn, Operation, Posted
from verno.workspace import settings
from verno.workspace.settings import Value

VOUCHED = MemberRef(external_id="m-1")
ALL = [Wish("points", max=True)]


def sale(number: str = "S-1", *amounts: int, member: MemberRef | None = VOUCHED, **more: object) -> Receipt:
    """Return a sale at msk-1 by the regular, one line an amount (one of 450.00 unless told)."""
    lines = [Line(f"sku-{i}", "2", amount) for i, amount in enumerate(amounts or (45000,), 1)]
    return msgspec.structs.replace(Receipt(number, "msk-1", NOW, lines, member=member), **more)


def spending(points: int) -> list[Wish]:
    """Wish to spend points."""
    return [Wish("points", points)]


def settle(
    conn: psycopg.Connection, counter: Counter, *receipts: Receipt | Approved, now: datetime = NOW
) -> list[Outcome]:
    """Settle in the test's transaction."""
    about = context.of(conn, counter.program.id)
    done = service.settle(conn, about, receipts, now=now)
    about.learn(done.learned)
    return done.outcomes


def sold(conn: psycopg.Connection, counter: Counter, receipt: Receipt, now: datetime = NOW) -> dict[str, object]:
    """Settle one receipt and return its answer."""
    return said(settle(conn, counter, receipt, now=now)[0])


def refused(conn: psycopg.Connection, counter: Counter, receipt: Receipt, now: datetime = NOW) -> str:
    """Return why a receipt is refused, and see that nothing of it stays."""
    before = books(conn)
    outcome = settle(conn, counter, receipt, now=now)[0]
    assert isinstance(outcome, Refused), outcome
    assert books(conn) == before
    return outcome.reason


def quoted(
    conn: psycopg.Connection, counter: Counter, receipt: Receipt | Approved, now: datetime = NOW
) -> dict[str, object] | Refused:
    """Quote one receipt, and see that nothing is written."""
    before = books(conn)
    answer = quoting.quote(conn, context.of(conn, counter.program.id), receipt, now=now)
    assert books(conn) == before
    return answer if isinstance(answer, Refused) else msgspec.json.decode(answer, type=dict[str, object])


def step(conn: psycopg.Connection, counter: Counter, name: str, what: Step, now: datetime = NOW) -> Outcome:
    """Take one step of the receipt that ``name`` (an id, a number, a code) names."""
    return steps(conn, counter, (name, what), now=now)[0]


def steps(conn: psycopg.Connection, counter: Counter, *asked: tuple[str, Step], now: datetime = NOW) -> list[Outcome]:
    """Take steps in one batch."""
    about = context.of(conn, counter.program.id)
    named = [Asked(target(name) or ByCode(claimcode.read(name) or ""), what) for name, what in asked]
    return stepping.take(conn, about, named, now=now).outcomes


def back(
    conn: psycopg.Connection,
    counter: Counter,
    number: str,
    *lines: tuple[int, str],
    now: datetime = NOW,
    **more: object,
) -> Outcome:
    """Return lines (all that is left unless told) of sale S-1 at msk-1."""
    return returns(conn, counter, returned(number, *lines, **more), now=now)[0]


def returned(number: str, *lines: tuple[int, str], **more: object) -> Return:
    """Return a return of a sale at msk-1, S-1 unless told."""
    named = Original(place="msk-1", number="S-1")
    wanted = [LineQuantity(line, quantity) for line, quantity in lines] or None
    return msgspec.structs.replace(Return(number, "msk-1", NOW, named, lines=wanted), **more)


def returns(conn: psycopg.Connection, counter: Counter, *wanted: Return, now: datetime = NOW) -> list[Outcome]:
    """Take returns in one batch."""
    return returning.take(conn, context.of(conn, counter.program.id), wanted, now=now).outcomes


def points(outcome: Outcome) -> tuple[int, int]:
    """Return what a return took back and put back."""
    (part,) = cast("list[dict[str, int]]", said(outcome)["points"])
    return part["taken_back"], part["put_back"]


def reason(outcome: Outcome | None) -> str:
    """Return why something was refused."""
    assert isinstance(outcome, Refused), outcome
    return outcome.reason


def said(outcome: Outcome | None) -> dict[str, object]:
    """Return an answer as JSON."""
    assert isinstance(outcome, Settled | Replayed), outcome
    return msgspec.json.decode(outcome.answer, type=dict[str, object])


def books(conn: psycopg.Connection) -> tuple[object, ...]:
    """Return how much is written of everything that a sale writes."""
    tables = ("intake_receipt", "intake_receipt_claim", "intake_receipt_line", "ledger_transfer", "kit_event")
    counts = (conn.execute(f"SELECT count(*) FROM {table}").fetchone() for table in tables)
    held = conn.execute("SELECT array_agg((available, pending, held, debt)::text ORDER BY id) FROM ledger_account")
    return (*counts, held.fetchone())


def have(conn: psycopg.Connection, counter: Counter, now: datetime = NOW) -> Balance:
    """Return what the regular has."""
    found = ledger.balances(conn, [counter.member_id], now=now).get(counter.member_id, [])
    return next((one for one in found if one.unit_id == counter.shop.unit.id), Balance(counter.shop.unit.id))


def give(
    conn: psycopg.Connection, counter: Counter, points: int, *, now: datetime = NOW, expires_at: datetime | None = None
) -> None:
    """Give the regular points of their own lot."""
    entry = Earn(counter.member_id, counter.shop.unit.id, points, now - timedelta(days=1), expires_at=expires_at)
    id_ = new_id(now=now)
    operation = Operation(f"gift/{id_}", id_, counter.member_id, "00", (entry,))
    assert isinstance(posting.post(conn, counter.program.id, [operation], now=now)[0], Posted)


def rule(conn: psycopg.Connection, counter: Counter, key: str, value: object, *, scope: str | None = None) -> None:
    """Set a setting, effective at once."""
    result = settings.write(conn, counter.program.id, key, value, scope=scope, now=NOW)
    assert isinstance(result, Value), result
    context.forget()
