"""One template while a request looks at it or writes it: the draft where there is one, else what is published."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from verno.console import words
from verno.console.face import Face, actor, face_of, signed_in
from verno.console.telling import topics
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.kit.errors import Unavailable
from verno.members.types import Channel
from verno.messaging.layouts import gallery
from verno.messaging.letters import wording
from verno.messaging.letters.wording import LANGUAGES, Language
from verno.messaging.templates import queries, service
from verno.messaging.templates.types import Block, Known, Problem, Saved, Stored, Template
from verno.workspace.roles import Permission, may

SAID = "said-templates"
CHANNELS = (Channel.EMAIL, Channel.SMS, Channel.PUSH, Channel.TELEGRAM)
"""What a template can be written for here; a channel that it says elsewhere is kept."""

_CONTEXT = re.compile(r"\bcontext\.(\w+)")


@dataclass
class Desk:
    """A request on a page of templates; ``stored`` is None where no template is looked at."""

    request: HttpRequest
    conn: Connection
    face: Face
    stored: Stored | None = None

    @property
    def program_id(self) -> str:
        """Whose templates."""
        return self.face.program.id

    @property
    def one(self) -> Stored:
        """Return the template that the address names."""
        if self.stored is None:
            raise Http404
        return self.stored

    @property
    def changes(self) -> bool:
        """Tell whether the person may write templates."""
        return writes(self.request)

    def known(self) -> Known:
        """Return what sources may name."""
        return queries.known(self.conn, self.program_id, now=self.face.now)

    def problems(self) -> list[Problem]:
        """Return what is wrong with the template, the blocking problems first."""
        return service.problems(self.conn, self.program_id, self.one.template, now=self.face.now)

    def save(self, template: Template) -> str | None:
        """Store a draft; return what is wrong in words, None when it is stored."""
        try:
            done = service.save(
                self.conn,
                self.program_id,
                template,
                by=actor(self.request),
                now=self.face.now,
                context=samples(template, wording.language(self.face.locale)),
            )
        except Unavailable:
            return words.say("template_refusal", "unavailable")
        if isinstance(done, Saved):
            self.request.session[SAID] = _("Saved as a draft.")
            return None
        return " ".join(part for part in (words.say("template_refusal", done.reason), done.detail) if part)

    def context(self) -> dict[str, object]:
        """Return what every page of one template shows."""
        return {
            "face": self.face,
            "stored": self.one,
            "template": self.one.template,
            "is_draft": self.one.published_at is None,
            "changes": self.changes,
            "channels": CHANNELS,
            "languages": LANGUAGES,
            "topics": topics.names(self.conn, self.face),
            "said": self.request.session.pop(SAID, ""),
        }


@contextmanager
def open_desk(request: HttpRequest, code: str | None = None) -> Iterator[Desk]:
    """Enter the program; with ``code``, find the template, else 404."""
    with db.transaction() as conn:
        face = face_of(request, conn, clock.now())
        desk = Desk(request, conn, face)
        if code is not None:
            desk.stored = found(conn, face.program.id, code)
            if desk.stored is None:
                raise Http404
        yield desk


def found(conn: Connection, program_id: str, code: str) -> Stored | None:
    """Return a code's draft, or its newest published version."""
    return queries.draft(conn, program_id, code) or queries.template(conn, program_id, code)


def block_of(template: Template, channel: str, language: str) -> Block:
    """Return what a template says; an empty block where it says nothing."""
    for key, some in template.blocks.items():
        if key == channel:
            return next((one for which, one in some.items() if which == language), Block())
    return Block()


def channel_of(name: str) -> Channel:
    """Return the channel of an address; raises ``Http404`` for one that is not written for."""
    try:
        return CHANNELS[CHANNELS.index(Channel(name))]
    except ValueError:
        raise Http404 from None


def writes(request: HttpRequest) -> bool:
    """Tell whether the person may write and publish templates."""
    return may(signed_in(request), Permission.MESSAGES_WRITE)


def refused(request: HttpRequest) -> HttpResponse:
    """Say that this is not for the person."""
    return render(request, "403.html", {"way_on": True}, status=403)


def samples(template: Template, language: Language) -> dict[str, object] | None:
    """Return made-up figures where a template names none but what layouts have; None leaves it to the engine."""
    blocks = [one for some in template.blocks.values() for one in some.values()]
    said = {name for one in blocks for part in (one.subject, one.body) for name in _CONTEXT.findall(part)}
    known: dict[str, object] = gallery.sample(language)
    return known if said and said <= set(known) else None
