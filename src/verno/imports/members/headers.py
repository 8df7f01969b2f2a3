"""What the columns of a members' file mean: by their own names, by what people call them, or as the caller says."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec

from verno.imports.problems import Code, NotRead, Problem
from verno.members.types import AttributeKind, Channel

PLAIN = (
    *("external_id", "name", "name.first", "name.middle", "name.last", "phone", "email", "card", "birth_date"),
    *("locale", "kind", "buying_group", "home_place", "attributes", "locations", "wishes", "consents"),
)
ATTRIBUTE = "attr."
CONSENT = "consent."
SHARED = tuple(f"{CONSENT}{part}" for part in ("at", "method", "text_version", "evidence"))
"""What holds of all consents of a row."""
SINGLE = (f"{CONSENT}topic", f"{CONSENT}channel", f"{CONSENT}granted")
"""One consent a row, in three columns."""
KNOWN = ", ".join((*PLAIN, f"{ATTRIBUTE}NAME", f"{CONSENT}TOPIC.CHANNEL", *SHARED))
"""The fields, as a refusal names them."""

ALIASES: Mapping[str, tuple[str, ...]] = {
    "external_id": ("id", "external id", "member id", "code", "код", "ид", "внешний код", "внешний id", "внешний ид"),
    "name": ("full name", "фио", "имя и фамилия", "фамилия имя отчество", "наименование", "имя"),
    "name.first": ("first name", "given name"),
    "name.middle": ("middle name", "patronymic", "отчество"),
    "name.last": ("last name", "surname", "family name", "фамилия"),
    "phone": (
        *("phone number", "mobile", "mobile phone", "cell", "tel", "телефон", "тел", "номер телефона"),
        *("мобильный", "мобильный телефон", "сотовый", "моб телефон"),
    ),
    "email": ("e mail", "mail", "email address", "почта", "электронная почта", "эл почта", "емейл", "имейл"),
    "card": ("card number", "loyalty card", "карта", "номер карты", "карта лояльности", "дисконтная карта"),
    "birth_date": ("birthday", "date of birth", "birth date", "dob", "дата рождения", "день рождения", "др"),
    "locale": ("language", "lang", "язык"),
    "kind": ("type", "member kind", "тип", "вид", "тип лица"),
    "buying_group": ("buying group", "group", "группа закупок", "группа компаний", "холдинг"),
}
"""Field -> what files call it; the first name alone is a whole name where no other part stands beside it."""
BY_ALIAS = {alias: field for field, aliases in ALIASES.items() for alias in aliases}
FIRST_NAMES = frozenset({"имя", "name"})

TYPES = tuple(one.value for one in AttributeKind if one is not AttributeKind.CHOICE)
"""Types that a header may give; a choice has its codes to be declared first."""

_IS_A_VALUE = re.compile(r"@|([0-9]\D{0,2}){7}")
"""A mail address, or as many digits as a phone or a date has."""
_NOISE = re.compile(r"[\s_.\-:*№#]+")


class Column(msgspec.Struct, frozen=True):
    """A column and the field it fills; ``kind`` is an attribute's type where the header says it."""

    name: str
    field: str
    kind: AttributeKind | None = None


def columns(header: Sequence[str], asked: Mapping[str, str], topics: Collection[str]) -> list[Column]:
    """Return the columns that are read. Raises ``NotRead`` with all that does not fit, and what could stand there.

    ``asked`` says of columns which field they fill, or nothing, to leave them out. A first row with a contact or a date
    in it is a member's own, and nothing of it is repeated.
    """
    problems = [Problem(Code.ABSENT, {"name": name}) for name in asked if name not in header]
    fields = {name: asked.get(name, _guess(name)) for name in header}
    if any(field in {"name.last", "name.middle"} for field in fields.values()):
        fields = {
            name: "name.first" if field == "name" and name not in asked and _plain(name) in FIRST_NAMES else field
            for name, field in fields.items()
        }
    out = []
    for name, field in fields.items():
        found = None if field == "" else _column(name, field, topics)
        if isinstance(found, Problem):
            problems.append(found)
        elif found is not None:
            out.append(found)
    named = {column.name for column in out}
    if any(_IS_A_VALUE.search(name) for name in header if name not in (*named, *asked)):
        raise NotRead(Problem(Code.NO_HEADER, {"known": KNOWN}))
    given = [column.field for column in out]
    twice = sorted({one for one in given if given.count(one) > 1})
    problems += [Problem(Code.TWICE, {"name": field}) for field in twice]
    if len(header) != len(set(header)):
        problems.append(Problem(Code.SAME_NAME))
    if "external_id" not in given:
        problems.append(Problem(Code.NO_ID))
    if 0 < len(set(SINGLE) & set(given)) < len(SINGLE):
        problems.append(Problem(Code.TOGETHER, {"names": ", ".join(SINGLE)}))
    if problems:
        raise NotRead(Problem(Code.COLUMNS), *problems)
    return out


def _guess(name: str) -> str:
    if name in PLAIN or name.startswith((ATTRIBUTE, CONSENT)):
        return name
    plain = _plain(name)
    as_field = plain.replace(" ", "_")
    return as_field if as_field in PLAIN else BY_ALIAS.get(plain, name or " ")


def _plain(name: str) -> str:
    return _NOISE.sub(" ", name.casefold().replace("ё", "е")).strip()


def _column(name: str, field: str, topics: Collection[str]) -> Column | Problem:
    """Return the column, or what is wrong with it."""
    if field in (*PLAIN, *SHARED, *SINGLE):
        return Column(name, field)
    if field.startswith(ATTRIBUTE):
        return _attribute(name, field)
    if field.startswith(CONSENT):
        topic, _, channel = field[len(CONSENT) :].rpartition(".")
        if topic not in topics:
            return _none(Code.NO_TOPIC, field, topic or channel, sorted(topics))
        if channel not in set(Channel):
            return _none(Code.NO_CHANNEL, field, channel, Channel)
        return Column(name, field)
    return Problem(Code.NO_COLUMN, {"name": name, "known": KNOWN})


def _attribute(name: str, field: str) -> Column | Problem:
    attribute, _, type_ = field[len(ATTRIBUTE) :].partition(":")
    if not attribute:
        return Problem(Code.NO_ATTRIBUTE, {"name": name})
    if type_ == AttributeKind.CHOICE:
        return Problem(Code.NO_CHOICES, {"field": field, "name": attribute})
    if type_ and type_ not in TYPES:
        return _none(Code.NO_TYPE, field, type_, TYPES)
    return Column(name, ATTRIBUTE + attribute, AttributeKind(type_) if type_ else None)


def _none(code: Code, field: str, said: str, known: Iterable[str]) -> Problem:
    return Problem(code, {"field": field, "code": said, "known": ", ".join(known)})
