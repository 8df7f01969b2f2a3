"""A member's messages: where each one is, and why it was sent or not."""

import re
from collections.abc import Mapping
from datetime import date, datetime

import msgspec
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from verno.console import words
from verno.console.face import Face
from verno.console.member_page import older, open_page, read_place
from verno.console.telling import topics
from verno.kit.clock import clock
from verno.messaging import queries as messaging
from verno.messaging.facts import DOMAIN
from verno.messaging.letters.compose import CannotBePrinted
from verno.messaging.queries import MessageView
from verno.messaging.types import Check, Record

PAGE = 20

PREVIEW_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox"
)
"""A letter may style itself and do nothing else: no scripts, no requests, an origin of its own."""

SHOWN = {"Content-Security-Policy": PREVIEW_POLICY}

_MONTHLY = re.compile(r"statement/(\d{4})-(\d{2})")
_DATED = re.compile(r"(granted|withdrawn|paused|wanted|erased|unsubscribed|complaint) (\S+)")
_CAP = re.compile(r"(\w+) (\d+) (\d+)")
_AGE = re.compile(r"(\d+)(?: (unknown|younger))?")
MOMENTS = frozenset({"time", "hours"})


@require_safe
def messages(request: HttpRequest, member_id: object) -> HttpResponse:
    """Show messages, newest first, each with the decisions behind it."""
    before = read_place(request)
    with open_page(request, member_id) as page:
        rows = messaging.of_member(page.conn, page.member.id, before=before, limit=PAGE + 1)
        called = topics.names(page.conn, page.face)
    context = {
        "rows": [(row, occasion(page.face, row, called), decisions(page.face, row)) for row in rows[:PAGE]],
        "first": before is None,
        "older": older(rows[PAGE - 1].created_at, rows[PAGE - 1].id) if len(rows) > PAGE else None,
    }
    return render(request, "console/messages.html", page.context("messages") | context)


@require_safe
@xframe_options_sameorigin
def preview(request: HttpRequest, member_id: object, message_id: object) -> HttpResponse:
    """Show a letter as its reader sees it, for a sandboxed frame."""
    with open_page(request, member_id) as page:
        try:
            letter = messaging.render(page.conn, page.member.id, str(message_id), now=clock.now())
        except CannotBePrinted:
            # A message that was never sent may be one that nobody can compose; its state says why.
            return HttpResponse(words.say("message", "cannot-be-rendered"), headers=SHOWN)
    if letter is None:
        raise Http404
    return HttpResponse(letter.html, headers=SHOWN)


def occasion(face: Face, row: MessageView, called: Mapping[str, str]) -> tuple[str, str]:
    """Return what a message is about and for which month, if it is a monthly one; ``called``: topics' names."""
    found = _MONTHLY.fullmatch(row.dedupe_key)
    month = face.month_in_full(date(int(found[1]), int(found[2]), 1)) if found else ""
    return called.get(row.topic) or words.say("topic", row.topic), month


def decisions(face: Face, row: MessageView) -> list[tuple[Record, list[tuple[Check, str]]]]:
    """Return every judgement with its checks, each with what it saw in words."""
    records = [msgspec.convert(stored, Record) for stored in row.decisions]
    return [(record, [(check, seen(face, check)) for check in record.trace]) for record in records]


def seen(face: Face, check: Check) -> str:
    """Say what a check saw. Moments come as ISO 8601 and leave in the program's zone."""
    dated = _DATED.fullmatch(check.seen)
    if dated:
        return words.say("dated", dated[1]) % {"date": face.day(datetime.fromisoformat(dated[2]))}
    cap = _CAP.fullmatch(check.seen)
    if cap:
        where = words.say("channel", cap[1]) if cap[1] != "all" else _("all channels")
        return _("%(where)s: at most %(most)s within %(days)s days") % {"where": where, "most": cap[2], "days": cap[3]}
    age = _AGE.fullmatch(check.seen) if check.name == "age" else None
    if age:
        return words.say("aged", age[2] or "") % {"age": age[1]}
    if check.name in MOMENTS and check.verdict == "defer":
        moment, _space, whose = check.seen.partition(" ")
        kind = f"{check.name} {whose}".strip()
        return words.say("dated", kind) % {"date": face.moment(datetime.fromisoformat(moment))}
    if check.seen.startswith(DOMAIN):
        return _("bulk mail to %(domain)s waits") % {"domain": check.seen.removeprefix(DOMAIN)}
    return words.say("seen", check.seen)
