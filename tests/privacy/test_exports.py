"""Everything that is held of one member in a zip; all members to a file that comes back as it was."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.builders import NOW, make_shop
from tests.corrections.desk import Desk
from tests.privacy.people import CARD, CHAT, CODE, DISPUTED, EMAIL, HEARD, NAME, PHONE, join, plant
from verno.imports import service as imports
from verno.imports.types import Kind
from verno.kit import db
from verno.members import queries, service
from verno.members.types import Channel, ConsentFact, MemberKind, NewConsent, NewMember, Proof, Topic
from verno.privacy.exports import everybody, person, rows
from verno.privacy.exports.everybody import Format
from verno.privacy.tables import HELD
from verno.workspace.audit import SYSTEM


@contextmanager
def quiet(title: str, total: int | None, unit: str) -> Iterator[Callable[[int], None]]:
    yield lambda _: None


def test_a_member_gets_everything_that_is_held_of_them(desk: Desk) -> None:
    someone = plant(desk)
    join(desk, "other", name="Somebody Else", phone="+79160009999")
    target = io.BytesIO()
    counts = person.write(desk.conn, desk.shop.program, someone.id, target, by=SYSTEM, now=NOW)
    with ZipFile(target) as archive:
        names = set(archive.namelist())
        whole = json.loads(archive.read("everything.json"))
        consents = list(csv.DictReader(io.StringIO(archive.read("consents.csv").decode("utf-8-sig"))))
        everything = b"".join(archive.read(name) for name in names).decode()
    assert whole["profile"][0]["name"] == NAME
    assert {one["kind"]: one["value"] for one in whole["identities"]} == {
        "phone": PHONE, "email": EMAIL, "card": CARD,
    }  # fmt: skip
    assert [one["points"] for one in whole["points"] if one["kind"] == "earn"] == [450, 30]
    assert whole["balances"][0]["held"] == 10
    assert whole["receipts"][0]["number"] == "S-1"
    assert whole["receipt_lines"][0]["sku"] == "sku-1"
    assert whole["messages"][0]["context"] == {"dish": "figs-for-plantova"}
    assert {one["evidence_ref"] for one in consents} >= {"scan-plantova"}
    assert counts["badges"] == 1
    assert whole["profile"][0]["attributes"] == {"colour": "plum-coloured", "allergy": "peanuts-of-zp"}, "sensitive too"
    assert (whole["profile"][0]["home_place"], "folded" in whole["profile"][0]) == ("msk-1", False)
    (place,) = whole["locations"]
    assert (place["kind"], place["street"], place["lat"]) == ("work", "Plant-Street 77", 55.7712)
    assert place["districts"] == ["zp-district"]
    assert [(one["kind"], one["address"]) for one in whole["devices"]] == [("telegram", CHAT)]
    assert [one["text"] for one in whole["words"]] == [HEARD]
    assert [(one["words"], one["answer"]) for one in whole["disputes"]] == [(DISPUTED, "we looked")]
    assert [one["role"] for one in whole["household"]] == ["head"]
    assert [(one["role"], one["name"]) for one in whole["contacts"]] == [("accountant", NAME)]
    assert [one["url"] for one in whole["clicks"]] == ["https://zp-letter.example/"]
    assert [one["times"] for one in whole["openings"]] == [1]
    assert [(one["broadcast"], one["templates"]) for one in whole["broadcasts"]] == [("Figs of May", ["notice"])]
    assert "Somebody Else" not in everything
    assert "9999" not in everything
    assert not any(one in everything for one in someone.hashes), "hashes are ours"
    row = desk.conn.execute("SELECT action, object_id FROM workspace_audit ORDER BY at DESC, id DESC LIMIT 1")
    assert row.fetchone() == ("member.export", someone.id)


def test_a_company_gets_who_speaks_for_it(desk: Desk) -> None:
    plant(desk)
    firm = desk.conn.execute("SELECT id::text FROM members_member WHERE external_id = 'firm'").fetchone()
    assert firm
    (one,) = rows.everything(desk.conn, desk.program_id, [firm[0]])["contacts"]
    assert (one["role"], one["name"], one["email"]) == ("accountant", NAME, EMAIL)


def test_every_export_that_is_promised_is_made(desk: Desk) -> None:
    made = rows.everything(desk.conn, desk.program_id, [plant(desk).id])
    assert set(made) == {held.export for held in HELD.values() if held.export}


def test_whoever_was_merged_is_part_of_the_member(desk: Desk) -> None:
    someone = plant(desk)
    twin = join(desk, "twin", name="Zina Twin")
    desk.merge(twin, someone.id)
    target = io.BytesIO()
    person.write(desk.conn, desk.shop.program, someone.id, target, by=SYSTEM, now=NOW)
    with ZipFile(target) as archive:
        assert {one["external_id"] for one in json.loads(archive.read("everything.json"))["profile"]} == {CODE, "twin"}


@pytest.mark.parametrize("format_", Format)
def test_members_go_out_and_come_back_as_they_were(database: str, tmp_path: Path, format_: Format) -> None:
    with db.transaction() as conn:
        shop = make_shop(conn)
        service.ensure_topics(conn, shop.program.id, [Topic("news", "marketing", double_opt_in=False)])
        wanted = [
            NewMember(
                "a-1", name="=HYPERLINK(1)", phone="+79160000001", email="a@example.com", card="AAAA1",
                birth_date=date(1990, 12, 31), locale="ru", attributes={"size": 3, "vip": True, "note": 'a,b\n"c"'},
                consents=[NewConsent("news", Channel.EMAIL, granted=True, text_version="7", method="form")],
            ),
            NewMember("a-2", name="Ромашка", kind=MemberKind.COMPANY, buying_group="g"),
            NewMember("a-3"),
        ]  # fmt: skip
        service.upsert(conn, shop.program, wanted, now=NOW)
    file = tmp_path / f"members.{format_}"
    assert everybody.export(shop.program, file, format_, by=SYSTEM, step=lambda _: None, now=NOW) == 3
    assert file.stat().st_mode & 0o77 == 0
    before = everything(shop.program.id)
    found = imports.rehearse_members(shop.program, file, progress=quiet, now=NOW)
    assert (found.same, found.changed, found.new, found.refused) == (3, 0, 0, 0), found
    with db.transaction() as conn:
        conn.execute("DELETE FROM members_identity")
        conn.execute("DELETE FROM members_key")
        conn.execute("DELETE FROM members_member")
    done = imports.import_file(shop.program, Kind.MEMBERS, file, progress=quiet, tell=print, now=NOW)
    assert (done.accepted, done.refused) == (3, 0)
    assert everything(shop.program.id) == before


def test_a_yes_that_waits_to_be_confirmed_comes_back_as_one(database: str, tmp_path: Path) -> None:
    earlier = NOW - timedelta(days=3)
    with db.transaction() as conn:
        shop = make_shop(conn)
        service.ensure_topics(conn, shop.program.id, [Topic("news", "marketing"), Topic("tips", "marketing")])
        said = [
            NewConsent("news", Channel.EMAIL, granted=True, text_version="7", method="form", at=earlier),
            NewConsent("news", Channel.PUSH, granted=True, method="form", at=earlier),
            NewConsent("tips", Channel.PUSH, granted=False, method="page", at=earlier),
        ]
        service.upsert(conn, shop.program, [NewMember("a-1", email="a@example.com", consents=said)], now=NOW)
        holder = queries.find_holders(conn, shop.program.id, [("external_id", "a-1")])["external_id", "a-1"]
        over = ConsentFact(holder, "tips", Channel.EMAIL, granted=True, at=earlier, method="form", text_version="7",
                           proof=Proof(valid_until=NOW - timedelta(days=1)))  # fmt: skip
        service.record_consents(conn, shop.program.id, [over], now=NOW)
    before = standing(holder)
    assert before == {
        "news.email": "unconfirmed", "news.push": "unproven", "tips.push": "withdrawn", "tips.email": "expired",
    }  # fmt: skip
    file = tmp_path / "members.csv"
    everybody.export(shop.program, file, Format.CSV, by=SYSTEM, step=lambda _: None, now=NOW)
    imports.import_file(shop.program, Kind.MEMBERS, file, progress=quiet, tell=print, now=NOW)
    assert standing(holder) == before, "where they are"
    with db.transaction() as conn:
        for table in ("identity", "key", "member"):
            conn.execute(f"DELETE FROM members_{table}")
    imports.import_file(shop.program, Kind.MEMBERS, file, progress=quiet, tell=print, now=NOW)
    with db.transaction() as conn:
        anew = queries.find_holders(conn, shop.program.id, [("external_id", "a-1")])["external_id", "a-1"]
    assert standing(anew) == {key: state for key, state in before.items() if state != "expired"}, "in a new house"


def standing(holder: str) -> dict[str, str]:
    with db.transaction() as conn:
        found = queries.standings(conn, [holder], now=NOW).get(holder, [])
    return {f"{one.topic}.{one.channel}": str(one.state) for one in found}


def everything(program_id: str) -> dict[str, object]:
    """Return all members as they are read, but for the ids and moments of our own."""
    with db.transaction() as conn:
        ids = [id_ for id_, _ in queries.page(conn, program_id, after=None, limit=10)]
        found = queries.members(conn, program_id, ids).values()
    return {one.external_id: (one.name, one.phone, one.email, one.card, one.birth_date, one.locale, one.attributes,
                              one.kind, one.buying_group, [(c.topic, c.state, c.at) for c in one.consents])
            for one in found}  # fmt: skip
