"""Reads of messaging: what was sent to whom, why, and how it looked."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from psycopg.rows import args_row

from verno.kit.db import Connection
from verno.members import queries as members
from verno.messaging import facts
from verno.messaging.disputes import queries as disputes
from verno.messaging.facts import SQL
from verno.messaging.layouts import brand
from verno.messaging.letters import compose
from verno.messaging.letters.compose import Content
from verno.messaging.templates import preparing
from verno.messaging.types import Letter
from verno.workspace import queries as workspace

PAGE = 50


class MessageView(msgspec.Struct, frozen=True):
    """A message as staff see it.

    ``decisions`` are the records of every judgement, the first one first:
    ``{"at", "stage", "verdict", "reason", "checks": [{"name", "verdict", "seen"}]}``.
    """

    holder_id: str
    id: str
    channel: str
    topic: str
    class_name: str
    template: str
    locale: str
    dedupe_key: str
    state: str
    reason: str | None
    decisions: list[dict[str, object]]
    attempts: int
    due_at: datetime
    message_id: str | None
    response: str | None
    created_at: datetime
    changed_at: datetime


class StateCount(msgspec.Struct, frozen=True, gc=False):
    """How many messages are in a state, by reason."""

    state: str
    reason: str | None
    messages: int


class Waiting(msgspec.Struct, frozen=True, gc=False):
    """How many messages of a topic wait, how many of them were planned since a moment, when the first is due."""

    program_id: str
    topic: str
    messages: int
    planned_since: int
    first_due_at: datetime


def of_member(
    conn: Connection, holder_id: str, *, before: tuple[datetime, str] | None = None, limit: int = PAGE
) -> list[MessageView]:
    """Return a page of a member's messages, newest first, before the row (created_at, id) when given."""
    at, id_ = before or (None, None)
    parameters = {"holder": holder_id, "before_at": at, "before_id": id_, "limit": limit}
    return conn.cursor(row_factory=args_row(MessageView)).execute(SQL["messages_of"], parameters).fetchall()


def message(conn: Connection, holder_id: str, message_id: str) -> MessageView | None:
    """Return one message, or None."""
    parameters = {"holder": holder_id, "id": message_id}
    return conn.cursor(row_factory=args_row(MessageView)).execute(SQL["message"], parameters).fetchone()


def counts(conn: Connection, program_id: str, *, occasion: str | None = None) -> list[StateCount]:
    """Return a program's messages by state and reason; of one occasion (``statement/2026-10``) when given."""
    parameters = {"program": program_id, "occasion": occasion}
    return conn.cursor(row_factory=args_row(StateCount)).execute(SQL["counts"], parameters).fetchall()


def waiting(conn: Connection, *, since: datetime) -> list[Waiting]:
    """Return what waits to be sent, in all programs that ``conn`` sees."""
    return conn.cursor(row_factory=args_row(Waiting)).execute(SQL["waiting"], {"since": since}).fetchall()


def uncertain(
    conn: Connection, program_id: str, *, before: tuple[datetime, str] | None = None, limit: int = PAGE
) -> Sequence[MessageView]:
    """Return a page of the messages whose fate nobody can know, newest first; only a person may send one again.

    ``before``: the row (changed_at, id) that the page comes after.
    """
    return _latest(conn, "uncertain", program_id, before, limit)


def dead(
    conn: Connection, program_id: str, *, before: tuple[datetime, str] | None = None, limit: int = PAGE
) -> Sequence[MessageView]:
    """Return a page of the messages that could not be written, or killed what was to send them, newest first."""
    return _latest(conn, "dead", program_id, before, limit)


def _latest(
    conn: Connection, name: str, program_id: str, before: tuple[datetime, str] | None, limit: int
) -> Sequence[MessageView]:
    at, id_ = before or (None, None)
    parameters = {"program": program_id, "before_at": at, "before_id": id_, "limit": limit}
    return conn.cursor(row_factory=args_row(MessageView)).execute(SQL[name], parameters).fetchall()


class Switch(msgspec.Struct, frozen=True, gc=False):
    """What is stopped (``all``, ``marketing``, ``channel:sms``, ``domain:gmail.com``), since when, by whom, and why.

    ``until``: None where somebody has to let it go.
    """

    what: str
    at: datetime
    by: str
    until: datetime | None = None
    why: str = ""
    detail: str = ""

    @property
    def provider(self) -> str:
        """The mail provider that what is in bulk is held back from, if that is what it is."""
        return self.what.removeprefix(facts.DOMAIN) if self.what.startswith(facts.DOMAIN) else ""


def switches(conn: Connection, program_id: str, *, now: datetime) -> list[Switch]:
    """Return what is stopped, the first first."""
    asked = {"program": program_id, "now": now}
    return conn.cursor(row_factory=args_row(Switch)).execute(SQL["switches"], asked).fetchall()


class Reread(msgspec.Struct, frozen=True):
    """A message that is printed once more, for staff."""

    id: str
    holder_id: str
    channel: str
    template: str
    locale: str
    context: dict[str, object]


def render(conn: Connection, holder_id: str, message_id: str, *, now: datetime) -> Letter | None:
    """Return a stored message as its reader sees it, or None when there is none.

    Its links lead nowhere: a preview must not put the member's own links into somebody else's hands. Raises
    ``CannotBePrinted`` where a stored template is broken.
    """
    row = conn.execute(SQL["content"], {"holder": holder_id, "id": message_id}).fetchone()
    if row is None:
        return None
    program_id, topic, channel, template, locale, context = row
    balance = facts.balances(conn, program_id, [holder_id] if template in compose.LIVE else [], now)
    people = members.members(conn, program_id, [holder_id])
    program = workspace.program(conn, program_id)
    asked = Reread(message_id, holder_id, channel, template, locale, context)
    member, look = people.get(holder_id), brand.brand(conn, program_id)
    said = disputes.said_in(conn, [(template, context)])
    content = Content(
        holder_id=holder_id,
        message_id=message_id,
        program_id=program_id,
        program_name=program.name,
        topic=topic,
        channel=channel,
        template=template,
        locale=locale,
        context=context,
        name=member.name if member else None,
        balance=balance.get(holder_id, {}),
        brand=look,
        prepared=preparing.prepared(conn, program, [asked], people, look, now=now).get(message_id),
        words=said.get(str(context.get("dispute", "")), ""),
    )
    return compose.letter(content, link=lambda _: "#", doors=False)
