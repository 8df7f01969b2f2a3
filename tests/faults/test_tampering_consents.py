"""P12 for consents: whoever rewrites what members agreed to is named by ``verify`` with a head from before.

Each attack is done as superuser. An erasure, which takes the evidence, is none: the seals hold what is left.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import msgspec
import psycopg
import pytest

from tests.builders import NOW
from tests.faults.test_tampering import look
from tests.sealing.history import HOUR, History, begin, one
from verno.kit import db
from verno.members import service as members
from verno.members.companies import contacts
from verno.members.companies.types import ContactRole, Kept, NewContact, Wanted
from verno.members.consent import saying
from verno.members.consent.saying import NewRecord
from verno.members.types import Action, Channel, Created, MemberKind, NewMember, Topic
from verno.privacy import service as privacy
from verno.privacy.types import Erasure, Forgotten
from verno.sealing import check, heads, service
from verno.sealing.types import Book, Findings, Head
from verno.workspace.audit import SYSTEM

EVIDENCE = ("ip", "agent", "evidence_ref", "address_hash", "reason")


@dataclass(frozen=True)
class Crime:
    """Two days on which members agreed to something, the head after each, and the superuser's connection."""

    history: History
    superuser: psycopg.Connection
    people: tuple[str, ...]
    first_day: tuple[str, ...]
    second_day: tuple[str, ...]
    older: Head
    newer: Head


@pytest.fixture
def crime(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Crime]:
    monkeypatch.setattr(service, "PATIENCE", 60.0)
    history = begin()
    history.day()
    with db.transaction(history.program) as conn:
        members.ensure_topics(conn, history.program, [Topic("news", "marketing", double_opt_in=False)])
        made = members.upsert(
            conn,
            history.shop.program,
            [NewMember(f"m-{nth}", email=f"m-{nth}@example.com") for nth in range(3)],
            now=NOW,
        )
    people = tuple(each.member_id for each in made if isinstance(each, Created))
    first = tuple(agree(history, who, "scan-1") for who in people)
    older = history.seal().head
    second = tuple(agree(history, who, "scan-2", hours=1) for who in people)
    newer = history.seal(now=NOW + HOUR).head
    with psycopg.connect(os.environ["VERNO_OWNER_URL"], autocommit=True) as superuser:
        superuser.execute("SET session_replication_role = replica")
        yield Crime(history, superuser, people, first, second, older, newer)


def agree(history: History, who: str, scan: str, *, hours: int = 0) -> str:
    """Write a consent down with all its evidence; returns its id."""
    now = NOW + hours * HOUR
    record = NewRecord(
        Action.GRANT, "web-form", topic="news", channel=Channel.EMAIL, text_version="1", locale="en", surface="form-7",
        ip="203.0.113.9", agent="Browser/1.0", evidence_ref=scan, country="RU", reason="asked",
        valid_until=NOW + timedelta(days=900),
    )  # fmt: skip
    with db.transaction(history.program) as conn:
        saying.say(conn, history.shop.program, who, [record], actor="member", now=now)
        return str(
            one(conn, "SELECT id::text FROM members_consent WHERE holder_id = %s AND occurred_at = %s", who, now)
        )


def named(found: Findings, finding: str) -> set[str]:
    """Return the consents that findings of one check name."""
    return {str(problem.where["consent"]) for problem in found.problems if problem.check == finding}


def test_untouched_consents_pass(crime: Crime) -> None:
    for head in (None, crime.older, crime.newer):
        found = look(head)
        assert not found.problems
        assert found.checked == {"blocks": 3, "sealed": 5, "sealed_consents": 6}
    assert crime.newer.consents is not None
    assert (crime.newer.consents.count, crime.newer.consents.last_consent) == (6, crime.second_day[-1])


def test_every_column_of_a_consent_is_under_the_seal(crime: Crime) -> None:
    """Also those that later versions add: then the words need a second version. Evidence taken away is told, too."""
    crime.superuser.execute("ALTER TABLE members_consent DROP CONSTRAINT members_consent_action")
    columns = crime.superuser.execute(
        "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute"
        " WHERE attrelid = 'members_consent'::regclass AND attnum > 0 AND NOT attisdropped"
    ).fetchall()
    changes = {
        "uuid": "gen_random_uuid()",
        "bigint": "{} - 1",
        "text": "coalesce({}, '') || 'x'",
        "bytea": "coalesce({}, '') || 'x'::bytea",
        "timestamp with time zone": "{} + interval '1 microsecond'",
    }
    victim = crime.first_day[1]
    for column, kind in columns:
        for value in [changes[kind].format(column), *(["NULL"] if column in (*EVIDENCE, "salt") else [])]:
            with undone(crime):
                crime.superuser.execute(f"UPDATE members_consent SET {column} = {value} WHERE id = %s", [victim])
                found = check.run(crime.superuser, crime.older, key=heads.public_key())
                if column == "id":
                    assert found.totals == {"sealed-deleted": 1, "sealed-inserted": 1}
                else:
                    assert found.totals == {"sealed-altered": 1}, (column, value)
                    assert named(found, "sealed-altered") == {victim}, column
    assert not look(crime.older).problems


