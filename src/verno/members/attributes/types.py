"""Words of attributes: what one is called, asks, may hold; what a pack brings."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from verno.members.types import AttributeKind

LANGUAGES = ("ru", "en")
MOST_CHOICES = 100
LONGEST_NAME, LONGEST_QUESTION = 80, 300


class Choice(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A code that an attribute may hold, with what people call it by language."""

    code: str
    names: dict[str, str] = {}


class Attribute(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An attribute as it is declared; names and questions by language.

    ``questions`` are what a member is asked. ``choices`` of a choice, or of a list that takes no other. ``sensitive``:
    of a special category (health and the like): it is shown to those who may see personal data, and is never in a
    message, a condition, a promotion or the audit. ``pack``: which one brought it.
    """

    name: str
    kind: AttributeKind
    names: dict[str, str] = {}
    questions: dict[str, str] = {}
    choices: tuple[Choice, ...] | None = None
    pack: str | None = None
    sensitive: bool = False
    archived_at: datetime | None = None


class Pack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Attributes that an industry wants to know."""

    code: str
    names: dict[str, str]
    attributes: Sequence[Attribute]


class NotKept(msgspec.Struct, frozen=True):
    """Nothing was changed: ``field`` is to mend."""

    field: str
    detail: str


class Installed(msgspec.Struct, frozen=True):
    """What came of a pack: names added, names that were declared and keep what they are, names of another type here."""

    added: tuple[str, ...]
    there: tuple[str, ...]
    other: tuple[str, ...]
