"""Why a row of a list of suppressions is refused, in the reader's language; what is unknown here is shown as it is."""

from django.utils.translation import gettext_lazy as _

from verno.console.privacy import problems

OF_ROWS = problems.sayings(
    (r"is required", _("is missing")),
    (r"is no e-mail address", _("is no e-mail address")),
    (r"is neither an e-mail address nor a phone number", _("is neither an e-mail address nor a phone number")),
    (r"is no phone number", _("is no phone number")),
    (r"was rounded by a spreadsheet: .*", _("was rounded by a spreadsheet: format the column as text, fill it again")),
    (r"is none of .*; or say --reason for all rows", _("is no reason that is known: choose one for all rows")),
    (r"in the future, or before 1990", _("is in the future, or before 1990")),
    (r"must be a date such as .*|is no date", _("is no date such as 1990-12-31 or 31.12.1990")),
    (r"is a date that no calendar has", _("is a date that no calendar has")),
    (r"holds a formula: .*", _("holds a formula: save its value in its place")),
    (r"holds the spreadsheet's error .*", _("holds an error of the spreadsheet")),
    (r"is longer than (?P<most>\d+) (characters|bytes)", _("is longer than %(most)s characters")),
    (r"holds NUL|is not in UTF-8", _("holds signs that are no text")),
    (r"has (?P<found>\d+) cells where the header has (?P<there>\d+)", _("has %(found)s cells, the header %(there)s")),
    (r"cannot be read: .*", _("cannot be read: is a quotation mark not closed?")),
)
OF_LISTS = problems.sayings(
    (
        r"the list has more than (?P<most>\d+) rows.*",
        _("More than %(most)s rows: import it on the server with “verno import suppressions”."),
    ),
    (r"no column of the list is called .*", _("No column is called address, email or phone: say which one it is.")),
    (
        r"several columns of the list are its (?P<field>\w+): .*",
        _("Several columns are the %(field)s: write “Column =” to leave all but one aside."),
    ),
    (
        r"--map: there is no field '(?P<field>.*)'; fields are (?P<known>.*)",
        _("There is no field “%(field)s”; there are %(known)s."),
    ),
    (r"--map: the file has no column '(?P<name>.*)'; .*", _("The file has no column “%(name)s”.")),
)


def of_row(message: str) -> str:
    """Say what is wrong with a row."""
    return problems.one(message, OF_ROWS)


def of_list(message: str) -> str:
    """Say why a list is not read."""
    return problems.one(message, [*OF_LISTS, *problems.OF_FILES])
