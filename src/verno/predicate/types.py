"""Words of conditions: fields, the tree, and what may be wrong with one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeAlias

MAX_DEPTH = 10
MAX_NODES = 500
MAX_LIST = 1_000
MAX_TEXT = 200
MAX_NUMBER = 10**15
MAX_DAYS = 3_660

Json: TypeAlias = object
"""Whatever a JSON reader returns."""
Value: TypeAlias = Any
"""What a fact says of a field, of whatever type its kind has; None when it says nothing."""
Fact: TypeAlias = Any
"""What a condition is asked of: whatever the registry's fields can read."""


class Kind(StrEnum):
    """What a field's values are."""

    NUMBER = "number"
    """Integers: counts, minor units of money, points in smallest steps, thousandths of a quantity."""
    TEXT = "text"
    FLAG = "flag"
    CHOICE = "choice"
    """One of the codes the field lists."""
    CODES = "codes"
    """A set of codes: badges, tags."""
    DATE = "date"
    MOMENT = "moment"
    """A point in time; where local, in the zone the field gives."""
    PATH = "path"
    """A place in a tree, from its root: a category."""
    ITEMS = "items"
    """Parts with fields of their own: a receipt's lines."""


class Mode(StrEnum):
    """How many items must match."""

    ANY = "some"
    ALL = "all"
    NONE = "none"
    AT_LEAST = "atLeast"
    AT_MOST = "atMost"
    EXACTLY = "exactly"
    SUM = "sum"
    """The sum of a number over the items that match."""


@dataclass(frozen=True, slots=True)
class Field:
    """Something a condition may ask. ``read`` finds it in a fact, ``sql`` is the same as an expression.

    ``zone`` and ``sql_zone`` give a moment's zone, ``choices`` the codes of a choice, ``items`` the fields of its parts;
    there ``sql`` is what stands behind FROM, with the condition that ties the parts to the whole.
    """

    name: str
    kind: Kind
    read: Callable[[Fact], Value]
    sql: str
    zone: Callable[[Fact], str] | None = None
    sql_zone: str = "'UTC'"
    choices: frozenset[str] | None = None
    items: "Registry | None" = None


@dataclass(frozen=True)
class Registry:
    """The fields of one subject, by name."""

    fields: Mapping[str, Field]

    @classmethod
    def of(cls, *fields: Field) -> "Registry":
        """Return a registry of these fields; raises ``ValueError`` when two have one name."""
        by_name = {one.name: one for one in fields}
        if len(by_name) < len(fields):
            message = "two fields have the same name"
            raise ValueError(message)
        return cls(by_name)


@dataclass(frozen=True, slots=True)
class Test:
    """A leaf: a field, a positive operator of its kind with both readings of its operand (``operators.Bound``).

    ``path`` is where it stands: positions of rules from the root down.
    """

    field: Field
    operator: str
    operand: object
    python: "Callable[[Value, Instant, str], bool]"
    sql: "Callable[[str, str, Callable[[object, str], str]], str]"
    path: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Items:
    """A condition on parts: how many, or what sum, of those that match ``where``. ``of`` is the number summed."""

    field: Field
    mode: Mode
    where: "Node"
    operator: str = ">="
    threshold: int = 1
    of: Field | None = None
    path: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Both:
    """All of these; of none, it is true."""

    nodes: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Either:
    """Any of these; of none, it is false."""

    nodes: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """What the inner one is not."""

    node: "Node"


Node: TypeAlias = Test | Items | Both | Either | Not


class Wrong(StrEnum):
    """Why a tree is refused."""

    NOT_A_TREE = "not-a-tree"
    UNKNOWN_FIELD = "unknown-field"
    UNKNOWN_OPERATOR = "unknown-operator"
    BAD_VALUE = "bad-value"
    TOO_DEEP = "too-deep"
    TOO_MANY = "too-many"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and where: positions of rules from the root down."""

    path: tuple[int, ...]
    wrong: Wrong
    detail: str


@dataclass(frozen=True, slots=True)
class Instant:
    """When a condition is asked: the moment and, for dates, the local day."""

    now: datetime
    today: date


@dataclass(frozen=True, slots=True)
class Compiled:
    """A condition as SQL: an expression and its bound parameters, by name."""

    text: str
    parameters: Mapping[str, object] = field(default_factory=dict)


Reading: TypeAlias = Callable[[Fact, Instant], bool]
"""A condition as Python."""
