"""To be forgotten (RELIABILITY 2.8): asked for, looked at, done, certified, and done again after a restore."""

import json
from datetime import timedelta
from pathlib import Path

import msgspec
import psycopg
import pytest
from psycopg import errors

from tests.builders import NOW
from tests.corrections import test_pooling as pools
from tests.corrections.desk import Desk
from tests.privacy.people import CODE, EMAIL, NAME, PLANTED, SEALED, found_anywhere, join, plant
from verno.kit.errors import VernoError
from verno.kit.ids import new_id
from verno.ledger import queries as ledger
from verno.members import merging
from verno.members import queries as members
from verno.members import service as members_service
from verno.members.companies import contacts
from verno.members.companies.types import ContactRole, Kept, NewContact, Wanted
from verno.members.consent import saying
from verno.members.consent.saying import NewRecord
from verno.members.devices import service as devices
from verno.members.devices.types import DeviceKind, NewDevice
from verno.members.households import service as households
from verno.members.households.types import Joined, Role
from verno.members.identity import lookup_hash
from verno.members.types import Action, Channel, Location, LocationKind, MemberKind, NewConsent, NewMember, Topic
from verno.members.types import State as Standing
from verno.messaging import service as messaging
from verno.messaging.preferences import inviting
from verno.messaging.tracking import service as tracking
from verno.messaging.tracking.links import Followed
from verno.messaging.types import Draft, NewSuppression, Withheld
from verno.privacy import answers, certificates, journal, queries, service
from verno.privacy.tables import HELD, Fate
from verno.privacy.types import DUE_DAYS, Erasure, Forgotten, Refusal, Refused, State
from verno.verify import service as verify
from verno.webhooks.receiving import service as receiving
from verno.workspace import registry, settings
from verno.workspace.audit import SYSTEM

LATER = NOW + timedelta(hours=1)
AFTER = NOW + timedelta(hours=2)
READING = ("messaging_click", "messaging_opening")


def ask(desk: Desk, holder: str) -> Erasure:
    found = service.request(desk.conn, desk.program_id, holder, by=SYSTEM, now=NOW)
    assert isinstance(found, Erasure), found
    return found


def erase(desk: Desk, holder: str) -> Forgotten:
    done = service.carry_out(desk.conn, desk.program_id, ask(desk, holder).id, by=SYSTEM, now=LATER)
    assert isinstance(done, Forgotten), done
    return done


def hashes_left(desk: Desk, hashes: tuple[str, ...]) -> list[str]:
    """Return where hashes are, but for the list of addresses that get no advertising."""
    found = found_anywhere(desk.conn, hashes)
    return [one for one in found if not one.startswith("messaging_suppression")]


def house_of(desk: Desk, holder: str) -> str:
    return households.of(desk.conn, desk.program_id, [holder])[holder].id


def test_nothing_of_a_person_is_left_in_any_table(desk: Desk) -> None:
    person = plant(desk)
    before = found_anywhere(desk.conn, (*PLANTED, *person.hashes))
    for text in (*PLANTED, *person.hashes):
        assert any(text in one for one in before), f"{text} was never planted"
    done = erase(desk, person.id)
    assert found_anywhere(desk.conn, (*PLANTED, *SEALED)) == []
    assert hashes_left(desk, person.hashes) == []
    assert done.certificate.points == {"points": 480}
    desk.check()
    assert desk.balance(person.id).available == 0


def test_a_letter_that_asked_whose_an_address_is_keeps_nothing_of_its_hash(desk: Desk) -> None:
    who = join(desk, "zp-88", name="Zed", email="zed@example.org")
    assert inviting.ask(desk.conn, desk.shop.program, [who], now=NOW) == 1
    digest = members.identities(desk.conn, [who])[who]["email"].value_hash
    assert any("messaging_message" in one for one in found_anywhere(desk.conn, (digest[:16],)))
    erase(desk, who)
    assert hashes_left(desk, (digest[:12],)) == []


def test_what_a_preview_says_is_what_is_done(desk: Desk) -> None:
    person = plant(desk)
    seen = queries.preview(desk.conn, person.id)
    done = erase(desk, person.id)
    assert done.certificate.erased == {one.table: one.rows for one in seen.goes}
    assert set(done.certificate.emptied) == {one.table for one in seen.emptied} - {"intake_receipt"}, "it told no facts"
    after = queries.preview(desk.conn, person.id)
    assert after.goes == ()
    assert {one.table for one in after.emptied} == {one.table for one in seen.emptied}, "emptied, not gone"


