"""The verb of steps: a batch of captures, cancels, activations and claims in, one outcome each out.

Locks are taken in one order: the receipts by id, then what unwinders count, then the ledger's accounts. A whole capture
takes five round trips: lock, the ledger's two, write, commit.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from verno.intake import naming, sold
from verno.intake.context import Context, Settlement
from verno.intake.returns import applying
from verno.intake.settling import desk, remembering
from verno.intake.settling.posting import completed, given, why
from verno.intake.sold import CLAIM, RESOLVE, Sold
from verno.intake.steps import activating, claiming, counting, resolving, writing
from verno.intake.steps.plan import Plan
from verno.intake.steps.types import KINDS, Activate, Asked, Cancel, Capture, Claim
from verno.intake.types import ByNumber, Outcome, Refusal, Refused, Replayed, Settled
from verno.kit import ids
from verno.kit.db import Connection
from verno.ledger import queries as ledger_queries
from verno.ledger import service as ledger
from verno.ledger.types import Operation, Posted
from verno.members import queries as members
from verno.rules.facts import Member

Keys = dict[naming.Key, Member]


def take(conn: Connection, context: Context, asked: Sequence[Asked], *, now: datetime) -> Settlement:
    """Take a batch of steps in the caller's transaction.

    Refusals: ``not-found``, ``already-resolved``, ``hold-expired``, ``not-settled``, ``idempotency-mismatch``,
    ``unknown-member``, ``member-named-badly``, ``claim-too-late``, ``insufficient-points`` (a late capture that holds
    again), ``over-limit``, ``time-out-of-range``, ``invalid``. The same step again is a replay. Two steps of one
    receipt in one batch are taken one after the other.
    """
    outcomes: list[Outcome | None] = [None] * len(asked)
    desk.meet_stores(conn, context, [one.target.place for one in asked if isinstance(one.target, ByNumber)])
    waiting = list(range(len(asked)))
    retried: set[str] = set()
    while waiting:
        waiting = _wave(conn, context, asked, waiting, outcomes, retried, now=now)
    return Settlement([outcome for outcome in outcomes if outcome is not None])


def _wave(
    conn: Connection,
    context: Context,
    asked: Sequence[Asked],
    waiting: Sequence[int],
    outcomes: list[Outcome | None],
    retried: set[str],
    *,
    now: datetime,
) -> list[int]:
    """Take the first step of each receipt; returns the positions of those that must see it done first.

    They begin with those that a limit had turned away for the sake of a neighbour which then left room, each once.
    """
    found, later = _first_of_each(conn, context, asked, waiting, outcomes)
    keys = _members(conn, context, [asked[index] for index, _ in found], now=now)
    ready: list[Plan] = []
    for (index, one), id_ in zip(found, ids.new_ids(len(found), now=now), strict=True):
        made = _plan(context, index, asked[index], one, id_, keys, now=now)
        if isinstance(made, Plan):
            ready.append(made)
        else:
            outcomes[index] = made
    desks = counting.open_for(conn, context, ready, now=now)
    desks.retried = retried
    turned_away: list[Plan] = []
    if desks:
        for plan in ready:
            outcomes[plan.index] = counting.count(conn, context, desks, plan)
        turned_away = [plan for plan in ready if outcomes[plan.index] is not None]
        ready = [plan for plan in ready if outcomes[plan.index] is None]
    for plan, no in _post(conn, context, ready, now=now):
        outcomes[plan.index] = no
        counting.forget(desks, plan)
    done = [plan for plan in ready if outcomes[plan.index] is None]
    answers, any_parked = writing.write(conn, context, done, now=now)
    for plan, reply in zip(done, answers, strict=True):
        counting.correct(desks, plan)
        counting.track(context, desks, plan)
        outcomes[plan.index] = Settled(plan.sold.row.id, reply, sum(plan.earned.values()))
    if any_parked:
        applying.apply(conn, context, [plan.sold.row.id for plan in done if plan.becomes], desks=desks, now=now)
    spoiled = desks.spoiled() if turned_away else set()
    desks.write(conn)
    return [plan.index for plan in turned_away if plan.sold.row.id in spoiled] + later


def _first_of_each(
    conn: Connection,
    context: Context,
    asked: Sequence[Asked],
    waiting: Sequence[int],
    outcomes: list[Outcome | None],
) -> tuple[list[tuple[int, Sold]], list[int]]:
    """Lock the receipts; return the first step of each with it, and the positions of the others."""
    found: list[tuple[int, Sold]] = []
    later: list[int] = []
    seen: set[str] = set()
    receipts = sold.lock(conn, context, [asked[index].target for index in waiting])
    for index, one in zip(waiting, receipts, strict=True):
        if one is None or not _allowed(context, asked[index], one):
            outcomes[index] = Refused(Refusal.NOT_FOUND, "", "no receipt has this name")
        elif one.row.id in seen:
            later.append(index)
        else:
            seen.add(one.row.id)
            found.append((index, one))
    sold.look_closer(conn, [one for index, one in found if context.tracks or _needs_more(one, asked[index])])
    return found, later


def _allowed(context: Context, asked: Asked, one: Sold) -> bool:
    """Tell whether the caller may act at the receipt's store; foreign and unknown look alike."""
    return not asked.places or context.by_place[one.row.place_id].code in asked.places


