"""Links of sources: where they are, and whether they can lead a reader anywhere."""

import html
import ipaddress
import re
from collections.abc import Callable
from urllib.parse import urlsplit

_HREF = re.compile(
    r"""(?<![\w?&;])href\s*=(?!=)\s*(?:"([^"]*)"|'([^']*)'|((?:\{\{.*?\}\}|[^\s"'<>])+))""", re.IGNORECASE
)
_PLAIN = re.compile(r"\bhttps?://[^\s<>\"')\]]+|\bwww\.[^\s<>\"')\]]+", re.IGNORECASE)
_WHOLE = re.compile(r"\bhttps?://(?:(?!\{[%#])[^\s<>\"')\]])+", re.IGNORECASE)
"""An address in a plain text up to its end, or to a tag that prints nothing."""
_TAG = re.compile(r"\{\{|\{%")
_HOST = re.compile(r"(?=.{1,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+([a-z]{2,63}|xn--[a-z0-9-]{1,59})")
_PRIVATE = (".localhost", ".local", ".internal", ".lan", ".home", ".corp", ".test", ".invalid", ".arpa")
LEADING = frozenset({"http", "https"})
OTHER = frozenset({"mailto", "tel", "sms"})


def of_letter(source: str) -> list[str]:
    """Return the addresses that a letter's source links to; those with template tags in them included."""
    return [html.unescape("".join(found)).strip() for found in _HREF.findall(source)]


def of_text(source: str) -> list[str]:
    """Return the addresses in a plain text."""
    return [found.rstrip(".,;:!?") for found in _PLAIN.findall(source)]


def numbered(source: str, place: Callable[[str], str | None]) -> str:
    """Return a plain text's source with something else where its addresses stand; None leaves one as it is.

    Those that are made of figures are not asked about.
    """

    def put(match: re.Match[str]) -> str:
        url = match.group(0).rstrip(".,;:!?")
        made = "{{" in url or source[match.end() : match.end() + 2] == "{{"
        put_there = None if made else place(url)
        return match.group(0) if put_there is None else put_there + match.group(0)[len(url) :]

    return _WHOLE.sub(put, source)


def wrong(url: str) -> str | None:
    """Return why an address leads nowhere, or where it must not; None when nothing is seen against it.

    One that is nothing but a figure is not judged here: what it will be is not known.
    """
    if url.startswith("{{"):
        return None
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return "cannot be read"
    scheme = parts.scheme.lower()
    if scheme in LEADING:
        return _wrong_place(parts.netloc) or _wrong_host(host, port)
    if not scheme or (scheme in OTHER and not parts.path):
        return "leads nowhere"
    return None if scheme in OTHER else f"{scheme[:20]}: is not followed"


def _wrong_place(netloc: str) -> str | None:
    if "@" in netloc:
        return "has a name before its host"
    return "its host is made of figures" if _TAG.search(netloc) else None


def _wrong_host(host: str, port: int | None) -> str | None:
    if not host:
        return "has no host"
    if _is_private(host):
        return "is not on the public internet"
    try:
        plain = host.encode("idna").decode("ascii")
    except UnicodeError:
        return "its host cannot be read"
    if not _HOST.fullmatch(plain):
        return "its host cannot be read"
    return None if port in (None, 80, 443, 8443) else "has a port that many networks close"


def _is_private(host: str) -> bool:
    try:
        return not ipaddress.ip_address(host.strip("[]")).is_global
    except ValueError:
        # 127.1, 0x7f.1, 2130706433: hosts made of numbers are addresses in disguise.
        numbers = re.fullmatch(r"(0x[0-9a-f]+|\d+)(\.(0x[0-9a-f]+|\d+)){0,3}\.?", host) is not None
        return numbers or host == "localhost" or host.rstrip(".").endswith(_PRIVATE)
