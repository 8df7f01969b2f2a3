"""The ledger on the database equals the reference model, and every reading of it agrees."""

from datetime import datetime, timedelta

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings

from tests.builders import NOW, holder, make_shop
from tests.engine.bookkeeper import in_short
from tests.engine.model import Model, Purse
from tests.engine.programs import BEGINNING, HOLDERS, UNITS, Batch, examples, programs
from verno.ledger import queries, service
from verno.ledger.types import Balance, Earn, Operation, Spend
from verno.verify import service as verify
from verno.workspace import service as workspace

Named = dict[str, str]


@settings(examples(30), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(programs(batches=5))
def test_the_database_equals_the_model(conn: psycopg.Connection, program: list[Batch]) -> None:
    with conn.transaction(force_rollback=True):
        shop = make_shop(conn, now=program[0].now)
        miles = workspace.add_unit(conn, shop.program.id, "miles", life_days=None, now=program[0].now)
        units = dict(zip(UNITS, (shop.unit.id, miles.id), strict=True))
        names = units | {name: holder() for name in (*HOLDERS, *(f"id-{n}" for n in range(31)))}
        model = Model(BEGINNING)
        for batch in program:
            operations = [named(operation, names) for operation in batch.operations]
            results = service.post(conn, shop.program.id, operations, now=batch.now)
            model.look([(e.holder_id, e.unit_id) for o in operations for e in o.entries], now=batch.now)
            assert [in_short(result) for result in results] == [model.do(o, now=batch.now) for o in operations]
            for (who, unit), purse in model.purses.items():
                assert piles(conn, who, unit) == lots_of(purse)
                assert cached(conn, who, unit) == (purse.available(), purse.pending(), 0)
                assert story(conn, who, unit) == sorted(purse.story)
                assert readable(conn, who, unit, batch.now) == seen(purse, batch.now)
        report = verify.run(conn)
        assert report.ok, report.problems


def named(operation: Operation, names: Named) -> Operation:
    """Return the operation with real ids in the place of the program's words."""
    entries = [
        type(entry)(*(names.get(getattr(entry, f), getattr(entry, f)) for f in entry.__struct_fields__))
        for entry in operation.entries
    ]
    return Operation(operation.key, names[operation.id], names["ann"], operation.fingerprint, tuple(entries))


def piles(conn: psycopg.Connection, who: str, unit: str) -> list[tuple[object, ...]]:
    """Return the lots without their order: of two that are born and die together either may go first."""
    return conn.execute(
        """SELECT l.active_from, l.expires_at, sum(l.amount)::bigint, sum(l.remaining)::bigint FROM ledger_lot l
           JOIN ledger_account a ON a.id = l.account_id WHERE a.holder_id = %s AND a.unit_id = %s
           GROUP BY 1, 2 ORDER BY 1, 2 NULLS LAST""",
        (who, unit),
    ).fetchall()


def lots_of(purse: Purse) -> list[tuple[object, ...]]:
    out: dict[tuple[datetime, datetime | None], list[int]] = {}
    for pile in purse.piles:
        sums = out.setdefault((pile.begins, pile.ends), [0, 0])
        sums[0] += pile.amount
        sums[1] += pile.left
    order = sorted(out, key=lambda life: (life[0], life[1] is None, life[1] or life[0]))
    return [(*life, *out[life]) for life in order]


def cached(conn: psycopg.Connection, who: str, unit: str) -> tuple[object, ...] | None:
    return conn.execute(
        "SELECT available, pending, held FROM ledger_account WHERE holder_id = %s AND unit_id = %s", (who, unit)
    ).fetchone()


def story(conn: psycopg.Connection, who: str, unit: str) -> list[tuple[object, ...]]:
    return conn.execute(
        "SELECT kind, amount, at, recorded_at FROM ledger_transfer WHERE holder_id = %s AND unit_id = %s"
        " ORDER BY kind, amount, at, recorded_at",
        (who, unit),
    ).fetchall()


def readable(conn: psycopg.Connection, who: str, unit: str, now: datetime) -> tuple[int, int]:
    found = {balance.unit_id: balance for balance in queries.balances(conn, [who], now=now)[who]}
    return found[unit].available, found[unit].pending


def seen(purse: Purse, now: datetime) -> tuple[int, int]:
    """What a reader must see now, whether or not anything has been posted since time passed."""
    moment = purse.moment(now)
    alive = [pile for pile in purse.piles if not pile.over(moment)]
    return (
        sum(pile.left for pile in alive if pile.begins <= moment),
        sum(pile.left for pile in alive if pile.begins > moment),
    )


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
