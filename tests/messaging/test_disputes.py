""" "This was not me": from the link of a notice to the answer, and what looking, guessing and repeating do not do."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.test import Client, override_settings

from tests.builders import Shop
from tests.messaging.news import NOW, send
from tests.messaging.people import add_members
from tests.messaging.postman import Postman
from tests.messaging.test_notices import letters, tell
from verno.intake import context
from verno.intake import service as intake
from verno.intake.types import Line, MemberRef, Receipt, Settled
from verno.kit import db
from verno.kit.clock import clock
from verno.messaging.disputes import links, queries, service
from verno.messaging.disputes.types import Decided, Dispute, Filter, Refusal, State
from verno.workspace import settings
from verno.workspace.audit import Actor, ActorKind

VERA = Actor(ActorKind.STAFF, "01a00000-0000-7000-8000-000000000001")


@pytest.fixture
def anna(shop: Shop) -> Iterator[str]:
    """A member who bought something that was told."""
    with db.transaction() as conn:
        settings.write(conn, shop.program.id, "messages.points_notices", True, now=NOW)
        [one] = add_members(conn, shop, 1, agree=False)
    before, clock.read = clock.read, lambda: NOW
    with override_settings(ROOT_URLCONF="verno.messaging.urls"):
        yield one
    clock.read = before


def sell(shop: Shop, number: str, cashier: str | None = "c-7") -> None:
    with db.transaction(shop.program.id) as conn:
        lines = [Line("tea", "1", 45_000)]
        receipt = Receipt(number, "msk-1", NOW, lines, till="3", cashier=cashier, member=MemberRef(external_id="m-0"))
        [outcome] = intake.settle(conn, context.of(conn, shop.program.id), [receipt], now=NOW).outcomes
        assert isinstance(outcome, Settled), outcome


def link(postman: Postman, which: int = 0) -> str:
    """Return the path of a notice's link, as it stands in the letter."""
    found = re.search(r"https?://[^/]+(/d/\S+)", letters(postman)[which][1])
    assert found is not None
    return found[1]


def notice(shop: Shop, postman: Postman, number: str = "A-1") -> str:
    sell(shop, number)
    tell()
    send(postman)
    return link(postman, len(postman.stored) - 1)


def listed(shop: Shop, **wanted: str) -> list[Dispute]:
    with db.transaction(shop.program.id) as conn:
        return queries.page(conn, shop.program.id, Filter(**wanted))  # type: ignore[arg-type]


def events(shop: Shop) -> list[dict[str, object]]:
    with db.transaction(shop.program.id) as conn:
        rows = conn.execute("SELECT body FROM kit_event WHERE type = 'dispute.opened.v1'").fetchall()
    return [body for (body,) in rows]


def decide(shop: Shop, state: State, words: str = "") -> object:
    [found] = listed(shop)
    with db.transaction(shop.program.id) as conn:
        return service.decide(conn, shop.program, found, state, words, by=VERA, now=NOW)


def test_a_dispute_names_receipt_place_till_and_cashier(shop: Shop, anna: str, postman: Postman) -> None:
    path = notice(shop, postman)
    answer = Client(enforce_csrf_checks=True).post(path, {"words": "I was abroad"})
    assert answer.status_code == 200
    assert not answer.cookies
    [found] = listed(shop)
    assert (found.holder_id, found.number, found.place, found.till, found.cashier) == (anna, "A-1", "msk-1", "3", "c-7")
    assert found.state is State.OPEN
    assert found.deadline == NOW + timedelta(days=5)
    [told] = events(shop)
    assert (told["number"], told["place"], told["till"], told["cashier"]) == ("A-1", "msk-1", "3", "c-7")
    with db.transaction(shop.program.id) as conn:
        assert queries.said(conn, found) == ("I was abroad", "")
        acts = conn.execute("SELECT action FROM workspace_audit WHERE object_kind = 'dispute'").fetchall()
    assert acts == [("dispute.open",)]


def test_looking_changes_nothing(shop: Shop, anna: str, postman: Postman) -> None:
    path = notice(shop, postman)
    page = Client().get(path).content.decode()
    assert "+450 points" in page
    assert "A-1" in page
    assert Client().head(path).status_code == 200
    assert listed(shop) == []


def test_an_occasion_has_one_dispute_however_often_the_button_is_pressed(
    shop: Shop, anna: str, postman: Postman
) -> None:
    path = notice(shop, postman)
    pages = [Client().post(path).content.decode() for _ in range(3)]
    assert "looking into it already" in pages[-1]
    assert len(listed(shop)) == len(events(shop)) == 1
    other = notice(shop, postman, "A-2")
    Client().post(other)
    assert sorted(str(one.number) for one in listed(shop)) == ["A-1", "A-2"]


