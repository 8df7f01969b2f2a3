"""``verno export members``, ``member`` and ``impressions``: files out."""

import os
import re
import sys
from pathlib import Path

import click

from verno.cli import session
from verno.cli.people.erasing import find
from verno.cli.progress import Bars
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.errors import VernoError
from verno.workspace import queries

ENDINGS = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}


@click.group("export")
def export() -> None:
    """Export all members, everything that is held of one, or a month's impressions; those of members are audited."""


@export.command()
@click.option("--to", "target", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The file.")
@click.option("--format", "asked", type=click.Choice(["csv", "jsonl", "parquet"]), help="Else by the file's name.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def members(target: Path, asked: str | None, *, as_json: bool) -> None:
    """Write all members with contacts in clear; 'verno import members' reads the file back."""
    format_ = asked or ENDINGS.get(target.suffix.lower())
    if format_ is None:
        message = f"say --format: {target.name} ends in none of {', '.join(ENDINGS)}"
        raise VernoError(message)
    with session.database():
        from verno.privacy.exports import everybody  # noqa: PLC0415 after django.setup()

        with db.transaction() as conn:
            program = queries.only_program(conn)
        with Bars()("members", None, "members") as step:
            count = everybody.export(
                program,
                target,
                everybody.Format(format_),
                by=session.operator(),
                step=step,
                now=clock.now(),
            )
    if as_json:
        session.print_json({"members": count, "file": str(target), "format": format_})
    else:
        click.echo(f"{count} members are in {target}, contacts in clear: keep it as you keep keys")


@export.command()
@click.argument("who")
@click.option("--to", "target", type=click.Path(path_type=Path, dir_okay=False), help="Else WHO's id with .zip.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def member(who: str, target: Path | None, *, as_json: bool) -> None:
    """Write everything that is held of WHO (id or external id) into a zip of JSON and CSV files."""
    with session.database():
        from verno.privacy.exports import person  # noqa: PLC0415 after django.setup()

        with db.transaction() as conn:
            program = queries.only_program(conn)
            holder = find(conn, program, who)
            path = target or Path(f"member-{holder}.zip")
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "wb") as file:
                rows = person.write(conn, program, holder, file, by=session.operator(), now=clock.now())
    if as_json:
        session.print_json({"member": holder, "file": str(path), "rows": rows})
    else:
        click.echo(f"{sum(rows.values()):,} rows are in {path}")


@export.command()
@click.option("--month", required=True, help="Which month, as 2026-11.")
@click.option("--to", "target", type=click.Path(path_type=Path, dir_okay=False), help="Else standard output.")
def impressions(month: str, target: Path | None) -> None:
    """Write what was sent under each advertising token (erid) in a month, as CSV for the operator of ad data."""
    found = re.fullmatch(r"(20\d\d)-(0[1-9]|1[0-2])", month, re.ASCII)
    if found is None:
        message = f"--month {month!r} is no month: say it as 2026-11"
        raise VernoError(message)
    year, number = int(found[1]), int(found[2])
    with session.database():
        from verno.messaging.marks import impressions as marks  # noqa: PLC0415 after django.setup()

        with db.transaction() as conn:
            program = queries.only_program(conn)
        with db.transaction(program.id) as conn:
            rows = marks.impressions(conn, program, year, number)
    if target is None:
        marks.write(sys.stdout, rows, year, number)
        return
    with target.open("w", encoding="utf-8", newline="") as file:
        marks.write(file, rows, year, number)
    click.echo(f"{sum(one.accepted for one in rows):,} impressions under {len(rows)} rows are in {target}")
