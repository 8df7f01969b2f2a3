"""Links and pixels: a click counts, and leads on to a published destination and nowhere else."""

import re
from collections.abc import Iterator

import pytest
from django.test import Client, override_settings

from tests.builders import Shop
from tests.messaging.news import NEWS, NOW, plan, readers, send, stories
from tests.messaging.postman import Postman
from tests.messaging.templates.letters import LEAVE, published, template
from tests.messaging.templates.test_sending import html_of, text_of
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.errors import Unavailable
from verno.messaging.answers import receipts
from verno.messaging.channels.port import Fate, Receipt
from verno.messaging.templates import making
from verno.messaging.templates.types import Compiled
from verno.messaging.tracking import links
from verno.messaging.tracking.links import Followed
from verno.messaging.types import Draft, MessageClass, Planned, State

SHOP, SALE = "https://shop.example.com/?a=1&b=%20x", "https://shop.example.com/sale"
WORDS = f'<a href="https://shop.example.com/?a=1&amp;b=%20x">Shop</a> <a href="{SALE}">Sale</a> {LEAVE}'


@pytest.fixture
def door(shop: Shop) -> Iterator[Client]:
    before, clock.read = clock.read, lambda: NOW
    with override_settings(ROOT_URLCONF="verno.messaging.urls"):
        yield Client()
    clock.read = before


@pytest.fixture
def sent(shop: Shop, postman: Postman) -> Followed:
    """A message that has arrived."""
    (holder,) = readers(shop, 1)
    reference = published(shop, template(email=WORDS, utm={"source": "verno"}))
    (planned,) = plan(shop, Draft(holder, NEWS, reference, "en", {}, "occasion"))
    assert isinstance(planned, Planned)
    assert send(postman).accepted == 1
    return Followed(shop.program.id, holder, planned.message_id)


def state(one: Followed) -> str:
    (story,) = stories(one.holder_id)
    return story.state


def count(table: str) -> list[tuple[object, ...]]:
    with db.across_programs() as conn:
        return conn.execute(f"SELECT times FROM messaging_{table}").fetchall()


def test_the_letter_holds_links_of_its_own(sent: Followed, postman: Postman) -> None:
    letter = postman.letter("member-0@example.com")
    tracked = re.findall(r'href="http://127.0.0.1:8000/l/([^"]+)"', html_of(letter))
    assert [links.read("link", one) for one in tracked] == [
        Followed(sent.program_id, sent.holder_id, sent.message_id, number) for number in (0, 1)
    ]
    assert re.findall(r"/l/(\S+)", text_of(letter)) == tracked, "the plain text has the same"
    assert "shop.example.com" not in html_of(letter)
    assert "/o/" in html_of(letter)
    assert len(re.findall("/u/", text_of(letter))) == 1, "the ways out lead straight"


def test_a_click_leads_on_and_counts(sent: Followed, door: Client) -> None:
    path = f"/l/{links.token('link', sent)}"
    for _ in range(2):
        answer = door.get(path)
        assert answer.status_code == 302
        assert answer["Location"] == f"{SHOP}&utm_source=verno"
        assert answer["Cache-Control"] == "no-store"
    assert state(sent) == State.CLICKED
    with db.across_programs() as conn:
        row = conn.execute("SELECT holder_id::text, message_id::text, link, url, times FROM messaging_click").fetchone()
    assert row == (sent.holder_id, sent.message_id, 0, f"{SHOP}&utm_source=verno", 2)


def test_looking_is_no_click(sent: Followed, door: Client) -> None:
    path = f"/l/{links.token('link', sent)}"
    assert door.head(path).status_code == 302
    assert door.post(path).status_code == 405
    assert count("click") == []
    assert state(sent) == State.ACCEPTED


