"""An address that takes nothing for long is left alone for a quarter of a year, and then tried again.

Three texts undelivered within 30 days, or letters refused "for now" on five days of them, which is two that were given
up after three days of tries each (Mailman, too, counts a day once), without anything that arrived meanwhile.
"""

from datetime import datetime, timedelta

from verno.kit.db import Connection
from verno.members import queries as members
from verno.messaging import facts, service
from verno.messaging.decide import RESTING
from verno.messaging.facts import SQL
from verno.messaging.types import NewSuppression

LOOK_BACK = timedelta(days=30)
REST = timedelta(days=90)
TEXTS, LETTERS = 3, 2
BATCH = 10_000


def rest(conn: Connection, *, now: datetime) -> int:
    """Let addresses rest, and write to those again that have; returns how many rest from now on. For an hourly job.

    ``conn`` sees all programs. Whose address is newer than the first message that came back has another one by now.
    """
    conn.execute(SQL["rested"], {"before": now - REST})
    asked = {"since": now - LOOK_BACK, "texts": TEXTS, "letters": LETTERS, "limit": BATCH}
    found: dict[tuple[str, str], dict[str, datetime]] = {}
    for program, channel, holder, first in conn.execute(SQL["tired"], asked).fetchall():
        found.setdefault((program, channel), {})[holder] = first
    resting = 0
    for (program, channel), since in found.items():
        hashes = members.hashes_before(conn, since, facts.ADDRESS_KIND[channel])
        tired = [NewSuppression(channel, digest, RESTING, "bounces") for digest in hashes.values()]
        resting += service.suppress(conn, program, tired, now=now)
    return resting
