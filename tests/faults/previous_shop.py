"""Run with the previous release's code, never with ours: fills a migrated database with a shop and its history.

    python previous_shop.py MEMBERS POSTINGS SEED

Prints what the upgrade test needs as one JSON object. It uses only what that release had, by that release's names.
"""

# Its names are the previous release's, which the type checker does not know.
# mypy: ignore-errors
# Django comes before what needs it; the answer goes to standard output.
# ruff: noqa: E402, T201

import json
import os
import random
import sys
from datetime import UTC, datetime, timedelta

os.environ["DJANGO_SETTINGS_MODULE"] = "verno.wiring.settings"

import django

django.setup()

from verno.kit import db
from verno.kit.ids import new_ids
from verno.ledger import service as ledger
from verno.ledger.types import Earn, Entry, Operation, Spend
from verno.members import service as members
from verno.members.types import NewMember
from verno.promotions import starter
from verno.workspace import keys
from verno.workspace.types import NewProgram, NewStore

NOW = datetime.now(UTC)
ENDS = NOW + timedelta(hours=12)
"""Lots begin and end whole days from here, so that none does while the test runs."""
BATCH = 1000


def main(count: int, postings: int, seed: int) -> None:
    dice = random.Random(seed)
    with db.connect_for_batches() as conn:
        wanted = NewProgram("Shop", "RUB", "Europe/Moscow", "RU", "ru")
        opened = starter.open_program(
            conn, wanted, [NewStore("msk-1", "msk-1")], earn_per=100, life_days=None, now=NOW - timedelta(days=400)
        )
        program, unit = opened.program, opened.unit
        key = keys.create(conn, program.id, "upgrade", ["receipts:write", "members:read"], now=NOW)
        ids = []
        for start in range(0, count, BATCH):
            names = [NewMember(external_id=f"m-{i}") for i in range(start, min(start + BATCH, count))]
            ids += [made.member_id for made in members.upsert(conn, program, names, now=NOW)]
            conn.commit()
        for start in range(0, postings, BATCH):
            day = 360 - 330 * start // postings
            some = [operation(dice, f"h-{i}", dice.choice(ids), unit.id, day) for i in range(start, start + BATCH)]
            ledger.post(conn, program.id, some, now=NOW - timedelta(days=day))
            conn.commit()
        while ledger.settle_due(conn, program.id, now=NOW):
            conn.commit()
    print(json.dumps({"program": program.id, "key": key, "members": ids}))


def operation(dice: random.Random, name: str, who: str, unit: str, day: int) -> Operation:
    """Return an earn or a spend of so many days ago."""
    now = NOW - timedelta(days=day)
    entry: Entry
    if dice.random() < 0.75:
        end = ENDS - timedelta(days=day - dice.choice((10, 60, 500))) if dice.random() < 0.7 else None
        begin = ENDS - timedelta(days=day - 60) if dice.random() < 0.1 else None
        entry = Earn(who, unit, dice.randrange(1, 500), now, active_from=None if end else begin, expires_at=end)
    else:
        entry = Spend(who, unit, dice.randrange(1, 300), now)
    return Operation(name, new_ids(1, now=now)[0], who, "00", (entry,))


main(*map(int, sys.argv[1:4]))
