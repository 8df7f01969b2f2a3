"""POST /v1/receipts/{id}:capture, :cancel, :activate, :claim: what follows a receipt that is not final yet."""

from functools import partial

from verno.api import receipts
from verno.api.tills import reading
from verno.api.tills.door import Call, Reply, body, caller, door, reply
from verno.intake import sold
from verno.intake.steps.types import Activate, Asked, Cancel, Capture, Claim, Step
from verno.intake.sums import claimcode
from verno.intake.types import ByCode, Target
from verno.web import problems, wire
from verno.workspace.types import Scope

NEEDED = frozenset({Activate, Claim})
"""Steps that have something to say; a capture of all and a cancel may come without a body."""


def _take(shape: type[Step], scope: Scope, call: Call) -> Reply:
    key = caller(call, scope)
    step = wire.convert(body(call, needed=shape in NEEDED), shape)
    name = target(call.target, codes=shape is Claim)
    if name is None:
        raise problems.Refused(problems.not_found())
    outcome = receipts.group_commit.steps.submit(key.program_id, [Asked(name, step, key.places)])[0]
    return reading.with_all_rules(call, key, reply(outcome, made=200))


def target(text: str, *, codes: bool = False) -> Target | None:
    """Return the receipt that an address names: by our id, by place~series~number, or by claim code."""
    named = sold.target(text)
    if named is None and codes:
        code = claimcode.read(text)
        return None if code is None else ByCode(code)
    return named


post_capture = door(partial(_take, Capture, Scope.POINTS_SPEND))
post_cancel = door(partial(_take, Cancel, Scope.POINTS_SPEND))
post_activate = door(partial(_take, Activate, Scope.RECEIPTS_WRITE))
post_claim = door(partial(_take, Claim, Scope.RECEIPTS_WRITE))
