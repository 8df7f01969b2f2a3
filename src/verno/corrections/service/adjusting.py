"""Adjustments: points given or taken by people and programs, for a reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from verno.corrections.service import counting, people, street
from verno.corrections.service.street import Case, Frame
from verno.corrections.types import Adjustment, Asked, ByKind, Kind, Outcome, Refusal, Refused, Status
from verno.kit import localtime
from verno.kit.db import Connection
from verno.ledger import lifetime
from verno.ledger.lifetime import LAST_YEAR, AtOnce
from verno.ledger.types import Earn, Entry, Spend, TransferKind
from verno.workspace import registry
from verno.workspace.types import Program, Unit


@dataclass(frozen=True, slots=True)
class Rules:
    """What the program says of adjustments, and who of the authors is which member."""

    reasons: tuple[str, ...]
    own: dict[str, set[str]]


def adjust(conn: Connection, program: Program, asked: Sequence[Asked[Adjustment]], *, now: datetime) -> list[Outcome]:
    """Give or take points: one outcome per item, in order. Points are in their unit's smallest step.

    What staff ask beyond the setting ``adjust.limit`` waits until somebody else agrees (``decide``). Refusals:
    ``unknown-unit``, ``unknown-reason``, ``no-points``, ``time-out-of-range``, ``own-account``, ``over-limit``,
    ``insufficient-points``, ``too-many-points``, ``idempotency-mismatch``. The round trips do not grow with the batch.
    """
    frame = street.open_frame(conn, program, Kind.ADJUSTMENT, now=now)
    outcomes: list[Outcome | None] = [None] * len(asked)
    fresh, twins = street.sort_out(frame, asked, outcomes)
    authors = [one.by.id for _, one, _ in fresh if one.by.kind is ByKind.STAFF]
    rules = Rules(frame.settings.value(registry.ADJUST_REASONS), people.own_accounts(conn, program.id, authors))
    cases: list[Case[Adjustment]] = []
    for i, one, id_ in fresh:
        judged = _judge(frame, rules, i, one, id_)
        if isinstance(judged, Refused):
            outcomes[i] = judged
        else:
            cases.append(judged)
    for case_id, refused in counting.post(frame, cases).items():
        outcomes[next(case.index for case in cases if case.id == case_id)] = refused
    street.finish(frame, [case for case in cases if outcomes[case.index] is None], outcomes)
    return street.answer_twins(frame, asked, outcomes, twins)


def _judge(frame: Frame, rules: Rules, index: int, asked: Asked[Adjustment], id_: str) -> Case[Adjustment] | Refused:
    body = asked.body
    unit = street.unit_of(frame, body.unit)
    if isinstance(unit, Refused):
        return unit
    if body.reason not in rules.reasons:
        return Refused(Refusal.UNKNOWN_REASON, "reason", f"there are: {', '.join(rules.reasons)}")
    if body.points == 0:
        return Refused(Refusal.NO_POINTS, "points", "give or take at least 1")
    if asked.holder_id in rules.own.get(asked.by.id, ()):
        return Refused(Refusal.OWN_ACCOUNT, "", "nobody corrects their own account")
    wrong = _wrong_end(body, frame.now)
    if wrong is not None:
        return wrong
    case = Case(index, asked, id_, asked.holder_id, unit, body.points, body.reason, expires_at=body.expires_at)
    most = frame.settings.value(registry.ADJUST_LIMIT, unit=unit.code)
    if asked.by.kind is ByKind.STAFF and abs(body.points) > most:
        case.status = Status.WAITING
    else:
        case.entries = entries(frame, case)
    return case


def _wrong_end(body: Adjustment, now: datetime) -> Refused | None:
    end = body.expires_at
    if end is None:
        return None
    if body.points < 0:
        return Refused(Refusal.TIME_OUT_OF_RANGE, "expires_at", "only what is given has an end")
    if end.tzinfo is None:
        return Refused(Refusal.TIME_OUT_OF_RANGE, "expires_at", "needs an offset, such as 2027-01-01T00:00:00+03:00")
    if end <= now or end.year > LAST_YEAR:
        return Refused(Refusal.TIME_OUT_OF_RANGE, "expires_at", f"must lie in the future, and before {LAST_YEAR + 1}")
    return None


def entries(frame: Frame, case: Case[Adjustment]) -> tuple[Entry, ...]:
    """Return what the ledger is asked: what is given is usable at once and lives as long as the unit's points do."""
    unit, now = case.unit, frame.now
    if case.points < 0:
        return (Spend(case.holder_id, unit.id, -case.points, now, kind=TransferKind.ADJUST),)
    span = born_at_once(unit, frame.program, now)
    return (
        Earn(
            case.holder_id,
            unit.id,
            case.points,
            now,
            expires_at=case.expires_at or span.expires_at,
            lapses_at=span.lapses_at,
            most=unit.max_balance,
            kind=TransferKind.ADJUST,
        ),
    )


def born_at_once(unit: Unit, program: Program, at: datetime) -> lifetime.Span:
    """Return the life of points that begin at once, on the program's business date."""
    zone = localtime.zone(program.timezone)
    at_once = msgspec.structs.replace(unit.lifetime, activation=AtOnce())
    return lifetime.born(at_once, localtime.business_date(at, zone), zone)
