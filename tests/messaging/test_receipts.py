"""What providers tell later: every order of words, words that come too early, dead addresses, complaints."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import permutations

import psycopg
import pytest

from tests.builders import Shop
from tests.messaging.news import NEWS, NOW, SERVICE, plan, readers, send, stories
from tests.messaging.postman import Postman
from tests.messaging.test_planning import draft
from verno.kit import db
from verno.members import service as members
from verno.members.types import NewMember, Updated
from verno.members.words import heard
from verno.messaging import service
from verno.messaging.answers import hearing, receipts
from verno.messaging.channels.port import Fate, Heard, Receipt
from verno.messaging.types import NewSuppression, Planned, Withheld

LATER = NOW + timedelta(minutes=1)


def told(reference: str | None, *fates: Fate, gone: bool = False) -> list[Receipt]:
    assert reference is not None
    return [Receipt("email", reference, fate, LATER, f"250 {fate}", gone) for fate in fates]


def sent(shop: Shop, postman: Postman) -> tuple[str, str]:
    """Send a letter; returns who has it, and its reference."""
    [anna] = readers(shop, 1)
    [planned] = plan(shop, draft(anna, "a", topic=NEWS))
    send(postman)
    assert isinstance(planned, Planned)
    return anna, planned.message_id


@pytest.mark.parametrize(
    ("fates", "state"),
    [
        ([Fate.DELIVERED], "delivered"),
        ([Fate.DELIVERED, Fate.READ], "opened"),
        ([Fate.BOUNCED], "bounced"),
        ([Fate.DELIVERED, Fate.BOUNCED], "bounced"),
        ([Fate.READ, Fate.COMPLAINED], "complained"),
    ],
)
def test_words_end_alike_in_whatever_order_they_come(
    shop: Shop, postman: Postman, fates: Sequence[Fate], state: str
) -> None:
    anna, reference = sent(shop, postman)
    words = told(reference, *fates)
    hearing.hear([*words, *words], [])
    assert stories(anna)[0].state == state
    for order in permutations(words):
        for word in order:
            hearing.hear([word], [])
        assert stories(anna)[0].state == state, "an older word replaces no newer one"


def test_a_receipt_that_comes_before_the_messages_end_is_kept(shop: Shop, postman: Postman) -> None:
    words = told("0192f3a4-0000-7000-8000-000000000001", Fate.DELIVERED)
    hearing.hear(words, [])
    anna, _ = sent(shop, postman)
    with db.across_programs() as conn:
        conn.execute("UPDATE messaging_message SET reference = %s", (words[0].reference,))
    assert receipts.retry_early(now=LATER) == 1
    assert stories(anna)[0].state == "delivered"
    assert receipts.retry_early(now=LATER) == 0, "it is not tried twice"


@pytest.mark.parametrize("bad", ["\x00", "\udcd0", "\x1b[31m"])
def test_no_word_of_others_stops_the_ear(shop: Shop, postman: Postman, bad: str) -> None:
    anna, reference = sent(shop, postman)
    odd = [
        Receipt("email", reference, Fate.DELIVERED, LATER, f"250 yes{bad}"),
        Receipt("sms", f"7{bad}7", Fate.DELIVERED, LATER, bad),
    ]
    words = [Heard("email", "member-0@example.com", f"why?{bad}", LATER), Heard("sms", f"+7{bad}", bad, LATER)]
    hearing.hear(odd, words)
    [one] = stories(anna)
    assert one.state == "delivered"
    assert one.response is not None
    assert one.response.startswith("250 yes")
    with db.transaction(shop.program.id) as conn:
        [kept] = heard.heard(conn, shop.program.id)
    assert kept.text.startswith("why?")


def test_what_nobody_knows_is_forgotten_after_a_day(shop: Shop) -> None:
    hearing.hear(told("somebody-else's", Fate.DELIVERED), [])
    for hours in (1, 23, 25, 26):
        receipts.retry_early(now=LATER + timedelta(hours=hours))
    with db.transaction() as conn:
        assert conn.execute("SELECT count(*) FROM messaging_early_receipt").fetchone() == (0,)


def test_an_address_that_takes_nothing_is_written_to_no_more(shop: Shop, postman: Postman) -> None:
    anna, reference = sent(shop, postman)
    hearing.hear(told(reference, Fate.BOUNCED, gone=True), [])
    [result] = plan(shop, draft(anna, "b", topic=NEWS), now=NOW + timedelta(days=2))
    assert isinstance(result, Withheld)
    assert result.reason == "suppressed"
    with db.transaction() as conn:
        found = conn.execute("SELECT reason, source FROM messaging_suppression").fetchall()
    assert found == [("no-such-address", "server")], "no word of a server's, which may hold the address"


def test_what_servers_said_before_is_taken_out_of_what_is_kept(shop: Shop) -> None:
    from verno.wiring.migrate import migrate

    known = [
        ("no-such-address", "550 5.1.1 <anna@example.com>: User unknown", "server"),
        ("no-such-address", "400 the number is not registered", "server"),
        ("no-such-address", "domain", "domain"),
        ("no-such-address", "import", "import"),
        ("blocked", "telegram", "telegram"),
        ("resting", "bounces", "bounces"),
    ]
    with db.transaction(shop.program.id) as conn:
        words = [NewSuppression("email", f"{n:064x}", *row[:2]) for n, row in enumerate(known)]
        service.suppress(conn, shop.program.id, words, now=NOW)
    [anna] = readers(shop, 1)
    plan(shop, draft(anna, "a", topic=SERVICE))
    with db.transaction(shop.program.id) as conn:
        conn.execute("UPDATE messaging_message SET response = '550 <anna@example.com>: not anna@example.com, no'")
    with psycopg.connect(db.owner_url()) as owner:
        owner.execute("DELETE FROM django_migrations WHERE app = 'messaging' AND name = '0018_sources'")
    migrate()
    with db.transaction() as conn:
        found = conn.execute("SELECT source FROM messaging_suppression ORDER BY address_hash").fetchall()
        said = conn.execute("SELECT response FROM messaging_message").fetchall()
    assert [source for (source,) in found] == [after for _, _, after in known]
    assert said == [("550 <…>: not <…> no",)]


def test_an_address_that_came_later_is_not_what_came_back(shop: Shop, postman: Postman) -> None:
    anna, reference = sent(shop, postman)
    with db.transaction() as conn:
        change = NewMember(external_id="m-0", email="new@example.com")
        assert all(isinstance(one, Updated) for one in members.upsert(conn, shop.program, [change], now=LATER))
    hearing.hear(told(reference, Fate.BOUNCED, gone=True), [])
    [one] = stories(anna)
    assert one.state == "bounced"
    [result] = plan(shop, draft(anna, "b", topic=SERVICE), now=NOW + timedelta(days=2))
    assert isinstance(result, Planned)


@pytest.mark.parametrize(("days", "state"), [(0, "delivered"), (6, "delivered"), (8, "accepted")])
def test_a_name_that_a_provider_gave_does_not_last(shop: Shop, postman: Postman, days: int, state: str) -> None:
    anna, _ = sent(shop, postman)
    with db.across_programs() as conn:
        conn.execute("UPDATE messaging_message SET reference = '17'")
    later = [Receipt("email", "17", Fate.DELIVERED, LATER + timedelta(days=days), "")]
    hearing.hear(later, [])
    assert stories(anna)[0].state == state


def test_of_two_messages_with_one_name_the_newer_is_meant_and_nobodys_address_is_dead(
    shop: Shop, postman: Postman
) -> None:
    anna, boris = readers(shop, 2)
    for who, hours in ((anna, 0), (boris, 1)):
        plan(shop, draft(who, "a", topic=NEWS), now=NOW + timedelta(hours=hours))
        send(postman, now=NOW + timedelta(hours=hours))
    with db.across_programs() as conn:
        conn.execute("UPDATE messaging_message SET reference = '17'")
    hearing.hear([Receipt("email", "17", Fate.BOUNCED, NOW + timedelta(hours=2), "", gone=True)], [])
    assert [stories(who)[0].state for who in (anna, boris)] == ["accepted", "bounced"]
    results = plan(shop, *[draft(who, "b", topic=SERVICE) for who in (anna, boris)], now=NOW + timedelta(days=2))
    assert all(isinstance(one, Planned) for one in results)


def test_what_nobody_knows_does_not_stand_before_the_rest(
    shop: Shop, postman: Postman, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receipts, "EARLY_LIMIT", 3)
    hearing.hear([Receipt("sms", str(n), Fate.DELIVERED, LATER - timedelta(hours=1), "") for n in range(5)], [])
    ours = "0192f3a4-0000-7000-8000-000000000001"
    hearing.hear(told(ours, Fate.DELIVERED), [])
    anna, _ = sent(shop, postman)
    with db.across_programs() as conn:
        conn.execute("UPDATE messaging_message SET reference = %s", (ours,))
    assert [receipts.retry_early(now=LATER) for _ in range(3)].count(1) == 1
    assert stories(anna)[0].state == "delivered"


def test_who_complains_gets_no_more_advertising_but_their_statement(shop: Shop, postman: Postman) -> None:
    anna, reference = sent(shop, postman)
    hearing.hear(told(reference, Fate.COMPLAINED), [])
    news, statement = plan(shop, draft(anna, "b", topic=NEWS), draft(anna, "statement"), now=NOW + timedelta(days=2))
    assert isinstance(news, Withheld)
    assert news.reason == "withdrawn"
    assert isinstance(statement, Planned)


def test_what_was_uncertain_is_so_no_longer(shop: Shop, postman: Postman) -> None:
    anna, reference = sent(shop, postman)
    with db.across_programs() as conn:
        conn.execute("UPDATE messaging_message SET state = 'uncertain', reason = 'connection-lost'")
    hearing.hear(told(reference, Fate.DELIVERED), [])
    [one] = stories(anna)
    assert (one.state, one.reason) == ("delivered", None)


def test_stop_is_obeyed_on_its_channel_and_the_service_goes_on(shop: Shop, postman: Postman) -> None:
    [anna] = readers(shop, 1)
    hearing.hear([], [Heard("email", "member-0@example.com", "СТОП!", LATER)])
    news, order = plan(shop, draft(anna, "b", topic=NEWS), draft(anna, "c", topic=SERVICE), now=NOW + timedelta(days=2))
    assert isinstance(news, Withheld)
    assert news.reason == "withdrawn"
    assert isinstance(order, Planned)


def test_other_words_end_nothing(shop: Shop) -> None:
    [anna] = readers(shop, 1)
    hearing.hear([], [Heard("email", "member-0@example.com", "don't stop, I like it", LATER)])
    [news] = plan(shop, draft(anna, "b", topic=NEWS), now=NOW + timedelta(days=2))
    assert isinstance(news, Planned)
