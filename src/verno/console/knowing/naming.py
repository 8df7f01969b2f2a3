"""Codes of attributes in plain words."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

WORDS: dict[str, dict[str, Promise | str]] = {
    "attribute_kind": {
        "text": _("Text"),
        "integer": _("Whole number"),
        "boolean": _("Yes or no"),
        "date": _("Date"),
        "choice": _("One of a list"),
        "list": _("Several"),
    },
    "district_kind": {"polygon": _("Border"), "list": _("Postcodes and streets")},
    "location_kind": {"home": _("Lives in"), "work": _("Works in"), "visited": _("Is often in")},
}
