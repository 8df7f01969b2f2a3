"""Doors to how a member is reached besides phone and e-mail, and to what they wrote."""

from datetime import datetime

import msgspec
from django.http import HttpRequest, HttpResponse
from ninja import Router

from verno.api import shapes
from verno.api.doors import Bearer, answer, caller, writing
from verno.api.members import holder
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.members.devices import service as devices
from verno.members.devices.types import DeviceKind
from verno.members.words import heard as words
from verno.messaging.channels.telegram import linking
from verno.web.problems import Problem, Refused
from verno.workspace import audit
from verno.workspace.audit import Actor, ActorKind
from verno.workspace.types import Scope

router = Router(tags=["consents"])


class ReachAnswer(msgspec.Struct, frozen=True):
    """Whether a member has linked a chat, and in how many browsers they take notifications."""

    telegram: bool
    browsers: int


class ChatLinkAnswer(msgspec.Struct, frozen=True):
    """Where the member links their chat: for them alone, once, until a moment."""

    url: str
    expires_at: datetime


class WordAnswer(msgspec.Struct, frozen=True):
    """What a member wrote to us."""

    id: str
    channel: str
    text: str
    at: datetime


class WordsAnswer(msgspec.Struct, frozen=True):
    """What a member wrote to us, the newest first; orders to stop are not among it."""

    words: list[WordAnswer]


@router.get(
    "/members/{id}/reach",
    auth=Bearer(Scope.MEMBERS_READ),
    summary="How a member is reached besides phone and e-mail",
    openapi_extra=shapes.describe(gives={200: ReachAnswer}),
)
def reach(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002 the address's own word
    """Read whether there is a chat, and how many browsers."""
    key = caller(request)

    def work(conn: Connection) -> ReachAnswer:
        who = holder(conn, key, id)
        kinds = [one.kind for one in devices.devices(conn, [who]).get(who, [])]
        return ReachAnswer(DeviceKind.TELEGRAM in kinds, kinds.count(DeviceKind.PUSH))

    return answer(writing(key.program_id, work))


@router.post(
    "/members/{id}/telegram:link",
    auth=Bearer(Scope.MEMBERS_WRITE),
    summary="Make a link by which a member ties their chat with the bot to themselves",
    openapi_extra=shapes.describe(gives={201: ChatLinkAnswer}),
)
def link(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002 the address's own word
    """Make a link: show it to this member alone, for whoever opens it gets what is written to them."""
    key, now = caller(request), clock.now()

    def work(conn: Connection) -> ChatLinkAnswer | None:
        found = linking.link_to(key.program_id, holder(conn, key, id), now=now)
        return ChatLinkAnswer(*found) if found else None

    made = writing(key.program_id, work)
    if made is None:
        raise Refused(Problem("no-bot", 409, "There is no bot to link a chat with"))
    return answer(made, status=201)


@router.get(
    "/members/{id}/words",
    auth=Bearer(Scope.PERSONAL_READ),
    summary="What a member wrote to us",
    openapi_extra=shapes.describe(gives={200: WordsAnswer}),
)
def heard(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002 the address's own word
    """Read the last 200 texts; the audit notes whose were read."""
    key, now = caller(request), clock.now()

    def work(conn: Connection) -> WordsAnswer:
        who = holder(conn, key, id)
        found = words.heard(conn, key.program_id, [who])
        if found:
            audit.record_reading(conn, key.program_id, Actor(ActorKind.KEY, key.id), [who], now=now, detail="words")
        return WordsAnswer([WordAnswer(one.id, one.channel, one.text, one.at) for one in found])

    return answer(writing(key.program_id, work))
