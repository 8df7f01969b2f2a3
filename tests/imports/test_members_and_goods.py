"""Files of members and goods."""

from datetime import UTC, date, datetime

import pytest

from tests.builders import NOW
from tests.imports.conftest import Desk
from tests.progress.builders import track
from verno.imports.types import Kind
from verno.kit import db, localtime
from verno.kit.errors import VernoError
from verno.members import queries as members
from verno.progress import engine, queries
from verno.progress import service as progress
from verno.progress.types import Fresh, Lifetime, Moved, Published, Scale, Step, Whose
from verno.rules.fields import Known


def test_members(desk: Desk) -> None:
    text = (
        "external_id;name;phone;email;birth_date;locale;attributes;consents\n"
        'm-1;Анна;+79160000001;a@example.com;1990-12-31;ru;"{""size"": 3}";'
        '"[{""topic"": ""points-statement"", ""channel"": ""email"", ""granted"": true}]"\n'
        "m-2;Борис;+79160000001;;;;;\n"
        "m-3;Вера;;;31.13.1990;;;\n"
        "m-4;Глеб;;;;;;\n"
        ";Дарья;;;;;;\n"
    )
    summary = desk.load(Kind.MEMBERS, text)
    assert (summary.accepted, summary.refused) == (2, 3)
    assert [(error.row, error.field) for error in summary.errors] == [
        (3, "phone"),
        (4, "birth_date"),
        (6, "external_id"),
    ]
    assert desk.one("SELECT name FROM members_member WHERE external_id = 'm-1'") == "Анна"
    assert desk.one("SELECT attributes FROM members_member WHERE external_id = 'm-1'") == {"size": 3}
    assert desk.one("SELECT count(*) FROM members_consent") == 1


def test_a_blank_cell_keeps_what_is_stored(desk: Desk) -> None:
    desk.load(Kind.MEMBERS, "external_id,name,phone\nm-1,Anna,+79160000001\n")
    desk.load(Kind.MEMBERS, "external_id,name,phone\nm-1,,+79160000002\n")
    assert desk.one("SELECT name FROM members_member") == "Anna"
    assert desk.one("SELECT count(*) FROM members_identity") == 1


def test_a_file_that_was_done_is_done_again(desk: Desk) -> None:
    text = "external_id,name\nm-1,Anna\n"
    desk.load(Kind.MEMBERS, text)
    desk.load(Kind.MEMBERS, "external_id,name\nm-1,Bella\n")
    assert desk.load(Kind.MEMBERS, text).accepted == 1
    assert desk.one("SELECT name FROM members_member") == "Anna"


def test_goods(desk: Desk) -> None:
    text = 'sku,name,category\nmilk,Milk,Dairy > Milk\ntea,Tea,"[""Drinks"", ""Tea""]"\n,none,\nx,,\n'
    summary = desk.load(Kind.GOODS, text)
    assert (summary.accepted, summary.refused) == (3, 1)
    assert [(error.row, error.field) for error in summary.errors] == [(4, "sku")]
    assert desk.one("SELECT category FROM catalogue_goods WHERE sku = 'milk'") == ["Dairy", "Milk"]
    assert desk.one("SELECT category FROM catalogue_goods WHERE sku = 'tea'") == ["Drinks", "Tea"]
    assert desk.one("SELECT name FROM catalogue_goods WHERE sku = 'x'") == "x"


def test_what_goods_cost(desk: Desk) -> None:
    summary = desk.load(Kind.GOODS, "sku,cost\nmilk,5990\ntea,-1\njam,\n")
    assert [(error.row, error.field) for error in summary.errors] == [(3, "cost")]
    assert desk.one("SELECT cost FROM catalogue_goods WHERE sku = 'milk'") == 5990
    assert desk.one("SELECT cost FROM catalogue_goods WHERE sku = 'jam'") is None


def test_unknown_columns_are_named(desk: Desk) -> None:
    with pytest.raises(VernoError, match="unknown 'colour', 'weight'"):
        desk.load(Kind.GOODS, "sku,colour,weight\na,b,c\n")


def test_a_formula_stays_text(desk: Desk) -> None:
    desk.load(Kind.GOODS, "sku,name\na,=1+1\n")
    assert desk.one("SELECT name FROM catalogue_goods") == "=1+1"


def test_a_file_moves_companies_to_a_group_and_their_turnover_with_them(desk: Desk) -> None:
    program, first = desk.shop.program, date(2026, 3, 1)
    desk.load(Kind.MEMBERS, "external_id,kind\nnorth,company\nsouth,company\n")
    steps = (Step(code="five", threshold=100, share=500),)
    scale = track(1, settings=Scale(whose=Whose.GROUP), window=Lifetime(), steps=steps)
    with db.transaction(program.id) as conn:
        done = progress.publish(conn, program, scale, Fresh(first), known=Known(), now=datetime(2026, 2, 1, tzinfo=UTC))
        assert isinstance(done, Published), done
        board = engine.board(queries.tracks(conn, program.id), Known(), localtime.zone(program.timezone), today=first)
        holders = members.find_holders(conn, program.id, [("external_id", name) for name in ("north", "south")])
        moved = [Moved(holder, done.stored.counter_id, first, 60) for holder in holders.values()]
        progress.count(conn, program.id, moved, on=board, now=NOW)
    told = "SELECT count(*) FROM kit_event WHERE type = 'track.step_reached.v1'"
    assert desk.one(told) == 0
    desk.load(Kind.MEMBERS, "external_id,buying_group\nnorth,g\nsouth,g\n", "groups.csv")
    assert desk.one(told) == 1
    assert desk.one("SELECT value FROM progress_tier WHERE buying_group = 'g'") == 120
