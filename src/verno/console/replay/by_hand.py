"""One receipt by hand: a stored or a typed one, judged by two rulebooks side by side, rule by rule."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from verno.console.face import Face, face_of, note_reading, sees_personal
from verno.console.promotions.parting import part
from verno.console.promotions.saying.problems import retold
from verno.console.replay.pages import drafts_to_try
from verno.console.replay.receipt_form import ReceiptForm, SearchForm
from verno.intake import context as intake
from verno.intake.context import Context
from verno.intake.sums.kept import in_words
from verno.intake.types import Refused
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.members import masking
from verno.members import queries as members
from verno.members.types import Member
from verno.predicate.types import Language
from verno.promotions import queries as promotions
from verno.promotions.drafts import queries as drafts
from verno.promotions.types import NotPublished, StoredRulebook
from verno.replay import trying
from verno.replay.runs import queries as runs
from verno.replay.trying import Chosen
from verno.replay.types import LineTold, RuleTold, Waterfall
from verno.rules.types import Rulebook
from verno.workspace import queries as workspace

CURRENT = "current"
DRAFT, VERSION, RUN = "draft-", "version-", "run-"


Judge = Callable[[Chosen, str], Waterfall | None]
Row = tuple[str, list[RuleTold | None]]
"""A rule's name, and what became of it on either side."""


class Column(NamedTuple):
    """One of the two rulebooks: what it is called, and what it makes of the receipt, or why it cannot be asked."""

    title: str
    waterfall: Waterfall | None = None
    problems: Sequence[str] = ()


@require_http_methods(["GET", "HEAD", "POST"])
def receipt(request: HttpRequest) -> HttpResponse:
    """Show the form and, once a receipt is named or typed, what both rulebooks make of it. Nothing is written."""
    with db.transaction() as conn:
        face = face_of(request, conn, clock.now())
        about = intake.of(conn, face.program.id)
        asked = request.POST if request.method == "POST" else request.GET
        books = _choices(conn, face, about, asked.get("draft", ""))
        stores = workspace.stores(conn, face.program.id)
        first, named = _first(books), asked.get("receipt")
        search = SearchForm({**first, **asked.dict()} if named else None, stores=stores, books=books, initial=first)
        sent = request.POST if request.method == "POST" else None
        typed = ReceiptForm(sent, face=face, stores=stores, books=books, initial=first, auto_id="typed_%s")
        context: dict[str, object] = {"face": face, "search": search, "typed": typed}
        if request.method == "POST":
            context |= _typed(request, conn, face, about, typed)
        elif search.is_bound and search.is_valid():
            context |= _stored(request, conn, face, about, search)
    wrong = request.method == "POST" and "columns" not in context
    return render(request, "console/replay/receipt.html", context, status=422 if wrong else 200)


def _choices(conn: Connection, face: Face, about: Context, asked: str) -> list[tuple[str, str]]:
    """Return the rulebooks there are to choose from: what holds, drafts, earlier versions; and a replay's, if asked."""
    found = [(CURRENT, _("what holds now"))]
    found += [(f"{DRAFT}{row.number}", f"№ {row.number} · {row.title}") for row in drafts_to_try(conn, face)]
    found += [(f"{VERSION}{book.version}", _book_name(book)) for book in about.rulebooks if book.withdrawn_at is None]
    if asked.startswith(RUN):
        run = runs.run(conn, face.program.id, asked.removeprefix(RUN), now=face.now)
        if run is not None:
            found.append((asked, _("as replayed: %(title)s") % {"title": run.title}))
    return found


def _book_name(book: StoredRulebook) -> str:
    name = _("version %(number)s") % {"number": book.version}
    return f"{name} · {book.title}" if book.title else name


