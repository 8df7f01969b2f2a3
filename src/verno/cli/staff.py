"""``verno staff``: who works here, as what, and where."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import click
import msgspec

from verno.cli import session
from verno.kit import config, db
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.kit.errors import VernoError
from verno.workspace import queries, staff
from verno.workspace.roles import Role, StaffRecord
from verno.workspace.staff import Added, NewStaff, StaffRefusal

T = TypeVar("T")

ROLES = [str(role) for role in Role]

REFUSALS = {
    StaffRefusal.UNKNOWN: "nobody here has this e-mail, number or id",
    StaffRefusal.BAD_EMAIL: "the e-mail address is not acceptable",
    StaffRefusal.BAD_NAME: f"the name must be one line of 1 to {staff.LONGEST_NAME} characters",
    StaffRefusal.BAD_NUMBER: f"the number must be 1 to {staff.LONGEST_NUMBER} characters without spaces",
    StaffRefusal.BAD_PIN: (
        f"a PIN is {staff.SHORTEST_PIN} to {staff.LONGEST_PIN} digits, neither all the same nor a run like 1234"
    ),
    StaffRefusal.EMAIL_TAKEN: "somebody works here under this e-mail already",
    StaffRefusal.NUMBER_TAKEN: "somebody works here under this number already",
    StaffRefusal.UNKNOWN_PLACE: "no store has this code",
    StaffRefusal.LAST_OWNER: "the last owner cannot go: make another owner first",
    StaffRefusal.NOT_ACTIVE: "the person does not work here any more",
}

place_option = click.option(
    "--place", "places", multiple=True, help="Code of a store they are bound to; may be repeated; none: all."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.group("staff")
def group() -> None:
    """Add and change who works here. WHO is an e-mail, the number at the tills, or an id."""


@group.command()
@click.option("--email", required=True, help="They sign in by it.")
@click.option("--name", required=True)
@click.option("--role", required=True, type=click.Choice(ROLES))
@click.option("--number", help="Their number at the tills.")
@click.option("--locale", type=click.Choice(["en", "ru"]), help="Their language; else the program's.")
@place_option
@json_option
def add(
    email: str,
    name: str,
    role: str,
    number: str | None,
    locale: str | None,
    places: Sequence[str],
    *,
    as_json: bool,
) -> None:
    """Add somebody, and print a link that lets them choose a password: once, within seven days."""

    def work(conn: Connection, program_id: str) -> Added | StaffRefusal:
        language = locale or queries.program(conn, program_id).locale
        wanted = NewStaff(email.strip(), name.strip(), Role(role), tuple(dict.fromkeys(places)), number, language)
        return staff.add(conn, program_id, wanted, by=session.operator(), now=clock.now())

    _print_link(_done(work), as_json=as_json)


@group.command()
@click.argument("who")
@json_option
def invite(who: str, *, as_json: bool) -> None:
    """Print a new link to a password; earlier ones end."""
    _print_link(
        _done(lambda conn, program: staff.invite(conn, program, who, by=session.operator(), now=clock.now())),
        as_json=as_json,
    )


@group.command("list")
@json_option
def list_staff(*, as_json: bool) -> None:
    """Show who works here, and who did."""
    found = _done(staff.listed)
    if as_json:
        session.print_json({"staff": [msgspec.to_builtins(one) for one in found]})
    else:
        click.echo("\n".join(map(_line, found)) or "nobody works here yet: 'verno setup-link' makes an owner")


@group.command("set-role")
@click.argument("who")
@click.argument("role", type=click.Choice(ROLES))
@place_option
@json_option
def set_role(who: str, role: str, places: Sequence[str], *, as_json: bool) -> None:
    """Give WHO a role, and the places they are bound to."""
    _print(
        _done(
            lambda conn, program: staff.set_role(
                conn, program, who, Role(role), places, by=session.operator(), now=clock.now()
            )
        ),
        as_json=as_json,
    )


@group.command("set-pin")
@click.argument("who")
@click.option("--pin", help="Asked for, unseen, when left out.")
@json_option
def set_pin(who: str, pin: str | None, *, as_json: bool) -> None:
    """Give WHO the PIN that approves at a till."""
    typed = pin or str(click.prompt("PIN", hide_input=True, confirmation_prompt=True, err=True))
    _print(
        _done(lambda conn, program: staff.set_pin(conn, program, who, typed, by=session.operator(), now=clock.now())),
        as_json=as_json,
    )


@group.command()
@click.argument("who")
@json_option
def deactivate(who: str, *, as_json: bool) -> None:
    """End WHO's access: sessions, PIN and links; nothing they did is forgotten."""
    _print(_done(lambda conn, program: _set_active(conn, program, who, active=False)), as_json=as_json)


@group.command()
@click.argument("who")
@json_option
def activate(who: str, *, as_json: bool) -> None:
    """Let WHO in again."""
    _print(_done(lambda conn, program: _set_active(conn, program, who, active=True)), as_json=as_json)


def link(token: str) -> str:
    """Return the address of an invitation."""
    return f"{config.public_url()}/console/welcome/{token}"


def _set_active(conn: Connection, program_id: str, who: str, *, active: bool) -> StaffRecord | StaffRefusal:
    return staff.set_active(conn, program_id, who, active=active, by=session.operator(), now=clock.now())


def _done(work: Callable[[Connection, str], T | StaffRefusal]) -> T:
    """Do the work in one transaction on the installation's program; a refusal becomes its sentence."""
    with session.database(), db.transaction() as conn:
        done = work(conn, queries.only_program(conn).id)
    if isinstance(done, StaffRefusal):
        raise VernoError(REFUSALS[done])
    return done


def _print_link(added: Added, *, as_json: bool) -> None:
    if as_json:
        session.print_json({"staff": msgspec.to_builtins(added.staff), "link": link(added.token)})
    else:
        click.echo(link(added.token))


def _print(found: StaffRecord, *, as_json: bool) -> None:
    if as_json:
        session.print_json(msgspec.to_builtins(found))
    else:
        click.echo(_line(found))


def _line(one: StaffRecord) -> str:
    where = ", ".join(one.places) or "all places"
    number = f", number {one.external_id}" if one.external_id else ""
    more = (", PIN" if one.has_pin else "") + ("" if one.is_active else ", gone")
    return f"{one.role:14} {one.name} <{one.email}>{number}; {where}{more}"
