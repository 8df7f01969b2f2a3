"""Topics: what a program writes about. A topic's class never changes; one that is used no more is archived."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec
from psycopg.types.json import Jsonb

from verno.kit import batches
from verno.kit.db import Connection
from verno.members import queries, service
from verno.members.consent.state import MARKETING
from verno.members.consent.texts import LANGUAGE
from verno.members.queries import SQL
from verno.members.types import Topic
from verno.workspace import audit
from verno.workspace.audit import Actor

CLASSES = ("marketing", "program", "transactional", "security")
MOST = 100
LONGEST_NAME, LONGEST_DESCRIPTION = 80, 300
YOUNGEST, OLDEST = 1, 99
"""Ages that a topic may ask for."""
AGED = frozenset({MARKETING, "program"})
"""Classes that may ask for an age: what is owed, and codes, are told at any."""
CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")

Language = Literal["ru", "en"]

BUILT_IN: Mapping[str, Mapping[str, str]] = {
    service.POINTS_STATEMENT: {"ru": "Выписки по баллам", "en": "Points statements"},
}
"""Names of topics that came before they had names of their own."""


class NotKept(msgspec.Struct, frozen=True):
    """Nothing was changed: ``field`` is to mend."""

    field: str
    detail: str


def name(topic: Topic, language: str) -> str:
    """Return what people of a language call a topic: in it, else in English, in any, else its code."""
    names = _names(topic)
    return names.get(language) or names.get("en") or next(iter(names.values()), topic.code)


def named(topic: Topic, language: str) -> str:
    """Return a topic's name in this very language, or nothing."""
    return _names(topic).get(language, "")


def _names(topic: Topic) -> dict[str, str]:
    return {**BUILT_IN.get(topic.code, {}), **topic.names}


def description(topic: Topic, language: str) -> str:
    """Return the sentence under a topic's name, or nothing."""
    return topic.descriptions.get(language) or topic.descriptions.get("en", "")


def put(conn: Connection, program_id: str, topic: Topic, *, now: datetime, by: Actor) -> Topic | NotKept:
    """Add a topic, or change all of one but its class; returns what was there before, or what is new. Audited."""
    wrong = _wrong(topic)
    if wrong is not None:
        return wrong
    known = {one.code: one for one in queries.topics(conn, program_id)}
    before = known.get(topic.code)
    if before is None and len(known) >= MOST:
        return NotKept("code", f"a program has at most {MOST} topics")
    if before is not None and before.class_name != topic.class_name:
        return NotKept("class_name", f"a topic's class never changes; this one's is {before.class_name}")
    if before is None:
        service.ensure_topics(conn, program_id, [topic])
    values = msgspec.structs.asdict(topic) | {"names": Jsonb(topic.names), "descriptions": Jsonb(topic.descriptions)}
    conn.execute(SQL["change_topic"], values | {"program": program_id})
    states = (before and msgspec.to_builtins(before), msgspec.to_builtins(topic))
    action = "topic.add" if before is None else "topic.change"
    audit.record(conn, program_id, by, action, ("topic", topic.code), now=now, states=states)
    return topic


def _wrong(topic: Topic) -> NotKept | None:
    if not CODE.fullmatch(topic.code):
        return NotKept("code", "small Latin letters, digits and hyphens, at most 60")
    if topic.class_name not in CLASSES:
        return NotKept("class_name", f"one of {', '.join(CLASSES)}")
    if topic.is_default and topic.class_name == MARKETING:
        return NotKept("is_default", "advertising is never ticked beforehand")
    return _wrong_age(topic) or _wrong_words(topic)


def _wrong_age(topic: Topic) -> NotKept | None:
    if topic.min_age is None:
        return None
    if topic.class_name not in AGED:
        return NotKept("min_age", "what is owed, and codes, are told at any age")
    if not YOUNGEST <= topic.min_age <= OLDEST:
        return NotKept("min_age", f"from {YOUNGEST} to {OLDEST} years")
    return None


def _wrong_words(topic: Topic) -> NotKept | None:
    for field, texts, most in (
        ("names", topic.names, LONGEST_NAME),
        ("descriptions", topic.descriptions, LONGEST_DESCRIPTION),
    ):
        for language, text in texts.items():
            if not LANGUAGE.fullmatch(language):
                return NotKept(f"{field}.{language}", "not a language code")
            if not text.strip() or len(text) > most or batches.unclean(text) or "\n" in text:
                return NotKept(f"{field}.{language}", f"one line of at most {most} characters")
    return None
