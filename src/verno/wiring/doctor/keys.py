"""API keys that may be too much: never used, without a rate, about to end."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from verno.kit import db
from verno.wiring.doctor.types import Finding, Verdict
from verno.workspace import keys
from verno.workspace import queries as workspace
from verno.workspace.keys import KeyRecord

UNUSED = timedelta(days=90)
ENDS_SOON = timedelta(days=14)
SHOWN = 5


def look(*, now: datetime) -> Iterator[Finding]:
    """Look at the live keys of all programs."""
    with db.transaction() as conn:
        programs = workspace.programs(conn)
    for program in programs:
        with db.transaction(program.id) as conn:
            live = [key for key in keys.listed(conn, program.id) if key.state(now) == "live"]
        found = list(_judge(live, now))
        yield from found or [Finding("keys", Verdict.OK, "each is in use and has a rate" if live else "there are none")]


def _judge(live: Sequence[KeyRecord], now: datetime) -> Iterator[Finding]:
    idle = [key for key in live if now - (key.last_used_at or key.created_at) > UNUSED]
    if idle:
        text = f"not used for {UNUSED.days} days: {_names(idle)}; verno key revoke ends one"
        yield Finding("keys", Verdict.NOTE, text)
    if boundless := [key for key in live if key.rate is None]:
        text = (
            f"without a rate, so that a broken till may ask without end: {_names(boundless)}; verno key create --rate"
        )
        yield Finding("keys", Verdict.NOTE, text)
    if ending := [key for key in live if key.expires_at - now < ENDS_SOON]:
        yield Finding("keys", Verdict.NOTE, f"end within {ENDS_SOON.days} days: {_names(ending)}; verno key rotate")


def _names(some: Sequence[KeyRecord]) -> str:
    more = f" and {len(some) - SHOWN} more" if len(some) > SHOWN else ""
    return ", ".join(f"{key.name} ({key.prefix})" for key in some[:SHOWN]) + more