def test_no_other_text_opens_anything(shop: Shop, anna: str, postman: Postman) -> None:
    token = notice(shop, postman).removeprefix("/d/")
    spoilt = [token[:n] + ("A" if token[n] != "A" else "B") + token[n + 1 :] for n in range(len(token))]
    spoilt.append(token[:-1] + chr(ord(token[-1]) + 1))  # the same bytes, said in another way
    for text in (*spoilt, token[:-1], f"{token}A", "я" * links.TOKEN, "x"):
        assert Client().post(f"/d/{text}").status_code == 404, text
    unknown = links.token(anna)
    assert Client().post(f"/d/{unknown}").status_code == 404
    assert listed(shop) == []


def test_a_form_that_cannot_be_read_still_means_not_me(shop: Shop, anna: str, postman: Postman) -> None:
    path = notice(shop, postman)
    answer = Client().generic("POST", path, b"\xff--nonsense", content_type="multipart/form-data; boundary=x")
    assert answer.status_code == 200
    assert len(listed(shop)) == 1


def test_whoever_is_right_is_told_and_whoever_is_not_hears_why(shop: Shop, anna: str, postman: Postman) -> None:
    Client().post(notice(shop, postman))
    assert decide(shop, State.REJECTED) is Refusal.NO_WORDS
    assert isinstance(decide(shop, State.REJECTED, "Your daughter has your card."), Decided)
    send(postman)
    subject, text = letters(postman)[-1]
    assert subject == "We have looked: it seems to be right · Shop"
    assert "Your daughter has your card." in text
    assert "receipt A-1, msk-1" in text
    assert decide(shop, State.UPHELD) is Refusal.DECIDED, "once"
    with db.transaction(shop.program.id) as conn:
        kept = conn.execute("SELECT context::text FROM messaging_message WHERE template = 'dispute-answer'").fetchone()
    assert kept is not None
    assert "daughter" not in kept[0], "words are sealed, not kept with the message"


def test_what_was_upheld_is_told_without_words_too(shop: Shop, anna: str, postman: Postman) -> None:
    path = notice(shop, postman)
    Client().post(path)
    [found] = listed(shop)
    with db.transaction(shop.program.id) as conn:
        service.look(conn, shop.program.id, found, by=VERA, now=NOW)
    assert listed(shop, state="looking")
    decide(shop, State.UPHELD)
    send(postman)
    assert letters(postman)[-1][0] == "You were right: it was not you · Shop"
    assert "You were right" in Client().get(path).content.decode()


def test_cashiers_are_counted(shop: Shop, anna: str, postman: Postman) -> None:
    for number in ("A-1", "A-2"):
        Client().post(notice(shop, postman, number))
    with db.transaction(shop.program.id) as conn:
        [row] = queries.by_cashier(conn, shop.program.id, now=NOW)
        assert (row.place, row.cashier, row.disputes, row.waiting) == ("msk-1", "c-7", 2, 2)
        assert queries.waiting(conn, shop.program.id, now=NOW) == (2, 0)
        assert queries.waiting(conn, shop.program.id, now=datetime(2026, 12, 1, tzinfo=UTC)) == (2, 2)
        assert queries.waiting(conn, shop.program.id, now=NOW, places=["spb-1"]) == (0, 0)
    assert listed(shop, cashier="c-8") == []
    assert len(listed(shop, cashier="c-7", place="msk-1", state="waiting")) == 2


def test_the_members_words_go_with_the_members_key(shop: Shop, anna: str, postman: Postman) -> None:
    Client().post(notice(shop, postman), {"words": "my neighbour"})
    [found] = listed(shop)
    with db.transaction(shop.program.id) as conn:
        conn.execute("DELETE FROM members_key WHERE holder_id = %s", (anna,))
        assert queries.said(conn, found) == ("", "")


def test_the_link_of_somebody_who_was_erased_leads_nowhere(shop: Shop, anna: str, postman: Postman) -> None:
    path = notice(shop, postman)
    with psycopg.connect(db.owner_url()) as owner:  # as an erasure does
        owner.execute("UPDATE messaging_message SET context = '{}' WHERE holder_id = %s", (anna,))
    assert [Client().get(path).status_code, Client().post(path).status_code] == [404, 404]
    assert listed(shop) == []
