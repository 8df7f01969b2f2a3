"""Whether the messages of a broadcast can be written: each variant, on each of its channels, with its context."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from verno.kit.db import Connection
from verno.kit.errors import Unavailable
from verno.messaging.broadcasts.types import NewBroadcast, Problem, Variant, Warned
from verno.messaging.letters import compose, note, settled
from verno.messaging.templates import linting, making, views
from verno.messaging.templates import queries as templates
from verno.messaging.templates.checks.sources import uses
from verno.messaging.templates.types import OVERRIDABLE, SEPARATOR, Broken, Compiled, Lint, Stored, is_stored
from verno.messaging.templates.views import Frame
from verno.messaging.types import MessageClass
from verno.workspace import queries as workspace

HOUSE = frozenset({*compose.VIEWS, *compose.LIVE, note.TEMPLATE, settled.TEMPLATE})
"""Letters that the house has by itself."""
DIGITS = 10
"""Of a version's number."""
LONGEST_DETAIL = 200


def problems(
    conn: Connection, program_id: str, class_: MessageClass | None, wanted: NewBroadcast, now: datetime
) -> Iterator[Problem]:
    """Find templates that cannot be sent from: not there, retired, of another class, wrong by now, or silent there."""
    there: list[str] = []
    known = templates.known(conn, program_id, now=now)
    for one in wanted.variants:
        if not is_stored(one.template):
            if one.template not in HOUSE:
                yield Problem(Warned.TEMPLATE_MISSING, one.template, is_blocking=True)
            continue
        found = _stored(conn, program_id, one)
        if found is None or found.retired_at is not None:
            yield Problem(Warned.TEMPLATE_MISSING, one.template, is_blocking=True)
            continue
        there.append(one.template)
        if found.template.class_name is not class_:
            yield Problem(Warned.OTHER_CLASS, f"{one.template}: {found.template.class_name}", is_blocking=True)
        for wrong in linting.lint(found.template, known):
            if wrong.is_blocking and wrong.code not in OVERRIDABLE:
                marks = wrong.code in (Lint.NOT_MARKED, Lint.MARK_VOID)
                yield Problem(Warned.NOT_MARKED if marks else Warned.TEMPLATE_PROBLEM, one.template, is_blocking=True)
    if there:
        frame = views.frame(conn, workspace.program(conn, program_id))
        yield from _tried(frame, there, templates.compiled(conn, program_id, there), wanted, now)


def _stored(conn: Connection, program_id: str, one: Variant) -> Stored | None:
    code, _at, version = one.template.partition(SEPARATOR)
    number = int(version) if version.isascii() and version.isdecimal() and len(version) < DIGITS else 0
    return templates.template(conn, program_id, code, number)


def _tried(
    frame: Frame, there: Sequence[str], compiled: Mapping[str, Compiled], wanted: NewBroadcast, now: datetime
) -> Iterator[Problem]:
    for reference in there:
        one = compiled.get(reference)
        if one is None:  # news@01: a message would not find it
            yield Problem(Warned.TEMPLATE_MISSING, reference, is_blocking=True)
            continue
        if missing := _asked(one, wanted) - set(wanted.context):
            yield Problem(Warned.NO_VALUE, f"{reference}: {', '.join(sorted(missing))}"[:LONGEST_DETAIL])
        for step in wanted.channels:
            if not one.blocks.get(step.channel):
                yield Problem(Warned.NO_BLOCK, f"{reference}: {step.channel}", is_blocking=True)
            elif (broken := _broken(frame, one, step.channel, wanted, now)) is not None:
                detail = f"{reference}: {step.channel}/{broken}"[:LONGEST_DETAIL]
                yield Problem(Warned.CANNOT_BE_WRITTEN, detail, is_blocking=True)


def _asked(one: Compiled, wanted: NewBroadcast) -> set[str]:
    """Return what a template asks of a broadcast: what stands in for it is for previews, and would be sent."""
    sources = [source for step in wanted.channels for source in one.blocks.get(step.channel, {}).values()]
    parts = [part for source in sources for part in (source.subject, source.html, source.text)]
    return {use.name.split(".")[1] for part in parts for use in uses(part) if use.name.startswith("context.")}


def _broken(frame: Frame, one: Compiled, channel: str, wanted: NewBroadcast, now: datetime) -> str | None:
    """Render each language with what the broadcast brings, for somebody well known and for somebody hardly known."""
    for language in one.blocks[channel]:
        for sparse in (False, True):
            where = (channel, language)
            message = making.sample(frame, one, where, context=wanted.context, now=now, sparse=sparse)
            try:
                letter = making.printed(message) if message else None
            except Unavailable:
                return f"{language}: no press"
            if isinstance(letter, Broken):
                return f"{language}: {letter.detail}"
    return None
