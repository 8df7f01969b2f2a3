"""What the doors to promotions say, and how their refusals are told."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from verno.kit.db import Connection
from verno.promotions import queries
from verno.promotions.differing import Difference
from verno.promotions.drafts.types import Draft, DraftRow
from verno.promotions.types import BudgetState, Pause, Refusal, Refused, Standing, StoredRulebook
from verno.rules.types import Rulebook
from verno.web import problems
from verno.web.problems import Problem
from verno.workspace.types import Key

GONE, CONFLICT, UNFIT, FORBIDDEN = 404, 409, 422, 403
DIGITS = 9

TITLES: Mapping[Refusal, tuple[int, str]] = {
    Refusal.UNKNOWN_DRAFT: (GONE, "There is no such draft"),
    Refusal.UNKNOWN_VERSION: (GONE, "There is no such version"),
    Refusal.UNKNOWN_RULE: (GONE, "There is no such rule or promotion"),
    Refusal.NOT_VALID: (UNFIT, "Something is wrong with the rules"),
    Refusal.CHANGED_SINCE: (CONFLICT, "The draft was changed since"),
    Refusal.OUTDATED: (CONFLICT, "Another version was published since"),
    Refusal.NOT_SUBMITTED: (CONFLICT, "The draft was not submitted"),
    Refusal.NOT_APPROVED: (CONFLICT, "The draft was not approved"),
    Refusal.OWN_DRAFT: (FORBIDDEN, "Nobody approves their own draft"),
    Refusal.ABOVE_BUDGET: (CONFLICT, "A replay of the draft went above a budget"),
    Refusal.ALREADY_PUBLISHED: (CONFLICT, "The draft was published"),
    Refusal.ALREADY_HOLDS: (CONFLICT, "The version holds already"),
    Refusal.NEVER_HELD: (CONFLICT, "The version has never held"),
    Refusal.TIME_OUT_OF_RANGE: (UNFIT, "The time cannot be right"),
    Refusal.TOO_LONG: (UNFIT, "The rulebook is too long"),
}
"""Status and title of each refusal; the refusal's own word is the problem's type."""


class RulebookPart(msgspec.Struct, frozen=True):
    """A version without its rules."""

    version: int
    title: str
    state: Standing
    rules: int
    effective_from: datetime
    published_at: datetime | None
    withdrawn_at: datetime | None


class RulebookAnswer(RulebookPart, frozen=True):
    """A version with its rules."""

    body: Rulebook


class RulebookList(msgspec.Struct, frozen=True):
    """All versions, the one that holds latest first."""

    rulebooks: list[RulebookPart]


class DraftAnswer(msgspec.Struct, frozen=True):
    """A draft, and what is wrong with it now. ``published`` is the version that was made of it."""

    draft: DraftRow
    body: dict[str, object]
    problems: tuple[str, ...]
    published: RulebookPart | None = None


class DraftPage(msgspec.Struct, frozen=True):
    """A page of drafts without their rules, newest first; ``next`` goes into ``cursor`` for the one after it."""

    drafts: list[DraftRow]
    next: str | None


class DifferenceAnswer(Difference, frozen=True):
    """What differs: rules that came and went, those that changed, the rulebook as a whole."""


class PauseList(msgspec.Struct, frozen=True):
    """What is paused, in the order in which it was."""

    pauses: tuple[Pause, ...]


class BudgetList(msgspec.Struct, frozen=True):
    """How the budgets of the rulebook that holds stand now, by the program's calendar."""

    version: int | None
    budgets: list[BudgetState]


def part(book: StoredRulebook, books: list[StoredRulebook], now: datetime) -> RulebookPart:
    """Return a version as lists show it."""
    return RulebookPart(
        *(book.version, book.title, queries.standing(book, books, now), len(book.rulebook.rules)),
        *(book.effective_from, book.published_at, book.withdrawn_at),
    )


def whole(book: StoredRulebook, books: list[StoredRulebook], now: datetime) -> RulebookAnswer:
    """Return a version with its rules."""
    return RulebookAnswer(**msgspec.structs.asdict(part(book, books, now)), body=book.rulebook)


def draft(found: Draft, published: RulebookPart | None = None) -> DraftAnswer:
    """Return a draft as the API shows it."""
    return DraftAnswer(found.row, found.body, found.problems, published)


def version(conn: Connection, program_id: str, text: str, now: datetime) -> StoredRulebook:
    """Return the version that an address names, ``current`` being the one that holds; raises ``Refused`` (404)."""
    books = queries.rulebooks(conn, program_id)
    found = queries.at(books, now) if text == "current" else queries.version(books, number(text))
    if found is None:
        raise problems.Refused(problem(Refused(Refusal.UNKNOWN_VERSION)))
    return found


def number(text: str) -> int:
    """Return the number in an address; 0, which nothing has, for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= DIGITS else 0


def for_all_places(key: Key) -> None:
    """Let only keys pass that are bound to no store: promotions are the whole program's; raises ``Refused`` (403)."""
    if key.places:
        raise problems.Refused(problems.foreign_place())


def problem(refused: Refused) -> Problem:
    """Return a refusal as a problem."""
    status, title = TITLES[refused.reason]
    errors = tuple([("body", text) for text in refused.problems])
    # What is not there is answered alike, whatever it was called.
    detail = None if status == GONE else refused.detail or None
    return Problem(refused.reason, status, title, detail, errors=errors)
