"""Impressions: how many messages were taken under each token (``erid``) in a month of the program's calendar."""

import csv
from typing import IO

import msgspec

from verno.kit import localtime
from verno.kit.db import Connection
from verno.messaging.facts import SQL
from verno.messaging.templates.checks.adverts import NOT_INTERNET
from verno.web.sheets import safe
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
        # On one line: of these ends of lines the writer quotes only its own.
        named = [safe(" ".join(text.split())) for text in (one.token, one.advertiser, one.inn, one.channel)]
        out.writerow((f"{year:04d}-{month:02d}", *named, one.accepted))
