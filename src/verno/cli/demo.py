"""``verno demo``: a year of a real grocer's receipts, loaded through the engine and served."""

import os
import socket
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING

import click
import msgspec

from verno.cli import run, session
from verno.cli.progress import Bars
from verno.cli.start import link_for
from verno.kit import config, db, localtime
from verno.kit.clock import clock
from verno.kit.errors import VernoError
from verno.workspace import queries

if TYPE_CHECKING:
    from verno.demo.story import Figures
    from verno.wiring.supervisor import Part, Process

CATCHER_SECONDS = 20.0
EARLIEST = date(2018, 1, 2)
"""The day after the data's last receipt."""


@click.command()
@click.option("--once", is_flag=True, help="Do the work, print the figures and exit instead of serving.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as one JSON object.")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Keep the original times; this midnight is now.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.pass_context
def demo(ctx: click.Context, *, once: bool, as_json: bool, as_of: datetime | None, port: int, host: str) -> None:
    """Load a year of a real grocer's receipts through the engine, send statements to a local mail catcher, serve.

    A second run starts in seconds and loads nothing twice. Ctrl-C stops everything that was started.
    """
    if as_of is not None and not once:
        message = "--as-of goes only with --once: a server's clock cannot stand still"
        raise click.UsageError(message)
    if as_of is not None and as_of.date() < EARLIEST:
        message = f"--as-of must not be before {EARLIEST}: the data end on the day before"
        raise click.UsageError(message)
    os.environ["VERNO_DEMO"] = "1"
    if once:
        figures = _once(as_of)
        _print(figures, as_json=as_json)
        ctx.exit(0 if figures.verify == "ok" else 1)
    _serve(host, port, as_json=as_json)


def _once(as_of: datetime | None) -> "Figures":
    with session.database(migrated=False):
        from verno.wiring import migrate  # noqa: PLC0415 after django.setup()

        migrate.migrate()
        with _catcher():
            return _work(as_of, Bars())


def _work(as_of: datetime | None, bars: Bars) -> "Figures":
    from verno.demo import program, story  # noqa: PLC0415 after django.setup()

    if as_of is not None:
        midnight = localtime.start_of_day(as_of.date(), localtime.zone(program.TIMEZONE))
        clock.read = lambda: midnight
    return story.tell(original=as_of is not None, progress=bars, stopwatch=story.Stopwatch(), now=clock.now())


def _serve(host: str, port: int, *, as_json: bool) -> None:
    os.environ.setdefault("VERNO_PUBLIC_URL", f"http://{run.reachable(host)}:{port}")
    run.require_free(host, port)
    with run.stopping() as stop:

        def prepare() -> Sequence["Part"]:
            with _catcher(keep=True) as catcher:
                figures = _work(None, Bars(stop))
                _print(figures, as_json=as_json)
                if figures.verify != "ok":
                    message = "the books do not balance; 'verno verify' lists what is wrong"
                    raise VernoError(message)
                return [catcher]

        run.run_tree(host, port, stop=stop, ready=_say_where, prepare=prepare)


@contextmanager
def _catcher(*, keep: bool = False) -> Iterator["Process"]:
    """Have the mail catcher run, and mail go to it and nowhere else; with ``keep`` it outlives a good end."""
    from verno.wiring.supervisor import Process  # noqa: PLC0415 quick --help

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    os.environ["VERNO_SMTP_URL"] = f"smtp://127.0.0.1:{port}"
    command = [sys.executable, "-m", "verno.demo.catcher", "--port", str(port)]
    part = Process("mail catcher", command, dict(os.environ))
    part.start()
    good = False
    try:
        _wait_for(part, port)
        yield part
        good = True
    finally:
        if not (keep and good):
            part.stop()


def _wait_for(part: "Process", port: int) -> None:
    pause = threading.Event()
    for _ in range(int(CATCHER_SECONDS / 0.1)):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if not part.alive():
                break
            pause.wait(0.1)
        else:
            return
    message = "the mail catcher did not start"
    raise VernoError(message)


def _say_where() -> None:
    with db.transaction() as conn:
        link = link_for(conn, queries.only_program(conn).id, now=clock.now())
    home = config.public_url()
    lines = (
        "ready",
        f"  console         {home}/console/",
        f"  first password  {link}",
        f"  API             {home}/v1/docs",
        f"  mail            {home}/mail/",
        "  Ctrl-C stops everything",
    )
    click.echo("\n".join(lines))


def _print(figures: "Figures", *, as_json: bool) -> None:
    if as_json:
        session.print_json(msgspec.to_builtins(figures))
        return
    withheld = ", ".join(f"{count:,} {reason}" for reason, count in figures.statements_withheld.items()) or "none"
    rate = f"{figures.receipts_per_second:,.0f} a second"
    expired = f"{figures.points_expired:,} expired, {figures.points_available:,} available"
    lines = (
        f"members     {figures.members:>12,}",
        f"places      {figures.places:>12,}",
        f"goods       {figures.goods:>12,}",
        f"receipts    {figures.receipts:>12,}   with {figures.lines:,} lines, {rate}",
        f"points      {figures.points_earned:>12,}   {expired}",
        f"statements  {figures.statements_sent:>12,}   withheld: {withheld}",
        f"books       {figures.verify:>12}",
    )
    click.echo("\n".join(lines))
