"""``verno backup``: a whole copy of the installation, taken while everything runs."""

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from verno.cli import session
from verno.kit import config, secrets
from verno.kit.clock import clock
from verno.kit.embedded import cluster

if TYPE_CHECKING:
    from verno.wiring.backups.types import Found

MEGABYTE = 1024 * 1024


@click.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option("--with-keys", is_flag=True, help="Put the master secret beside the data that it opens.")
@click.option("--keep", type=click.IntRange(1), help="Remove all but this many of the newest backups afterwards.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def backup(folder: Path | None, *, with_keys: bool, keep: int | None, as_json: bool) -> None:
    """Make a backup in FOLDER, or in the folder that VERNO_BACKUPS names; tills go on meanwhile.

    Without --with-keys the master secret is not in it, and personal data cannot be read without that: keep it apart.
    """
    chosen = folder.resolve() if folder else config.backups()
    if chosen is None:
        message = "say a folder, or set VERNO_BACKUPS"
        raise click.UsageError(message)
    with session.database():
        from verno.wiring.backups import making  # noqa: PLC0415 after django.setup()

        made = making.make(chosen, with_keys=with_keys, by=session.operator(), now=clock.now)
        gone = making.thin_out(chosen, keep) if keep else []
    if as_json:
        manifest = msgspec.to_builtins(made.manifest)
        del manifest["files"], manifest["migrations"]
        removed = [str(path) for path in gone]
        session.print_json({"path": str(made.path), "bytes": made.bytes, "removed": removed, **manifest})
    else:
        click.echo(str(made.path))
        click.echo("\n".join(_words(made, chosen)), err=True)


def _words(made: "Found", chosen: Path) -> list[str]:
    manifest = made.manifest
    seconds = (manifest.finished_at - manifest.began_at).total_seconds()
    out = [f"{made.bytes / MEGABYTE:.1f} MB in {seconds:.1f} s, {manifest.counts['transfers']:,} transfers"]
    if manifest.with_keys:
        out.append("The master secret is in it: whoever has this folder reads all personal data. Keep it locked away.")
    else:
        where = secrets.file() if secrets.file().exists() else "VERNO_SECRET_KEY"
        out.append(f"The master secret is NOT in it. Keep a copy of {where} apart: without it personal data are lost.")
    if manifest.life is None:
        out.append("A dump holds this one moment; to restore any minute, use the recovery of your own server.")
    elif cluster.local().log_folder() is None or config.backups() != chosen:
        out.append("It restores this one moment. With VERNO_BACKUPS set to this folder: any minute from then on.")
    return out
