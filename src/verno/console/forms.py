"""Forms of the way in."""

from typing import Any

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


class SetupForm(forms.Form):
    """The first owner: who, how to sign in, in which language."""

    name = forms.CharField(label=_("Your name"), max_length=100, widget=forms.TextInput(_field("text", "name")))
    email = _EmailField(
        label=_("E-mail"), max_length=254, widget=forms.EmailInput(_field("email", "username", inputmode="email"))
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=LONGEST_PASSWORD,
        strip=False,
        help_text=_("At least 12 characters. A few words that you can remember are better than a puzzle."),
        widget=forms.PasswordInput(_field("password", "new-password")),
    )
    locale = forms.ChoiceField(
        label=_("Language"), choices=settings.LANGUAGES, widget=forms.Select({"class": "form-select"})
    )

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
