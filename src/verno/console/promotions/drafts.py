"""Drafts: the list, a new one, and one draft with its way to publication."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from verno.console.face import signed_in
from verno.console.promotions import editing
from verno.console.promotions.opening import Opened, opened
from verno.console.promotions.parting import page_of, part
from verno.console.promotions.saying import problems
from verno.console.promotions.saying.differences import Differences, differences
from verno.console.promotions.saying.problems import Found
from verno.console.promotions.saying.telling import Teller, Told
from verno.kit import db, localtime
from verno.promotions import queries
from verno.promotions.drafts import queries as drafts
from verno.promotions.drafts import service
from verno.promotions.drafts.types import MAX_COMMENT, MAX_TITLE, Draft, NewDraft, Review, State, Written
from verno.promotions.service import hand
from verno.promotions.types import Refused, StoredRulebook
from verno.workspace.roles import Permission, may

PAGE = 30
DIGITS = 9
WRONG = "wrong"
"""``?show=`` of a draft: the rules with which something is wrong, and no others."""
NOT_DONE = 409

Answer: TypeAlias = Draft | StoredRulebook | Refused | str
"""What a verb made of a draft: done, refused, or a sentence that says why not."""


@dataclass(frozen=True)
class Row:
    """A rule on a draft's page, with what is wrong with it."""

    position: int
    told: Told
    problems: list[Found]