def _first(books: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return what is chosen at first: what holds, and the newest draft."""
    return {"current": CURRENT, "draft": next((code for code, _name in books if code.startswith(DRAFT)), CURRENT)}


def _stored(request: HttpRequest, conn: Connection, face: Face, about: Context, form: SearchForm) -> dict[str, object]:
    """Judge the receipt that is named; several of one number are there to choose from."""
    data = form.cleaned_data
    found = trying.named(conn, face.program.id, data["receipt"], place=data["place"] or None)
    if len(found) != 1:
        if not found:
            form.add_error("receipt", _("There is no such receipt."))
        return {"found": found}

    named, closed = found[0], _closed(conn, face, data["draft"], found[0].id)

    def judge(book: Chosen, code: str) -> Waterfall | None:
        # Read for each anew: to judge one changes its lines.
        past = trying.stored(conn, about, named.id, now=face.now)
        if past is None:
            return None
        return trying.of_stored(past, book, _language(face), closed=closed if code.startswith(RUN) else ())

    shown = _columns(request, conn, face, about, data, judge)
    return shown | {"named": named, "search": form.of(named)}


def _typed(request: HttpRequest, conn: Connection, face: Face, about: Context, form: ReceiptForm) -> dict[str, object]:
    """Judge what was typed, as a till's quote."""
    if not form.is_valid():
        return {}
    text, member = form.cleaned_data["member"], None
    if text:
        who = members.search(conn, face.program.id, text, names=False)
        if len(who) != 1:
            form.add_error("member", _("Nobody is found by that, or more than one."))
            return {}
        member = who[0].id
    made, refused = form.receipt(member), list[Refused]()

    def judge(book: Chosen, _code: str) -> Waterfall | None:
        done = trying.typed(conn, made, book, _language(face), now=face.now)
        if isinstance(done, Refused):
            refused.append(done)
            return None
        return done

    columns = _columns(request, conn, face, about, form.cleaned_data, judge)
    if refused:
        form.tell(refused[0])
        return {}
    return columns


def _columns(
    request: HttpRequest,
    conn: Connection,
    face: Face,
    about: Context,
    data: Mapping[str, str],
    judge: Judge,
) -> dict[str, object]:
    names = dict(_choices(conn, face, about, data["draft"]))
    columns = []
    for code in (data["current"], data["draft"]):
        book = _book(conn, face, about, code)
        if isinstance(book, Chosen):
            columns.append(Column(names[code], judge(book, code)))
        else:
            columns.append(Column(names[code], problems=book))
    first = next((one.waterfall for one in columns if one.waterfall is not None), None)
    return {
        "columns": columns,
        "first": first,
        "member": _member(request, conn, face, first),
        "part": part(request.POST if request.method == "POST" else request.GET, _rows(columns), _found_by),
        "lines": _lines(columns),
    }


def _closed(conn: Connection, face: Face, code: str, receipt_id: str) -> tuple[str, ...]:
    """Return the rules that had no room for a receipt in the replay that led here."""
    report = runs.report(conn, face.program.id, code.removeprefix(RUN)) if code.startswith(RUN) else None
    return next((one.closed for one in report.biggest if one.id == receipt_id), ()) if report is not None else ()


def _book(conn: Connection, face: Face, about: Context, code: str) -> Chosen | list[str]:
    """Return the rulebook of a choice, ready, or in words why it cannot be asked."""
    if code.startswith(DRAFT):
        found = drafts.written(conn, face.program.id, int(code.removeprefix(DRAFT)))
        return _ready(about, {} if found is None else found.body, face)
    if code.startswith(RUN):
        return _ready(about, runs.body(conn, face.program.id, code.removeprefix(RUN)), face)
    if code.startswith(VERSION):
        book = promotions.version(about.rulebooks, int(code.removeprefix(VERSION)))
    else:
        book = promotions.at(about.rulebooks, face.now)
    rules, id_ = (Rulebook(()), trying.BY_HAND) if book is None else (book.rulebook, book.id)
    return _asked(trying.chosen(about, rules, id_=id_, now=face.now), {}, face)


def _ready(about: Context, body: object, face: Face) -> Chosen | list[str]:
    read = drafts.read(body)
    found = NotPublished((read,)) if isinstance(read, str) else trying.chosen(about, read, now=face.now)
    return _asked(found, body, face)


def _asked(found: Chosen | NotPublished, body: object, face: Face) -> Chosen | list[str]:
    return retold(found.reasons, body, face) if isinstance(found, NotPublished) else found


def _found_by(row: Row) -> Sequence[str]:
    name, sides = row
    return [name, *(one.rule for one in sides if one is not None)]


def _rows(columns: Sequence[Column]) -> list[Row]:
    """Return the rules of both sides, each rule in one row: those that act, then the others.

    Of either, those of the first in its order, then the second's own.
    """
    sides = [{} if one.waterfall is None else {rule.rule: rule for rule in one.waterfall.rules} for one in columns]
    ids = dict.fromkeys(id_ for side in sides for id_ in side)
    rows = []
    for id_ in ids:
        both = [side.get(id_) for side in sides]
        rows.append((next((one.name for one in both if one is not None and one.name), id_), both))
    return sorted(rows, key=lambda row: not any(one is not None and one.acts for one in row[1]))


def _lines(columns: Sequence[Column]) -> list[tuple[LineTold, str, list[tuple[LineTold, int]]]]:
    """Return the lines, each with its quantity, and as either side has it with what points pay there of all lines."""
    found = [one.waterfall for one in columns if one.waterfall is not None]
    return [
        (lines[0], in_words(lines[0].quantity), [(line, one.by_points) for line, one in zip(lines, found, strict=True)])
        for lines in zip(*[one.lines for one in found], strict=True)
    ]


def _member(request: HttpRequest, conn: Connection, face: Face, found: Waterfall | None) -> Member | None:
    """Return the receipt's member as the reader may see them."""
    if found is None or found.member is None:
        return None
    member = members.members(conn, face.program.id, [found.member]).get(found.member)
    if member is None:
        return None
    note_reading(request, conn, face.program.id, [member])
    return member if sees_personal(request) else masking.masked(member)


def _language(face: Face) -> Language:
    return Language(face.locale, gettext, ngettext, face.zone)
