"""Words of the checker: what was looked at, and what is wrong."""

from collections.abc import Mapping

import msgspec


class Problem(msgspec.Struct, frozen=True):
    """One row that contradicts the others. ``where`` holds the ids that lead to it."""

    check: str
    what: str
    where: Mapping[str, str | int | None]


class Report(msgspec.Struct, frozen=True):
    """What one run found.

    ``checked`` counts the rows looked at, by table. ``problems`` lists at most ``SHOWN`` of each check, and
    ``totals`` says how many there are of each check that failed.
    """

    checked: Mapping[str, int]
    problems: tuple[Problem, ...]
    totals: Mapping[str, int]
    seconds: float

    @property
    def ok(self) -> bool:
        """Tell whether nothing is wrong."""
        return not self.totals
