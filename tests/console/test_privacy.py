"""A member's tab of personal data: a zip behind the password, a request, an erasure with its certificate."""

import io
import json
from zipfile import ZipFile

import psycopg
import pytest
from psycopg import errors

from tests.builders import NOW
from tests.console.conftest import PASSWORD, House
from tests.sealing.history import one
from verno.kit import db
from verno.members import service
from verno.members.types import Created, NewMember
from verno.privacy import certificates, journal
from verno.privacy import service as erasing

ERASURES = "/console/members/erasures/"


@pytest.fixture
def member(house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> str:
    monkeypatch.setattr(journal, "folders", lambda: [tmp_path])
    with db.transaction() as conn:
        made = NewMember("ann", name="Ann Plantova", email="ann@example.com", phone="+79161112233")
        (stored,) = service.upsert(conn, house.story.shop.program, [made], now=NOW)
    assert isinstance(stored, Created)
    return stored.member_id


def page(member: str) -> str:
    return f"/console/members/{member}/privacy/"


def acts(house: House) -> list[str]:
    with db.transaction() as conn:
        return [action for (action,) in conn.execute("SELECT action FROM workspace_audit").fetchall()]


def test_everything_is_downloaded_behind_the_password(house: House, member: str) -> None:
    assert "Everything about this member" in house.client.get(page(member)).content.decode()
    refused = house.client.post(page(member), {"do": "export", "password": "wrong"})
    assert (refused.status_code, "This is not your password." in refused.content.decode()) == (422, True)
    assert "member.export" not in acts(house)
    answer = house.client.post(page(member), {"do": "export", "password": PASSWORD})
    assert answer["Content-Type"] == "application/zip"
    with ZipFile(io.BytesIO(b"".join(answer))) as archive:
        whole = json.loads(archive.read("everything.json"))
    assert whole["profile"][0]["name"] == "Ann Plantova"
    assert "member.export" in acts(house)


def test_a_member_is_sent_a_link_behind_the_password(house: House, member: str) -> None:
    refused = house.client.post(page(member), {"do": "send", "password": "wrong"})
    assert (refused.status_code, "This is not your password." in refused.content.decode()) == (422, True)
    refused = house.client.post(page(member), {"do": "send", "password": PASSWORD})
    assert (refused.status_code, "needs a confirmed e-mail" in refused.content.decode()) == (422, True)
    assert "member.export-offered" not in acts(house)
    with db.transaction() as conn:
        conn.execute("UPDATE members_identity SET verified_at = now(), verified_by = 'x'")
    assert house.client.post(page(member), {"do": "send", "password": PASSWORD}).status_code == 302
    assert "Sent, works until" in house.client.get(page(member)).content.decode()
    assert "member.export-offered" in acts(house)
    with db.transaction() as conn:
        row = conn.execute("SELECT channel, context FROM messaging_message").fetchone()
    assert row
    assert row[0] == "email"
    assert "/x/" not in str(row[1]), "the link is sealed"


def test_a_member_is_forgotten_and_the_certificate_stays(house: House, member: str) -> None:
    assert house.client.post(page(member), {"do": "ask"}).status_code == 302
    seen = house.client.get(page(member)).content.decode()
    assert "Nobody writes to the member any more" in seen
    assert "Phone, e-mail, card" in seen
    assert house.client.post(page(member), {"do": "erase", "password": "wrong"}).status_code == 422
    assert house.client.get(page(member)).status_code == 200, "nobody was erased"
    done = house.client.post(page(member), {"do": "erase", "password": PASSWORD})
    assert done["Location"] == ERASURES
    assert house.client.get(page(member)).status_code == 404
    listed = house.client.get(ERASURES).content.decode()
    assert "erased" in listed
    where = listed.split('href="' + ERASURES)[1].split('"')[0]
    paper = certificates.parse(house.client.get(ERASURES + where).content)
    assert certificates.is_signed(paper)
    assert paper.member == member
    assert "Plantova" not in certificates.document(paper)
    assert {"member.erasure-requested", "member.erase"} <= set(acts(house))


def test_what_processors_answered_is_shown_and_written_down(
    house: House, member: str, rows: psycopg.Connection
) -> None:
    house.client.post(page(member), {"do": "ask"})
    id_, program = one(rows, "SELECT id::text FROM privacy_erasure"), house.story.shop.program.id
    where = f"{ERASURES}{id_}/"
    assert house.client.get(where).status_code == 404, "nobody was told of what is not done"
    assert house.client.post(where, {"processor": "A", "words": "b"}).status_code == 404
    house.client.post(page(member), {"do": "erase", "password": PASSWORD})
    assert "No webhook was told." in house.client.get(where).content.decode()
    rows.execute(
        "INSERT INTO webhooks_endpoint (id, program_id, url, description, types, state, secret, since_xid, created_at,"
        " changed_at) VALUES (gen_random_uuid(), %s, 'https://mailer.example/hook', 'Mailer', '{}', 'active', '', 0,"
        " now(), now())",
        (program,),
    )
    rows.execute(
        "INSERT INTO webhooks_delivery (endpoint_id, event_xid, event_id, program_id, type, at, state, attempts,"
        " due_at, status, response, created_at, changed_at) SELECT p.id, e.xid::text::bigint, e.id, %s, e.type, e.at,"
        " 'delivered', 1, now(), 202, 'deleted on our side', e.at, e.at FROM webhooks_endpoint p, kit_event e"
        " WHERE e.type = 'member.erased.v1' AND p.url LIKE 'https://mailer%%'",
        (program,),
    )
    rows.commit()
    seen = house.client.get(where).content.decode()
    for text in ("https://mailer.example/hook", "delivered", "202", "deleted on our side"):
        assert text in seen
    for wrong in ({"processor": "", "words": "b"}, {"processor": "A" * 101, "words": "b"}, {"processor": "A"}):
        refused = house.client.post(where, wrong)
        assert (refused.status_code, "Say who answered" in refused.content.decode()) == (422, True)
    assert house.client.post(where, {"processor": "Print & Post", "words": "gone, letter 17"}).status_code == 302
    seen = house.client.get(where).content.decode()
    assert "Print &amp; Post" in seen
    assert "gone, letter 17" in seen
    assert acts(house).count("member.erasure-answer") == 1
    for statement in ("UPDATE privacy_answer SET words = ''", "DELETE FROM privacy_answer"):
        with db.transaction() as conn, pytest.raises(errors.InsufficientPrivilege), conn.transaction():
            conn.execute(statement)


def test_an_erasure_that_loses_a_race_is_tried_again(
    house: House, member: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.client.post(page(member), {"do": "ask"})
    real, calls = erasing.carry_out, []

    def racing(*arguments: object, **more: object) -> object:
        calls.append(1)
        done = real(*arguments, **more)  # type: ignore[arg-type]
        if len(calls) == 1:
            raise errors.DeadlockDetected
        return done

    monkeypatch.setattr(erasing, "carry_out", racing)
    assert house.client.post(page(member), {"do": "erase", "password": PASSWORD})["Location"] == ERASURES
    assert (len(calls), acts(house).count("member.erase")) == (2, 1)


def test_nobody_is_erased_whom_the_journal_cannot_hold(
    house: House, member: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.client.post(page(member), {"do": "ask"})

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(journal, "_append", full)
    answer = house.client.post(page(member), {"do": "erase", "password": PASSWORD})
    assert (answer.status_code, "Nothing was erased" in answer.content.decode()) == (422, True)
    assert "member.erase" not in acts(house)
    assert house.client.get(page(member)).status_code == 200


def test_a_request_is_called_off(house: House, member: str) -> None:
    assert "Nobody has asked for it" in house.client.get(ERASURES).content.decode()
    house.client.post(page(member), {"do": "ask"})
    again = house.client.post(page(member), {"do": "ask"})
    assert (again.status_code, "asked for already" in again.content.decode()) == (422, True)
    assert house.client.post(page(member), {"do": "cancel"}).status_code == 302
    late = house.client.post(page(member), {"do": "erase", "password": PASSWORD})
    assert (late.status_code, "not there any more" in late.content.decode()) == (422, True)
    assert house.client.get(f"{ERASURES}{member}/certificate.json").status_code == 404


def test_passwords_are_not_tried_for_long(house: House, member: str) -> None:
    answers = [house.client.post(page(member), {"do": "export", "password": "wrong"}) for _ in range(7)]
    assert "Too many tries" in answers[-1].content.decode()
    assert house.client.post(page(member), {"do": "export", "password": PASSWORD}).status_code == 422


@pytest.mark.parametrize("role", ["support", "marketer"])
def test_who_may_read_may_hand_out_and_not_erase(house: House, member: str, role: str) -> None:
    with db.transaction() as conn:
        conn.execute("UPDATE workspace_staff SET role = %s", (role,))
    assert house.client.get(page(member)).status_code == 200
    assert house.client.post(page(member), {"do": "ask"}).status_code == 403
    assert house.client.get(ERASURES).status_code == 403


def test_an_analyst_sees_neither(house: House, member: str) -> None:
    with db.transaction() as conn:
        conn.execute("UPDATE workspace_staff SET role = 'analyst'")
    assert house.client.get(page(member)).status_code == 403
