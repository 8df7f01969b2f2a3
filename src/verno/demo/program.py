"""The demo's program: a grocer in New York with one kind of points and one rule, and the shift of its clock."""

from datetime import datetime

import msgspec

from verno.demo import source, traits
from verno.kit import db, localtime
from verno.kit.db import Connection
from verno.kit.errors import VernoError
from verno.kit.sql import Statements
from verno.members.attributes import registry
from verno.promotions import starter
from verno.workspace import queries as workspace_queries
from verno.workspace.audit import SYSTEM
from verno.workspace.types import NewProgram, Program, Unit

SQL = Statements("verno.demo")

NAME = "Verno demo grocer"
TIMEZONE = "America/New_York"
LIFE_DAYS = 180
CENTS_A_POINT = 100
SHIFT = "demo.shift_weeks"


class Demo(msgspec.Struct, frozen=True):
    """The program, its unit, and by how many weeks the data's times are shifted."""

    program: Program
    unit: Unit
    shift_weeks: int


def open_program(conn: Connection, *, original: bool, now: datetime) -> Demo:
    """Return the installation's demo, made with its shift in one transaction if it is empty.

    ``original`` keeps the times of 2017. Raises ``VernoError`` when the installation holds another program, or a
    demo of the other clock: its receipts are there already, with their times.
    """
    found = workspace_queries.programs(conn)
    if not found:
        return _make(conn, 0 if original else shift_for(now), now=now)
    db.enter(conn, found[0].id)
    row = conn.execute(SQL["shift"], {"program": found[0].id, "key": SHIFT}).fetchone()
    shift = row[0] if row else None
    if not isinstance(shift, int):
        message = (
            f"this installation holds the program {found[0].name!r}; the demo needs one of its own: "
            "set VERNO_HOME to another folder, or VERNO_DATABASE_URL to an empty database"
        )
        raise VernoError(message)
    if (shift == 0) != original:
        message = (
            "this installation's demo was loaded with the original times: give --once --as-of DATE again"
            if shift == 0
            else f"this installation's demo was loaded with times shifted by {shift} weeks: --as-of means nothing here"
        )
        raise VernoError(message + "; or set VERNO_HOME to another folder")
    return Demo(found[0], workspace_queries.units(conn, found[0].id)[0], shift)


def shift_for(now: datetime) -> int:
    """Return the most whole weeks that the data can move without a receipt in the future."""
    zone = localtime.zone(TIMEZONE)
    last = source.last_moment()
    weeks = (now.astimezone(zone).replace(tzinfo=None) - last) // source.WEEK
    while localtime.localize(last + weeks * source.WEEK, zone) > now:  # an hour lost to summer time
        weeks -= 1
    return weeks


def _make(conn: Connection, weeks: int, *, now: datetime) -> Demo:
    wanted = NewProgram(NAME, "USD", TIMEZONE, "US", "en")
    opened = starter.open_program(conn, wanted, [], earn_per=CENTS_A_POINT, life_days=LIFE_DAYS, now=now)
    if not isinstance(opened, starter.Opened):
        message = f"the demo's program was not made: {opened}"
        raise VernoError(message)
    program = opened.program
    conn.execute(SQL["keep_shift"], {"program": program.id, "weeks": str(weeks), "now": now})
    for one in traits.declared():
        registry.put(conn, program.id, one, now=now, by=SYSTEM)
    return Demo(program, opened.unit, weeks)
