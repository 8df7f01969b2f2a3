"""To be forgotten (RELIABILITY 2.8): asked for, looked at, done, certified, and done again after a restore."""

import json
from datetime import timedelta
from pathlib import Path

import msgspec
import psycopg
import pytest
from psycopg import errors

from tests.builders import NOW
from tests.corrections.desk import Desk
from tests.privacy.people import CODE, EMAIL, NAME, PLANTED, SEALED, found_anywhere, join, plant
from verno.kit.errors import VernoError
from verno.kit.ids import new_id
from verno.members import queries as members
from verno.members.types import State as Standing
from verno.messaging import service as messaging
from verno.messaging.types import NewSuppression
from verno.privacy import certificates, journal, queries, service
from verno.privacy.tables import HELD, Fate
from verno.privacy.types import DUE_DAYS, Erasure, Forgotten, Refusal, Refused, State
from verno.verify import service as verify
from verno.workspace.audit import SYSTEM

LATER = NOW + timedelta(hours=1)


def ask(desk: Desk, holder: str) -> Erasure:
    found = service.request(desk.conn, desk.program_id, holder, by=SYSTEM, now=NOW)
    assert isinstance(found, Erasure), found
    return found


def erase(desk: Desk, holder: str) -> Forgotten:
    done = service.carry_out(desk.conn, desk.program_id, ask(desk, holder).id, by=SYSTEM, now=LATER)
    assert isinstance(done, Forgotten), done
    return done


def test_nothing_of_a_person_is_left_in_any_table(desk: Desk) -> None:
    person = plant(desk)
    before = found_anywhere(desk.conn, (*PLANTED, *person.hashes))
    for text in (*PLANTED, *person.hashes):
        assert any(text in one for one in before), f"{text} was never planted"
    done = erase(desk, person.id)
    assert found_anywhere(desk.conn, (*PLANTED, *SEALED, *person.hashes)) == []
    assert done.certificate.points == {"points": 480}
    desk.check()
    assert desk.balance(person.id).available == 0


def test_the_books_and_receipts_stay(desk: Desk) -> None:
    person = plant(desk)
    erase(desk, person.id)
    count = desk.conn.execute("SELECT count(*), sum(amount) FROM intake_receipt WHERE holder_id = %s", (person.id,))
    assert count.fetchone() == (1, 45000)
    assert "member.erased.v1" in desk.events()
    assert "points.erased.v1" in desk.events()


def test_a_request_stops_messages_at_once_and_is_due_in_a_month(desk: Desk) -> None:
    person = plant(desk)
    asked = ask(desk, person.id)
    assert asked.due_at == NOW + timedelta(days=DUE_DAYS)
    words = members.standings(desk.conn, [person.id], now=LATER)[person.id]
    assert {one.state for one in words} == {Standing.WITHDRAWN}
    again = service.request(desk.conn, desk.program_id, person.id, by=SYSTEM, now=NOW)
    assert isinstance(again, Refused)
    assert again.reason is Refusal.ALREADY_REQUESTED


def test_a_preview_says_what_goes_and_what_stays(desk: Desk) -> None:
    person = plant(desk)
    seen = queries.preview(desk.conn, person.id)
    assert seen.points == {"points": 480}
    assert {one.table: one.rows for one in seen.goes} == {
        "members_member": 1, "members_identity": 3, "members_key": 1, "members_badge": 1,
    }  # fmt: skip
    assert {one.table for one in seen.emptied} == {"members_consent", "intake_receipt", "messaging_message"}
    assert {"ledger_transfer", "intake_receipt_line"} <= {one.table for one in seen.stays}
    assert found_anywhere(desk.conn, (EMAIL,)) == [], "contacts are sealed"
    assert found_anywhere(desk.conn, (NAME,)) == [f"members_member: {NAME}"], "a preview changes nothing"


def test_the_certificate_is_signed_and_names_nobody(desk: Desk) -> None:
    person = plant(desk)
    done = erase(desk, person.id)
    text = done.erasure.certificate or ""
    found = certificates.parse(text)
    assert certificates.is_signed(found)
    assert not certificates.is_signed(msgspec.structs.replace(found, done_by="staff:somebody"))
    assert not any(one.casefold() in text.casefold() for one in (*PLANTED, *SEALED, *person.hashes))
    assert found.member == person.id
    assert found.kept["ledger_transfer"] == HELD["ledger_transfer"].why
    with pytest.raises(VernoError, match="not a certificate"):
        certificates.parse("{}")


def test_messages_that_wait_are_withheld(desk: Desk) -> None:
    person = plant(desk)
    desk.conn.execute("UPDATE messaging_message SET state = 'queued', reason = NULL WHERE holder_id = %s", (person.id,))
    assert erase(desk, person.id).certificate.withheld_messages == 1
    row = desk.conn.execute("SELECT state, reason, context FROM messaging_message WHERE holder_id = %s", (person.id,))
    assert row.fetchone() == ("withheld", "erased", {})


def test_who_was_merged_into_the_member_goes_along(desk: Desk) -> None:
    person = plant(desk)
    twin = join(desk, "twin-of-plantova", name="Zina Plantova", phone="+79167770078")
    desk.merge(twin, person.id)
    refused = service.request(desk.conn, desk.program_id, twin, by=SYSTEM, now=NOW)
    assert isinstance(refused, Refused)
    assert refused.reason is Refusal.MERGED
    done = erase(desk, person.id)
    assert done.certificate.merged == (twin,)
    assert found_anywhere(desk.conn, ("plantova", "9167770078", *person.hashes)) == []


