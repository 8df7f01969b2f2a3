"""The rooms: nobody enters unsigned, everybody sees only their own program, in their own language."""

import re
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.http.response import HttpResponseBase
from django.test import Client, RequestFactory
from django.urls import URLPattern, reverse
from django.views import defaults

from tests.builders import NOW, holder
from tests.console.conftest import House
from verno.console import urls
from verno.console.rooms import OPEN
from verno.intake import context
from verno.intake import service as intake
from verno.intake.types import Line, MemberRef, Receipt
from verno.kit import db, quarantine
from verno.members import service as members
from verno.members.types import NewMember

STRANGE = UUID("01890a5d-ac96-7bbb-8bbb-0123456789ab")


def address(pattern: URLPattern, member: object = STRANGE) -> str:
    values: dict[str, object] = {"member_id": member, "token": "t", "rest": "x/y", "number": 1, "position": 0}
    names = pattern.pattern.converters
    return reverse(f"console:{pattern.name}", kwargs={name: values.get(name, STRANGE) for name in names})


def test_every_page_needs_a_sign_in(house: House) -> None:
    for pattern in urls.urlpatterns:
        where = address(pattern, house.story.anna)
        for answer in (Client().get(where), Client().post(where)):
            if pattern.name in OPEN:
                assert answer.status_code in (200, 404, 405, 422, 302), where
                assert "Anna" not in answer.content.decode()
            else:
                assert answer.status_code == 302, where
                assert answer["Location"].startswith("/console/sign-in/")
                assert answer.content == b""


def test_every_answer_is_strict(house: House) -> None:
    for pattern in urls.urlpatterns:
        answer = house.client.get(address(pattern, house.story.anna))
        check_headers(answer, answer.content.decode())


def check_headers(answer: HttpResponseBase, page: str) -> None:
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "require-trusted-types-for 'script'" in policy or policy.endswith("; sandbox")
    assert "unsafe-eval" not in policy
    assert ("unsafe-inline" in policy) <= ("sandbox" in policy)
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] in {"DENY", "SAMEORIGIN"}
    assert answer["Cache-Control"] == "no-store"
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son[a-z]+=|<style|\sstyle=", page) or "sandbox" in policy


def test_a_letter_is_shown_in_a_sandbox(house: House, rows: psycopg.Connection) -> None:
    anna = house.story.anna
    found = rows.execute("SELECT id FROM messaging_message WHERE holder_id = %s", (anna,)).fetchone()
    assert found
    answer = house.client.get(f"/console/members/{anna}/messages/{found[0]}/")
    assert answer.status_code == 200
    assert answer["Content-Security-Policy"].endswith("; sandbox")
    assert "frame-ancestors 'self'" in answer["Content-Security-Policy"]
    assert "script-src" not in answer["Content-Security-Policy"]
    page = house.client.get(f"/console/members/{anna}/messages/").content.decode()
    assert re.search(r'<iframe class="preview" sandbox loading="lazy"', page)
    other = house.client.get(f"/console/members/{house.story.ivan}/messages/{found[0]}/")
    assert other.status_code == 404


def test_members_of_another_program_do_not_exist(house: House, rows: psycopg.Connection) -> None:
    """There is one program an installation today; a row of another must stay invisible all the same."""
    member = holder()
    with db.across_programs() as conn:
        conn.execute(
            "INSERT INTO members_member (id, program_id, external_id, name, attributes, created_at, changed_at)"
            " VALUES (%s, %s, 'x-1', 'Otto Other', '{}', now(), now())",
            (member, STRANGE),
        )
    for tab in ("", "history/", "receipts/", "messages/", f"messages/{STRANGE}/"):
        answer = house.client.get(f"/console/members/{member}/{tab}")
        assert answer.status_code == 404
        assert "Otto" not in answer.content.decode()
    for text in ("otto", "x-1", member):
        assert "Otto" not in house.client.post("/console/members/", {"q": text}).content.decode()


