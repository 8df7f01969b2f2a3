"""The tables of docs/explanation/expiry.md, row by row against the real arithmetic."""

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from verno.kit import localtime
from verno.ledger import lifetime as life
from verno.ledger.lifetime import Activation, Expiry, Lifetime, Span
from verno.ledger.lifetime_words import Unreadable, read_activation, read_expiry, tell_expiry

PAGE = (Path(__file__).resolve().parents[2] / "docs/explanation/expiry.md").read_text()
HOME = "Europe/Moscow"
Row = dict[str, str]


def tables() -> dict[tuple[str, ...], list[Row]]:
    """Return the rows of the page's tables by their columns; equal columns are one table."""
    out: dict[tuple[str, ...], list[Row]] = {}
    for head, body in re.findall(r"^\|(.+)\|\n\|[-|]+\|\n((?:\|.+\|\n)+)", PAGE, re.MULTILINE):
        names = tuple(cell.strip() for cell in head.split("|"))
        for line in body.splitlines():
            cells = [cell.strip().strip("`") for cell in line.strip("|").split("|")]
            out.setdefault(names, []).append(dict(zip(names, cells, strict=True)))
    return out


TABLES = tables()
ENDS = TABLES[("expiry", "earned on", "last day", "over at (UTC)", "zone")]
WAITS = TABLES[("expiry", "activation", "counted from", "earned on", "usable from", "last day", "zone")]
SLIDES = TABLES[("expiry", "grace", "last active on", "the account ends (UTC)", "zone")]
FORGIVES = TABLES[
    (
        "expiry",
        "grace",
        "reinstate",
        "earned on",
        "over at (UTC)",
        "on",
        "given again if expired since",
        "then until (UTC)",
    )
]


def name(row: Row) -> str:
    return " ".join(row.values())


def lifetime(row: Row) -> Lifetime:
    expiry = read_expiry(row["expiry"])
    activation = read_activation(row.get("activation", "at-once"))
    assert not isinstance(expiry, Unreadable)
    assert not isinstance(activation, Unreadable)
    grace, reinstate = int(row.get("grace", "0")), int(row.get("reinstate", "0"))
    return Lifetime(expiry, activation, grace, reinstate, row.get("counted from") == "activation")


def born(row: Row) -> Span:
    return life.born(lifetime(row), date.fromisoformat(row["earned on"]), localtime.zone(row.get("zone", HOME)))


def moment(text: str) -> datetime | None:
    return None if text == "-" else datetime.fromisoformat(text).replace(tzinfo=UTC)


def last_day(span: Span, zone: str) -> str:
    """Return the local date of the last moment at which the points are there."""
    if span.expires_at is None:
        return "-"
    return localtime.business_date(span.expires_at - timedelta(seconds=1), localtime.zone(zone)).isoformat()


def test_the_page_has_its_tables() -> None:
    assert (len(ENDS), len(WAITS), len(SLIDES), len(FORGIVES)) >= (34, 11, 3, 4)


@pytest.mark.parametrize("row", ENDS, ids=name)
def test_ends(row: Row) -> None:
    span = born(row)
    assert (last_day(span, row["zone"]), span.expires_at) == (row["last day"], moment(row["over at (UTC)"]))
    assert (span.active_from, span.awaits, span.lapses_at) == (None, None, None)


@pytest.mark.parametrize("row", WAITS, ids=name)
def test_begins(row: Row) -> None:
    span = born(row)
    zone = localtime.zone(row["zone"])
    begins = span.awaits or "at once"
    if span.active_from is not None:
        begins = localtime.business_date(span.active_from, zone).isoformat()
        assert span.active_from == localtime.start_of_day(date.fromisoformat(begins), zone)
    assert (begins, last_day(span, row["zone"])) == (row["usable from"], row["last day"])


def test_an_event_told_on_5_april() -> None:
    kept, counted = (row for row in WAITS if row["activation"] == "event:delivered")
    told = date(2026, 4, 5)
    zone = localtime.zone(HOME)
    assert last_day(life.activated(lifetime(counted), told, zone), HOME) == "2026-05-05"
    assert life.activated(lifetime(kept), told, zone) == Span()


@pytest.mark.parametrize("row", SLIDES, ids=name)
def test_slides(row: Row) -> None:
    day, zone = date.fromisoformat(row["last active on"]), localtime.zone(row["zone"])
    assert life.touched(lifetime(row), day, zone) == moment(row["the account ends (UTC)"])
    assert life.born(lifetime(row), day, zone) == Span(lapses_at=moment(row["the account ends (UTC)"]))


@pytest.mark.parametrize("row", FORGIVES, ids=name)
def test_forgives(row: Row) -> None:
    assert born(row).expires_at == moment(row["over at (UTC)"])
    window = life.reinstatable(lifetime(row), date.fromisoformat(row["on"]), localtime.zone(HOME))
    found = (window.since, window.expires_at) if window else (None, None)
    assert found == (moment(row["given again if expired since"]), moment(row["then until (UTC)"]))


def test_the_words_and_the_objects_of_the_page() -> None:
    words = [
        word for row in TABLES[("words", "points can be used")] for word in row["words"].replace("`", "").split(", ")
    ]
    read = [read_expiry(word) for word in words]
    assert [tell_expiry(one) for one in read if not isinstance(one, Unreadable)] == words
    block = re.search(r"```json\n(.+?)```", PAGE, re.DOTALL)
    assert block
    objects = [msgspec.json.decode(line, type=Expiry) for line in block[1].splitlines()]
    assert {type(one) for one in objects} == {type(one) for one in read}


def test_the_activations_of_the_page() -> None:
    said = re.search(r"`verno set points.activation`: (.+?)\. Until", PAGE, re.DOTALL)
    assert said
    words = re.findall(r"`([^`]+)`", said[1])
    kinds = {type(read_activation(word)) for word in words}
    assert kinds == set(Activation.__args__)
