"""Files of members as people have them: headers, dates, phones, consents, encodings; dry runs; workbooks; bombs."""

import csv
import json
from datetime import date
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from tests.builders import NOW
from tests.imports import workbook
from tests.imports.conftest import Desk, quiet
from verno.imports import problems, service, tables
from verno.imports.members import headers, taking
from verno.imports.members.said import MAX_SAID
from verno.imports.problems import Code, NotRead
from verno.imports.types import Asked, Kind, Rehearsal, Summary
from verno.kit import batches, db
from verno.kit.errors import VernoError
from verno.members import merging, queries
from verno.members import service as members
from verno.members.attributes import registry
from verno.members.attributes.types import Attribute
from verno.members.districts import locating
from verno.members.types import AttributeKind, Topic
from verno.workspace.audit import SYSTEM

PEOPLE = "SELECT json_agg(json_build_array(external_id, name, birth_date, kind) ORDER BY external_id)"


def load(desk: Desk, path: Path, **columns: str) -> Summary:
    return service.import_file(
        desk.shop.program, Kind.MEMBERS, path, progress=quiet, tell=lambda _: None, now=NOW, asked=Asked(columns)
    )


def rehearse(desk: Desk, path: Path) -> Rehearsal:
    return service.rehearse_members(desk.shop.program, path, progress=quiet, now=NOW)


def said(desk: Desk, code: str) -> dict[str, str]:
    with db.transaction() as conn:
        holder = queries.find_holders(conn, desk.shop.program.id, [("external_id", code)])["external_id", code]
        found = queries.standings(conn, [holder], now=NOW).get(holder, [])
    return {f"{one.topic}.{one.channel}": str(one.state) for one in found}


def phone_of(desk: Desk, code: str) -> str | None:
    with db.transaction() as conn:
        (found,) = queries.search(conn, desk.shop.program.id, code)
    return found.phone


