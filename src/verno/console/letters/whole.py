"""A template as a whole: its state and what is wrong with it, versions and their differences, what holds everywhere."""

import difflib
import json
import re
from collections.abc import Iterator

import msgspec
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe
from msgspec.structs import replace

from verno.console import words
from verno.console.face import actor
from verno.console.letters.desk import CHANNELS, SAID, Desk, block_of, open_desk, refused, writes
from verno.console.letters.forms import WholeForm, topic_choices
from verno.console.promotions.forms import conditions, describing
from verno.console.promotions.forms.describing import Naming
from verno.console.promotions.opening import naming_of
from verno.intake import context as intake
from verno.kit.errors import Unavailable
from verno.members import queries as members
from verno.messaging.letters.wording import LANGUAGES
from verno.messaging.templates import queries, service
from verno.messaging.templates.types import MOST_SHOWN, OVERRIDABLE, Published, Refused, Template, Word
from verno.messaging.types import MessageClass
from verno.rules import fields
from verno.web import wire
from verno.web.problems import Refused as BadJson

EXCERPT = 90
_STATEMENT = re.compile(r"\{%.*?%\}", re.DOTALL)
_OTHERWISE = re.compile(r"\{%-?\s*else\b.*?(?=\{%-?\s*endif\b)", re.DOTALL)
"""Of two ways to say it, an excerpt shows the first."""
_NAMED = re.compile(r"\{\{\s*([\w.]+).*?\}\}", re.DOTALL)
AROUND = 2
"""Unchanged lines that are shown about a change."""


@require_http_methods(["GET", "HEAD", "POST"])
def template(request: HttpRequest, code: str) -> HttpResponse:
    """Show a template; who may write templates publishes it or takes it out of use."""
    if request.method == "POST" and not writes(request):
        return refused(request)
    with open_desk(request, code) as desk:
        wrong = ""
        if request.method == "POST":
            wrong = _act(desk)
            if not wrong:
                return redirect("console:template", code)
        problems = desk.problems()
        blocking = [one for one in problems if one.is_blocking]
        context = desk.context() | {
            "wrong": wrong,
            "rows": [(one, [(which, _excerpt(desk, one, which)) for which in LANGUAGES]) for one in CHANNELS],
            "problems": problems,
            "blocking": blocking,
            "needs_reason": bool(blocking) and all(one.code in OVERRIDABLE for one in blocking),
            "versions": queries.versions(desk.conn, desk.program_id, code),
        }
    return render(request, "console/letters/template.html", context, status=422 if wrong else 200)