def test_evidence_taken_from_somebody_who_is_there_is_named(crime: Crime) -> None:
    """All of it, and the salt: as an erasure would leave the record, but nobody was erased."""
    crime.superuser.execute(
        "UPDATE members_consent SET salt = NULL, ip = NULL, agent = NULL, evidence_ref = NULL, address_hash = NULL,"
        " reason = NULL WHERE id = %s",
        [crime.first_day[1]],
    )
    assert named(look(crime.older), "sealed-altered") == {crime.first_day[1]}


def test_a_deleted_consent_is_named(crime: Crime) -> None:
    crime.superuser.execute("DELETE FROM members_consent WHERE id = %s", [crime.first_day[1]])
    for head in (None, crime.older):
        found = look(head)
        assert found.totals == {"sealed-deleted": 1}
        assert named(found, "sealed-deleted") == {crime.first_day[1]}


def test_a_consent_put_into_the_past_is_named(crime: Crime) -> None:
    """A yes that nobody said, and one under the name of another that is there."""
    for id_ in ("gen_random_uuid()", "id"):
        with undone(crime):
            crime.superuser.execute(
                "CREATE TEMP TABLE forged ON COMMIT DROP AS SELECT * FROM members_consent WHERE id = %s",
                [crime.first_day[0]],
            )
            crime.superuser.execute(f"UPDATE forged SET id = {id_}, holder_id = %s, channel = 'sms'", [crime.people[2]])
            row = crime.superuser.execute("INSERT INTO members_consent SELECT * FROM forged RETURNING id::text")
            forged = row.fetchone()
            assert forged
            found = check.run(crime.superuser, crime.older, key=heads.public_key())
            assert sum(found.totals.values()) == 1, id_
            assert named(found, "sealed-inserted") | named(found, "sealed-altered") == {forged[0]}


def test_a_consent_of_the_future_is_named(crime: Crime) -> None:
    crime.superuser.execute("UPDATE members_consent SET txid = 1000000000000 WHERE id = %s", [crime.second_day[2]])
    found = look()
    assert named(found, "sealed-ahead") == named(found, "sealed-altered") == {crime.second_day[2]}


def test_consents_sealed_anew_are_noticed(crime: Crime) -> None:
    """A yes made of a no, and all the sealer's work done again."""
    crime.superuser.execute("UPDATE members_consent SET action = 'withdraw' WHERE id = %s", [crime.first_day[2]])
    seal_anew(crime)
    assert not look().problems, "the new chain is sound in itself"
    for head in (crime.older, crime.newer):
        found = look(head)
        assert found.totals == {"anchor-history": 1}
        assert f"the history of consents before {head.date} is not the one" in found.problems[0].what


def test_honest_consents_sealed_anew_are_the_same(crime: Crime) -> None:
    seal_anew(crime)
    assert not look(crime.newer).problems


def test_a_tail_of_consents_cut_with_its_seals_is_noticed(crime: Crime) -> None:
    crime.superuser.execute("DELETE FROM members_consent WHERE id = ANY (%s)", [list(crime.second_day)])
    crime.superuser.execute("DELETE FROM sealing_consent_block WHERE number > 1")
    assert not look(crime.older).problems
    found = look(crime.newer)
    assert found.totals == {"anchor-tail": 1}
    assert named(found, "anchor-tail") == {crime.second_day[-1]}


def test_a_block_of_consents_that_was_altered_is_named(crime: Crime) -> None:
    for column in ("ids", "leaves", "root", "previous", "hash", "evidence"):
        with undone(crime):
            crime.superuser.execute(
                f"UPDATE sealing_consent_block SET {column} = set_byte({column}, 0, (get_byte({column}, 0) + 1) % 256)"
                " WHERE number = 1"
            )
            found = check.run(crime.superuser, crime.newer, key=heads.public_key())
            assert 1 in {each.where["block"] for each in found.problems if each.check == "sealed-block"}, column


