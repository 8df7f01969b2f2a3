"""``verno restore`` and ``verno release``: back to a moment, and letting messages leave again."""

import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from verno.cli import session
from verno.cli.verify import examine
from verno.kit import config, db, secrets
from verno.kit.clock import clock
from verno.kit.embedded import cluster
from verno.kit.errors import VernoError

if TYPE_CHECKING:
    from verno.wiring.backups.releasing import Standing
    from verno.wiring.backups.types import Found, Restored


def moment(_ctx: click.Context, _param: click.Parameter, value: str | None) -> datetime | None:
    """Read a moment in ISO 8601, to the minute or the second; without an offset it is the shop's."""
    try:
        return datetime.fromisoformat(value) if value else None
    except ValueError as error:
        message = f"{value} is no time such as 2026-11-26T10:42"
        raise click.BadParameter(message) from error


@click.command()
@click.argument("source", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--to", metavar="TIME", callback=moment, help="Such as 2026-11-26T10:42; else all there is.")
@click.option("--replace", is_flag=True, help="Set the database of this home aside; it is not removed.")
@click.option("--without-keys", is_flag=True, help="Restore although personal data will be unreadable.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def restore(
    ctx: click.Context, source: Path, to: datetime | None, *, replace: bool, without_keys: bool, as_json: bool
) -> None:
    """Restore SOURCE, a backup or a folder of backups, into an empty VERNO_HOME, and verify what came out.

    Nothing leaves the house afterwards until 'verno release': messages sent since then would be sent again.
    """
    from verno.wiring.backups import restoring  # noqa: PLC0415 a quick --help
    from verno.wiring.backups.types import Wanted  # noqa: PLC0415 the same

    began = time.monotonic()
    now = clock.now()
    wanted = Wanted(to, replace, without_keys)
    done = restoring.restore(source.resolve(), wanted, by=session.operator(), now=now)
    wrong, forgotten = check(done.backup)
    figures: dict[str, object] = {
        "restore": "failed" if wrong else "ok",
        "backup": str(done.backup.path),
        "restored_until": done.until.isoformat(),
        "rpo_seconds": round(max(0.0, ((done.to or now) - done.until).total_seconds()), 1),
        "rto_seconds": round(time.monotonic() - began, 1),
        "aside": str(done.aside) if done.aside else None,
        "outbox": "quarantined",
        "erased_again": len(forgotten),
        "problems": wrong,
    }
    if as_json:
        session.print_json(figures)
    else:
        click.echo("\n".join(_told(done, figures, wrong)))
    ctx.exit(1 if wrong else 0)


def check(found: "Found") -> tuple[list[str], list[str]]:
    """Verify what was restored, against the heads and the counts of its backup too; returns what is wrong.

    Before that whoever was erased since the restored moment is erased again; those are returned second.
    """
    forgotten: list[str] = []
    from verno.sealing import heads  # noqa: PLC0415 a quick --help
    from verno.wiring.backups import restoring  # noqa: PLC0415 the same

    told = [heads.read(found.path / sealed.file) for sealed in found.manifest.heads]
    knows_key = secrets.known()  # asked before Django is set up, which makes a key where there is none
    with session.database(migrated=False):
        from verno.sealing import check as seals  # noqa: PLC0415 after django.setup()
        from verno.wiring import migrate  # noqa: PLC0415 the same
        from verno.wiring.backups import forgetting  # noqa: PLC0415 the same

        if migrate.pending():
            migrate.migrate()
        forgetting.gather(found)
        forgotten += forgetting.again(now=clock.now())
        session.disconnect()
        key = heads.public_key() if knows_key and heads.fingerprint(heads.public_key()) == found.manifest.key else None
        with db.connect_across_programs() as conn:
            report = examine(conn, told[0] if told else None, key=key)
            wrong = [f"{one.check}: {one.what}" for one in report.problems]
            for head in told[1:]:
                wrong += [f"{one.check}: {one.what}" for one in seals.run(conn, head, key=key).problems]
    return [*dict.fromkeys(wrong), *restoring.shortfall(found, dict(report.checked))], forgotten


@click.command()
@click.option("--sent-until", metavar="TIME", callback=moment, help="What was due by then is not sent again.")
@click.option("--yes", is_flag=True, help="Release; without it, only say what waits.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def release(*, sent_until: datetime | None, yes: bool, as_json: bool) -> None:
    """Say what a restore keeps in the house, and with --yes let it leave."""
    with session.database():
        from verno.wiring.backups import releasing  # noqa: PLC0415 after django.setup()
        from verno.workspace import queries  # noqa: PLC0415 the same

        found = releasing.standing()
        if found is None:
            message = "nothing is held back"
            raise VernoError(message)
        if sent_until is not None and sent_until.tzinfo is None:
            from verno.kit import localtime  # noqa: PLC0415 a quick --help

            with db.transaction() as conn:
                sent_until = sent_until.replace(tzinfo=localtime.zone(queries.only_program(conn).timezone))
        doubtful = releasing.release(sent_until=sent_until, by=session.operator(), now=clock.now()) if yes else None
    if as_json:
        waiting = msgspec.to_builtins(found.waiting)
        session.print_json({"released": yes, "waiting": waiting, "not_sent_again": doubtful or 0})
    else:
        click.echo("\n".join(_waiting(found, yes=yes, doubtful=doubtful or 0)))


def _waiting(found: "Standing", *, yes: bool, doubtful: int) -> list[str]:
    count = sum(row.messages for row in found.waiting)
    first = min((row.first_due_at for row in found.waiting), default=None)
    since = f", the first due {first:%Y-%m-%d %H:%M} UTC" if first else ""
    out = [f"Restored to {found.quarantine.restored_to:%Y-%m-%d %H:%M:%S} UTC. {count:,} messages wait{since}."]
    out += [f"  {row.topic}: {row.messages:,}, {row.planned_since:,} planned since" for row in found.waiting]
    if yes:
        left = f"; {doubtful:,} that may have left before are marked as uncertain" if doubtful else ""
        out.append(f"Released: they leave now{left}.")
    else:
        out.append("What was sent after that moment would be sent again: --sent-until TIME keeps what was due by then.")
        out.append("verno release --yes lets the rest leave.")
    return out


def _told(done: "Restored", figures: dict[str, object], wrong: list[str]) -> list[str]:
    lost = timedelta(seconds=float(str(figures["rpo_seconds"])))
    before = f"the moment asked for, {done.to:%Y-%m-%d %H:%M:%S} UTC" if done.to else "now"
    out = [
        f"Restored {done.backup.path}",
        f"RPO  the last change in it is of {done.until:%Y-%m-%d %H:%M:%S} UTC, {lost} before {before}",
        f"RTO  {figures['rto_seconds']} s, verified",
    ]
    if figures["erased_again"]:
        out.append(f"{figures['erased_again']} members who were erased since are erased again.")
    if done.aside:
        out.append(f"The database from before is in {done.aside}; remove it when you are sure.")
    if wrong:
        return [*out, "FAILED:", *(f"  {one}" for one in wrong)]
    where = "your database" if config.database_url() else str(cluster.local().data)
    return [
        *out,
        f"verify  ok: {where}",
        "No message leaves until 'verno release': see what waits first.",
    ]
