"""Uploads that fare badly: a worker that dies, a file that is none; nothing is told twice or lost."""

from collections.abc import Callable
from datetime import datetime, timedelta
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from tests.builders import NOW
from tests.imports import workbook
from tests.imports.conftest import Desk
from verno.imports import runs
from verno.imports.members import taking, uploads
from verno.imports.members.uploads import MAX_CLAIMS, Upload
from verno.imports.problems import Code, NotRead
from verno.kit import db
from verno.kit.errors import Unavailable, VernoError
from verno.members import service as members
from verno.members.types import AttributeKind
from verno.workspace.audit import SYSTEM

ROWS = [f"m-{i},+7916{i:07d}" if i % 1000 != 7 else f"m-{i},12" for i in range(1, 3501)]
TEXT = "\n".join(["id,phone", *ROWS]) + "\n"
BAD = ["8", "1008", "2008", "3008"]


def send(desk: Desk, data: bytes, name: str = "people.csv", *, at: datetime = NOW) -> str:
    with db.transaction() as conn:
        return uploads.add(conn, desk.shop.program.id, name, data, {}, by=SYSTEM, now=at)


def start(desk: Desk, id_: str) -> None:
    with db.transaction() as conn:
        assert uploads.start(conn, desk.shop.program.id, id_, by=SYSTEM, now=NOW)


def work(desk: Desk, stopping: Callable[[], bool] = lambda: False) -> int:
    """Work a round, long after the last lease."""
    with db.transaction() as conn:
        conn.execute("UPDATE imports_upload SET claimed_until = %s", (NOW - timedelta(days=1),))
    return uploads.work(desk.shop.program, stopping=stopping, now=NOW)


def one(desk: Desk, id_: str) -> Upload:
    with db.transaction() as conn:
        (found,) = uploads.uploads(conn, desk.shop.program.id, id_)
    return found


def refused(desk: Desk, id_: str) -> list[str]:
    """Return the rows that were refused."""
    with db.transaction() as conn:
        data = uploads.beside(conn, desk.shop.program.id, id_, "errors") or b""
    return [line.split(",")[0] for line in data.decode("utf-8-sig").splitlines()[1:]]


def test_a_stopped_worker_takes_no_refusal_with_it(desk: Desk) -> None:
    id_ = send(desk, TEXT.encode())
    assert work(desk) == 1
    start(desk, id_)
    asked: list[int] = []

    def stopping() -> bool:
        asked.append(1)
        return len(asked) > 3  # once for the file's bytes, then after each batch

    assert work(desk, stopping) == 0
    assert work(desk) == 1
    assert (one(desk, id_).state, refused(desk, id_)) == ("done", BAD)


