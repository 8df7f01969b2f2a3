"""Words of templates: blocks, versions, what is wrong with one, and what is seen of it."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from verno.members.types import Channel
from verno.messaging.letters.wording import Language
from verno.messaging.types import MessageClass
from verno.workspace.registry import Marking

MOST_SUBJECT = 300
MOST_PREHEADER = 300
MOST_BODY = 200_000
"""Characters of a block's body: ten times what the longest layout has."""
MOST_SHOWN = 20
MOST_UTM = 10
MOST_CODES = 1_000
"""Templates of one program."""
SEPARATOR = "@"
"""``welcome@3``: a message that names its template so is written from a stored version."""

Code: TypeAlias = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,49}\Z")]
Name: TypeAlias = Annotated[str, Meta(min_length=1, max_length=200)]
Word: TypeAlias = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,39}\Z")]
"""A name that sources may say: ``shown.gold``, ``utm_source``."""
Text: TypeAlias = Annotated[str, Meta(max_length=200)]
Tree: TypeAlias = dict[str, object]
"""A condition (docs/reference/conditions.md)."""


class Block(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What one channel says in one language. Each part is a source.

    ``subject``: of a letter; the title of a push. ``body``: MJML for e-mail, plain text elsewhere.
    """

    subject: Annotated[str, Meta(max_length=MOST_SUBJECT)] = ""
    preheader: Annotated[str, Meta(max_length=MOST_PREHEADER)] = ""
    body: Annotated[str, Meta(max_length=MOST_BODY)] = ""


class AdClass(StrEnum):
    """Whose advertising a template is."""

    NONE = "none"
    OWN = "own"
    THIRD_PARTY = "third_party"


class Advert(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How advertising is marked: who advertises, and the token (``erid``) that an operator of ad data gave for it.

    ``content_sha256`` is what the words were when the token was entered: other words make it void.
    """

    ad_class: AdClass = AdClass.NONE
    name: Text = ""
    inn: Annotated[str, Meta(pattern=r"^(\d{10}|\d{12})?\Z")] = ""
    erid: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{0,100}\Z")] = ""
    operator: Text = ""
    contract_ref: Text = ""
    content_sha256: Annotated[str, Meta(pattern=r"^([0-9a-f]{64})?\Z")] = ""
    marked_at: datetime | None = None


class Template(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One message in every channel and language that it has. ``shown``: conditions that sources may ask by name.

    ``track_texts``: links of texts, chats and pushes are tracked too, as those of letters always are.
    """

    code: Code
    name: Name
    class_name: MessageClass
    topic: Text
    blocks: dict[Channel, dict[Language, Block]] = {}
    shown: Annotated[dict[Word, Tree], Meta(max_length=MOST_SHOWN)] = {}
    utm: Annotated[dict[Word, Text], Meta(max_length=MOST_UTM)] = {}
    advert: Advert | None = None
    track_texts: bool = False


class Stored(msgspec.Struct, frozen=True):
    """A version of a template; a draft has not been published yet, a retired one takes no new messages."""

    template: Template
    version: int
    published_at: datetime | None
    created_at: datetime
    created_by: str
    retired_at: datetime | None = None

    @property
    def reference(self) -> str:
        """Return what a message calls it."""
        return reference(self.template.code, self.version)


class Sources(msgspec.Struct, frozen=True):
    """A block as it is rendered: ``html`` is compiled MJML, empty but for e-mail; ``text`` is what is read as plain."""

    subject: str = ""
    html: str = ""
    text: str = ""


class Compiled(msgspec.Struct, frozen=True):
    """A version as it is sent from. ``links``: the destinations that are tracked, by number."""

    code: str
    version: int
    class_name: MessageClass
    blocks: dict[str, dict[str, Sources]]
    shown: dict[str, Tree] = {}
    links: list[str] = []
    advert: str = ""
    """The line that marks it as advertising; empty where it is none."""
    needs: list[str] = []
    """Which live figures its sources name: ``balance``, ``expiring``, ``tier``."""

    @property
    def reference(self) -> str:
        """Return what a message calls it."""
        return reference(self.code, self.version)


class Lint(StrEnum):
    """What may be wrong with a template."""

    BROKEN = "broken-source"
    MISSING_FALLBACK = "missing-fallback"
    UNKNOWN_NAME = "unknown-name"
    MIXED_CLASS = "mixed-class"
    BROKEN_LINK = "broken-link"
    NO_UNSUBSCRIBE = "no-unsubscribe"
    NO_PREFERENCES = "no-preferences"
    SMS_LENGTH = "sms-length"
    SMS_TOO_LONG = "sms-too-long"
    SMS_TRACKED = "sms-tracked-longer"
    STALE_BALANCE = "stale-balance"
    NOT_MARKED = "not-marked"
    MARK_VOID = "mark-void"
    NOTHING_TO_SAY = "nothing-to-say"
    NO_SUBJECT = "no-subject"
    OTHER_LANGUAGE = "other-language"
    UNKNOWN_TOPIC = "unknown-topic"
    OTHER_CLASS = "other-class"
    BAD_CONDITION = "bad-condition"


OVERRIDABLE = frozenset({Lint.MIXED_CLASS})
"""What a named person may publish all the same, with a reason."""


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong: in a block, or, where channel and language are empty, in the whole."""

    code: Lint
    channel: str
    locale: str
    detail: str
    is_blocking: bool


class Refusal(StrEnum):
    """Why nothing was done."""

    BROKEN = "broken"
    TOO_MANY = "too-many"
    UNKNOWN = "unknown-template"
    NOT_VALID = "not-valid"
    NEEDS_REASON = "needs-reason"
    NO_BLOCK = "no-block"
    BAD_ADDRESS = "bad-address"
    STOPPED = "stopped"
    """Messages are stopped, held after a restore, or the address must not be written to."""
    NO_PROVIDER = "no-provider"
    NOT_TAKEN = "not-taken"


class Refused(msgspec.Struct, frozen=True):
    """Nothing was done; ``detail`` says what is wrong, where words help."""

    reason: Refusal
    detail: str = ""
    problems: tuple[Problem, ...] = ()


class Saved(msgspec.Struct, frozen=True):
    """The draft is stored under the version that it will be published as."""

    version: int


class Published(msgspec.Struct, frozen=True):
    """The version can be sent from."""

    version: int


class Sent(msgspec.Struct, frozen=True):
    """A test left; ``response`` is what the provider said."""

    response: str


class Rendered(msgspec.Struct, frozen=True):
    """What a reader sees. ``segments`` and ``cost`` (minor units) are a text message's."""

    subject: str
    html: str
    text: str
    segments: int = 0
    cost: int | None = None


class Broken(msgspec.Struct, frozen=True):
    """It cannot be rendered, and why."""

    detail: str


class Known(msgspec.Struct, frozen=True):
    """What sources may name in a program, and what is asked of them.

    ``units``: code -> digits behind the point. ``topics``: code -> class. ``marking``: channels on which advertising
    carries its token, ``policy``: which own advertising does. ``segment_price``: minor units.
    """

    units: Mapping[str, int] = {}
    attributes: frozenset[str] = frozenset()
    tracks: frozenset[str] = frozenset()
    topics: Mapping[str, str] = {}
    brand: frozenset[str] = frozenset()
    marking: frozenset[str] = frozenset()
    policy: Marking = Marking.STRICT
    segment_price: int | None = None
    short_link: str = ""
    """An address as long as a tracked one in a text."""


def reference(code: str, version: int) -> str:
    """Return what a message calls a version."""
    return f"{code}{SEPARATOR}{version}"


def is_stored(template: str) -> bool:
    """Tell whether a message's template is a stored one, and not a built-in letter."""
    return SEPARATOR in template


class Version(msgspec.Struct, frozen=True):
    """When and by whom a version was published; ``because``: why something was overridden."""

    version: int
    published_at: datetime
    published_by: str
    because: str | None
    retired_at: datetime | None


class Prepared(msgspec.Struct, frozen=True):
    """A message ready for the press: its block, and all that its sources can name, but for its own addresses."""

    sources: Sources
    view: dict[str, object]
    language: Language
    links: list[str] = []
    is_test: bool = False
