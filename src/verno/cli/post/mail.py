"""``verno mail``: letters that came back, as a mail server hands them over."""

import sys
from typing import TYPE_CHECKING

import click

from verno.cli import session
from verno.kit.clock import clock
from verno.kit.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from verno.messaging.channels.port import Heard, Receipt

TRY_AGAIN = 75
"""What a mail server takes for "later" (sysexits.h); anything else but 0 would make it bounce the bounce."""


@click.group()
def mail() -> None:
    """Hear what became of letters."""


@mail.command()
@click.option("--recipient", help="Whom the letter came to, where the server tells (in Postfix: ${recipient}).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def bounce(recipient: str | None, *, as_json: bool) -> None:
    """Read a letter that came back, on standard input, and do what it says: a bounce, a complaint, an unsubscribing.

    Only a letter with a return path that we signed is believed. Any other one is passed over, with exit code 0.
    """
    from verno.messaging.channels.email import bounces  # noqa: PLC0415 quick help
    from verno.messaging.channels.port import Heard, Receipt  # noqa: PLC0415 the same

    read = bounces.read(sys.stdin.buffer.read(), now=clock.now(), recipient=recipient)
    outcome = None
    if isinstance(read, Receipt):
        _hear([read], [])
        outcome = read.outcome.value
    elif isinstance(read, Heard):
        _hear([], [read])
        outcome = "unsubscribed"
    if as_json:
        session.print_json({"outcome": outcome})
    elif isinstance(read, bounces.Unread):
        click.echo(f"passed over: {read.why}")
    else:
        click.echo(f"a letter of ours: {outcome}")


def _hear(receipts: "Sequence[Receipt]", words: "Sequence[Heard]") -> None:
    try:
        with session.database():
            from verno.messaging.answers import hearing  # noqa: PLC0415 after django.setup()

            hearing.hear(receipts, words)
    except Unavailable as error:
        click.echo(f"verno: {error}", err=True)
        raise SystemExit(TRY_AGAIN) from None
