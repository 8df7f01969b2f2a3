"""``verno import receipts|members|goods|balances FILE``."""

from pathlib import Path

import click
import msgspec
from tqdm import tqdm

from verno.cli import session
from verno.cli.progress import Bars
from verno.imports.types import Kind, RowError, Summary
from verno.kit import db
from verno.kit.clock import clock
from verno.workspace import queries


@click.command("import")
@click.argument("kind", type=click.Choice([kind.value for kind in Kind]))
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def imports(ctx: click.Context, kind: str, file: Path, *, as_json: bool) -> None:
    """Import receipts, members, goods or balances from a CSV or Parquet FILE.

    Columns are named as the API's fields; a receipts file has one row per line, a receipt's rows adjacent. The
    rows that are refused go to standard error with the reason, the rest is imported; exit 1 when there were any.
    """
    with session.database():
        from verno.imports import service  # noqa: PLC0415 after django.setup()

        with db.transaction() as conn:
            program = queries.only_program(conn)
        summary = service.import_file(program, Kind(kind), file, progress=Bars(), tell=_tell, now=clock.now())
    if as_json:
        session.print_json(msgspec.to_builtins(summary))
    else:
        click.echo(_in_words(summary, kind))
    ctx.exit(1 if summary.refused else 0)


def _tell(error: RowError) -> None:
    column = f", {error.field}" if error.field else ""
    with tqdm.external_write_mode():
        click.echo(f"row {error.row}{column}: {error.message}", err=True)


def _in_words(summary: Summary, kind: str) -> str:
    words = f"{summary.accepted} {kind} imported, {summary.replayed} were there already, {summary.refused} refused"
    if summary.resumed_after_row:
        words += f" (went on after row {summary.resumed_after_row})"
    return words
