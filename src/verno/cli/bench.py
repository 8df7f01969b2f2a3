"""``verno bench``: measure on this machine, print ratios."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext

import click

from verno.cli import session
from verno.cli.progress import Bars
from verno.kit import config
from verno.kit.clock import clock
from verno.kit.embedded import cluster

LONGEST = 600
WIDTH = 36


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
    with _scratch():
        from verno.bench import run  # noqa: PLC0415 after django.setup()

        result = run.intake(seconds=seconds, say=_say, progress=Bars(), now=clock.now())
    _tell(result.summary(), as_json=as_json, long="rounds")


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
    with _scratch():
        from verno.bench.counter import run  # noqa: PLC0415 after django.setup()

        sizes = [size for size in (100_000, 1_000_000, 10_000_000) if size <= history] or [history]
        found = run.measure(seconds=seconds, lots=lots, sizes=sizes, say=_say, progress=Bars())
    _tell(found, as_json=as_json, long="history")


@bench.command()
@click.option("--seconds", default=10, show_default=True, type=click.IntRange(2, LONGEST), help="Length of the quotes.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def promotions(seconds: int, *, as_json: bool) -> None:
    """Rulebooks: the engine alone, quotes by 500 rules, and 50 rules replayed over the demo's year.

    Works in a scratch database, which it makes and drops; needs the demo's data.
    """
    with _scratch():
        from verno.bench import promotions as rulebooks  # noqa: PLC0415 after django.setup()

        found = rulebooks.measure(seconds=seconds, say=_say, progress=Bars(), now=clock.now())
    _tell(found, as_json=as_json)


@bench.command()
@click.option("--letters", default=20_000, show_default=True, help="Letters to send to the mail sink.")
@click.option("--texts", default=30_000, show_default=True, help="Texts to send to the message centre.")
@click.option("--crowd", default=100_000, show_default=True, help="Letters under way while codes are sent.")
@click.option("--queued", default=1_000_000, show_default=True, help="Letters that wait while the till works.")
@click.option("--planned", default=1_000_000, show_default=True, help="Members that a broadcast is planned for.")
@click.option("--seconds", default=10, show_default=True, type=click.IntRange(2, LONGEST), help="Length of a capture.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def messages(letters: int, texts: int, crowd: int, queued: int, planned: int, seconds: int, *, as_json: bool) -> None:
    """Letters and texts to sinks, beside the bare clients; codes and the till beside a crowd of letters.

    Works in a scratch database, which it makes and drops; needs the demo's data and wrk.
    """
    with _scratch():
        from verno.bench.messages import run  # noqa: PLC0415 after django.setup()

        found = run.measure(
            letters=letters,
            texts=texts,
            crowded=crowd,
            queued=queued,
            planned=planned,
            seconds=seconds,
            say=_say,
            progress=Bars(),
        )
    _tell(found, as_json=as_json)


@bench.command()
@click.option("--rows", default=200_000, show_default=True, type=click.IntRange(1_000, 1_000_000), help="Members.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def members(rows: int, *, as_json: bool) -> None:
    """Members from a file and back, beside COPY of the same rows into a plain table.

    Works in a scratch database, which it makes and drops.
    """
    with _scratch():
        from verno.bench import members as people  # noqa: PLC0415 after django.setup()

        found = people.measure(rows, say=_say, now=clock.now())
    _tell(found, as_json=as_json)


@contextmanager
def _scratch() -> Iterator[None]:
    """Have a migrated database that is gone afterwards."""
    with nullcontext() if config.database_url() else cluster.local().running():
        from verno.bench import scratch  # noqa: PLC0415 quick --help

        with scratch.database():
            session.setup_django()
            from verno.wiring import migrate  # noqa: PLC0415 after django.setup()

            migrate.migrate()
            session.disconnect()
            yield
            session.disconnect()


def _tell(found: Mapping[str, object], *, as_json: bool, long: str = "") -> None:
    """Print what was found; ``long`` names what people are spared."""
    if as_json:
        session.print_json(dict(found))
        return
    lines = [f"{name.replace('_', ' '):<{WIDTH}}{_shown(value)}" for name, value in found.items() if name != long]
    click.echo("\n".join(lines))


def _say(text: str) -> None:
    click.echo(text, err=True)


def _shown(value: object) -> str:
    return "not measured" if value is None else f"{value:,}"
