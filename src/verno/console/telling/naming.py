"""Words of disputes: how each stands, what it is about, why an answer is refused."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

WORDS: dict[str, dict[str, Promise | str]] = {
    "dispute": {
        "waiting": _("Waits for an answer"),
        "open": _("New"),
        "looking": _("Being looked into"),
        "upheld": _("The member was right"),
        "rejected": _("No mistake was found"),
    },
    "dispute_refusal": {
        "unknown-dispute": _("There is no such dispute."),
        "already-decided": _("Somebody has decided already."),
        "no-words": _("Who is told no has to hear why: write a sentence."),
    },
    "told": {
        "receipt": _("Purchase"),
        "return": _("Return"),
        "adjusted": _("Correction by staff"),
        "sent": _("Points sent to another member"),
        "received": _("Points from another member"),
        "reinstated": _("Expired points given again"),
    },
}
