"""A part of a long list, such as the thousand rules of a rulebook: those with some letters in them, so many a page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.http import QueryDict

T = TypeVar("T")

PAGE = 50
"""Rules, or changes of rules, on one page."""
MOST_LETTERS = 200
DIGITS = 6
SEARCH = "q"
ANCHORS = {"page": "rules"}
"""Where on a page its lists stand, by what the address calls their pages; the others are called like that."""


@dataclass(frozen=True)
class Part(Generic[T]):
    """What of a list is shown: ``found`` of ``total`` have the letters ``text``, and ``first`` is the place among them.

    ``key`` is what the address calls the page, ``asked`` is what else it says.
    """

    items: Sequence[T]
    first: int
    found: int
    total: int
    text: str
    key: str
    asked: QueryDict

    @property
    def last(self) -> int:
        """Return the place of the last that is shown, counted from one."""
        return self.first + len(self.items)

    @property
    def start(self) -> int:
        """Return the place of the first that is shown, counted from one."""
        return self.first + 1

    @property
    def is_long(self) -> bool:
        """Tell whether there are more than fit on a page: only such a list is searched."""
        return self.total > PAGE

    @property
    def before(self) -> int | None:
        """Return the page before, if there is one."""
        return self.first // PAGE if self.first else None

    @property
    def after(self) -> int | None:
        """Return the next page, if there is one."""
        return self.last // PAGE + 1 if self.last < self.found else None

    @property
    def others(self) -> list[tuple[str, str]]:
        """Return what else the address says, for the form that searches: a search begins on the first page."""
        return [(name, str(value)) for name, value in self.asked.items() if name not in {SEARCH, self.key}]

    @property
    def here(self) -> str:
        """Return the address of this page, for forms on it: a search leaves the browser's own as it was."""
        return f"?{self.asked.urlencode()}"

    def address(self, page: int) -> str:
        """Return the address of a page of the same list."""
        query = self.asked.copy()
        query[self.key] = str(page)
        return f"?{query.urlencode()}#{ANCHORS.get(self.key, self.key)}"

    @property
    def address_before(self) -> str:
        """Return where the page before is."""
        return self.address(self.before or 1)

    @property
    def address_after(self) -> str:
        """Return where the next page is."""
        return self.address(self.after or 1)


def part(
    asked: QueryDict, items: Sequence[T], words: Callable[[T], Sequence[object]] | None = None, *, key: str = "page"
) -> Part[T]:
    """Return the page that an address asks for, the nearest there is; ``words`` are where letters are looked for."""
    text = asked.get(SEARCH, "").strip()[:MOST_LETTERS] if words is not None else ""
    wanted = text.casefold()
    found = (
        [one for one in items if any(wanted in str(word or "").casefold() for word in words(one))]
        if wanted and words is not None
        else items
    )
    number = asked.get(key, "")
    page = int(number) if number.isascii() and number.isdigit() and len(number) <= DIGITS else 1
    last = max((len(found) - 1) // PAGE, 0)
    first = min(max(page - 1, 0), last) * PAGE
    return Part(found[first : first + PAGE], first, len(found), len(items), text, key, asked)


def page_of(position: int) -> int:
    """Return the page on which the list has what stands at ``position``, counted from nought."""
    return position // PAGE + 1
