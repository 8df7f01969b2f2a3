"""The rulebook in force and its versions: read, paused, taken back, rolled back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods
from msgspec.structs import replace

from verno.console.face import signed_in
from verno.console.promotions import editing
from verno.console.promotions.opening import Opened, opened
from verno.console.promotions.parting import part
from verno.console.promotions.saying.differences import Differences, differences
from verno.console.promotions.saying.telling import Teller, Told
from verno.kit import db
from verno.promotions import queries, service
from verno.promotions.budgets import queries as budgets
from verno.promotions.differing import difference
from verno.promotions.types import BudgetState, Pause, Paused, Refused, Standing, StoredRulebook
from verno.rules.types import Rule, Rulebook
from verno.workspace.roles import Permission, may

SHOWN = 10
"""Versions of a page."""
WHOLE = 100
MARKS = (50, 80, 100)

Done = str | Refused


@dataclass(frozen=True)
class Bar:
    """How a budget stands: figures in words, and per cent for the bar."""

    text: str
    used: str
    held: str
    most: str
    used_percent: int
    held_percent: int
    held_at: int
    told: int
    each_member: bool
    full: int


@dataclass(frozen=True)
class Row:
    """A rule of the rulebook in force."""

    told: Told
    bars: list[Bar]
    pause: Pause | None
    by_promotion: bool
    """Paused with all of its promotion, not alone."""
    paused_by: str = ""


@dataclass(frozen=True)
class Version:
    """A version as the list shows it; ``change`` says in a few words what differs from the one before."""

    book: StoredRulebook
    standing: Standing
    change: str
    since: str


@require_http_methods(["GET", "HEAD", "POST"])
def promotions(request: HttpRequest) -> HttpResponse:
    """Show the rules in force with their budgets, what is scheduled and all versions; pause, and let act again."""
    if request.method == "POST":
        return _changing(request, "console:promotions")
    with opened(request) as page:
        present = page.present
        rules = part(request.GET, present.rulebook.rules if present else (), names_of)
        shown = page.books if request.GET.get("versions") == "all" else page.books[:SHOWN]
        context = page.context("promotions") | {
            "present": present,
            "since": page.since(present) if present else "",
            "part": rules,
            "rows": _rows(page, present.rulebook, rules.items) if present else [],
            "whole": page.teller_of(present.rulebook).whole(present.rulebook) if present else [],
            "versions": [_version(page, book) for book in shown],
            "scheduled": [
                (one, page.since(one))
                for one in page.books
                if queries.standing(one, page.books, page.face.now) is Standing.SCHEDULED
            ],
            "more": len(page.books) > len(shown),
            "stopped": _stopped(page, present.rulebook if present else Rulebook(())),
        }
    return render(request, "console/promotions/promotions.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def version(request: HttpRequest, number: int) -> HttpResponse:
    """Show a version's rules and what it changed; take it back before it holds, or make it hold again."""
    if request.method == "POST":
        return _changing(request, "console:promotions", number)
    with opened(request) as page:
        book = queries.version(page.books, number)
        if book is None:
            raise Http404
        teller = page.teller_of(book.rulebook)
        rules = part(request.GET, book.rulebook.rules, names_of)
        standing = queries.standing(book, page.books, page.face.now)
        context = page.context("promotions") | {
            "book": book,
            "since": page.since(book),
            "standing": standing,
            "part": rules,
            "rules": [teller.rule(rule) for rule in rules.items],
            "whole": teller.whole(book.rulebook),
            "before": _before(page, book),
            "differs": _differs(page, book, teller),
        }
    return render(request, "console/promotions/version.html", context)


def _changing(request: HttpRequest, back: str, number: int = 0) -> HttpResponse:
    """Do what a form of these pages asks, and go back with the answer in words."""
    verb = VERBS.get(request.POST.get("do", ""))
    if verb is None:
        raise Http404
    if not may(signed_in(request), Permission.PROMOTIONS_WRITE):
        return render(request, "403.html", {"way_on": True}, status=403)

    def work() -> None:
        with opened(request) as page:
            done = verb(page, number)
            page.say(*(_reasons(page, done, number) if isinstance(done, Refused) else [done]))

    db.retrying(work)
    query = request.GET.urlencode()  # the page that the rule is on
    return redirect(f"{reverse(back)}?{query}" if query and not number else back)


def _reasons(page: Opened, refused: Refused, number: int) -> list[str]:
    book = queries.version(page.books, number)
    return page.reasons(refused, {} if book is None else editing.of_rulebook(book.rulebook))


def _pause(page: Opened, _number: int) -> Done:
    kind, code = _meant(page.request)
    done = service.pause(page.conn, page.program_id, kind, code, by=page.by, now=page.face.now)
    return done if isinstance(done, Refused) else _("Stopped: within two seconds no till lets it act.")


