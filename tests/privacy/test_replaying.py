"""What a restore of an old backup does with those who were erased since, and with nobody else."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from tests.builders import NOW
from tests.corrections import test_pooling as pools
from tests.corrections.desk import KEY, Desk, merged
from tests.privacy.people import found_anywhere, join
from verno.corrections import pooling
from verno.corrections import service as corrections
from verno.corrections.types import Done, Unmerged
from verno.members import queries as members
from verno.members.identity import lookup_hash
from verno.privacy import journal, queries, service
from verno.privacy.types import Erasure, Forgotten, Journalled, Refusal, Refused, State
from verno.workspace.audit import SYSTEM

LATER = NOW + timedelta(hours=1)
MONTHS = NOW + timedelta(days=90)
"""When the restore is made: no merge of the backup's could be undone by hand any more."""
PHONE, EMAIL = "+79167770078", "ann.plantova@example.com"


@contextmanager
def lost(desk: Desk) -> Iterator[None]:
    """Roll back what happens here: it is what an old backup does not know. The journal's lines stay."""
    with desk.conn.transaction() as past:
        yield
        past.force_rollback = True


def part(desk: Desk, *merges: str) -> None:
    for merge in merges:
        undone = corrections.undo(desk.conn, desk.shop.program, merge, KEY, now=LATER)
        assert isinstance(undone, Unmerged), undone


def erase(desk: Desk, holder: str) -> Forgotten:
    asked = service.request(desk.conn, desk.program_id, holder, by=SYSTEM, now=LATER)
    assert isinstance(asked, Erasure), asked
    done = service.carry_out(desk.conn, desk.program_id, asked.id, by=SYSTEM, now=LATER)
    assert isinstance(done, Forgotten), done
    return done


def begun(desk: Desk, holder: str) -> Erasure:
    """Ask for an erasure whose COMMIT fails: the journal has its line, and the request is open."""
    asked = service.request(desk.conn, desk.program_id, holder, by=SYSTEM, now=LATER)
    assert isinstance(asked, Erasure), asked
    with lost(desk):
        done = service.carry_out(desk.conn, desk.program_id, asked.id, by=SYSTEM, now=LATER)
        assert isinstance(done, Forgotten), done
    return asked


def state(desk: Desk, asked: Erasure) -> State | None:
    found = queries.erasure(desk.conn, desk.program_id, asked.id)
    return found.state if found else None


def lines(desk: Desk, tmp_path: Path) -> list[Journalled]:
    return list(journal.read([tmp_path / "home"])[desk.program_id].values())


def replay(desk: Desk, tmp_path: Path) -> list[str]:
    return service.replay(desk.conn, desk.program_id, lines(desk, tmp_path), now=MONTHS)


def owner(desk: Desk, kind: str, value: str) -> str | None:
    """Return who is found by a contact."""
    asked = (desk.program_id, lookup_hash(desk.program_id, kind, value))
    row = desk.conn.execute(
        "SELECT holder_id::text FROM members_identity WHERE program_id = %s AND value_hash = decode(%s, 'hex')", asked
    ).fetchone()
    return row[0] if row else None


def there(desk: Desk, *holders: str) -> Sequence[str]:
    """Return which of some members are there, each as a member of their own."""
    rows = desk.conn.execute(
        "SELECT id::text FROM members_member m WHERE id = ANY (%s::uuid[])"
        " AND NOT EXISTS (SELECT FROM members_redirect d WHERE d.holder_id = m.id)"
        " ORDER BY array_position(%s, id::text)",
        (list(holders), list(holders)),
    ).fetchall()
    return [id_ for (id_,) in rows]


def test_who_was_merged_by_mistake_keeps_all_that_is_theirs(desk: Desk, tmp_path: Path) -> None:
    ann, boris = join(desk, "ann", name="Ann Plantova", email=EMAIL), join(desk, "boris", phone=PHONE)
    desk.earn(ann, 40)
    desk.earn(boris, 100)
    merge = merged(desk.merge(boris, ann)).id
    desk.hold(ann, 120)  # for a purchase that was over long before the restore
    with lost(desk):
        part(desk, merge)
        erase(desk, ann)
    assert owner(desk, "phone", PHONE) == ann, "as the backup has it"
    assert len(replay(desk, tmp_path)) == 1
    assert there(desk, ann, boris) == [boris]
    assert owner(desk, "phone", PHONE) == boris
    assert desk.balance(boris, MONTHS).available == 100
    assert desk.balance(ann, MONTHS).available == 0
    assert found_anywhere(desk.conn, ("Plantova",)) == []
    desk.check()


def test_a_household_of_the_other_ones_keeps_its_pool(desk: Desk, tmp_path: Path) -> None:
    ann, boris = join(desk, "ann", email=EMAIL), join(desk, "boris")
    house = pools.home(desk, boris)
    desk.earn(boris, 100)
    desk.set("households.pools", True)
    assert isinstance(pools.put(desk, house, boris, 60), Done)
    merge = merged(desk.merge(boris, ann)).id
    with lost(desk):
        part(desk, merge)
        erase(desk, ann)
    replay(desk, tmp_path)
    assert there(desk, ann, boris) == [boris]
    assert [one.available for one in pooling.balances(desk.conn, house, now=MONTHS)] == [60]
    assert desk.balance(boris, MONTHS).available == 40
    desk.check()


