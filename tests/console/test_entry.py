"""The way in: one-use link, sign-in, sign-out, sessions that end."""

import re
import threading
from datetime import datetime, timedelta

import psycopg
from django.test import Client

from tests.builders import NOW
from tests.console.conftest import EMAIL, PASSWORD, House
from tests.console.story import Story
from verno.console.views.entry import SIGN_IN
from verno.kit import db
from verno.kit.clock import clock
from verno.workspace import accounts
from verno.workspace.accounts import Redeemed, SetupRefusal

FORM = {"name": "Vera", "email": "Vera@Example.com", "password": PASSWORD, "locale": "ru"}


def clock_at(moment: datetime) -> None:
    """Let the doors' clock stand at a moment; the fixture sets it right again."""
    clock.read = lambda: moment


def staff(rows: psycopg.Connection) -> list[tuple[str, str, str]]:
    return rows.execute("SELECT email, role, locale FROM workspace_staff").fetchall()


def test_the_link_makes_an_owner_and_signs_in(shop: Story, rows: psycopg.Connection) -> None:
    client = Client()
    address = f"/console/setup/{shop.token}"
    assert client.get(address).status_code == 200
    assert client.get(address).status_code == 200  # looking uses nothing up
    answer = client.post(address, FORM)
    assert (answer.status_code, answer["Location"]) == (302, "/console/")
    assert staff(rows) == [("vera@example.com", "owner", "ru")]
    assert rows.execute("SELECT password FROM workspace_staff").fetchall()[0][0].startswith("argon2$argon2id$")
    assert "Участники" in client.get("/console/").content.decode()


def test_used_expired_and_unknown_links_look_alike(shop: Story) -> None:
    Client().post(f"/console/setup/{shop.token}", FORM)
    clock_at(NOW + timedelta(days=8))
    pages = [Client().get(f"/console/setup/{token}") for token in (shop.token, "no-such-token", "%00")]
    assert [page.status_code for page in pages] == [404, 404, 404]
    plain = {re.sub(r'name="(csrfmiddlewaretoken|next)" value="[^"]*"', "", p.content.decode()) for p in pages}
    assert len(plain) == 1


BAD = [
    ({"password": "short"}, "at least 12"),
    ({"password": "password1234"}, "too common"),
    ({"password": "vera@example.com"}, "too similar"),
    ({"email": "nobody"}, "valid email"),
    ({"name": ""}, "required"),
]


def test_a_bad_form_leaves_the_link_usable(shop: Story, rows: psycopg.Connection) -> None:
    client = Client()
    for change, words in BAD:
        answer = client.post(f"/console/setup/{shop.token}", FORM | change)
        assert answer.status_code == 422
        assert words in answer.content.decode()
    assert staff(rows) == []
    assert client.post(f"/console/setup/{shop.token}", FORM).status_code == 302


