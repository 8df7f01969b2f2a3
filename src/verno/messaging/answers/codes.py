"""One-time codes on their way: made, sealed into a message of the security lane, and the one before it called back."""

from datetime import datetime

from verno.kit.db import Connection
from verno.members import otp, queries
from verno.members import service as members
from verno.members.otp import NotNow, Sent
from verno.messaging import service
from verno.messaging.answers.replying import SECURITY
from verno.messaging.facts import SQL
from verno.messaging.letters import note
from verno.messaging.types import Draft
from verno.workspace.types import Program

CHANNELS = {"phone": "sms", "email": "email"}


def send(
    conn: Connection,
    program: Program,
    holder_id: str,
    kind: str,
    *,
    source: str | None = None,
    purpose: str = otp.VERIFY,
    now: datetime,
) -> Sent | NotNow:
    """Make a code for a member's phone or e-mail and send it there; an earlier one is dead from here on.

    One that still waits to leave does not: its reader would type it in vain. The new one leaves while it is good, or
    never. Refused tries are counted too: commit them.
    """
    made = otp.start(conn, program.id, holder_id, kind, source=source, purpose=purpose, now=now)
    if isinstance(made, NotNow):
        return made
    conn.execute(SQL["call_back_codes"], {"holder": holder_id, "channel": CHANNELS[kind], "now": now})
    members.ensure_topics(conn, program.id, [SECURITY])
    person = queries.members(conn, program.id, [holder_id]).get(holder_id)
    locale = (person.locale if person else None) or program.locale
    draft = Draft(
        holder_id,
        SECURITY.code,
        note.TEMPLATE,
        locale,
        note.of_code(made.code, holder_id, made.expires_at, program.timezone),
        f"code/{kind}/{now.timestamp():.6f}",
        CHANNELS[kind],
        valid_until=made.expires_at,
        urgent=True,
    )
    service.plan(conn, program.id, [draft], now=now)
    return made
