"""Verbs of disputes: open one by a notice's link, look at it, answer it. Each is written in the audit.

A dispute moves no points: whoever finds that the member is right corrects them, with a second person where the limits
ask for one.
"""

from datetime import datetime, timedelta

import msgspec

from verno.intake import queries as intake
from verno.kit import db, ids, outbox
from verno.kit.db import Connection
from verno.kit.outbox import NewEvent
from verno.members import queries as members
from verno.members import service as people
from verno.members.types import Topic
from verno.members.words import notes
from verno.members.words.notes import Note
from verno.messaging import service
from verno.messaging.disputes.queries import ANSWER, MEMBERS_WORDS
from verno.messaging.disputes.types import (
    MOST_WORDS,
    OPENED,
    UNDECIDED,
    Claim,
    Decided,
    Dispute,
    Opened,
    Outcome,
    Refusal,
    State,
)
from verno.messaging.facts import SQL
from verno.messaging.letters import notice, settled
from verno.messaging.types import Draft, MessageClass
from verno.workspace import audit, registry, settings
from verno.workspace import queries as workspace
from verno.workspace.audit import SYSTEM, Actor
from verno.workspace.types import Program

TOPIC = Topic("disputes", MessageClass.TRANSACTIONAL, {"ru": "Ответы на «это был не я»", "en": "Answers to disputes"})
DOOR = "link"


def claim_of(tail: str) -> Claim | None:
    """Return what a link disputes; None where the notice is gone, or tells nothing that can be disputed."""
    with db.across_programs() as conn:  # a short link names neither its program nor its member
        rows = conn.execute(SQL["disputed_message"], {"tail": tail}).fetchall()
    if len(rows) != 1:  # of two that end alike nobody can know which is meant
        return None
    program_id, holder_id, message_id, occasion, locale, context = rows[0]
    try:
        told = msgspec.convert(context, notice.Context)
    except msgspec.ValidationError:  # its reader was erased, and what it told with them
        return None
    if told.told not in notice.DISPUTED:
        return None
    return Claim(
        program_id, holder_id, message_id, occasion, locale, told.told, told.moves, told.day, told.place, told.number
    )


def standing(conn: Connection, claim: Claim) -> Opened | None:
    """Return the dispute that an occasion has already."""
    asked = {"holder_id": claim.holder_id, "occasion": claim.occasion}
    row = conn.execute(SQL["dispute_of"], asked).fetchone()
    return Opened(row[1], State(row[2]), row[3], again=True) if row else None


def open_dispute(conn: Connection, claim: Claim, words: str, *, now: datetime) -> Opened:
    """Open the dispute of an occasion, once; who said nothing the first time cannot say more by the link."""
    receipt_id = claim.occasion.rpartition("/")[2] if claim.number else None
    made = intake.rung_up(conn, [receipt_id] if receipt_id else []).get(receipt_id or "")
    days = settings.load(conn, claim.program_id).value(registry.DISPUTE_DAYS)
    deadline = now + timedelta(days=days)
    text = words.replace("\x00", "").strip()[:MOST_WORDS]
    sealed = notes.seal(conn, [Note(claim.holder_id, MEMBERS_WORDS, text)])[0] if text else None
    [id_] = ids.new_ids(1, now=now)
    about = {
        "receipt_id": made.id if made else None,
        "number": made.number if made else claim.number,
        "place": made.place if made else None,
        "till": made.till if made else None,
        "cashier": made.cashier if made else None,
    }
    row = conn.execute(
        SQL["add_dispute"],
        {
            "holder_id": claim.holder_id,
            "id": id_,
            "program_id": claim.program_id,
            "message_id": claim.message_id,
            "occasion": claim.occasion,
            "told": claim.told,
            "moves": msgspec.json.encode(claim.moves).decode(),
            **about,
            "happened_at": made.at if made else None,
            "now": now,
            "deadline": deadline,
            "words": sealed,
        },
    ).fetchone()
    if row is None:
        found = standing(conn, claim)
        return found if found is not None else Opened(id_, State.OPEN, deadline, again=True)
    body = {"dispute": id_, "occasion": claim.occasion, **about, "deadline": deadline}
    outbox.append(conn, [NewEvent(claim.program_id, claim.holder_id, OPENED, body, now)])
    audit.record(conn, claim.program_id, SYSTEM, "dispute.open", ("dispute", id_), now=now, detail=DOOR)
    return Opened(id_, State.OPEN, deadline, again=False)


def look(conn: Connection, program_id: str, found: Dispute, *, by: Actor, now: datetime) -> Outcome:
    """Say that somebody looks into a dispute. Refusals: ``already-decided``."""
    if found.state is State.LOOKING:
        return Decided(found.id, State.LOOKING)
    if not _moved(conn, found, State.LOOKING, None, None, None):
        return Refusal.DECIDED
    audit.record(conn, program_id, by, "dispute.look", ("dispute", found.id), now=now)
    return Decided(found.id, State.LOOKING)


def decide(
    conn: Connection, program: Program, found: Dispute, state: State, words: str, *, by: Actor, now: datetime
) -> Outcome:
    """Answer a dispute, and have the member told. Refusals: ``already-decided``, ``no-words`` for a no without them."""
    text = words.replace("\x00", "").strip()[:MOST_WORDS]
    if state is State.REJECTED and not text:
        return Refusal.NO_WORDS
    sealed = notes.seal(conn, [Note(found.holder_id, ANSWER, text)])[0] if text else None
    if not _moved(conn, found, state, now, f"{by.kind}:{by.id}", sealed):
        return Refusal.DECIDED
    action = "dispute.uphold" if state is State.UPHELD else "dispute.reject"
    audit.record(conn, program.id, by, action, ("dispute", found.id), now=now)
    _tell(conn, program, found, state, now)
    return Decided(found.id, state)


def _moved(
    conn: Connection, found: Dispute, state: State, at: datetime | None, by: str | None, answer: bytes | None
) -> bool:
    parameters = {
        "holder": found.holder_id,
        "id": found.id,
        "state": state,
        "decided_at": at,
        "by": by,
        "answer": answer,
        "from": list(UNDECIDED),
    }
    return conn.execute(SQL["move_dispute"], parameters).fetchone() is not None


def _tell(conn: Connection, program: Program, found: Dispute, state: State, now: datetime) -> None:
    """Plan the answer, on the channel that the notice came by."""
    people.ensure_topics(conn, program.id, [TOPIC])
    holder = members.survivors(conn, program.id, [found.holder_id]).get(found.holder_id, found.holder_id)
    person = members.members(conn, program.id, [holder]).get(holder)
    if person is None:
        return
    stores = workspace.stores(conn, program.id, [found.place]) if found.place else []
    place = next((store.name or store.code for store in stores), found.place)
    context = settled.Context(found.id, state == State.UPHELD, found.told, found.number, place)
    row = conn.execute(SQL["channel_of"], {"holder": found.holder_id, "id": found.message_id}).fetchone()
    draft = Draft(
        holder_id=holder,
        topic=TOPIC.code,
        template=settled.TEMPLATE,
        locale=person.locale or program.locale,
        context=msgspec.to_builtins(context),
        dedupe_key=f"dispute/{found.id}",
        channel=row[0] if row else "email",
    )
    service.plan(conn, program.id, [draft], now=now)
