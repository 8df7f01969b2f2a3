"""Forms of the way in, and of the staff."""

from collections.abc import Sequence
from typing import Any, TypeAlias

from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from verno.workspace.models import Staff

LONGEST_PASSWORD = 256
"""Longer ones are not safer and cost the hash time."""


def _field(kind: str, autocomplete: str, **attributes: str) -> dict[str, str]:
    return {"class": "form-control", "type": kind, "autocomplete": autocomplete, **attributes}


class _EmailField(forms.EmailField):
    """An e-mail address as we compare it: in lower case."""

    def to_python(self, value: str | None) -> str:
        return str(super().to_python(value) or "").lower()


class SignInForm(forms.Form):
    """E-mail and password."""

    email = _EmailField(
        label=_("E-mail"),
        max_length=254,
        widget=forms.EmailInput(_field("email", "username", inputmode="email", autofocus="autofocus")),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=LONGEST_PASSWORD,
        strip=False,
        widget=forms.PasswordInput(_field("password", "current-password")),
    )


def _password() -> forms.CharField:
    return forms.CharField(
        label=_("Password"),
        max_length=LONGEST_PASSWORD,
        strip=False,
        help_text=_("At least 12 characters. A few words that you can remember are better than a puzzle."),
        widget=forms.PasswordInput(_field("password", "new-password")),
    )


def _language() -> forms.ChoiceField:
    return forms.ChoiceField(
        label=_("Language"), choices=settings.LANGUAGES, widget=forms.Select({"class": "form-select"})
    )


class PasswordForm(forms.Form):
    """A password for somebody who is known already, and the language they read."""

    password = _password()
    locale = _language()

    def __init__(self, *args: Any, person: Staff, **kwargs: Any) -> None:  # noqa: ANN401 Django's own arguments
        """Take whose password it will be: it must not resemble them."""
        super().__init__(*args, **kwargs)
        self.person = person

    def clean_password(self) -> str:
        """Let Django's validators look at it."""
        password = str(self.cleaned_data["password"])
        validate_password(password, self.person)
        return password


class SetupForm(forms.Form):
    """The first owner: who, how to sign in, in which language."""

    name = forms.CharField(label=_("Your name"), max_length=100, widget=forms.TextInput(_field("text", "name")))
    email = _EmailField(
        label=_("E-mail"), max_length=254, widget=forms.EmailInput(_field("email", "username", inputmode="email"))
    )
    password = _password()
    locale = _language()

    def clean(self) -> dict[str, Any]:
        """Let Django's validators look at the password, who its owner is in mind."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("password"):
            owner = Staff(email=data.get("email", ""), name=data.get("name", ""))
            try:
                validate_password(data["password"], owner)
            except ValidationError as error:
                self.add_error("password", error)
        return data


Choices: TypeAlias = Sequence[tuple[str, str]]


class RoleForm(forms.Form):
    """What somebody is, and where."""

    role = forms.ChoiceField(label=_("Role"), widget=forms.Select({"class": "form-select"}))
    places = forms.MultipleChoiceField(
        label=_("Places"),
        required=False,
        help_text=_("None chosen means all places."),
        widget=forms.SelectMultiple({"class": "form-select", "size": "5"}),
    )

    def __init__(self, *args: Any, roles: Choices, places: Choices, **kwargs: Any) -> None:  # noqa: ANN401 Django's
        """Take the roles that may be given and the stores there are."""
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = roles  # type: ignore[attr-defined]  # a ChoiceField
        self.fields["places"].choices = places  # type: ignore[attr-defined]  # the same


class StaffForm(RoleForm):
    """Somebody new."""

    name = forms.CharField(label=_("Name"), max_length=100, widget=forms.TextInput(_field("text", "off")))
    email = _EmailField(
        label=_("E-mail"), max_length=254, widget=forms.EmailInput(_field("email", "off", inputmode="email"))
    )
    external_id = forms.CharField(
        label=_("Number at the tills"), max_length=64, required=False, widget=forms.TextInput(_field("text", "off"))
    )
    locale = _language()
    field_order = ("name", "email", "role", "places", "external_id", "locale")


class PinForm(forms.Form):
    """The PIN that approves at a till, typed twice."""

    pin = forms.CharField(
        label=_("PIN"),
        max_length=12,
        help_text=_("4 to 12 digits, neither all the same nor a run like 1234."),
        widget=forms.PasswordInput(_field("password", "off", inputmode="numeric")),
    )
    again = forms.CharField(
        label=_("PIN again"), max_length=12, widget=forms.PasswordInput(_field("password", "off", inputmode="numeric"))
    )

    def clean(self) -> dict[str, Any]:
        """Refuse two different ones."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("pin") != data.get("again"):
            self.add_error("again", _("The two PINs differ."))
        return data
