"""Everything that is held of one member in a zip; all members to a file that comes back as it was."""

import csv
import io
import json
import re
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
from verno.imports.members.said import MAX_SAID
from verno.imports.types import Kind
from verno.kit import db
from verno.members import queries, service, stopping
from verno.members.attributes import registry
from verno.members.attributes.types import Attribute
from verno.members.consent import saying
from verno.members.consent import wishes as wishing
from verno.members.consent.saying import NewRecord
from verno.members.districts import locating
from verno.members.types import (
    Action,
    AttributeKind,
    Channel,
    ConsentFact,
    Location,
    LocationKind,
    MemberKind,
    NewConsent,
    NewMember,
    Proof,
    Purpose,
    Topic,
    Wishes,
)
from verno.privacy.exports import everybody, person, rows
from verno.privacy.exports.everybody import Format
from verno.privacy.tables import HELD
from verno.workspace.audit import SYSTEM

UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


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
    assert "9999" not in re.sub(UUID, "", everything), "but for what chance writes into ids"
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


@pytest.mark.parametrize("format_", Format)
def test_all_that_a_file_can_hold_goes_out_and_comes_back(database: str, tmp_path: Path, format_: Format) -> None:
    with db.transaction() as conn:
        shop = make_shop(conn)
        service.ensure_topics(conn, shop.program.id, [Topic("news", "marketing", double_opt_in=False)])
        wanted = Attribute("allergy", AttributeKind.TEXT, {"en": "Allergy"}, sensitive=True)
        registry.put(conn, shop.program.id, wanted, now=NOW, by=SYSTEM)
        work = Location(LocationKind.WORK, lat=55.7, lon=37.6, postcode="277777", street="Plant-Street 77")
        one = NewMember(
            "a-1", attributes={"allergy": "peanuts", "likes": ["a;b", "c"]}, home_place="msk-1", location=work
        )
        home = NewMember("a-1", location=Location(postcode="101000"))
        results = service.upsert(conn, shop.program, [one, NewMember("a-2")], now=NOW)
        service.upsert(conn, shop.program, [home], now=NOW)
        holder = results[0].member_id  # type: ignore[union-attr]
        until = NOW + timedelta(days=20)
        wishing.wish(conn, shop.program.id, {holder: Wishes(14, until)}, now=NOW)
        records = [
            NewRecord(Action.GRANT, "form", topic="news", channel=Channel.EMAIL, text_version="7", locale="ru",
                      evidence_ref="scan-7", at=NOW - timedelta(days=9), valid_until=until),
            NewRecord(Action.IMPORT, "old", topic="news", channel=Channel.SMS, evidence_ref="scan-8", at=NOW),
            NewRecord(Action.GRANT, "form", Purpose.RULES, text_version="2", at=NOW - timedelta(days=8)),
            NewRecord(Action.WITHDRAW, "page", Purpose.PROFILING, at=NOW - timedelta(days=7)),
        ]  # fmt: skip
        said = saying.say(conn, shop.program, holder, records, actor="member", now=NOW)
        assert all(isinstance(one, ConsentFact) for one in said), said
    before = whole(shop.program.id, "a-1")
    assert before["standing"] == {
        "advertising.news.email": "granted", "advertising.news.sms": "granted", "rules..": "granted",
        "profiling..": "withdrawn",
    }  # fmt: skip
    file = tmp_path / f"members.{format_}"
    everybody.export(shop.program, file, format_, by=SYSTEM, step=lambda _: None, now=NOW)
    with db.transaction() as conn:
        read = "SELECT object_id FROM workspace_audit WHERE action = 'member.read' AND detail = 'export.sensitive'"
        assert conn.execute(read.encode()).fetchall() == [(holder,)], "of the other there is nothing to read"
        for table in ("location", "wish", "identity", "key", "member"):
            conn.execute(f"DELETE FROM members_{table}".encode())
    found = imports.rehearse_members(shop.program, file, progress=quiet, now=NOW)
    assert (found.new, found.refused) == (2, 0), found
    assert "peanuts" not in file.with_name(f"{file.name}.changes.csv").read_text()
    imports.import_file(shop.program, Kind.MEMBERS, file, progress=quiet, tell=print, now=NOW)
    assert whole(shop.program.id, "a-1") == before


def whole(program_id: str, code: str) -> dict[str, object]:
    """Return all of a member that an export has, as the rooms tell it."""
    with db.transaction() as conn:
        holder = queries.find_holders(conn, program_id, [("external_id", code)])["external_id", code]
        found = queries.members(conn, program_id, [holder], sensitive=True)[holder]
        history = queries.consent_history(conn, program_id, holder, limit=50)
        words = queries.standings(conn, [holder], now=NOW)[holder]
        return {
            "attributes": found.attributes,
            "home": found.home_place,
            "places": locating.locations(conn, [holder])[holder],
            "wishes": queries.wishes(conn, [holder])[holder],
            "standing": {f"{one.purpose}.{one.topic}.{one.channel}": str(one.state) for one in words},
            "proof": {(one.purpose, one.channel, one.action, one.method, one.text_version, one.locale,
                       one.evidence_ref, one.valid_until, one.at) for one in history},
        }  # fmt: skip


def test_who_left_everything_has_left_it_in_the_next_house_too(database: str, tmp_path: Path) -> None:
    with db.transaction() as conn:
        shop = make_shop(conn)
        service.upsert(conn, shop.program, [NewMember("a-1", email="a@example.com")], now=NOW)
        holder = queries.find_holders(conn, shop.program.id, [("external_id", "a-1")])["external_id", "a-1"]
        stopping.stop(conn, shop.program.id, holder, stopping.EVERYTHING, method="page", now=NOW)
    file = tmp_path / "members.csv"
    everybody.export(shop.program, file, Format.CSV, by=SYSTEM, step=lambda _: None, now=NOW)
    with db.transaction() as conn:
        for table in ("identity", "key", "member"):
            conn.execute(f"DELETE FROM members_{table}")
    assert imports.import_file(shop.program, Kind.MEMBERS, file, progress=quiet, tell=print, now=NOW).refused == 0
    with db.transaction() as conn:
        service.ensure_topics(conn, shop.program.id, [Topic("news", "marketing")])
        anew = queries.find_holders(conn, shop.program.id, [("external_id", "a-1")])["external_id", "a-1"]
    assert anew != holder
    assert {standing(anew)[f"news.{channel}"] for channel in Channel} == {"withdrawn"}


def test_an_import_takes_as_many_words_as_an_export_has() -> None:
    assert everybody.MOST_WORDS == MAX_SAID


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
