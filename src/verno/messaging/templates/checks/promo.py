"""Words, links and names by which advertising is known; the lists are in ``promo.toml``."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib import resources
from urllib.parse import parse_qs, unquote, urlsplit

_EXPRESSIONS = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_STYLE = re.compile(r"<(mj-style|style|mj-attributes)\b.*?</\1>", re.DOTALL | re.IGNORECASE)
_TAGS = re.compile(r"<[^<>]*>")


def words(text: str) -> list[str]:
    """Return the words of advertising in a source, in any language, each once; names of sources are no words."""
    seen = " ".join(_TAGS.sub(" ", _STYLE.sub(" ", _EXPRESSIONS.sub(" ", text))).split()).lower()
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