def test_a_broadcast_keeps_its_figures_and_forgets_its_list(desk: Desk) -> None:
    person = plant(desk)
    erase(desk, person.id)
    row = desk.conn.execute("SELECT state, reason FROM messaging_recipient WHERE holder_id = %s", (person.id,))
    assert row.fetchone() == ("withheld", "erased")
    for table in ("messaging_broadcast", "messaging_broadcast_version"):
        listed = desk.conn.execute(f"SELECT wanted #> '{{audience,external_ids}}' FROM {table}").fetchall()
        assert listed == [([person.id, "firm"],)]


def test_a_household_that_closes_leaves_its_pool_to_breakage(desk: Desk) -> None:
    person = plant(desk)
    desk.set("households.pools", True)
    house = house_of(desk, person.id)
    child = desk.join("child")
    assert isinstance(pools.add(desk, house, child, Role.CHILD), Joined)
    assert not isinstance(pools.put(desk, house, person.id, 25), Refused)
    assert erase(desk, person.id).certificate.points == {"points": 480}
    assert pools.roles(desk, child) == {}
    assert [one.available for one in ledger.balances(desk.conn, [house], now=LATER).get(house, ())] in ([], [0])
    desk.check()


def test_a_household_with_another_adult_goes_on_with_its_pool(desk: Desk) -> None:
    person = plant(desk)
    desk.set("households.pools", True)
    house = house_of(desk, person.id)
    other = desk.join("other-adult")
    assert isinstance(pools.add(desk, house, other), Joined)
    assert not isinstance(pools.put(desk, house, person.id, 25), Refused)
    assert erase(desk, person.id).certificate.points == {"points": 455}
    assert pools.roles(desk, other) == {other: Role.HEAD}
    assert [one.available for one in ledger.balances(desk.conn, [house], now=LATER)[house]] == [25]
    desk.check()


def test_a_pool_that_is_too_much_for_the_last_adult_goes_all_the_same(desk: Desk) -> None:
    person = plant(desk)
    desk.set("households.pools", True)
    house = house_of(desk, person.id)
    assert not isinstance(pools.put(desk, house, person.id, 25), Refused)
    desk.set("points.max_balance", 1)
    assert erase(desk, person.id).certificate.points == {"points": 480}
    assert pools.roles(desk, person.id) == {}
    desk.check()


def test_a_company_goes_with_whom_it_was_spoken_for_by(desk: Desk) -> None:
    firm = desk.join("firm", kind=MemberKind.COMPANY)
    boss = NewContact(ContactRole.DECISION_MAKER, "Zinaida Plantova", EMAIL)
    (kept,) = contacts.keep(desk.conn, desk.shop.program, [Wanted(firm, boss)], now=NOW)
    assert isinstance(kept, Kept)
    members_service.ensure_topics(desk.conn, desk.program_id, [Topic("news", "marketing", double_opt_in=False)])
    said = NewRecord(Action.GRANT, "form", topic="news", channel=Channel.EMAIL, text_version="1",
                     evidence_ref="scan-plantova", at=NOW)  # fmt: skip
    saying.say(desk.conn, desk.shop.program, kept.id, [said], actor="member", now=NOW)
    assert found_anywhere(desk.conn, ("scan-plantova",)) == ["members_consent: scan-plantova"]
    assert erase(desk, firm).certificate.erased["members_company_contact"] == 1
    assert found_anywhere(desk.conn, ("plantova", lookup_hash(desk.program_id, "email", EMAIL))) == []


def test_a_contact_that_is_taken_away_leaves_no_evidence(desk: Desk) -> None:
    firm = desk.join("firm", kind=MemberKind.COMPANY)
    wanted = [NewContact(ContactRole.OTHER, "Zinaida Plantova", EMAIL), NewContact(ContactRole.OTHER, "Boris")]
    found = contacts.keep(desk.conn, desk.shop.program, [Wanted(firm, one) for one in wanted], now=NOW)
    gone, stays = (one.id for one in found if isinstance(one, Kept))
    members_service.ensure_topics(desk.conn, desk.program_id, [Topic("news", "marketing", double_opt_in=False)])
    for id_, proof in ((gone, "scan-plantova"), (stays, "scan-boris")):
        said = NewRecord(Action.GRANT, "form", topic="news", channel=Channel.EMAIL, text_version="1",
                         ip="203.0.113.9", evidence_ref=proof, at=NOW)  # fmt: skip
        saying.say(desk.conn, desk.shop.program, id_, [said], actor="member", now=NOW)
    assert contacts.remove(desk.conn, desk.program_id, desk.join("other"), [gone]) == 0, "somebody else's"
    assert contacts.remove(desk.conn, desk.program_id, firm, [gone]) == 1
    assert found_anywhere(desk.conn, ("plantova",)) == []
    assert found_anywhere(desk.conn, ("scan-boris",)) == ["members_consent: scan-boris"]
    row = desk.conn.execute("SELECT count(*) FROM members_consent WHERE holder_id = %s", (gone,)).fetchone()
    assert row == (1,), "that they agreed, and when, stays"


