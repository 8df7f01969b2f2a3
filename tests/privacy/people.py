"""A member of whom the house knows all that it can know, and strings that must be nowhere once they are erased."""

from dataclasses import dataclass
from datetime import date, timedelta

import psycopg

from tests.builders import NOW
from tests.corrections.desk import Desk
from verno.intake import context, service
from verno.intake.types import Line, MemberRef, Receipt
from verno.ledger.types import Earn
from verno.members import service as members
from verno.members.consent import saying
from verno.members.consent.saying import NewRecord
from verno.members.identity import lookup_hash
from verno.members.types import Action, Channel, Created, NewBadge, NewMember, Topic
from verno.messaging import service as messaging
from verno.messaging.types import Draft

NAME, CODE = "Zinaida Plantova", "zp-external-77"
PHONE, EMAIL, CARD = "+79167770077", "zinaida.plantova@example.com", "ZPCARD0077"
PLANTED = ("Plantova", CODE, "Zinaida", "plum-coloured", "scan-plantova", "203.0.113.0",
           "PlantBrowser", "left-plantova", "figs-for-plantova", "1977-07-07")  # fmt: skip
"""What is written somewhere in clear."""
SEALED = ("9167770077", "zinaida.plantova@", "ZPCARD")
"""What is sealed from the beginning."""


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
    draft = Draft(id_, "news", "notice", "en", {"dish": "figs-for-plantova"}, "test/1")
    messaging.plan(conn, program.id, [draft], now=NOW)
    kinds = (("phone", PHONE), ("email", EMAIL), ("card", CARD))
    return Person(id_, tuple(lookup_hash(program.id, kind, value.lower() if kind == "email" else value)
                             for kind, value in kinds))  # fmt: skip


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
