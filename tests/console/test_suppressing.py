"""An earlier provider's list of whom not to write to, by the console: looked at first, taken over as it was seen."""

import re
from datetime import timedelta
from html import unescape

import psycopg
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.console.conftest import House
from verno.imports.suppressions import uploads
from verno.imports.types import Asked
from verno.kit import db
from verno.kit.clock import clock
from verno.workspace import audit, queries

PAGE = "/console/members/import/suppressions/"
ADDRESSES = ("zoya@example.org", "+7 916 000-00-77", "boris@example.org")
TEXT = (
    "address,reason,date\n"
    f"{ADDRESSES[0]},unsubscribed,2026-03-05\n"
    f"{ADDRESSES[1]},spam,\n"
    f"{ADDRESSES[0]},unsubscribed,2026-03-05\n"
    "nobody,,\n"
    f"{ADDRESSES[2]},tired,\n"
    f"{ADDRESSES[2]},,2099-01-01\n"
)


def text(page: str) -> str:
    """Return a page's words, one blank between any two."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page[page.index("<main") :])))


def send(house: House, data: str | bytes = TEXT, status: int = 200, **more: str) -> str:
    """Send a list to be looked at."""
    file = SimpleUploadedFile("list.csv", data.encode() if isinstance(data, str) else data)
    answer = house.client.post(PAGE, {"file": file, **more})
    assert answer.status_code == status, answer.content.decode()
    return answer.content.decode()


def box(page: str) -> str:
    """Return what the page gives to have the list taken over."""
    found = re.search(r'name="box" value="([^"]+)"', page)
    assert found, page
    return found[1]


def take(house: House, box_: str, status: int = 200) -> str:
    answer = house.client.post(PAGE, {"box": box_})
    assert answer.status_code == status
    return text(answer.content.decode())


def count(rows: psycopg.Connection) -> int:
    (found,) = rows.execute("SELECT count(*) FROM messaging_suppression").fetchone() or (0,)
    rows.commit()
    return int(found)


def test_a_list_is_looked_at_and_then_taken_over(house: House, rows: psycopg.Connection) -> None:
    before = count(rows)
    page = send(house)
    seen = text(page)
    for line in (
        "New addresses 2",
        "Known already 0",
        "Named once more in the list 1",
        "Refused 3",
        "5 address is neither an e-mail address nor a phone number",
        "6 reason is no reason that is known: choose one for all rows",
        "7 date is in the future, or before 1990",
        "Nothing is written yet.",
    ):
        assert line in seen, seen
    for address in ADDRESSES:
        assert address not in page, "no address is shown"
    assert count(rows) == before, "looking writes nothing"
    done = take(house, box(page))
    assert "Taken over New, or with a later date or a graver reason 2" in done
    assert "5 address is neither" in done
    assert count(rows) == before + 2
    with db.transaction() as conn:
        told = audit.page(conn, queries.only_program(conn).id)
    said = next(one for one in told if one.action == "suppressions.bring")
    assert (said.actor_kind, said.object_id, said.detail) == ("staff", "list", "2")


def test_again_it_changes_nothing(house: House, rows: psycopg.Connection) -> None:
    held = box(send(house))
    take(house, held)
    after = count(rows)
    assert "Taken over New, or with a later date or a graver reason 0 Known already 3" in take(house, held)
    assert count(rows) == after
    page = send(house, "address,date\nzoya@example.org,2026-03-04\n")
    assert "New addresses 0 Known, now with a later date or a graver reason 0 Known already 1" in text(page)
    assert "There is nothing to take over." in text(page)
    assert "box" not in re.findall(r'name="(\w+)"', page)


def test_a_reason_for_all_rows_and_columns_of_another_name(house: House, rows: psycopg.Connection) -> None:
    page = send(house, "Wer;Type\nzoya@example.org;550 mailbox\n", columns="Wer = address", reason="no-such-address")
    assert "New addresses 1" in text(page)
    take(house, box(page))
    kept = rows.execute("SELECT reason FROM messaging_suppression WHERE reason = 'no-such-address'").fetchall()
    assert kept == [("no-such-address",)]


def test_the_longest_list_fits_into_both_requests(house: House, rows: psycopg.Connection) -> None:
    before = count(rows)
    lines = "".join(f"somebody-{n:05d}@example.org{' ' * 24}\n" for n in range(uploads.MAX_ROWS))
    assert uploads.MAX_UPLOAD * 0.9 < len(lines) < uploads.MAX_UPLOAD - 6
    page = send(house, "email\n" + lines)
    assert "New addresses 20,000" in text(page)
    assert "20,000" in take(house, box(page))
    assert count(rows) == before + uploads.MAX_ROWS


@pytest.mark.parametrize(
    ("data", "more", "said"),
    [
        ("", {}, "The submitted file is empty."),
        (b"\xff\xfea\x00", {}, "The file is in UTF-16"),
        ("name\nZoya\n", {}, "No column is called address, email or phone"),
        ("email,phone\na@example.org,1\n", {}, "Several columns are the address"),
        ("email\na@example.org\n", {"columns": "email = mailbox"}, "There is no field “mailbox”"),
        ("email\na@example.org\n", {"columns": "mail = address"}, "The file has no column “mail”."),
        ("email\na@example.org\n", {"columns": "email"}, "Write a line for each column"),
        ("email\na@example.org\n", {"reason": "tired"}, "Select a valid choice."),
        (b"a" * (uploads.MAX_UPLOAD + 1), {}, "on the server with “verno import suppressions”"),
        ("email\n" + "a@example.org\n" * (uploads.MAX_ROWS + 1), {}, "More than 20000 rows: import it on the server"),
    ],
)  # fmt: skip
def test_a_list_that_is_refused(
    house: House, rows: psycopg.Connection, data: str | bytes, more: dict[str, str], said: str
) -> None:
    before = count(rows)
    page = send(house, data, 422, **more)
    assert said in text(page)
    assert 'name="box"' not in page
    assert count(rows) == before


def test_only_what_was_seen_is_taken_over_by_who_saw_it(house: House, rows: psycopg.Connection) -> None:
    good, before = box(send(house)), count(rows)
    for bad in ("", "x", "я", good[:-4], good[:40] + ("B" if good[40] == "A" else "A") + good[41:]):
        assert "choose the file again" in take(house, bad, 422)
    with db.transaction() as conn:
        program = queries.only_program(conn).id
    assert uploads.unboxed(good, f"{program}/somebody-else", now=clock.read()) is None, "it is bound to a person"
    assert count(rows) == before


def test_a_list_is_not_kept_for_ever(house: House) -> None:
    now = clock.read()
    given = uploads.List(b"a@example.org", Asked(), now)
    held = uploads.boxed(given, "p/s")
    assert uploads.unboxed(held, "p/s", now=now + uploads.KEPT - timedelta(seconds=1)) == given
    assert uploads.unboxed(held, "p/s", now=now + uploads.KEPT) is None


def test_it_asks_for_the_form_s_own_token(house: House) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = house.client.cookies
    assert strict.post(PAGE, {"file": SimpleUploadedFile("a.csv", b"a@example.org")}).status_code == 403


@pytest.mark.parametrize("role", ["support", "marketer", "analyst"])
def test_who_may_change_settings_brings_lists(house: House, role: str) -> None:
    assert PAGE in house.client.get("/console/members/import/").content.decode()
    with db.transaction() as conn:
        conn.execute("UPDATE workspace_staff SET role = %s", (role,))
    assert house.client.get(PAGE).status_code == 403
    assert house.client.post(PAGE, {"box": "x"}).status_code == 403


def test_it_speaks_russian(house: House) -> None:
    house.client.post("/console/language/", {"language": "ru"})
    seen = text(send(house))
    for line in ("Новые адреса 2", "5 адрес это не почта и не телефон", "7 дата в будущем или раньше 1990 года"):
        assert line in seen, seen
    assert "Нет колонки «адрес»" in text(send(house, "name\nZoya\n", 422))


def test_why_a_row_is_refused_is_said_in_russian(house: House) -> None:
    """Their words are the importer's, known by their look: who changes one there learns of it here."""
    house.client.post("/console/language/", {"language": "ru"})
    rows = [
        *(",spam,", "anna@,spam,", "nobody,,", "7.91600E+10,,", "=A1,,", "#N/A,,", f"{'a' * 140_000},,", "a\0b,,"),
        *(
            f"{ADDRESSES[0]},{cells}"
            for cells in ("tired,", ",2099-01-01", ",soon", ",2026-02-30", ",30.02.2026", ",,one more")
        ),
        f'{ADDRESSES[0]},"never closed',
    ]
    page = send(house, "address,reason,date\n" + "\n".join(rows) + "\n")
    said = re.findall(r'<td class="text-break">(.*?)</td>', page)
    assert len(said) == len(rows), said
    assert [one for one in said if not re.search("[а-я]{3}", one)] == []
