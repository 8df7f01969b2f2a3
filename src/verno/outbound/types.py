"""The three ways in which a call can end."""

from collections.abc import Mapping
from typing import TypeAlias

import msgspec


class Answer(msgspec.Struct, frozen=True, gc=False):
    """The other side answered. Names of headers are in lower case; one that came several times is joined by commas.

    ``whole`` is False when the body was cut: by our limit, by the timeout, or since the line was lost on the way.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool = True


class NotSent(msgspec.Struct, frozen=True, gc=False):
    """The request certainly did not leave: no such address, nobody there, no trust, or not allowed by us."""

    text: str


class Lost(msgspec.Struct, frozen=True, gc=False):
    """The request began to leave, and no answer came: nobody can know whether it was taken."""

    text: str
    timed_out: bool


Outcome: TypeAlias = Answer | NotSent | Lost
