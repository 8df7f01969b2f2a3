"""Members as the Python reading asks them: why somebody is in a segment is told out of these.

The owning packages' own reads, so that a tree has two readings that do not share their ways.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from verno.kit import batches, localtime
from verno.kit.db import Connection
from verno.kit.ids import is_id
from verno.kit.sql import Statements
from verno.ledger import queries as ledger
from verno.members import queries as members
from verno.members.districts import locating
from verno.members.types import Purpose
from verno.progress import queries as progress
from verno.rules.facts import Member as Told
from verno.segments.types import MOST_ASKED, Ending, Goods, Known, Person, Receipt

SQL = Statements("verno.segments")
BEFORE = timedelta(microseconds=1)


def people(
    conn: Connection, program_id: str, holder_ids: Sequence[str], *, known: Known, now: datetime
) -> dict[str, Person]:
    """Return members by id as they are ``now``, those that exist; a dozen statements, whatever their number.

    ``known`` is what ``desk.known`` returned. Raises ``ValueError`` for more than ``MOST_ASKED``.
    """
    if len(holder_ids) > MOST_ASKED:
        message = f"at most {MOST_ASKED} members at a time"
        raise ValueError(message)
    ids = [one for one in holder_ids if is_id(one)]
    parameters = {"program": program_id, "ids": batches.rows(ids), "now": now}
    rows = conn.execute(SQL["rows_of"], parameters).fetchall()
    told = members.facts(conn, program_id, ids, now=now)
    said = members.standings(conn, ids, now=now)
    contacts = members.identities(conn, ids)
    wishes = members.wishes(conn, ids)
    areas = locating.districts_of(conn, ids)
    balances = ledger.balances(conn, ids, now=now)
    units = {unit.id: code for code, unit in known.units.items()}
    stands = _stands(conn, program_id, ids, known)
    receipts, goods = _bought(conn, parameters, known.zone)
    endings = _endings(conn, parameters, known.zone, now)
    out: dict[str, Person] = {}
    for id_, locale, group, home_place, home_region in rows:
        mine = contacts.get(id_, {})
        wish = wishes.get(id_)
        out[id_] = Person(
            id_,
            _standing(told[id_], stands.get(id_, {})),
            locale,
            group,
            frozenset(one.purpose for one in said.get(id_, ()) if one.granted and one.purpose != Purpose.ADVERTISING),
            frozenset(mine),
            frozenset(kind for kind, one in mine.items() if one.verified_at is not None),
            home_place,
            home_region,
            areas.get(id_, {}),
            None if wish is None else wish.most_per,
            wish is not None and wish.paused_until is not None and wish.paused_until > now,
            {units[one.unit_id]: one.available for one in balances.get(id_, ())},
            {units[one.unit_id]: one.pending for one in balances.get(id_, ())},
            receipts.get(id_, ()),
            goods.get(id_, ()),
            endings.get(id_, ()),
            now=now,
        )
    return out


def _standing(told: Told, stands: Mapping[str, tuple[str | None, int]]) -> Told:
    return replace(
        told,
        tiers={code: step for code, (step, _) in stands.items() if step is not None},
        progress={code: value for code, (_, value) in stands.items()},
    )


def _stands(
    conn: Connection, program_id: str, ids: Sequence[str], known: Known
) -> dict[str, dict[str, tuple[str | None, int]]]:
    """Return by member and track's code the step and the value of the last look; of tracks that are for them."""
    found = progress.people(conn, program_id, ids, known.zone)
    owners = {
        (id_, code): person.group_id if one.by_group and person.group_id else person.id
        for id_, person in found.items()
        for code, one in known.tracks.items()
        if one.audience is None or one.audience == person.kind
    }
    wanted = {"program": program_id, "ids": batches.rows(sorted(set(owners.values())))}
    looks = {(owner, track): (step, value) for owner, track, step, value in conn.execute(SQL["looks_of"], wanted)}
    out: dict[str, dict[str, tuple[str | None, int]]] = defaultdict(dict)
    for (id_, code), owner in owners.items():
        out[id_][code] = looks.get((owner, known.tracks[code].id), (None, 0))
    return out


def _bought(
    conn: Connection, parameters: Mapping[str, object], zone: ZoneInfo
) -> tuple[dict[str, list[Receipt]], dict[str, list[Goods]]]:
    sales = conn.execute(SQL["sales_of"], parameters).fetchall()
    wanted = {"sales": batches.rows(sorted({sale[1] for sale in sales}))}
    refunds: dict[str, int] = dict(conn.execute(SQL["refunds_of"], wanted).fetchall())
    lines: dict[str, list[tuple[str, list[str], int, int]]] = defaultdict(list)
    for receipt, *line in conn.execute(SQL["lines_of"], wanted).fetchall():
        lines[receipt].append((line[0], line[1], line[2], line[3]))
    receipts: dict[str, list[Receipt]] = defaultdict(list)
    goods: dict[str, list[Goods]] = defaultdict(list)
    for member, id_, at, place, own_zone, region, channel, price, by_points in sales:
        day = localtime.business_date(at, localtime.zone(own_zone) if own_zone else zone)
        receipts[member].append(
            Receipt(at, day, place, region, channel, price - by_points - refunds.get(id_, 0)),
        )
        goods[member] += [
            Goods(at, day, place, sku, tuple(category), quantity, amount)
            for sku, category, quantity, amount in lines[id_]
        ]
    return receipts, goods


def _endings(
    conn: Connection, parameters: Mapping[str, object], zone: ZoneInfo, now: datetime
) -> dict[str, list[Ending]]:
    out: dict[str, list[Ending]] = defaultdict(list)
    for member, unit, points, expires_at, lapses_at in conn.execute(SQL["lots_of"], parameters).fetchall():
        ends = [at for at in (expires_at, lapses_at) if at is not None]
        if ends and min(ends) > now:
            out[member].append(Ending(unit, localtime.business_date(min(ends) - BEFORE, zone), points))
    return out
