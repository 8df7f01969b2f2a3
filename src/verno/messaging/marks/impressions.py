"""Impressions: how many messages were taken under each token (``erid``) in a month of the program's calendar."""

import csv
from typing import IO

import msgspec

from verno.kit import localtime
from verno.kit.db import Connection
from verno.messaging.facts import SQL
from verno.messaging.templates.checks.adverts import NOT_INTERNET
from verno.workspace.types import Program

COLUMNS = ("month", "token", "advertiser", "inn", "channel", "accepted")


class Impressions(msgspec.Struct, frozen=True):
    """Messages under one token on one channel that their providers took and that did not come back."""

    token: str
    advertiser: str
    inn: str
    channel: str
    accepted: int


def impressions(conn: Connection, program: Program, year: int, month: int) -> list[Impressions]:
    """Return a month's impressions by token and channel; texts are no internet, and are left out."""
    since, until = localtime.month_bounds(year, month, localtime.zone(program.timezone))
    rows = conn.execute(SQL["impressions"], {"program": program.id, "since": since, "until": until}).fetchall()
    found = [Impressions(*row) for row in rows]
    return [one for one in found if one.channel not in NOT_INTERNET]


def write(file: IO[str], found: list[Impressions], year: int, month: int) -> None:
    """Write impressions as CSV, a row each, as operators of ad data take them."""
    out = csv.writer(file, lineterminator="\n")
    out.writerow(COLUMNS)
    for one in found:
        out.writerow((f"{year:04d}-{month:02d}", one.token, _plain(one.advertiser), one.inn, one.channel, one.accepted))


def _plain(text: str) -> str:
    """Keep a spreadsheet from taking a name for a formula."""
    return f"'{text}" if text[:1] in tuple("=+-@\t") else text
