"""A member fetches what is held of them: a link to one confirmed address, a code to the other, one download."""

import io
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from zipfile import ZipFile

import pytest
from django.test import Client, override_settings

from tests.builders import NOW, Shop
from tests.messaging.people import make_program
from verno.kit import db
from verno.kit.clock import clock
from verno.members import otp
from verno.members import service as members
from verno.members.otp import NotNow, Verified
from verno.members.types import Created, NewMember
from verno.messaging.letters import note
from verno.messaging.preferences import links as preferences
from verno.messaging.preferences.links import Person
from verno.privacy import service as erasing
from verno.privacy.handing import links, service
from verno.privacy.handing.links import Link
from verno.privacy.handing.service import Handout
from verno.privacy.types import Erasure, Forgotten, Refused
from verno.workspace.audit import SYSTEM

PHONE, EMAIL = "+79161234567", "ann@example.com"


@pytest.fixture
def shop(database: str) -> Shop:
    with db.transaction() as conn:
        return make_program(conn)


@pytest.fixture
def ann(shop: Shop) -> Iterator[str]:
    with db.transaction() as conn:
        new = NewMember("ann", name="Ann Plantova", phone=PHONE, email=EMAIL, locale="en")
        (stored,) = members.upsert(conn, shop.program, [new], now=NOW)
        assert isinstance(stored, Created)
        conn.execute("UPDATE members_identity SET verified_at = %s, verified_by = 'x'", (NOW,))
    before, clock.read = clock.read, lambda: NOW
    with override_settings(ROOT_URLCONF="verno.privacy.urls"):
        yield stored.member_id
    clock.read = before


def offer(shop: Shop, who: str) -> Handout:
    with db.transaction() as conn:
        made = service.offer(conn, shop.program, who, by=SYSTEM, now=clock.now())
    assert isinstance(made, Handout), made
    return made


def told(who: str, channel: str) -> str:
    """Return what the newest message of a channel says."""
    with db.transaction() as conn:
        row = conn.execute(
            "SELECT context FROM messaging_message WHERE holder_id = %s AND channel = %s AND template = 'note'"
            " ORDER BY created_at DESC LIMIT 1",
            (who, channel),
        ).fetchone()
    assert row
    seen = note.view(row[0], locale="en", program="Shop", holder_id=who)
    return f"{seen['text']} {seen['own_url']}"


def path(who: str) -> str:
    found = re.search(r"/x/(\S+)", told(who, "email"))
    assert found
    return f"/x/{found[1]}"


def code(who: str) -> str:
    found = re.search(r"\b\d{6}\b", told(who, "sms"))
    assert found
    return found[0]


def press(where: str, **form: str) -> tuple[int, str]:
    answer = Client(enforce_csrf_checks=True).post(where, form)
    return answer.status_code, b"".join(answer).decode(errors="replace")


def acts() -> list[str]:
    """Return what was done, by name: in a moment that is held nothing comes before anything else."""
    with db.transaction() as conn:
        return [action for (action,) in conn.execute("SELECT action FROM workspace_audit ORDER BY action").fetchall()]


def later(**much: int) -> None:
    moment = NOW + timedelta(**much)
    clock.read = lambda: moment


def test_the_whole_way(shop: Shop, ann: str) -> None:
    offer(shop, ann)
    where = path(ann)
    seen = Client().get(where).content.decode()
    assert "+7916•••4567" in seen
    assert PHONE not in seen
    status, seen = press(where, do="code")
    assert (status, "Type the code" in seen) == (200, True)
    answer = Client(enforce_csrf_checks=True).post(where, {"do": "check", "code": code(ann)})
    assert (answer["Content-Type"], answer["Cache-Control"]) == ("application/zip", "no-store")
    with ZipFile(io.BytesIO(b"".join(answer))) as archive:
        whole = json.loads(archive.read("everything.json"))
        assert "profile.csv" in archive.namelist()
    assert whole["profile"][0]["name"] == "Ann Plantova"
    assert [act for act in acts() if act.startswith("member.export")] == ["member.export", "member.export-offered"]
    for again in (Client().get(where), Client().post(where, {"do": "code"})):
        assert (again.status_code, "does not work any more" in again.content.decode()) == (410, True)


def test_of_two_who_press_at_once_one_is_served(shop: Shop, ann: str) -> None:
    """Both have read the link while it was open."""
    found = offer(shop, ann)
    done = []
    for minutes in (0, 2):
        later(minutes=minutes)
        assert press(path(ann), do="code")[0] == (200 if not minutes else 410)
        with db.transaction() as conn:
            if minutes:
                service.send_code(conn, shop.program, found, now=clock.now())
        with db.transaction() as conn:
            done.append(service.take(conn, shop.program, found, code(ann), io.BytesIO(), now=clock.now()))
    assert isinstance(done[0], Verified)
    assert done[1] == NotNow("used")


