"""``verno unit``: kinds of points."""

import click

from verno.cli import session
from verno.cli.settings import worth_warning
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.errors import VernoError
from verno.ledger import lifetime_words
from verno.ledger.lifetime_words import Unreadable
from verno.workspace import queries, service
from verno.workspace.registry import LARGEST_WORTH
from verno.workspace.types import NewUnit, Unit, UnitRefusal

REFUSALS = {
    UnitRefusal.BAD_CODE: "--code may have up to 40 small Latin letters, digits, - and _, a letter first",
    UnitRefusal.BAD_SCALE: f"--scale may be 0 to {service.MOST_DECIMALS}",
    UnitRefusal.CODE_TAKEN: "--code: the program has a unit of this code already; nothing was changed",
    UnitRefusal.TOO_MANY: f"a program has up to {service.MOST_UNITS} units",
}


@click.group()
def unit() -> None:
    """Keep several kinds of points: spendable ones, status points, stamps."""


@unit.command()
@click.option("--code", required=True, help="Its name in receipts and rules, such as status.")
@click.option(
    "--scale",
    type=click.IntRange(0, service.MOST_DECIMALS),
    default=0,
    help="Decimals of a whole point; 0 unless said.",
)
@click.option("--expiry", help=f"When points end: {lifetime_words.EXPIRIES}. Never unless said.")
@click.option("--spend-value", type=click.IntRange(1, LARGEST_WORTH), help="What one whole point pays, in minor units.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def add(code: str, scale: int, expiry: str | None, spend_value: int | None, *, as_json: bool) -> None:
    """Add a kind of points; what else holds for it is set with: verno set points.… --scope unit=CODE."""
    life = None if expiry is None else lifetime_words.read_expiry(expiry)
    if isinstance(life, Unreadable):
        message = f"--expiry may be: {life.allowed}"
        raise VernoError(message)
    with session.database(), db.transaction() as conn:
        program_id = queries.only_program(conn).id
        now = clock.now()
        wanted = NewUnit(code, scale, life, spend_value)
        (added,) = service.add_units(conn, program_id, [wanted], now=now, by=session.operator())
        if not isinstance(added, Unit):
            raise VernoError(REFUSALS[added])
        warning = worth_warning(conn, program_id, code, now=now)
    if warning:
        click.echo(warning, err=True)
    if as_json:
        session.print_json(_plain(added))
    else:
        click.echo(_line(added))


@unit.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def list_units(*, as_json: bool) -> None:
    """List the program's kinds of points, the oldest first."""
    with session.database(), db.transaction() as conn:
        units = queries.units(conn, queries.only_program(conn).id)
    if as_json:
        session.print_json({"units": [_plain(one) for one in units]})
    else:
        click.echo("\n".join(_line(one) for one in units))


def _plain(one: Unit) -> dict[str, object]:
    return {
        "id": one.id,
        "code": one.code,
        "scale": one.scale,
        "expiry": lifetime_words.tell_expiry(one.lifetime.expiry),
        "spend_value": one.spend_value,
    }


def _line(one: Unit) -> str:
    worth = "cannot be spent" if one.spend_value is None else f"one pays {one.spend_value} minor units"
    return f"{one.code}: {one.scale} decimals, expiry {lifetime_words.tell_expiry(one.lifetime.expiry)}, {worth}"
