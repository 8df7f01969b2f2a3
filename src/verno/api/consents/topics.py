"""Doors to topics and to the texts that members are shown."""

import msgspec
from django.http import HttpRequest, HttpResponse
from ninja import Router

from verno.api import shapes
from verno.api.doors import Bearer, answer, caller, receive, writing
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.members import queries
from verno.members.consent import texts, topics
from verno.members.consent.texts import NotPublished, Text
from verno.members.consent.topics import NotKept
from verno.members.types import Purpose, Topic
from verno.web import problems, wire
from verno.web.problems import Refused
from verno.workspace.audit import Actor, ActorKind
from verno.workspace.types import Scope

router = Router(tags=["consents"])


class TopicList(msgspec.Struct, frozen=True):
    """What the program writes about, by code."""

    topics: list[Topic]


class TopicBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A topic as it shall be. Names and descriptions by language; the class of one that is there cannot be another.

    ``archived``: it is offered and sent no more. ``min_age``: it is sent to members alone who are known to be so old.
    """

    class_name: str
    names: dict[str, str] = {}
    descriptions: dict[str, str] = {}
    is_default: bool = False
    double_opt_in: bool = True
    archived: bool = False
    min_age: int | None = None


class TextList(msgspec.Struct, frozen=True):
    """The texts that were published, by id, the newest version first."""

    texts: list[Text]


class TextBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The next version of a text, in each of its languages."""

    text_id: str
    purpose: Purpose
    bodies: dict[str, str]


class PublishedAnswer(msgspec.Struct, frozen=True):
    """The text is published; members who are shown it are recorded with this version."""

    text_id: str
    version: int


@router.get(
    "/topics",
    auth=Bearer(Scope.MEMBERS_READ),
    summary="What the program writes about",
    openapi_extra=shapes.describe(gives={200: TopicList}),
)
def listed(request: HttpRequest) -> HttpResponse:
    """Read the topics that members agree to or leave as one."""
    program_id = caller(request).program_id
    with db.transaction(program_id) as conn:
        return answer(TopicList(queries.topics(conn, program_id)))


@router.put(
    "/topics/{code}",
    auth=Bearer(Scope.SETTINGS_WRITE),
    summary="Add or change a topic",
    openapi_extra=shapes.describe(takes=TopicBody, gives={200: Topic}),
)
def put(request: HttpRequest, code: str) -> HttpResponse:
    """Add a topic, or change all of one but its class."""
    key, now = caller(request), clock.now()
    body = wire.convert(receive(request), TopicBody)
    if key.places:
        raise Refused(problems.foreign_place())
    topic = Topic(
        code, body.class_name, body.names, body.descriptions, body.is_default, body.double_opt_in,
        now if body.archived else None, body.min_age,
    )  # fmt: skip

    def work(conn: Connection) -> Topic:
        done = topics.put(conn, key.program_id, topic, now=now, by=Actor(ActorKind.KEY, key.id))
        if isinstance(done, NotKept):
            raise Refused(problems.invalid([(done.field, done.detail)]))
        return done

    return answer(writing(key.program_id, work))


@router.get(
    "/consent-texts",
    auth=Bearer(Scope.MEMBERS_READ),
    summary="Texts that members are shown",
    openapi_extra=shapes.describe(gives={200: TextList}),
)
def published(request: HttpRequest) -> HttpResponse:
    """Read every version of every text that was published."""
    program_id = caller(request).program_id
    with db.transaction(program_id) as conn:
        return answer(TextList(texts.texts(conn, program_id)))


@router.post(
    "/consent-texts",
    auth=Bearer(Scope.SETTINGS_WRITE),
    summary="Publish a text",
    openapi_extra=shapes.describe(takes=TextBody, gives={201: PublishedAnswer}),
)
def publish(request: HttpRequest) -> HttpResponse:
    """Publish the next version of a text; a version never changes."""
    key, now = caller(request), clock.now()
    body = wire.convert(receive(request), TextBody)
    if key.places:
        raise Refused(problems.foreign_place())

    def work(conn: Connection) -> PublishedAnswer:
        by = Actor(ActorKind.KEY, key.id)
        done = texts.publish(conn, key.program_id, body.text_id, body.purpose, body.bodies, now=now, by=by)
        if isinstance(done, NotPublished):
            raise Refused(problems.invalid([(done.field, done.detail)]))
        return PublishedAnswer(body.text_id, done)

    return answer(writing(key.program_id, work), status=201)
