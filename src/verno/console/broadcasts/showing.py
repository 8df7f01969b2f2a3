"""What a broadcast will do and what it did, put into words and rows for its page."""

from collections.abc import Mapping
from typing import NamedTuple

from django.utils.translation import gettext as _

from verno.console import words
from verno.console.face import Face
from verno.messaging.broadcasts.drawing import samples
from verno.messaging.broadcasts.types import (
    AtBestHour,
    AtLocalHour,
    AtMoment,
    Broadcast,
    Funnel,
    Lift,
    NewBroadcast,
    Outlook,
    Progress,
    RecipientState,
    Results,
    Verdict,
)

WHOLE = 10_000
BASELINES = (100, 300, 1_000)
"""Shares of readers who click, in hundredths of a per cent, for which the sample size is told."""


class Figure(NamedTuple):
    """A labelled figure."""

    label: str
    value: str


class Stage(NamedTuple):
    """How many messages came so far."""

    name: str
    told: str
    messages: int
    share: str


class Compared(NamedTuple):
    """Revenue a member of those written to and of the held out, and what is between them."""

    exposed: str
    held_out: str
    each: str
    low: str
    high: str
    total: str
    is_certain: bool


def when(face: Face, wanted: NewBroadcast) -> str:
    """Say when it leaves."""
    match wanted.send:
        case AtMoment(at=at):
            return face.moment(at)
        case AtLocalHour(day=day, time=time):
            told = {"day": face.day(day), "time": f"{time:%H:%M}"}
            return _("%(day)s at %(time)s of each member's own clock") % told
        case AtBestHour(day=day, fallback=time):
            told = {"day": face.day(day), "time": f"{time:%H:%M}"}
            return _("%(day)s at each member's best hour, else at %(time)s") % told
        case _:
            return _("when it is launched")


def outlook(face: Face, found: Outlook) -> dict[str, object]:
    """Return rows of a forecast."""
    return {
        "figures": [
            Figure(_("In the audience"), face.number(found.audience)),
            Figure(_("Held out, to compare"), face.number(found.holdout)),
            Figure(_("Would get it"), face.number(found.would_get)),
            Figure(_("First messages cost"), face.money(found.cost)),
        ],
        "withheld": _reasons(face, found.withheld),
        "later": _reasons(face, found.later),
        "by_channel": [Figure(words.say("channel", one), face.number(n)) for one, n in found.by_channel.items()],
        "is_sampled": found.is_sampled,
        "looked_at": face.number(found.looked_at),
        "unknown": found.unknown,
    }


def sample_sizes(face: Face, wanted: NewBroadcast, written: int) -> list[Figure]:
    """Say for usual shares of clicks which difference the smallest variant can show, of so many written to in all."""
    if wanted.winner is None or len(wanted.variants) < 2:  # noqa: PLR2004 a comparison
        return []
    each = samples.smallest_arm(written, wanted.winner.sample, [one.weight for one in wanted.variants])
    rows = []
    for baseline in BASELINES:
        effect = samples.smallest_effect(baseline, each, len(wanted.variants) - 1)
        seen = face.percent_of(baseline + effect) if effect is not None else _("none")
        rows.append(Figure(face.percent_of(baseline), seen))
    return rows


def progress(face: Face, found: Progress) -> dict[str, object]:
    """Return rows of how far the planning is."""
    waiting = found.by_state.get(RecipientState.WAITING, 0) - found.written
    rows: list[tuple[str, int]] = [(RecipientState.WAITING, waiting), ("written", found.written)]
    rows += [(state, found.by_state.get(state, 0)) for state in RecipientState if state is not RecipientState.WAITING]
    return {
        "rows": [
            (
                Figure(words.say("recipient_state", state), face.number(n)),
                _reasons(face, found.withheld) if state == RecipientState.WITHHELD else [],
            )
            for state, n in rows
            if n
        ],
        "done": 0 if not found.total else 100 * (found.total - waiting) // found.total,
    }


def results(face: Face, found: Results) -> dict[str, object]:
    """Return rows and comparisons of what a broadcast did."""
    return {
        "funnels": found.funnels,
        "stages": _stages(face, found.funnels),
        "cost": face.money(found.cost),
        "saved": face.money(found.saved) if found.saved else "",
        "lift": _compared(face, found, found.lift) if found.lift else None,
        "buyers": face.number(found.exposed.buyers),
        "revenue": face.money(found.exposed.revenue),
        "until": found.until,
    }


def winner(face: Face, verdict: Verdict) -> dict[str, object]:
    """Return how a trial ended."""
    return {
        "outcome": words.say("broadcast_outcome", verdict.outcome),
        "variant": (verdict.variant or "").upper(),
        "by": words.say("broadcast_measure", verdict.by),
        "arms": [
            (code.upper(), face.number(arm.sent), face.number(arm.hits), _share(face, arm.hits, arm.sent))
            for code, arm in verdict.arms.items()
        ],
        "at": verdict.at,
    }


def reason(one: Broadcast) -> str:
    """Say why a broadcast is paused."""
    return words.say("broadcast_warning", one.reason) if one.reason else ""


def _compared(face: Face, found: Results, lift: Lift) -> Compared:
    return Compared(
        exposed=_each(face, found.exposed.revenue, found.exposed.members),
        held_out=_each(face, found.holdout.revenue, found.holdout.members),
        each=_thousandths(face, lift.each),
        low=_thousandths(face, lift.low),
        high=_thousandths(face, lift.high),
        total=face.money(lift.total),
        is_certain=lift.is_certain,
    )


def _each(face: Face, revenue: int, members: int) -> str:
    return face.money(revenue // members) if members else "—"


def _thousandths(face: Face, value: int) -> str:
    """Write thousandths of a minor unit as money, rounded to the nearest minor unit."""
    return face.money((abs(value) + 500) // 1000 * (1 if value >= 0 else -1))


def _share(face: Face, part: int, whole: int) -> str:
    return face.percent_of(part * WHOLE // whole) if whole else "—"


def _reasons(face: Face, found: Mapping[str, int]) -> list[Figure]:
    ordered = sorted(found.items(), key=lambda one: -one[1])
    return [Figure(words.say("message", name), face.number(count)) for name, count in ordered]


def _stages(face: Face, funnels: list[Funnel]) -> list[Stage]:
    """Return how many came how far, all variants and channels together, and the share of what was planned."""
    stages = [
        (_("planned"), sum(one.meant for one in funnels)),
        (_("accepted"), sum(one.accepted for one in funnels)),
        (_("delivered"), sum(one.delivered for one in funnels)),
        (_("opened"), sum(one.opened for one in funnels)),
        (_("clicked"), sum(one.clicked for one in funnels)),
    ]
    most = max([count for _name, count in stages], default=0)
    return [Stage(name, face.number(count), count, _share(face, count, most)) for name, count in stages]
