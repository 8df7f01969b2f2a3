"""What somebody says about an endpoint, and what shall be sent again."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from verno.console import words
from verno.console.face import Face
from verno.webhooks.types import EVENT_TYPES, LONGEST_URL, DeliveryState, EndpointChange, NewEndpoint, Replay

SELECT = {"class": "form-select"}
TEXT = {"class": "form-control", "autocomplete": "off", "spellcheck": "false"}


class EndpointForm(forms.Form):
    """An endpoint, new or changed."""

    url = forms.CharField(
        label=_("Address"),
        max_length=LONGEST_URL,
        help_text=_("Events are sent there by POST, signed."),
        widget=forms.URLInput({**TEXT, "inputmode": "url", "placeholder": "https://"}),
    )
    description = forms.CharField(label=_("Description"), max_length=200, required=False, widget=forms.TextInput(TEXT))
    types = forms.MultipleChoiceField(
        label=_("What it is told"),
        required=False,
        help_text=_("None chosen means everything."),
        widget=forms.SelectMultiple({**SELECT, "size": "8"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 Django's own arguments
        """Offer all events, by their names."""
        super().__init__(*args, **kwargs)
        choices = sorted(((type_, words.say("event_type", type_)) for type_ in EVENT_TYPES), key=lambda one: one[1])
        self.fields["types"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField

    def endpoint(self) -> NewEndpoint:
        """Return the new endpoint that was described."""
        data = self.cleaned_data
        return NewEndpoint(data["url"], tuple(data["types"]), data["description"])

    def change(self) -> EndpointChange:
        """Return how an endpoint shall be."""
        data = self.cleaned_data
        return EndpointChange(url=data["url"], types=tuple(data["types"]), description=data["description"])


class ReplayForm(forms.Form):
    """What to send again: all that came to the log in a span of time, in the program's zone."""

    since = forms.DateTimeField(
        label=_("Since"), widget=forms.DateTimeInput({**TEXT, "type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    )
    until = forms.DateTimeField(
        label=_("Until"),
        required=False,
        help_text=_("Empty: until now."),
        widget=forms.DateTimeInput({**TEXT, "type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    state = forms.ChoiceField(label=_("Which of them"), required=False, widget=forms.Select(SELECT))

    def __init__(self, *args: Any, face: Face, **kwargs: Any) -> None:  # noqa: ANN401 Django's own arguments
        """Take the face whose zone the times are in."""
        super().__init__(*args, **kwargs)
        self.face = face
        states = [(str(one), words.say("delivery_state", one)) for one in DeliveryState]
        self.fields["state"].choices = [("", str(_("all"))), *states]  # type: ignore[attr-defined]  # a ChoiceField

    def wanted(self) -> Replay:
        """Return what was asked for."""
        data = self.cleaned_data
        state = DeliveryState(data["state"]) if data["state"] else None
        return Replay(since=self._local(data["since"]), until=self._local(data["until"]), state=state)

    def _local(self, typed: datetime | None) -> datetime | None:
        """Read a time as the program's own: Django has taken it for UTC."""
        return typed.replace(tzinfo=self.face.zone) if typed else None
