"""An address that takes nothing for long is left alone for a quarter of a year, and then tried again.

Three texts undelivered within 30 days, or letters refused "for now" on five days of them, which is two that were given
up after three days of tries each (Mailman, too, counts a day once), without anything that arrived meanwhile.

An address whose domain is gone, twice with a day between, takes nothing for good. A browser's subscription that nothing
has gone through for 270 days is forgotten, as push services do.
"""

from datetime import datetime, timedelta

from verno.kit.db import Connection
from verno.members import queries as members
from verno.members.devices import service as devices
from verno.members.devices.types import DeviceKind
from verno.messaging import facts, service
from verno.messaging.decide import RESTING
from verno.messaging.facts import SQL
from verno.messaging.types import CHANNEL_EMAIL, NewSuppression

LOOK_BACK = timedelta(days=30)
REST = timedelta(days=90)
TEXTS, LETTERS = 3, 2
BATCH = 10_000
APART = timedelta(days=1)
"""How long a domain has to be gone: a name server may be away for hours."""
NO_DOMAIN = (
    r"\m5\.4\.(4|310)\M|domain (name )?(not found|does not exist|doesn't exist)|no such domain|nxdomain|host not found"
)
"""What servers say then (RFC 3463, 3.5, and in words; a relay that asks again answers 4.1.2 in these)."""
STALE = timedelta(days=270)
"""After which Google's push service, too, forgets a subscription that was not heard of."""


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
    _leave_domainless(conn, now)
    _forget_stale(conn, now)
    return resting


def _leave_domainless(conn: Connection, now: datetime) -> None:
    asked = {"since": now - LOOK_BACK, "words": NO_DOMAIN, "apart": APART, "limit": BATCH}
    found: dict[str, dict[str, datetime]] = {}
    for program, holder, first in conn.execute(SQL["domainless"], asked).fetchall():
        found.setdefault(program, {})[holder] = first
    for program, since in found.items():
        hashes = members.hashes_before(conn, since, facts.ADDRESS_KIND[CHANNEL_EMAIL])
        gone = [NewSuppression(CHANNEL_EMAIL, digest, "no-such-address", "domain") for digest in hashes.values()]
        service.suppress(conn, program, gone, now=now)


def _forget_stale(conn: Connection, now: datetime) -> None:
    asked = {"kind": DeviceKind.PUSH, "before": now - STALE, "limit": BATCH}
    found: dict[str, list[str]] = {}
    for program, digest in conn.execute(SQL["stale_devices"], asked).fetchall():
        found.setdefault(program, []).append(digest)
    for program, hashes in found.items():
        devices.remove(conn, program, DeviceKind.PUSH, hashes)
