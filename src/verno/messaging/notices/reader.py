"""A reader of the outbox that tells members of every movement of their points, once each."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

import msgspec

from verno.kit import db, localtime, outbox
from verno.kit.db import Connection
from verno.kit.outbox import StoredEvent
from verno.members import queries as members
from verno.members import service as people
from verno.members.types import Topic
from verno.messaging import service
from verno.messaging.letters import notice
from verno.messaging.notices import telling
from verno.messaging.notices.telling import POINTS_ENDING, POINTS_MOVES, Names
from verno.messaging.types import Draft, MessageClass
from verno.workspace import queries as workspace
from verno.workspace import registry, settings
from verno.workspace.types import Program

READER = "notices"
TOPICS = (
    Topic(POINTS_MOVES, MessageClass.TRANSACTIONAL, {"ru": "Движение баллов", "en": "Movements of points"}),
    Topic(POINTS_ENDING, MessageClass.PROGRAM, {"ru": "Сроки баллов", "en": "Points that begin or end"}),
)
"""Of a purchase's points its buyer is told as of the purchase; of an end only who agreed to be."""


def step(*, now: datetime) -> int:
    """Tell of the next events in one transaction; returns how many were read, 0 when there are none for now."""
    with db.across_programs() as conn:  # a reader of the outbox reads every program's events
        return outbox.consume(conn, READER, partial(_tell, now=now), now=now)


def _tell(conn: Connection, events: Sequence[StoredEvent], *, now: datetime) -> None:
    by_program: dict[str, list[StoredEvent]] = {}
    for event in events:
        if event.type in telling.SINGLE or event.type in telling.DAYS:
            by_program.setdefault(event.program_id, []).append(event)
    for program_id, mine in by_program.items():
        program = workspace.program(conn, program_id)
        if settings.load(conn, program_id).value(registry.POINTS_NOTICES):
            _plan(conn, program, mine, now)


def _plan(conn: Connection, program: Program, events: Sequence[StoredEvent], now: datetime) -> None:
    found = telling.notices(events, _names(conn, program), now=now)
    if not found:
        return
    people.ensure_topics(conn, program.id, TOPICS)
    known = members.members(conn, program.id, sorted({one.holder_id for one in found}))
    drafts = [
        Draft(
            holder_id=one.holder_id,
            topic=one.topic,
            template=notice.TEMPLATE,
            locale=known[one.holder_id].locale or program.locale,
            context=msgspec.to_builtins(one.context),
            dedupe_key=one.occasion,
            valid_until=one.until,
        )
        for one in found
        if one.holder_id in known
    ]
    service.plan(conn, program.id, drafts, now=now)


def _names(conn: Connection, program: Program) -> Names:
    units = workspace.units(conn, program.id)
    return Names(
        localtime.zone(program.timezone),
        {unit.code: unit.scale for unit in units},
        {unit.id: unit.code for unit in units},
        {store.code: store.name or store.code for store in workspace.stores(conn, program.id)},
    )
