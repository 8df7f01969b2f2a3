"""Leaving a topic over HTTP: one click acts, looking does not, and mail that is queued obeys."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from django.test import Client, override_settings

from tests.builders import Shop
from tests.messaging.people import add_members, make_program
from tests.messaging.postman import Postman
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.errors import Unavailable
from verno.members import merging, service
from verno.members import queries as members
from verno.members.service import POINTS_STATEMENT
from verno.members.types import ConsentFact
from verno.messaging.channels.email import smtp
from verno.messaging.channels.email.channel import Email
from verno.messaging.leaving import links
from verno.messaging.leaving.links import Subscription
from verno.messaging.sender import SendCounts, send_due
from verno.messaging.statements import plan_statements

NOW = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def shop(database: str) -> Iterator[Shop]:
    with db.transaction() as conn:
        made = make_program(conn)
        add_members(conn, made, 2)
        plan_statements(conn, made.program, 2026, 10, now=NOW)
    before, clock.read = clock.read, lambda: NOW
    with override_settings(ROOT_URLCONF="verno.messaging.urls"):
        yield made
    clock.read = before


def holder(n: int = 0) -> str:
    with db.transaction() as conn:
        row = conn.execute("SELECT id::text FROM members_member WHERE external_id = %s", (f"m-{n}",)).fetchone()
    assert row is not None
    return str(row[0])


def path(shop: Shop, n: int = 0) -> str:
    return f"/u/{links.token(Subscription(shop.program.id, holder(n), POINTS_STATEMENT, 'email'))}"


def words(n: int = 0) -> list[tuple[str, str, str | None]]:
    """What the member said, in order: (action, method, reason)."""
    with db.transaction() as conn:
        return conn.execute(
            "SELECT action, method, reason FROM members_consent WHERE holder_id = %s ORDER BY recorded_at, id",
            (holder(n),),
        ).fetchall()


def strict() -> Client:
    """A client that has no cookie and is checked like a browser."""
    return Client(enforce_csrf_checks=True)


@pytest.mark.parametrize("form", ["application/x-www-form-urlencoded", "multipart/form-data", "rubbish"])
def test_one_click(shop: Shop, form: str) -> None:
    client = strict()
    if form == "multipart/form-data":
        answer = client.post(path(shop), ONE_CLICK)
    elif form == "rubbish":
        answer = client.post(path(shop), b"\xff\x00", content_type="multipart/form-data; boundary=")
    else:
        answer = client.post(path(shop), b"List-Unsubscribe=One-Click", content_type=form)
    assert answer.status_code == 200
    assert not answer.cookies
    assert [word[:2] for word in words()][1:] == [("withdraw", "one-click")]
    assert len(words(1)) == 1, "the other member stays"


def test_looking_changes_nothing(shop: Shop) -> None:
    for method in ("get", "head", "options", "put", "delete"):
        getattr(strict(), method)(path(shop), ONE_CLICK if method == "get" else "")
    assert len(words()) == 1
    page = strict().get(path(shop)).content.decode()
    assert "Stop sending you points statements?" in page
    assert 'method="post"' in page


def test_queued_mail_obeys(shop: Shop) -> None:
    strict().post(path(shop), ONE_CLICK)
    with Postman() as postman:
        chosen = smtp.Settings("127.0.0.1", postman.port, connections=2)
        assert send_due(Email(chosen), lambda: NOW, worker_name="test") == SendCounts(accepted=1, withheld=1)
        assert list(postman.addresses()) == ["member-1@example.com"]


def test_the_letters_own_link_works_after_years(shop: Shop) -> None:
    with Postman() as postman:
        send_due(Email(smtp.Settings("127.0.0.1", postman.port, connections=1)), lambda: NOW, worker_name="test")
        link = postman.letter("member-0@example.com")["List-Unsubscribe"].split(">")[0].lstrip("<")
    clock.read = lambda: NOW + timedelta(days=2000)
    answer = strict().post(link.removeprefix("http://127.0.0.1:8000"), ONE_CLICK)
    assert answer.status_code == 200
    assert words()[-1][0] == "withdraw"


def test_a_second_time_is_fine_and_adds_nothing(shop: Shop) -> None:
    for _ in range(3):
        assert strict().post(path(shop), ONE_CLICK).status_code == 200
    assert len(words()) == 2
    assert "already unsubscribed" in strict().get(path(shop)).content.decode()


def test_a_yes_between_two_clicks_that_comes_later_is_none(shop: Shop) -> None:
    who = holder()
    strict().post(path(shop), ONE_CLICK)
    for hours, said in ((0.9, 2), (24, 3), (24.9, 3)):
        clock.read = lambda hours=hours: NOW + timedelta(hours=hours)  # type: ignore[misc]
        strict().post(path(shop), ONE_CLICK)
        assert len(words()) == said, "whoever holds the link does not fill the history"
    with db.transaction() as conn:
        paper = ConsentFact(who, POINTS_STATEMENT, "email", True, NOW + timedelta(hours=12), "paper", "1")
        service.record_consents(conn, shop.program.id, [paper], now=NOW + timedelta(days=2))
        assert not members.consents(conn, [who])[who][0].granted


def test_a_letter_from_before_a_merge_speaks_for_whom_its_reader_is_now(shop: Shop) -> None:
    old, new = holder(0), holder(1)
    with db.transaction() as conn:
        merging.lock(conn, shop.program.id, [old, new])
        merging.redirect(conn, shop.program.id, old, new, now=NOW)
    Client().post(path(shop, 0), ONE_CLICK)
    with db.transaction() as conn:
        said = members.consent_states(conn, shop.program.id, POINTS_STATEMENT, "email", [old, new])
    assert said == {old: False, new: False}


def test_the_pages_button_and_reason(shop: Shop) -> None:
    client = strict()
    answer = client.post(path(shop), {"page": "1", "reason": "too-often", "words": "enough\x00\n now" + "!" * 600})
    assert answer.status_code == 200
    action, method, reason = words()[-1]
    assert (action, method) == ("withdraw", "unsubscribe-page")
    assert reason is not None
    assert reason.startswith("too-often: enough  now!!!")
    assert len(reason) <= len("too-often: ") + 500


def test_a_reason_afterwards_and_a_reason_that_is_none_of_ours(shop: Shop) -> None:
    strict().post(path(shop), ONE_CLICK)
    clock.read = lambda: NOW + timedelta(minutes=1)
    strict().post(path(shop), {"page": "1", "reason": "never-asked"})
    strict().post(path(shop), {"page": "1", "reason": "<script>"})
    assert [word[2] for word in words()] == [None, None, "never-asked"]


def test_coming_back_needs_a_new_grant(shop: Shop) -> None:
    strict().post(path(shop), ONE_CLICK)
    who = holder()
    with db.transaction() as conn:
        old = ConsentFact(who, POINTS_STATEMENT, "email", True, NOW - timedelta(days=1), "test")
        service.record_consents(conn, shop.program.id, [old], now=NOW + timedelta(minutes=1))
        assert not members.consents(conn, [who])[who][0].granted
        new = ConsentFact(who, POINTS_STATEMENT, "email", True, NOW + timedelta(hours=1), "test")
        service.record_consents(conn, shop.program.id, [new], now=NOW + timedelta(hours=1))
        assert members.consents(conn, [who])[who][0].granted


def test_a_grant_from_the_future_does_not_outlive_the_withdrawal(shop: Shop) -> None:
    who = holder()
    with db.transaction() as conn:
        ahead = ConsentFact(who, POINTS_STATEMENT, "email", True, NOW + timedelta(days=9), "till")
        service.record_consents(conn, shop.program.id, [ahead], now=NOW)
    clock.read = lambda: NOW + timedelta(seconds=1)
    strict().post(path(shop), ONE_CLICK)
    with db.transaction() as conn:
        assert not members.consents(conn, [who])[who][0].granted


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: token[:-1],
        lambda token: ("B" if token.startswith("A") else "A") + token[1:],
        lambda token: token + "AAAA",
        lambda _: "x",
        lambda _: "%00",
        lambda token: token.swapcase(),
        lambda _: "я",
        lambda _: "A" * 5000,
    ],
)
def test_a_bad_token(shop: Shop, spoil: object) -> None:
    good = path(shop).removeprefix("/u/")
    bad = f"/u/{spoil(good)}"  # type: ignore[operator]
    for answer in (strict().get(bad), strict().post(bad, ONE_CLICK)):
        assert answer.status_code == 404
        assert "This link does not work" in answer.content.decode()
    assert len(words()) == 1


def test_another_topic_or_member_has_another_token(shop: Shop) -> None:
    one = Subscription(shop.program.id, holder(), POINTS_STATEMENT, "email")
    tokens = {
        links.token(found)
        for found in (
            one,
            Subscription(one.program_id, holder(1), one.topic, one.channel),
            Subscription(one.program_id, one.holder_id, "news", one.channel),
            Subscription(one.program_id, one.holder_id, one.topic, "sms"),
        )
    }
    assert len(tokens) == 4
    assert links.read(links.token(one)) == one


def test_the_page_is_locked_down_and_speaks_both_languages(shop: Shop) -> None:
    answer = strict().get(path(shop))
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script" not in answer.content.decode()
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["Cache-Control"] == "no-store"
    assert "Больше не присылать выписки по баллам?" in strict().get(path(shop) + "?lang=ru").content.decode()
    unknown = strict().get("/u/x", headers={"accept-language": "ru-RU,ru;q=0.9"}).content.decode()
    assert "Ссылка не работает" in unknown


def test_a_database_that_is_away_is_said_and_not_taken_for_done(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    address = path(shop)

    def away(_program_id: str) -> None:
        message = "away"
        raise Unavailable(message)

    monkeypatch.setattr(db, "transaction", away)
    answer = strict().post(address, ONE_CLICK)
    assert answer.status_code == 503
    assert answer["Retry-After"] == "30"
    assert "not unsubscribed yet" in answer.content.decode()


def test_a_program_that_is_gone(shop: Shop) -> None:
    gone = Subscription(holder(), holder(), POINTS_STATEMENT, "email")
    answer = strict().post(f"/u/{links.token(gone)}", ONE_CLICK)
    assert answer.status_code == 404
    assert len(words()) == 1


@pytest.mark.parametrize(
    ("channel", "english", "russian"),
    [
        ("email", "points statements by e-mail.", "присылать вам на почту выписки"),
        ("sms", "points statements by SMS.", "присылать вам по СМС выписки"),
        ("push", "points statements as browser notifications.", "присылать вам в браузер выписки"),
        ("telegram", "points statements in Telegram.", "присылать вам в Telegram выписки"),
        ("pigeon", "points statements this way.", "присылать вам сюда выписки"),
    ],
)
def test_the_page_speaks_of_the_channel_that_is_left(shop: Shop, channel: str, english: str, russian: str) -> None:
    left = f"/u/{links.token(Subscription(shop.program.id, holder(), POINTS_STATEMENT, channel))}"
    assert english in strict().get(f"{left}?lang=en").content.decode()
    assert russian in strict().get(f"{left}?lang=ru").content.decode()


def test_one_reason_a_day(shop: Shop) -> None:
    """History is only ever added to: whoever holds the link must not be able to fill it."""
    strict().post(path(shop), ONE_CLICK)
    before = len(words())
    for n in (1, 2, 3):
        at = NOW + timedelta(minutes=n)
        clock.read = partial(datetime.fromtimestamp, at.timestamp(), UTC)
        assert strict().post(path(shop), {"page": "1", "reason": "other", "words": str(n)}).status_code == 200
    assert [reason for *_, reason in words()[before:]] == ["other: 1"]
    clock.read = lambda: NOW + timedelta(days=1, minutes=5)
    strict().post(path(shop), {"page": "1", "reason": "other", "words": "tomorrow"})
    assert [reason for *_, reason in words()[before:]] == ["other: 1", "other: tomorrow"]
