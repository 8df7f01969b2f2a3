"""GET /v1/receipts/{id} and /v1/returns/{id}, and the rules that did not match, which nobody stores."""

from dataclasses import replace

from verno.api.access import allows_place
from verno.api.tills.door import Call, Door, Reply, caller
from verno.intake import context, sold
from verno.intake.context import Context
from verno.intake.reading import explaining, returned, state
from verno.intake.types import Target
from verno.kit import db
from verno.kit.clock import clock
from verno.web import problems
from verno.workspace.types import Key, Scope

DONE = frozenset({200, 201})


def with_all_rules(call: Call, key: Key, reply: Reply) -> Reply:
    """Return an answer with the rules that did not match, when ``?explain=all`` asks for them."""
    if reply.status not in DONE or not call.explains_all():
        return reply
    with db.transaction(key.program_id) as conn:
        about = context.of(conn, key.program_id)
        return replace(reply, body=explaining.with_all_rules(conn, about, reply.body))


def _read(call: Call) -> Reply:
    key, name = _asked(call)
    with db.transaction(key.program_id) as conn:
        about = context.of(conn, key.program_id)
        one = state.find(conn, about, name)
        if one is None or not _may_see(key, about, one.row.place_id):
            raise problems.Refused(problems.not_found())
        fired = explaining.all_rules(about, one, state.taken(one)) if call.explains_all() else None
        return Reply(200, state.answer_of(about, one, now=clock.now(), fired=fired))


def _read_return(call: Call) -> Reply:
    key, name = _asked(call)
    with db.transaction(key.program_id) as conn:
        about = context.of(conn, key.program_id)
        one = returned.find(conn, about, name)
        if one is None or not _may_see(key, about, one.place_id):
            raise problems.Refused(problems.not_found())
        return Reply(200, returned.answer_of(about, one))


def _asked(call: Call) -> tuple[Key, Target]:
    """Return who asks, and for what; raises ``problems.Refused`` (401, 403, 404, 429)."""
    key = caller(call, Scope.RECEIPTS_WRITE)
    name = sold.target(call.target)
    if name is None:
        raise problems.Refused(problems.not_found())
    return key, name


def _may_see(key: Key, about: Context, place_id: str) -> bool:
    """Tell whether a key may see what was done at a store; foreign and unknown look alike."""
    return allows_place(key, about.by_place[place_id].code)


get_receipt = Door(_read, slow=True)
get_return = Door(_read_return, slow=True)