@require_safe
def version(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """Show what a published version says otherwise than the one before it."""
    with open_desk(request, code) as desk:
        stored = queries.template(desk.conn, desk.program_id, code, number)
        if stored is None or stored.version != number:
            raise Http404
        before = queries.template(desk.conn, desk.program_id, code, number - 1) if number > 1 else None
        context = desk.context() | {
            "shown": stored,
            "before": before,
            "changes_in": list(_changes(before.template if before else None, stored.template)),
        }
    return render(request, "console/letters/version.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: HttpRequest, code: str) -> HttpResponse:
    """Show what holds for all channels; who may write templates changes it."""
    if request.method == "POST" and not writes(request):
        return refused(request)
    with open_desk(request, code) as desk:
        one = desk.one.template
        topics = members.topics(desk.conn, desk.program_id)
        offered = topic_choices(topics, desk.face.locale)
        form = WholeForm(request.POST if request.method == "POST" else None, template=one, topics=offered)
        conditions_of = _typed(request) if form.is_bound else [(name, _json(tree)) for name, tree in one.shown.items()]
        wrong = ""
        if form.is_bound and form.is_valid():
            classes = {topic.code: topic.class_name for topic in topics}
            wrong = _save(desk, form, conditions_of, MessageClass(classes[form.cleaned_data["topic"]]))
            if not wrong:
                return redirect("console:template", code)
        context = desk.context() | {
            "form": form,
            "wrong": wrong,
            "conditions": [*conditions_of, ("", "")][:MOST_SHOWN],
            "asking": _asking(desk),
            "example": "{% if shown.gold %}…{% endif %}",
        }
    return render(request, "console/letters/settings.html", context, status=422 if form.is_bound else 200)


def _act(desk: Desk) -> str:
    """Publish or retire; return what is wrong in words, nothing when it is done."""
    said = {"publish": _("Published: it can be sent from now on."), "retire": _("Taken out of use.")}
    do = desk.request.POST.get("do", "")
    if do not in said:
        raise Http404
    try:
        done = _publish(desk) if do == "publish" else _retire(desk)
    except Unavailable:
        return words.say("template_refusal", "unavailable")
    if isinstance(done, Refused):
        return words.say("template_refusal", done.reason)
    desk.request.session[SAID] = said[do]
    return ""


def _publish(desk: Desk) -> Published | Refused:
    because = desk.request.POST.get("because", "").replace("\x00", "").strip() or None
    return service.publish(
        desk.conn,
        desk.program_id,
        desk.one.template.code,
        because=because,
        by=actor(desk.request),
        now=desk.face.now,
    )


def _retire(desk: Desk) -> Refused | None:
    return service.retire(desk.conn, desk.program_id, desk.one.template.code, by=actor(desk.request), now=desk.face.now)


def _save(desk: Desk, form: WholeForm, typed: list[tuple[str, str]], class_name: MessageClass) -> str:
    shown = {}
    for name, text in typed:
        try:
            shown[msgspec.convert(name, Word)] = msgspec.convert(wire.decode(text.encode()), dict[str, object])
        except (msgspec.ValidationError, BadJson):
            return _("A condition has a name of small Latin letters, and a tree: %(name)s") % {"name": name or "?"}
    before = desk.one.template
    changed = replace(
        before,
        name=form.cleaned_data["name"],
        topic=form.cleaned_data["topic"],
        class_name=class_name,
        utm=form.utm(before.utm),
        track_texts=form.cleaned_data["track_texts"],
        advert=form.advert(before.advert),
        shown=shown,
    )
    return desk.save(changed) or ""


def _typed(request: HttpRequest) -> list[tuple[str, str]]:
    pairs = zip(request.POST.getlist("shown_name"), request.POST.getlist("shown_tree"), strict=False)
    return [(name.strip(), text.strip()) for name, text in pairs if name.strip() or text.strip()]


def _json(tree: object) -> str:
    return json.dumps(tree, ensure_ascii=False)


def _asking(desk: Desk) -> str:
    """Return what the builder of conditions needs to ask about a member alone."""
    naming: Naming = naming_of(desk.conn, desk.face, intake.of(desk.conn, desk.program_id).known)
    form = describing.condition_form(naming, always=_("Everybody."))
    found = conditions.fields(fields.member_registry(naming.known), symbol=naming.about.symbol, of_lines=False)
    # Attributes of receipts are offered everywhere; a letter has no receipt.
    asked = [one for one in found if one.name != fields.ATTRIBUTES]
    known = {one.name for one in asked}
    pressed = [one for one in form.shortcuts if one.rule.get("field") in known]
    return msgspec.json.encode(replace(form, fields={**form.fields, "member": asked}, shortcuts=pressed)).decode()


def _excerpt(desk: Desk, channel: str, language: str) -> str:
    block = block_of(desk.one.template, channel, language)
    text = block.subject or ("" if block.body.lstrip().startswith("<") else block.body)
    text = _NAMED.sub(r"[\1]", _STATEMENT.sub(" ", _OTHERWISE.sub("", text)))
    return text if len(text) <= EXCERPT else text[:EXCERPT] + "…"


def _changes(before: Template | None, after: Template) -> Iterator[tuple[str, str, list[tuple[str, str]]]]:
    """Yield (channel, language, lines): each line is ``+``, ``-``, a space or ``…``, and its text."""
    for channel in CHANNELS:
        for language in LANGUAGES:
            old = _text(before, channel, language) if before else ""
            new = _text(after, channel, language)
            if old != new:
                yield channel, language, list(_lines(old, new))


def _text(one: Template, channel: str, language: str) -> str:
    block = block_of(one, channel, language)
    return "\n".join(part for part in (block.subject, block.preheader, block.body) if part)


def _lines(old: str, new: str) -> Iterator[tuple[str, str]]:
    for line in difflib.unified_diff(old.splitlines(), new.splitlines(), n=AROUND, lineterm=""):
        if line.startswith(("---", "+++")):
            continue
        yield ("…", "") if line.startswith("@@") else (line[:1] or " ", line[1:])