def test_suppressed_addresses_stay_suppressed(desk: Desk) -> None:
    person = plant(desk)
    messaging.suppress(desk.conn, desk.program_id, [NewSuppression("email", "ab" * 32, "bounced", "test")], now=NOW)
    erase(desk, person.id)
    row = desk.conn.execute("SELECT count(*) FROM messaging_suppression").fetchone()
    assert row == (1,)


def test_a_request_can_be_called_off_and_an_erasure_cannot(desk: Desk) -> None:
    person = plant(desk)
    asked = ask(desk, person.id)
    called_off = service.cancel(desk.conn, desk.program_id, asked.id, by=SYSTEM, now=LATER)
    assert isinstance(called_off, Erasure)
    assert called_off.state is State.CANCELLED
    done = erase(desk, person.id)
    for refused in (
        service.cancel(desk.conn, desk.program_id, done.erasure.id, by=SYSTEM, now=LATER),
        service.carry_out(desk.conn, desk.program_id, done.erasure.id, by=SYSTEM, now=LATER),
    ):
        assert isinstance(refused, Refused)
        assert refused.reason is Refusal.NOT_OPEN
    nobody = service.request(desk.conn, desk.program_id, person.id, by=SYSTEM, now=LATER)
    assert isinstance(nobody, Refused)
    assert nobody.reason is Refusal.UNKNOWN_MEMBER


def test_a_stranger_may_take_the_external_id_and_the_phone_afterwards(desk: Desk) -> None:
    person = plant(desk)
    erase(desk, person.id)
    assert join(desk, CODE, phone="+79167770077", email=EMAIL) != person.id


@pytest.mark.parametrize("state", ["done", "cancelled", None])
def test_the_door_opens_for_an_open_request_alone(desk: Desk, state: str | None) -> None:
    person = plant(desk)
    asked = new_id(now=NOW)
    if state:
        asked = ask(desk, person.id).id
        desk.conn.execute("UPDATE privacy_erasure SET state = %s, holders = %s::uuid[]", (state, [person.id]))
    with pytest.raises(errors.InsufficientPrivilege), desk.conn.transaction():
        desk.conn.execute("SELECT privacy_forget(%s)", (asked,))
    assert found_anywhere(desk.conn, (NAME,)) == [f"members_member: {NAME}"]


def test_the_journal_has_a_line_in_every_place_and_each_knows_the_one_before(desk: Desk, tmp_path: Path) -> None:
    first = erase(desk, plant(desk).id)
    second = erase(desk, desk.join("another"))
    for place in ("home", "backups"):
        path = tmp_path / place / f"{desk.program_id}.jsonl"
        lines = path.read_bytes().splitlines()
        assert [json.loads(line)["id"] for line in lines] == [first.erasure.id, second.erasure.id]
        assert json.loads(lines[0])["previous"] == journal.FIRST
        assert json.loads(lines[1])["previous"] == journal.digest(lines[0]) == first.certificate.journal
        assert path.stat().st_mode & 0o77 == 0
        assert not any(one.encode() in path.read_bytes() for one in PLANTED)


def test_whom_a_restore_brings_back_is_forgotten_again(desk: Desk, tmp_path: Path) -> None:
    person = plant(desk)
    with desk.conn.transaction() as past:  # what is rolled back is what an old backup does not know
        erase(desk, person.id)
        past.force_rollback = True
    assert found_anywhere(desk.conn, (NAME,)) == [f"members_member: {NAME}"]
    lines = list(journal.read([tmp_path / "backups"])[desk.program_id].values())
    assert service.replay(desk.conn, desk.program_id, lines, now=LATER) == [lines[0].id]
    assert found_anywhere(desk.conn, (*PLANTED, *person.hashes)) == []
    assert service.replay(desk.conn, desk.program_id, lines, now=LATER) == [], "once is enough"
    desk.check()


def test_lines_from_elsewhere_join_the_journal_at_home(desk: Desk, tmp_path: Path) -> None:
    erase(desk, desk.join("another"))
    away = tmp_path / "away"
    (tmp_path / "home").rename(away)
    journal.gather([away])
    journal.gather([away])
    assert len(journal.read([tmp_path / "home"])[desk.program_id]) == 1
    (away / f"{desk.program_id}.jsonl").write_text("{}\n")
    with pytest.raises(VernoError, match=r"line 1 of .* is no line"):
        journal.gather([away])


def test_every_table_that_knows_a_member_is_named(conn: psycopg.Connection) -> None:
    rows = conn.execute(
        "SELECT DISTINCT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
        " WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace"
        " AND a.attname = 'holder_id' AND NOT a.attisdropped"
    ).fetchall()
    assert sorted(name for (name,) in rows) == sorted({*HELD} - {"members_member"}), (
        "say in privacy/tables.py what an erasure does with a new table, and where a personal export has it"
    )
    for table, held in HELD.items():
        assert (held.export is None) == bool(held.not_exported), f"{table}: exported, or the reason why not"
        assert held.why
    assert HELD["members_identity"].fate is Fate.GOES


def test_verify_finds_nothing_to_say_of_the_erased(desk: Desk) -> None:
    erase(desk, plant(desk).id)
    assert verify.run(desk.conn).ok
