"""What a program has that conditions on its members may name, gathered from the packages that have it."""

from collections.abc import Mapping
from datetime import datetime

from verno.kit import localtime
from verno.kit.db import Connection
from verno.kit.money import currency_digits
from verno.members import queries as members
from verno.members.attributes import registry
from verno.members.attributes.types import Attribute as Declared
from verno.members.districts import locating
from verno.members.districts import registry as districts
from verno.progress import engine
from verno.progress import queries as progress
from verno.progress.engine import Board
from verno.progress.types import Whose
from verno.rules.fields import Known as KnownToRules
from verno.segments import fields
from verno.segments.types import Attribute, Counting, Fields, Known, Points
from verno.workspace import queries as workspace


def known(conn: Connection, program_id: str, *, now: datetime, language: str = "en") -> Known:
    """Return what conditions may name, attributes in a language; six round trips, whatever the program's size.

    Attributes of special categories may not be named, wherever a condition stands.
    """
    program = workspace.program(conn, program_id)
    zone = localtime.zone(program.timezone)
    stores = workspace.stores(conn, program_id)
    stored = progress.tracks(conn, program_id)
    today = localtime.business_date(now, zone)
    holding = Board(zone, stored=tuple(engine.living(stored, today))).holding(today)
    return Known(
        KnownToRules(
            digits=currency_digits(program.currency),
            places={store.code: store.name for store in stores},
            tracks=progress.all_known(stored, currency=program.currency),
        ),
        zone,
        _attributes(registry.attributes(conn, program_id), language),
        {unit.code: Points(unit.id, unit.scale) for unit in workspace.units(conn, program_id)},
        {
            one.track.code: Counting(
                one.id,
                None if one.track.audience is None else one.track.audience.value,
                engine.whose(one.track) is Whose.GROUP,
            )
            for one in holding
        },
        {one.code: districts.name(one, language) for one in locating.districts(conn, program_id)},
    )


def _attributes(declared: Mapping[str, Declared], language: str) -> dict[str, Attribute]:
    return {
        name: Attribute(
            members.FIELD_KINDS[one.kind],
            registry.label(declared, name, language),
            {choice.code: registry.said(declared, name, choice.code, language) for choice in one.choices}
            if one.choices
            else None,
        )
        for name, one in declared.items()
        if not one.sensitive
    }


def of(conn: Connection, program_id: str, *, now: datetime, language: str = "en") -> Fields:
    """Return the fields of a program's members, for whoever asks several conditions in a row."""
    found = known(conn, program_id, now=now, language=language)
    return Fields(program_id, fields.registry(found), found.zone)
