"""What each role finds in the console: its rooms, masked people, and nothing else; the staff; the audit."""

import re
from collections.abc import Callable

import psycopg
import pytest
from django.test import Client

from tests.builders import NOW
from tests.console.conftest import PASSWORD, House
from tests.console.test_pages import address
from verno.console import urls
from verno.console.rooms import ANYBODY, NEEDS, OPEN
from verno.kit import db
from verno.workspace import audit, staff
from verno.workspace.audit import Actor, ActorKind
from verno.workspace.roles import GRANTS, Permission, Role
from verno.workspace.staff import Added, NewStaff

BY = Actor(ActorKind.OPERATOR, "0")
Hire = Callable[..., tuple[Client, str]]


@pytest.fixture
def hire(house: House) -> Hire:
    """Return a maker of people who come through their invitation: (client, id)."""

    def make(role: Role, *places: str) -> tuple[Client, str]:
        wanted = NewStaff(f"{role}@example.com", f"The {role}", role, places)
        with db.transaction() as conn:
            done = staff.add(conn, house.story.shop.program.id, wanted, by=BY, now=NOW)
        assert isinstance(done, Added)
        client = Client()
        answer = client.post(f"/console/welcome/{done.token}", {"password": PASSWORD, "locale": "en"})
        assert (answer.status_code, answer["Location"]) == (302, "/console/"), answer.content
        return client, done.staff.id

    return make


def test_every_page_has_its_row() -> None:
    """A page without one opens for owners alone; that is a net, not a plan."""
    named = {pattern.name for pattern in urls.urlpatterns}
    assert named - OPEN - ANYBODY == set(NEEDS)


@pytest.mark.parametrize("role", [role for role in Role if role != Role.OWNER])
def test_a_role_opens_its_pages_and_no_other(house: House, hire: Hire, role: Role) -> None:
    client, _ = hire(role)
    for pattern in urls.urlpatterns:
        if pattern.name is None or pattern.name in OPEN | ANYBODY:
            continue
        where = address(pattern, house.story.anna)
        allowed = NEEDS[pattern.name] in GRANTS[role]
        for method in ("GET", "POST"):
            sent = {"do": "x", "q": "anna-1@example.com"}
            answer = client.get(where) if method == "GET" else client.post(where, sent)
            if allowed:
                # To look and to change are two rights: a page may refuse what it shows a form for to others.
                refused = {403} if method == "POST" else set()
                assert answer.status_code in {200, 302, 404, 405, 422} | refused, (role, where)
            elif where == "/console/" and answer.status_code == 302:
                assert answer["Location"] != "/console/"
            else:
                assert answer.status_code == 403, (role, where)
                for word in ("Anna", "anna-1", "+1212", "Bananas"):
                    assert word not in answer.content.decode(), (role, where)


def test_the_menu_shows_what_opens(hire: Hire, rows: psycopg.Connection) -> None:
    client, _ = hire(Role.CASHIER)
    front = client.get("/console/", follow=True)
    assert front.redirect_chain == [("/console/members/", 302)]
    page = front.content.decode()
    assert "Dashboard" not in page
    assert "Audit" not in page
    developer, _ = hire(Role.DEVELOPER)
    assert "/backroom/" in developer.get("/console/", follow=True).content.decode()
    rows.execute("UPDATE workspace_staff SET role = 'ghost' WHERE role = 'cashier'")
    rows.commit()
    for where in ("/console/", "/console/members/", "/backroom/"):
        refused = client.get(where)
        assert refused.status_code == 403
        assert "Sign out" in refused.content.decode()


