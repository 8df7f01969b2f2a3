"""What topics are called: by their program's own names in the reader's language, else by the house's words."""

from collections.abc import Mapping

from verno.console import words
from verno.console.face import Face
from verno.kit.db import Connection
from verno.members import queries as members
from verno.members.consent import topics
from verno.members.types import Topic


def names(conn: Connection, face: Face) -> Mapping[str, str]:
    """Return what all topics of a program are called, by code."""
    return {topic.code: name(topic, face.locale) for topic in members.topics(conn, face.program.id)}


def name(topic: Topic, locale: str) -> str:
    """Return what a topic is called; what came with the house has the house's words."""
    return topics.name(topic, locale) if topic.names else words.say("topic", topic.code)