def test_who_speaks_for_a_company_under_the_same_address_is_forgotten_there_too(desk: Desk) -> None:
    firm = desk.join("a-firm", kind=MemberKind.COMPANY)
    wanted = [NewContact(ContactRole.OTHER, "Zina P.", EMAIL), NewContact(ContactRole.OTHER, "Boris")]
    contacts.keep(desk.conn, desk.shop.program, [Wanted(firm, one) for one in wanted], now=NOW)
    erase(desk, plant(desk).id)
    assert [one.name for one in contacts.of(desk.conn, desk.program_id, [firm])[firm]] == ["Boris"]


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
        "members_location": 1, "members_housemate": 1, "members_device": 1, "members_word": 1,
        "members_company_contact": 1, "members_duplicate": 1, "messaging_click": 1, "messaging_opening": 1,
    }  # fmt: skip
    assert {one.table for one in seen.emptied} == {
        "members_consent", "intake_receipt", "messaging_message", "messaging_dispute",
    }  # fmt: skip
    assert {"ledger_transfer", "intake_receipt_line", "messaging_recipient"} <= {one.table for one in seen.stays}
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
    assert {"webhooks_incoming", "intake_receipt.attributes", "intake_receipt.payments"} <= set(found.kept), (
        "what is not under the member's id is named as well"
    )
    assert receiving.KEEP.days == 30, "as the certificate says"
    with pytest.raises(VernoError, match="not a certificate"):
        certificates.parse("{}")


def test_messages_that_wait_are_withheld(desk: Desk) -> None:
    person = plant(desk)
    desk.conn.execute("UPDATE messaging_message SET state = 'queued', reason = NULL WHERE holder_id = %s", (person.id,))
    assert erase(desk, person.id).certificate.withheld_messages == 1
    row = desk.conn.execute("SELECT state, reason, context FROM messaging_message WHERE holder_id = %s", (person.id,))
    assert row.fetchone() == ("withheld", "erased", {})


def test_nobody_is_erased_while_disputes_are_held_open(desk: Desk) -> None:
    """Sending has stopped at the request; points stay until the days are over."""
    settings.write(desk.conn, desk.program_id, registry.HOLD_DAYS.key, 14, now=NOW)
    person = plant(desk)
    asked = ask(desk, person.id)
    early = service.carry_out(desk.conn, desk.program_id, asked.id, by=SYSTEM, now=NOW + timedelta(days=14, seconds=-1))
    assert isinstance(early, Refused)
    assert early.reason is Refusal.ON_HOLD
    assert found_anywhere(desk.conn, (NAME,)), "nobody was touched"
    assert members.standings(desk.conn, [person.id], now=NOW)[person.id][0].state is Standing.WITHDRAWN
    done = service.carry_out(desk.conn, desk.program_id, asked.id, by=SYSTEM, now=NOW + timedelta(days=14))
    assert isinstance(done, Forgotten), done


def test_an_answer_belongs_to_an_erasure_that_was_done(desk: Desk) -> None:
    person = plant(desk)
    asked = ask(desk, person.id)
    early = answers.note(desk.conn, desk.program_id, asked.id, "Printer", "deleted", by=SYSTEM, now=NOW)
    assert isinstance(early, Refused)
    assert early.reason is Refusal.UNKNOWN_REQUEST, "nobody was told yet"
    service.carry_out(desk.conn, desk.program_id, asked.id, by=SYSTEM, now=NOW)
    assert answers.note(desk.conn, desk.program_id, asked.id, "Printer", "deleted", by=SYSTEM, now=NOW) is None
    assert [one.words for one in answers.noted(desk.conn, desk.program_id, asked.id)] == ["deleted"]


def test_who_was_merged_into_the_member_goes_along(desk: Desk) -> None:
    person = plant(desk)
    twin = join(desk, "twin-of-plantova", name="Zina Plantova", phone="+79167770078")
    devices.add(desk.conn, desk.program_id, [NewDevice(twin, DeviceKind.TELEGRAM, "880088008800")], now=NOW)
    place = Location(LocationKind.WORK, street="Twin-of-plantova street")
    members_service.upsert(desk.conn, desk.shop.program, [NewMember("twin-of-plantova", location=place)], now=NOW)
    desk.merge(twin, person.id)
    refused = service.request(desk.conn, desk.program_id, twin, by=SYSTEM, now=NOW)
    assert isinstance(refused, Refused)
    assert refused.reason is Refusal.MERGED
    done = erase(desk, person.id)
    assert done.certificate.merged == (twin,)
    assert (done.certificate.erased["members_device"], done.certificate.erased["members_location"]) == (2, 2)
    assert found_anywhere(desk.conn, ("plantova", "9167770078")) == []
    assert hashes_left(desk, person.hashes) == []


