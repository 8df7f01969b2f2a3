"""A short history to seal: members who earn and spend, each operation in a transaction of its own."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import psycopg

from tests.builders import NOW, Shop, holder, make_shop
from verno.kit import db
from verno.kit.ids import new_id
from verno.ledger import service as ledger
from verno.ledger.types import Earn, Entry, Operation, Posted, Spend
from verno.sealing import service
from verno.sealing.service import Made

HOUR = timedelta(hours=1)


@dataclass
class History:
    """A committed shop, its members, and what happened so far: transfers in the order they were committed."""

    shop: Shop
    members: tuple[str, ...]
    transfers: list[str] = field(default_factory=list)

    @property
    def program(self) -> str:
        """The program's id."""
        return self.shop.program.id

    def earn(self, who: int, points: int, *, at: datetime = NOW) -> str:
        """Give points; returns the transfer's id."""
        return self.post(Earn(self.members[who], self.shop.unit.id, points, at), now=at)

    def spend(self, who: int, points: int, *, at: datetime = NOW) -> str:
        """Take points; returns the transfer's id."""
        return self.post(Spend(self.members[who], self.shop.unit.id, points, at), now=at)

    def post(self, entry: Entry, *, now: datetime) -> str:
        """Commit one operation of one entry; returns the id of the transfer that it made."""
        id_ = new_id(now=now)
        with db.transaction() as conn:
            operation = Operation(id_, id_, entry.holder_id, "00", (entry,))
            (result,) = ledger.post(conn, self.program, [operation], now=now)
            assert isinstance(result, Posted), result
            row = conn.execute("SELECT id::text FROM ledger_transfer WHERE operation_id = %s", (id_,)).fetchone()
        assert row
        self.transfers.append(row[0])
        return str(row[0])

    def day(self, *, at: datetime = NOW) -> list[str]:
        """Let every member earn, and the first two spend; returns the day's transfers."""
        before = len(self.transfers)
        for who in range(len(self.members)):
            self.earn(who, 100 + who, at=at)
        self.spend(0, 30, at=at)
        self.spend(1, 40, at=at)
        return self.transfers[before:]

    def settle(self) -> None:
        """Wait until all that was committed has a certain place: tests of other workers use the same server."""
        assert service.wait_for_others(), "a transaction somewhere does not end"

    def seal(self, *, now: datetime = NOW) -> Made:
        """Seal all that was committed."""
        made = service.seal_now(self.shop.program, now=now)
        assert made.complete, "a transaction somewhere does not end"
        return made


def begin(members: int = 3) -> History:
    """Make and commit a shop without history."""
    with db.connect() as conn:
        shop = make_shop(conn)
        conn.commit()
    return History(shop, tuple(holder() for _ in range(members)))


def one(conn: psycopg.Connection, sql: str, *parameters: object) -> object:
    """Return the first column of the only row."""
    (row,) = conn.execute(sql, parameters or None).fetchall()
    return row[0]
