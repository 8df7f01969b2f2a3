"""What a page about a draft shows of its replay: ``{% kept_replay as kept %}``."""

from typing import NamedTuple

import msgspec
from django import template
from django.template import Context

from verno.promotions.drafts.types import DraftRow
from verno.replay.types import Kept

register = template.Library()


class KeptReplay(NamedTuple):
    """What was kept with a draft; ``stale``: that has gone on since. ``agreed``: the reviewer knows what it costs."""

    number: int
    result: Kept
    stale: bool
    above_budget: bool
    agreed: bool

    @property
    def change(self) -> int:
        """Return how much more it costs."""
        return self.result.draft_cost - self.result.current_cost


@register.simple_tag(takes_context=True)
def kept_replay(context: Context) -> KeptReplay | None:
    """Return the replay that is kept with the page's ``draft`` (or ``row``); None when nobody has made one."""
    row = context.get("row") or getattr(context.get("draft"), "row", None)
    if not isinstance(row, DraftRow) or row.result is None:
        return None
    try:
        result = msgspec.convert(row.result, Kept)
    except msgspec.ValidationError:
        return None  # an earlier release kept something else
    return KeptReplay(row.number, result, result.revision != row.revision, row.above_budget, row.approved_above_budget)
