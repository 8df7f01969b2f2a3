"""Expired points given again, within the window that their unit has for it."""

from collections.abc import Sequence
from datetime import datetime

from verno.corrections.service import street
from verno.corrections.service.people import own_accounts
from verno.corrections.service.street import Case, Frame
from verno.corrections.types import Asked, ByKind, Kind, Outcome, Refusal, Refused, Reinstatement
from verno.kit import localtime
from verno.kit.db import Connection
from verno.ledger import lifetime
from verno.ledger.types import Reinstate
from verno.workspace import registry
from verno.workspace.types import Program

REASON = "reinstated"


def reinstate(
    conn: Connection, program: Program, asked: Sequence[Asked[Reinstatement]], *, now: datetime
) -> list[Outcome]:
    """Give again what has expired within the unit's ``points.reinstate_days``: one outcome per item, in order.

    It lives as many days more. Refusals: ``unknown-unit``, ``not-allowed`` (the unit has no window),
    ``nothing-to-reinstate``, ``own-account``, ``too-many-points``, ``idempotency-mismatch``. The round trips do not
    grow with the batch.
    """
    frame = street.open_frame(conn, program, Kind.REINSTATEMENT, now=now)
    outcomes: list[Outcome | None] = [None] * len(asked)
    fresh, twins = street.sort_out(frame, asked, outcomes)
    own = own_accounts(conn, program.id, [one.by.id for _, one, _ in fresh if one.by.kind is ByKind.STAFF])
    cases: list[Case[Reinstatement]] = []
    for i, one, id_ in fresh:
        judged = _judge(frame, i, one, id_, own)
        if isinstance(judged, Refused):
            outcomes[i] = judged
        else:
            cases.append(judged)
    for id_, result in street.post(frame, cases).items():
        if isinstance(result, Refused):
            outcomes[next(case.index for case in cases if case.id == id_)] = result
    street.finish(frame, [case for case in cases if outcomes[case.index] is None], outcomes)
    return street.answer_twins(frame, asked, outcomes, twins)


def _judge(
    frame: Frame, index: int, asked: Asked[Reinstatement], id_: str, own: dict[str, set[str]]
) -> Case[Reinstatement] | Refused:
    unit = street.unit_of(frame, asked.body.unit)
    if isinstance(unit, Refused):
        return unit
    if asked.holder_id in own.get(asked.by.id, ()):
        return Refused(Refusal.OWN_ACCOUNT, "", "nobody corrects their own account")
    zone = localtime.zone(frame.program.timezone)
    window = lifetime.reinstatable(unit.lifetime, localtime.business_date(frame.now, zone), zone)
    if window is None:
        words = f"expired points are given again only where the setting {registry.REINSTATE_DAYS.key} is above 0"
        return Refused(Refusal.NOT_ALLOWED, "unit", words)
    case = Case(index, asked, id_, asked.holder_id, unit, 0, REASON, expires_at=window.expires_at)
    case.entries = (Reinstate(asked.holder_id, unit.id, frame.now, window.since, window.expires_at),)
    return case
