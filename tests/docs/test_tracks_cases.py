"""The worked cases of docs/explanation/tracks.md, run against the real tables and told in the reader's words."""

import re
from datetime import date
from pathlib import Path

import msgspec
import psycopg
import pytest

from tests.progress.shop import Shop
from verno.progress import words
from verno.progress.types import MONEY, Audience, Track

PAGE = Path(__file__).resolve().parents[2] / "docs/explanation/tracks.md"
BLOCK = re.compile(r"^```(json|tracks)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINE = re.compile(
    r"(?P<on>\d{4}-\d\d-\d\d) "
    r"(?:day|(?P<who>\w+) (?P<amount>-?[\d.]+)(?: of (?P<of>\d{4}-\d\d-\d\d))?) +-> (?P<told>.+)"
)


def cases() -> list[tuple[str, str]]:
    """Return each story with the track that stands before it."""
    found, track = [], ""
    for kind, body in BLOCK.findall(PAGE.read_text()):
        if kind == "json":
            track = body
        else:
            found.append((track, body))
    return found


CASES = cases()


def told(shop: Shop, track: Track, name: str, on: date, seen: int) -> str:
    """Return what a member is told on a day, and what the outbox was since ``seen``."""
    standing = shop.stands(name, on)
    said = "; ".join(words.tell(standing, track, currency="RUB", today=on, locale="en"))
    events = [type_.removesuffix(".v1") for type_, _ in shop.told()[seen:]]
    return said + (f" [{', '.join(events)}]" if events else "")


def test_the_page_has_its_cases() -> None:
    assert len(CASES) >= 9


@pytest.mark.parametrize(("body", "story"), CASES)
def test_case(conn: psycopg.Connection, body: str, story: str) -> None:
    track = msgspec.json.decode(body, type=Track)
    shop = Shop(conn)
    firms = track.audience is Audience.COMPANY
    for one in ("north", "south") if firms else ("ann",):
        shop.member(one, kind="company" if firms else "person", group="g" if firms else None)
    shop.open(track)
    name = "north" if firms else "ann"
    for text in story.splitlines():
        line = LINE.fullmatch(text)
        assert line, text
        on, seen = date.fromisoformat(line["on"]), len(shop.told())
        shop.sweeps(on)
        if line["who"]:
            name = line["who"]
            amount = int(line["amount"].replace(".", "")) if track.metric in MONEY else int(line["amount"])
            shop.buys(name, amount, date.fromisoformat(line["of"] or line["on"]), on=on)
        assert told(shop, track, name, on, seen) == line["told"], text