def _resume(page: Opened, _number: int) -> Done:
    kind, code = _meant(page.request)
    service.resume(page.conn, page.program_id, kind, code, by=page.by, now=page.face.now)
    return _("It acts again.")


def _withdraw(page: Opened, number: int) -> Done:
    done = service.withdraw(page.conn, page.program_id, number, by=page.by, now=page.face.now)
    return (
        done if isinstance(done, Refused) else _("Taken back: version %(number)s will not hold.") % {"number": number}
    )


def _roll_back(page: Opened, number: int) -> Done:
    done = service.roll_back(
        *(page.conn, page.program_id, number),
        units=page.desk.units,
        known=page.desk.known,
        by=page.by,
        now=page.face.now,
    )
    if isinstance(done, Refused):
        return done
    return _("The rules of version %(old)s hold again, as version %(new)s.") % {"old": number, "new": done.version}


VERBS: Mapping[str, Callable[[Opened, int], Done]] = {
    "pause": _pause,
    "resume": _resume,
    "withdraw": _withdraw,
    "roll-back": _roll_back,
}
"""What the pages' forms do."""


def _meant(request: HttpRequest) -> tuple[Paused, str]:
    kind = request.POST.get("kind", "")
    if kind not in set(Paused):
        raise Http404
    return Paused(kind), request.POST.get("code", "")


def names_of(rule: Rule) -> tuple[str, str, str]:
    """Return what a rule is found by."""
    return rule.name, rule.id, rule.promotion or ""


def _rows(page: Opened, book: Rulebook, rules: Sequence[Rule]) -> list[Row]:
    """Return those of a rulebook's rules that are shown."""
    teller = page.teller_of(book)
    zone = page.face.program.timezone
    shown = replace(book, rules=tuple(rules))
    states = budgets.states(page.conn, page.program_id, shown, zone=zone, now=page.face.now)
    pauses = {(one.kind, one.code): one for one in queries.pauses(page.conn, page.program_id)}
    of_rule: dict[str, list[Bar]] = {}
    for state in states:
        of_rule.setdefault(state.rule, []).append(_bar(teller, state))
    rows = []
    for rule in rules:
        alone = pauses.get((Paused.RULE, rule.id))
        pause = alone or pauses.get((Paused.PROMOTION, rule.promotion or ""))
        rows.append(
            Row(
                teller.rule(rule),
                of_rule.get(rule.id, []),
                pause,
                alone is None,
                page.name_of(pause.by) if pause else "",
            )
        )
    return rows


def _stopped(page: Opened, book: Rulebook) -> list[tuple[Pause, str]]:
    """Return pauses of promotions, and of rules that are in no rulebook that holds."""
    ids = {rule.id for rule in book.rules}
    found = queries.pauses(page.conn, page.program_id)
    return [(one, page.name_of(one.by)) for one in found if one.kind is Paused.PROMOTION or one.code not in ids]


def _bar(teller: Teller, state: BudgetState) -> Bar:
    budget, total = state.budget, state.used + state.held

    def percent(value: int) -> int:
        return min(WHOLE, value * WHOLE // budget.most)

    # Of a budget for each member the sum of all says nothing about any.
    marks = [] if budget.each_member else [mark for mark in MARKS if percent(total) >= mark]
    return Bar(
        teller.budget(budget),
        *(teller.counted(budget, state.used), teller.counted(budget, state.held), teller.counted(budget, budget.most)),
        *(percent(state.used), percent(total) - percent(state.used), percent(state.used)),
        max(marks, default=0),
        each_member=budget.each_member,
        full=state.full,
    )


def _version(page: Opened, book: StoredRulebook) -> Version:
    before = _before(page, book)
    return Version(
        book,
        queries.standing(book, page.books, page.face.now),
        _("the first rules") if before is None else _in_short(before.rulebook, book.rulebook),
        page.since(book),
    )


def _in_short(before: Rulebook, after: Rulebook) -> str:
    found = difference(before, after)
    added, changed, removed = len(found.added), len(found.changed), len(found.removed)
    said = (
        (added, ngettext("%(n)s rule added", "%(n)s rules added", added)),
        (changed, ngettext("%(n)s rule changed", "%(n)s rules changed", changed)),
        (removed, ngettext("%(n)s rule removed", "%(n)s rules removed", removed)),
        (len(found.whole), _("what holds for all rules")),
        (int(found.reordered), _("the order")),
    )
    return ", ".join(text % {"n": n} for n, text in said if n) or _("nothing but what points are worth")


def _before(page: Opened, book: StoredRulebook) -> StoredRulebook | None:
    """Return the version that was published before this one."""
    earlier = [one for one in page.books if one.version < book.version]
    return max(earlier, key=lambda one: one.version, default=None)


def _differs(page: Opened, book: StoredRulebook, teller: Teller) -> Differences | None:
    before = _before(page, book)
    if before is None:
        return None
    return differences(
        before.rulebook, book.rulebook, was=page.teller_of(before.rulebook), now=teller, asked=page.request.GET
    )
