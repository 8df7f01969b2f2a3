"""Signed return paths: a bounce is believed when it comes to an address that only we could have made (VERP)."""

from typing import Final

from verno.messaging.channels import tokens

_USE: Final = "return-path"


def token(message_id: str) -> str:
    """Return the token of a letter, which is its envelope's id as well."""
    return tokens.token(_USE, message_id)


def address(mailbox: str, token_: str) -> str:
    """Return the mailbox's address for one letter: ``bounces@example.com`` becomes ``bounces+<token>@example.com``."""
    name, _, domain = mailbox.rpartition("@")
    return f"{name}+{token_}@{domain}"


def find(text: str) -> str | None:
    """Return the message that the first return path of ours in a text names; None when there is none."""
    return tokens.find(_USE, text)
