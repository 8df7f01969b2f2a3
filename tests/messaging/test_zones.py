"""Where a reader lives: what they or their number say, their home store, the last store, else the whole country."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from tests.builders import Shop
from tests.messaging.news import NEWS, NOW
from tests.messaging.people import add_members, make_program
from tests.messaging.test_notices import sell
from verno.kit import db
from verno.members import service as members
from verno.members.types import NewMember, Topic
from verno.messaging import facts
from verno.messaging.law.packs import Window
from verno.workspace import service as workspace
from verno.workspace import settings
from verno.workspace.settings import NotSet
from verno.workspace.types import NewStore

VLADIVOSTOK, SAMARA = ZoneInfo("Asia/Vladivostok"), ZoneInfo("Europe/Samara")


@pytest.fixture
def east(database: str) -> Shop:
    """A shop in Vladivostok that sends advertising in Russia, with its eleven zones."""
    with db.transaction() as conn:
        shop = make_program(conn, timezone="Asia/Vladivostok")
        members.ensure_topics(conn, shop.program.id, [Topic(NEWS, "marketing")])
        settings.write(conn, shop.program.id, "messages.country", "RU", now=NOW)
        add_members(conn, shop, 2)
    return shop


def zones(shop: Shop, *, topic: str = NEWS, channel: str = "sms") -> list[tuple[ZoneInfo, ...]]:
    with db.transaction(shop.program.id) as conn:
        house = facts.house(conn, shop.program.id, now=NOW)
        holders = [
            one for (one,) in conn.execute("SELECT id::text FROM members_member ORDER BY external_id").fetchall()
        ]
        where = house.asks_where(topic, channel)
        reach = facts.load(conn, shop.program.id, channel, holders, where=where)
    return [reach.member_facts(one, house.zones).zones for one in holders]


def test_who_bought_lives_where_they_bought_last(east: Shop) -> None:
    sell(east, "A-1", 10_000)
    bought, never = zones(east)
    assert bought == (VLADIVOSTOK,)
    assert len(never) == 11


def test_what_a_member_says_goes_before(east: Shop) -> None:
    sell(east, "A-1", 10_000)
    with db.transaction() as conn:
        members.upsert(conn, east.program, [NewMember("m-0", attributes={"timezone": "Europe/Samara"})], now=NOW)
    assert zones(east)[0] == (SAMARA,)


@pytest.mark.parametrize(
    ("phone", "count"),
    [("+73832123456", 1), ("+79161234567", 11), ("+12125550123", 1)],
    ids=["a line in Novosibirsk", "a mobile", "New York"],
)
def test_a_number_may_tell_where_it_is(east: Shop, phone: str, count: int) -> None:
    with db.transaction() as conn:
        members.upsert(conn, east.program, [NewMember("m-0", phone=phone)], now=NOW)
    assert len(zones(east)[0]) == count
    assert len(zones(east, channel="telegram")[0]) == 11, "a chat has no number"


def test_a_home_store_goes_before_the_last_one(east: Shop) -> None:
    sell(east, "A-1", 10_000)
    with db.transaction() as conn:
        workspace.add_stores(conn, east.program.id, [NewStore("smr-1", "Samara", timezone="Europe/Samara")], now=NOW)
        at_home = [NewMember("m-0", home_place="smr-1"), NewMember("m-1", home_place="smr-1")]
        members.upsert(conn, east.program, at_home, now=NOW)
    assert zones(east) == [(SAMARA,), (SAMARA,)]
    with db.transaction() as conn:
        said = [NewMember("m-1", attributes={"timezone": "Asia/Vladivostok"})]
        members.upsert(conn, east.program, said, now=NOW)
    assert zones(east) == [(SAMARA,), (VLADIVOSTOK,)]


def test_nobody_asks_where_it_does_not_matter(east: Shop) -> None:
    sell(east, "A-1", 10_000)
    assert len(zones(east, topic="points-statement", channel="email")[0]) == 11


def test_the_clock_is_the_stores(east: Shop) -> None:
    """At 11:00 UTC it is evening in Vladivostok, and nobody who shops there gets a text."""
    from tests.messaging.test_planning import draft
    from verno.members.consent.state import LINK
    from verno.members.types import ConsentFact
    from verno.messaging import queries, service
    from verno.messaging.types import Planned

    sell(east, "A-1", 10_000)
    evening = datetime(2026, 11, 3, 11, 0, tzinfo=UTC)
    with db.transaction(east.program.id) as conn:
        row = conn.execute("SELECT id::text FROM members_member WHERE external_id = 'm-0'").fetchone()
        assert row is not None
        members.upsert(conn, east.program, [NewMember("m-0", phone="+79161234567")], now=NOW)
        conn.execute("UPDATE members_identity SET verified_at = %s", (NOW,))
        fact = ConsentFact(row[0], NEWS, "sms", True, NOW, LINK, text_version="1")
        members.record_consents(conn, east.program.id, [fact], now=NOW)
        from msgspec import structs

        wanted = structs.replace(draft(row[0]), topic=NEWS, channel="sms")
        [planned] = service.plan(conn, east.program.id, [wanted], now=evening)
        assert isinstance(planned, Planned), planned
        told = queries.message(conn, row[0], planned.message_id)
    assert told is not None
    assert told.due_at.astimezone(VLADIVOSTOK).hour == 9


def test_a_program_chooses_hours_for_its_advertising_alone(east: Shop) -> None:
    """The setting is read with the house, once for a batch; what a program owes its members keeps the country's."""
    with db.transaction(east.program.id) as conn:
        settings.write(conn, east.program.id, "messages.ad_text_hours", "10:00-18:00", now=NOW)
        wrong = settings.write(conn, east.program.id, "messages.ad_text_hours", "18:00-10:00", now=NOW)
        house = facts.house(conn, east.program.id, now=NOW)
    assert isinstance(wrong, NotSet)
    chosen, owed = [house.outgoing(one, "sms", NOW, id_="0" * 8).rules for one in (NEWS, "points-statement")]
    assert chosen.window("sms") == Window(time(10), time(18), is_own=True, law=owed.window("sms"))
    assert owed.window("sms") == Window(time(9), time(20))
