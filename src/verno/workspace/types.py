"""Words of the workspace: program, unit, place, API key, scope, refusals."""

from datetime import datetime
from enum import StrEnum

import msgspec

from verno.ledger.lifetime import FOR_EVER, Expiry, ForDays, Lifetime


class PlaceKind(StrEnum):
    """Levels of the places tree, from the top."""

    NETWORK = "network"
    REGION = "region"
    STORE = "store"
    TILL = "till"


class Scope(StrEnum):
    """What an API key may do."""

    RECEIPTS_WRITE = "receipts:write"
    """Sales, quotes, returns."""
    POINTS_SPEND = "points:spend"
    """Spend, hold, capture, cancel."""
    POINTS_ADJUST = "points:adjust"
    POINTS_APPROVE = "points:approve"
    """See what waits for a second person, and bring their word with their PIN."""
    MEMBERS_READ = "members:read"
    MEMBERS_WRITE = "members:write"
    PERSONAL_READ = "personal:read"
    MESSAGES_SEND = "messages:send"
    SETTINGS_WRITE = "settings:write"
    PROMOTIONS_READ = "promotions:read"
    """Rulebooks, drafts, what is paused, how budgets stand, progress tracks, contracts."""
    PROMOTIONS_WRITE = "promotions:write"
    """Save and submit drafts, publish what was approved, roll back, pause and resume; tracks and contracts."""
    PROMOTIONS_APPROVE = "promotions:approve"
    """Bring the word of a second person on a draft, with their PIN."""
    GOODS_WRITE = "goods:write"
    """Store goods: names, categories, costs."""
    EVENTS_READ = "events:read"
    """Read what happened, event by event; nothing personal is in it."""


class Program(msgspec.Struct, frozen=True):
    """One loyalty program."""

    id: str
    name: str
    currency: str
    timezone: str
    country: str
    locale: str


class DebtPolicy(StrEnum):
    """What becomes of points that a return takes back and the member no longer has."""

    DEBT = "debt"
    """Owed: what the member gets next repays it first."""
    WRITE_OFF = "write_off"


class Unit(msgspec.Struct, frozen=True):
    """A kind of points, with what its settings say.

    ``spend_value``: minor units that one whole point pays; None: it cannot be spent. ``max_balance``: the most that a
    member may hold, in the unit's smallest step; None: any number.
    """

    id: str
    code: str
    scale: int
    lifetime: Lifetime = FOR_EVER
    spend_value: int | None = None
    debt_policy: DebtPolicy = DebtPolicy.DEBT
    max_balance: int | None = None

    @property
    def life_days(self) -> int | None:
        """Days from the business date to the last usable day, where that is how the lifetime is said."""
        expiry = self.lifetime.expiry
        return expiry.days if isinstance(expiry, ForDays) else None


class NewUnit(msgspec.Struct, frozen=True):
    """A kind of points to add. ``scale``: decimals of a whole point, 0 to 2."""

    code: str
    scale: int = 0
    expiry: Expiry | None = None
    spend_value: int | None = None


class UnitRefusal(StrEnum):
    """Why a unit was not added."""

    BAD_CODE = "bad-code"
    BAD_SCALE = "bad-scale"
    CODE_TAKEN = "code-taken"
    TOO_MANY = "too-many"


class Store(msgspec.Struct, frozen=True):
    """A store as a receipt needs it: its zone (its own or the program's), its anonymous holder, its region's code."""

    id: str
    code: str
    name: str
    timezone: str
    anonymous_holder_id: str
    region: str | None = None


class Key(msgspec.Struct, frozen=True):
    """A valid API key, without its secret.

    ``places`` are codes of stores, none of them meaning all; ``rate`` is requests a minute, None meaning any number.
    """

    id: str
    program_id: str
    name: str
    scopes: frozenset[str]
    expires_at: datetime
    places: frozenset[str] = frozenset()
    rate: int | None = None


class NewProgram(msgspec.Struct, frozen=True):
    """What a program starts with. ``country`` is ISO 3166 (phone numbers without a country code)."""

    name: str
    currency: str
    timezone: str
    country: str
    locale: str


class ProgramRefusal(StrEnum):
    """Why a program was not made."""

    UNKNOWN_CURRENCY = "unknown-currency"
    UNKNOWN_TIMEZONE = "unknown-timezone"
    UNKNOWN_COUNTRY = "unknown-country"
    ALREADY_THERE = "already-there"


class NewStore(msgspec.Struct, frozen=True):
    """A store, or a region, to add under the program's network."""

    code: str
    name: str
    timezone: str | None = None
