"""Words of drafts."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

MAX_TITLE = 200
MAX_COMMENT = 2000

Title: TypeAlias = Annotated[str, Meta(min_length=1, max_length=MAX_TITLE)]
Comment: TypeAlias = Annotated[str, Meta(max_length=MAX_COMMENT)]


class State(StrEnum):
    """How far a draft has come. A change of its body makes it a draft again, whatever had been said of it."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    REJECTED = "rejected"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"
    """It was published for later, and taken back before it held."""


class NewDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A draft as its author sends it.

    ``body`` is a rulebook, maybe an unfinished one. ``number`` names the draft to change, none a new one; with
    ``revision`` the change is refused when somebody else was faster. ``based_on`` is the version that it was made
    from: what holds last, unless told.
    """

    title: Title
    body: dict[str, object]
    number: int | None = None
    revision: int | None = None
    based_on: int | None = None


class Review(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A second person's word on what they have read, which is the draft's ``revision``.

    ``above_budget`` agrees to what a replay says is above the budget.
    """

    agreed: bool
    comment: Comment = ""
    revision: int | None = None
    above_budget: bool = False


class DraftRow(msgspec.Struct, frozen=True):
    """A draft without its body. Hands are ``kind:id``; ``version`` is the rulebook that was made of it.

    ``result`` is what the last replay made of it (it names its own ``revision``, which may be an earlier one),
    ``above_budget`` that it went above a budget, and ``approved_above_budget`` that the reviewer agreed to that.
    """

    number: int
    title: str
    state: State
    revision: int
    based_on: int | None
    author: str
    editors: tuple[str, ...]
    created_at: datetime
    changed_at: datetime
    submitted_by: str | None
    submitted_at: datetime | None
    reviewer: str | None
    reviewed_at: datetime | None
    comment: str | None
    publish_at: datetime | None
    version: int | None
    result: object
    above_budget: bool
    approved_above_budget: bool


class Written(msgspec.Struct, frozen=True):
    """A draft with its body, which nobody has judged."""

    row: DraftRow
    body: dict[str, object]


class Draft(Written, frozen=True):
    """A draft with what is wrong with it as things are now (it is not submitted before that is mended)."""

    problems: tuple[str, ...]
