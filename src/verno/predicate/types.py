"""Words of conditions: fields and their kinds, the nodes of a tree, and why one is refused."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from enum import StrEnum
from typing import LiteralString, Protocol, TypeAlias
from zoneinfo import ZoneInfo

MAX_DEPTH = 10
"""Groups within each other, conditions on lines included."""
MAX_NODES = 500
"""Rules and groups of a tree."""
MAX_LIST = 10_000
"""Values of one list."""
MAX_VALUES = 50_000
"""Values of all lists of a tree together."""
MAX_TEXT = 200
MAX_NUMBER = 10**15
MAX_DAYS = 3_660
MAX_AROUND = 180
"""Days before and after an anniversary: more would be nearly every day."""
MAX_PATH = 20
"""Categories within each other."""

Json: TypeAlias = object
"""Whatever a JSON reader returns."""
Fact: TypeAlias = object
"""What a condition is asked of: whatever the fields of its registry can read."""
Value: TypeAlias = object
"""What a fact says of a field, as the field's kind has it; None when it says nothing."""


class Kind(StrEnum):
    """What a field's values are, in Python and in SQL."""

    NUMBER = "number"
    """int, bigint: counts, points in smallest steps, thousandths of a quantity."""
    MONEY = "money"
    """int, bigint: minor units."""
    TEXT = "text"
    FLAG = "flag"
    """bool, boolean."""
    CHOICE = "choice"
    """str, text: one of the codes the field lists, or any code when it lists none."""
    CODES = "codes"
    """A set of codes, such as badges: a collection of str, text[]."""
    DATE = "date"
    MOMENT = "moment"
    """datetime in UTC, timestamptz."""
    WEEKDAY = "weekday"
    """int, integer: 1 (Monday) to 7, somewhere (``local``)."""
    TIME = "time"
    """int, integer: minutes since midnight, somewhere (``local``)."""
    CATEGORY = "category"
    """A path of names from the root of the tree down: a sequence of str, text[]."""
    ITEMS = "items"
    """Parts with fields of their own, such as a receipt's lines: a sequence of facts, rows."""


class Mode(StrEnum):
    """How many parts must match; the first six are the builder's own words."""

    SOME = "some"
    ALL = "all"
    NONE = "none"
    AT_LEAST = "atLeast"
    AT_MOST = "atMost"
    EXACTLY = "exactly"
    SUM = "sum"
    """What a number of the parts that match must add up to."""


@dataclass(frozen=True, slots=True)
class When:
    """When a condition is asked: the moment, in UTC, and the local day of the one who asks."""

    now: datetime
    today: date

    @classmethod
    def at(cls, now: datetime, zone: ZoneInfo) -> "When":
        """Return when it is at ``now`` in ``zone``."""
        return cls(now.astimezone(UTC), now.astimezone(zone).date())


@dataclass(frozen=True, slots=True)
class Language:
    """What words are told in: gettext's two functions, the locale of numbers, the zone of moments."""

    locale: str
    gettext: Callable[[str], str]
    ngettext: Callable[[str, str, int], str]
    zone: tzinfo = UTC


Find: TypeAlias = Callable[[Fact], Value]
Reading: TypeAlias = Callable[[Fact, When], bool]
"""A condition as Python."""


class Bind(Protocol):
    """Where the SQL reading puts its values: each becomes a parameter."""

    def __call__(self, value: object, sql_type: str) -> str:
        """Return the placeholder of a value."""
        ...

    @property
    def now(self) -> str:
        """Return the placeholder of the moment, a timestamptz."""
        ...

    @property
    def today(self) -> str:
        """Return the placeholder of the local day, a date."""
        ...


@dataclass(frozen=True, slots=True)
class Field:
    """Something a condition may ask.

    ``read`` finds it in a fact, best by ``operator.attrgetter``, which costs no call of Python. ``sql`` is the same as
    an expression that needs no parentheses around it, written for psycopg (``%`` is ``%%``); ``{key}`` in it becomes
    the bound text ``key``, for what users name. Of ITEMS, ``sql`` is what stands behind FROM, with the WHERE that ties
    parts to the whole; of a field that Python alone can be asked, it is left out.
    ``label`` is a text to translate or the owner's own; ``choices`` are codes with such labels; ``decimals`` is how
    many digits of a number stand behind the point, for people.
    """

    name: str
    kind: Kind
    read: Find
    sql: LiteralString = ""
    label: str = ""
    key: str | None = None
    choices: Mapping[str, str] | None = None
    decimals: int = 0
    items: "Registry | None" = None


@dataclass(frozen=True)
class Registry:
    """The fields of one subject, by name."""

    fields: Mapping[str, Field]

    @classmethod
    def of(cls, *fields: Field) -> "Registry":
        """Return a registry of these fields; raises ``ValueError`` for two of one name, and for ITEMS without items."""
        names = [one.name for one in fields]
        names += [f"{one.name}.{inner}" for one in fields if one.items for inner in one.items.fields]
        if len(set(names)) < len(names) or any((one.kind is Kind.ITEMS) != (one.items is not None) for one in fields):
            message = "names are unique, and parts have fields"
            raise ValueError(message)
        return cls({one.name: one for one in fields})


@dataclass(frozen=True, slots=True)
class Bound:
    """An operator with its operand, in both readings: true only of a value that is there.

    ``python`` makes a reading out of a field's ``read``; ``sql`` writes an expression, not true where there is NULL.
    ``tell`` says the operand in words. ``anchors`` are the values one of which the field must hold, if the operator
    says so.
    """

    python: Callable[[Find], Reading]
    sql: Callable[[str, Bind], str]
    tell: Callable[[Language], str]
    anchors: frozenset[Value] | None = None


@dataclass(frozen=True, slots=True)
class Leaf:
    """A rule: a field, an operator, its operand. ``opposite`` turns the verdict, missing values included."""

    path: str
    field: Field
    operator: str
    bound: Bound
    opposite: bool


@dataclass(frozen=True, slots=True)
class Items:
    """A rule about parts: how many match ``where`` (None: all do), or what their ``of`` adds up to."""

    path: str
    field: Field
    mode: Mode
    where: "Node | None" = None
    threshold: int = 0
    comparison: str = ""
    of: Field | None = None


@dataclass(frozen=True, slots=True)
class AllOf:
    """Each of these; of none, it is true."""

    nodes: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of these."""

    nodes: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """What the inner one is not."""

    node: "Node"


Node: TypeAlias = Leaf | Items | AllOf | AnyOf | Not


class Wrong(StrEnum):
    """Why a tree is refused."""

    NOT_A_TREE = "not-a-tree"
    UNKNOWN_FIELD = "unknown-field"
    UNKNOWN_OPERATOR = "unknown-operator"
    BAD_VALUE = "bad-value"
    EMPTY_GROUP = "empty-group"
    TOO_DEEP = "too-deep"
    TOO_MANY = "too-many"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and where: ``rules.1.value``."""

    path: str
    wrong: Wrong
    detail: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A tree that cannot be asked, with everything that is wrong with it."""

    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Compiled:
    """A condition as SQL: an expression and its bound parameters, by name."""

    text: str
    parameters: Mapping[str, object]
