"""A topic for those who are old enough: nobody else is written to, whatever they agreed to."""

from datetime import UTC, date, datetime

import msgspec
import psycopg
import pytest

from tests.builders import Shop
from tests.messaging.people import make_program
from tests.messaging.postman import Postman
from verno.kit import db
from verno.members import queries, service
from verno.members.consent import topics
from verno.members.consent.topics import NotKept
from verno.members.types import Channel, Created, NewConsent, NewMember, Topic
from verno.messaging import queries as messages
from verno.messaging.channels.email import smtp
from verno.messaging.channels.email.channel import Email
from verno.messaging.sender import send_due
from verno.messaging.service import plan
from verno.messaging.types import Draft, Planned, Reason, Record, State, Withheld
from verno.workspace.audit import SYSTEM

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
BORN = {"old": date(1980, 5, 5), "just": date(2008, 11, 1), "young": date(2008, 11, 2), "silent": None}
WINE = Topic("wine", "program", {"en": "Wine club"}, min_age=18)


@pytest.fixture
def shop(conn: psycopg.Connection) -> Shop:
    made = make_program(conn)
    assert topics.put(conn, made.program.id, WINE, now=NOW, by=SYSTEM) == WINE
    return made


def member(conn: psycopg.Connection, shop: Shop, name: str, born: date | None) -> str:
    said = [NewConsent("wine", Channel.EMAIL, granted=True)]
    wanted = NewMember(name, email=f"{name}@example.com", birth_date=born, consents=said)
    (stored,) = service.upsert(conn, shop.program, [wanted], now=NOW)
    assert isinstance(stored, Created)
    return stored.member_id


def letter(holder: str) -> Draft:
    unit = {"code": "points", "scale": 0, "expiring": []} | dict.fromkeys(
        ("opening", "earlier", "earned", "spent", "expired", "closing"), 0
    )
    context: dict[str, object] = {"month": "2026-10-01", "horizon": "2026-11-30", "units": [unit]}
    return Draft(holder, "wine", "statement", "en", context, "wine/1")


def test_only_who_is_known_to_be_old_enough_is_written_to(conn: psycopg.Connection, shop: Shop) -> None:
    holders = [member(conn, shop, name, born) for name, born in BORN.items()]
    results = plan(conn, shop.program.id, [letter(holder) for holder in holders], now=NOW)
    told = [one.reason if isinstance(one, Withheld) else type(one) for one in results]
    assert told == [Planned, Planned, Reason.UNDER_AGE, Reason.UNDER_AGE]
    found = messages.message(conn, holders[2], results[2].message_id)  # type: ignore[union-attr]
    assert found is not None
    checks = {check.name: check for check in msgspec.convert(found.decisions[0], Record).trace}
    assert (checks["age"].verdict, checks["age"].seen) == ("deny", "18 younger")


def test_it_is_asked_again_when_the_message_leaves(database: str) -> None:
    """The birth date was a slip of somebody's pen, mended while the letter waited."""
    with db.transaction() as conn:
        shop = make_program(conn)
        topics.put(conn, shop.program.id, WINE, now=NOW, by=SYSTEM)
        holders = [member(conn, shop, name, BORN["old"]) for name in ("old", "mended")]
        plan(conn, shop.program.id, [letter(holder) for holder in holders], now=NOW)
        service.upsert(conn, shop.program, [NewMember("mended", birth_date=BORN["young"])], now=NOW)
    with Postman() as postman:
        carrier = Email(smtp.Settings("127.0.0.1", postman.port, connections=1))
        send_due(carrier, lambda: NOW, worker_name="test")
        assert [recipient for recipient, _ in postman.stored] == ["old@example.com"]
    with db.transaction() as conn:
        (found,) = messages.of_member(conn, holders[1])
    assert (found.state, found.reason) == (State.WITHHELD, Reason.UNDER_AGE)


@pytest.mark.parametrize(
    ("topic", "field"),
    [
        (Topic("codes", "security", min_age=18), "min_age"),
        (Topic("receipts", "transactional", min_age=18), "min_age"),
        (Topic("wine", "program", min_age=0), "min_age"),
        (Topic("wine", "program", min_age=100), "min_age"),
    ],
)
def test_an_age_that_no_topic_asks_for(conn: psycopg.Connection, shop: Shop, topic: Topic, field: str) -> None:
    done = topics.put(conn, shop.program.id, topic, now=NOW, by=SYSTEM)
    assert isinstance(done, NotKept)
    assert done.field == field
    assert [one.min_age for one in queries.topics(conn, shop.program.id) if one.code == "wine"] == [18]
