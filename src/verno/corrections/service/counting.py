"""Adjustments count against the program's limits before they are posted; the counters' locks come first."""

from collections.abc import Sequence

from verno.corrections.service import street
from verno.corrections.service.street import Case, Frame
from verno.corrections.types import Adjustment, Refusal, Refused
from verno.limits import queries as limits_queries
from verno.limits import service as limits
from verno.limits.types import Figures, OverLimit, Use


def post(frame: Frame, cases: Sequence[Case[Adjustment]]) -> dict[str, Refused]:
    """Post the cases that have entries and find room; returns by id those that were refused.

    An item that was turned away for the sake of another, which the ledger then refused, is tried again: nobody suffers
    from a bad neighbour.
    """
    going = [case for case in cases if case.entries]
    if not going:
        return {}
    program_id = frame.program.id
    uses = {case.id: _use(frame, case) for case in going}
    known = limits_queries.limits(frame.conn, program_id)
    desk = limits.open_counters(frame.conn, program_id, known, list(uses.values()), now=frame.now)
    refused: dict[str, Refused] = {}
    while going:
        admitted = []
        for case in going:
            over = desk.admit(uses[case.id])
            if over is None:
                admitted.append(case)
                refused.pop(case.id, None)
            else:
                refused[case.id] = _over(over)
        for id_, result in street.post(frame, admitted).items():
            if isinstance(result, Refused):
                refused[id_] = result
                desk.amend(id_)
        spoiled = set(desk.spoiled())
        turned_away = {case.id for case in going} - {case.id for case in admitted}
        going = [case for case in going if case.id in spoiled & turned_away]
    desk.write(frame.conn)
    return refused


def _use(frame: Frame, case: Case[Adjustment]) -> Use:
    return Use(
        operation_id=case.id,
        at=frame.now,
        zone=frame.program.timezone,
        figures=Figures(adjusted={case.unit.code: abs(case.points)}),
        cashier=case.asked.by.id,
        holder_id=case.holder_id,
    )


def _over(over: OverLimit) -> Refused:
    limit = over.limit
    words = f"the limit of {limit.most} a {limit.window} for this {limit.subject} leaves {over.left}"
    return Refused(Refusal.OVER_LIMIT, "points", words)
