"""Words, links and names by which advertising is known; the lists are in ``promo.toml``."""

import html
import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib import resources
from urllib.parse import parse_qs, unquote, urlsplit

_EXPRESSIONS = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_STYLE = re.compile(r"<(mj-style|style|mj-attributes)\b.*?</\1>", re.DOTALL | re.IGNORECASE)
_INLINE = re.compile(
    r"</?(a|abbr|b|big|code|em|font|i|ins|mark|s|small|span|strong|sub|sup|u|wbr)\b[^<>]*>", re.IGNORECASE
)
"""Tags within which a word goes on."""
_COMMENTS = re.compile(r"<!--.*?-->", re.DOTALL)
_TAGS = re.compile(r"<[^<>]*>")
_UNSEEN = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]")
"""Characters that nobody sees within a word: the soft hyphen, joiners, blanks without a width."""


def words(text: str) -> list[str]:
    """Return the words of advertising in a source, in any language, each once; names of sources are no words."""
    seen = _COMMENTS.sub("", _STYLE.sub(" ", _EXPRESSIONS.sub(" ", text)))
    seen = html.unescape(_TAGS.sub(" ", _INLINE.sub("", seen)))
    seen = " ".join(_UNSEEN.sub("", seen).split()).lower()
    lists = _lists()
    found = [match.group(0).strip() for pattern in (*lists["ru"], *lists["en"]) for match in pattern.finditer(seen)]
    return list(dict.fromkeys(found))


def names(said: Iterable[str]) -> list[str]:
    """Return the names that bring products or offers."""
    lists = _lists()["names"]
    return [one for one in said if any(pattern.search(one.rpartition(".")[2].rstrip("[]")) for pattern in lists)]


def links(urls: Iterable[str]) -> list[str]:
    """Return the links that lead to pages of campaigns."""
    return [url for url in urls if _is_campaign(url)]


def _is_campaign(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    path = unquote(parts.path).lower()
    return "utm_campaign" in parse_qs(parts.query) or any(pattern.search(path) for pattern in _lists()["links"])


@lru_cache(maxsize=1)
def _lists() -> Mapping[str, tuple[re.Pattern[str], ...]]:
    text = (resources.files("verno.messaging.templates.checks") / "promo.toml").read_text(encoding="utf-8")
    return {name: tuple([re.compile(one) for one in some]) for name, some in tomllib.loads(text).items()}
