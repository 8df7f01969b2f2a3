"""Messy feeds converge (P9): sales, returns, voids and corrections, shuffled, doubled, late, in batches of any size."""

import random
from collections.abc import Iterator, Sequence
from datetime import timedelta

import msgspec
import psycopg
import pytest

from tests.builders import NOW
from tests.faults.effort import either
from tests.intake.conftest import Counter, open_counter
from tests.intake.tillwork import rule, sale
from verno.intake import context, service
from verno.intake.returns import service as returning
from verno.intake.returns.types import Original, Return
from verno.intake.types import Line, LineQuantity, MemberRef, Receipt
from verno.members import service as members
from verno.members.types import NewMember
from verno.verify import service as verify

SALES = either(120, 2000)
WAYS = either(5, 20)
MEMBERS = 12
BATCH = 40

Message = Receipt | Return


def feed(dice: random.Random) -> Iterator[Message]:
    """Tell what happened in the shop, in order: a third comes back in part, some wholly, some is corrected."""
    for n in range(SALES):
        at = NOW - timedelta(days=30) + timedelta(minutes=n)
        member = MemberRef(external_id=f"m-{n % MEMBERS}") if n % 7 else None
        lines = [Line(f"sku-{i}", str(dice.randrange(1, 4)), dice.randrange(9000)) for i in range(dice.randrange(1, 5))]
        yield sale(f"S-{n}", member=member, lines=lines, at=at)
        named = Original(place="msk-1", number=f"S-{n}")
        if n % 3 == 0:
            for line in range(1, len(lines) + 1):
                part = [LineQuantity(line, "1")]
                yield Return(f"R-{n}-{line}", "msk-1", at + timedelta(days=1), named, lines=part)
        if n % 11 == 0:
            yield Return(f"V-{n}", "msk-1", at + timedelta(days=2), named)
            yield sale(f"C-{n}", dice.randrange(9000), member=member, at=at)


def tell(conn: psycopg.Connection, counter: Counter, messages: Sequence[Message], dice: random.Random) -> None:
    """Send messages in batches of any size, sales and returns through their own doors as they come."""
    about = context.of(conn, counter.program.id)
    left = list(messages)
    now = NOW
    while left:
        most = dice.randrange(1, BATCH)
        some = [left.pop(0)]
        while left and len(some) < most and type(left[0]) is type(some[0]):
            some.append(left.pop(0))
        now += timedelta(seconds=1)
        if isinstance(some[0], Return):
            returning.take(conn, about, [one for one in some if isinstance(one, Return)], now=now)
        else:
            about.learn(service.settle(conn, about, [one for one in some if isinstance(one, Receipt)], now=now).learned)


def outcome(conn: psycopg.Connection) -> list[tuple[object, ...]]:
    """Return what is left of it all: balances by member, every lot, what came back of which sale."""
    members_ = conn.execute(
        """SELECT m.external_id, a.available, a.pending, a.held, a.debt FROM ledger_account a
           JOIN members_member m ON m.id = a.holder_id ORDER BY m.external_id"""
    ).fetchall()
    lots = conn.execute(
        """SELECT m.external_id, l.amount, l.remaining, l.expires_at FROM ledger_lot l
           JOIN members_member m ON m.id = l.holder_id
           ORDER BY m.external_id, l.amount, l.remaining, l.expires_at"""
    ).fetchall()
    back = conn.execute(
        """SELECT r.number, sum(t.refund), count(*) FILTER (WHERE t.status = 'settled') > 0
           FROM intake_return t JOIN intake_receipt r ON r.id = t.original_id GROUP BY r.number ORDER BY r.number"""
    ).fetchall()
    return [*members_, *lots, *back]


def run(conn: psycopg.Connection, messages: Sequence[Message], dice: random.Random) -> list[tuple[object, ...]]:
    """Tell a feed to a shop of its own; return what is left, once the checker has agreed."""
    with conn.transaction(force_rollback=True):
        counter = open_counter(conn, life_days=400)
        rule(conn, counter, "spend.value", 100)
        wanted = [NewMember(external_id=f"m-{n}") for n in range(MEMBERS)]
        members.upsert(conn, counter.program, wanted, now=NOW)
        tell(conn, counter, messages, dice)
        assert conn.execute("SELECT count(*) FROM intake_parked").fetchone() == (0,)
        found = verify.run(conn)
        assert found.ok, found.problems
        return outcome(conn)


@pytest.mark.timeout(either(120, 1800))
def test_any_order_and_any_repetition_give_one_result(conn: psycopg.Connection) -> None:
    messages = list(feed(random.Random(9)))
    first = run(conn, messages, random.Random(0))
    assert len(first) > MEMBERS
    for seed in range(1, WAYS):
        dice = random.Random(seed)
        mess = [*messages, *dice.sample(messages, len(messages) // 3)]
        dice.shuffle(mess)
        assert run(conn, mess, dice) == first, f"seed {seed}"


def test_a_number_of_another_body_changes_nothing_wherever_it_comes(conn: psycopg.Connection) -> None:
    """A till that changes what it has sent: the first stands, also for returns that were parked."""
    messages = [
        message for message in feed(random.Random(5)) if message.number.startswith(("S-0", "R-0", "S-3", "R-3"))
    ]
    first = run(conn, messages, random.Random(0))
    changed = [msgspec.structs.replace(message, cashier="somebody else") for message in messages]
    for order in (messages + changed, [one for pair in zip(messages, changed, strict=True) for one in pair]):
        assert run(conn, order, random.Random(1)) == first
