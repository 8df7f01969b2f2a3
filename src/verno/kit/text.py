"""Text that PostgreSQL can keep."""

from collections.abc import Mapping


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
