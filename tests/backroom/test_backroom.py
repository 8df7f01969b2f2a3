"""The back room: every table is listed or left out for a reason, nothing can be changed, nobody's data are shown."""

import re
from collections.abc import Callable
from uuid import UUID

import psycopg
import pytest
from django.apps import apps
from django.db import models
from django.test import Client

from tests.builders import NOW
from tests.console.conftest import *  # noqa: F403 the story's shop and its owner
from tests.console.conftest import House
from tests.console.test_roles import hire  # noqa: F401 a maker of people
from verno.backroom.plain import Table
from verno.backroom.site import site
from verno.backroom.tables import LEFT_OUT, ROOMS
from verno.kit import db
from verno.workspace import keys
from verno.workspace.roles import GRANTS, Permission, Role

TABLES = [table for _, tables in ROOMS for table in tables]
NAMES = [table.model._meta.db_table for table in TABLES]
STRANGE = UUID("01890a5d-ac96-7bbb-8bbb-0123456789ab")
SECRET = {
    "password",
    "pin_hash",
    "secret_hash",
    "token_hash",
    "value_hash",
    "address_hash",
    "sealed",
    "wrapped",
    "email",
    "birth_date",
    "address",
    "context",
    "decision",
    "response",
    "answer",
    "request",
    "claim_code",
    "sought_hash",
    "fingerprint",
}


def address(table: Table) -> str:
    return f"/backroom/backroom/{table.model._meta.app_label}_{table.model.__name__.lower()}/"


def test_every_table_is_listed_or_left_out_for_a_reason() -> None:
    ours = {
        model._meta.db_table
        for model in apps.get_models()
        if model.__module__.startswith("verno.") and model._meta.app_label != "backroom"
    }
    assert ours - set(NAMES) - set(LEFT_OUT) == set()
    assert set(LEFT_OUT) <= ours
    assert len(NAMES) == len(set(NAMES))


@pytest.mark.parametrize("table", TABLES, ids=NAMES)
def test_no_secret_and_nobodys_data_are_read(table: Table) -> None:
    assert not SECRET & set(table.names)
    listed = next(model for model, admin in site._registry.items() if admin.table is table)
    assert not any(isinstance(column, models.BinaryField) for column in listed._meta.fields)
    shown = {column.column for column in listed._meta.fields}
    assert shown <= {*table.names, "program_id", *(name.lstrip("-") for name in table.order)}
    if table.model._meta.app_label == "members":
        assert not {"name", "attributes"} & set(table.names) or table.model.__name__ == "AttributeType"


@pytest.mark.parametrize("table", TABLES, ids=NAMES)
def test_a_list_shows_its_rows_and_its_search_finds(house: House, rows: psycopg.Connection, table: Table) -> None:
    page = house.client.get(address(table))
    assert page.status_code == 200, table.title
    found = rows.execute(f"SELECT count(*) FROM {table.model._meta.db_table}").fetchone()
    assert found
    shown = len(re.findall(r'<th class="[^"]*field-|<td class="[^"]*field-', page.content.decode())) // len(table.names)
    assert shown == min(found[0], 50), table.title
    for term in (str(STRANGE), "nothing-like-it", "'", "\x00"):
        assert house.client.get(address(table), {"q": term}).status_code == 200
    for name, codes in table.filters.items():
        assert house.client.get(address(table), {name: str(codes[0])}).status_code == 200


def test_a_row_has_a_page_that_changes_nothing(house: House, rows: psycopg.Connection) -> None:
    anna = house.story.anna
    where = f"/backroom/backroom/members_member/{anna}/change/"
    page = house.client.get(where).content.decode()
    assert anna in page
    for word in ("Anna Sample", "anna-1@example.com", 'name="_save"', "1988"):
        assert word not in page
    before = rows.execute("SELECT * FROM members_member WHERE id = %s", (anna,)).fetchone()
    for path in (where, f"{where[:-7]}delete/", "/backroom/backroom/members_member/add/"):
        assert house.client.post(path, {"external_id": "x", "post": "yes"}).status_code == 403
    acted = house.client.post(address(TABLES[0]), {"action": "delete_selected", "_selected_action": [anna]})
    assert acted.status_code in (200, 302, 403)
    assert house.client.get(f"{where[:-7]}history/").status_code == 404
    rows.rollback()
    assert rows.execute("SELECT * FROM members_member WHERE id = %s", (anna,)).fetchone() == before


