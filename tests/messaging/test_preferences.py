"""The preference page and the confirmation page: what their buttons do, what looking does not, who may not."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client, override_settings

from tests.builders import Shop
from tests.messaging.people import add_members, make_program
from tests.messaging.postman import Postman
from verno.kit import db
from verno.kit.clock import clock
from verno.members import merging, queries, service
from verno.members.consent import topics
from verno.members.types import NewMember, Purpose, Record, State, Topic, Wishes
from verno.messaging.channels.email import smtp
from verno.messaging.channels.email.channel import Email
from verno.messaging.letters import confirm
from verno.messaging.preferences import links
from verno.messaging.preferences.links import Address, Person
from verno.messaging.sender import send_due
from verno.workspace.audit import SYSTEM

NOW = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
NEWS = Topic("news", "marketing", {"en": "News and offers", "ru": "Новости и акции"}, {"en": "Once a week."})


@pytest.fixture
def shop(database: str) -> Iterator[Shop]:
    with db.transaction() as conn:
        made = make_program(conn)
        topics.put(conn, made.program.id, NEWS, now=NOW, by=SYSTEM)
        add_members(conn, made, 2)
        service.upsert(conn, made.program, [NewMember("m-0", phone="+79161234567")], now=NOW)
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
    return f"/p/{links.preferences_token(Person(shop.program.id, holder(n)))}"


def press(shop: Shop, do: str, n: int = 0, **form: object) -> str:
    """Press a button on the page, a minute after the last one."""
    earlier = clock.read()
    clock.read = lambda: earlier + timedelta(minutes=1)
    answer = Client(enforce_csrf_checks=True).post(path(shop, n), {"do": do, **form})
    assert answer.status_code == 200
    assert not answer.cookies
    return str(answer.content.decode())


def states(n: int = 0) -> dict[tuple[str, str], State]:
    who = holder(n)
    with db.transaction() as conn:
        found = queries.standings(conn, [who], now=clock.read()).get(who, [])
    return {(one.topic, one.channel): one.state for one in found if one.purpose is Purpose.ADVERTISING}


def history(shop: Shop, n: int = 0) -> list[Record]:
    with db.transaction() as conn:
        return queries.consent_history(conn, shop.program.id, holder(n), limit=99)


def test_looking_changes_nothing_and_shows_the_switches(shop: Shop) -> None:
    for method in ("get", "head", "options", "put", "delete"):
        getattr(Client(), method)(path(shop))
    assert len(history(shop)) == 1
    page = Client().get(path(shop)).content.decode()
    assert "News and offers" in page
    assert "m•••@example.com" in page
    assert "member-0@example.com" not in page
    assert page.count('role="switch"') == 4, "two topics by two channels"
    assert re.findall(r'value="([^"]+)" checked', page)[:1] == ["points-statement/email"]


def test_a_switch_is_a_grant_with_the_text_that_was_shown_and_waits_for_the_letters_button(shop: Shop) -> None:
    shown = ["news/email", "news/sms", "points-statement/email", "points-statement/sms"]
    page = press(shop, "save", shown=shown, on=["news/email", "points-statement/email"])
    assert "press the button in the letter" in page
    grant = history(shop)[0]
    assert (grant.topic, grant.channel, grant.method, grant.text_id) == ("news", "email", *["preference-page"] * 2)
    assert (grant.text_version, grant.ip, grant.locale, grant.actor) == ("1", "127.0.0.0/24", "en", "member")
    assert grant.text_sha256 is not None
    assert states() == {("news", "email"): State.UNCONFIRMED, ("points-statement", "email"): State.UNPROVEN}
    with Postman() as postman:
        send_due(Email(smtp.Settings("127.0.0.1", postman.port, connections=1)), clock.read, worker_name="test")
        letter = postman.letter("member-0@example.com")
    assert letter["Subject"] == "Shop: please confirm your e-mail"
    plain = letter.get_body(("plain",))
    assert plain is not None
    body = plain.get_content()
    link = re.search(r"http://127.0.0.1:8000(/c/\S+)", body)
    assert link is not None
    assert "Is this your e-mail?" in Client().get(link[1]).content.decode()
    assert states()[("news", "email")] is State.UNCONFIRMED, "a scanner that follows links confirms nothing"
    assert "your e-mail is confirmed" in Client(enforce_csrf_checks=True).post(link[1]).content.decode()
    assert states()[("news", "email")] is State.GRANTED


def test_a_switch_off_is_a_withdrawal_and_what_was_not_shown_stays(shop: Shop) -> None:
    page = press(shop, "save", shown=["news/email"], on=[])
    assert "Nothing has changed" in page
    page = press(shop, "save", shown=["points-statement/email", "gone/email", "rubbish"], on=["gone/email", "news/fax"])
    assert "Done, saved." in page
    assert states() == {("points-statement", "email"): State.WITHDRAWN}
    press(shop, "save", shown=["points-statement/email"], on=["points-statement/email"])
    assert states() == {("points-statement", "email"): State.GRANTED}, "coming back is a grant of its own"


@pytest.mark.parametrize(
    ("do", "ended"),
    [
        ("all", {("news", "email"), ("news", "sms"), ("points-statement", "email"), ("points-statement", "sms")}),
        ("topic:news", {("news", "email"), ("news", "sms")}),
        ("channel:sms", {("news", "sms"), ("points-statement", "sms")}),
        ("topic:gone", set()),
        ("channel:fax", set()),
        ("", set()),
    ],
)
def test_leaving(shop: Shop, do: str, ended: set[tuple[str, str]]) -> None:
    every = ["news/email", "news/sms", "points-statement/email", "points-statement/sms"]
    press(shop, "save", shown=every, on=every)
    press(shop, do)
    seen = {(topic, channel) for topic, channel in states() if channel in {"email", "sms"}}
    assert {pair for pair, state in states().items() if state is State.WITHDRAWN and pair in seen} == ended


def test_effect_first_then_a_reason_from_the_list_or_in_own_words(shop: Shop) -> None:
    page = press(shop, "all")
    assert "Done, we no longer write to you." in page
    assert '<input type="hidden" name="left" value="points-statement/email">' in page
    page = press(shop, "reason", left=["points-statement/email", "news/fax"], reason="too-often", words="enough\x00")
    assert "Thank you" in page
    assert [record.reason for record in history(shop)][:1] == ["too-often: enough"]
    before = len(history(shop))
    press(shop, "reason", left=["points-statement/email"])
    press(shop, "reason", left=["points-statement/email"], reason="other", words="and once more")
    assert len(history(shop)) == before


def test_what_was_bought_is_told_unless_somebody_says_no(shop: Shop) -> None:
    with db.transaction() as conn:
        topics.put(conn, shop.program.id, Topic("moves", "transactional"), now=NOW, by=SYSTEM)
    page = Client().get(path(shop)).content.decode()
    assert 'value="moves/email" checked' in page
    press(shop, "all")
    assert ("moves", "email") not in states()
    press(shop, "save", shown=["moves/email", "moves/sms"], on=["moves/sms"])
    assert states()[("moves", "email")] is State.WITHDRAWN
    assert ("moves", "sms") not in states()


def test_who_has_left_everything_is_told_so_and_not_asked_again(shop: Shop) -> None:
    button, told = 'name="do" value="all"', "You have left everything. You get nothing but receipts and sign-in codes."
    for offered in (Client().get(path(shop)).content.decode(), press(shop, "topic:points-statement")):
        assert button in offered, "nothing is on, but what is made later is not left yet"
        assert told not in offered
    assert told in press(shop, "all")
    before = history(shop)
    again = press(shop, "all")
    assert "Done, we no longer write to you." in again
    assert button not in again
    assert history(shop) == before, "sent again it changes nothing"
    with db.transaction() as conn:
        topics.put(conn, shop.program.id, Topic("later", "marketing"), now=NOW, by=SYSTEM)
    page = Client().get(path(shop)).content.decode()
    assert told in page
    assert button not in page, "they left a topic that is made later, too"
    assert "Вы отписались от всего." in Client().get(f"{path(shop)}?lang=ru").content.decode()


def test_who_comes_back_to_one_topic_can_leave_again(shop: Shop) -> None:
    button = 'name="do" value="all"'
    assert button not in press(shop, "all")
    page = press(shop, "save", shown=["news/sms"], on=["news/sms"])
    assert button in page
    assert "You have left everything" not in page
    assert states()["news", "sms"] is State.UNCONFIRMED
    assert button not in press(shop, "all")


def test_what_still_comes_is_named(shop: Shop) -> None:
    with db.transaction() as conn:
        topics.put(conn, shop.program.id, Topic("moves", "transactional", {"en": "Moves"}), now=NOW, by=SYSTEM)
    assert "You get nothing but receipts and sign-in codes, “Moves”." in press(shop, "all")
    page = press(shop, "topic:moves")
    assert "You get nothing but receipts and sign-in codes." in page


def test_less_often_a_pause_and_its_end(shop: Shop) -> None:
    def wish() -> Wishes | None:
        with db.transaction() as conn:
            return queries.wishes(conn, [holder()]).get(holder())

    press(shop, "wish", most_per="7")
    assert wish() == Wishes(7)
    page = press(shop, "pause")
    assert "Until December 1, 2026 we send you no advertising." in page
    assert wish() == Wishes(7, clock.read() + 30 * DAY)
    press(shop, "wish", most_per="3")
    assert wish() == Wishes(7, clock.read() + 30 * DAY - timedelta(minutes=1))
    press(shop, "resume")
    press(shop, "wish", most_per="")
    assert wish() == Wishes()


def test_a_pause_until_a_day_is_over_when_the_day_begins_where_the_program_is(shop: Shop) -> None:
    page = press(shop, "pause", until="2027-01-11")
    assert "Until January 11, 2027 we send you no advertising." in page
    with db.transaction() as conn:
        assert queries.wishes(conn, [holder()])[holder()].paused_until == datetime(2027, 1, 10, 21, tzinfo=UTC)
    page = Client().get(f"{path(shop)}?lang=ru").content.decode()
    assert "До 11 января 2027\u202fг. мы не пишем вам ничего рекламного." in page.replace("\xa0", "\u202f")
    assert 'value="2027-01-11" min="2026-11-02" max="2027-11-01"' in page, "it can be another day"
    assert "Until November 2, 2026 we send" in press(shop, "pause", until="2026-11-02")


@pytest.mark.parametrize(
    "day", ["2026-11-01", "2026-10-31", "2027-11-02", "9999-12-31", "0001-01-01", "", "soon", "2026-02-30"]
)
def test_a_day_that_no_pause_can_end_on(shop: Shop, day: str) -> None:
    press(shop, "pause", until="2026-12-24")
    answer = Client().post(f"{path(shop)}?lang=en", {"do": "pause", "until": day})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "There is no pause until such a day, nothing has changed.</strong>" in page
    assert "Any day from November 2, 2026 to November 1, 2027." in page
    assert "Until December 24, 2026 we send you no advertising." in page


def test_another_language_stays(shop: Shop) -> None:
    assert "Готово, будем писать по-русски." in press(shop, "language", language="ru")
    assert "Что вам присылать" in Client().get(path(shop)).content.decode()
    press(shop, "language", language="xx")
    assert "Что вам присылать" in Client().get(path(shop)).content.decode()
    assert "What we send you" in Client().get(path(shop) + "?lang=en").content.decode()


def test_history_in_plain_words(shop: Shop) -> None:
    press(shop, "channel:email")
    page = Client().get(path(shop)).content.decode()
    assert "Stopped: News and offers, Points statements (E-mail)<small>November 1, 2026, this page" in page
    assert "Agreed: Points statements (E-mail)<small>January 1, 2026, the site or a till" in page


def test_an_old_link_opens_whom_its_reader_is_now(shop: Shop) -> None:
    old, new = holder(0), holder(1)
    with db.transaction() as conn:
        merging.lock(conn, shop.program.id, [old, new])
        merging.redirect(conn, shop.program.id, old, new, now=NOW)
    press(shop, "all")
    assert states(1)[("points-statement", "email")] is State.WITHDRAWN


@pytest.mark.parametrize("bad", ["x", "я", "A" * 500, "%00", "cut", "swap", "other"])
def test_a_bad_token(shop: Shop, bad: str) -> None:
    good = path(shop).removeprefix("/p/")
    spoiled = {
        "cut": good[:-1],
        "swap": good.swapcase(),
        "other": good[:20] + ("B" if good[20] == "A" else "A") + good[21:],
    }.get(bad, bad)
    for page in ("p", "c"):
        for answer in (Client().get(f"/{page}/{spoiled}"), Client().post(f"/{page}/{spoiled}", {"do": "all"})):
            assert answer.status_code == 404
            assert "This link does not work" in answer.content.decode()
    assert Client().get(f"/c/{good}").status_code == 404, "a link to preferences confirms nothing"
    assert len(history(shop)) == 1


def test_a_confirmation_that_comes_too_late_or_to_another_address(shop: Shop) -> None:
    with db.transaction() as conn:
        email = queries.identities(conn, [holder()])[holder()]["email"]
    late = Address(shop.program.id, holder(), email.value_hash, NOW)
    assert Client().post(f"/c/{links.confirm_token(late)}").status_code == 410
    good = Address(shop.program.id, holder(), email.value_hash, NOW + DAY)
    with db.transaction() as conn:
        service.upsert(conn, shop.program, [NewMember("m-0", email="new@example.com")], now=NOW)
    assert Client().post(f"/c/{links.confirm_token(good)}").status_code == 410
    with db.transaction() as conn:
        assert queries.identities(conn, [holder()])[holder()]["email"].verified_at is None


def test_a_member_or_program_that_is_gone(shop: Shop) -> None:
    for person in (Person(shop.program.id, shop.program.id), Person(holder(), holder())):
        answer = Client().get(f"/p/{links.preferences_token(person)}")
        assert answer.status_code == 404


def test_the_page_is_locked_down(shop: Shop) -> None:
    answer = Client().get(path(shop))
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert "script-src 'self'; worker-src 'self'" in answer["Content-Security-Policy"]
    assert re.findall(r"<script[^>]*>(.*?)</script>", answer.content.decode()) == [""], (
        "our own file, nothing written in"
    )
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.parametrize(("zone", "day"), [("Europe/Moscow", "November 10"), ("UTC", "November 9")])
def test_the_confirmation_letter_names_the_last_day_of_the_programs_calendar(zone: str, day: str) -> None:
    context = {"address_hash": "a", "until": "2026-11-09T22:30:00+00:00", "zone": zone}
    words = confirm.view(context, locale="en", name=None, program="Shop")
    assert f"works until {day}" in str(words["otherwise"])
