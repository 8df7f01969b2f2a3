"""The start of a broadcast: its audience is written down once, and nothing changes it afterwards."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from psycopg import sql

from verno.kit import batches, localtime
from verno.kit.db import Connection
from verno.messaging.broadcasts import audience, checking
from verno.messaging.broadcasts.audience import Selection
from verno.messaging.broadcasts.drawing import assigning, timing
from verno.messaging.broadcasts.types import AtBestHour, AtLocalHour, Broadcast, Refused, SendTime, Warned
from verno.messaging.facts import SQL
from verno.workspace.types import Program

HABITS_FOR = timedelta(days=180)
"""How far back a member's best hour is looked for."""
HABITS_LEAST = 3
"""Purchases, opens and clicks below which nobody has a best hour."""

Turns = list[dict[str, object]]


def freeze(conn: Connection, program: Program, broadcast: Broadcast, *, now: datetime) -> bool:
    """Write down the audience and start, in the caller's transaction; False when another worker is at it, or was.

    A condition that can no longer be asked pauses the broadcast with its reason; so does an audience that has grown
    beyond what its author may approve alone.
    """
    conn.execute(SQL["lock_shared"], {"id": broadcast.id})
    if conn.execute(SQL["lock_scheduled"], {"id": broadcast.id}).fetchone() is None:
        return False
    chosen = audience.selection(conn, program.id, broadcast.wanted.audience, now=now)
    if isinstance(chosen, Refused):
        conn.execute(SQL["pause_broadcast"], {"id": broadcast.id, "reason": chosen.reason, "now": now})
        return True
    count = _write(conn, program, broadcast, chosen, now)
    parameters = {"id": broadcast.id, "audience": count, "unknown": chosen.unknown, "now": now}
    row = conn.execute(SQL["start_broadcast"], parameters).fetchone()
    is_alone = row is not None and row[0]
    if is_alone and checking.second_person(conn, program.id, broadcast, broadcast.approved_by, now=now, count=count):
        conn.execute(SQL["pause_broadcast"], {"id": broadcast.id, "reason": Warned.SECOND_PERSON, "now": now})
    return True


def wait_for_own_hour(conn: Connection, program: Program, broadcast: Broadcast, *, now: datetime) -> None:
    """Give the rest of a trial their turn again, where it is by their own clocks: its hour, not that of the verdict."""
    if not isinstance(broadcast.wanted.send, AtLocalHour | AtBestHour):
        return
    zones = batches.rows([{"zone": name} for name in _zones(conn, program)])
    asked = {"id": broadcast.id, "zone": program.timezone, "zones": zones, "now": now}
    conn.execute(SQL["wait_for_own_hour"], asked)


def _write(conn: Connection, program: Program, broadcast: Broadcast, chosen: Selection, now: datetime) -> int:
    send = broadcast.wanted.send
    by_clock = isinstance(send, AtLocalHour | AtBestHour)
    home = localtime.zone(program.timezone)
    zones = _zones(conn, program) if by_clock else {}
    at = _clock(send)
    turns: Turns = []
    send_at = now
    if isinstance(send, AtLocalHour | AtBestHour):
        turns = [{"zone": name, "at": timing.turn(send.day, at, zone, start=now)} for name, zone in zones.items()]
        send_at = timing.turn(send.day, at, home, start=now)
    lots = assigning.lots(program.id, broadcast.wanted)
    parameters = {
        **chosen.parameters,
        "id": broadcast.id,
        "program": program.id,
        "key": lots.key,
        "holdout": lots.holdout,
        "codes": list(lots.codes),
        "floors": list(lots.floors),
        "weight": lots.weight,
        "sample": lots.sample,
        "by_clock": by_clock,
        "turns": batches.rows(turns),
        "send_at": send_at,
        "now": now,
    }
    statement = sql.SQL(SQL["freeze_recipients"]).format(selection=sql.SQL(chosen.sql))
    count = conn.execute(statement, parameters).rowcount
    if isinstance(send, AtBestHour):
        _aim(conn, program, broadcast, send, zones, now)
    return count


def _aim(
    conn: Connection,
    program: Program,
    broadcast: Broadcast,
    send: AtBestHour,
    zones: dict[str, ZoneInfo],
    now: datetime,
) -> None:
    every = {**zones, program.timezone: localtime.zone(program.timezone)}
    turns = [
        {"zone": name, "hour": hour, "at": timing.turn(send.day, time(hour), zone, start=now)}
        for name, zone in every.items()
        for hour in range(24)
    ]
    parameters = {
        "id": broadcast.id,
        "zone": program.timezone,
        "zones": batches.rows([{"zone": name} for name in every]),
        "turns": batches.rows(turns),
        "since": now - HABITS_FOR,
        "least": HABITS_LEAST,
    }
    best = sql.SQL(SQL["best_hours"]).format(holders=sql.SQL(SQL["waiting_recipients"]))
    conn.execute(sql.SQL(SQL["aim_at_best_hours"]).format(best=best), parameters)


def foresee(
    conn: Connection, program: Program, send: SendTime, holders: Sequence[str], *, start: datetime
) -> dict[str, datetime]:
    """Return when each member's turn would be, were the audience frozen at ``start`` and its habits those of today."""
    if not isinstance(send, AtLocalHour | AtBestHour):
        return dict.fromkeys(holders, start)
    asked = batches.rows(list(holders))
    named: dict[str, str] = dict(conn.execute(SQL["zones_of"], {"holders": asked}).fetchall())
    zones = _there_are(sorted(set(named.values()))) | {program.timezone: localtime.zone(program.timezone)}
    turns = {name: timing.turn(send.day, _clock(send), zone, start=start) for name, zone in zones.items()}
    out = {holder: turns.get(named.get(holder, ""), turns[program.timezone]) for holder in holders}
    if isinstance(send, AtBestHour):
        parameters = {
            "holders": asked,
            "zone": program.timezone,
            "zones": batches.rows([{"zone": name} for name in zones]),
            "since": start - HABITS_FOR,
            "least": HABITS_LEAST,
        }
        best = sql.SQL(SQL["best_hours"]).format(holders=sql.SQL(SQL["listed_holders"]))
        for holder, name, hour in conn.execute(best, parameters).fetchall():
            out[str(holder)] = timing.turn(send.day, time(hour), zones[name], start=start)
    return out


def _zones(conn: Connection, program: Program) -> dict[str, ZoneInfo]:
    """Return the zones that members name and that there are; whoever names another one lives by the program's clock."""
    return _there_are([name for (name,) in conn.execute(SQL["audience_zones"], {"program": program.id}).fetchall()])


def _there_are(names: Sequence[str]) -> dict[str, ZoneInfo]:
    out: dict[str, ZoneInfo] = {}
    for name in names:
        try:
            out[name] = localtime.zone(name)
        except (ZoneInfoNotFoundError, ValueError):
            continue
    return out


def _clock(send: object) -> time:
    match send:
        case AtLocalHour(time=at) | AtBestHour(fallback=at):
            return at
        case _:
            return time()
