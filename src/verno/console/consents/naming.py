"""Codes of consents in plain words."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from verno.rules.fields import CONSENT_LEVELS

WORDS: dict[str, dict[str, Promise | str]] = {
    "level": {code: _(label) for code, label in CONSENT_LEVELS.items()},
    "consent": {
        "granted": _("agreed"),
        "unconfirmed": _("address not confirmed"),
        "unproven": _("not proven"),
        "expired": _("ran out"),
        "withdrawn": _("withdrawn"),
    },
    "purpose": {
        "rules": _("Rules of the program"),
        "personal-data": _("Processing of personal data"),
        "advertising": _("Messages"),
        "third-parties": _("Passing data to others"),
        "profiling": _("Offers by purchases"),
    },
    "consent_action": {
        "grant": _("Agreed"),
        "confirm": _("Address confirmed"),
        "withdraw": _("Withdrew"),
        "expire": _("Ran out"),
        "import": _("Brought from another system"),
    },
    "consent_method": {
        "web-form": _("form on the site"),
        "double-opt-in-link": _("link in a letter"),
        "sms-code": _("code by SMS"),
        "email-code": _("code by e-mail"),
        "till": _("said at the till"),
        "paper-scan": _("paper form"),
        "phone-call": _("said on the phone"),
        "api": _("another system"),
        "preference-page": _("preference page"),
        "unsubscribe-page": _("unsubscribe link"),
        "one-click": _("unsubscribe button of the mail program"),
        "stop-word": _("answer STOP"),
        "merge": _("merge of two cards"),
        "import": _("import"),
        "complaint": _("complaint"),
        "cabinet": _("member's account on the site"),
        "messenger": _("messenger"),
        "demo": _("made up for the demonstration"),
    },
    "said_by": {"member": _("the member")},
    "surface": {
        "/p/": _("preference page"),
        "/c/": _("link in a letter"),
        "console": _("console"),
        "complaint": _("complaint"),
    },
    "topic_class": {
        "marketing": _("Advertising"),
        "program": _("Program"),
        "transactional": _("Purchases"),
        "security": _("Security"),
    },
    "whole_class": {
        "marketing": _("All advertising, later topics too"),
        "program": _("All news of the program, later topics too"),
    },
    "leaving": {
        "too-often": _("Too many messages"),
        "not-interesting": _("Not interesting"),
        "never-asked": _("Never asked for it"),
        "no-longer-a-customer": _("No longer a customer"),
        "other": _("Other"),
        "": _("No reason given"),
    },
}
