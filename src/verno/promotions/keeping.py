"""Members who keep an earlier version for a while: which version a receipt is judged by. Pure.

A version says itself which one it keeps, for whom and through which day. What that one keeps in turn is not asked: one
step back, whatever was published between.
"""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from msgspec.structs import replace

from verno.promotions import queries
from verno.promotions.types import StoredRulebook
from verno.rules.facts import Facts
from verno.rules.making.compiling import Book
from verno.rules.types import Rulebook


class Kept(NamedTuple):
    """The version that a member keeps, and through which date of the receipt's place."""

    book: StoredRulebook
    until: date


def chosen(books: Sequence[StoredRulebook], book: Book, facts: Facts) -> Kept | None:
    """Return what the member of a receipt keeps in place of ``book``; None where they keep nothing.

    Of ``facts`` only the moment, the place's zone and the member are looked at. The first that fits counts.
    """
    day = facts.local.date
    for keep in book.keeps:
        if day <= keep.until and keep.holds(facts, facts.when):
            found = queries.version(books, keep.version)
            if found is not None and found.withdrawn_at is None:
                return Kept(found, keep.until)
    return None


def named(rulebook: Rulebook, former: StoredRulebook | None) -> Rulebook:
    """Return a rulebook whose keeps name their version: where they name none, it is the ``former`` one."""
    if former is None or not rulebook.keeps:
        return rulebook
    return replace(
        rulebook, keeps=tuple([replace(one, version=one.version or former.version) for one in rulebook.keeps])
    )


def over(rulebook: Rulebook, begins: date) -> list[str]:
    """Return what a rulebook that holds from ``begins`` on, or later, says of days that are over then, in words."""
    ends = [keep.until for keep in rulebook.keeps if keep.until < begins]
    return [f"keeps: {until} is over before the version begins" for until in ends]


def problems(
    rulebook: Rulebook, books: Sequence[StoredRulebook], begins: date, former: StoredRulebook | None
) -> list[str]:
    """Return why a rulebook that holds from ``begins`` on cannot keep what it says, in words."""
    out = over(rulebook, begins)
    for keep in rulebook.keeps:
        found = queries.version(books, keep.version)
        if former is None:
            out.append("keeps: there is no earlier version")
        elif found is None or found.withdrawn_at is not None or found.effective_from > former.effective_from:
            out.append(f"keeps: version {keep.version} has not held and will not before this one begins")
    return out
