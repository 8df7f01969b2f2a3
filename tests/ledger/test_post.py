"""The ledger on the database equals the reference model, and every reading of it agrees."""

from collections import Counter
from datetime import datetime, timedelta

import msgspec
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders import NOW, holder, make_shop
from tests.engine.bookkeeper import Life, in_short, lives
from tests.engine.model import Model, Purse, looked_at
from tests.engine.programs import BEGINNING, HOLDERS, MOST_OPERATIONS, UNITS, Batch, day, examples, programs
from tests.engine.told import on
from verno.ledger import queries, service
from verno.ledger.types import Balance, Earn, Entry, Hold, Operation, Spend, TakeBack
from verno.verify import service as verify
from verno.workspace import service as workspace

Named = dict[str, str]
NAMES = {"holder_id", "into_id", "unit_id", "held_by", "earned_by", "spent_by", "merged_by", "extended_by"}
"""Fields of an entry that hold ids."""
LISTS = {"merged_ids", "mine", "kin"}
PAIRS = {"homes", "earned"}


@settings(examples(40), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(programs(batches=6), st.integers(-2, 30))
def test_the_database_equals_the_model(conn: psycopg.Connection, program: list[Batch], later: int) -> None:
    with conn.transaction(force_rollback=True):
        shop = make_shop(conn, now=program[0].now)
        miles = workspace.add_unit(conn, shop.program.id, "miles", life_days=None, now=program[0].now)
        units = dict(zip(UNITS, (shop.unit.id, miles.id), strict=True))
        names = units | {name: holder() for name in (*HOLDERS, *(f"id-{n}" for n in range(MOST_OPERATIONS)))}
        say_they_are_one(conn, shop.program.id, names)
        model = Model(BEGINNING)
        for batch in program:
            operations = [named(operation, names) for operation in batch.operations]
            results = service.post(conn, shop.program.id, operations, now=batch.now)
            model.look([side for operation in operations for side in looked_at(operation)], now=batch.now)
            assert [in_short(result) for result in results] == [model.do(o, now=batch.now) for o in operations]
            for (who, unit), purse in model.purses.items():
                assert piles(conn, who, unit) == lots_of(purse)
                assert cached(conn, who, unit) == state(purse)
                assert flows(conn, who, unit) == +purse.flows
        report = verify.run(conn)
        assert report.ok, report.problems
        reads_ahead(conn, shop.program.id, model, program[-1].now + timedelta(days=later))


def say_they_are_one(conn: psycopg.Connection, program: str, names: Named) -> None:
    """Write what ``verify`` asks of a return to a merged member: here either may be merged into the other."""
    for one, other in (HOLDERS, HOLDERS[::-1]):
        conn.execute(
            "INSERT INTO corrections_merge (holder_id, id, program_id, into_id, merged_at, author_kind, author_id,"
            " answer) VALUES (%s, %s, %s, %s, %s, 'system', '', '')",
            (names[one], holder(), program, names[other], NOW),
        )


def reads_ahead(conn: psycopg.Connection, program: str, model: Model, moment: datetime) -> None:
    """Whoever reads at a moment sees what a sweep at that moment makes of it."""
    read = {side: readable(conn, *side, moment) for side in model.purses}
    totals = Counter[str]()
    for states in queries.states(conn, program, now=moment):
        totals.update({f"{states.unit_id}/{name}": getattr(states, name) for name in FIGURES})
    service.settle_due(conn, program, now=moment)
    model.look(model.purses, now=moment)
    for (who, unit), purse in model.purses.items():
        assert read[who, unit] == state(purse)
        totals.subtract({f"{unit}/{name}": figure for name, figure in zip(FIGURES, state(purse), strict=True)})
    assert not any(totals.values())
    report = verify.run(conn)
    assert report.ok, report.problems


DAYS = st.integers(1, 9)
WAITING = st.tuples(st.integers(1, 9), st.none() | DAYS, st.none() | DAYS)
"""(points, begins, ends)."""


@settings(examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    debt=st.integers(0, 25),
    held=st.none() | st.tuples(st.integers(1, 9), DAYS, st.none() | DAYS),
    lots=st.lists(WAITING, max_size=6),
    lapses=st.none() | DAYS,
    moment=st.integers(0, 10),
)
def test_readers_see_debts_paid_in_the_order_of_time(
    conn: psycopg.Connection,
    debt: int,
    held: tuple[int, int, int | None] | None,
    lots: list[tuple[int, int | None, int | None]],
    lapses: int | None,
    moment: int,
) -> None:
    """Points pay when they become available, even if they would be over by the time that somebody looks."""
    with conn.transaction(force_rollback=True):
        shop, who, id_ = make_shop(conn, now=day(0)), holder(), holder()
        unit, start = shop.unit.id, day(0)
        pairs: list[tuple[str, Entry]] = []
        if held:
            points, until, ends = held
            pairs += [(holder(), Earn(who, unit, points, start, expires_at=on(ends)))]
            pairs += [(holder(), Hold(who, unit, points, start, day(until)))]
        if debt:
            pairs += [(id_, Earn(who, unit, debt, start)), (holder(), Spend(who, unit, debt, start))]
            pairs += [(holder(), TakeBack(who, unit, debt, start, id_, start))]
        pairs += [(holder(), Earn(who, unit, n, start, on(begins or 1), on(ends))) for n, begins, ends in lots]
        if lapses:
            pairs += [(holder(), Earn(who, unit, 1, start, day(10), lapses_at=day(lapses)))]
        operations = [Operation(i, i, who, "00", (entry,)) for i, entry in pairs]
        model = Model(BEGINNING)
        assert [in_short(r) for r in service.post(conn, shop.program.id, operations, now=start)] == [
            model.do(operation, now=start) for operation in operations
        ]
        if operations:
            reads_ahead(conn, shop.program.id, model, day(moment))


FIGURES = ("available", "pending", "held", "debt")


def named(operation: Operation, names: Named) -> Operation:
    """Return the operation with real ids in the place of the program's words."""
    entries = []
    for entry in operation.entries:
        real = {f: names.get(getattr(entry, f), getattr(entry, f)) for f in NAMES & {*entry.__struct_fields__}}
        real |= {f: tuple(names[one] for one in getattr(entry, f)) for f in LISTS & {*entry.__struct_fields__}}
        real |= {
            f: tuple((names[a], names.get(b, b)) for a, b in getattr(entry, f)) for f in PAIRS if hasattr(entry, f)
        }
        entries.append(msgspec.structs.replace(entry, **real))
    return Operation(operation.key, names[operation.id], names["ann"], operation.fingerprint, tuple(entries))


def piles(conn: psycopg.Connection, who: str, unit: str) -> dict[Life, tuple[int, ...]]:
    """Return the lots without their order: of two that are born and die together either may go first."""
    rows = conn.execute(
        """SELECT l.active_from, l.expires_at, l.awaits, l.amount, l.remaining, l.held FROM ledger_lot l
           JOIN ledger_account a ON a.id = l.account_id WHERE a.holder_id = %s AND a.unit_id = %s""",
        (who, unit),
    ).fetchall()
    return lives(((row[0], row[1], row[2]), (row[3], row[4], row[5])) for row in rows)


def lots_of(purse: Purse) -> dict[Life, tuple[int, ...]]:
    return lives(((p.begins, p.ends, p.awaits), (p.amount, p.left, p.held)) for p in purse.piles)


def cached(conn: psycopg.Connection, who: str, unit: str) -> tuple[object, ...] | None:
    return conn.execute(
        "SELECT available, pending, held, debt FROM ledger_account WHERE holder_id = %s AND unit_id = %s", (who, unit)
    ).fetchone()


def state(purse: Purse) -> tuple[int, int, int, int]:
    return purse.available(), purse.pending(), purse.held(), purse.debt


def flows(conn: psycopg.Connection, who: str, unit: str) -> Counter[tuple[str, datetime]]:
    rows = conn.execute(
        "SELECT kind, at, sum(amount)::bigint FROM ledger_transfer WHERE holder_id = %s AND unit_id = %s GROUP BY 1, 2",
        (who, unit),
    ).fetchall()
    return Counter({(kind, at): points for kind, at, points in rows})


def readable(conn: psycopg.Connection, who: str, unit: str, now: datetime) -> tuple[int, int, int, int]:
    found = {balance.unit_id: balance for balance in queries.balances(conn, [who], now=now)[who]}
    return found[unit].available, found[unit].pending, found[unit].held, found[unit].debt


def test_a_sweep_makes_visible_what_readers_already_saw(conn: psycopg.Connection) -> None:
    shop = make_shop(conn)
    people = [holder() for _ in range(5)]
    life = NOW + timedelta(days=10)
    operations = [
        Operation(who, holder(), who, "00", (Earn(who, shop.unit.id, 7, NOW, expires_at=life),)) for who in people
    ]
    service.post(conn, shop.program.id, operations, now=NOW)
    for now, told in ((life - timedelta(seconds=1), 7), (life, 0)):
        assert queries.balances(conn, people[:1], now=now) == {people[0]: [Balance(shop.unit.id, told)]}
    assert service.settle_due(conn, shop.program.id, now=life - timedelta(seconds=1)) == 0
    assert service.settle_due(conn, shop.program.id, now=life, limit=3) == 3
    assert service.settle_due(conn, shop.program.id, now=life) == 2
    assert service.settle_due(conn, shop.program.id, now=life) == 0
    (states,) = queries.states(conn, shop.program.id, now=life)
    assert (states.available, states.earned, states.expired) == (0, 35, 35)
    assert verify.run(conn).ok


def test_an_empty_batch_asks_nothing(conn: psycopg.Connection) -> None:
    assert service.post(conn, holder(), [], now=BEGINNING) == []


@pytest.mark.parametrize("kind", ["earn", "spend"])
def test_the_program_is_named_by_the_caller_alone(conn: psycopg.Connection, kind: str) -> None:
    """A unit of another program has no accounts in this one, so nothing can be posted to it."""
    shop, who = make_shop(conn), holder()
    foreign = holder()
    entry = Earn(who, foreign, 5, NOW) if kind == "earn" else Spend(who, foreign, 5, NOW)
    operation = Operation("k", holder(), who, "00", (entry,))
    if kind == "spend":
        assert in_short(service.post(conn, shop.program.id, [operation], now=NOW)[0])[0] == "refused"
    else:
        with pytest.raises(KeyError):
            service.post(conn, shop.program.id, [operation], now=NOW)
