"""The builder: one rule of a draft in a form, and what holds for all its rules. The server is the judge."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from verno.console.face import signed_in
from verno.console.promotions import drafts, editing
from verno.console.promotions.forms import describing
from verno.console.promotions.forms.asking import Form
from verno.console.promotions.opening import Opened, opened, refusal
from verno.console.promotions.saying.problems import Found
from verno.console.promotions.saying.telling import Teller, sentences
from verno.kit import db
from verno.promotions.drafts.types import State, Written
from verno.promotions.types import Refusal, Refused
from verno.web import problems as web
from verno.web import wire
from verno.workspace.roles import Permission, may

NOT_TAKEN, CONFLICT = 422, 409
Said = dict[str, object]


@dataclass
class Sheet:
    """One form of the builder: which record of a draft it edits, and what was typed."""

    page: Opened
    found: Written
    position: int | None
    """The rule's place; None for a new one."""
    together: bool = False
    text: str = ""
    """What was typed, as it came."""
    refused: str = ""
    status: int = 200
    wrong: Sequence[Found] = ()

    @property
    def address(self) -> str:
        """Where the form is sent."""
        number = self.found.row.number
        if self.together:
            return reverse("console:together", args=[number])
        if self.position is None:
            return reverse("console:new-rule", args=[number])
        return reverse("console:rule", args=[number, self.position])

    @property
    def back(self) -> str:
        """Where the draft's page has the rule: a new one stands behind all others."""
        position = 0 if self.together else self.position
        count = len(editing.rules_of(self.found.body))
        return drafts.where(self.found.row.number, count if position is None else position)

    def stored(self) -> Said:
        """Return the record as the draft has it."""
        if self.together:
            return {name: self.found.body[name] for name in editing.TOGETHER if name in self.found.body}
        if self.position is None:
            return dict(editing.NEW)
        return editing.rules_of(self.found.body)[self.position]

    def body_with(self, said: Mapping[str, object]) -> editing.Body:
        """Return the draft's body with what was typed in it."""
        if self.together:
            return editing.together(self.found.body, said)
        return editing.put(self.found.body, self.position, said)

    def problems_with(self, said: Mapping[str, object]) -> list[Found]:
        """Return what is wrong with this record, had the draft what was typed."""
        body = self.body_with(said)
        wanted = None if self.together else self.position
        if wanted is None and not self.together:
            wanted = len(editing.rules_of(body)) - 1
        return [one for one in drafts.problems_of(self.page, body) if one.rule == wanted]

    def words_of(self, said: Mapping[str, object]) -> list[str]:
        """Return the record in words."""
        body = self.body_with(said)
        teller = Teller(self.page.naming_of(body))
        if self.together:
            return drafts.whole(body, teller) or [_("Nothing: every rule acts for itself.")]
        return sentences(teller.raw(dict(said)))


@require_http_methods(["GET", "HEAD", "POST"])
def rule(request: HttpRequest, number: int, position: int | None = None) -> HttpResponse:
    """Show one rule in a form, or a new one; store what was typed."""
    return _answer(request, number, position, together=False)


@require_http_methods(["GET", "HEAD", "POST"])
def together(request: HttpRequest, number: int) -> HttpResponse:
    """Show what holds for all rules of a draft in a form; store what was typed."""
    return _answer(request, number, None, together=True)


@require_POST
def check(request: HttpRequest, number: int) -> HttpResponse:
    """Say what is wrong with what is typed right now, and say it in words. Nothing is stored."""
    with opened(request) as page:
        sheet = _sheet(
            page, number, _number(request.POST.get("position", "")), together=request.POST.get("form") == "together"
        )
        said = _read(request.POST.get("record", ""))
        if said is None:
            raise Http404
        answer = {
            "problems": [{"path": one.path, "text": one.text} for one in sheet.problems_with(said)],
            "words": sheet.words_of(said),
        }
    return HttpResponse(json.dumps(answer, ensure_ascii=False), content_type="application/json")


