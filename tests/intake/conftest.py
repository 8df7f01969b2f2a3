"""A shop with one member, for intake."""

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest

from tests.builders import NOW, Shop, make_shop
from verno.intake import context
from verno.members import service as members
from verno.members.types import Created, NewMember
from verno.verify import service as verify
from verno.workspace.types import Program


@dataclass(frozen=True)
class Counter:
    """A shop and its regular: phone +79160000001, external id m-1."""

    shop: Shop
    member_id: str

    @property
    def program(self) -> Program:
        return self.shop.program


def open_counter(conn: psycopg.Connection, **options: object) -> Counter:
    """Make the shop and its regular in the caller's transaction."""
    context.forget()
    shop = make_shop(conn, **options)  # type: ignore[arg-type]
    wanted = NewMember(external_id="m-1", phone="+79160000001", card="CARD-0001")
    result = members.upsert(conn, shop.program, [wanted], now=NOW)[0]
    assert isinstance(result, Created), result
    return Counter(shop, result.member_id)


@pytest.fixture
def counter(conn: psycopg.Connection) -> Counter:
    """A shop and its regular in the test's transaction."""
    return open_counter(conn)


@pytest.fixture
def honest(conn: psycopg.Connection) -> Iterator[None]:
    """After the test the independent checker finds nothing wrong."""
    yield
    found = verify.run(conn)
    assert found.ok, found.problems
