"""Import members by the console: checked first, started by a person, done by the worker, gone afterwards."""

import csv
import json
import re
from html import unescape
from string import Formatter

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.translation import override

from tests.builders import NOW
from tests.console.conftest import House
from verno.console.privacy import problems, row_problems
from verno.imports.members import taking, uploads
from verno.imports.problems import SENTENCES, Code
from verno.kit import db
from verno.members import service as members
from verno.members.companies import numbers
from verno.members.types import Topic

PAGE = "/console/members/import/"
TEXT = "Код;ФИО;Телефон;Цвет\nzp-1;Анна Плантова;+7 916 000-00-77;red\nzp-2;Борис;12;\nzp-3;Вера;;blue\n"
NO_PHONE = "is no phone number: write it with its country code"


def send(house: House, text: str = TEXT, name: str = "people.csv", columns: str = "Цвет = attr.colour") -> str:
    file = SimpleUploadedFile(name, text.encode())
    answer = house.client.post(PAGE, {"file": file, "columns": columns})
    assert answer.status_code == 302, answer.content.decode()
    return str(answer["Location"])


def work(house: House, *, stopping: bool = False) -> int:
    return uploads.work(house.story.shop.program, stopping=lambda: stopping, now=NOW)


def count(house: House) -> int:
    with db.transaction() as conn:
        row = conn.execute("SELECT count(*) FROM members_member WHERE external_id LIKE 'zp-%%'").fetchone()
    assert row
    return int(row[0])


def test_a_file_is_checked_and_then_imported(house: House) -> None:
    assert "CSV, XLSX or Parquet, up to 20 MB" in house.client.get(PAGE).content.decode()
    where = send(house)
    assert "nothing is written yet" in house.client.get(where).content.decode()
    assert "every 2s" in house.client.get(f"{where}progress/").content.decode()
    assert work(house) == 1
    assert house.client.get(f"{where}progress/")["HX-Refresh"] == "true"
    seen = house.client.get(where).content.decode()
    assert "New members" in seen
    assert count(house) == 0, "a check writes nothing"
    errors = house.client.get(f"{where}errors.csv").content.decode()
    assert errors.splitlines() == ["\ufeffrow,column,why", f"3,Телефон,{NO_PHONE}"]
    assert NO_PHONE in unescape(seen), "the page says it as well"
    assert "zp-1,a new member" in house.client.get(f"{where}changes.csv").content.decode()
    assert work(house) == 0, "it waits for a person"
    assert house.client.post(where, {"do": "start"}).status_code == 302
    assert work(house) == 1
    assert count(house) == 2
    with db.transaction() as conn:
        row = conn.execute("SELECT state, sealed IS NULL, changes IS NULL, report FROM imports_upload").fetchone()
    assert row is not None
    assert row[:3] == ("done", True, True), "the file is gone"
    assert (row[3]["accepted"], row[3]["refused"]) == (2, 1)
    assert "Плантова" not in json.dumps(row[3])


def test_the_file_is_sealed_while_it_waits(house: House) -> None:
    send(house)
    with db.transaction() as conn:
        row = conn.execute("SELECT sealed, t::text FROM imports_upload t").fetchone()
    assert row is not None
    assert "Плантова".encode() not in bytes(row[0])
    assert "Плантова".encode().hex() not in row[1]


def test_a_worker_that_is_stopped_leaves_it_to_the_next(house: House) -> None:
    where = send(house)
    work(house)
    house.client.post(where, {"do": "start"})
    assert work(house, stopping=True) == 0
    with db.transaction() as conn:
        conn.execute("UPDATE imports_upload SET claimed_until = %s", (NOW.replace(year=2025),))
    assert work(house) == 1
    assert count(house) == 2


def test_a_file_that_does_not_fit_says_so(house: House) -> None:
    where = send(house, columns="")
    work(house)
    seen = house.client.get(where).content.decode()
    assert "Цвет" in seen
    assert "is no column of members" in seen
    assert house.client.get(f"{where}errors.csv").status_code == 404
    assert house.client.get(f"{where}secret.csv").status_code == 404


@pytest.mark.parametrize("checked", [False, True])
def test_a_file_is_let_go(house: House, *, checked: bool) -> None:
    where = send(house)
    assert work(house) == 1 if checked else True
    house.client.post(where, {"do": "cancel"})
    assert work(house) == 0
    page = house.client.get(where).content.decode()
    assert "Nothing of it was kept" in page
    assert "Refused" not in page
    with db.transaction() as conn:
        row = conn.execute("SELECT sealed, errors, changes, report FROM imports_upload").fetchone()
    assert row == (None, None, None, None)


