"""What a broadcast did, and what it brought: exposed against holdout."""

from datetime import datetime

from verno.kit.db import Connection
from verno.messaging.broadcasts.types import Broadcast, Results

REVENUE_DAYS = 14
"""For how long after the freeze purchases count."""


def results(
    conn: Connection, program_id: str, broadcast: Broadcast, *, now: datetime, days: int = REVENUE_DAYS
) -> Results:
    """Return the funnel by variant and channel, cost, and revenue against the holdout, as they are ``now``."""
    raise NotImplementedError