def sheet(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


@pytest.fixture
def news(desk: Desk) -> Desk:
    with db.transaction() as conn:
        members.ensure_topics(conn, desk.shop.program.id, [Topic("news", "marketing", double_opt_in=False)])
    return desk


def test_headers_are_guessed_in_russian_and_the_file_is_in_cp1251(desk: Desk) -> None:
    text = (
        "Код;Фамилия;Имя;Отчество;Мобильный телефон;E-mail;Дата рождения;Тип\r\n"
        "m-1;Петрова;Анна;Ивановна;8 (916) 000-00-01;A@Example.com;31.12.1990;физ. лицо\r\n"
        "m-2;;ООО «Ромашка»;;9160000002;;;юрлицо\r\n"
    )
    path = desk.folder / "people.csv"
    path.write_bytes(text.encode("cp1251"))
    assert load(desk, path).accepted == 2
    assert desk.one(f"{PEOPLE} FROM members_member") == [
        ["m-1", "Анна Ивановна Петрова", "1990-12-31", "person"],
        ["m-2", "ООО «Ромашка»", None, "company"],
    ]
    assert phone_of(desk, "m-1") == "+79160000001"
    assert phone_of(desk, "m-2") == "+79160000002"


def test_a_column_is_what_the_caller_says(desk: Desk) -> None:
    path = desk.folder / "people.csv"
    path.write_text("no,who,colour,secret\nm-1,Anna,red,x\n")
    with pytest.raises(VernoError, match=r"'secret' is no column of members.*external_id"):
        load(desk, path)
    done = load(desk, path, no="external_id", who="name", colour="attr.colour", secret="")
    assert done.accepted == 1
    assert desk.one("SELECT attributes FROM members_member") == {"colour": "red"}


def test_a_column_with_a_date_in_its_name_is_left_out_as_any_other(desk: Desk) -> None:
    path = desk.folder / "people.csv"
    path.write_text("id,Бонусы на 31.12.2025,pay@desk\nm-1,5,6\n")
    with pytest.raises(VernoError, match="must hold the names of the columns"):
        load(desk, path)
    assert load(desk, path, **{"Бонусы на 31.12.2025": "", "pay@desk": "attr.paid"}).accepted == 1


def test_attributes_have_their_types(desk: Desk) -> None:
    path = desk.folder / "people.csv"
    path.write_text("id,attr.size:integer,attr.vip:boolean,attr.since:date\nm-1,1 000,да,01.02.2020\nm-2,big,,\n")
    done = load(desk, path)
    assert desk.one("SELECT attributes FROM members_member") == {"size": 1000, "vip": True, "since": "2020-02-01"}
    assert [(one.row, one.field, one.message) for one in done.errors] == [
        (3, "attr.size:integer", "must be a whole number")
    ]


def test_a_list_is_one_value_after_another(desk: Desk) -> None:
    path = desk.folder / "people.csv"
    path.write_text('id,attr.likes:list\nm-1,"tea; red wine ;"\nm-2,tea\n')
    assert load(desk, path).accepted == 2
    found = "SELECT json_agg(attributes -> 'likes' ORDER BY external_id) FROM members_member"
    assert desk.one(found) == [["tea", "red wine"], ["tea"]]
    path = desk.folder / "people.jsonl"
    path.write_text(
        '{"external_id": "m-1", "attr.likes": ["milk; cold", "tea"], "attr.new": ["a", "b"]}\n'
        '{"external_id": "m-2", "attr.likes": "milk;tea", "attr.new": [["a"]]}\n'
        '{"external_id": "m-3", "attr.likes": "milk;tea", "attr.size": ["a"]}\n'
        '{"external_id": "m-4", "attr.likes": {"milk": 1}}\n'
    )
    done = load(desk, path, **{"attr.size": "attr.size:integer"})
    assert [(one.row, one.message) for one in done.errors] == [
        (3, "must be a list of texts"), (4, "must be one value"), (5, "must be a list of texts"),
    ]  # fmt: skip
    assert desk.one(found) == [["milk; cold", "tea"], ["tea"]]
    assert desk.one("SELECT attributes -> 'new' FROM members_member WHERE external_id = 'm-1'") == ["a", "b"]


def test_a_yes_from_before_never_brings_back_who_complained(news: Desk) -> None:
    """The row is taken, what does not count is told by its number; a complaint may be what the very row tells of."""
    word = {"topic": "news", "channel": "email", "method": "web-form", "text_version": "1"}
    yes = word | {"granted": True, "at": "2026-03-02T10:00:00Z"}
    spam = word | {"granted": False, "at": "2026-03-01T10:00:00Z", "method": "complaint"}
    path = news.folder / "people.jsonl"
    rows = [{"external_id": "m-1", "consents": [yes]}, {"external_id": "m-2", "consents": [spam, yes]}]
    path.write_text("\n".join(json.dumps(row) for row in rows))
    done = load(news, path)
    assert (done.accepted, done.refused, done.unheard, done.errors) == (2, 0, 1, [])
    path.write_text("\n".join(json.dumps(row) for row in [*rows, {"external_id": "m-3", "consents": [yes]}]))
    foretold = rehearse(news, path)
    assert (foretold.new, foretold.same, foretold.refused, foretold.unheard, foretold.errors) == (1, 2, 0, 1, [])
    assert foretold.errors_file is not None
    told = sheet(news.folder / foretold.errors_file)[1:]
    assert [(row, field) for row, field, _ in told] == [("3", "consents")]
    assert told[0][2] == done.notes[0].message
    assert [(one.row, one.field) for one in done.notes] == [(3, "consents")]
    assert "does not count" in done.notes[0].message
    assert done.notes[0].message.endswith(": news/email")
    assert [row[0] for row in sheet(path.with_name(str(done.errors_file)))] == ["row", "3"]
    assert said(news, "m-1") == {"news.email": "granted"}
    assert said(news, "m-2") == {"news.email": "withdrawn"}


def test_consents_are_proven_only_with_evidence(news: Desk) -> None:
    path = news.folder / "people.csv"
    path.write_text(
        "id,phone,email,consent.news.email,consent.news.sms,consent.at,consent.text_version,consent.evidence\n"
        "m-1,+79160000001,a@example.com,yes,no,01.02.2024,,\n"
        "m-2,+79160000002,b@example.com,да,,01.02.2024,3,\n"
        "m-3,+79160000003,c@example.com,да,,,,scan-77\n"
        "m-4,+79160000004,d@example.com,yes,,01.02.2999,,\n"
    )
    done = load(news, path)
    assert [(one.row, one.field) for one in done.errors] == [(5, "consent.at")]
    assert said(news, "m-1") == {"news.email": "unproven", "news.sms": "withdrawn"}
    assert said(news, "m-2") == {"news.email": "granted"}
    assert said(news, "m-3") == {"news.email": "granted"}
    count = news.one("SELECT count(*) FROM members_consent")
    load(news, path)
    assert news.one("SELECT count(*) FROM members_consent") == count, "the same file says nothing new"


def test_a_yes_without_a_date_brings_nobody_back(news: Desk) -> None:
    path = news.folder / "people.csv"
    path.write_text("id,consent.news.email\nm-1,no\n")
    load(news, path)
    path.write_text("id,consent.news.email,consent.evidence\nm-1,yes,scan-1\nm-2,yes,scan-2\n")
    load(news, path)
    assert said(news, "m-1") == {"news.email": "withdrawn"}
    assert said(news, "m-2") == {"news.email": "granted"}


def test_a_yes_without_a_date_in_the_json_column_brings_nobody_back_either(news: Desk) -> None:
    path = news.folder / "people.csv"
    path.write_text("id,consent.news.email\nm-1,no\n")
    load(news, path)
    yes = '{"topic": "news", "channel": "email", "granted": true, "text_version": "3"}'
    path.write_text("\n".join(json.dumps({"external_id": f"m-{i}", "consents": [json.loads(yes)]}) for i in (1, 2)))
    load(news, path)
    assert said(news, "m-1") == {"news.email": "withdrawn"}
    assert said(news, "m-2") == {"news.email": "unproven"}, "without a date nothing is proven"
    count = news.one("SELECT count(*) FROM members_consent")
    load(news, path)
    assert news.one("SELECT count(*) FROM members_consent") == count, "the same file says nothing new"
    assert news.one("SELECT DISTINCT method FROM members_consent") == "import"


@pytest.mark.parametrize(
    ("word", "field", "reason"),
    [
        ({"topic": "none", "channel": "email", "granted": True}, "consents[0].topic", "unknown-topic"),
        ({"channel": "email", "granted": True}, "consents[0].topic", "is required"),
        ({"topic": "news", "channel": "fax", "granted": True}, "consents[0].channel", "fax"),
        ({"topic": "news", "channel": "sms", "granted": True, "at": "2999-01-01"}, "consents[0].at", ""),
        ({"topic": "news", "channel": "sms", "granted": True, "at": "2999-01-01T00:00:00Z"}, "consents[0].at", "time-"),
        ({"purpose": "rules", "topic": "news", "granted": True}, "consents[0].topic", "for advertising alone"),
        ({"topic": "*marketing", "channel": "sms", "granted": True}, "consents[0].topic", "can be left"),
        ({"topic": "news", "channel": "sms", "granted": True, "text_sha256": "x"}, "consents[0].text_sha256", ""),
        ("yes", "consents[0]", ""),
    ],
)
def test_what_the_json_column_may_not_say(news: Desk, word: object, field: str, reason: str) -> None:
    path = news.folder / "people.jsonl"
    path.write_text(json.dumps({"external_id": "m-1", "consents": [word]}) + "\n")
    (error,) = load(news, path).errors
    assert error.field == field
    assert reason in error.message
    assert rehearse(news, path).refused == 1
    many = [{"topic": "news", "channel": "sms", "granted": False}] * (MAX_SAID + 1)
    path.write_text(json.dumps({"external_id": "m-1", "consents": many}) + "\n")
    assert load(news, path).refused == 1


@pytest.mark.parametrize(
    ("column", "value", "field"),
    [
        ("locations", [{"kind": "home", "lat": 55.1}], "locations"),
        ("locations", [{"kind": "moon"}], "locations[0].kind"),
        ("locations", [{"kind": "home"}] * 4, "locations"),
        ("locations", "home", "locations"),
        ("wishes", {"most_per": 3}, "wishes.most_per"),
        ("wishes", {"paused_until": "2999-01-01T00:00:00"}, "wishes.paused_until"),
        ("wishes", {"most": 3}, "wishes.most"),
        ("home_place", "nowhere", "home_place"),
    ],
)
def test_where_a_member_is_and_what_they_wish_is_looked_at(desk: Desk, column: str, value: object, field: str) -> None:
    path = desk.folder / "people.jsonl"
    good = {"external_id": "m-2", "home_place": "msk-1", "wishes": {"paused_until": "2026-12-01T00:00:00"}}
    path.write_text(json.dumps({"external_id": "m-1", column: value}) + "\n" + json.dumps(good) + "\n")
    assert [one.row for one in rehearse(desk, path).errors] == [2]
    done = load(desk, path)
    assert (done.accepted, done.refused) == (1, 1)
    assert done.errors[0].field == field
    assert desk.one("SELECT paused_until::text FROM members_wish") == "2026-11-30 21:00:00+00", "by the shop's clock"


@pytest.mark.parametrize("column", ["consent.news.email", "consents"])
def test_what_is_said_for_a_merged_member_is_the_survivors_word(news: Desk, column: str) -> None:
    path = news.folder / "people.csv"
    path.write_text("id,consent.news.email,consent.at,consent.text_version\nm-1,,,\nm-2,yes,2024-02-01,3\n")
    load(news, path)
    program = news.shop.program.id
    with db.transaction() as conn:
        found = queries.find_holders(conn, program, [("external_id", "m-1"), ("external_id", "m-2")])
        gone, stays = found["external_id", "m-1"], found["external_id", "m-2"]
        merging.lock(conn, program, [gone, stays])
        merging.redirect(conn, program, gone, stays, now=NOW)
    no = {"topic": "news", "channel": "email", "granted": False}
    path = news.folder / "words.jsonl"
    path.write_text(json.dumps({"external_id": "m-1", column: [no] if column == "consents" else "no"}) + "\n")
    load(news, path)
    assert said(news, "m-2") == {"news.email": "withdrawn"}


def test_wishes_and_whereabouts_of_a_merged_member_are_the_survivors(desk: Desk) -> None:
    """The quieter wish holds; a place that is known already stays, one of another kind comes along."""
    home = {"kind": "home", "postcode": "101000"}
    path = desk.folder / "people.jsonl"
    rows = [{"external_id": "m-1"}, {"external_id": "m-2", "wishes": {"most_per": 14}, "locations": [home]}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    load(desk, path)
    program = desk.shop.program.id
    with db.transaction() as conn:
        found = queries.find_holders(conn, program, [("external_id", "m-1"), ("external_id", "m-2")])
        gone, stays = found["external_id", "m-1"], found["external_id", "m-2"]
        merging.lock(conn, program, [gone, stays])
        merging.redirect(conn, program, gone, stays, now=NOW)
    places = [{"kind": "home", "postcode": "102000"}, {"kind": "work", "postcode": "103000"}]
    wish = {"most_per": 7, "paused_until": "2026-12-01T00:00:00"}
    path = desk.folder / "more.jsonl"
    path.write_text(json.dumps({"external_id": "m-1", "wishes": wish, "locations": places}) + "\n")
    assert load(desk, path).refused == 0
    with db.transaction(program) as conn:
        assert queries.wishes(conn, [gone]) == {}
        kept = queries.wishes(conn, [stays])[stays]
        assert (kept.most_per, kept.paused_until is None) == (14, False)
        assert locating.locations(conn, [gone]) == {}
        there = locating.locations(conn, [stays])[stays]
    assert {kind.value: one.postcode for kind, one in there.items()} == {"home": "101000", "work": "103000"}


def test_a_sheet_whose_header_is_lower_down_goes_on_where_it_was(desk: Desk) -> None:
    rows = [["id"], *[[f"m-{n}"] for n in range(8)]]
    path = workbook.write(desk.folder / "people.xlsx", [[], [None], *rows])
    whole = [row.number for row in tables.open_table(path).rows]
    assert whole == [*range(4, 12)], "as the spreadsheet numbers them"
    assert [row.number for row in tables.open_table(path, after_row=6).rows] == whole[3:]


def test_a_row_that_cannot_be_read_is_told_once(desk: Desk) -> None:
    path = desk.folder / "people.csv"
    path.write_text('id\nm-1\n"' + "x" * 140_000 + '"\nm-3\n')
    assert [row.number for row in tables.open_table(path).rows if row.problem] == [3]
    assert [row.number for row in tables.open_table(path, after_row=3).rows] == [4]


@pytest.mark.parametrize(
    "row",
    [
        "m1,Anna Petrova,+79161234567,",
        "id,Anna Petrova,anna@example.com",
        "m1,Anna Petrova,8 (916) 123-45-67",
        "m1,Anna Petrova,1990-12-31",
    ],
)
def test_a_members_own_row_is_no_header_and_is_repeated_nowhere(desk: Desk, row: str) -> None:
    path = desk.folder / "people.csv"
    path.write_text(row + "\n")
    with pytest.raises(NotRead) as refused:
        headers.columns(tables.open_table(path).columns, {}, ())
    told = problems.to_text(refused.value.problems) + str(refused.value)
    assert [one.code for one in refused.value.problems] == [Code.NO_HEADER]
    assert not [cell for cell in ("m1", "Petrova", "123", "anna@", "1990") if cell in told], told


def test_a_refusal_names_the_files_own_column(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "MAX_BATCH", 1)
    path = desk.folder / "people.csv"
    path.write_text(
        "Код,Телефон,Язык,Имя,attr.visits:integer\n"
        "m-1,+79160000001,,Анна,\n"
        "m-2,12,,,\n"
        "m-3,,по-русски,,\n"
        "m-4,,,,9007199254740993\n"
        "m-5,+79160000001,,,\n"
        ",,,Дора,\n"
    )
    columns = [(3, "Телефон"), (4, "Язык"), (5, "attr.visits:integer"), (6, "Телефон"), (7, "Код")]
    assert [(one.row, one.field) for one in rehearse(desk, path).errors] == columns
    assert [(one.row, one.field) for one in load(desk, path).errors] == columns


def test_a_dry_run_writes_nothing_and_says_what_would_change(desk: Desk) -> None:
    path = desk.folder / "people.csv"
    path.write_text("id,name,phone,attr.size:integer\nm-1,Anna,+79160000001,3\nm-2,Boris,+79160000002,\n")
    load(desk, path)
    path.write_text(
        "id,name,phone,attr.size:integer\n"
        "m-1,Anna,+79160000009,4\n"  # changed
        "m-2,Boris,+79160000002,\n"  # the same
        "m-3,Vera,+79160000003,\n"  # new
        "m-4,Gleb,+79160000002,\n"  # has the phone of m-2
        "m-3,Vera P,,\n"  # again
        "m-5,Dora,123,\n"
    )
    before = desk.one("SELECT md5(string_agg(m::text, '')) FROM members_member m")
    found = rehearse(desk, path)
    assert (found.new, found.changed, found.same, found.repeated, found.refused) == (1, 1, 1, 1, 2)
    assert desk.one("SELECT md5(string_agg(m::text, '')) FROM members_member m") == before
    assert desk.one("SELECT count(*) FROM members_identity") == 2
    assert desk.one("SELECT count(*) FROM intake_import_run") == 1
    changes = sheet(desk.folder / "people.csv.changes.csv")
    assert changes[1:] == [
        ["2", "m-1", "changed", "phone", "+7916•••0001", "+7916•••0009"],
        ["2", "m-1", "changed", "attributes.size", "3", "4"],
        ["4", "m-3", "new", "", "", ""],
        ["6", "m-3", "repeats", "", "row 4", "the last one wins"],
    ]
    errors = sheet(desk.folder / "people.csv.errors.csv")
    assert errors[1:] == [
        ["5", "phone", "identity-taken: another member has this phone"],
        ["7", "phone", "bad-phone: not a phone number; write it with its country code"],
    ]


def test_a_dry_run_names_special_categories_and_tells_nothing_of_them(desk: Desk) -> None:
    wanted = Attribute("allergy", AttributeKind.TEXT, {"en": "Allergy"}, sensitive=True)
    with db.transaction() as conn:
        registry.put(conn, desk.shop.program.id, wanted, now=NOW, by=SYSTEM)
    path = desk.folder / "people.csv"
    path.write_text("id,attr.allergy,phone\nm-1,peanuts,\nm-2,,12\n")
    load(desk, path)
    path.write_text("id,attr.allergy,phone\nm-1,shrimps,\nm-2,,12\n")
    rehearse(desk, path)
    changes, errors = (desk.folder / f"people.csv.{one}.csv" for one in ("changes", "errors"))
    assert sheet(changes)[1:] == [["2", "m-1", "changed", "attributes.allergy", "•••", "•••"]]
    assert [one.stat().st_mode & 0o77 for one in (changes, errors)] == [0, 0], "for their owner alone"


def test_contacts_that_two_rows_share_are_seen_over_batches(desk: Desk) -> None:
    path = desk.folder / "people.csv"
    rows = [f"m-{i},+7916{i:07d}" for i in range(1, 1501)]
    path.write_text("\n".join(["id,phone", *rows, "other,+79160000005"]) + "\n")
    assert rehearse(desk, path).refused == 1
    assert load(desk, path).refused == 1


def test_errors_lie_beside_the_file_and_hold_no_contact(desk: Desk) -> None:
    path = desk.folder / "people.csv"
    path.write_text("id,phone,email,birth_date\nm-1,7.916E+10,,\nm-2,,a b@c,\nm-3,,,+79160000001\nm-4,=1+1,,\n")
    done = load(desk, path)
    assert done.errors_file == "people.csv.errors.csv"
    text = (desk.folder / done.errors_file).read_text("utf-8-sig")
    assert "rounded by a spreadsheet" in text
    assert "holds a formula" in text
    assert not any(contact in text for contact in ("7.916E+10", "a b@c", "79160000001"))


def test_a_workbook(desk: Desk) -> None:
    path = workbook.write(
        desk.folder / "people.xlsx",
        [
            ["Код", "ФИО", "Телефон", "Дата рождения", "attr.size", "attr.vip"],
            ["m-1", "Анна & Ко", 79160000001, ("date", 33238), 3, True],
            [2, ("inline", "Борис"), 9160000002, "31.12.1990", None, None],
            ["m-3", ("f", "A1"), None, None, None, None],
        ],
    )
    done = load(desk, path)
    assert (done.accepted, [(one.row, one.field) for one in done.errors]) == (2, [(4, "ФИО")])
    assert desk.one(f"{PEOPLE} FROM members_member") == [
        ["2", "Борис", "1990-12-31", "person"],
        ["m-1", "Анна & Ко", date(1990, 12, 31).isoformat(), "person"],
    ]
    assert phone_of(desk, "m-1") == "+79160000001"
    assert desk.one("SELECT attributes FROM members_member WHERE external_id = 'm-1'") == {"size": 3, "vip": True}


def test_bombs_and_entities_are_refused(desk: Desk) -> None:
    bomb = desk.folder / "bomb.xlsx"
    with ZipFile(bomb, "w", ZIP_DEFLATED) as book, book.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
        for _ in range(1024):
            part.write(bytes(1024 * 1024))
    assert bomb.stat().st_size < 2_000_000
    with pytest.raises(VernoError, match="unpacks to far more"):
        load(desk, bomb)
    xml = '<!DOCTYPE w [<!ENTITY x SYSTEM "file:///etc/passwd">]><worksheet><sheetData/></worksheet>'
    with pytest.raises(VernoError, match="document type"):
        load(desk, workbook.write(desk.folder / "xxe.xlsx", [["id"]], sheet=xml))
    broken = desk.folder / "broken.xlsx"
    broken.write_bytes(b"PK\x03\x04" + bytes(100))
    with pytest.raises(VernoError, match="not a readable XLSX"):
        load(desk, broken)


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("id,phone,Телефон", "phone is given twice"),
        ("name", "no column is the external_id"),
        ("id,consent.sales.email", "there is no topic sales"),
        ("id,consent.points-statement.fax", "there is no channel fax"),
        ("id,attr.x:colour", "there is no type colour"),
        ("id,attr.x:choice", "declare the choices of x first"),
        ("id,consent.topic", "go together"),
    ],
)
def test_a_header_that_does_not_fit_is_refused_at_once(desk: Desk, header: str, words: str) -> None:
    path = desk.folder / "people.csv"
    path.write_text(f"{header}\nm-1\n")
    with pytest.raises(VernoError, match=words):
        load(desk, path)
    assert desk.one("SELECT count(*) FROM intake_import_run") == 0


def test_a_file_that_was_cut_off_goes_on_and_nobody_is_doubled(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    path = desk.folder / "people.csv"
    rows = [f"m-{i},+7916{i:07d}" if i != 7 else "m-7,12" for i in range(1, 3501)]
    path.write_text("\n".join(["id,phone", *rows]) + "\n")
    real, calls = taking.take, []

    def breaking(*arguments: object, **more: object) -> object:
        calls.append(1)
        if len(calls) == 3:
            message = "killed"
            raise RuntimeError(message)
        return real(*arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(taking, "take", breaking)
    with pytest.raises(RuntimeError, match="killed"):
        load(desk, path)
    assert desk.one("SELECT rows_done FROM intake_import_run") == 2001
    done = load(desk, path)
    assert (done.resumed_after_row, done.accepted, done.refused) == (2001, 1500, 1)
    assert desk.one("SELECT count(*) FROM members_member") == 3499
    assert sheet(desk.folder / "people.csv.errors.csv")[1][0] == "8", "what the first run refused is still told"
