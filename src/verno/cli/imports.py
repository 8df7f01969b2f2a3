"""``verno import receipts|members|goods|balances|suppressions FILE``."""

from pathlib import Path

import click
import msgspec
from tqdm import tqdm

from verno.cli import session
from verno.cli.progress import Bars
from verno.imports.types import Asked, Kind, Rehearsal, RowError, Summary
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.errors import VernoError
from verno.workspace import queries

REASONS = ("unsubscribed", "complaint", "no-such-address")
AGAIN = {Kind.MEMBERS: "a member again (the last one wins)", Kind.SUPPRESSIONS: "an address again"}


@click.command("import")
@click.argument("kind", type=click.Choice([kind.value for kind in Kind]))
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--dry-run", is_flag=True, help="Members, suppressions: write nothing, say what would change.")
@click.option("--map", "mapped", multiple=True, metavar="COLUMN=FIELD", help="Members, suppressions: what a column is.")
@click.option("--encoding", type=click.Choice(["utf-8", "cp1251"]), help="Members, suppressions: else it is seen.")
@click.option("--reason", type=click.Choice(REASONS), help="Suppressions: why, for all rows.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def imports(
    ctx: click.Context,
    kind: str,
    file: Path,
    *,
    dry_run: bool,
    mapped: tuple[str, ...],
    encoding: str | None,
    reason: str | None,
    as_json: bool,
) -> None:
    """Import receipts, members, goods, balances or suppressions from a CSV, XLSX or Parquet FILE.

    Columns are named as the API's fields; those of members and suppressions also as people name them. A receipts file
    has one row per line, a receipt's rows adjacent. The rows that are refused go to standard error with the reason,
    those of members also into FILE.errors.csv; the rest is imported; exit 1 when there were any.
    """
    asked = Asked(
        dict(_pair(one) for one in mapped),
        "utf-8-sig" if encoding == "utf-8" else encoding,
        reason,
    )
    if Kind(kind) not in {Kind.MEMBERS, Kind.SUPPRESSIONS} and (dry_run or mapped or encoding):
        message = "--dry-run, --map and --encoding are for members and suppressions"
        raise VernoError(message)
    if Kind(kind) is not Kind.SUPPRESSIONS and reason:
        message = "--reason is for suppressions"
        raise VernoError(message)
    with session.database():
        from verno.imports import service  # noqa: PLC0415 after django.setup()

        with db.transaction() as conn:
            program = queries.only_program(conn)
        done: Summary | Rehearsal
        if dry_run:
            rehearse = service.rehearse_members if Kind(kind) is Kind.MEMBERS else service.rehearse_suppressions
            done = rehearse(program, file, progress=Bars(), now=clock.now(), asked=asked)
        else:
            done = service.import_file(
                program, Kind(kind), file, progress=Bars(), tell=_tell, now=clock.now(), asked=asked
            )
    if as_json:
        session.print_json(msgspec.to_builtins(done))
    else:
        if isinstance(done, Rehearsal) and Kind(kind) is Kind.SUPPRESSIONS:
            for error in done.errors:
                _tell(error)
        click.echo(_rehearsed(done, kind) if isinstance(done, Rehearsal) else _in_words(done, kind))
    ctx.exit(1 if done.refused else 0)


def _pair(text: str) -> tuple[str, str]:
    column, mark, field = text.rpartition("=")
    if not mark:
        message = f"--map {text!r} is no COLUMN=FIELD"
        raise VernoError(message)
    return column, field.strip()


def _rehearsed(found: Rehearsal, kind: str) -> str:
    counts = f"{found.new} new, {found.changed} changed, {found.same} the same, {found.refused} refused"
    repeated = f", {found.repeated} rows name {AGAIN[Kind(kind)]}" if found.repeated else ""
    lines = [f"dry run, nothing was written: {counts}{repeated}"]
    if found.unheard:
        lines.append(f"of {found.unheard} rows a yes will be kept and not count: the member had complained")
    lines += [f"what would change: {found.changes_file}"] if found.changes_file else []
    lines += (
        [f"what is refused{' or does not count' * bool(found.unheard)}: {found.errors_file}"]
        if found.errors_file
        else []
    )
    return "\n".join(lines)


def _tell(error: RowError) -> None:
    column = f", {error.field}" if error.field else ""
    with tqdm.external_write_mode():
        click.echo(f"row {error.row}{column}: {error.message}", err=True)


def _in_words(summary: Summary, kind: str) -> str:
    words = f"{summary.accepted} {kind} imported, {summary.replayed} were there already, {summary.refused} refused"
    if summary.resumed_after_row:
        words += f" (went on after row {summary.resumed_after_row})"
    if summary.errors_file:
        words += f"; what was refused: {summary.errors_file}"
    if summary.unheard:
        words += f"; of {summary.unheard} rows a yes is kept and does not count: the member had complained"
    return words
