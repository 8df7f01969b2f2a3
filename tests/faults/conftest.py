"""What the fault tests share: a shop with a key, and the door through which one crowd passes at a time."""

import fcntl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
import pytest

from tests.builders import NOW, Shop, make_shop
from verno.kit import config, db
from verno.kit.clock import clock
from verno.kit.ids import new_id
from verno.ledger import service as ledger
from verno.ledger.types import Earn, Operation, Posted
from verno.members import service as members
from verno.members.types import Created, NewMember
from verno.workspace import keys, settings
from verno.workspace.types import Scope

POINT = 100
"""What a point is worth, in minor units."""
EVERY_SCOPE = tuple(str(scope) for scope in Scope)


@pytest.fixture
def crowd() -> Iterator[None]:
    """Let one crowd in at a time: two of 64 are more than the run's one server has connections for."""
    with (config.home() / "crowd.lock").open("w") as door:
        fcntl.flock(door, fcntl.LOCK_EX)
        yield


@dataclass(frozen=True)
class Open:
    """A committed shop with members m-0, m-1, … and a key that may do everything."""

    shop: Shop
    key: str
    members: tuple[str, ...]

    def sale(self, number: str, who: int, amount: int = 10_000, **more: object) -> dict[str, object]:
        """Return a receipt of one line for member ``who``: a point for every full 100 of ``amount``."""
        return {
            "number": number,
            "place": "msk-1",
            "at": NOW.isoformat(),
            "member": {"external_id": f"m-{who}"},
            "lines": [{"sku": "tea", "quantity": "1", "amount": amount}],
            **more,
        }

    def spend(self, number: str, who: int, points: int = 100, **more: object) -> dict[str, object]:
        """Return a receipt that member ``who`` pays with points alone, so that it earns nothing."""
        return self.sale(number, who, points * POINT, spend=[{"unit": "points", "points": points}], **more)

    def set(self, key: str, value: object) -> None:
        """Set what an owner may choose."""
        with db.connect() as conn:
            assert isinstance(settings.write(conn, self.shop.program.id, key, value, now=NOW), settings.Value)
            conn.commit()

    def another_key(self, scopes: Sequence[str] = EVERY_SCOPE) -> str:
        """Make a key, as of the clock's now."""
        with db.connect() as conn:
            key = keys.create(conn, self.shop.program.id, "another", list(scopes), now=clock.now())
            conn.commit()
        return key


def open_shop(count: int = 1, *, address: str | None = None, points: int = 0, **options: object) -> Open:
    """Make a shop where points may be spent, with ``count`` members who have ``points`` each, and commit.

    ``address`` is another database than the test's.
    """
    with db.connect(address) as conn:
        shop = make_shop(conn, **options)  # type: ignore[arg-type]
        assert isinstance(settings.write(conn, shop.program.id, "spend.value", POINT, now=NOW), settings.Value)
        wanted = [NewMember(external_id=f"m-{i}") for i in range(count)]
        made = members.upsert(conn, shop.program, wanted, now=NOW)
        ids = tuple(one.member_id for one in made if isinstance(one, Created))
        assert len(ids) == count, made
        if points:
            give(conn, shop, ids, points)
        key = keys.create(conn, shop.program.id, "faults", list(EVERY_SCOPE), now=clock.now())
        conn.commit()
    return Open(shop, key, ids)


def give(
    conn: psycopg.Connection, shop: Shop, whom: Sequence[str], points: int, *, expires_at: datetime | None = None
) -> None:
    """Give each member points that nobody sold anything for."""
    gifts = [
        Operation(
            f"gift/{new_id(now=NOW)}", new_id(now=NOW), who, "00",
            (Earn(who, shop.unit.id, points, NOW, expires_at=expires_at),),
        )
        for who in whom
    ]  # fmt: skip
    assert all(isinstance(one, Posted) for one in ledger.post(conn, shop.program.id, gifts, now=NOW))