def test_an_analyst_sees_figures_and_nobodys_name(house: House, hire: Hire, rows: psycopg.Connection) -> None:
    client, _ = hire(Role.ANALYST)
    anna = house.story.anna
    personal = ["Anna Sample", "Sample", "anna-1@example.com", "+12125550101", "4000-0001", "29 Feb 1988", "Пример"]
    pages = [client.get("/console/"), client.get("/console/figures/")]
    pages += [client.get(f"/console/members/{anna}/{tab}") for tab in ("", "history/", "receipts/", "messages/")]
    pages += [client.post("/console/members/", {"q": text}) for text in ("anna-1@example.com", "4000-0001", "1")]
    for page in pages:
        assert page.status_code == 200
        for word in personal:
            typed = page.request.get("REQUEST_METHOD") == "POST" and f'value="{word}"' in page.content.decode()
            assert word not in page.content.decode() or typed, (page.request["PATH_INFO"], word)
    assert "A•••" in pages[2].content.decode()
    assert f"/console/members/{anna}/" in pages[6].content.decode()
    by_name = client.post("/console/members/", {"q": "anna"}).content.decode()
    assert f"/console/members/{anna}/" not in by_name, "parts of names would be guessed from what is found"
    found = rows.execute("SELECT id FROM messaging_message WHERE holder_id = %s", (anna,)).fetchone()
    assert found
    assert client.get(f"/console/members/{anna}/messages/{found[0]}/").status_code == 403
    assert "<iframe" not in pages[5].content.decode()


def test_figures_of_the_whole_program_are_not_one_stores(hire: Hire) -> None:
    client, _ = hire(Role.STORE_MANAGER, "msk-1")
    assert client.get("/console/figures/").status_code == 403
    assert client.get("/console/", follow=True).redirect_chain == [("/console/members/", 302)]


def test_who_is_let_go_is_out_with_the_next_request(house: House, hire: Hire) -> None:
    client, id_ = hire(Role.ADMIN)
    assert client.get("/console/").status_code == 200
    house.client.post(f"/console/staff/{id_}/", {"do": "deactivate"})
    assert client.get("/console/").status_code == 302
    answer = client.post("/console/sign-in/", {"email": "admin@example.com", "password": PASSWORD})
    assert answer.status_code == 422


def test_an_owner_adds_somebody_and_sees_the_link_once(house: House, rows: psycopg.Connection) -> None:
    form = {"name": "Olga", "email": "Olga@Example.com", "role": "cashier", "places": ["msk-1"], "locale": "ru"}
    page = house.client.post("/console/staff/", form)
    assert page.status_code == 200
    found = re.search(r'value="http://127\.0\.0\.1:8000(/console/welcome/[^"]+)"', page.content.decode())
    assert found
    assert found[1] not in house.client.get("/console/staff/").content.decode()
    assert rows.execute("SELECT email, role, places FROM workspace_staff WHERE role <> 'owner'").fetchall() == [
        ("olga@example.com", "cashier", ["msk-1"])
    ]
    guest = Client()
    assert "olga@example.com" in guest.get(found[1]).content.decode()
    assert guest.post(found[1], {"password": "short", "locale": "ru"}).status_code == 422
    assert guest.post(found[1], {"password": "olga@example.com", "locale": "ru"}).status_code == 422
    assert guest.post(found[1], {"password": PASSWORD, "locale": "ru"}).status_code == 302
    assert "Участники" in guest.get("/console/", follow=True).content.decode()
    assert Client().get(found[1]).status_code == 404, "the link works once"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"email": "vera@example.com"}, "under this e-mail already"),
        ({"email": "nobody"}, "valid email"),
        ({"role": "god"}, "Select a valid choice"),
        ({"places": ["nowhere"]}, "Select a valid choice"),
        ({"external_id": "a b"}, "without spaces"),
        ({"name": ""}, "required"),
    ],
)
def test_a_bad_form_adds_nobody(house: House, rows: psycopg.Connection, change: dict[str, object], words: str) -> None:
    form = {"name": "Olga", "email": "olga@example.com", "role": "cashier", "locale": "ru"}
    page = house.client.post("/console/staff/", form | change)
    assert page.status_code == 422
    assert words in page.content.decode()
    assert rows.execute("SELECT count(*) FROM workspace_staff").fetchone() == (1,)