def test_two_at_once_make_one_owner(shop: Story, rows: psycopg.Connection) -> None:
    start = threading.Barrier(8)
    answers: list[object] = []

    def redeem(n: int) -> None:
        start.wait()
        with db.transaction() as conn:
            answers.append(accounts.redeem_setup_token(conn, shop.token, f"{n}@example.com", "N", "x", "en", now=NOW))

    threads = [threading.Thread(target=redeem, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(answer, Redeemed) for answer in answers) == 1
    assert answers.count(SetupRefusal.LINK_NOT_VALID) == 7
    assert len(staff(rows)) == 1


def test_a_taken_email_gives_the_link_back(shop: Story, rows: psycopg.Connection) -> None:
    with db.transaction() as conn:
        conn.execute(
            "INSERT INTO workspace_staff (id, program_id, email, name, role, locale, is_active, password, created_at)"
            " VALUES (gen_random_uuid(), %s, 'vera@example.com', 'V', 'owner', 'en', true, 'x', now())",
            (shop.shop.program.id,),
        )
    assert Client().post(f"/console/setup/{shop.token}", FORM).status_code == 422
    assert len(staff(rows)) == 1
    other = FORM | {"email": "other@example.com"}
    assert Client().post(f"/console/setup/{shop.token}", other).status_code == 302


def test_forms_need_their_csrf_token(shop: Story, rows: psycopg.Connection) -> None:
    strict = Client(enforce_csrf_checks=True)
    for address in (f"/console/setup/{shop.token}", "/console/sign-in/", "/console/language/"):
        assert strict.post(address, FORM).status_code == 403
    assert staff(rows) == []


def test_a_wrong_password_and_a_wrong_name_get_one_answer(house: House) -> None:
    answers = [
        Client().post("/console/sign-in/", {"email": email, "password": "wrong wrong wrong"})
        for email in (EMAIL, "nobody@example.com")
    ]
    for answer in answers:
        assert answer.status_code == 422
        assert "do not belong together" in answer.content.decode()


def test_guessing_gets_slow_but_never_locks(house: House) -> None:
    def guess(password: str) -> str:
        return Client().post("/console/sign-in/", {"email": EMAIL, "password": password}).content.decode()

    for _ in range(SIGN_IN.free):
        assert "do not belong together" in guess("wrong")
    assert "Too many tries. Please wait" in guess("wrong")
    assert "Too many tries" in guess(PASSWORD)  # the right one has to wait as well, else waiting would tell
    for passed in range(1, 8):  # whoever goes on guessing is slowed to one try a minute
        clock_at(NOW + passed * SIGN_IN.most)
        assert "do not belong together" in guess("wrong")
        assert "Too many tries" in guess("wrong")
    clock_at(NOW + 8 * SIGN_IN.most)
    assert guess(PASSWORD) == ""  # a redirect: signed in, and the count starts anew
    assert "do not belong together" in guess("wrong")


def test_parallel_guesses_do_not_overtake_the_count(shop: Story) -> None:
    looked_at: list[bool] = []
    start = threading.Barrier(10)

    def guess() -> None:
        start.wait()
        with db.transaction() as conn:
            looked_at.append(SIGN_IN.try_now(conn, EMAIL, now=NOW) is None)

    threads = [threading.Thread(target=guess) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(looked_at) == SIGN_IN.free


def test_signing_in_changes_the_session_and_signing_out_ends_it(house: House, rows: psycopg.Connection) -> None:
    client = Client()
    client.cookies["session"] = before = "planted0123456789abcdefghijklmno"
    client.post("/console/sign-in/", {"email": EMAIL, "password": PASSWORD})
    session = client.cookies["session"].value
    assert session != before
    assert client.get("/console/").status_code == 200
    client.post("/console/sign-out/")
    client.cookies["session"] = session
    assert client.get("/console/").status_code == 302
    assert rows.execute("SELECT 1 FROM django_session WHERE session_key = %s", (session,)).fetchone() is None


def test_sessions_end_when_idle_and_after_twelve_hours(house: House) -> None:
    clock_at(NOW + timedelta(minutes=29))
    assert house.client.get("/console/").status_code == 200
    clock_at(NOW + timedelta(minutes=58))
    assert house.client.get("/console/").status_code == 200
    clock_at(NOW + timedelta(minutes=89))
    assert house.client.get("/console/").status_code == 302

    house.client.post("/console/sign-in/", {"email": EMAIL, "password": PASSWORD})
    began = NOW + timedelta(minutes=89)
    for minutes in range(0, 12 * 60, 20):
        clock_at(began + timedelta(minutes=minutes))
        assert house.client.get("/console/").status_code == 200
    clock_at(began + timedelta(hours=12, seconds=1))
    assert house.client.get("/console/").status_code == 302


def test_a_forgotten_tab_does_not_keep_its_session(house: House) -> None:
    for minutes in (10, 20, 29):
        clock_at(NOW + timedelta(minutes=minutes))
        assert house.client.get("/console/figures/", headers={"HX-Request": "true"}).status_code == 200
    clock_at(NOW + timedelta(minutes=31))
    answer = house.client.get("/console/figures/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Redirect"], answer.content) == (200, "/console/sign-in/", b"")


def test_next_leads_only_into_the_console(house: House) -> None:
    def landing(wanted: str) -> str:
        form = {"email": EMAIL, "password": PASSWORD, "next": wanted}
        return Client().post("/console/sign-in/", form)["Location"]

    assert landing("/console/members/") == "/console/members/"
    for bad in ("https://example.com/", "//example.com/console/", "/v1/docs", "javascript:alert(1)"):
        assert landing(bad) == "/console/"


def test_an_account_that_was_switched_off_is_out(house: House, rows: psycopg.Connection) -> None:
    with db.transaction() as conn:
        conn.execute("UPDATE workspace_staff SET is_active = false")
    assert house.client.get("/console/").status_code == 302
    answer = Client().post("/console/sign-in/", {"email": EMAIL, "password": PASSWORD})
    assert answer.status_code == 422
