"""A reader of the outbox that tells members of every movement of their points, once each."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

import msgspec

from verno.kit import db, localtime, outbox
from verno.kit.db import Connection
from verno.kit.outbox import StoredEvent
from verno.ledger.lifetime import AtOnce
from verno.members import queries as members
from verno.members import service as people
from verno.members.types import Topic
from verno.messaging import service
from verno.messaging.letters import notice, tier
from verno.messaging.notices import choosing, telling, tiers
from verno.messaging.notices.telling import POINTS_ENDING, POINTS_MOVES, TIERS, Names
from verno.messaging.types import Draft, MessageClass
from verno.workspace import queries as workspace
from verno.workspace import registry, settings
from verno.workspace.settings import Book
from verno.workspace.types import Program

READER = "notices"
TOPICS = (
    Topic(POINTS_MOVES, MessageClass.TRANSACTIONAL, {"ru": "Движение баллов", "en": "Movements of points"}),
    Topic(POINTS_ENDING, MessageClass.PROGRAM, {"ru": "Сроки баллов", "en": "Points that begin or end"}),
    Topic(TIERS, MessageClass.PROGRAM, {"ru": "Уровни", "en": "Tiers"}),
)
"""Of a purchase's points its buyer is told as of the purchase; of ends and tiers only who agreed to be."""
READ = frozenset({*telling.SINGLE, *telling.DAYS, *tiers.TYPES})


def step(*, now: datetime) -> int:
    """Tell of the next events in one transaction; returns how many were read, 0 when there are none for now."""
    with db.across_programs() as conn:  # a reader of the outbox reads every program's events
        return outbox.consume(conn, READER, partial(_tell, now=now), now=now)


def _tell(conn: Connection, events: Sequence[StoredEvent], *, now: datetime) -> None:
    by_program: dict[str, list[StoredEvent]] = {}
    for event in events:
        if event.type in READ:
            by_program.setdefault(event.program_id, []).append(event)
    for program_id, mine in by_program.items():
        program = workspace.program(conn, program_id)
        said = settings.load(conn, program_id)
        if said.value(registry.POINTS_NOTICES):
            _plan(conn, program, said, mine, now)


def _plan(conn: Connection, program: Program, said: Book, events: Sequence[StoredEvent], now: datetime) -> None:
    kinds: tuple[str, ...] = said.value(registry.NOTICES)
    names = _names(conn, program, frozenset(kinds))
    found: list[tuple[str, str, object, str, datetime, str]] = [
        (one.holder_id, one.topic, one.context, one.occasion, one.until, notice.TEMPLATE)
        for one in telling.notices(events, names, now=now)
    ]
    near = said.value(registry.TIER_NEAR)
    found += [
        (one.holder_id, TIERS, one.context, one.occasion, one.until, tier.TEMPLATE)
        for one in tiers.notices(conn, program, events, names.kinds, near, now=now)
    ]
    if not found:
        return
    people.ensure_topics(conn, program.id, TOPICS)
    known = members.members(conn, program.id, sorted({holder_id for holder_id, *_ in found}))
    drafts = [
        Draft(
            holder_id=holder_id,
            topic=topic,
            template=template,
            locale=known[holder_id].locale or program.locale,
            context=msgspec.to_builtins(context),
            dedupe_key=occasion,
            valid_until=until,
        )
        for holder_id, topic, context, occasion, until, template in found
        if holder_id in known
    ]
    service.plan(conn, program.id, choosing.chosen(conn, program.id, drafts, said, now=now), now=now)


def _names(conn: Connection, program: Program, kinds: frozenset[str]) -> Names:
    units = workspace.units(conn, program.id)
    return Names(
        localtime.zone(program.timezone),
        {unit.code: unit.scale for unit in units},
        {unit.id: unit.code for unit in units},
        {store.code: store.name or store.code for store in workspace.stores(conn, program.id)},
        kinds,
        frozenset([unit.code for unit in units if not isinstance(unit.lifetime.activation, AtOnce)]),
    )
