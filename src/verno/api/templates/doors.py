"""Doors to message templates: list, read, save, publish, retire, preview."""

from collections.abc import Mapping
from typing import TypeVar

import msgspec
from django.http import HttpRequest, HttpResponse
from ninja import Router

from verno.api import shapes
from verno.api.access import need
from verno.api.doors import Bearer, answer, caller, receive, writing
from verno.api.promotions.answers import for_all_places
from verno.api.templates.shapes import (
    TemplateBody,
    TemplateItem,
    TemplateList,
    TemplatePreview,
    TemplateProblem,
    TemplatePublish,
    TemplatePublished,
    TemplateRendered,
    TemplateRetired,
    TemplateSaved,
    TemplateVersion,
)
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.kit.ids import is_id
from verno.messaging.templates import previewing, queries, service
from verno.messaging.templates.types import (
    Broken,
    Code,
    Published,
    Refusal,
    Refused,
    Rendered,
    Saved,
    Stored,
    reference,
)
from verno.web import problems, wire
from verno.web.problems import Problem
from verno.web.problems import Refused as Told
from verno.workspace import audit
from verno.workspace.audit import Actor, ActorKind
from verno.workspace.types import Key, Scope

router = Router(tags=["templates"])
"""Addresses with a verb (``{code}:publish``) stand before the plain one, which would take them for codes."""

LARGEST = 4 * 1024 * 1024
"""Bytes of a template: a few letters in two languages."""
LARGEST_VERSION = 9
"""Digits."""
DRAFT = "draft"
T = TypeVar("T")
GONE, CONFLICT, UNFIT = 404, 409, 422
TITLES: Mapping[Refusal, tuple[int, str]] = {
    Refusal.BROKEN: (UNFIT, "The template cannot be rendered"),
    Refusal.TOO_MANY: (CONFLICT, "There are too many templates"),
    Refusal.NOT_VALID: (UNFIT, "Something is wrong with the template"),
    Refusal.NEEDS_REASON: (UNFIT, "The template mixes advertising with another class: say why it may"),
}


@router.get(
    "/templates",
    auth=Bearer(Scope.MESSAGES_SEND),
    summary="The templates of messages",
    openapi_extra=shapes.describe(gives={200: TemplateList}),
)
def listed(request: HttpRequest) -> HttpResponse:
    """Read the newest version of each template, a draft before what it will replace."""
    program_id = caller(request).program_id
    with db.transaction(program_id) as conn:
        found = queries.templates(conn, program_id)
    return answer(TemplateList([TemplateItem.of(one) for one in found]))


@router.post(
    "/templates/{code}:publish",
    auth=Bearer(Scope.SETTINGS_WRITE),
    summary="Publish a template's draft",
    openapi_extra=shapes.describe(takes=TemplatePublish, gives={200: TemplatePublished}),
)
def publish(request: HttpRequest, code: str) -> HttpResponse:
    """Make the draft the version that messages may name. Nobody changes it any more; a change is another version."""
    key, wanted = _whole(request), wire.convert(receive(request), TemplatePublish)

    def work(conn: Connection) -> Published:
        return _told(service.publish(conn, key.program_id, code, because=wanted.because, by=_by(key), now=clock.now()))

    done = writing(key.program_id, work)
    return answer(TemplatePublished(code, done.version, reference(code, done.version)))


@router.post(
    "/templates/{code}:preview",
    auth=Bearer(Scope.MESSAGES_SEND),
    summary="See a template as a reader would",
    openapi_extra=shapes.describe(takes=TemplatePreview, gives={200: TemplateRendered}),
)
def preview(request: HttpRequest, code: str) -> HttpResponse:
    """Render a block for a member (that takes `personal:read` as well, and is audited) or for somebody made up.

    Of the draft if there is one. Links of the member's own lead nowhere.
    """
    key, wanted = caller(request), wire.convert(receive(request), TemplatePreview)
    if wanted.member is not None:
        need(key, Scope.PERSONAL_READ)
        if not is_id(wanted.member):
            raise Told(problems.not_found())

    def work(conn: Connection) -> Rendered | Broken:
        found = _found(queries.draft(conn, key.program_id, code) or queries.template(conn, key.program_id, code))
        now = clock.now()
        if wanted.member is not None:
            audit.record_reading(conn, key.program_id, _by(key), [wanted.member], now=now, detail="template-preview")
        return previewing.preview(
            conn,
            key.program_id,
            found.template,
            wanted.member,
            wanted.channel,
            wanted.locale,
            now=now,
            context=wanted.context,
        )

    seen = writing(key.program_id, work)
    if isinstance(seen, Broken):
        if seen.detail in {previewing.UNKNOWN_MEMBER, previewing.NO_BLOCK}:
            raise Told(problems.not_found())
        raise Told(Problem("template-broken", UNFIT, TITLES[Refusal.BROKEN][1], seen.detail))
    return answer(TemplateRendered(seen.subject, seen.html, seen.text, seen.segments, seen.cost))