@pytest.mark.parametrize("where", ["before", "after"])
def test_a_dead_worker_takes_none_either_and_none_is_told_twice(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    id_ = send(desk, TEXT.encode())
    work(desk)
    start(desk, id_)
    module, name = (taking, "take") if where == "before" else (runs, "move_run")
    real, calls = getattr(module, name), []

    def breaking(*arguments: object, **more: object) -> object:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(*arguments, **more)

    monkeypatch.setattr(module, name, breaking)
    with pytest.raises(KeyboardInterrupt):
        work(desk)
    assert work(desk) == 1
    assert (one(desk, id_).state, refused(desk, id_)) == ("done", BAD)
    assert desk.one("SELECT count(*) FROM members_member") == 3496


def test_a_file_that_breaks_the_worker_is_given_up_and_holds_up_nobody(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = send(desk, b"id\nm-2\n")
    id_ = send(desk, b"id\nm-1\n", at=NOW - timedelta(hours=1))

    def breaking(*_: object, **__: object) -> object:
        message = "what nobody thought of"
        raise ZeroDivisionError(message)

    with monkeypatch.context() as patched:
        patched.setattr("verno.imports.service.rehearse_members", breaking)
        assert work(desk) == 0
    assert uploads.work(desk.shop.program, stopping=lambda: False, now=NOW) == 1
    assert (one(desk, id_).state, one(desk, other).state) == ("checking", "checked")
    with monkeypatch.context() as patched:
        patched.setattr("verno.imports.service.rehearse_members", breaking)
        for _ in range(MAX_CLAIMS - 1):
            work(desk)
    assert one(desk, id_).state == "failed"
    assert f"in {MAX_CLAIMS} tries" in str(NotRead(*one(desk, id_).problems))
    assert work(desk) == 0


def test_a_file_that_ends_the_worker_is_given_up_too(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    id_ = send(desk, b"id\nm-1\n")

    def killed(*_: object, **__: object) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr("verno.imports.service.rehearse_members", killed)
    for _ in range(MAX_CLAIMS):
        with pytest.raises(KeyboardInterrupt):
            work(desk)
    assert work(desk) == 1
    assert one(desk, id_).state == "failed"


def test_a_stop_is_no_try(desk: Desk) -> None:
    id_ = send(desk, b"id\nm-1\n")
    for _ in range(MAX_CLAIMS + 1):
        assert work(desk, lambda: True) == 0
    assert work(desk) == 1
    assert one(desk, id_).state == "checked"


def damaged(desk: Desk) -> bytes:
    """Make a workbook whose sheet is damaged in the middle of what was deflated."""
    path = workbook.write(desk.folder / "x.xlsx", [["id", "name"], *[[f"m-{i}", f"n{i * 7919}"] for i in range(5000)]])
    with ZipFile(path) as book:
        part = book.getinfo("xl/worksheets/sheet1.xml")
    data = bytearray(path.read_bytes())
    middle = part.header_offset + part.compress_size // 2
    data[middle : middle + 64] = b"\xff" * 64
    return bytes(data)


def sheet(xml: str) -> Callable[[Desk], bytes]:
    """Make a workbook of a sheet's XML."""
    return lambda desk: workbook.write(desk.folder / "x.xlsx", [["id"]], sheet=xml).read_bytes()


def nothing(desk: Desk) -> bytes:
    """Make a zip that is no workbook."""
    path = desk.folder / "n.xlsx"
    with ZipFile(path, "w", ZIP_DEFLATED) as book:
        book.writestr("a", "b")
    return path.read_bytes()


HEAD = '<row r="1"><c r="A1" t="inlineStr"><is><t>id</t></is></c></row>'


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (damaged, "damaged|not a readable"),
        (nothing, "not a readable"),
        (sheet('<worksheet><row r="1"><c s="x"><v>1</v></c></row></worksheet>'), "not a readable"),
        (sheet('<worksheet><row r="z"><c><v>1</v></c></row></worksheet>'), "not a readable"),
        (sheet(f'<worksheet>{HEAD}<row r="{10**30}"><c r="A2"><v>1</v></c></row></worksheet>'), "damaged|readable"),
        (sheet('<worksheet><row r="1"><c r="ß1"><v>1</v></c></row></worksheet>'), "external_id"),
        (lambda _: "\ufeff".encode(), "external_id|is empty"),
    ],
)
def test_a_bad_file_ends_its_upload_with_a_sentence(desk: Desk, make: Callable[[Desk], bytes], words: str) -> None:
    id_ = send(desk, make(desk), "Люди.xlsx")
    assert work(desk) == 1
    found = one(desk, id_)
    assert found.state == "failed"
    with pytest.raises(VernoError, match=words):
        raise NotRead(*found.problems)


def test_a_long_name_of_letters_that_are_two_bytes_each(desk: Desk) -> None:
    id_ = send(desk, b"id,phone\nm-1,12\n", "я" * 144 + ".csv")
    assert work(desk) == 1
    assert (one(desk, id_).state, refused(desk, id_)) == ("checked", ["2"])


@pytest.mark.timeout(20)
@pytest.mark.parametrize("number", ["1e999999999", "1e20", "nan", "-inf", "1.5"])
def test_a_number_that_nobody_could_write_out_is_refused(desk: Desk, number: str) -> None:
    id_ = send(desk, f"id,attr.size:integer\nm-1,{number}\nm-2,1e3\n".encode())
    assert work(desk) == 1
    assert refused(desk, id_) == ["2"]


def test_all_that_is_wrong_is_kept_as_codes_and_said_in_one_sentence(desk: Desk) -> None:
    id_ = send(desk, "phone,Телефон,attr.:text\n".encode())
    work(desk)
    found = one(desk, id_).problems
    assert [problem.code for problem in found] == [Code.COLUMNS, Code.NO_ATTRIBUTE, Code.TWICE, Code.NO_ID]
    assert str(NotRead(*found)) == (
        "the columns of the file do not fit: 'attr.:text' names no attribute; phone is given twice; "
        'no column is the external_id: name it so, or say --map "COLUMN=external_id"'
    )


def test_an_attribute_of_another_type_ends_the_import_with_a_code(desk: Desk) -> None:
    with db.transaction(desk.shop.program.id) as conn:
        members.declare_attributes(conn, desk.shop.program.id, {"size": AttributeKind.TEXT})
    id_ = send(desk, b"id,attr.size:integer\nm-1,3\n")
    work(desk)
    start(desk, id_)
    work(desk)
    assert one(desk, id_).state == "failed"
    assert str(NotRead(*one(desk, id_).problems)) == "attributes.size: this attribute's type is text"


def test_what_is_no_fault_of_the_file_is_tried_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    id_ = send(desk, b"id\nm-1\n")

    def down(*_: object, **__: object) -> object:
        message = "the database is down"
        raise Unavailable(message)

    with monkeypatch.context() as patched:
        patched.setattr("verno.imports.service.rehearse_members", down)
        assert work(desk) == 0
    assert (one(desk, id_).state, work(desk), one(desk, id_).state) == ("checking", 1, "checked")
