"""Corrections in the console: who may do what, the second person, merges, points given again, the liability report."""

import re
from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest
from django.contrib.auth.hashers import make_password
from django.test import Client

from tests.builders import NOW
from tests.console.conftest import PASSWORD, House
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.ids import new_id
from verno.ledger import queries as ledger
from verno.workspace import settings


def text(html: str) -> str:
    """Return what a person reads: no tags, one blank between words."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def hire(house: House, name: str, role: str = "support") -> Client:
    """Make somebody of the staff and sign them in."""
    email = f"{name}@example.com"
    with db.transaction() as conn:
        conn.execute(
            "INSERT INTO workspace_staff (id, program_id, email, name, role, locale, is_active, password, created_at)"
            " VALUES (%s, %s, %s, %s, %s, 'en', true, %s, %s)",
            (new_id(now=NOW), house.story.shop.program.id, email, name, role, make_password(PASSWORD), NOW),
        )
    client = Client()
    assert client.post("/console/sign-in/", {"email": email, "password": PASSWORD}).status_code == 302
    return client


def page_of(member: str) -> str:
    return f"/console/members/{member}/corrections/"


def merge_of(into: str, other: str) -> str:
    return f"/console/members/{into}/merge/{other}/"


def form(client: Client, member: str, **changed: str) -> dict[str, str]:
    """Return the form as the page shows it, filled in."""
    html = client.get(page_of(member)).content.decode()
    token = re.search(r'name="token" value="([^"]+)"', html)
    assert token is not None
    base = {"do": "adjust", "token": token[1], "way": "give", "points": "50", "unit": "points", "reason": "goodwill"}
    return base | {"until": ""} | changed


def available(house: House, member: str) -> int:
    with db.transaction() as conn:
        found = ledger.balances(conn, [member], now=clock.now()).get(member, [])
    return found[0].available if found else 0


def set_value(house: House, key: str, value: object) -> None:
    with db.transaction() as conn:
        written = settings.write(conn, house.story.shop.program.id, key, value, now=NOW)
    assert isinstance(written, settings.Value)


@pytest.fixture
def before(house: House) -> Iterator[int]:
    """Give what Anna has."""
    return available(house, house.story.anna)  # type: ignore[return-value]


def test_giving_and_taking(house: House, before: int) -> None:
    anna, client = house.story.anna, house.client
    sent = form(client, anna)
    assert client.post(page_of(anna), sent).status_code == 302
    assert available(house, anna) == before + 50
    assert client.post(page_of(anna), sent).status_code == 302, "sent twice, it happens once"
    assert available(house, anna) == before + 50
    html = text(client.get(page_of(anna)).content.decode())
    assert "Done: the points have moved." in html
    assert "Adjustment done goodwill Vera +50" in html
    assert "Done: the points" not in client.get(page_of(anna)).content.decode(), "said once"
    client.post(page_of(anna), form(client, anna, way="take", points="20", reason="correction"))
    assert available(house, anna) == before + 30
    history = text(client.get(f"/console/members/{anna}/history/").content.decode())
    assert "Corrected by staff correction \u221220" in history


@pytest.mark.parametrize(
    "wrong",
    [
        {"points": "0"},
        {"points": "-5"},
        {"points": "0.5"},
        {"points": "many"},
        {"points": "9" * 14},
        {"reason": "because"},
        {"unit": "miles"},
        {"way": "sideways"},
        {"token": "x"},
        {"until": "soon"},
        {"way": "take", "until": "2027-01-01"},
    ],
)
def test_a_wrong_field_is_named(house: House, before: int, wrong: dict[str, str]) -> None:
    anna = house.story.anna
    answer = house.client.post(page_of(anna), form(house.client, anna) | wrong)
    assert answer.status_code == 422
    assert available(house, anna) == before


def test_a_refusal_is_said(house: House, before: int) -> None:
    anna = house.story.anna
    answer = house.client.post(page_of(anna), form(house.client, anna, way="take", points=str(before + 1)))
    assert answer.status_code == 409
    assert "has fewer points available" in answer.content.decode()
    over = house.client.post(page_of(anna), form(house.client, anna, until="2020-01-01"))
    assert (over.status_code, "must lie in the future" in over.content.decode()) == (409, True)
    assert house.client.post(page_of(anna), {"do": "double"}).status_code == 404


def test_the_second_person(house: House, before: int) -> None:
    anna, vera = house.story.anna, house.client
    asked = vera.post(page_of(anna), form(vera, anna, points="5000"))
    assert asked.status_code == 302
    assert "a second person has to agree" in vera.get(page_of(anna)).content.decode()
    assert available(house, anna) == before
    mine = vera.get("/console/approvals/").content.decode()
    assert "somebody else decides" in mine
    assert "Approve</button>" not in mine
    oleg = hire(house, "oleg", "admin")
    html = oleg.get("/console/approvals/").content.decode()
    found = re.search(r'name="id" value="([^"]+)"', html)
    assert found is not None
    assert "Anna Sample 1 goodwill +5,000 Vera" in text(html)
    self_made = vera.post("/console/approvals/", {"id": found[1], "do": "approve"})
    assert (self_made.status_code, available(house, anna)) == (409, before)
    done = oleg.post("/console/approvals/", {"id": found[1], "do": "approve"})
    assert "Approved: the points have moved." in done.content.decode()
    assert available(house, anna) == before + 5000
    again = oleg.post("/console/approvals/", {"id": found[1], "do": "refuse"})
    assert (again.status_code, "has decided already" in again.content.decode()) == (409, True)
    assert "decided by oleg" in text(vera.get(page_of(anna)).content.decode())


def test_a_refused_adjustment_moves_nothing(house: House, before: int) -> None:
    anna = house.story.anna
    house.client.post(page_of(anna), form(house.client, anna, points="5000"))
    oleg = hire(house, "oleg", "admin")
    found = re.search(r'name="id" value="([^"]+)"', oleg.get("/console/approvals/").content.decode())
    assert found is not None
    assert "nothing has moved" in oleg.post("/console/approvals/", {"id": found[1], "do": "refuse"}).content.decode()
    assert available(house, anna) == before
    assert "Nothing waits" in oleg.get("/console/approvals/").content.decode()


@pytest.mark.parametrize(
    ("role", "adjusts", "merges", "approves", "reads"),
    [
        ("admin", True, True, True, True),
        ("support", True, True, False, False),
        ("store-manager", True, False, False, True),
        ("analyst", False, False, False, True),
        ("cashier", False, False, False, False),
        ("auditor", False, False, False, True),
    ],
)
def test_each_role_does_what_it_may(
    house: House, before: int, role: str, adjusts: bool, merges: bool, approves: bool, reads: bool
) -> None:
    anna, client = house.story.anna, hire(house, "somebody", role)
    html = client.get(page_of(anna)).content.decode()
    assert ('value="adjust"' in html) is adjusts
    assert ('value="find"' in html) is merges
    sent = form(house.client, anna) | {"points": "5"}
    assert client.post(page_of(anna), sent).status_code == (302 if adjusts else 403)
    assert available(house, anna) == before + (5 if adjusts else 0)
    merge = client.post(merge_of(anna, house.story.ivan))
    assert merge.status_code == (302 if merges else 403)
    assert client.get("/console/approvals/").status_code == (200 if approves else 403)
    assert client.get("/console/liability/").status_code == (200 if reads else 403)


def test_nobody_corrects_or_merges_their_own_account(house: House, rows: psycopg.Connection) -> None:
    anna, ivan = house.story.anna, house.story.ivan
    vera = str(rows.execute("SELECT id FROM workspace_staff WHERE email = 'vera@example.com'").fetchone()[0])  # type: ignore[index]
    assert house.client.post(page_of(anna), {"do": "own", "staff": vera}).status_code == 302
    assert "This is the account of Vera." in text(house.client.get(page_of(anna)).content.decode())
    answer = house.client.post(page_of(anna), form(house.client, anna))
    assert (answer.status_code, "Nobody corrects their own account." in answer.content.decode()) == (409, True)
    assert house.client.post(merge_of(ivan, anna)).status_code == 409
    assert house.client.post(merge_of(anna, ivan)).status_code == 409
    found = rows.execute("SELECT action FROM workspace_audit WHERE action = 'member.own-account'").fetchall()
    assert len(found) == 1
    assert hire(house, "rita").post(page_of(anna), {"do": "own", "staff": vera}).status_code == 403


def test_merging_and_undoing(house: House) -> None:
    anna, ivan, client = house.story.anna, house.story.ivan, house.client
    had = available(house, anna), available(house, ivan)
    looked = client.post(page_of(anna), {"do": "find", "q": "+1 212 555 0102"})
    assert looked.status_code == 200
    preview = merge_of(anna, ivan)
    assert f'href="{preview}"' in looked.content.decode()
    assert "Nobody else" in client.post(page_of(anna), {"do": "find", "q": "+12125550101"}).content.decode()
    shown = text(client.get(preview).content.decode())
    assert "Goes Name Иван" in shown
    assert (available(house, anna), available(house, ivan)) == had, "to look is to do nothing"
    assert client.post(preview).status_code == 302
    assert "was merged before" in client.get(preview).content.decode()
    assert client.post(preview).status_code == 302, "again it is a replay"
    assert (available(house, anna), available(house, ivan)) == (sum(had), 0)
    theirs = client.get(f"/console/members/{ivan}/history/").content.decode()
    assert "This is another member now" in theirs
    assert "for receipt" in theirs, "the old history is there to be read"
    ours = client.get(f"/console/members/{anna}/").content.decode()
    assert f'href="/console/members/{ivan}/history/">2</a>' in ours
    old = client.get(page_of(ivan)).content.decode()
    assert 'value="adjust"' not in old, "whoever has been merged is corrected as the survivor"
    found = re.search(r'href="(/console/members/[^"]+/merges/[^"]+)"', client.get(page_of(anna)).content.decode())
    assert found is not None
    assert "Points that go home" in client.get(found[1]).content.decode()
    assert (available(house, anna), available(house, ivan)) == (sum(had), 0), "to look is to do nothing"
    assert client.post(found[1]).status_code == 302
    assert (available(house, anna), available(house, ivan)) == had
    assert "two members again" in client.get(page_of(anna)).content.decode()


def test_points_given_again(house: House) -> None:
    anna = house.story.anna
    assert "Give expired points again" not in house.client.get(page_of(anna)).content.decode()
    set_value(house, "points.reinstate_days", 60)
    html = house.client.get(page_of(anna)).content.decode()
    assert "Give expired points again" in html
    had = available(house, anna)
    sent = {"do": "reinstate", "unit": "points", "token": "t-1"}
    assert house.client.post(page_of(anna), sent).status_code == 302
    assert available(house, anna) > had, "the story's points of six months ago"
    again = house.client.post(page_of(anna), sent | {"token": "t-2"})
    assert (again.status_code, "Nothing has expired" in again.content.decode()) == (409, True)


def test_the_liability_page(house: House) -> None:
    page = text(house.client.get("/console/liability/").content.decode())
    assert "Nov 2026" in page
    assert "Opening + issued" in page
    assert "do not add up" not in page
    set_value(house, "spend.value", 1)
    from verno.console.views import liability

    liability._reports = type(liability._reports)()
    assert "$" in house.client.get("/console/liability/").content.decode()


def test_it_all_speaks_russian(house: House) -> None:
    house.client.post("/console/language/", {"language": "ru"})
    for where in (page_of(house.story.anna), "/console/approvals/", "/console/liability/"):
        html = text(house.client.get(where).content.decode())
        assert not re.search(r"\b(Reason|Opening|Approve|Merge|Usable|Corrections)\b", html), where


def test_a_merge_of_long_ago_has_no_undo(house: House) -> None:
    anna, ivan = house.story.anna, house.story.ivan
    assert house.client.post(merge_of(anna, ivan)).status_code == 302
    clock.read = lambda: NOW + timedelta(days=31)
    client = Client()
    client.post("/console/sign-in/", {"email": "vera@example.com", "password": PASSWORD})
    assert "/merges/" not in client.get(page_of(anna)).content.decode()