def _needs_more(one: Sold, asked: Asked) -> bool:
    step = asked.step
    return resolving.needs_lines(one, step) if isinstance(step, Capture | Cancel) else True


def _members(conn: Connection, context: Context, asked: Sequence[Asked], *, now: datetime) -> Keys:
    """Return the members that claims name, with what rulebooks may ask of them."""
    keys = {key for one in asked if isinstance(one.step, Claim) and not isinstance(key := _key(context, one.step), str)}
    found = members.find_holders(conn, context.program.id, keys) if keys else {}
    known: dict[str, Member] = {}
    if found and (context.tracks or context.keeps or not all(context.ready(book).plain for book in context.rulebooks)):
        holders = sorted(set(found.values()))
        known = remembering.known(conn, context, holders, holders, now=now)
    return {key: known.get(id_) or Member(id_) for key, id_ in found.items()}


def _key(context: Context, step: Claim) -> naming.Key | str:
    program = context.program
    return naming.member_key(step.member, program_id=program.id, country=program.country)


def _slot(step: object) -> str:
    if isinstance(step, Activate):
        return f"activate/{step.event}"
    return CLAIM if isinstance(step, Claim) else RESOLVE


def _plan(
    context: Context, index: int, asked: Asked, one: Sold, id_: str, keys: Keys, *, now: datetime
) -> Plan | Replayed | Refused:
    """Answer a step that was taken before, refuse what may not be, or plan it."""
    step, row = asked.step, one.row
    kind, slot = KINDS[type(step)], _slot(step)
    fingerprint = naming.sign(step, kind)
    before = one.steps.get(slot)
    if before is not None:
        if before.kind == kind and before.fingerprint == fingerprint:
            return Replayed(row.id, before.answer.encode())
        return _differs(step, row.status)
    store = context.by_place[row.place_id]
    at = now if step.at is None else desk.when(context, store, step.at, now)
    if isinstance(at, Refused):
        return at
    # A capture's operation bears the receipt's id, so that a return finds what it earned and spent.
    id_ = row.id if isinstance(step, Capture | Claim) else id_
    plan = Plan(
        *(index, asked, one, kind, slot, fingerprint, at, f"{slot}/{row.id}", id_, row.owner_id),
        conclude=partial(_TOLD[kind], context),
    )
    no: Refused | None
    if isinstance(step, Capture):
        no = resolving.capture(context, plan, step, now=now)
    elif isinstance(step, Cancel):
        no = resolving.cancel(context, plan, step)
    elif isinstance(step, Activate):
        no = activating.activate(context, plan, step, at)
    else:
        key = _key(context, step)
        if isinstance(key, str):
            return Refused(Refusal.MEMBER_NAMED_BADLY, "member", key)
        no = claiming.claim(context, plan, step, keys.get(key), now=now)
    return plan if no is None else no


_TOLD = {
    "capture": resolving.told,
    "cancel": resolving.told,
    "activate": activating.told,
    "claim": claiming.told,
}


def _differs(step: object, status: str) -> Refused:
    """Refuse a step whose place another one, or the same with another body, has taken."""
    if isinstance(step, Activate):
        words = f"{step.event} was told before with other words; the first stand"
        return Refused(Refusal.IDEMPOTENCY_MISMATCH, "at", words)
    if isinstance(step, Claim):
        return Refused(Refusal.ALREADY_RESOLVED, "", "the receipt was claimed before")
    return resolving.resolved(status)


def _post(conn: Connection, context: Context, plans: Sequence[Plan], *, now: datetime) -> list[tuple[Plan, Refused]]:
    """Post what the steps ask for; returns those that the ledger refused."""
    asking = [plan for plan in plans if plan.entries]
    operations = [
        Operation(plan.key, plan.operation_id, plan.owner_id, plan.fingerprint, tuple(plan.entries)) for plan in asking
    ]
    refused: list[tuple[Plan, Refused]] = []
    for plan, result in zip(asking, ledger.post(conn, context.program.id, operations, now=now), strict=True):
        if isinstance(result, Posted):
            plan.balances, plan.moved = result.balances, result.moved
            plan.given = given(context, plan.entries, plan.moved)
        else:
            refused.append((plan, why(result)))
    short = [plan for plan in plans if len(plan.balances) < len(context.units)]
    if short:
        read = ledger_queries.balances(conn, sorted({plan.owner_id for plan in short}), now=now)
        for plan in short:
            plan.balances = completed(plan.balances, read.get(plan.owner_id, ()))
    return refused