def test_an_admin_makes_no_owner_and_changes_none(house: House, hire: Hire, rows: psycopg.Connection) -> None:
    client, mine = hire(Role.ADMIN)
    form = {"name": "Olga", "email": "olga@example.com", "role": "owner", "locale": "ru"}
    assert client.post("/console/staff/", form).status_code == 422
    owner = rows.execute("SELECT id FROM workspace_staff WHERE role = 'owner'").fetchone()
    assert owner
    for do in ("role", "pin", "invite", "deactivate"):
        answer = client.post(
            f"/console/staff/{owner[0]}/", {"do": do, "role": "cashier", "pin": "4711", "again": "4711"}
        )
        assert answer.status_code == 403, do
    assert client.post(f"/console/staff/{mine}/", {"do": "role", "role": "owner"}).status_code == 403
    roles = rows.execute("SELECT role, pin_hash FROM workspace_staff ORDER BY role").fetchall()
    assert roles == [("admin", None), ("owner", None)]


def test_nobody_changes_their_own_role(house: House, rows: psycopg.Connection) -> None:
    owner = rows.execute("SELECT id FROM workspace_staff").fetchone()
    assert owner
    where = f"/console/staff/{owner[0]}/"
    for do in ("role", "invite", "deactivate"):
        assert house.client.post(where, {"do": do, "role": "cashier"}).status_code == 403
    assert house.client.post(where, {"do": "pin", "pin": "4711", "again": "4711"}).status_code == 302


def test_one_person_is_changed(house: House, hire: Hire, rows: psycopg.Connection) -> None:
    _, id_ = hire(Role.STORE_MANAGER)
    where = f"/console/staff/{id_}/"
    assert house.client.post(where, {"do": "pin", "pin": "1234", "again": "1234"}).status_code == 422
    assert house.client.post(where, {"do": "pin", "pin": "4711", "again": "4712"}).status_code == 422
    assert house.client.post(where, {"do": "pin", "pin": "4711", "again": "4711"}).status_code == 302
    assert house.client.post(where, {"do": "role", "role": "auditor", "places": ["msk-1"]}).status_code == 302
    assert "/console/welcome/" in house.client.post(where, {"do": "invite"}).content.decode()
    assert house.client.post(where, {"do": "deactivate"}).status_code == 302
    assert house.client.post(where, {"do": "activate"}).status_code == 302
    assert house.client.post(where, {"do": "nonsense"}).status_code == 404
    row = rows.execute("SELECT role, places, is_active FROM workspace_staff WHERE id = %s", (id_,)).fetchone()
    assert row == ("auditor", ["msk-1"], True)


def test_the_audit_tells_who_did_what(house: House, hire: Hire) -> None:
    _, id_ = hire(Role.CASHIER)
    house.client.post(f"/console/staff/{id_}/", {"do": "role", "role": "support"})
    auditor, _ = hire(Role.AUDITOR)
    page = auditor.get("/console/audit/").content.decode()
    for words in ("Role changed", "cashier&gt;support", "Vera", "The cashier", "Command line", "127.0.0.1"):
        assert words in page, words
    with db.transaction() as conn:
        changed = next(e for e in audit.page(conn, house.story.shop.program.id) if e.action == "staff.role")
    assert (changed.actor_kind, changed.address) == ("staff", "127.0.0.1")
    assert Permission.AUDIT_READ not in GRANTS[Role.SUPPORT]


def test_the_audit_has_pages(house: House) -> None:
    with db.transaction() as conn:
        for n in range(120):
            audit.record(
                conn, house.story.shop.program.id, BY, "test.row", ("member", house.story.anna), now=NOW, detail=f"n{n}"
            )
    seen, page = 0, house.client.get("/console/audit/").content.decode()
    while True:
        seen += page.count("test.row")
        found = re.search(r'href="([^"]+)" rel="next"', page)
        if not found:
            break
        page = house.client.get(found[1]).content.decode()
    assert seen == 120
    assert house.client.get("/console/audit/?before=zzz").status_code == 404
