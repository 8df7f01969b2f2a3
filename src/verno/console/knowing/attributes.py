"""Attributes of members: declared by hand or by an industry's pack, changed, archived."""

from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from verno.console import words
from verno.console.face import Face, actor, face_of, signed_in
from verno.console.member_page import SYNTHETIC
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.members.attributes import registry
from verno.members.attributes.packs import packs
from verno.members.attributes.types import (
    LANGUAGES,
    LONGEST_NAME,
    LONGEST_QUESTION,
    Attribute,
    Choice,
    NotKept,
    Pack,
)
from verno.members.types import AttributeKind
from verno.workspace.roles import Permission, may

LONGEST_CHOICES = 20_000
TEXT = forms.TextInput({"class": "form-control", "autocomplete": "off"})
CHECK = forms.CheckboxInput({"class": "form-check-input"})

WRONG = {
    "name": _("Small Latin letters, digits and “_”, a letter first."),
    "choices": _("A line each: a code of small Latin letters, then its name. Each code once, at least one."),
    "kind": _("An attribute's type never changes."),
}


class AttributeForm(forms.Form):
    """An attribute as it shall be."""

    name = forms.CharField(
        label=_("Code"), max_length=60, widget=TEXT, help_text=_("For your systems, such as “pet_name”.")
    )
    kind = forms.ChoiceField(label=_("Type"), widget=forms.Select({"class": "form-select"}))
    name_ru = forms.CharField(label=_("Name in Russian"), max_length=LONGEST_NAME, required=False, widget=TEXT)
    name_en = forms.CharField(label=_("Name in English"), max_length=LONGEST_NAME, required=False, widget=TEXT)
    question_ru = forms.CharField(
        label=_("Question in Russian"), max_length=LONGEST_QUESTION, required=False, widget=TEXT
    )
    question_en = forms.CharField(
        label=_("Question in English"), max_length=LONGEST_QUESTION, required=False, widget=TEXT
    )
    choices = forms.CharField(
        label=_("Choices"),
        max_length=LONGEST_CHOICES,
        required=False,
        widget=forms.Textarea({"class": "form-control", "rows": 5, "spellcheck": "false"}),
        help_text=_("A line each: code = name in Russian | name in English."),
    )
    sensitive = forms.BooleanField(
        label=_("Special category (health and the like): never in messages and conditions"),
        required=False,
        widget=CHECK,
    )
    archived = forms.BooleanField(label=_("Archived: offered no more"), required=False, widget=CHECK)

    def __init__(self, *args: Any, known: Attribute | None = None, **kwargs: Any) -> None:  # noqa: ANN401 Django's
        """Take the attribute that is changed, if one is."""
        super().__init__(*args, **kwargs)
        self.initial = _initial(known)
        choices = [(one.value, words.say("attribute_kind", one)) for one in AttributeKind]
        self.fields["kind"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField
        self.known = known
        if known is not None:
            self.fields["name"].disabled = self.fields["kind"].disabled = True
            self.fields["name"].max_length = None  # type: ignore[attr-defined]  # a CharField
            self.fields["name"].validators = []

    def attribute(self, face: Face) -> Attribute:
        """Return what was stated."""
        data, known = self.cleaned_data, self.known
        old = (known.names, known.questions) if known else ({}, {})
        before = known.archived_at if known else None
        return Attribute(
            data["name"],
            AttributeKind(data["kind"]),
            _by_language(old[0], data, "name"),
            _by_language(old[1], data, "question"),
            _choices(data["choices"], known) or None,
            known.pack if known else None,
            data["sensitive"],
            (before or face.now) if data["archived"] else None,
        )


@require_http_methods(["GET", "HEAD", "POST"])
def listed(request: HttpRequest) -> HttpResponse:
    """Show the attributes with how many members have each; who may declare one does so here."""
    return _page(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
def attribute(request: HttpRequest, name: str) -> HttpResponse:
    """Show one attribute to be changed."""
    return _page(request, name)


@require_http_methods(["GET", "HEAD", "POST"])
def offered(request: HttpRequest) -> HttpResponse:
    """Show the packs; who may declare attributes takes one here."""
    changes = may(signed_in(request), Permission.TOPICS_WRITE)
    if request.method == "POST" and not changes:
        return render(request, "403.html", {"way_on": True}, status=403)
    done = None
    with db.transaction() as conn:
        face = face_of(request, conn, clock.now())
        if request.method == "POST":
            pack = packs().get(request.POST.get("pack", ""))
            if pack is None:
                raise Http404
            done = registry.install(conn, face.program.id, pack, now=face.now, by=actor(request))
        known = registry.attributes(conn, face.program.id)
    context = {
        "face": face,
        "packs": [_offer(face, pack, known) for pack in packs().values()],
        "changes": changes,
        "done": done,
        "refused": isinstance(done, NotKept),
        "tab": "packs",
    }
    return render(request, "console/knowing/packs.html", context, status=422 if isinstance(done, NotKept) else 200)


def _offer(face: Face, pack: Pack, known: dict[str, Attribute]) -> dict[str, object]:
    language = face.locale[:2]
    own = {one.name: one for one in pack.attributes}
    return {
        "code": pack.code,
        "name": pack.names.get(language) or pack.names["en"],
        "attributes": [(registry.label(own, name, language), one) for name, one in own.items()],
        "taken": all(name in known for name in own),
    }


def _page(request: HttpRequest, name: str | None) -> HttpResponse:
    changes = may(signed_in(request), Permission.TOPICS_WRITE)
    if request.method == "POST" and not changes:
        return render(request, "403.html", {"way_on": True}, status=403)
    with db.transaction() as conn:
        face = face_of(request, conn, clock.now())
        found = registry.attributes(conn, face.program.id)
        known = found.get(name) if name is not None else None
        if name is not None and known is None:
            raise Http404
        form = AttributeForm(request.POST if request.method == "POST" else None, known=known)
        if form.is_bound and form.is_valid() and _put(request, conn, face, form):
            return redirect("console:attributes")
        uses = registry.uses(conn, face.program.id)
    language = face.locale[:2]
    shown = [
        (registry.label(found, one.name, language), one, uses.get(one.name, 0))
        for one in found.values()
        if one.name != SYNTHETIC
    ]
    context = {
        "face": face,
        "attributes": sorted(shown, key=lambda row: (row[1].archived_at is not None, row[0].casefold())),
        "form": form,
        "known": known,
        "changes": changes,
        "tab": "attributes",
    }
    return render(request, "console/knowing/attributes.html", context, status=422 if form.is_bound else 200)


def _put(request: HttpRequest, conn: Connection, face: Face, form: AttributeForm) -> bool:
    wanted = form.attribute(face)
    done = registry.put(conn, face.program.id, wanted, now=face.now, by=actor(request), fresh=form.known is None)
    if not isinstance(done, NotKept):
        return True
    field = done.field.replace("names.", "name_").replace("questions.", "question_").partition(".")[0]
    if done.field == "name" and wanted.name in registry.attributes(conn, face.program.id):
        form.add_error("name", str(_("There is an attribute of this code.")))
    else:
        form.add_error(field if field in form.fields else None, str(WRONG.get(field, done.detail)))
    return False


def _choices(text: str, known: Attribute | None) -> tuple[Choice, ...]:
    """Read choices, a line each; names in languages that the form does not know stay."""
    before = {one.code: one.names for one in (known and known.choices) or ()}
    found = []
    for line in filter(None, map(str.strip, text.splitlines())):
        code, _sign, names = (part.strip() for part in line.partition("="))
        russian, _bar, english = (part.strip() for part in names.partition("|"))
        others = {language: name for language, name in before.get(code, {}).items() if language not in LANGUAGES}
        spoken = {"ru": russian, "en": english}
        found.append(Choice(code, others | {language: name for language, name in spoken.items() if name}))
    return tuple(found)


def _initial(known: Attribute | None) -> dict[str, object]:
    if known is None:
        return {"kind": AttributeKind.TEXT.value}
    lines = [f"{one.code} = {one.names.get('ru', '')} | {one.names.get('en', '')}" for one in known.choices or ()]
    return {
        "name": known.name,
        "kind": known.kind.value,
        "choices": "\n".join(lines),
        "sensitive": known.sensitive,
        "archived": known.archived_at is not None,
        **{f"name_{code}": known.names.get(code, "") for code in LANGUAGES},
        **{f"question_{code}": known.questions.get(code, "") for code in LANGUAGES},
    }


def _by_language(before: dict[str, str], data: dict[str, Any], what: str) -> dict[str, str]:
    """Return texts by language: those of the form in place of what was there, other languages as they were."""
    others = {code: text for code, text in before.items() if code not in LANGUAGES}
    return others | {code: data[f"{what}_{code}"] for code in LANGUAGES if data[f"{what}_{code}"]}
