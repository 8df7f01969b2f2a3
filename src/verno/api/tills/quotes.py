"""POST /v1/receipts:quote: what a sale would come to. Writes nothing, so it needs no lane: a door of its own."""

from verno.api.tills import vouching
from verno.api.tills.door import Call, Door, Reply, body, caller, problem, refusal
from verno.intake import context
from verno.intake.quoting import service as quoting
from verno.intake.types import Refused
from verno.kit import db
from verno.kit.clock import clock
from verno.workspace.types import Scope


def _quote(call: Call) -> Reply:
    key = caller(call, Scope.RECEIPTS_WRITE)
    item = vouching.read(key, body(call), quoting=True)
    with db.transaction(key.program_id) as conn:
        about = context.of(conn, key.program_id)
        answer = quoting.quote(conn, about, item, now=clock.now(), everything=call.explains_all())
    return problem(refusal(answer)) if isinstance(answer, Refused) else Reply(200, answer)


post_quote = Door(_quote, slow=True)