def test_the_survivor_is_not_written_to_at_the_address_of_the_erased(desk: Desk, tmp_path: Path) -> None:
    ann, sue = join(desk, "ann", name="Ann Plantova", email=EMAIL), join(desk, "sue", phone=PHONE)
    desk.earn(ann, 40)
    desk.earn(sue, 7)
    merge = merged(desk.merge(ann, sue)).id
    with lost(desk):
        part(desk, merge)
        erase(desk, ann)
    assert owner(desk, "email", EMAIL) == sue, "as the backup has it"
    replay(desk, tmp_path)
    assert there(desk, ann, sue) == [sue]
    assert (owner(desk, "email", EMAIL), owner(desk, "phone", PHONE)) == (None, sue)
    assert desk.balance(sue, MONTHS).available == 7
    assert found_anywhere(desk.conn, ("Plantova",)) == []
    desk.check()


def test_merges_on_top_are_undone_first(desk: Desk, tmp_path: Path) -> None:
    ann, sue, top = (join(desk, "ann", email=EMAIL), join(desk, "sue", phone=PHONE), join(desk, "top"))
    for holder, points in ((ann, 40), (sue, 7), (top, 3)):
        desk.earn(holder, points)
    first = merged(desk.merge(ann, sue)).id
    second = merged(desk.merge(sue, top)).id
    with lost(desk):
        part(desk, second, first)
        erase(desk, ann)
    replay(desk, tmp_path)
    assert there(desk, ann, sue, top) == [sue, top]
    assert (owner(desk, "email", EMAIL), owner(desk, "phone", PHONE)) == (None, sue)
    assert [desk.balance(one, MONTHS).available for one in (sue, top)] == [7, 3]
    desk.check()


def test_who_was_one_with_the_erased_to_the_end_goes_along(desk: Desk, tmp_path: Path) -> None:
    ann, twin, boris = (join(desk, "ann", email=EMAIL), join(desk, "twin", phone=PHONE), join(desk, "boris"))
    for holder, points in ((ann, 40), (twin, 7), (boris, 3)):
        desk.earn(holder, points)
    merged(desk.merge(twin, ann))
    mistake = merged(desk.merge(boris, ann)).id
    with lost(desk):
        part(desk, mistake)
        erase(desk, ann)
    replay(desk, tmp_path)
    assert there(desk, ann, twin, boris) == [boris]
    assert members.members(desk.conn, desk.program_id, [twin]) == {}
    assert (owner(desk, "email", EMAIL), owner(desk, "phone", PHONE)) == (None, None)
    assert [desk.balance(one, MONTHS).available for one in (ann, twin, boris)] == [0, 0, 3]
    desk.check()


def test_what_the_journal_has_cannot_be_called_off_and_is_done_at_the_next_start(desk: Desk, tmp_path: Path) -> None:
    ann = join(desk, "ann", email=EMAIL)
    asked = begun(desk, ann)
    refused = service.cancel(desk.conn, desk.program_id, asked.id, by=SYSTEM, now=LATER)
    assert isinstance(refused, Refused), refused
    assert refused.reason is Refusal.JOURNALLED
    assert state(desk, asked) is State.REQUESTED
    assert replay(desk, tmp_path) == [asked.id]
    assert (there(desk, ann), state(desk, asked)) == ([], State.DONE)


def test_a_line_in_any_copy_of_the_journal_counts(desk: Desk, tmp_path: Path) -> None:
    asked = begun(desk, join(desk, "ann"))
    (tmp_path / "home" / f"{desk.program_id}.jsonl").unlink()
    refused = service.cancel(desk.conn, desk.program_id, asked.id, by=SYSTEM, now=LATER)
    assert isinstance(refused, Refused), refused


def test_what_was_called_off_all_the_same_is_left_alone_and_stops_nothing(
    desk: Desk, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ann, boris = join(desk, "ann", email=EMAIL), join(desk, "boris")
    desk.earn(ann, 40)
    asked = begun(desk, ann)
    other = begun(desk, boris)
    called_off = {"id": asked.id, "now": LATER, "by": "system:verno"}
    desk.conn.execute(queries.SQL["cancel_erasure"], called_off)  # as a release before this one let it
    assert replay(desk, tmp_path) == [other.id]
    assert there(desk, ann, boris) == [ann]
    assert desk.balance(ann, MONTHS).available == 40
    assert state(desk, asked) is State.CANCELLED
    assert asked.id in caplog.text


def test_a_request_with_a_line_of_its_own_is_not_called_off_by_another_line(desk: Desk, tmp_path: Path) -> None:
    ann, boris = join(desk, "ann", email=EMAIL), join(desk, "boris", phone=PHONE)
    merge = merged(desk.merge(boris, ann)).id
    both = begun(desk, ann)
    part(desk, merge)
    own = begun(desk, boris)
    assert replay(desk, tmp_path) == [both.id, own.id]
    assert (there(desk, ann, boris), state(desk, own)) == ([], State.DONE)