def test_what_an_erasure_takes_is_no_forgery(crime: Crime) -> None:
    """The evidence goes with its salt, and the seals stand; what is left of the record still cannot be altered."""
    erase(crime, crime.people[0])
    row = crime.superuser.execute(
        "SELECT num_nonnulls(salt, ip, agent, evidence_ref, address_hash, reason) FROM members_consent WHERE id = %s",
        [crime.first_day[0]],
    ).fetchone()
    assert row == (0,)
    for head in (None, crime.older, crime.newer):
        assert not look(head).problems
    crime.history.seal(now=NOW + 3 * HOUR)
    for column, value in (("action", "'withdraw'"), ("ip", "'198.51.100.0/24'"), ("occurred_at", "now()")):
        with undone(crime):
            crime.superuser.execute(
                f"UPDATE members_consent SET {column} = {value} WHERE id = %s", [crime.first_day[0]]
            )
            found = check.run(crime.superuser, crime.older, key=heads.public_key())
            assert named(found, "sealed-altered") == {crime.first_day[0]}, column


def test_who_is_erased_before_the_sealer_came_is_sealed_as_what_is_left(crime: Crime) -> None:
    agree(crime.history, crime.people[1], "scan-3", hours=2)
    erase(crime, crime.people[1])
    head = crime.history.seal(now=NOW + 4 * HOUR).head
    assert not look(head).problems


def test_a_contact_that_is_taken_away_leaves_the_seals_whole(crime: Crime) -> None:
    history = crime.history
    with db.transaction(history.program) as conn:
        (firm,) = members.upsert(conn, history.shop.program, [NewMember("firm", name="F", kind=MemberKind.COMPANY)],
                                 now=NOW)  # fmt: skip
        assert isinstance(firm, Created)
        speaker = NewContact(ContactRole.ACCOUNTANT, "Ann", "ann@example.com", None)
        (kept,) = contacts.keep(conn, history.shop.program, [Wanted(firm.member_id, speaker)], now=NOW)
        assert isinstance(kept, Kept), kept
    agree(history, kept.id, "scan-9")
    head = history.seal(now=NOW + 2 * HOUR).head
    with db.transaction(history.program) as conn:
        contacts.remove(conn, history.program, firm.member_id, [kept.id])
        assert one(conn, "SELECT salt FROM members_consent WHERE holder_id = %s", kept.id) is None
    assert not look(head).problems


def test_a_head_of_before_consents_were_sealed_is_believed_as_it_is(crime: Crime) -> None:
    """It is signed without them, and says nothing of them."""
    old = heads.sign(msgspec.structs.replace(crime.newer, consents=None))
    assert "consents" not in heads.document(old)
    assert heads.parse(heads.document(old)) == old
    assert not look(old).problems
    crime.superuser.execute("UPDATE members_consent SET action = 'withdraw' WHERE id = %s", [crime.first_day[2]])
    assert look(old).totals == {"sealed-altered": 1}, "the blocks name it all the same"


def test_what_an_older_head_says_of_consents_cannot_be_left_out(crime: Crime) -> None:
    stripped = msgspec.structs.replace(crime.newer, consents=None)
    assert look(stripped).totals == {"anchor-signature": 1}


@contextmanager
def undone(crime: Crime) -> Iterator[None]:
    """Take back at the end what was done."""
    with crime.superuser.transaction() as transaction:
        yield
        transaction.force_rollback = True


def erase(crime: Crime, who: str) -> None:
    """Forget a member."""
    program = crime.history.program
    with db.transaction(program) as conn:
        asked = privacy.request(conn, program, who, by=SYSTEM, now=NOW + 2 * HOUR)
        assert isinstance(asked, Erasure), asked
        done = privacy.carry_out(conn, program, asked.id, by=SYSTEM, now=NOW + 2 * HOUR)
        assert isinstance(done, Forgotten), done


def seal_anew(crime: Crime) -> None:
    """Do the sealer's work again with the sealer's own code, the blocks cut and dated as they were."""
    ends = crime.superuser.execute("SELECT count, sealed_at FROM sealing_consent_block ORDER BY number").fetchall()
    crime.superuser.execute("DELETE FROM sealing_consent_block")
    for count, sealed_at in ends:
        with pytest.MonkeyPatch.context() as cut:
            cut.setattr(service, "READ", count)
            service.seal(crime.superuser, crime.history.program, Book.CONSENTS, now=sealed_at)