def test_a_list_that_is_cut_off_says_so(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MAX_BESIDE", 300)
    bad = "".join(f"zp-{n};;12\n" for n in range(9))
    good = "".join(f"zq-{n};Anna;\n" for n in range(30))
    where = send(house, "id;name;phone\n" + bad + good, columns="")
    work(house)
    house.client.post("/console/language/", {"language": "ru"})
    for part, columns in (("errors", 3), ("changes", 6)):
        lines = list(csv.reader(house.client.get(f"{where}{part}.csv").content.decode("utf-8-sig").splitlines()))
        assert 2 < len(lines) < (9 if part == "errors" else 30)
        assert {len(one) for one in lines} == {columns}
        assert lines[-1][-1].startswith("Есть и другие")
    assert house.client.get(where).status_code == 200


def test_what_cannot_be_taken_is_refused_at_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = house.client.post(PAGE, {"file": SimpleUploadedFile("a.csv", b"id\n1\n"), "columns": "nothing"})
    assert (bad.status_code, "Write a line for each column" in bad.content.decode()) == (422, True)
    assert house.client.post(PAGE, {}).status_code == 422
    monkeypatch.setattr("verno.console.privacy.importing.UploadForm.most", 3)
    large = house.client.post(PAGE, {"file": SimpleUploadedFile("a.csv", b"id\n1\n")})
    assert (large.status_code, "too large for this page" in large.content.decode()) == (422, True)


@pytest.mark.parametrize("role", ["support", "marketer", "analyst"])
def test_owners_and_administrators_import(house: House, role: str) -> None:
    with db.transaction() as conn:
        conn.execute("UPDATE workspace_staff SET role = %s", (role,))
    assert house.client.get(PAGE).status_code == 403


HEADERS = "name,Имя,consent.sales.email,consent.news.fax,attr.x:colour,attr.y:choice,Рост,consent.topic,phone,Телефон"


@pytest.mark.parametrize(
    ("data", "sentences"),
    [
        (b" ", 1),
        ("id,name\n1,Анна\n".encode("utf-16"), 1),
        (b"\xd0\xcf\x11\xe0 old", 1),
        (b"PK\x03\x04" + bytes(100), 1),
        (b"PAR1 and nothing else", 1),
        (b"\x89PNG\r\n\x1a\n\x00\x00", 1),
        (HEADERS.encode() + b"\n", 11),
    ],
    ids=["empty", "utf-16", "old", "xlsx", "parquet", "png", "columns"],
)
def test_why_a_file_is_not_read_is_said_in_the_readers_language(house: House, data: bytes, sentences: int) -> None:
    with db.transaction() as conn:
        members.ensure_topics(conn, house.story.shop.program.id, [Topic("news", "marketing")])
    answer = house.client.post(PAGE, {"file": SimpleUploadedFile("people.csv", data), "columns": "Цвет = attr.colour"})
    work(house)
    with db.transaction() as conn:
        (found,) = uploads.uploads(conn, house.story.shop.program.id)
    with override("ru"):
        said = problems.said(found.problems)
    assert len(said) == sentences, said
    assert all(re.match(r"[«%]?[\w.:]*[ »]", one) and re.search("[а-я]{3}", one) for one in said), said
    assert not [one for one in said if "upload" in one or "--map" in one], said
    with override("en"):
        told = problems.said(found.problems)
    page = unescape(house.client.get(answer["Location"]).content.decode())
    assert all(one in page for one in told), told


def places(sentence: str) -> set[str]:
    """Return the values that an English sentence names."""
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


@pytest.mark.parametrize("code", [one for one in Code if one is not Code.SAID])
def test_each_code_has_words_in_both_languages(code: Code) -> None:
    with override("en"):
        english = str(problems.WORDS[code])
    with override("ru"):
        russian = str(problems.WORDS[code])
    assert re.search("[a-z]{3}", english)
    assert re.search("[а-я]{3}", russian), "no Russian words"
    values = set(re.findall(r"%\((\w+)\)s", english))
    assert values == set(re.findall(r"%\((\w+)\)s", russian))
    assert values <= places(SENTENCES[code]), "the importer gives what the sentence for the command line says"


def test_a_sentence_that_was_kept_before_there_were_codes_is_shown_as_it_is(house: House) -> None:
    where = send(house)
    old = "upload.csv is 100% “{strange}”: %(name)s"
    with db.transaction() as conn:
        conn.execute("UPDATE imports_upload SET state = 'failed', problem = %s", (old,))
    assert old in unescape(house.client.get(where).content.decode())


ROWS = """\
zr-1;12;;;;;;;
zr-2;;a@;;;;;;
zr-3;;;x;;;;;
zr-4;+79160000077;;;;;;;
zr-5;+79160000077;;;;;;;
zr-6;;;;1700-01-01;;;;
zr-7;;;;31.02.1990;;;;
zr-8;;;;soon;;;;
zr-9;;;;;maybe;;;
zr-10;;;;;;robot;;
zr-11;;;;;;;three;
zr-12;;;;;;;;{
zr-13;;;;;;;;[]
zr-14;;;;;;;;{"topics": 1}
zr-15;;;;;;;;{"most_per": 9}
zr-16;;;;;;;;{"paused_until": "2099-01-01T00:00:00Z"}
zr-17;;;;;;;9007199254740993;
zr-18;=1+1;;;;;;;
zr-19;7.91600E+10;;;;;;;
;;;;;;;;
;;a@example.org;;;;;;
zr-22;;;;;;;;;;
zr-23;;;;;;;;[1
"""
HEAD = "id;Телефон;Почта;Карта;Дата рождения;consent.news.email;kind;attr.visits:integer;wishes\n"


def test_why_a_row_is_refused_is_said_in_russian(house: House) -> None:
    """The words are the importer's, known by their look: who changes one there learns of it here."""
    with db.transaction() as conn:
        members.ensure_topics(conn, house.story.shop.program.id, [Topic("news", "marketing")])
    where = send(house, HEAD + ROWS, columns="")
    work(house)
    house.client.post("/console/language/", {"language": "ru"})
    lines = list(csv.reader(house.client.get(f"{where}errors.csv").content.decode("utf-8-sig").splitlines()))
    assert lines[0] == ["строка", "колонка", "почему"]
    assert len(lines) - 1 == len(ROWS.splitlines()) - 1, "all but the first +79160000077"
    assert [why for _, _, why in lines[1:] if not re.search("[а-я]{3}", why) or "—" in why] == []
    assert ["18", "attr.visits:integer", "число слишком велико: наибольшее целое 9007199254740992"] in lines
    page = unescape(house.client.get(where).content.decode())
    assert "Показаны первые 20" in page
    assert all(why in page for _, _, why in lines[1:21])
    assert lines[21][2] not in page


@pytest.mark.parametrize(
    "message",
    [
        *(f"bad-attribute: {hint}" for _, hint in numbers.CHECKS.values()),
        f"{taking.UNHEARD}: news/email",
        "identity-taken: row 7 of this file has this phone",
        "bad-attribute: this attribute's choices: red, blue",
        "bad-attribute: not a time zone; write it as the IANA list does: Europe/Moscow",
        "too-many-attributes: a member has at most 100",
        "unknown-place: there is no such store",
        "unknown-topic: known: news, sales",
        "there is no such channel; there are sms, email",
        "expected `str` of length <= 200",
        "expected `int`, got `str`",
    ],
)
def test_what_else_a_row_may_be_refused_for_has_russian_words(message: str) -> None:
    with override("ru"):
        said = row_problems.of_row(message)
    assert re.search("[а-я]{3}", said)
    assert "%(" not in said
    assert ("sales" in message) is ("sales" in said), "what there is helps"
    assert row_problems.of_row("something new") == "something new"


def test_what_would_change_is_said_in_russian(house: House) -> None:
    where = send(house, "id;ФИО\nzc-1;=SUM(A1)\nzc-2;Вера\nzc-2;Вера Б\n", columns="")
    work(house)
    house.client.post("/console/language/", {"language": "ru"})
    told = house.client.get(f"{where}changes.csv").content.decode("utf-8-sig").splitlines()
    assert told == [
        "строка,external_id,что произойдёт,колонка,было,стало",
        "3,zc-2,новый участник,,,",
        '4,zc-2,"тот же участник, что в строке 3: победит последняя",,,',
    ]
    refused = house.client.get(f"{where}errors.csv").content.decode("utf-8-sig").splitlines()
    assert refused[1] == "2,ФИО,это формула: сохраните вместо неё значение"
