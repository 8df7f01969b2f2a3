"""Stored codes in plain words. A code that has no words here is shown as it is, never hidden."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

WORDS: dict[str, dict[str, Promise | str]] = {
    "status": {"settled": _("Settled"), "unmatched": _("No member")},
    "transfer": {"earn": _("Earned"), "spend": _("Spent"), "expire": _("Expired")},
    "reason": {
        "receipt": _("for a receipt"),
        "lifetime": _("their time was over"),
    },
    "state": {
        "queued": _("Waiting to be sent"),
        "claimed": _("Being prepared"),
        "handing_over": _("Being handed over"),
        "accepted": _("Sent"),
        "rejected": _("Refused by the mail server"),
        "deferred": _("Will be tried again"),
        "uncertain": _("Unknown whether it arrived"),
        "withheld": _("Withheld"),
    },
    "message": {
        "no-address": _("no address on this channel"),
        "suppressed": _("the address must not be written to"),
        "unknown-topic": _("the topic does not exist"),
        "no-consent": _("no consent"),
        "withdrawn": _("consent was withdrawn"),
        "duplicate": _("this occasion already has its message"),
        "not-yet": _("its time has not come"),
        "server-unavailable": _("the mail server could not be reached"),
        "temporary-refusal": _("the mail server asked to try later"),
        "refused": _("the mail server refused it"),
        "gave-up": _("given up after several tries"),
        "connection-lost": _("the connection was lost during the hand-over"),
        "timed-out": _("the mail server did not answer in time"),
        "worker-lost": _("the worker stopped during the hand-over"),
        "cannot-be-rendered": _("the message could not be composed"),
    },
    "check": {
        "address": _("Address"),
        "suppression": _("Do-not-write list"),
        "class": _("Kind of message"),
        "consent": _("Consent"),
        "time": _("Time"),
        "duplicate": _("Sent once only"),
    },
    "stage": {"planning": _("Decided when planned"), "hand-over": _("Decided when handed over")},
    "verdict": {"allow": _("may leave"), "defer": _("has to wait"), "deny": _("must not leave")},
    "seen": {
        "": _("fine"),
        "the member has none for this channel": _("the member has no address on this channel"),
        "never granted": _("never given"),
        "not asked for this class": _("not needed for this kind of message"),
        "not needed for this class": _("not needed for this kind of message"),
        "the occasion has its message": _("this occasion already has its message"),
        "security": _("security"),
        "transactional": _("about a purchase"),
        "program": _("about the program"),
        "marketing": _("advertising"),
    },
    "dated": {
        "granted": _("given on %(date)s"),
        "withdrawn": _("withdrawn on %(date)s"),
        "time": _("not before %(date)s"),
    },
    "channel": {
        "email": _("E-mail"),
        "sms": _("SMS"),
        "push": _("Push"),
        "voice": _("Phone call"),
        "telegram": "Telegram",
        "max": "MAX",
        "vk": "VK",
        "whatsapp": "WhatsApp",
        "viber": "Viber",
    },
    "topic": {
        "points-statement": _("Points statement"),
    },
    "boolean": {"True": _("yes"), "False": _("no")},
    "unit": {"points": _("points")},
    "locale": {"en": _("English"), "ru": _("Russian")},
}


def say(kind: str, code: str) -> str:
    """Return the words for a code, or the code."""
    return str(WORDS[kind].get(code, code))
