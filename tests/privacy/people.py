"""A member of whom the house knows all that it can know, and strings that must be nowhere once they are erased."""

import json
from dataclasses import dataclass
from datetime import date, timedelta

import psycopg

from tests.builders import NOW
from tests.corrections.desk import Desk
from verno.intake import context, service
from verno.intake.types import Line, MemberRef, Receipt
from verno.kit.ids import new_id
from verno.ledger.types import Earn
from verno.members import service as members
from verno.members.attributes import registry
from verno.members.attributes.types import Attribute
from verno.members.companies import contacts
from verno.members.companies.types import ContactRole, Kept, NewContact, Wanted
from verno.members.consent import saying
from verno.members.consent.saying import NewRecord
from verno.members.devices import service as devices
from verno.members.devices.types import DeviceKind, NewDevice
from verno.members.districts import registry as areas
from verno.members.districts.types import District, DistrictKind
from verno.members.households import service as households
from verno.members.households.types import Joined
from verno.members.identity import lookup_hash
from verno.members.types import (
    Action,
    AttributeKind,
    Channel,
    Created,
    Location,
    LocationKind,
    MemberKind,
    NewBadge,
    NewMember,
    Topic,
)
from verno.members.words import heard, notes
from verno.members.words.heard import NewWord
from verno.members.words.notes import Note
from verno.messaging import service as messaging
from verno.messaging.disputes.queries import ANSWER, MEMBERS_WORDS
from verno.messaging.types import Draft
from verno.workspace.audit import SYSTEM

NAME, CODE = "Zinaida Plantova", "zp-external-77"
PHONE, EMAIL, CARD = "+79167770077", "zinaida.plantova@example.com", "ZPCARD0077"
PLANTED = ("Plantova", CODE, "Zinaida", "plum-coloured", "scan-plantova", "203.0.113.0",
           "PlantBrowser", "left-plantova", "figs-for-plantova", "1977-07-07",
           "peanuts-of-zp", "zp-letter.example")  # fmt: skip
"""What is written somewhere in clear."""
CHAT, HEARD, DISPUTED = "770077007700", "call-me-zinochka", "it-was-my-sister"
SEALED = ("9167770077", "zinaida.plantova@", "ZPCARD", CHAT, HEARD, DISPUTED, "Plant-Street")
"""What is sealed from the beginning."""
SHOW = "01890a5d-ac96-7bbb-8bbb-0000000000b1"
"""A broadcast that chose the member."""


@dataclass(frozen=True)
class Person:
    """The member and the keyed hashes that they are found by."""

    id: str
    hashes: tuple[str, ...]


def plant(desk: Desk) -> Person:
    """Make the member with a row in every table that the house fills for one."""
    conn, program = desk.conn, desk.shop.program
    members.ensure_topics(conn, program.id, [Topic("news", "marketing", double_opt_in=False)])
    id_ = join(
        desk,
        CODE,
        name=NAME,
        phone=PHONE,
        email=EMAIL,
        card=CARD,
        birth_date=date(1977, 7, 7),
        attributes={"colour": "plum-coloured"},
    )
    records = [
        NewRecord(
            Action.GRANT, "form", topic="news", channel=Channel.EMAIL, text_version="1", ip="203.0.113.9",
            agent="PlantBrowser/1.0", evidence_ref="scan-plantova", at=NOW - timedelta(days=2),
        ),
        NewRecord(
            Action.WITHDRAW, "page", topic="news", channel=Channel.SMS, reason="left-plantova",
            at=NOW - timedelta(days=1),
        ),
    ]  # fmt: skip
    saying.say(conn, program, id_, records, actor="member", now=NOW)
    members.give_badges(conn, program.id, [NewBadge(id_, "gold", None, "test")], now=NOW)
    desk.post(id_, Earn(id_, desk.shop.unit.id, 30, NOW))
    desk.hold(id_, 10)
    about = context.of(conn, program.id)
    sales = [
        Receipt("S-1", "msk-1", NOW, [Line("sku-1", "1", 45000)], member=MemberRef(external_id=CODE)),
        Receipt("S-2", "msk-1", NOW, [Line("sku-1", "1", 45000)]),
    ]
    about.learn(service.settle(conn, about, sales, now=NOW).learned)
    rooms(desk, id_)
    draft = Draft(id_, "news", "notice", "en", {"dish": "figs-for-plantova"}, f"broadcast/{SHOW}")
    messaging.plan(conn, program.id, [draft], now=NOW)
    kinds = (("phone", PHONE), ("email", EMAIL), ("card", CARD))
    return Person(id_, tuple(lookup_hash(program.id, kind, value.lower() if kind == "email" else value)
                             for kind, value in kinds))  # fmt: skip


