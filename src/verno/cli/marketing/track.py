"""``verno track``: tiers, scales, stamp cards and other progress tracks."""

import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from verno.cli import session
from verno.cli.progress import Bars
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.errors import VernoError
from verno.members import queries as members
from verno.workspace import queries as workspace

if TYPE_CHECKING:
    from verno.progress.types import Rule

_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
FRESH = "fresh="


@click.group()
def track() -> None:
    """Keep progress tracks: what is counted, and where that puts somebody."""


@track.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--rule",
    default="recount",
    show_default=True,
    help="How everybody is converted: recount, keep (nobody loses a step early), or fresh=DATE (from nothing, then).",
)
@_json
def publish(file: Path, rule: str, *, as_json: bool) -> None:
    """Store the track in FILE (JSON) as the next version of its code, and recount stored receipts for it."""
    with session.database():
        from verno.intake import context  # noqa: PLC0415 after django.setup()
        from verno.intake.reading import recounting  # noqa: PLC0415 the same
        from verno.progress import service  # noqa: PLC0415 the same
        from verno.progress.types import NotPublished, Track  # noqa: PLC0415 the same

        try:
            draft = msgspec.json.decode(file.read_bytes(), type=Track)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            message = f"{file.name} is not a track: {error}"
            raise VernoError(message) from error
        with db.transaction() as conn:
            program = workspace.only_program(conn)
            about = context.of(conn, program.id)
            done = service.publish(
                conn, program, draft, _rule(rule), known=about.known, now=clock.now(), by=session.operator()
            )
            total = members.count(conn, program.id)
        if isinstance(done, NotPublished):
            raise VernoError("; ".join(done.reasons))
        receipts = 0
        if done.waits:
            time.sleep(recounting.SETTLED.total_seconds())
            with Bars()("recount", total, "members") as step:
                receipts = recounting.fill(program.id, now=clock.now(), stopping=lambda: False, step=step)
    found = {"track": draft.code, "version": done.stored.version, "receipts": receipts}
    if as_json:
        session.print_json(found)
    else:
        click.echo(f"track {draft.code}, version {done.stored.version}; {receipts} receipts counted for it")


@track.command("list")
@_json
def list_(*, as_json: bool) -> None:
    """Show the tracks as they hold, with the versions to come."""
    with session.database(), db.transaction() as conn:
        from verno.intake import context  # noqa: PLC0415 after django.setup()

        stored = context.of(conn, workspace.only_program(conn).id).board(clock.now()).stored
    if as_json:
        session.print_json({"tracks": msgspec.to_builtins(stored)})
    else:
        click.echo("\n".join(f"{one.track.code} version {one.version} from {one.effective_from}" for one in stored))


@track.command()
@click.argument("code")
@_json
def remove(code: str, *, as_json: bool) -> None:
    """Remove a track; what was counted stays."""
    with session.database(), db.transaction() as conn:
        from verno.progress import service  # noqa: PLC0415 after django.setup()

        program_id = workspace.only_program(conn).id
        if not service.remove(conn, program_id, code, now=clock.now(), by=session.operator()):
            message = f"there is no track {code}"
            raise VernoError(message)
    if as_json:
        session.print_json({"removed": code})
    else:
        click.echo(f"track {code} is removed")


def _rule(text: str) -> "Rule":
    from verno.progress.types import Fresh, KeepSteps, Recount  # noqa: PLC0415 quick help

    if text.startswith(FRESH):
        try:
            return Fresh(date.fromisoformat(text.removeprefix(FRESH)))
        except ValueError as error:
            message = "--rule fresh= wants a date such as 2027-01-01"
            raise VernoError(message) from error
    if text not in {"recount", "keep"}:
        message = "--rule is recount, keep or fresh=DATE"
        raise VernoError(message)
    return Recount() if text == "recount" else KeepSteps()