def test_looking_changes_nothing(shop: Shop, ann: str) -> None:
    """A scanner opens the link before its reader does."""
    offer(shop, ann)
    where = path(ann)
    with db.transaction() as conn:
        before = conn.execute("SELECT count(*) FROM messaging_message").fetchone()
    for _ in range(3):
        assert Client().get(where).status_code == Client().head(where).status_code == 200
        assert Client().get(f"{where}?do=code").status_code == 200
    with db.transaction() as conn:
        assert conn.execute("SELECT count(*) FROM messaging_message").fetchone() == before
        assert conn.execute("SELECT used_at FROM privacy_handout").fetchall() == [(None,)]


def test_a_link_without_its_code_gives_nothing(shop: Shop, ann: str) -> None:
    offer(shop, ann)
    where = path(ann)
    assert press(where, do="check", code="000000")[0] == 422, "no code was sent yet"
    press(where, do="code")
    wrong = "000000" if code(ann) != "000000" else "111111"
    for _ in range(4):
        status, seen = press(where, do="check", code=wrong)
        assert (status, "This is not the code" in seen) == (422, True)
    assert "cannot be tried any more" in press(where, do="check", code=wrong)[1]
    assert press(where, do="check", code=code(ann))[0] == 422
    assert "member.export" not in acts()


def test_a_code_for_something_else_opens_nothing(shop: Shop, ann: str) -> None:
    """The preference page's link and its code confirm a phone; neither is a way to the data."""
    offer(shop, ann)
    where = path(ann)
    with db.transaction() as conn:
        made = otp.start(conn, shop.program.id, ann, "phone", now=NOW)
    assert isinstance(made, otp.Sent)
    assert press(where, do="check", code=made.code)[0] == 422
    with override_settings(ROOT_URLCONF="verno.wiring.urls"):
        assert Client().get(f"/x/{preferences.preferences_token(Person(shop.program.id, ann))}").status_code == 404


def test_a_link_lives_for_a_day(shop: Shop, ann: str) -> None:
    offer(shop, ann)
    where = path(ann)
    later(hours=23, minutes=59)
    assert Client().get(where).status_code == 200
    later(hours=24)
    assert Client().get(where).status_code == 410
    assert press(where, do="code")[0] == 410


def test_a_second_link_ends_the_first(shop: Shop, ann: str) -> None:
    offer(shop, ann)
    first = path(ann)
    later(minutes=5)
    offer(shop, ann)
    assert path(ann) != first
    assert Client().get(first).status_code == 410
    assert Client().get(path(ann)).status_code == 200


def test_two_addresses_are_needed_and_both_confirmed(shop: Shop, ann: str) -> None:
    with db.transaction() as conn:
        conn.execute("UPDATE members_identity SET verified_at = NULL WHERE kind = 'phone'")
        refused = service.offer(conn, shop.program, ann, by=SYSTEM, now=NOW)
    assert isinstance(refused, Refused)
    assert refused.reason == "two-addresses"
    with db.transaction() as conn:
        assert conn.execute("SELECT count(*) FROM privacy_handout").fetchone() == (0,)


def test_an_address_that_changed_gets_no_code_of_the_old_one(shop: Shop, ann: str) -> None:
    offer(shop, ann)
    where = path(ann)
    press(where, do="code")
    old = code(ann)
    with db.transaction() as conn:
        members.upsert(conn, shop.program, [NewMember("ann", phone="+79167654321")], now=NOW)
    assert press(where, do="check", code=old)[0] == 422


def test_the_link_of_somebody_erased_leads_nowhere(shop: Shop, ann: str) -> None:
    offer(shop, ann)
    where = path(ann)
    with db.transaction(shop.program.id) as conn:
        asked = erasing.request(conn, shop.program.id, ann, by=SYSTEM, now=NOW)
        assert isinstance(asked, Erasure)
        assert isinstance(erasing.carry_out(conn, shop.program.id, asked.id, by=SYSTEM, now=NOW), Forgotten)
    assert Client().get(where).status_code == 404


def test_texts_that_we_did_not_make(shop: Shop, ann: str) -> None:
    made = offer(shop, ann)
    good = links.token(Link(shop.program.id, made.id))
    for bad in ("", "x", good[:-1], good[:-1] + ("A" if good[-1] != "A" else "B"), "я" * 64, "=" * 64, good + good):
        assert links.read(bad) is None, bad
    assert links.read(good) == Link(shop.program.id, made.id)
    assert Client().get("/x/" + "A" * 64).status_code == 404
    assert Client().post("/x/" + "A" * 64, {"do": "code"}).status_code == 404