def test_members_are_found_by_what_a_person_knows(house: House) -> None:
    for text in ("anna", "ANNA SAMPLE", "+1 212 555-01-01", "anna-1@example.com", "4000-0001", "1"):
        whole = house.client.post("/console/members/", {"q": text}).content.decode()
        part = house.client.post("/console/members/", {"q": text}, headers={"HX-Request": "true"}).content.decode()
        for page in (whole, part):
            assert f"/console/members/{house.story.anna}/" in page, text
        assert "<html" in whole
        assert "<html" not in part


def test_searches_that_find_nobody(house: House) -> None:
    for text in ("", "   ", "zzzzzz", "%", "'; DROP TABLE x; --", "\x00", "я" * 5000):
        answer = house.client.post("/console/members/", {"q": text})
        assert answer.status_code == 200, text
        assert "list-group-item" not in answer.content.decode()


def test_what_people_typed_is_text(house: House) -> None:
    name = "<script>alert(1)</script>"
    with db.transaction() as conn:
        wanted = NewMember(external_id="evil", name=name, attributes={name: name})
        members.upsert(conn, house.story.shop.program, [wanted], now=NOW)
        about = context.of(conn, house.story.shop.program.id)
        sale = Receipt(
            number=name,
            place="msk-1",
            at=NOW,
            cashier=name,
            member=MemberRef(external_id="evil"),
            lines=[Line(sku=name, quantity="1", amount=100)],
        )
        intake.settle(conn, about, [sale], now=NOW)
    pages = [house.client.post("/console/members/", {"q": "evil"}), house.client.get("/console/")]
    found = re.search(r"/console/members/([0-9a-f-]{36})/", pages[0].content.decode())
    assert found
    pages += [house.client.get(f"/console/members/{found[1]}/{tab}") for tab in ("", "history/", "receipts/")]
    for page in pages:
        assert name not in page.content.decode()
        assert "&lt;script&gt;" in page.content.decode()


def test_a_members_page_says_what_and_why(house: House) -> None:
    anna = house.story.anna
    overview = house.client.get(f"/console/members/{anna}/").content.decode()
    for words in ("synthetic", "household_size", "E-mail: agreed", "SMS: withdrawn", "3 Dec 2026", "29 Feb 1988"):
        assert words in overview
    history = house.client.get(f"/console/members/{anna}/history/").content.decode()
    assert "their time was over" in history
    assert re.search(r"for receipt \S+ at msk-1", history)
    receipts = house.client.get(f"/console/members/{anna}/receipts/").content.decode()
    for words in ("for every full 1.00", "Bananas", "0.745", "−$0.50", "cashier c-17"):
        assert words in receipts
    messages = house.client.get(f"/console/members/{anna}/messages/").content.decode()
    assert "Points statement, October 2026" in messages
    withheld = house.client.get(f"/console/members/{house.story.ivan}/messages/").content.decode()
    assert "no address on this channel" in withheld


@pytest.mark.parametrize("tab", ["history", "receipts"])
def test_paging_shows_everything_once(house: House, tab: str, rows: psycopg.Connection) -> None:
    where = f"/console/members/{house.story.anna}/{tab}/"
    pattern = r"[−+]\d+</td>" if tab == "history" else r'<details class="receipt"'
    seen, page = 0, house.client.get(where).content.decode()
    while True:
        seen += len(re.findall(pattern, page))
        found = re.search(r'href="([^"]+)" rel="next"', page)
        if not found:
            break
        page = house.client.get(found[1]).content.decode()
    table = "ledger_transfer" if tab == "history" else "intake_receipt"
    count = rows.execute(f"SELECT count(*) FROM {table} WHERE holder_id = %s", (house.story.anna,)).fetchone()
    assert count
    assert seen == count[0] > 30


