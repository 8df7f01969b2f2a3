"""Words of runs."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from verno.replay.types import Period

MOST_OPEN = 10
"""Runs of a program that may wait or be under way at once."""
KEEP = 50
"""Runs of a program that are kept."""
SILENCE = timedelta(seconds=10)
"""After it a run whose worker says nothing is told as interrupted."""
MAX_TITLE = 200
BEGINNING = 1990
"""A period that begins in this year is of all receipts: none are older."""

Title: TypeAlias = Annotated[str, Meta(min_length=1, max_length=MAX_TITLE)]


class State(StrEnum):
    """How far a run has come."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"
    """The rulebook could not be published either; ``problems`` say why."""
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
    """Its worker has stopped or was killed. It can be started again."""


OPEN = frozenset({State.WAITING, State.RUNNING})


class NewRun(msgspec.Struct, frozen=True, kw_only=True):
    """What to replay: a stored ``draft``, or the ``body`` of a rulebook under a ``title``."""

    period: Period
    draft: int | None = None
    body: dict[str, object] | None = None
    title: Title = "rulebook"


class Run(msgspec.Struct, frozen=True):
    """A run without what came out. ``done`` of ``total`` receipts (None: not counted yet)."""

    id: str
    draft: int | None
    revision: int | None
    title: str
    since: datetime
    until: datetime
    state: State
    done: int
    total: int | None
    started_by: str
    created_at: datetime
    seen_at: datetime | None
    finished_at: datetime | None
    problems: tuple[str, ...]
    kept: bool
    as_sold: bool

    @property
    def period(self) -> Period:
        """Return the receipts that it is of."""
        return Period(self.since, self.until, self.as_sold)

    @property
    def is_open(self) -> bool:
        """Tell whether something is still to come."""
        return self.state in OPEN

    @property
    def is_all(self) -> bool:
        """Tell whether it was of all receipts there are."""
        return self.since.year <= BEGINNING

    @property
    def last_moment(self) -> datetime:
        """Return the end of the period, or when it was started if that came before."""
        return min(self.until, self.created_at)


class Refusal(StrEnum):
    """Why a run was not started."""

    UNKNOWN_DRAFT = "unknown-draft"
    UNKNOWN_RUN = "unknown-run"
    NOT_VALID = "not-valid"
    EMPTY_PERIOD = "empty-period"
    TOO_MANY = "too-many"
    TOO_LONG = "too-long"
    NOT_OVER = "not-over"
    """Only what was interrupted, cancelled or refused is started again."""


class Refused(msgspec.Struct, frozen=True):
    """Nothing was changed."""

    reason: Refusal
    detail: str
    problems: tuple[str, ...] = ()