def test_who_was_merged_after_they_asked_is_not_half_erased(desk: Desk) -> None:
    person = plant(desk)
    twin = join(desk, "twin-of-plantova", name="Zina Plantova", phone="+79167770078")
    asked = ask(desk, twin)
    desk.merge(twin, person.id)
    refused = service.carry_out(desk.conn, desk.program_id, asked.id, by=SYSTEM, now=LATER)
    assert isinstance(refused, Refused)
    assert refused.reason is Refusal.MERGED
    assert person.id in refused.detail
    assert members.members(desk.conn, desk.program_id, [twin]).keys() == {twin}, "nothing was done"
    done = erase(desk, person.id)
    assert found_anywhere(desk.conn, ("plantova", "9167770078")) == []
    (other,) = queries.erasures_of(desk.conn, desk.program_id, twin)
    assert (other.state, other.certificate) == (State.DONE, done.erasure.certificate), "what they asked for is done"


def test_who_is_merged_while_an_erasure_waits_goes_along(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    person = plant(desk)
    twin = join(desk, "twin-of-plantova", name="Zina Plantova", phone="+79167770078")
    asked, real = ask(desk, person.id), merging.lock
    waited: list[int] = []

    def late(conn: psycopg.Connection, program_id: str, ids: list[str]) -> object:
        if not waited:
            waited.append(1)
            desk.merge(twin, person.id)
        return real(conn, program_id, ids)

    monkeypatch.setattr(merging, "lock", late)
    done = service.carry_out(desk.conn, desk.program_id, asked.id, by=SYSTEM, now=LATER)
    assert isinstance(done, Forgotten)
    assert done.certificate.merged == (twin,)
    assert found_anywhere(desk.conn, ("plantova", "9167770078")) == []


def test_an_old_consent_in_a_list_brings_no_advertising_and_a_new_one_does(desk: Desk) -> None:
    erase(desk, plant(desk).id)
    agreed = NewConsent("news", Channel.EMAIL, granted=True, text_version="1", method="form", at=NOW)
    back = join(desk, "back", email=EMAIL, consents=[agreed])

    def told(occasion: str) -> object:
        draft = Draft(back, "news", "notice", "en", {"dish": "figs"}, occasion)
        return messaging.plan(desk.conn, desk.program_id, [draft], now=AFTER)[0]

    withheld = told("list/1")
    assert isinstance(withheld, Withheld)
    assert withheld.reason == "suppressed"
    anew = NewRecord(Action.GRANT, "form", topic="news", channel=Channel.EMAIL, text_version="1", at=AFTER)
    saying.say(desk.conn, desk.shop.program, back, [anew], actor="member", now=AFTER)
    assert getattr(told("list/2"), "reason", None) != "suppressed"


def test_a_link_in_an_old_letter_is_not_counted_any_more(desk: Desk) -> None:
    person = plant(desk)
    letter = desk.conn.execute("SELECT id::text FROM messaging_message WHERE holder_id = %s", (person.id,)).fetchone()
    assert letter
    read = Followed(desk.program_id, person.id, letter[0], 1)

    def counted() -> int:
        tracking.click(desk.conn, read, "https://zp-letter.example/", now=AFTER)
        tracking.opening(desk.conn, read, now=AFTER)
        return sum(desk.conn.execute(f"SELECT FROM {table}").rowcount for table in READING)

    assert counted() == 4
    erase(desk, person.id)
    assert counted() == 0


def test_suppressed_addresses_stay_suppressed(desk: Desk) -> None:
    person = plant(desk)
    messaging.suppress(desk.conn, desk.program_id, [NewSuppression("email", "ab" * 32, "bounced", "test")], now=NOW)
    erase(desk, person.id)
    rows = desk.conn.execute("SELECT channel, reason FROM messaging_suppression ORDER BY 1").fetchall()
    assert rows == [("email", "bounced"), ("email/erased", "erased"), ("sms/erased", "erased")]


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
    assert found_anywhere(desk.conn, PLANTED) == hashes_left(desk, person.hashes) == []
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
        " AND a.attname IN ('holder_id', 'member_id', 'one_id', 'other_id') AND NOT a.attisdropped"
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