def _answer(request: HttpRequest, number: int, position: int | None, *, together: bool) -> HttpResponse:
    if request.method == "POST" and not may(signed_in(request), Permission.PROMOTIONS_WRITE):
        return render(request, "403.html", {"way_on": True}, status=403)

    def work() -> HttpResponse:
        with opened(request) as page:
            sheet = _sheet(page, number, position, together=together)
            if request.method == "POST" and _store(sheet):
                return redirect(sheet.back)
            return render(request, "console/promotions/builder.html", _context(sheet), status=sheet.status)

    return db.retrying(work)


def _sheet(page: Opened, number: int, position: int | None, *, together: bool) -> Sheet:
    found = drafts.find(page, number)
    if position is not None and position >= len(editing.rules_of(found.body)):
        if page.request.method != "POST":
            raise Http404
        position = None  # taken out meanwhile: what was typed is a new rule
    return Sheet(page, found, position, together)


def _store(sheet: Sheet) -> bool:
    """Store what was typed; False when it was not, with everything kept in the sheet."""
    sent = sheet.page.request.POST
    sheet.text = sent.get("record", "")
    said = _read(sheet.text)
    if said is None:
        sheet.status, sheet.refused = NOT_TAKEN, _("This cannot be read: it must be one JSON object.")
        return False
    revision = _number(sent.get("revision", ""))
    if revision not in (None, sheet.found.row.revision):
        return _lost(sheet, Refused(Refusal.CHANGED_SINCE))
    sheet.wrong = sheet.problems_with(said)
    if sheet.wrong and sent.get("do") != "anyway":
        sheet.status = NOT_TAKEN
        return False
    done = drafts.save(sheet.page, sheet.found, sheet.body_with(said), revision=revision)
    return _lost(sheet, done) if isinstance(done, Refused) else True


def _lost(sheet: Sheet, refused: Refused) -> bool:
    """Say why nothing was stored; of a changed draft, go on with the rule the form is about, wherever it stands now."""
    sheet.status, sheet.refused = CONFLICT, refusal(refused)
    was = sheet.page.request.POST.get("was", "")
    if refused.reason is Refusal.CHANGED_SINCE and was and not sheet.together:
        ids = [str(one.get("id")) for one in editing.rules_of(sheet.found.body)]
        sheet.position = ids.index(was) if was in ids else None
    return False


def _read(text: str) -> Said | None:
    try:
        value = wire.decode(text.encode("utf-8", "surrogatepass"))
    except web.Refused:
        return None
    return value if isinstance(value, dict) else None


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) <= drafts.DIGITS else None


def _context(sheet: Sheet) -> dict[str, object]:
    page, stored = sheet.page, sheet.stored()
    said = _read(sheet.text) if sheet.text else stored
    naming = page.naming_of(sheet.found.body)
    form: Form = describing.together_form(naming) if sheet.together else describing.rule_form(naming)
    problems = sheet.wrong or ([] if said is None or _is_new(sheet) else sheet.problems_with(said))
    return page.context("drafts") | {
        "row": sheet.found.row,
        "together": sheet.together,
        "position": "" if sheet.position is None else sheet.position,
        "was": stored.get("id", ""),
        "title": stored.get("name") or stored.get("id") or "",
        "address": sheet.address,
        "back": sheet.back,
        "record": sheet.text or json.dumps(stored, ensure_ascii=False),
        "form": msgspec.json.encode(form).decode(),
        "problems": json.dumps([{"path": one.path, "text": one.text} for one in problems], ensure_ascii=False),
        "wrong": problems,
        "told": sheet.words_of(said) if said is not None else [],
        "refused": sheet.refused,
        "anyway": bool(sheet.wrong),
        "open": sheet.found.row.state is not State.PUBLISHED,
    }


def _is_new(sheet: Sheet) -> bool:
    return sheet.position is None and not sheet.together and not sheet.text
