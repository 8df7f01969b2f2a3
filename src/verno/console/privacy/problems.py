"""Why a file of members was not read, in the reader's language and in the words of this page."""

from collections.abc import Mapping, Sequence

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from verno.imports.problems import Code, Problem

_EMPTY = _("The file is empty.")
_NAMELESS = _("The first row must hold the names of the columns. Is it a CSV, XLSX or Parquet file?")
_LOCKED = _("A workbook of an old Excel, or one with a password: save it as XLSX without one.")
_DAMAGED = _("The file is damaged.")
_HARMFUL = _("The file is refused: it is made as files are that do harm.")

WORDS: Mapping[Code, Promise | str] = {
    Code.UNOPENED: _("The file cannot be opened."),
    Code.EMPTY: _EMPTY,
    Code.EMPTY_SHEET: _EMPTY,
    Code.NO_OBJECTS: _EMPTY,
    Code.UTF_16: _("The file is in UTF-16: save it as “CSV UTF-8”."),
    Code.OLD_EXCEL: _LOCKED,
    Code.ENCRYPTED: _LOCKED,
    Code.NO_NAMES: _NAMELESS,
    Code.NO_TEXT: _NAMELESS,
    Code.UNREADABLE: _("The file is no readable %(kind)s file."),
    Code.DAMAGED: _DAMAGED,
    Code.DAMAGED_AFTER: _DAMAGED,
    Code.BOMB: _HARMFUL,
    Code.DOCUMENT_TYPE: _HARMFUL,
    Code.LONG_CELLS: _("The column “%(name)s” has cells longer than %(most)s characters."),
    Code.NO_PYARROW: _("This server reads no Parquet: save the file as CSV or XLSX."),
    Code.GIVEN_UP: _("The file could not be finished: have it imported on the server, by “verno import members”."),
    Code.COLUMNS: _("The columns of the file do not fit."),
    Code.SAME_NAME: _("two columns have one name"),
    Code.NO_HEADER: _("The first row must hold the names of the columns, not a member. Fields: %(known)s"),
    Code.NO_ID: _("no column is the external_id: say which one, under “My columns are called something else”"),
    Code.TWICE: _("%(name)s is given twice"),
    Code.TOGETHER: _("these go together: %(names)s"),
    Code.ABSENT: _("the file has no column “%(name)s”"),
    Code.NO_TOPIC: _("%(field)s: there is no topic %(code)s; there are %(known)s"),
    Code.NO_CHANNEL: _("%(field)s: there is no channel %(code)s; there are %(known)s"),
    Code.NO_TYPE: _("%(field)s: there is no type %(code)s; there are %(known)s"),
    Code.NO_CHOICES: _("%(field)s: say first what %(name)s may be, under “Member attributes”"),
    Code.NO_ATTRIBUTE: _("“%(name)s” names no attribute"),
    Code.NO_COLUMN: _(
        "“%(name)s” is no column of members: name its field, or “%(name)s =” to leave it out. Fields: %(known)s"
    ),
    Code.OTHER_TYPE: _("%(field)s: the attribute has another type here; leave the type out"),
    Code.NO_ADDRESS: _("No column is called address, email or phone: say which one it is."),
    Code.SEVERAL: _("Several columns are the %(field)s: write “Column =” to leave all but one aside."),
    Code.NO_FIELD: _("There is no field “%(name)s”; there are %(known)s."),
    Code.NO_SUCH_COLUMN: _("The file has no column “%(name)s”."),
    Code.LONG_LIST: _("More than %(most)s rows: import it on the server with “verno import suppressions”."),
    Code.SAID: "%(sentence)s",
}


def said(problems: Sequence[Problem]) -> list[str]:
    """Return the sentences to show."""
    return [str(WORDS[one.code]) % one.values for one in problems]