def test_no_link_leads_elsewhere(sent: Followed, door: Client, shop: Shop) -> None:
    good = links.token("link", sent)
    other = Followed(sent.program_id, sent.holder_id, sent.message_id, 2)
    stranger = Followed("018f3c00-0000-7000-8000-000000000000", sent.holder_id, sent.message_id)
    bad = [
        links.token("link", other),
        links.token("link", stranger),
        links.token("pixel", sent),
        good[:-1],
        good + "A",
        ("A" if good[0] != "A" else "B") + good[1:],
        good[:-1] + ("A" if good[-1] != "A" else "B"),
        "x",
        "é" * len(good),
    ]
    for token in bad:
        answer = door.get(f"/l/{token}?url=https://evil.example.com/", {"next": "https://evil.example.com/"})
        assert (answer.status_code, answer.get("Location")) == (404, None), token
    assert count("click") == []
    answer = door.get(f"/l/{good}?url=https://evil.example.com/")
    assert answer["Location"] == f"{SHOP}&utm_source=verno"


def test_an_unpublished_version_leads_nowhere(shop: Shop, door: Client) -> None:
    (holder,) = readers(shop, 1)
    (planned,) = plan(shop, Draft(holder, NEWS, "welcome@1", "en", {}, "occasion"))
    assert isinstance(planned, Planned)
    asked = Followed(shop.program.id, holder, planned.message_id)
    assert door.get(f"/l/{links.token('link', asked)}").status_code == 404
    builtin = plan(shop, Draft(holder, NEWS, "statement", "en", {}, "another"))
    assert isinstance(builtin[0], Planned)
    asked = Followed(shop.program.id, holder, builtin[0].message_id)
    assert door.get(f"/l/{links.token('link', asked)}").status_code == 404


def test_a_bad_link_has_a_page_in_the_readers_language(shop: Shop, door: Client) -> None:
    page = door.get("/l/x", headers={"Accept-Language": "ru"})
    assert page.status_code == 404
    assert "Ссылка не работает" in page.content.decode()
    assert "style-src 'nonce-" in page["Content-Security-Policy"]
    assert "This link does not work" in door.get("/o/x.gif").content.decode()


def test_a_pixel_is_a_pixel(sent: Followed, door: Client) -> None:
    path = f"/o/{links.token('pixel', sent)}.gif"
    assert door.head(path).status_code == 200
    assert count("opening") == []
    for _ in range(2):
        answer = door.get(path)
        assert (answer.status_code, answer["Content-Type"]) == (200, "image/gif")
        assert answer.content.startswith(b"GIF89a")
    assert count("opening") == [(2,)]
    assert state(sent) == State.OPENED
    door.get(f"/l/{links.token('link', sent)}")
    door.get(path)
    assert state(sent) == State.CLICKED, "a late picture undoes no click"


def test_a_pixel_of_nobody_counts_nothing(shop: Shop, door: Client) -> None:
    nobody = "018f3c00-0000-7000-8000-000000000000"
    answer = door.get(f"/o/{links.token('pixel', Followed(shop.program.id, nobody, nobody))}.gif")
    assert answer.status_code == 200
    assert count("opening") == []


def test_what_came_back_stays_so(sent: Followed, door: Client) -> None:
    with db.across_programs() as conn:
        receipts.apply(conn, [Receipt("email", sent.message_id, Fate.COMPLAINED, NOW, "spam")], now=NOW)
    door.get(f"/l/{links.token('link', sent)}")
    door.get(f"/o/{links.token('pixel', sent)}.gif")
    assert state(sent) == State.COMPLAINED


def test_security_messages_are_not_tracked() -> None:
    made = making.made(template(email=WORDS, class_name=MessageClass.SECURITY), 1)
    assert isinstance(made, Compiled)
    assert made.links == []
    assert SALE in made.blocks["email"]["en"].html
    assert "_pixel" not in made.blocks["email"]["en"].html


def test_links_have_a_domain_of_their_own(sent: Followed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERNO_LINKS_URL", "https://go.shop.example.com/")
    (url,) = links.urls(sent.program_id, sent.holder_id, sent.message_id, 1)
    assert url.startswith("https://go.shop.example.com/l/")
    assert links.pixel_url(sent.program_id, sent.holder_id, sent.message_id).startswith(
        "https://go.shop.example.com/o/"
    )


def test_while_the_database_is_away(sent: Followed, door: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise Unavailable

    monkeypatch.setattr(db, "retrying", away)
    page = door.get(f"/l/{links.token('link', sent)}")
    assert (page.status_code, page["Retry-After"]) == (503, "30")
    assert door.get(f"/o/{links.token('pixel', sent)}.gif").status_code == 200, "no letter shows a broken picture"