@require_http_methods(["GET", "HEAD", "POST"])
def listed(request: HttpRequest) -> HttpResponse:
    """Show drafts, newest first, and begin one: from the rules in force, or empty."""
    if request.method == "POST":
        if not may(signed_in(request), Permission.PROMOTIONS_WRITE):
            return render(request, "403.html", {"way_on": True}, status=403)
        return db.retrying(lambda: _begin(request))
    before = request.GET.get("before", "")
    if before and not (before.isascii() and before.isdigit() and len(before) <= DIGITS):
        raise Http404
    with opened(request) as page:
        rows = drafts.drafts(page.conn, page.program_id, before=int(before) if before else None, limit=PAGE + 1)
        context = page.context("drafts") | {
            "rows": [(row, page.name_of(row.author)) for row in rows[:PAGE]],
            "first": not before,
            "older": rows[PAGE - 1].number if len(rows) > PAGE else None,
            "present": page.present,
        }
    return render(request, "console/promotions/drafts.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def draft(request: HttpRequest, number: int) -> HttpResponse:
    """Show a draft: rules, problems, what it changes; send it on, judge it, publish it."""
    said: list[str] = []
    if request.method == "POST":
        verb = VERBS.get(request.POST.get("do", ""))
        if verb is None:
            raise Http404
        if not may(signed_in(request), verb[0]):
            return render(request, "403.html", {"way_on": True}, status=403)
        said = db.retrying(lambda: _do(request, number, verb[1]))
        if not said:
            return redirect(f"{reverse('console:draft', args=[number])}?{request.GET.urlencode()}".rstrip("?"))
    with opened(request) as page:
        context = page.context("drafts") | _context(page, find(page, number))
    # What is wrong whenever they hold is told beside the rules anyway.
    context |= {"refused": said[:1] if context["wrong"] else said, "typed": request.POST if said else {}}
    return render(request, "console/promotions/draft.html", context, status=NOT_DONE if said else 200)


def save(page: Opened, found: Written, body: editing.Body, *, title: str = "", revision: int | None = None) -> Answer:
    """Store another body of a draft; ``revision`` is the one that was looked at."""
    wanted = NewDraft(
        title=title or found.row.title, body=body, number=found.row.number, revision=revision or found.row.revision
    )
    return service.save(page.desk, wanted, by=page.by, now=page.face.now)


def problems_of(page: Opened, body: Mapping[str, object]) -> list[Found]:
    """Return what is wrong with a body, in words."""
    return problems.of_body(body, known=page.desk.known, units=page.desk.units, face=page.face)


def _begin(request: HttpRequest) -> HttpResponse:
    with opened(request) as page:
        title = request.POST.get("title", "").strip()[:MAX_TITLE] or _("New rules")
        number = begin(page, title, empty=request.POST.get("do") == "empty")
    return redirect("console:draft", number)


def begin(page: Opened, title: str, *, empty: bool = False) -> int:
    """Make a draft of the rules in force, or an empty one; return its number."""
    present = page.present
    body = editing.EMPTY if empty or present is None else editing.of_rulebook(present.rulebook)
    done = service.save(page.desk, NewDraft(title=title, body=dict(body)), by=page.by, now=page.face.now)
    if isinstance(done, Refused):
        raise Http404  # a new draft names nothing that could be wrong
    return done.row.number


def _do(request: HttpRequest, number: int, verb: Callable[[Opened, Written], Answer]) -> list[str]:
    """Do something to a draft; return why not, with all reasons, nothing when it is done."""
    with opened(request) as page:
        found = find(page, number)
        done = verb(page, found)
        if isinstance(done, Refused):
            return page.reasons(done, found.body)
        if isinstance(done, str):
            return [done]
        if isinstance(done, StoredRulebook):
            page.say(_published(page, done))
    return []


def _published(page: Opened, book: StoredRulebook) -> str:
    if book.effective_from <= page.face.now:
        return _("Published: version %(version)s holds now.") % {"version": book.version}
    when = page.face.moment(book.effective_from)
    return _("Published: version %(version)s will hold from %(when)s.") % {"version": book.version, "when": when}


def _submit(page: Opened, found: Written) -> Answer:
    return service.submit(page.desk, found.row.number, by=page.by, now=page.face.now)


def _review(page: Opened, found: Written) -> Answer:
    sent = page.request.POST
    comment = sent.get("comment", "").strip()
    agreed = sent.get("do") == "approve"
    if len(comment) > MAX_COMMENT:
        return _("The comment is too long.")
    if not agreed and not comment:
        return _("Say what should change: whoever wrote the draft reads it.")
    revision = sent.get("revision", "")
    word = Review(
        agreed=agreed,
        comment=comment,
        revision=int(revision) if revision.isdecimal() else None,
        above_budget=sent.get("above_budget") == "on",
    )
    return service.review(page.desk, found.row.number, word, by=page.by, now=page.face.now)


def _publish(page: Opened, found: Written) -> Answer:
    at = None
    if page.request.POST.get("when") == "later":
        try:
            naive = datetime.fromisoformat(page.request.POST.get("at", ""))
        except ValueError:
            return _("Say from when it holds: a date and a time.")
        if naive.tzinfo is not None:
            return _("Say from when it holds: a date and a time.")
        at = localtime.localize(naive, page.face.zone)
    agreed = page.request.POST.get("above_budget") == "on"
    return service.publish(page.desk, found.row.number, at=at, above_budget=agreed, by=page.by, now=page.face.now)


def _rename(page: Opened, found: Written) -> Answer:
    title = page.request.POST.get("title", "").strip()
    if not 1 <= len(title) <= MAX_TITLE:
        return _("A title has 1 to %(most)s characters.") % {"most": MAX_TITLE}
    return save(page, found, found.body, title=title, revision=_revision(page))


def _rebase(page: Opened, found: Written) -> Answer:
    last = max((book.version for book in page.books if book.withdrawn_at is None), default=None)
    wanted = NewDraft(title=found.row.title, body=found.body, number=found.row.number, based_on=last)
    return service.save(page.desk, wanted, by=page.by, now=page.face.now)


def _with_rule(change: Callable[[editing.Body, int], editing.Body]) -> Callable[[Opened, Written], Answer]:
    def verb(page: Opened, found: Written) -> Answer:
        position = page.request.POST.get("position", "")
        if not position.isdecimal() or int(position) >= len(editing.rules_of(found.body)):
            raise Http404
        return save(page, found, change(found.body, int(position)), revision=_revision(page))

    return verb


def _revision(page: Opened) -> int | None:
    text = page.request.POST.get("revision", "")
    return int(text) if text.isdecimal() else None


VERBS: Mapping[str, tuple[Permission, Callable[[Opened, Written], Answer]]] = {
    "submit": (Permission.PROMOTIONS_WRITE, _submit),
    "approve": (Permission.PROMOTIONS_APPROVE, _review),
    "reject": (Permission.PROMOTIONS_APPROVE, _review),
    "publish": (Permission.PROMOTIONS_WRITE, _publish),
    "rename": (Permission.PROMOTIONS_WRITE, _rename),
    "rebase": (Permission.PROMOTIONS_WRITE, _rebase),
    "remove": (Permission.PROMOTIONS_WRITE, _with_rule(editing.take)),
    "up": (Permission.PROMOTIONS_WRITE, _with_rule(lambda body, at: editing.move(body, at, -1))),
    "down": (Permission.PROMOTIONS_WRITE, _with_rule(lambda body, at: editing.move(body, at, 1))),
}
"""What the page's forms do, and what a person must be allowed to do for it."""


def _context(page: Opened, found: Written) -> dict[str, object]:
    row = found.row
    teller = Teller(page.naming_of(found.body))
    wrong = problems_of(page, found.body)
    of_rule: dict[int, list[Found]] = {}
    for one in wrong:
        if one.rule is not None:
            of_rule.setdefault(one.rule, []).append(one)
    raw = editing.rules_of(found.body)
    places = sorted(of_rule) if page.request.GET.get("show") == WRONG else range(len(raw))
    shown = part(page.request.GET, places, lambda i: [raw[i].get(name) for name in ("name", "id", "promotion")])
    published = queries.version(page.books, row.version or 0)
    me = hand(page.by)
    return {
        "row": row,
        "author": page.name_of(row.author),
        "editors": [page.name_of(one) for one in row.editors],
        "sender": page.name_of(row.submitted_by),
        "reviewer": page.name_of(row.reviewer),
        "part": shown,
        "rules": [Row(i, teller.raw(raw[i]), of_rule.get(i, [])) for i in shown.items],
        "last": len(raw) - 1,
        "problems": [one for one in wrong if one.rule is None],
        "wrong": len(wrong),
        "whole": whole(found.body, teller),
        "differs": _differs(page, found, teller),
        "present": page.present,
        "published": published,
        "since": page.since(published) if published else "",
        "standing": queries.standing(published, page.books, page.face.now) if published else "",
        "open": row.state is not State.PUBLISHED,
        "own": me in {*row.editors, row.author},
        "outdated": _outdated(page, found),
        "ready": not wrong and (row.state is State.APPROVED or not page.desk.reviewed),
        "reviewed": page.desk.reviewed,
        "zone": page.face.program.timezone,
        "first_moment": page.face.now.astimezone(page.face.zone).strftime("%Y-%m-%dT%H:%M"),
    }


def whole(body: Mapping[str, object], teller: Teller) -> list[str]:
    """Say what holds for all rules, also while some of these cannot be read."""
    book = drafts.read(dict(body))
    if isinstance(book, str):
        book = drafts.read({**body, "rules": []})
    return [] if isinstance(book, str) else teller.whole(book)


def _differs(page: Opened, found: Written, teller: Teller) -> Differences | None:
    """Say what the draft changes of the rules in force; None while it cannot be read."""
    after = drafts.read(found.body)
    if isinstance(after, str) or page.present is None:
        return None
    before = page.present.rulebook
    return differences(before, after, was=page.teller_of(before), now=teller, asked=page.request.GET)


def _outdated(page: Opened, found: Written) -> int | None:
    """Return the version that was published since the draft was begun, if there is one."""
    last = max((book.version for book in page.books if book.withdrawn_at is None), default=0)
    based_on = found.row.based_on
    return last if based_on is not None and based_on < last and found.row.state is not State.PUBLISHED else None


def where(number: int, position: int | None) -> str:
    """Return the address of a draft's page on which the rule at ``position`` stands."""
    address, page = reverse("console:draft", args=[number]), page_of(position or 0)
    return f"{address}?page={page}#rule-{position}" if page > 1 else address


def find(page: Opened, number: int) -> Written:
    """Return a draft; raises ``Http404``."""
    found = drafts.written(page.conn, page.program_id, number)
    if found is None:
        raise Http404
    return found
