"""``verno member erase`` and ``verno member certificate``: forget a member, and check what certifies it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from verno.cli import session
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.kit.errors import VernoError
from verno.workspace import queries
from verno.workspace.types import Program

if TYPE_CHECKING:
    from verno.privacy.types import Forgotten, Preview


@click.command()
@click.argument("who")
@click.option("--ask", is_flag=True, help="Write the request down; all consents are withdrawn now.")
@click.option("--cancel", is_flag=True, help="Call the request off.")
@click.option("--yes", is_flag=True, help="Do it: there is no way back.")
@click.option("--certificate", "target", type=click.Path(path_type=Path, dir_okay=False), help="Write it there.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def erase(who: str, *, ask: bool, cancel: bool, yes: bool, target: Path | None, as_json: bool) -> None:
    """Forget WHO (id or external id), and whoever was merged into them; without --yes only say what would go.

    Contacts, keys, profile and evidence go, points go to breakage, what waits to be sent is withheld. Books and
    receipts stay, without a person. The certificate is signed and names nobody.
    """
    if ask + cancel + yes > 1:
        message = "one of --ask, --cancel and --yes"
        raise VernoError(message)
    with session.database():
        said = _forget(who) if yes else _ask(who, off=cancel) if ask or cancel else _look(who)
    if target is not None and "certificate" in said:
        target.write_text(str(said["certificate"]))
    if as_json:
        session.print_json(said)
    else:
        click.echo(said["words"])


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def certificate(ctx: click.Context, file: Path, *, as_json: bool) -> None:
    """Check the certificate in FILE: whether it is as this installation has signed it."""
    session.setup_django()
    from verno.privacy import certificates  # noqa: PLC0415 after django.setup()
    from verno.sealing import heads  # noqa: PLC0415 as above

    found = certificates.parse(heads.read_file(file))
    genuine = certificates.is_signed(found)
    ours = genuine and found.public_key == heads.public_key()
    said = {"certificate": found.id, "member": found.member, "genuine": genuine, "ours": ours}
    if as_json:
        session.print_json(said)
    elif ours:
        click.echo(f"genuine: member {found.member} was erased at {found.done_at:%Y-%m-%d %H:%M} UTC")
    else:
        click.echo("genuine, but another installation's" if genuine else "NOT genuine: it was changed")
    ctx.exit(0 if ours else 1)


def find(conn: Connection, program: Program, text: str) -> str:
    """Return the member of an id or an external id, merged or not; raises ``VernoError``."""
    from verno.members import merging  # noqa: PLC0415 after django.setup()

    found = merging.find(conn, program.id, text)
    if found is None:
        message = f"no member has the id or the external id {text!r}"
        raise VernoError(message)
    return found


def _look(who: str) -> dict[str, object]:
    from verno.privacy import queries as privacy  # noqa: PLC0415 after django.setup()

    with db.transaction() as conn:
        program = queries.only_program(conn)
        holder = find(conn, program, who)
        seen = privacy.preview(conn, holder)
    return {"member": holder, "preview": msgspec.to_builtins(seen), "words": _in_words(seen)}


def _ask(who: str, *, off: bool) -> dict[str, object]:
    from verno.privacy import queries as privacy  # noqa: PLC0415 after django.setup()
    from verno.privacy import service  # noqa: PLC0415 as above
    from verno.privacy.types import Refused, State  # noqa: PLC0415 as above

    with db.transaction() as conn:
        program, now = queries.only_program(conn), clock.now()
        holder = find(conn, program, who)
        if off:
            asked = [one for one in privacy.erasures_of(conn, program.id, holder) if one.state is State.REQUESTED]
            if not asked:
                message = "nobody has asked for it"
                raise VernoError(message)
            done = service.cancel(conn, program.id, asked[0].id, by=session.operator(), now=now)
        else:
            done = service.request(conn, program.id, holder, by=session.operator(), now=now)
    if isinstance(done, Refused):
        raise VernoError(done.detail)
    words = "called off" if off else f"asked for; all consents are withdrawn; due by {done.due_at:%Y-%m-%d}"
    return {"member": holder, "erasure": done.id, "state": done.state, "words": words}


def _forget(who: str) -> dict[str, object]:
    done = db.retrying(lambda: _forget_once(who))
    took = ", ".join(f"{points} {unit}" for unit, points in done.certificate.points.items()) or "no points"
    return {
        "member": done.erasure.holder_id,
        "erasure": done.erasure.id,
        "points": [{"unit": unit, "points": points} for unit, points in done.certificate.points.items()],
        "certificate": done.erasure.certificate,
        "words": f"erased; {took} went to breakage; certificate {done.erasure.id}",
    }


def _forget_once(who: str) -> "Forgotten":
    from verno.privacy import queries as privacy  # noqa: PLC0415 after django.setup()
    from verno.privacy import service  # noqa: PLC0415 as above
    from verno.privacy.types import Refused, State  # noqa: PLC0415 as above

    with db.transaction() as conn:
        program, now, by = queries.only_program(conn), clock.now(), session.operator()
        holder = find(conn, program, who)
        open_ = [one for one in privacy.erasures_of(conn, program.id, holder) if one.state is State.REQUESTED]
        asked = open_[0] if open_ else service.request(conn, program.id, holder, by=by, now=now)
        done = asked if isinstance(asked, Refused) else service.carry_out(conn, program.id, asked.id, by=by, now=now)
        if isinstance(done, Refused):
            raise VernoError(done.detail)
    return done


def _in_words(seen: "Preview") -> str:
    points = ", ".join(f"{amount} {unit}" for unit, amount in seen.points.items()) or "none"
    lines = [f"points that go to breakage: {points}", f"messages that are withheld: {seen.waiting}"]
    for title, part in (("goes", seen.goes), ("is emptied", seen.emptied), ("stays", seen.stays)):
        lines += [f"{title}: {one.rows:,} rows of {one.table}" for one in part]
    return "\n".join([*lines, "nothing was done: --ask writes the request down, --yes does it for good"])
