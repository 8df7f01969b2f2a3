"""What the program writes about, and the texts that members are shown when they are asked."""

from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from verno.console import words
from verno.console.face import Face, actor, face_of, signed_in
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.members import queries
from verno.members.consent import texts, topics
from verno.members.consent.texts import NotPublished
from verno.members.consent.topics import CLASSES, NotKept
from verno.members.types import Purpose, Topic
from verno.workspace.roles import Permission, may

LANGUAGES = ("ru", "en")
TEXT = forms.TextInput({"class": "form-control", "autocomplete": "off"})
AREA = forms.Textarea({"class": "form-control", "rows": 5})
CHECK = forms.CheckboxInput({"class": "form-check-input"})

TOPIC_WRONG = {
    "class_name": _("A topic's class never changes."),
    "is_default": _("Advertising is never ticked beforehand."),
    "code": _("Small Latin letters, digits and hyphens."),
    "min_age": _("Only advertising and news of the program ask for an age."),
}


class TopicForm(forms.Form):
    """A topic as it shall be."""

    code = forms.CharField(
        label=_("Code"), max_length=60, widget=TEXT, help_text=_("For your systems, such as “news”.")
    )
    class_name = forms.ChoiceField(label=_("What it is"), widget=forms.Select({"class": "form-select"}))
    name_ru = forms.CharField(label=_("Name in Russian"), max_length=topics.LONGEST_NAME, required=False, widget=TEXT)
    name_en = forms.CharField(label=_("Name in English"), max_length=topics.LONGEST_NAME, required=False, widget=TEXT)
    description_ru = forms.CharField(
        label=_("Description in Russian"), max_length=topics.LONGEST_DESCRIPTION, required=False, widget=TEXT
    )
    description_en = forms.CharField(
        label=_("Description in English"), max_length=topics.LONGEST_DESCRIPTION, required=False, widget=TEXT
    )
    double_opt_in = forms.BooleanField(
        label=_("Wait until the address is confirmed (advertising by e-mail and phone)"), required=False, widget=CHECK
    )
    is_default = forms.BooleanField(
        label=_("Forms may offer it ticked (never advertising)"), required=False, widget=CHECK
    )
    min_age = forms.IntegerField(
        label=_("From what age"),
        min_value=topics.YOUNGEST,
        max_value=topics.OLDEST,
        required=False,
        widget=forms.NumberInput({"class": "form-control", "inputmode": "numeric"}),
        help_text=_("Such as 18 for alcohol. It is not sent to members whose birth date is unknown. Empty: everybody."),
    )
    archived = forms.BooleanField(label=_("Archived: offered no more"), required=False, widget=CHECK)

    def __init__(self, *args: Any, known: Topic | None = None, **kwargs: Any) -> None:  # noqa: ANN401 Django's
        """Take the topic that is changed, if one is."""
        super().__init__(*args, **kwargs)
        self.initial = _initial(known)
        choices = [(one, words.say("topic_class", one)) for one in CLASSES]
        self.fields["class_name"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField
        self.known = known
        if known is not None:
            self.fields["code"].disabled = self.fields["class_name"].disabled = True

    def topic(self, face: Face) -> Topic:
        """Return what was stated."""
        data = self.cleaned_data
        before = self.known.archived_at if self.known else None
        old = (self.known.names, self.known.descriptions) if self.known else ({}, {})
        return Topic(
            data["code"],
            data["class_name"],
            _by_language(old[0], data, "name"),
            _by_language(old[1], data, "description"),
            data["is_default"],
            data["double_opt_in"],
            (before or face.now) if data["archived"] else None,
            data["min_age"],
        )


class TextForm(forms.Form):
    """The next version of a text."""

    text_id = forms.CharField(
        label=_("Code"), max_length=60, widget=TEXT, help_text=_("The same code again publishes the next version.")
    )
    purpose = forms.ChoiceField(label=_("What it asks for"), widget=forms.Select({"class": "form-select"}))
    body_ru = forms.CharField(label=_("Text in Russian"), max_length=texts.LONGEST, required=False, widget=AREA)
    body_en = forms.CharField(label=_("Text in English"), max_length=texts.LONGEST, required=False, widget=AREA)

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 Django's
        """Offer the purposes in words."""
        super().__init__(*args, **kwargs)
        choices = [(one.value, words.say("purpose", one)) for one in Purpose]
        self.fields["purpose"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField

    def bodies(self) -> dict[str, str]:
        """Return what was written, by language."""
        return {code: body for code in LANGUAGES if (body := self.cleaned_data[f"body_{code}"].strip())}


@require_http_methods(["GET", "HEAD", "POST"])
def listed(request: HttpRequest) -> HttpResponse:
    """Show the topics; who may add one does so here."""
    return _topic_page(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
def topic(request: HttpRequest, code: str) -> HttpResponse:
    """Show one topic to be changed."""
    return _topic_page(request, code)


@require_http_methods(["GET", "HEAD", "POST"])
def published(request: HttpRequest) -> HttpResponse:
    """Show the texts that were published; who may publish the next version does so here."""
    changes = may(signed_in(request), Permission.TOPICS_WRITE)
    if request.method == "POST" and not changes:
        return render(request, "403.html", {"way_on": True}, status=403)
    with db.transaction() as conn:
        face = face_of(request, conn, clock.now())
        form = TextForm(request.POST if request.method == "POST" else None)
        if form.is_bound and form.is_valid() and _publish(request, conn, face, form):
            return redirect("console:consent-texts")
        found = texts.texts(conn, face.program.id)
    context = {"face": face, "texts": found, "form": form, "changes": changes, "tab": "texts"}
    return render(request, "console/consents/texts.html", context, status=422 if form.is_bound else 200)


def _topic_page(request: HttpRequest, code: str | None) -> HttpResponse:
    changes = may(signed_in(request), Permission.TOPICS_WRITE)
    if request.method == "POST" and not changes:
        return render(request, "403.html", {"way_on": True}, status=403)
    with db.transaction() as conn:
        face = face_of(request, conn, clock.now())
        found = queries.topics(conn, face.program.id)
        known = next((one for one in found if one.code == code), None)
        if code is not None and known is None:
            raise Http404
        form = TopicForm(request.POST if request.method == "POST" else None, known=known)
        if form.is_bound and form.is_valid() and _put(request, conn, face, form):
            return redirect("console:topics")
    context = {
        "face": face,
        "topics": [(topics.name(one, face.locale[:2]), topics.description(one, face.locale[:2]), one) for one in found],
        "form": form,
        "known": known,
        "changes": changes,
        "tab": "topics",
    }
    return render(request, "console/consents/topics.html", context, status=422 if form.is_bound else 200)


def _put(request: HttpRequest, conn: Connection, face: Face, form: TopicForm) -> bool:
    wanted = form.topic(face)
    if form.known is None and any(one.code == wanted.code for one in queries.topics(conn, face.program.id)):
        form.add_error("code", str(_("There is a topic of this code.")))
        return False
    done = topics.put(conn, face.program.id, wanted, now=face.now, by=actor(request))
    if isinstance(done, NotKept):
        field = done.field.replace("names.", "name_").replace("descriptions.", "description_")
        form.add_error(field if field in form.fields else None, str(TOPIC_WRONG.get(field, done.detail)))
        return False
    return True


def _publish(request: HttpRequest, conn: Connection, face: Face, form: TextForm) -> bool:
    data, bodies = form.cleaned_data, form.bodies()
    if not bodies:
        form.add_error("body_ru", str(_("At least one language is needed.")))
        return False
    by = actor(request)
    done = texts.publish(conn, face.program.id, data["text_id"], Purpose(data["purpose"]), bodies, now=face.now, by=by)
    if isinstance(done, NotPublished):
        said = {
            "text_id": _("Small Latin letters, digits and hyphens."),
            "purpose": _("An earlier version of this text asks for something else."),
        }
        field = done.field.replace("bodies.", "body_")
        form.add_error(field if field in form.fields else None, str(said.get(field, done.detail)))
        return False
    return True


def _initial(known: Topic | None) -> dict[str, object]:
    if known is None:
        return {"class_name": "marketing", "double_opt_in": True}
    return {
        "code": known.code,
        "class_name": known.class_name,
        "is_default": known.is_default,
        "double_opt_in": known.double_opt_in,
        "archived": known.archived_at is not None,
        "min_age": known.min_age,
        **{f"name_{code}": topics.named(known, code) for code in LANGUAGES},
        **{f"description_{code}": known.descriptions.get(code, "") for code in LANGUAGES},
    }


def _by_language(before: dict[str, str], data: dict[str, Any], what: str) -> dict[str, str]:
    """Return texts by language: those of the form in place of what was there, other languages as they were."""
    others = {code: text for code, text in before.items() if code not in LANGUAGES}
    return others | {code: data[f"{what}_{code}"] for code in LANGUAGES if data[f"{what}_{code}"]}
