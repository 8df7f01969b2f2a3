"""POST /v1/receipts/{id}:capture, :cancel, :activate, :claim: what follows a receipt that is not final yet."""

from functools import partial

from verno.api import receipts
from verno.api.tills import reading
from verno.api.tills.door import Call, Door, Errand, body, caller, reply
from verno.intake import sold
from verno.intake.steps.types import Activate, Asked, Cancel, Capture, Claim, Step
from verno.intake.sums import claimcode
from verno.intake.types import ByCode, Target
from verno.web import problems, wire
from verno.workspace.types import Scope

NEEDED = frozenset({Activate, Claim})
"""Steps that have something to say; a capture of all and a cancel may come without a body."""


def _take(shape: type[Step], scope: Scope, call: Call) -> Errand[Asked]:
    key = caller(call, scope)
    step = wire.convert(body(call, needed=shape in NEEDED), shape)
    name = target(call.target, codes=shape is Claim)
    if name is None:
        raise problems.Refused(problems.not_found())
    return Errand(
        receipts.group_commit.steps,
        key.program_id,
        (Asked(name, step, key.places),),
        lambda outcomes: reading.with_all_rules(call, key, reply(outcomes[0], made=200)),
    )


def target(text: str, *, codes: bool = False) -> Target | None:
    """Return the receipt that an address names: by our id, by place~series~number, or by claim code."""
    named = sold.target(text)
    if named is None and codes:
        code = claimcode.read(text)
        return None if code is None else ByCode(code)
    return named


post_capture = Door(partial(_take, Capture, Scope.POINTS_SPEND))
post_cancel = Door(partial(_take, Cancel, Scope.POINTS_SPEND))
post_activate = Door(partial(_take, Activate, Scope.RECEIPTS_WRITE))
post_claim = Door(partial(_take, Claim, Scope.RECEIPTS_WRITE))
