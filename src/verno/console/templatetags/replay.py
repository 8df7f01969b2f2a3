"""What a page about a draft shows of its replay: ``{% kept_replay as kept %}``."""

from typing import NamedTuple

import msgspec
from django import template
from django.template import Context

from verno.promotions.drafts.types import DraftRow
from verno.replay.types import Kept

register = template.Library()


class KeptReplay(NamedTuple):
    """What was kept with a draft, if anything was; ``stale``: the draft has gone on since.

    ``agreed``: the reviewer knows what it costs.
    """

    number: int
    result: Kept | None
    stale: bool
    above_budget: bool
    agreed: bool

    @property
    def change(self) -> int:
        """Return how much more it costs."""
        return 0 if self.result is None else self.result.draft_cost - self.result.current_cost


@register.simple_tag(takes_context=True)
def kept_replay(context: Context) -> KeptReplay | None:
    """Return the replay that is kept with the page's ``draft`` (or ``row``); None on a page without one."""
    row = context.get("row") or getattr(context.get("draft"), "row", None)
    if not isinstance(row, DraftRow):
        return None
    try:
        result = msgspec.convert(row.result, Kept)
    except msgspec.ValidationError:
        result = None  # nobody has made one, or an earlier release kept something else
    stale = result is not None and result.revision != row.revision
    return KeptReplay(row.number, result, stale, row.above_budget, row.approved_above_budget)
