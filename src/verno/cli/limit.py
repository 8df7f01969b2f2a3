"""``verno limit``: how much may happen in an hour or a day."""

import click
import msgspec

from verno.cli import session
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.errors import VernoError
from verno.limits import queries, service
from verno.limits.types import MOST, Limit, Measure, NewLimit, Refused, Subject, Window
from verno.workspace import queries as workspace

_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.group()
def limit() -> None:
    """Keep limits: hard ones refuse, soft ones tell."""


@limit.command()
@click.option("--subject", required=True, type=click.Choice([str(one) for one in Subject]), help="Counted together.")
@click.option("--measure", required=True, type=click.Choice([str(one) for one in Measure]), help="What is counted.")
@click.option("--window", required=True, type=click.Choice([str(one) for one in Window]), help="In the place's zone.")
@click.option("--most", required=True, type=click.IntRange(0, MOST), help="Receipts, or points in the smallest step.")
@click.option("--hard/--soft", "hard", default=None, help="Refuse, or let pass and tell.")
@click.option("--unit", help="The kind of points, where the program has several.")
@click.option("--place", help="The code of the only store where it counts.")
@_json
def add(
    subject: str,
    measure: str,
    window: str,
    most: int,
    unit: str | None,
    place: str | None,
    *,
    hard: bool | None,
    as_json: bool,
) -> None:
    """Add a limit; it counts from now on."""
    if hard is None:
        message = "say --hard or --soft"
        raise click.UsageError(message)
    wanted = NewLimit(
        subject=Subject(subject),
        measure=Measure(measure),
        window=Window(window),
        most=most,
        hard=hard,
        unit=unit,
        place=place,
    )
    with session.database(), db.transaction() as conn:
        program_id = workspace.only_program(conn).id
        before = {one.id for one in queries.limits(conn, program_id)}
        done = service.add(conn, program_id, [wanted], now=clock.now(), by=session.operator())
    if isinstance(done, Refused):
        message = f"--{done.field}: {done.detail}" if done.field else done.detail
        raise VernoError(message)
    (added,) = (one for one in done if one.id not in before)
    if as_json:
        session.print_json(msgspec.to_builtins(added))
    else:
        click.echo(_line(added))


@limit.command("list")
@_json
def list_limits(*, as_json: bool) -> None:
    """List the limits that hold."""
    with session.database(), db.transaction() as conn:
        found = queries.limits(conn, workspace.only_program(conn).id)
    if as_json:
        session.print_json({"limits": [msgspec.to_builtins(one) for one in found]})
    elif found:
        click.echo("\n".join(_line(one) for one in found))
    else:
        click.echo("there are no limits", err=True)


@limit.command()
@click.argument("limit_id", metavar="ID")
@_json
def remove(limit_id: str, *, as_json: bool) -> None:
    """Remove the limit ID; what it has told stays."""
    with session.database(), db.transaction() as conn:
        program_id = workspace.only_program(conn).id
        removed = service.remove(conn, program_id, [limit_id], now=clock.now(), by=session.operator())
    if not removed:
        message = f"there is no limit {limit_id}; see: verno limit list"
        raise VernoError(message)
    if as_json:
        session.print_json({"removed": limit_id})
    else:
        click.echo(f"removed {limit_id}")


def _line(one: Limit) -> str:
    counted = f"{one.measure} {one.unit}" if one.unit else str(one.measure)
    there = f" at {one.place}" if one.place else ""
    force = "hard" if one.hard else "soft"
    return f"{one.id}: at most {one.most} {counted} per {one.window} and {one.subject}{there}, {force}"
