"""Stored codes of templates in plain words, for ``console.words``."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

WORDS: Mapping[str, dict[str, Promise | str]] = {
    "template_problem": {
        "broken-source": _("This cannot be read."),
        "missing-fallback": _("May be empty: say what stands there then."),
        "unknown-name": _("There is no such name."),
        "mixed-class": _("This is advertising, and the topic is not."),
        "broken-link": _("This link leads nowhere."),
        "no-unsubscribe": _("No link to stop these letters."),
        "no-preferences": _("No link to choose what one receives."),
        "sms-tracked-longer": _("Links whose clicks are counted make it a segment longer."),
        "sms-length": _("More than one segment; each is paid for."),
        "sms-too-long": _("Too long for a text message."),
        "stale-balance": _("A figure of the day it was planned, not of the day it is read."),
        "not-marked": _("Advertising without its mark (erid)."),
        "mark-void": _("The words have changed since the token was given: it holds no more."),
        "nothing-to-say": _("There is no text."),
        "no-subject": _("There is no subject."),
        "other-language": _("Readers of this language get the other one."),
        "unknown-topic": _("The program has no such topic."),
        "other-class": _("The topic is of another kind."),
        "bad-condition": _("This condition cannot be asked."),
    },
    "mark_missing": {
        "erid": _("Its token belongs under “Topic, conditions, marks”."),
        "advert": _("{{ advert }} shows where the line of the mark stands."),
    },
    "template_refusal": {
        "broken": _("It cannot be rendered, so it is not stored."),
        "too-many": _("The program has as many templates as it can."),
        "unknown-template": _("There is no such template."),
        "not-valid": _("Some things have to be mended first."),
        "needs-reason": _("Say why it is published all the same."),
        "stopped": _("Messages are stopped, or this address must not be written to."),
        "no-block": _("There is no text for this channel and language."),
        "bad-address": _("Nothing can be sent to this address."),
        "unavailable": _("Rendering takes too long at the moment. Try again in a minute."),
        "no-provider": _("No provider is connected for this channel."),
        "not-taken": _("The provider did not take it."),
    },
    "brand_field": {
        "legal_name": _("legal name"),
        "address": _("postal address"),
        "contact": _("contact"),
        "tax_id": _("tax number"),
    },
    "letter_part": {
        "text": _("Text"),
        "button": _("Button"),
        "image": _("Picture"),
        "divider": _("Line"),
        "spacer": _("Space"),
        "section": _("Section"),
        "columns": _("Two columns"),
        "table": _("Table"),
        "tag": _("Condition"),
    },
    "ad_class": {
        "none": _("not advertising"),
        "own": _("our own advertising"),
        "third_party": _("somebody else's advertising"),
    },
}
