"""Answers to members, as messages of the security lane: no consent is asked, no crowd stands before them."""

from datetime import datetime, timedelta

from verno.kit import localtime
from verno.kit.db import Connection
from verno.members import service as members
from verno.members.types import Topic
from verno.messaging import service
from verno.messaging.letters import note
from verno.messaging.letters.note import What
from verno.messaging.types import Draft, Planned
from verno.workspace.types import Program

SECURITY = Topic("account-security", "security", {"ru": "Коды и безопасность", "en": "Codes and security"})
"""What codes and answers belong to; nothing that one would switch off."""
FRESH = timedelta(hours=1)
"""An answer that comes later than that puzzles more than it tells."""


def confirm_stop(
    conn: Connection, program: Program, holder_id: str, channel: str, locale: str, *, now: datetime
) -> bool:
    """Tell a member that we stopped: once a day and channel, however often they write; False when they were told."""
    day = localtime.business_date(now, localtime.zone(program.timezone))
    return _tell(conn, program, holder_id, channel, locale, {"what": What.STOPPED}, f"stopped/{day}", now=now)


def greet(
    conn: Connection, program: Program, holder_id: str, channel: str, locale: str, key: str, *, now: datetime
) -> bool:
    """Tell a member that their chat is linked; ``key`` names the link that did it."""
    return _tell(conn, program, holder_id, channel, locale, {"what": What.LINKED}, f"linked/{key}", now=now)


def _tell(
    conn: Connection,
    program: Program,
    holder_id: str,
    channel: str,
    locale: str,
    context: dict[str, object],
    key: str,
    *,
    now: datetime,
) -> bool:
    members.ensure_topics(conn, program.id, [SECURITY])
    draft = Draft(
        holder_id, SECURITY.code, note.TEMPLATE, locale, context, key, channel, valid_until=now + FRESH, urgent=True
    )
    (result,) = service.plan(conn, program.id, [draft], now=now)
    return isinstance(result, Planned)
