"""A welcome is given once: who was erased and joins again is known by a hash, for a time, and by nothing else."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.builders import NOW
from tests.corrections.desk import Desk
from tests.privacy.people import join
from tests.privacy.test_erasing import LATER, erase
from verno.members import queries
from verno.members import service as members
from verno.members.identity import lookup_hash
from verno.members.returning import service as returning
from verno.members.returning.service import BADGE, mark
from verno.members.types import NewMember
from verno.privacy import journal, service
from verno.workspace import registry, settings
from verno.workspace.audit import SYSTEM

PHONE, EMAIL = "+79167770077", "ann@example.com"


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """Give a shop from which Ann was erased."""
    ann = join(desk, "ann", phone=PHONE, email=EMAIL, card="ANN-1")
    erase(desk, ann)
    return desk


def badges(desk: Desk, who: str) -> dict[str, object]:
    found = queries.badges(desk.conn, desk.program_id, [who])
    return {one.code: one.until for one in found.get(who, ())}


@pytest.mark.parametrize("given", [{"phone": PHONE}, {"email": EMAIL}, {"phone": PHONE, "email": "new@example.com"}])
def test_who_joins_again_with_the_same_address_is_no_newcomer(desk: Desk, given: dict[str, str]) -> None:
    again = join(desk, "ann-2", **given)
    assert badges(desk, again) == {BADGE: LATER + timedelta(days=365)}


def test_an_address_that_comes_later_counts_as_well(desk: Desk) -> None:
    again = join(desk, "ann-2")
    assert badges(desk, again) == {}
    members.upsert(desk.conn, desk.shop.program, [NewMember("ann-2", phone=PHONE)], now=NOW)
    assert set(badges(desk, again)) == {BADGE}


def test_strangers_and_new_cards_are_newcomers(desk: Desk) -> None:
    assert badges(desk, join(desk, "bob", phone="+79160000001", email="bob@example.com")) == {}
    assert badges(desk, join(desk, "ann-3", card="ANN-1")) == {}, "a card is the house's own"


def test_nothing_but_a_hash_of_its_own_is_kept(desk: Desk) -> None:
    rows = {bytes(one).hex() for (one,) in desk.conn.execute("SELECT value_hash FROM members_tombstone").fetchall()}
    found_by = {lookup_hash(desk.program_id, kind, value) for kind, value in (("phone", PHONE), ("email", EMAIL))}
    assert rows == {mark(desk.program_id, one) for one in found_by}
    assert not rows & found_by


def test_it_is_forgotten_at_its_end(desk: Desk) -> None:
    assert returning.forget(desk.conn, now=LATER + timedelta(days=364)) == 0
    assert returning.forget(desk.conn, now=LATER + timedelta(days=365)) == 2
    assert badges(desk, join(desk, "ann-2", phone=PHONE)) == {}


def test_the_memory_may_be_none(desk: Desk) -> None:
    settings.write(desk.conn, desk.program_id, registry.RETURNING_DAYS.key, 0, by=SYSTEM, now=NOW)
    erase(desk, join(desk, "bob", phone="+79160000001"))
    assert badges(desk, join(desk, "bob-2", phone="+79160000001")) == {}


def test_addresses_of_before_a_merge_are_remembered_too(desk: Desk) -> None:
    one, other = join(desk, "one", phone="+79160000011"), join(desk, "other", phone="+79160000012")
    desk.merge(other, one)
    erase(desk, one)
    for nth, phone in enumerate(("+79160000011", "+79160000012")):
        assert set(badges(desk, join(desk, f"again-{nth}", phone=phone))) == {BADGE}


def test_a_restore_remembers_again(desk: Desk, tmp_path: Path) -> None:
    bob = join(desk, "bob", phone="+79160000001")
    with desk.conn.transaction() as past:  # what is rolled back is what an old backup does not know
        erase(desk, bob)
        past.force_rollback = True
    lines = list(journal.read([tmp_path / "backups"])[desk.program_id].values())
    assert service.replay(desk.conn, desk.program_id, lines[-1:], now=LATER + timedelta(days=9)) == [lines[-1].id]
    assert badges(desk, join(desk, "bob-2", phone="+79160000001")) == {BADGE: LATER + timedelta(days=365)}
