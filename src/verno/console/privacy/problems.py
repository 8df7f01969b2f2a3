"""Why a file of members was not read, in the reader's language and in the words of this page.

Importing says it in one English sentence, for the command line too; what is not known here is shown as it is.
"""

import re
from collections.abc import Sequence
from typing import TypeAlias

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

Saying: TypeAlias = tuple[re.Pattern[str], Promise | str]
COLUMNS = "the columns of the file do not fit: "
_NEXT = re.compile(r"; (?!there are )")


def sayings(*pairs: tuple[str, Promise | str]) -> Sequence[Saying]:
    """Return patterns of English sentences, each with what is said in its place."""
    return [(re.compile(pattern, re.DOTALL), words) for pattern, words in pairs]


OF_FILES = sayings(
    (r".* is empty|.* holds no objects", _("The file is empty.")),
    (r".* is in UTF-16; .*", _("The file is in UTF-16: save it as “CSV UTF-8”.")),
    (
        r".* of an old Excel, .*|.* is encrypted: .*",
        _("A workbook of an old Excel, or one with a password: save it as XLSX without one."),
    ),
    (
        r".* is no row of column names .*|the first row of .* must hold the names .*",
        _("The first row must hold the names of the columns. Is it a CSV, XLSX or Parquet file?"),
    ),
    (r".* is not a readable (?P<kind>XLSX|Parquet) file.*", _("The file is no readable %(kind)s file.")),
    (r".* is damaged.*", _("The file is damaged.")),
    (
        r".* unpacks to far more .*|.* declares a document type: .*",
        _("The file is refused: it is made as files are that do harm."),
    ),
    (
        r"the file could not be finished .*",
        _("The file could not be finished: have it imported on the server, by “verno import members”."),
    ),
)
OF_COLUMNS = sayings(
    (r"two columns have one name", _("two columns have one name")),
    (
        r"no column is the external_id: .*",
        _("no column is the external_id: say which one, under “My columns are called something else”"),
    ),
    (r"(?P<name>.+) is given twice", _("%(name)s is given twice")),
    (r"(?P<names>.+) go together", _("these go together: %(names)s")),
    (r"--map names '(?P<name>.*)', which .*", _("the file has no column “%(name)s”")),
    (
        r"(?P<field>.+): there is no topic (?P<code>.*); there are (?P<known>.*)",
        _("%(field)s: there is no topic %(code)s; there are %(known)s"),
    ),
    (
        r"(?P<field>.+): there is no channel (?P<code>.*); there are (?P<known>.*)",
        _("%(field)s: there is no channel %(code)s; there are %(known)s"),
    ),
    (
        r"(?P<field>.+): there is no type (?P<code>.*); there are (?P<known>.*)",
        _("%(field)s: there is no type %(code)s; there are %(known)s"),
    ),
    (
        r"(?P<field>.+): declare the choices of (?P<name>.+) first .*",
        _("%(field)s: say first what %(name)s may be, under “Member attributes”"),
    ),
    (
        r"'(?P<name>.*)' is no column of members: .*\(fields: (?P<known>.*)\)",
        _("“%(name)s” is no column of members: name its field, or “%(name)s =” to leave it out. Fields: %(known)s"),
    ),
)


def said(problem: str) -> list[str]:
    """Return the sentences to show."""
    if not problem.startswith(COLUMNS):
        return [one(problem, OF_FILES)]
    return [gettext("The columns of the file do not fit."), *_each(problem.removeprefix(COLUMNS))]


def _each(problems: str) -> list[str]:
    return [one(part, OF_COLUMNS) for part in _NEXT.split(problems)]


def one(problem: str, known: Sequence[Saying]) -> str:
    """Return what is said in place of a sentence; itself where none is known."""
    for pattern, words in known:
        found = pattern.fullmatch(problem)
        if found is not None:
            return str(words) % found.groupdict() if found.groupdict() else str(words)
    return problem
