"""``verno bench``: measure on this machine, print ratios."""

from contextlib import nullcontext

import click

from verno.cli import session
from verno.cli.progress import Bars
from verno.kit import config
from verno.kit.clock import clock
from verno.kit.embedded import cluster

LONGEST = 600


@click.group()
def bench() -> None:
    """Measure, and print ratios: absolute figures are the machine's, ratios to pgbench are ours."""


@bench.command()
@click.option("--seconds", default=20, show_default=True, type=click.IntRange(2, LONGEST), help="Length of each part.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def intake(seconds: int, *, as_json: bool) -> None:
    """Receipts in, by the bulk path and over HTTP, beside pgbench's TPC-B on the same server: three rounds, medians.

    Works in a scratch database, which it makes and drops; needs the demo's data and, for HTTP, wrk.
    """
    with nullcontext() if config.database_url() else cluster.local().running():
        from verno.bench import run, scratch  # noqa: PLC0415 quick --help

        with scratch.database():
            session.setup_django()
            from verno.wiring import migrate  # noqa: PLC0415 after django.setup()

            migrate.migrate()
            session.disconnect()
            result = run.intake(seconds=seconds, say=_say, progress=Bars(), now=clock.now())
            session.disconnect()
    summary = result.summary()
    if as_json:
        session.print_json(summary)
        return
    summary.pop("rounds")
    click.echo("\n".join(f"{name.replace('_', ' '):<20}{_shown(value)}" for name, value in summary.items()))


@bench.command()
@click.option("--seconds", default=10, show_default=True, type=click.IntRange(2, LONGEST), help="Length of each part.")
@click.option("--lots", default=1_000_000, show_default=True, help="Lots that expire beside the captures.")
@click.option(
    "--history", default=1_000_000, show_default=True, help="Transfers to grow the history to; 10,000,000 takes long."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def till(seconds: int, lots: int, history: int, *, as_json: bool) -> None:
    """Quotes, captures and spends, beside pgbench and hf-nostro on the same server.

    Works in a scratch database, which it makes and drops; needs the demo's data, wrk and the extra "bench".
    """
    with nullcontext() if config.database_url() else cluster.local().running():
        from verno.bench import scratch  # noqa: PLC0415 quick --help

        with scratch.database():
            session.setup_django()
            from verno.bench.counter import run as run_till  # noqa: PLC0415 after django.setup()
            from verno.wiring import migrate  # noqa: PLC0415 after django.setup()

            migrate.migrate()
            session.disconnect()
            sizes = [size for size in (100_000, 1_000_000, 10_000_000) if size <= history] or [history]
            found = run_till.measure(seconds=seconds, lots=lots, sizes=sizes, say=_say, progress=Bars())
            session.disconnect()
    if as_json:
        session.print_json(found)
        return
    found.pop("history")
    click.echo("\n".join(f"{name.replace('_', ' '):<36}{_shown(value)}" for name, value in found.items()))


@bench.command()
@click.option("--seconds", default=10, show_default=True, type=click.IntRange(2, LONGEST), help="Length of the quotes.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def promotions(seconds: int, *, as_json: bool) -> None:
    """Rulebooks: the engine alone, quotes by 500 rules, and 50 rules replayed over the demo's year.

    Works in a scratch database, which it makes and drops; needs the demo's data.
    """
    with nullcontext() if config.database_url() else cluster.local().running():
        from verno.bench import scratch  # noqa: PLC0415 quick --help

        with scratch.database():
            session.setup_django()
            from verno.bench import promotions as rulebooks  # noqa: PLC0415 after django.setup()
            from verno.wiring import migrate  # noqa: PLC0415 after django.setup()

            migrate.migrate()
            session.disconnect()
            found = rulebooks.measure(seconds=seconds, say=_say, progress=Bars(), now=clock.now())
            session.disconnect()
    if as_json:
        session.print_json(found)
        return
    click.echo("\n".join(f"{name.replace('_', ' '):<36}{_shown(value)}" for name, value in found.items()))


@bench.command()
@click.option("--rows", default=200_000, show_default=True, type=click.IntRange(1_000, 1_000_000), help="Members.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def members(rows: int, *, as_json: bool) -> None:
    """Members from a file and back, beside COPY of the same rows into a plain table.

    Works in a scratch database, which it makes and drops.
    """
    with nullcontext() if config.database_url() else cluster.local().running():
        from verno.bench import scratch  # noqa: PLC0415 quick --help

        with scratch.database():
            session.setup_django()
            from verno.bench import members as people  # noqa: PLC0415 after django.setup()
            from verno.wiring import migrate  # noqa: PLC0415 after django.setup()

            migrate.migrate()
            session.disconnect()
            found = people.measure(rows, say=_say, now=clock.now())
            session.disconnect()
    if as_json:
        session.print_json(found)
        return
    click.echo("\n".join(f"{name.replace('_', ' '):<36}{_shown(value)}" for name, value in found.items()))


def _say(text: str) -> None:
    click.echo(text, err=True)


def _shown(value: object) -> str:
    return "not measured" if value is None else f"{value:,}"
