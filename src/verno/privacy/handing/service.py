"""Handing a member's data to the member: a link to one confirmed address, a code to the other, one download."""

from datetime import datetime, timedelta
from typing import IO, TypeAlias

import msgspec
from psycopg.rows import class_row

from verno.kit import ids
from verno.kit.db import Connection
from verno.members import otp, queries
from verno.members import service as members
from verno.members.masking import mask
from verno.members.otp import NotNow, Sent, Verified, Wrong
from verno.messaging import service as messaging
from verno.messaging.answers import codes
from verno.messaging.answers.replying import SECURITY
from verno.messaging.letters import note
from verno.messaging.types import Draft, Planned
from verno.privacy.exports import person
from verno.privacy.handing import links
from verno.privacy.handing.links import Link
from verno.privacy.queries import SQL
from verno.privacy.types import Refusal, Refused
from verno.workspace import audit
from verno.workspace.audit import Actor, ActorKind
from verno.workspace.types import Program

LIFE = timedelta(hours=24)
PURPOSE = "export"
"""What its codes are for: one that confirms a phone opens nothing here."""
OFFERED = "member.export-offered"
ADDRESSES = ("email", "phone")
"""Where the link goes, if it can: the first of the two; the code goes to the other."""


class Handout(msgspec.Struct, frozen=True):
    """A link that was sent: for whom, until when, to which kind of address, and to which one its code goes."""

    id: str
    holder_id: str
    until: datetime
    sent_to: str
    code_to: str
    used_at: datetime | None = None

    def is_open(self, now: datetime) -> bool:
        """Tell whether it still works."""
        return self.used_at is None and now < self.until


Offer: TypeAlias = Handout | Refused


def offer(conn: Connection, program: Program, holder_id: str, *, by: Actor, now: datetime) -> Offer:
    """Send a member the link to their data; one that was sent before is dead from here on.

    It goes to one confirmed address, its code will go to another: who reads the member's mail alone gets nothing.
    Refusals: ``unknown-member``, ``two-addresses``, ``not-sent``.
    """
    person_ = queries.members(conn, program.id, [holder_id]).get(holder_id)
    if person_ is None or queries.survivors(conn, program.id, [holder_id]):
        return Refused(Refusal.UNKNOWN_MEMBER, "there is no such member")
    known = queries.identities(conn, [holder_id]).get(holder_id, {})
    confirmed = [kind for kind in ADDRESSES if kind in known and known[kind].verified_at is not None]
    if len(confirmed) < len(ADDRESSES):
        return Refused(Refusal.TWO_ADDRESSES, "the member has no confirmed e-mail, or no confirmed phone")
    made = Handout(ids.new_id(now=now), holder_id, now + LIFE, confirmed[0], confirmed[1])
    row = msgspec.structs.asdict(made) | {"program": program.id, "now": now, "by": f"{by.kind}:{by.id}"}
    conn.execute(SQL["end_handouts"], row)
    conn.execute(SQL["add_handout"], row)
    members.ensure_topics(conn, program.id, [SECURITY])
    url = links.url(Link(program.id, made.id))
    draft = Draft(
        holder_id,
        SECURITY.code,
        note.TEMPLATE,
        person_.locale or program.locale,
        note.of_link(url, holder_id, made.until, program.timezone),
        f"export/{made.id}",
        codes.CHANNELS[made.sent_to],
        valid_until=made.until,
        urgent=True,
    )
    (planned,) = messaging.plan(conn, program.id, [draft], now=now)
    if not isinstance(planned, Planned):
        conn.execute(SQL["end_handouts"], row)
        return Refused(Refusal.NOT_SENT, "the letter with the link cannot be sent")
    audit.record(conn, program.id, by, OFFERED, ("member", holder_id), now=now)
    return made


def find(conn: Connection, program: Program, id_: str) -> Handout | None:
    """Return what a link opens; None where there is no such, or its member is erased or another one by now."""
    cursor = conn.cursor(row_factory=class_row(Handout))
    found = cursor.execute(SQL["handout"], {"program": program.id, "id": id_}).fetchone()
    if found is None or found.holder_id not in queries.members(conn, program.id, [found.holder_id]):
        return None
    return None if queries.survivors(conn, program.id, [found.holder_id]) else found


def newest(conn: Connection, program_id: str, holder_id: str) -> Handout | None:
    """Return the newest link that a member was sent."""
    cursor = conn.cursor(row_factory=class_row(Handout))
    return cursor.execute(SQL["newest_handout"], {"program": program_id, "holder": holder_id}).fetchone()


def where(conn: Connection, found: Handout) -> str:
    """Return the address that the code goes to, as far as its reader may see it."""
    address = queries.contacts(conn, [found.holder_id], found.code_to).get(found.holder_id, "")
    return mask(found.code_to, address) or ""


def send_code(conn: Connection, program: Program, found: Handout, *, now: datetime) -> Sent | NotNow:
    """Send the code of an open link. Refused tries are counted too: commit them."""
    return codes.send(conn, program, found.holder_id, found.code_to, purpose=PURPOSE, now=now)


def take(
    conn: Connection, program: Program, found: Handout, code: str, target: IO[bytes], *, now: datetime
) -> Verified | Wrong | NotNow:
    """Write the zip where the code is right; the link is dead from then on. Commit it whatever comes back."""
    done = otp.compare(conn, program.id, found.holder_id, found.code_to, code, purpose=PURPOSE, now=now)
    if not isinstance(done, Verified):
        return done
    used = conn.execute(SQL["use_handout"], {"program": program.id, "id": found.id, "now": now}).fetchone()
    if used is None:
        return NotNow("used")
    hand = Actor(ActorKind.SYSTEM, "member")
    person.write(conn, program, found.holder_id, target, by=hand, now=now)
    return done
