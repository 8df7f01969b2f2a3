"""Verbs of templates: save the draft, publish it, retire a code."""

from collections.abc import Mapping
from datetime import datetime

import msgspec
from psycopg.types.json import Jsonb

from verno.kit.db import Connection
from verno.messaging.facts import SQL
from verno.messaging.templates import linting, making, queries, showing, views
from verno.messaging.templates.checks import adverts
from verno.messaging.templates.types import (
    MOST_CODES,
    OVERRIDABLE,
    Broken,
    Compiled,
    Lint,
    Problem,
    Published,
    Refusal,
    Refused,
    Saved,
    Template,
)
from verno.messaging.templates.views import Frame
from verno.workspace import audit
from verno.workspace import queries as workspace
from verno.workspace.audit import Actor

LONGEST_REASON = 500


def save(
    conn: Connection,
    program_id: str,
    template: Template,
    *,
    by: Actor,
    now: datetime,
    context: Mapping[str, object] | None = None,
) -> Saved | Refused:
    """Store a template as the one draft of its code; only what can be rendered is stored.

    ``context``: what messages will bring, to render it with; made up where it is not given. A token (``erid``) that is
    new is taken to be for the words as they are now. Refusals: ``broken`` with the place, ``too-many``.
    """
    conn.execute(SQL["lock_templates"], {"program": program_id})
    asked = {"program": program_id, "code": template.code}
    row = conn.execute(SQL["next_version"], asked).fetchone()
    version, others = row or (1, 0)
    if others >= MOST_CODES:
        return Refused(Refusal.TOO_MANY, str(MOST_CODES))
    template = _marked(conn, program_id, template, now)
    compiled = making.made(template, version)
    broken = compiled.detail if isinstance(compiled, Broken) else None
    if isinstance(compiled, Compiled):
        broken = making.tried(_frame(conn, program_id), compiled, context=context, now=now)
    if broken is not None:
        return Refused(Refusal.BROKEN, broken)
    body = msgspec.to_builtins(template)
    conn.execute(
        SQL["save_template"],
        {
            **asked,
            "version": version,
            "body": Jsonb(body),
            "compiled": Jsonb(msgspec.to_builtins(compiled)),
            "by": f"{by.kind}:{by.id}",
            "now": now,
        },
    )
    about = ("template", template.code)
    audit.record(conn, program_id, by, "template.save", about, now=now, detail=str(version), states=(None, body))
    return Saved(version)


def publish(
    conn: Connection, program_id: str, code: str, *, because: str | None = None, by: Actor, now: datetime
) -> Published | Refused:
    """Publish a code's draft: messages may name it from now on, and nobody changes it any more.

    What blocks it is refused with its problems (``not-valid``); where all of it may be overridden, a reason is asked
    for (``needs-reason``) that is stored with the version and audited.
    """
    conn.execute(SQL["lock_templates"], {"program": program_id})
    found = queries.draft(conn, program_id, code)
    if found is None:
        return Refused(Refusal.UNKNOWN, code)
    blocking = tuple(one for one in problems(conn, program_id, found.template, now=now) if one.is_blocking)
    reason = (because or "").strip()[:LONGEST_REASON]
    if any(one.code not in OVERRIDABLE for one in blocking):
        return Refused(Refusal.NOT_VALID, problems=blocking)
    if blocking and not reason:
        return Refused(Refusal.NEEDS_REASON, problems=blocking)
    asked = {"program": program_id, "code": code, "by": f"{by.kind}:{by.id}", "now": now}
    conn.execute(SQL["publish_template"], {**asked, "because": reason if blocking else None})
    overridden = ",".join(sorted({one.code.value for one in blocking}))
    detail = f"{found.version}:{overridden}" if overridden else str(found.version)
    body = msgspec.to_builtins(found.template)
    about = ("template", code)
    audit.record(conn, program_id, by, "template.publish", about, now=now, detail=detail, states=(None, body))
    return Published(found.version)


def retire(conn: Connection, program_id: str, code: str, *, by: Actor, now: datetime) -> Refused | None:
    """Take a code out of use and drop its draft: no new message may name it; what is queued still leaves."""
    conn.execute(SQL["lock_templates"], {"program": program_id})
    asked = {"program": program_id, "code": code, "now": now}
    changed = conn.execute(SQL["drop_draft"], asked).rowcount + conn.execute(SQL["retire_template"], asked).rowcount
    if not changed:
        return Refused(Refusal.UNKNOWN, code)
    audit.record(conn, program_id, by, "template.retire", ("template", code), now=now)
    return None


def problems(conn: Connection, program_id: str, template: Template, *, now: datetime) -> list[Problem]:
    """Return all that is wrong with a template in its program, the blocking problems first.

    What linting finds, conditions that cannot be asked, and what breaks for somebody of whom hardly anything is known.
    """
    found = linting.lint(template, queries.known(conn, program_id, now=now))
    found += [
        Problem(Lint.BAD_CONDITION, "", "", f"{name}: {detail}", is_blocking=True)
        for name, detail in showing.problems(conn, program_id, template.shown, now=now).items()
    ]
    if not any(one.is_blocking for one in found):
        found += _sparse(_frame(conn, program_id), template, now)
    return sorted(found, key=lambda one: not one.is_blocking)


def _sparse(known: Frame, template: Template, now: datetime) -> list[Problem]:
    compiled = making.made(template, 1)
    if isinstance(compiled, Broken):
        return [Problem(Lint.BROKEN, "", "", compiled.detail, is_blocking=True)]
    out: list[Problem] = []
    for channel, blocks in compiled.blocks.items():
        for language in blocks:
            message = making.sample(known, compiled, (channel, language), context=None, now=now, sparse=True)
            letter = making.printed(message) if message else None
            if isinstance(letter, Broken):
                out.append(Problem(Lint.MISSING_FALLBACK, channel, language, letter.detail, is_blocking=True))
    return out


def _marked(conn: Connection, program_id: str, template: Template, now: datetime) -> Template:
    """Tie a token that was just entered to the words as they are; one that was there keeps the words it was for."""
    advert = template.advert
    if advert is None or not advert.erid:
        return template
    code = template.code
    before = queries.draft(conn, program_id, code) or queries.template(conn, program_id, code)
    known = before.template.advert if before else None
    if known is not None and known.erid == advert.erid and known.content_sha256:
        marked = msgspec.structs.replace(advert, content_sha256=known.content_sha256, marked_at=known.marked_at)
    else:
        marked = msgspec.structs.replace(advert, content_sha256=adverts.fingerprint(template), marked_at=now)
    return msgspec.structs.replace(template, advert=marked)


def _frame(conn: Connection, program_id: str) -> Frame:
    return views.frame(conn, workspace.program(conn, program_id))
