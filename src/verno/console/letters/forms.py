"""What somebody types about a template: where it begins, what it is, what it says on one channel in one language."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from verno.console import words
from verno.console.telling import topics as naming
from verno.members.types import Channel, Topic
from verno.messaging.templates.types import MOST_BODY, MOST_PREHEADER, MOST_SUBJECT, AdClass, Advert, Block, Template

SELECT = {"class": "form-select"}
TEXT = {"class": "form-control", "autocomplete": "off"}
CODE = {**TEXT, "spellcheck": "false"}
TAKEN = frozenset({"new", "layouts"})
"""Codes that addresses of the console have for themselves."""
UTM = ("utm_source", "utm_medium", "utm_campaign")

Choices = Sequence[tuple[str, str]]


class NewForm(forms.Form):
    """A template to begin, from a layout or from nothing."""

    layout = forms.CharField(required=False, widget=forms.HiddenInput)
    name = forms.CharField(label=_("Name"), max_length=200, widget=forms.TextInput(TEXT))
    code = forms.RegexField(
        r"^[a-z][a-z0-9-]{0,49}\Z",
        label=_("Code"),
        help_text=_("For your systems: small Latin letters, digits and hyphens. It never changes."),
        error_messages={"invalid": _("Small Latin letters, digits and hyphens, a letter first.")},
        widget=forms.TextInput(CODE),
    )
    topic = forms.ChoiceField(label=_("Topic"), widget=forms.Select(SELECT))

    def __init__(self, *args: Any, topics: Choices, **kwargs: Any) -> None:  # noqa: ANN401 Django's own arguments
        """Offer the topics that fit."""
        super().__init__(*args, **kwargs)
        self.fields["topic"].choices = topics  # type: ignore[attr-defined]  # a ChoiceField

    def clean_code(self) -> str:
        """Refuse what addresses need."""
        code = str(self.cleaned_data["code"])
        if code in TAKEN:
            raise forms.ValidationError(_("Another code, please."))
        return code


class BlockForm(forms.Form):
    """What a template says on one channel in one language."""

    subject = forms.CharField(label=_("Subject"), max_length=MOST_SUBJECT, required=False, widget=forms.TextInput(TEXT))
    preheader = forms.CharField(
        label=_("Preview line"),
        max_length=MOST_PREHEADER,
        required=False,
        help_text=_("Mailboxes show it beside the subject."),
        widget=forms.TextInput(TEXT),
    )
    body = forms.CharField(label=_("Text"), max_length=MOST_BODY, strip=False, required=False, widget=forms.Textarea)

    def __init__(self, *args: Any, channel: Channel, **kwargs: Any) -> None:  # noqa: ANN401 Django's own arguments
        """Keep the fields that the channel has."""
        super().__init__(*args, **kwargs)
        rows = "8"
        if channel is Channel.EMAIL:
            rows = "24"
            self.fields["body"].label = _("Letter (MJML)")
        else:
            del self.fields["preheader"]
        if channel is Channel.PUSH:
            self.fields["subject"].label = _("Title")
        elif channel is not Channel.EMAIL:
            del self.fields["subject"]
        classes = "form-control letter-source" if channel is Channel.EMAIL else "form-control"
        self.fields["body"].widget.attrs.update({"class": classes, "rows": rows, "spellcheck": "true"})

    def block(self) -> Block:
        """Return the block as it was typed."""
        data = {name: str(value) for name, value in self.cleaned_data.items() if value}
        # A browser sends CRLF, which a text message would pay for.
        return Block(**{name: value.replace("\r\n", "\n") for name, value in data.items()})


class WholeForm(forms.Form):
    """What holds for all channels of a template."""

    name = forms.CharField(label=_("Name"), max_length=200, widget=forms.TextInput(TEXT))
    topic = forms.ChoiceField(
        label=_("Topic"),
        help_text=_("What it is about decides who gets it: advertising needs a consent."),
        widget=forms.Select(SELECT),
    )
    utm_source = forms.CharField(label="utm_source", max_length=200, required=False, widget=forms.TextInput(CODE))
    utm_medium = forms.CharField(label="utm_medium", max_length=200, required=False, widget=forms.TextInput(CODE))
    utm_campaign = forms.CharField(label="utm_campaign", max_length=200, required=False, widget=forms.TextInput(CODE))
    track_texts = forms.BooleanField(
        label=_("Count clicks in texts, chats and notifications too"),
        help_text=_("Their links become short ones of this server. In letters clicks are always counted."),
        required=False,
        widget=forms.CheckboxInput({"class": "form-check-input"}),
    )
    ad_class = forms.ChoiceField(label=_("Advertising"), widget=forms.Select(SELECT))
    ad_name = forms.CharField(label=_("Advertiser"), max_length=200, required=False, widget=forms.TextInput(TEXT))
    inn = forms.RegexField(
        r"^(\d{10}|\d{12})?\Z",
        label=_("Advertiser's tax number"),
        required=False,
        error_messages={"invalid": _("10 or 12 digits.")},
        widget=forms.TextInput({**CODE, "inputmode": "numeric"}),
    )
    erid = forms.RegexField(
        r"^[A-Za-z0-9_-]{0,100}\Z", label=_("Token (erid)"), required=False, widget=forms.TextInput(CODE)
    )
    operator = forms.CharField(
        label=_("Operator of ad data"), max_length=200, required=False, widget=forms.TextInput(TEXT)
    )
    contract_ref = forms.CharField(label=_("Contract"), max_length=200, required=False, widget=forms.TextInput(TEXT))

    def __init__(self, *args: Any, template: Template, topics: Choices, **kwargs: Any) -> None:  # noqa: ANN401
        """Show a template as it stands."""
        super().__init__(*args, **kwargs)
        advert = template.advert or Advert()
        self.initial = {
            "name": template.name,
            "topic": template.topic,
            **{name: template.utm.get(name, template.utm.get(name[4:], "")) for name in UTM},
            "track_texts": template.track_texts,
            "ad_class": advert.ad_class,
            "ad_name": advert.name,
            "inn": advert.inn,
            "erid": advert.erid,
            "operator": advert.operator,
            "contract_ref": advert.contract_ref,
        }
        self.fields["topic"].choices = topics  # type: ignore[attr-defined]  # a ChoiceField
        kinds = [(one.value, words.say("ad_class", one)) for one in AdClass]
        self.fields["ad_class"].choices = kinds  # type: ignore[attr-defined]  # the same

    def utm(self, before: dict[str, str]) -> dict[str, str]:
        """Return the marks for analytics; others than those of the form stay."""
        others = {name: value for name, value in before.items() if name not in UTM and f"utm_{name}" not in UTM}
        return others | {name: self.cleaned_data[name] for name in UTM if self.cleaned_data[name]}

    def advert(self, before: Advert | None) -> Advert | None:
        """Return the mark of advertising; what it says of the words stays as long as the token does."""
        data = self.cleaned_data
        if data["ad_class"] == AdClass.NONE:
            return None
        same = before is not None and before.erid == data["erid"]
        return Advert(
            ad_class=AdClass(data["ad_class"]),
            name=data["ad_name"],
            inn=data["inn"],
            erid=data["erid"],
            operator=data["operator"],
            contract_ref=data["contract_ref"],
            content_sha256=before.content_sha256 if before is not None and same else "",
            marked_at=before.marked_at if before is not None and same else None,
        )


TRIED: dict[Channel, Promise] = {
    Channel.EMAIL: _("Your own e-mail address."),
    Channel.SMS: _("Your own phone number."),
    Channel.TELEGRAM: _("The number of your chat with the bot."),
}
"""Where a test can go, by channel. A push needs a browser that has asked for it, so none is here."""


class TestForm(forms.Form):
    """Where a test goes."""

    address = forms.CharField(
        label=_("Address"),
        max_length=254,
        widget=forms.TextInput(CODE),
    )
    language = forms.ChoiceField(label=_("Language"), choices=[("ru", _("Russian")), ("en", _("English"))])

    def __init__(self, *args: Any, channel: Channel, **kwargs: Any) -> None:  # noqa: ANN401 Django's own arguments
        """Ask for an address of the channel."""
        super().__init__(*args, **kwargs)
        self.fields["address"].help_text = str(TRIED.get(channel, ""))
        self.fields["language"].widget.attrs.update(SELECT)


def topic_choices(offered: Sequence[Topic], locale: str) -> list[tuple[str, str]]:
    """Return topics by code, each with its class."""
    told = [(one, words.say("topic_class", one.class_name)) for one in offered if one.archived_at is None]
    return [(one.code, f"{naming.name(one, locale)} ({class_name})") for one, class_name in told]
