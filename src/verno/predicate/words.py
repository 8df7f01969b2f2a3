"""Texts that are told in the reader's language; whoever asks brings the translation (``Language``)."""


def gettext_noop(text: str) -> str:
    """Mark a text for the catalogues (``tools/extract_messages.py``); it is translated where it is told."""
    return text


YES = gettext_noop("yes")
NO = gettext_noop("no")
DATE_FORMAT = gettext_noop("{year}-{month}-{day}")
WEEKDAYS = (
    gettext_noop("Monday"),
    gettext_noop("Tuesday"),
    gettext_noop("Wednesday"),
    gettext_noop("Thursday"),
    gettext_noop("Friday"),
    gettext_noop("Saturday"),
    gettext_noop("Sunday"),
)

UNKNOWN = gettext_noop("not known")
NOTHING_OF_IT = gettext_noop("none")
EVERYBODY = gettext_noop("always")
AND = gettext_noop("and")
OR = gettext_noop("or")
NOT = gettext_noop("not ({condition})")

HOLDS = gettext_noop("{condition} — yes: {found}")
FAILS = gettext_noop("{condition} — no: {found}")
HOLDS_UNWANTED = gettext_noop("must not be so: {condition} — yes: {found}")
FAILS_UNWANTED = gettext_noop("must not be so: {condition} — no: {found}")

SOME = gettext_noop("{field}: some with ({where})")
ALL = gettext_noop("{field}: all with ({where})")
NONE = gettext_noop("{field}: none with ({where})")
AT_LEAST = gettext_noop("{field}: at least {value} with ({where})")
AT_MOST = gettext_noop("{field}: at most {value} with ({where})")
EXACTLY = gettext_noop("{field}: exactly {value} with ({where})")
SUM = gettext_noop("{field}: the sum of “{of}” {comparison} {value} for those with ({where})")
FOUND_OF = gettext_noop("{found} of {total}")
FOUND_SUM = gettext_noop("{found} in sum")