def test_a_cursor_that_is_not_ours_leads_nowhere(house: House) -> None:
    for cursor in ("x", "AAAA", "é", "W10", "bnVsbA"):
        answer = house.client.get(f"/console/members/{house.story.anna}/history/", {"before": cursor})
        assert answer.status_code == 404, cursor


def test_pages_that_are_not_there_help(house: House) -> None:
    for where in ("/console/no/such/page/", "/console/x"):
        answer = house.client.get(where)
        assert answer.status_code == 404
        assert "Go to the dashboard" in answer.content.decode()


def test_faults_and_stale_forms_are_said_in_words(house: House) -> None:
    fault = defaults.server_error(RequestFactory().get("/console/"))
    assert "Something went wrong" in fault.content.decode()
    stale = Client(enforce_csrf_checks=True).post("/console/sign-in/", {})
    assert "This form is out of date" in stale.content.decode()
    nowhere = house.client.get("/nowhere-at-all/")
    assert nowhere.status_code == 404
    assert "Nothing here" in nowhere.content.decode()


def test_the_language_is_kept_for_the_person(house: House, rows: psycopg.Connection) -> None:
    answer = house.client.post("/console/language/", {"language": "ru", "next": "/console/members/"})
    assert (answer.status_code, answer["Location"]) == (302, "/console/members/")
    assert '<html lang="ru"' in house.client.get("/console/members/").content.decode()
    assert rows.execute("SELECT locale FROM workspace_staff").fetchone() == ("ru",)
    house.client.post("/console/language/", {"language": "xx"})
    assert '<html lang="ru"' in house.client.get("/console/").content.decode()
    stranger = Client(headers={"accept-language": "ru-RU,ru;q=0.9"})
    assert "Вход в Verno" in stranger.get("/console/sign-in/").content.decode()


def test_the_dashboard_tells_the_ledgers_figures(house: House, rows: psycopg.Connection) -> None:
    page = house.client.get("/console/").content.decode()
    total = rows.execute("SELECT count(*), count(*) FILTER (WHERE status = 'unmatched') FROM intake_receipt").fetchone()
    issued = rows.execute("SELECT sum(amount) FROM ledger_transfer WHERE kind = 'earn'").fetchone()
    assert total
    assert issued
    for figure in (f">{total[0]}<", f"{total[0] - total[1]} with, {total[1]} without", f">{issued[0]:,}<"):
        assert figure in page
    part = house.client.get("/console/figures/").content.decode()
    assert f">{issued[0]:,}<" in part
    assert "<html" not in part


def test_the_dashboard_says_that_a_restore_holds_messages_back(house: House) -> None:
    with psycopg.connect(db.owner_url()) as owner:
        quarantine.impose(owner, restored_to=NOW, now=NOW)
    try:
        assert "No message leaves until the administrator" in house.client.get("/console/").content.decode()
        assert "verno release" in house.client.get("/console/figures/").content.decode()
    finally:
        with db.transaction() as conn:
            quarantine.release(conn, now=NOW)
    assert "verno release" not in house.client.get("/console/").content.decode()


def test_the_cost_of_a_page_does_not_grow(
    house: House, rows: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Members with a few receipts and with forty cost the same number of statements."""
    counted: list[object] = []
    real: Any = psycopg.Cursor.execute

    def counting(*args: object, **options: object) -> object:
        counted.append(args[1])
        return real(*args, **options)

    newcomer = rows.execute("SELECT id::text FROM members_member WHERE external_id = '9'").fetchone()
    assert newcomer
    monkeypatch.setattr(psycopg.Cursor, "execute", counting)
    for tab in ("", "history/", "receipts/", "messages/"):
        costs = []
        for member in (newcomer[0], house.story.anna):
            counted.clear()
            assert house.client.get(f"/console/members/{member}/{tab}").status_code == 200
            costs.append(len(counted))
        assert costs[0] == costs[1] > 0
        assert costs[1] < 20
