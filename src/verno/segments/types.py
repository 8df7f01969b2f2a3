"""Words of segments: what conditions on members may name, a selection of members, a person as they are asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeAlias
from zoneinfo import ZoneInfo

from verno.predicate.types import Kind, Refused, Registry
from verno.rules.facts import Member as Told
from verno.rules.fields import Known as KnownToRules

MOST_ASKED = 10_000
"""Members whom one call of ``matching`` asks about."""
MOST_IN_PAGE = 10_000

Problems: TypeAlias = Refused
"""Why a tree is no segment: everything that is wrong with it, and where."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute as conditions know it; ``choices`` are codes with labels, None where any text may stand."""

    kind: Kind
    label: str = ""
    choices: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Counting:
    """A track that holds: its id, whom it is for (None: everybody), whether companies of one group count together."""

    id: str
    audience: str | None = None
    by_group: bool = False


@dataclass(frozen=True, slots=True)
class Points:
    """A unit as conditions know it."""

    id: str
    scale: int = 0


@dataclass(frozen=True)
class Known:
    """What a program has that conditions on members may name: what rules know, and what only members have."""

    rules: KnownToRules
    zone: ZoneInfo
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    units: Mapping[str, Points] = field(default_factory=dict)
    tracks: Mapping[str, Counting] = field(default_factory=dict)
    districts: Mapping[str, str] = field(default_factory=dict)
    """Names by code, of archived ones too: nobody is in them."""


@dataclass(frozen=True)
class Fields:
    """The fields of a program's members, and the zone whose days conditions speak of."""

    program_id: str
    registry: Registry
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Selection:
    """Members of whom a condition is true, as SQL: one column, the holder's id, each once; merged ones are left out.

    To be put in parentheses, after IN or FROM, in a statement that is run with ``parameters`` among its own. All their
    names begin with the prefix that was asked for, or with ``segment_``.
    """

    sql: str
    parameters: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Receipt:
    """A settled sale. ``amount`` is what money paid of it and did not come back, in minor units."""

    at: datetime
    date: date
    place: str
    region: str | None
    channel: str | None
    amount: int


@dataclass(frozen=True, slots=True)
class Goods:
    """A line of a settled sale; ``quantity`` in thousandths, ``amount`` in minor units after the till's discounts."""

    at: datetime
    date: date
    place: str
    sku: str
    category: tuple[str, ...]
    quantity: int
    amount: int


@dataclass(frozen=True, slots=True)
class Ending:
    """Points of one lot that end; ``day`` is the last on which they can be spent."""

    unit: str
    day: date
    points: int


@dataclass(frozen=True, slots=True)
class Person:
    """A member as the Python reading asks them: the same things as the fields' SQL, read another way."""

    id: str
    member: Told
    locale: str | None = None
    buying_group: str | None = None
    agreed: frozenset[str] = frozenset()
    identities: frozenset[str] = frozenset()
    verified: frozenset[str] = frozenset()
    home_place: str | None = None
    home_region: str | None = None
    districts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    most_per: int | None = None
    paused: bool = False
    balances: Mapping[str, int] = field(default_factory=dict)
    pending: Mapping[str, int] = field(default_factory=dict)
    receipts: Sequence[Receipt] = ()
    goods: Sequence[Goods] = ()
    expiring: Sequence[Ending] = ()
    now: datetime = field(kw_only=True)
