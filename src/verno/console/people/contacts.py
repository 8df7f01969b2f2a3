"""Who speaks for a company: its contacts, each with what they agreed to themselves."""

from typing import Any

import msgspec
from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from verno.console import words
from verno.console.face import actor, signed_in
from verno.console.member_page import MemberPage, by_topic, open_page
from verno.members import masking, stopping
from verno.members.companies import contacts as speakers
from verno.members.companies.types import CompanyContact, ContactRole, NewContact, Refused, Wanted
from verno.members.types import MemberKind, Proof
from verno.workspace import audit
from verno.workspace.roles import Permission, may

TEXT = forms.TextInput({"class": "form-control", "autocomplete": "off"})
LONGEST_NAME = 200
LONGEST = 100


class ContactForm(forms.Form):
    """Somebody who speaks for the company."""

    role = forms.ChoiceField(label=_("Role"), widget=forms.Select({"class": "form-select"}))
    name = forms.CharField(label=_("Name"), max_length=LONGEST_NAME, required=False, widget=TEXT)
    email = forms.CharField(label=_("E-mail"), max_length=LONGEST, required=False, widget=TEXT)
    phone = forms.CharField(label=_("Phone"), max_length=LONGEST, required=False, widget=TEXT)
    member = forms.CharField(
        label=_("Their own number as a member"),
        max_length=LONGEST,
        required=False,
        widget=TEXT,
        help_text=_("If they are a member too: what is left empty above is read from there."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 Django's
        """Offer the roles in words."""
        super().__init__(*args, **kwargs)
        roles = [(one.value, words.say("contact_role", one)) for one in ContactRole]
        self.fields["role"].choices = roles  # type: ignore[attr-defined]  # a ChoiceField

    def contact(self) -> NewContact:
        """Return what was stated."""
        data = self.cleaned_data
        texts = {name: data[name] or None for name in ("name", "email", "phone", "member")}
        return NewContact(ContactRole(data["role"]), **texts)


@require_http_methods(["GET", "HEAD", "POST"])
def contacts(request: HttpRequest, member_id: object) -> HttpResponse:
    """Show a company's contacts; who may keep them does so here."""
    changes = may(signed_in(request), Permission.MEMBERS_WRITE)
    if request.method == "POST" and not changes:
        return render(request, "403.html", {"way_on": True}, status=403)
    with open_page(request, member_id) as page:
        if page.member.kind is not MemberKind.COMPANY:
            raise Http404
        there = speakers.of(page.conn, page.face.program.id, [page.member.id]).get(page.member.id, [])
        chosen = next((one for one in there if one.id == request.GET.get("contact")), None)
        done = request.POST.get("do", "")
        form = ContactForm(request.POST if done == "keep" else None, initial=_initial(chosen))
        if request.method == "POST":
            if _act(request, page, form, there, done):
                return redirect("console:contacts", page.member.id)
            page.note(request)
    rows = there if page.personal else [_masked(one) for one in there]
    context = {
        "rows": [
            (one, [(page.topic_names.get(topic, topic), said) for topic, said in by_topic(one.consents)])
            for one in rows
        ],
        "form": form,
        "chosen": chosen,
        "changes": changes,
        "own": page.member.id,
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "console/people/contacts.html", page.context("contacts") | context, status=status)


def _act(request: HttpRequest, page: MemberPage, form: ContactForm, there: list[CompanyContact], done: str) -> bool:
    """Do what a form asks; False where a field is wrong."""
    one = next((one for one in there if one.id == request.POST.get("contact")), None)
    if done == "keep":
        return form.is_valid() and _keep(request, page, form, one)
    if one is None or done not in {"remove", "stop"}:
        raise Http404
    by, program, now = actor(request), page.face.program, page.face.now
    if done == "remove":
        speakers.remove(page.conn, program.id, one.holder_id, [one.id])
    else:
        proof = Proof(surface="console", actor=f"{by.kind}:{by.id}", country=program.country)
        stopping.stop(
            page.conn, program.id, one.speaker_id, stopping.EVERYTHING, method="phone-call", proof=proof, now=now
        )
    audit.record(page.conn, program.id, by, f"contact.{done}", ("member", page.member.id), now=now, detail=one.id)
    return True


def _keep(request: HttpRequest, page: MemberPage, form: ContactForm, one: CompanyContact | None) -> bool:
    program, now = page.face.program, page.face.now
    wanted = Wanted(one.holder_id if one else page.member.id, form.contact(), one.id if one else None)
    (kept,) = speakers.keep(page.conn, program, [wanted], now=now)
    if isinstance(kept, Refused):
        field = kept.field if kept.field in form.fields else None
        form.add_error(field, words.say("contact_refusal", kept.reason))
        return False
    about = ("member", page.member.id)
    audit.record(page.conn, program.id, actor(request), "contact.keep", about, now=now, detail=kept.id)
    return True


def _initial(chosen: CompanyContact | None) -> dict[str, object]:
    if chosen is None:
        return {"role": ContactRole.ACCOUNTANT.value}
    return {
        "role": chosen.role.value,
        "name": chosen.name,
        "email": chosen.email,
        "phone": chosen.phone,
        "member": chosen.member_id,
    }


def _masked(one: CompanyContact) -> CompanyContact:
    texts = {name: value and masking.mask(name, value) for name, value in _texts(one).items()}
    return msgspec.structs.replace(one, **texts)


def _texts(one: CompanyContact) -> dict[str, str | None]:
    return {"name": one.name, "email": one.email, "phone": one.phone}
