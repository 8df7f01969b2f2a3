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
}
