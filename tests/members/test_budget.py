"""Round trips do not grow with the batch; two writers of one phone end with one owner."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec
import psycopg
import pytest

from tests.builders import NOW, make_shop
from verno.kit import db
from verno.members import queries, service
from verno.members.identity import lookup_hash
from verno.members.types import Created, NewMember, Refusal, Refused, Result


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Collect the statements that any connection sends."""
    sent: list[str] = []
    execute: Callable[..., object] = psycopg.Cursor.execute

    def record(self: object, query: str, *args: object, **options: object) -> object:
        sent.append(query)
        return execute(self, query, *args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(psycopg.Cursor, "execute", record)
        yield sent


@pytest.mark.parametrize("given", [{}, {"name": "N", "attributes": {"a": 1}}])
def test_one_and_five_hundred_cost_the_same(
    conn: psycopg.Connection, monkeypatch: pytest.MonkeyPatch, given: dict[str, object]
) -> None:
    program = make_shop(conn).program

    def cost(prefix: str, size: int) -> list[int]:
        def items(start: str) -> list[NewMember]:
            base = msgspec.convert({"external_id": "x", **given}, NewMember)
            return [
                msgspec.structs.replace(base, external_id=f"{prefix}{n}", phone=f"{start}{ord(prefix):03}{n:04}")
                for n in range(size)
            ]

        moved = items("+7917")
        results: list[Result] = []
        out = []
        for batch in (items("+7916"), moved):
            with counted(monkeypatch) as sent:
                results = service.upsert(conn, program, batch, now=NOW)
            out.append(len(sent))
        ids = [one.member_id for one in results if not isinstance(one, Refused)]
        assert len(ids) == size
        keys = [("phone", lookup_hash(program.id, "phone", str(item.phone))) for item in moved]
        for reading in (
            lambda: queries.find_holders(conn, program.id, keys),
            lambda: queries.members(conn, program.id, ids),
            lambda: queries.contacts(conn, ids, "phone"),
        ):
            with counted(monkeypatch) as sent:
                assert len(reading()) == size
            out.append(len(sent))
        return out

    cost("w", 1)  # the first batch of all teaches the attribute's type
    one = cost("a", 1)
    assert one == cost("b", 500)
    assert one[2] == 1


def test_two_writers_of_one_phone_end_with_one_owner(database: str) -> None:
    with db.transaction() as conn:
        program = make_shop(conn).program
    results: dict[str, Result] = {}
    start = threading.Barrier(6)

    def work(name: str) -> None:
        start.wait()

        def once() -> Result:
            with db.transaction() as conn:
                return service.upsert(conn, program, [NewMember(name, phone="+79160000001")], now=NOW)[0]

        results[name] = db.retrying(once)

    threads = [threading.Thread(target=work, args=(f"m{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    won = [one for one in results.values() if isinstance(one, Created)]
    lost = [one for one in results.values() if isinstance(one, Refused)]
    assert (len(won), len(lost)) == (1, 5)
    assert {one.reason for one in lost} == {Refusal.IDENTITY_TAKEN}
    with db.transaction() as conn:
        assert queries.count(conn, program.id) == 1


def test_writers_of_the_same_members_do_not_deadlock_or_double(database: str) -> None:
    with db.transaction() as conn:
        program = make_shop(conn).program
    names = [f"m{n}" for n in range(60)]
    created: list[int] = []
    start = threading.Barrier(4)

    def work(order: list[str]) -> None:
        start.wait()
        items = [NewMember(name, phone=f"+7916{int(name[1:]):07}") for name in order]

        def once() -> list[Result]:
            with db.transaction() as conn:
                return service.upsert(conn, program, items, now=NOW)

        created.append(sum(isinstance(one, Created) for one in db.retrying(once)))

    threads = [threading.Thread(target=work, args=(order,)) for order in (names, names[::-1], names[30:], names[:40])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(created), sum(created)) == (4, 60)
