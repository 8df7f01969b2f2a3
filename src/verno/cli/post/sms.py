"""``verno sms``: what an SMS gateway must be told."""

import click


@click.group()
def sms() -> None:
    """Connect an SMS gateway."""


@sms.command()
def address() -> None:
    """Print the address that a gateway must call with what people write, so that STOP is heard; it holds a secret."""
    from verno.messaging.channels.sms import gateway  # noqa: PLC0415 quick help

    click.echo(gateway.words_url())
