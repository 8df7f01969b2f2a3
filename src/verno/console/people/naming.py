"""Codes of what members are to each other, in plain words."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

WORDS: dict[str, dict[str, Promise | str]] = {
    "contact_role": {
        "decision-maker": _("Decides"),
        "accountant": _("Accountant"),
        "other": _("Other"),
    },
    "contact_refusal": {
        "not-a-company": _("Only companies have contacts."),
        "unknown-contact": _("This contact is not there any more."),
        "unknown-member": _("There is no such member."),
        "too-many-contacts": _("A company has at most 20 contacts."),
        "bad-name": _("Write a name, or the number of a member."),
        "bad-email": _("The e-mail address is not acceptable."),
        "bad-phone": _("Write the phone number with its country code."),
        "bad-text": _("This text cannot be stored."),
    },
    "identity": {"phone": _("phone"), "email": _("e-mail"), "card": _("card")},
    "likeness": {
        "same-name-and-birth-date": _("same name and birth date"),
        "near-name-and-birth-date": _("similar name, same birth date"),
        "same-e-mail-but-for-dots": _("same e-mail but for dots or a plus"),
        "same-tax-id": _("same tax number"),
        "named-together": _("one receipt named both"),
    },
    "household_role": {"head": _("head"), "adult": _("adult"), "child": _("child")},
    "household_said": {
        "opened": _("The household is open."),
        "joined": _("They are in the household now."),
        "invited": _("The code is %(code)s, good for one until %(until)s. It is shown only now."),
        "left": _("They have left the household."),
        "closed": _("The household is closed."),
        "put": _("The points are in the pool."),
        "taken": _("The points are the member's own now."),
        "not-points": _("This is not a whole number of them, nothing, or too many."),
    },
    "household_refusal": {
        "unknown-household": _("There is no such household any more."),
        "unknown-member": _("Nobody is known by this: it takes the whole number."),
        "not-a-person": _("A company is in no household."),
        "in-a-household": _("They are in a household already."),
        "not-in-the-household": _("They are not in this household."),
        "left-one-lately": _("They have left a household lately and have to wait."),
        "household-full": _("The household is full."),
        "bad-code": _("The code is wrong, used or over."),
        "too-many-invitations": _("Ten codes are open already. Wait until one is used or over."),
        "not-the-head": _("A household has one head."),
    },
}
