"""GET /v1/receipts/{id}, and the rules that did not match, which nobody stores."""

from dataclasses import replace

from verno.api.access import allows_place
from verno.api.tills.door import Call, Reply, caller, door
from verno.intake import context, sold
from verno.intake.reading import explaining, state
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
    key = caller(call, Scope.RECEIPTS_WRITE)
    name = sold.target(call.target)
    if name is None:
        raise problems.Refused(problems.not_found())
    with db.transaction(key.program_id) as conn:
        about = context.of(conn, key.program_id)
        one = state.find(conn, about, name)
        if one is None or not allows_place(key, about.by_place[one.row.place_id].code):
            raise problems.Refused(problems.not_found())
        fired = explaining.all_rules(about, one, state.paid(one)) if call.explains_all() else None
        return Reply(200, state.answer_of(about, one, now=clock.now(), fired=fired))


get_receipt = door(_read)
