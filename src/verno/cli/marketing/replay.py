"""``verno replay``: a draft rulebook over the receipts that there are."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from verno.cli import session
from verno.cli.progress import Bars
from verno.kit import db, localtime
from verno.kit.clock import clock
from verno.kit.errors import VernoError
from verno.kit.money import format_money, format_scaled
from verno.workspace import queries

if TYPE_CHECKING:
    from verno.replay.types import Group, Report
    from verno.rules.types import Rulebook
    from verno.workspace.types import Program

LOCALE = "en"
BEGINNING = date(1990, 1, 1)
DATE = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--since", type=DATE, help="First day of the receipts, in the program's zone; else all.")
@click.option("--until", type=DATE, help="Last day of the receipts; else today.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def replay(file: Path, since: datetime | None, until: datetime | None, *, as_json: bool) -> None:
    """Judge stored receipts by the rulebook in FILE (JSON) and by the one that holds, and tell what differs.

    Nothing is written. Ctrl-C stops it.
    """
    with session.database():
        from verno.intake import context  # noqa: PLC0415 after django.setup()
        from verno.promotions.types import NotPublished  # noqa: PLC0415 the same
        from verno.replay import service  # noqa: PLC0415 the same
        from verno.replay.reading import Reader  # noqa: PLC0415 the same
        from verno.replay.types import Period  # noqa: PLC0415 the same

        draft = _read(file)
        now = clock.now()
        with db.transaction() as conn:
            program = queries.only_program(conn)
        zone = localtime.zone(program.timezone)
        period = Period(
            localtime.start_of_day(since.date() if since else BEGINNING, zone),
            localtime.start_of_day(until.date() + timedelta(days=1), zone) if until else now,
        )
        with db.transaction(program.id) as conn:
            about = context.of(conn, program.id)
            with Bars()("replay", Reader(conn, about, now).count(period), "receipts") as step:
                found = service.run(conn, about, draft, period, step=step, now=now)
    if isinstance(found, NotPublished):
        message = "; ".join(found.reasons)
        raise VernoError(message)
    if as_json:
        session.print_json(msgspec.to_builtins(found))
    else:
        click.echo("\n".join(_lines(program, found)))


def _read(file: Path) -> "Rulebook":
    from verno.rules import stored  # noqa: PLC0415 quick help

    try:
        return stored.read(msgspec.json.decode(file.read_bytes()))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        message = f"{file.name} is not a rulebook: {error}"
        raise VernoError(message) from error


def _lines(program: "Program", found: "Report") -> list[str]:
    """Return the report for a person."""

    def money(value: int) -> str:
        return f"{format_money(value, program.currency, LOCALE):>16}"

    def change(value: int) -> str:
        return ("+" if value > 0 else "") + format_money(value, program.currency, LOCALE)

    def groups(title: str, some: tuple["Group", ...]) -> list[str]:
        return [
            f"{title} {one.name}: {one.members} members, {one.winners} win, {one.losers} lose, {change(one.change)}"
            for one in some
        ]

    out = [
        f"{found.receipts} receipts of {found.members} members, {money(found.price).strip()} {program.currency}",
        f"{'':24}{'now':>16}{'draft':>16}",
        f"{'discounts':24}{money(found.current.discount)}{money(found.draft.discount)}",
        f"{'discounts and points':24}{money(found.current.cost)}{money(found.draft.cost)}",
    ]
    for unit in sorted({*found.current.points, *found.draft.points}):
        both = (found.current.points.get(unit, 0), found.draft.points.get(unit, 0))
        out.append(f"{unit:24}" + "".join(f"{format_scaled(one, 0, LOCALE):>16}" for one in both))
    out.append(f"{found.winners} members win, {found.losers} lose; together {change(found.change)}")
    out += groups("spent", found.bands) + groups("tier", found.tiers) + groups("place", found.places[:10])
    out += [
        f"rule {id_}: {one.uses} receipts, {change(-one.discount)}, {dict(one.points)}"
        for id_, one in found.draft.rules.items()
    ]
    out += [
        f"receipt {one.number} at {one.place}, {one.at:%Y-%m-%d}: {money(one.current)} -> {money(one.draft)}"
        for one in found.biggest
    ]
    return out
