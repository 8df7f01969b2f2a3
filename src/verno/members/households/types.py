"""Words of households."""

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

INVITED_FOR = timedelta(days=7)
"""How long a code lets in."""
MAX_INVITATIONS = 10
"""Open codes of one household."""


class Role(StrEnum):
    """What a member is in a household. Head and adults may take from the pool, children may not."""

    HEAD = "head"
    ADULT = "adult"
    CHILD = "child"


class Rules(msgspec.Struct, frozen=True, gc=False):
    """What the program's settings say: how many in one household, how long nobody who left may join another."""

    most: int
    cooling_days: int


class Mate(msgspec.Struct, frozen=True, gc=False):
    """A member of a household, as who they are now."""

    holder_id: str
    role: Role
    joined_at: datetime


class Household(msgspec.Struct, frozen=True, gc=False):
    """A household that is open, its head first. Its id is the holder of the pool."""

    id: str
    created_at: datetime
    mates: list[Mate]

    def mate(self, holder_id: str) -> Mate | None:
        """Return one of them."""
        return next((one for one in self.mates if one.holder_id == holder_id), None)


class NotJoined(StrEnum):
    """Why it was not done."""

    UNKNOWN_HOUSEHOLD = "unknown-household"
    UNKNOWN_MEMBER = "unknown-member"
    NOT_A_PERSON = "not-a-person"
    IN_A_HOUSEHOLD = "in-a-household"
    NOT_IN_IT = "not-in-the-household"
    COOLING = "left-one-lately"
    FULL = "household-full"
    BAD_CODE = "bad-code"
    """Wrong, used, or over: nobody is told which."""
    TOO_MANY_INVITATIONS = "too-many-invitations"
    NOT_THE_HEAD = "not-the-head"
    """A household has one head, who becomes nothing else while there are others."""


class Refused(msgspec.Struct, frozen=True, gc=False):
    """Nothing was done. ``field`` names what to mend."""

    reason: NotJoined
    field: str
    detail: str


class Joined(msgspec.Struct, frozen=True, gc=False):
    """The member is in the household."""

    household_id: str


class Invited(msgspec.Struct, frozen=True, gc=False):
    """A code, told once."""

    code: str
    role: Role
    expires_at: datetime


class Left(msgspec.Struct, frozen=True, gc=False):
    """The member has left. ``head_id`` is the head now; None: the household is closed, since no adult was left."""

    household_id: str
    head_id: str | None
