"""Cutting long work into batches, and rows into the one parameter a set-based statement takes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TypeVar

import msgspec

T = TypeVar("T")

MAX_BATCH = 1000
"""Items in one call of a batch verb or one request to the API."""

_encoder = msgspec.json.Encoder()


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield lists of up to ``size`` items, in order."""
    source = iter(items)
    while chunk := list(islice(source, size)):
        yield chunk


def rows(records: Sequence[object]) -> str:
    """Encode records (structs or dictionaries with the columns' names) for ``json_to_recordset(%s)``.

    ``json`` rather than ``jsonb``: measured 10 to 15 % faster, since nothing is built from the text but
    the rows themselves, and nested JSON keeps its bytes.
    """
    return _encoder.encode(records).decode()


def unclean(value: object) -> bool:
    """Tell whether any string in ``value`` (nested lists and dictionaries too) holds NUL or a lone surrogate.

    JSON bodies are refused for it at the door; rows of files come past no such door.
    """
    if isinstance(value, str):
        return "\x00" in value or not _encodes(value)
    if isinstance(value, Mapping):
        return any(unclean(key) or unclean(item) for key, item in value.items())
    return isinstance(value, list | tuple) and any(map(unclean, value))


def _encodes(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