def test_a_search_by_holder_finds_whole_values_only(house: House) -> None:
    where = "/backroom/backroom/intake_receipt/"
    found = house.client.get(where, {"q": house.story.anna}).content.decode()
    assert house.story.anna in found
    part = house.client.get(where, {"q": house.story.anna[:8]}).content.decode()
    assert f">{house.story.anna}<" not in part


@pytest.mark.parametrize("role", list(Role))
def test_who_may_enter(hire: Callable[..., tuple[Client, str]], house: House, role: Role) -> None:  # noqa: F811
    client = house.client if role == Role.OWNER else hire(role)[0]
    allowed = Permission.BACKROOM_READ in GRANTS[role]
    for where in ("/backroom/", address(TABLES[0]), "/backroom/jsi18n/"):
        answer = client.get(where)
        assert answer.status_code == (200 if allowed else 403), (role, where)
        if not allowed:
            assert b"holder_id" not in answer.content


def test_strangers_are_sent_to_the_staffs_sign_in(house: House) -> None:
    for where in ("/backroom/", address(TABLES[1]), "/backroom/login/", "/backroom/nowhere/", "/backroom/logout/"):
        answer = Client().get(where)
        assert answer.status_code == 302, where
        assert answer["Location"].startswith("/console/sign-in/"), where
    back = Client().post(
        "/console/sign-in/", {"email": "vera@example.com", "password": "orange lamp river 42", "next": "/backroom/"}
    )
    assert back["Location"] == "/backroom/"


def test_pages_of_passwords_are_not_kept(house: House) -> None:
    for where in ("password_change/", "password_change/done/", "search/"):
        assert house.client.get(f"/backroom/{where}").status_code == 404


def test_leaving_ends_the_session(house: House) -> None:
    assert house.client.post("/backroom/logout/").status_code == 302
    assert house.client.get("/console/").status_code == 302


def test_another_programs_rows_do_not_exist(house: House) -> None:
    with db.across_programs() as conn:
        conn.execute(
            "INSERT INTO workspace_program (id, name, currency, timezone, country, locale, created_at)"
            " VALUES (%s, 'Other', 'RUB', 'UTC', 'RU', 'ru', now())",
            (STRANGE,),
        )
        keys.create(conn, str(STRANGE), "their-key", ["members:read"], now=NOW)
    for table in TABLES:
        page = house.client.get(address(table)).content.decode()
        assert "their-key" not in page
        assert "Other" not in page, table.title


def test_pages_run_nothing_from_elsewhere(house: House) -> None:
    for where in ("/backroom/", address(TABLES[1]), f"/backroom/backroom/members_member/{house.story.anna}/change/"):
        answer = house.client.get(where)
        policy = answer["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self' 'unsafe-eval';" in policy
        assert "frame-ancestors 'none'" in policy
        assert "no-store" in answer["Cache-Control"]
        page = answer.content.decode()
        assert not re.search(r'(src|href)="(https?:)?//', page)
        assert not re.search(r"<script(?![^>]*\bsrc=)|\son[a-z]+=", page)
    assert "unsafe-eval" not in house.client.get("/console/")["Content-Security-Policy"]


def test_the_back_room_speaks_russian(house: House) -> None:
    house.client.post("/console/language/", {"language": "ru"})
    page = house.client.get("/backroom/").content.decode()
    for words in ("Переводы", "Чеки", "Сотрудники", "Записи так, как они лежат в базе"):
        assert words in page, words


def test_a_list_costs_the_same_however_long_it_is(house: House, rows: psycopg.Connection) -> None:
    """No list counts its rows, and one page is read."""
    plan = rows.execute(
        "EXPLAIN SELECT * FROM ledger_transfer WHERE program_id = %s ORDER BY holder_id, id LIMIT 51",
        (house.story.shop.program.id,),
    ).fetchall()
    assert plan
    assert site.is_registered(next(model for model in site._registry if model._meta.db_table == "ledger_transfer"))
