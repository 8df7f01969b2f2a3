"""What a broadcast did, and what it brought: exposed against holdout."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from verno.kit.db import Connection
from verno.messaging.broadcasts import costs, queries
from verno.messaging.broadcasts.drawing.lift import lift
from verno.messaging.broadcasts.types import Broadcast, Funnel, Group, Progress, Results
from verno.messaging.facts import SQL
from verno.messaging.types import State

REVENUE_DAYS = 14
"""For how long after the freeze purchases count, and leaving the topic counts as leaving for the broadcast."""

WAITING = frozenset({State.QUEUED, State.CLAIMED, State.HANDING_OVER, State.DEFERRED})
CLICKED = frozenset({State.CLICKED})
OPENED = CLICKED | {State.OPENED}
DELIVERED = OPENED | {State.DELIVERED, State.COMPLAINED}
ACCEPTED = DELIVERED | {State.ACCEPTED, State.BOUNCED}
NOBODY = Group(0, 0, 0, 0)

Counts = dict[tuple[str, str], Counter[str]]
"""By (variant, channel), messages by state."""


def results(
    conn: Connection, program_id: str, broadcast: Broadcast, *, now: datetime, days: int = REVENUE_DAYS
) -> Results:
    """Return the funnel by variant and channel, cost, and revenue against the holdout, as they are ``now``.

    Revenue is what was paid in money from the freeze on, for ``days``, less what came back. Whoever was held out is
    compared with everybody else of the audience, reached or not: only the draw keeps the two alike. The number of
    statements does not depend on the audience.
    """
    began = broadcast.frozen_at or now
    until = min(now, began + timedelta(days=days))
    asked = {
        "id": broadcast.id,
        "program": program_id,
        "occasion": broadcast.occasion,
        "topic": broadcast.wanted.topic,
        "since": began,
        "until": until,
    }
    prices = costs.prices(conn, program_id)
    funnels = _funnels(conn, asked, prices)
    groups: dict[str | None, Group] = {
        variant: Group(members, buyers, int(revenue), int(squares))
        for variant, members, buyers, revenue, squares in conn.execute(SQL["revenue_of_recipients"], asked).fetchall()
    }
    holdout = groups.pop(None, NOBODY)
    exposed = _together(groups.values())
    return Results(
        progress=_progress(conn, program_id, broadcast),
        funnels=funnels,
        exposed=exposed,
        holdout=holdout,
        by_variant={variant: group for variant, group in sorted(groups.items(), key=str) if variant is not None},
        lift=lift(exposed, holdout),
        cost=sum(one.cost for one in funnels),
        saved=_saved(conn, broadcast, prices),
        until=until,
    )


def _progress(conn: Connection, program_id: str, broadcast: Broadcast) -> Progress:
    return queries.progress(conn, program_id, broadcast.id)


def _funnels(conn: Connection, asked: Mapping[str, object], prices: Mapping[str, int]) -> list[Funnel]:
    states: Counts = {}
    withheld: Counts = {}
    for variant, channel, state, reason, count in conn.execute(SQL["funnel_of_broadcast"], asked).fetchall():
        states.setdefault((variant, channel), Counter())[state] += count
        if state == State.WITHHELD:
            withheld.setdefault((variant, channel), Counter())[reason or ""] += count
    left = {
        (variant, channel): count
        for variant, channel, count in conn.execute(SQL["leavers_of_broadcast"], asked).fetchall()
    }
    return [
        _funnel(place, counted, withheld.get(place, Counter()), left.get(place, 0), prices.get(place[1], 0))
        for place, counted in sorted(states.items())
    ]


def _funnel(place: tuple[str, str], counted: Counter[str], withheld: Counter[str], left: int, price: int) -> Funnel:
    def of(states: Iterable[str]) -> int:
        return sum(counted[state] for state in states)

    accepted = of(ACCEPTED)
    return Funnel(
        variant=place[0],
        channel=place[1],
        planned=counted.total(),
        waiting=of(WAITING),
        withheld=dict(sorted(withheld.items())),
        accepted=accepted,
        delivered=of(DELIVERED),
        opened=of(OPENED),
        clicked=of(CLICKED),
        rejected=counted[State.REJECTED],
        bounced=counted[State.BOUNCED],
        complained=counted[State.COMPLAINED],
        uncertain=counted[State.UNCERTAIN],
        unsubscribed=left,
        cost=accepted * price,
    )


def _together(groups: Iterable[Group]) -> Group:
    every: Sequence[Group] = list(groups)
    return Group(
        sum(one.members for one in every),
        sum(one.buyers for one in every),
        sum(one.revenue for one in every),
        sum(one.squares for one in every),
    )


def _saved(conn: Connection, broadcast: Broadcast, prices: Mapping[str, int]) -> int:
    """Return what the next channel would have cost for whom the ones before were enough, and whom it would have taken.

    Members by the channel that was spared, times its price: whom that channel would not have reached (no number, no
    consent, caps) it spared nothing. Nor is more saved than was left to be spent: what the cost limit has not been
    used for pays for so many whole messages, the cheaper channel's first.
    """
    steps, limit = broadcast.wanted.channels, broadcast.wanted.cost_limit
    rows = conn.execute(SQL["reached_by_step"], {"id": broadcast.id}).fetchall()
    saved = 0
    for step, spared in sorted(rows):
        price = prices.get(steps[step].channel, 0) if step < len(steps) else 0
        if price:
            most = spared if limit is None else max(0, limit - broadcast.cost - saved) // price
            saved += min(spared, most) * price
    return saved
