"""What the fault tests share: a shop with a key, and the door through which one crowd passes at a time."""

import fcntl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest

from tests.builders import NOW, Shop, make_shop
from verno.kit import config, db
from verno.kit.clock import clock
from verno.members import service as members
from verno.members.types import Created, NewMember
from verno.workspace import keys
from verno.workspace.types import Scope

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

    def another_key(self, scopes: Sequence[str] = EVERY_SCOPE) -> str:
        """Make a key, as of the clock's now."""
        with db.connect() as conn:
            key = keys.create(conn, self.shop.program.id, "another", list(scopes), now=clock.now())
            conn.commit()
        return key


def open_shop(count: int = 1, *, address: str | None = None, **options: object) -> Open:
    """Make a shop with ``count`` members, and commit; ``address`` is another database than the test's."""
    with db.connect(address) as conn:
        shop = make_shop(conn, **options)  # type: ignore[arg-type]
        wanted = [NewMember(external_id=f"m-{i}") for i in range(count)]
        made = members.upsert(conn, shop.program, wanted, now=NOW)
        ids = tuple(one.member_id for one in made if isinstance(one, Created))
        assert len(ids) == count, made
        key = keys.create(conn, shop.program.id, "faults", list(EVERY_SCOPE), now=clock.now())
        conn.commit()
    return Open(shop, key, ids)