def rooms(desk: Desk, id_: str) -> None:
    """Put the member into every room that came later: whereabouts, devices, words, a household, letters, a company."""
    conn, program = desk.conn, desk.shop.program
    wanted = Attribute("allergy", AttributeKind.TEXT, {"en": "Allergy"}, sensitive=True)
    assert isinstance(registry.put(conn, program.id, wanted, now=NOW, by=SYSTEM), Attribute)
    area = District("zp-district", DistrictKind.LIST, {"en": "A district"}, entries=("277777",))
    assert isinstance(areas.put(conn, program.id, area, now=NOW, by=SYSTEM), District)
    place = Location(LocationKind.WORK, lat=55.7712, lon=37.6177, postcode="277777", street="Plant-Street 77")
    known = NewMember(CODE, attributes={"allergy": "peanuts-of-zp"}, home_place="msk-1", location=place)
    members.upsert(conn, program, [known], now=NOW)
    devices.add(conn, program.id, [NewDevice(id_, DeviceKind.TELEGRAM, CHAT)], now=NOW)
    heard.keep(conn, program.id, [NewWord(id_, "telegram", HEARD, NOW)], now=NOW)
    made = households.open_household(conn, program.id, id_, now=NOW)
    assert isinstance(made, Joined)
    firm = join(desk, "firm", name="Firm Ltd", kind=MemberKind.COMPANY)
    speaks = NewContact(ContactRole.ACCOUNTANT, None, None, None, member=id_)
    (kept,) = contacts.keep(conn, program, [Wanted(firm, speaks)], now=NOW)
    assert isinstance(kept, Kept), kept
    (word, answer) = notes.seal(conn, [Note(id_, MEMBERS_WORDS, DISPUTED), Note(id_, ANSWER, "we looked")])
    likely = min(id_, firm), max(id_, firm)
    letter = new_id(now=NOW)
    listed = json.dumps({"audience": {"kind": "list", "external_ids": [CODE, "firm"]}})
    for statement, asked in (
        ("INSERT INTO members_duplicate (one_id, other_id, program_id, score, reasons, found_at)"
         " VALUES (%s, %s, %s, 9, '[]', %s)", (*likely, program.id, NOW)),
        ("INSERT INTO messaging_click (holder_id, message_id, link, program_id, url, first_at, last_at, times)"
         " VALUES (%s, %s, 1, %s, 'https://zp-letter.example/', %s, %s, 1)", (id_, letter, program.id, NOW, NOW)),
        ("INSERT INTO messaging_opening (holder_id, message_id, program_id, first_at, last_at, times)"
         " VALUES (%s, %s, %s, %s, %s, 1)", (id_, letter, program.id, NOW, NOW)),
        ("INSERT INTO messaging_dispute (id, program_id, holder_id, message_id, occasion, told, moves, state,"
         " opened_at, deadline, words, answer) VALUES (%s, %s, %s, %s, 'o', 'spend', '[]', 'open', %s, %s, %s, %s)",
         (letter, program.id, id_, letter, NOW, NOW, word, answer)),
        ("INSERT INTO messaging_broadcast (id, program_id, name, state, version, wanted, created_at, created_by,"
         " changed_at) VALUES (%s, %s, 'Figs of May', 'draft', 1, %s, %s, 'x', %s)",
         (SHOW, program.id, listed, NOW, NOW)),
        ("INSERT INTO messaging_broadcast_version (broadcast_id, version, program_id, wanted, at, by)"
         " VALUES (%s, 1, %s, %s, %s, 'x')", (SHOW, program.id, listed, NOW)),
        ("INSERT INTO messaging_recipient (broadcast_id, holder_id, program_id, bucket, wave, state, send_at,"
         " changed_at) VALUES (%s, %s, %s, 1, 1, 'waiting', %s, %s)", (SHOW, id_, program.id, NOW, NOW)),
    ):  # fmt: skip
        conn.execute(statement, asked)


def join(desk: Desk, code: str, **given: object) -> str:
    """Make a member."""
    (made,) = members.upsert(desk.conn, desk.shop.program, [NewMember(code, **given)], now=NOW)  # type: ignore[arg-type]
    assert isinstance(made, Created), made
    return made.member_id


def found_anywhere(conn: psycopg.Connection, strings: tuple[str, ...]) -> list[str]:
    """Return in which tables any of some strings is, in clear or as bytes."""
    tables = conn.execute(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        " AND has_table_privilege(oid, 'SELECT') ORDER BY 1"
    ).fetchall()
    out = []
    for (table,) in tables:
        for text in strings:
            as_bytes = text.encode().hex()
            row = conn.execute(
                f'SELECT 1 FROM "{table}" t WHERE t::text ILIKE %s OR t::text ILIKE %s LIMIT 1',
                (f"%{text}%", f"%{as_bytes}%"),
            ).fetchone()
            if row:
                out.append(f"{table}: {text}")
    return out
