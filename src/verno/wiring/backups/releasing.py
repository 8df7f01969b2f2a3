"""Letting messages leave again after a restore."""

from datetime import datetime

import msgspec

from verno.kit import db, quarantine
from verno.kit.quarantine import Quarantine
from verno.messaging import queries as messages
from verno.messaging import service as messaging
from verno.messaging.queries import Waiting
from verno.workspace import audit, queries
from verno.workspace.audit import Actor


class Standing(msgspec.Struct, frozen=True):
    """The quarantine, and what it keeps in the house."""

    quarantine: Quarantine
    waiting: list[Waiting]


def standing() -> Standing | None:
    """Return the quarantine that stands with what it holds back, or None."""
    with db.across_programs() as conn:
        found = quarantine.standing(conn)
        return Standing(found, messages.waiting(conn, since=found.since)) if found else None


def release(*, sent_until: datetime | None, by: Actor, now: datetime) -> int | None:
    """Let what waits leave; what was due by ``sent_until`` may have left before, and is for a person to look at.

    Returns how many messages that were; None when nothing was held back.
    """
    with db.across_programs() as conn:
        if not quarantine.release(conn, now=now):
            return None
        doubtful = messaging.count_as_sent(conn, until=sent_until, now=now) if sent_until else 0
        for program in queries.programs(conn):
            audit.record(conn, program.id, by, "outbox.release", ("outbox", program.id), now=now)
        return doubtful