@router.get(
    "/templates/{code}",
    auth=Bearer(Scope.MESSAGES_SEND),
    summary="Read a template",
    openapi_extra=shapes.describe(gives={200: TemplateVersion}),
)
def read(request: HttpRequest, code: str, version: str | None = None) -> HttpResponse:
    """Read a version by number, the `draft`, or what is published now, or, before that, the draft."""
    program_id = caller(request).program_id
    with db.transaction(program_id) as conn:
        return answer(TemplateVersion.of(_found(_version(conn, program_id, code, version))))


@router.put(
    "/templates/{code}",
    auth=Bearer(Scope.SETTINGS_WRITE),
    summary="Save a template's draft",
    openapi_extra=shapes.describe(takes=TemplateBody, gives={200: TemplateSaved}),
)
def save(request: HttpRequest, code: str) -> HttpResponse:
    """Store the draft of a template, in place of the one there is. What cannot be rendered is not stored."""
    key, wanted = _whole(request), wire.convert(receive(request, limit=LARGEST), TemplateBody)
    template = wanted.template(_code(code))

    def work(conn: Connection) -> TemplateSaved:
        now = clock.now()
        saved: Saved = _told(service.save(conn, key.program_id, template, by=_by(key), now=now, context=wanted.sample))
        stored = _found(queries.draft(conn, key.program_id, template.code))
        found = service.problems(conn, key.program_id, stored.template, now=now)
        return TemplateSaved(template.code, saved.version, [TemplateProblem.of(one) for one in found])

    return answer(writing(key.program_id, work))


@router.delete(
    "/templates/{code}",
    auth=Bearer(Scope.SETTINGS_WRITE),
    summary="Retire a template",
    openapi_extra=shapes.describe(gives={200: TemplateRetired}),
)
def retire(request: HttpRequest, code: str) -> HttpResponse:
    """Take a template out of use and drop its draft. What is queued still leaves."""
    key = _whole(request)

    def work(conn: Connection) -> None:
        refused = service.retire(conn, key.program_id, code, by=_by(key), now=clock.now())
        if refused is not None:
            _told(refused)

    writing(key.program_id, work)
    return answer(TemplateRetired(code))


def _version(conn: Connection, program_id: str, code: str, version: str | None) -> Stored | None:
    if version is None:
        return queries.template(conn, program_id, code) or queries.draft(conn, program_id, code)
    if version == DRAFT:
        return queries.draft(conn, program_id, code)
    if not (version.isascii() and version.isdecimal()) or len(version) > LARGEST_VERSION:
        return None
    return queries.template(conn, program_id, code, int(version))


def _found(stored: Stored | None) -> Stored:
    if stored is None:
        raise Told(problems.not_found())
    return stored


def _code(code: str) -> str:
    try:
        return msgspec.convert(code, Code)
    except msgspec.ValidationError:
        errors = (("code", "small Latin letters, digits and -, beginning with a letter, at most 50"),)
        raise Told(problems.invalid(errors)) from None


def _whole(request: HttpRequest) -> Key:
    """Return the caller's key; raises ``Refused`` (403) for one bound to stores: templates are the whole program's."""
    key = caller(request)
    for_all_places(key)
    return key


def _by(key: Key) -> Actor:
    return Actor(ActorKind.KEY, key.id)


def _told(result: T | Refused) -> T:
    """Return what was done; raises ``Refused``: 404 when there is no such template, else why not."""
    if not isinstance(result, Refused):
        return result
    status, title = TITLES.get(result.reason, (GONE, ""))
    if status == GONE:
        raise Told(problems.not_found())
    errors = tuple([(_place(one.channel, one.locale), f"{one.code}: {one.detail}") for one in result.problems])
    raise Told(Problem(f"template-{result.reason}", status, title, result.detail or None, errors=errors))


def _place(channel: str, locale: str) -> str:
    return f"blocks.{channel}.{locale}" if channel else "template"
