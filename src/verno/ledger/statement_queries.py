"""What a statement says of members' accounts, straight from transfers and open lots."""

import json
from collections.abc import Sequence
from datetime import datetime

import msgspec

from verno.kit.db import Connection
from verno.ledger.loading import SQL


class Moment(msgspec.Struct, frozen=True, gc=False):
    """Points that end at one moment: usable while now < ``expires_at``."""

    expires_at: datetime
    points: int


class Figures(msgspec.Struct, frozen=True):
    """One holder's movements of one unit, in its smallest step, by business time.

    ``before`` is the balance of everything dated before the interval, as the ledger knows it today, whenever it was
    recorded. ``spent`` and ``expired`` are positive. ``expiring`` are the points that are there
    now and will end by the horizon.
    """

    before: int = 0
    earned: int = 0
    spent: int = 0
    expired: int = 0
    expiring: tuple[Moment, ...] = ()

    @property
    def closing(self) -> int:
        """The balance of everything dated before the interval's end."""
        return self.before + self.earned - self.spent - self.expired


def figures(
    conn: Connection,
    holders: Sequence[str],
    unit_id: str,
    *,
    start: datetime,
    end: datetime,
    horizon: datetime,
    now: datetime,
) -> dict[str, Figures]:
    """Return the figures of the half-open interval [start, end); holders without an account are absent.

    Exact for expiries only after ``service.settle_due`` at ``now``: an expiry nobody has posted is no transfer yet.
    """
    found = conn.execute(
        SQL["statement_figures"],
        {
            "holders": json.dumps(list(holders)),
            "unit": unit_id,
            "start": start,
            "end": end,
            "horizon": horizon,
            "now": now,
        },
    ).fetchall()
    return {
        holder: Figures(before, earned, spent, expired, tuple(msgspec.convert(moments, list[Moment])))
        for holder, before, earned, spent, expired, moments in found
    }
