"""A template as somebody would see it."""

from collections.abc import Mapping
from datetime import datetime

from verno.kit.db import Connection
from verno.members import queries as members
from verno.messaging.channels.sms import segments
from verno.messaging.channels.sms.texts import CODE as SMS
from verno.messaging.templates import making, preparing, showing, views
from verno.messaging.templates.types import Broken, Compiled, Prepared, Rendered, Template
from verno.messaging.templates.views import Frame
from verno.workspace import queries as workspace
from verno.workspace import registry, settings

UNKNOWN_MEMBER = "unknown-member"
NO_BLOCK = "no-block"


def preview(
    conn: Connection,
    program_id: str,
    template: Template,
    holder_id: str | None,
    channel: str,
    locale: str,
    *,
    now: datetime,
    context: Mapping[str, object] | None = None,
) -> Rendered | Broken:
    """Return a block as a member would see it, or, without one, as somebody made up would.

    Its own links lead nowhere, and the others untracked to where they say: a preview must not put a member's links
    into somebody else's hands. ``context``: what the message would bring; made up where it is not given.
    """
    compiled = making.made(template, 1)
    if isinstance(compiled, Broken):
        return compiled
    known = views.frame(conn, workspace.program(conn, program_id))
    message: Prepared | Broken | None
    if holder_id is None:
        message = making.sample(known, compiled, (channel, locale), context=context, now=now)
    else:
        message = _of_member(conn, known, compiled, holder_id, (channel, locale), context=context, now=now)
    if message is None:
        return Broken(NO_BLOCK)
    letter = making.printed(message) if isinstance(message, Prepared) else message
    if isinstance(letter, Broken):
        return letter
    if channel != SMS:
        return Rendered(letter.subject, letter.html, letter.text)
    paid = making.reckoned(message) if isinstance(message, Prepared) and message.links else letter
    count = segments.plan((letter if isinstance(paid, Broken) else paid).text.strip()).segments
    price = settings.load(conn, program_id).value(registry.SMS_SEGMENT_PRICE)
    return Rendered("", "", letter.text, count, None if price is None else count * price)


def _of_member(
    conn: Connection,
    known: Frame,
    compiled: Compiled,
    holder_id: str,
    where: tuple[str, str],
    *,
    context: Mapping[str, object] | None,
    now: datetime,
) -> Prepared | Broken | None:
    program = known.program
    member = members.members(conn, program.id, [holder_id]).get(holder_id)
    if member is None:
        return Broken(UNKNOWN_MEMBER)
    figures = views.figures(conn, program, [holder_id], frozenset(compiled.needs), now=now)
    shown = showing.shown(conn, program.id, compiled.shown, [holder_id], now=now)
    made_up = making.sample(known, compiled, where, context=context, now=now)
    if made_up is None:
        return None
    there = {name: holder_id in some for name, some in shown.items()}
    filled = context if context is not None else _context(made_up)
    return preparing.written(known, compiled, where, member, figures, context=filled, shown=there)


def _context(made_up: Prepared) -> Mapping[str, object]:
    found = made_up.view["context"]
    return found if isinstance(found, dict) else {}
