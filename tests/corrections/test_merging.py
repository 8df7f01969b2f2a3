"""Members who are one, with their points; and two again."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from tests.builders import NOW, holder
from tests.corrections.desk import KEY, Desk, merged, refused
from verno.corrections import queries, service
from verno.corrections.types import NewMerge, Refusal, Refused, Unmerged
from verno.ledger.types import Earn, Spend, TakeBack
from verno.members import queries as members
from verno.privacy import journal
from verno.privacy import service as privacy
from verno.privacy.types import Erasure, Forgotten
from verno.workspace.audit import SYSTEM

DAY = timedelta(days=1)


def undo(desk: Desk, merge_id: str, *, after: timedelta = DAY) -> Unmerged:
    done = service.undo(desk.conn, desk.shop.program, merge_id, KEY, now=NOW + after)
    assert isinstance(done, Unmerged), done
    return done


def test_points_move_with_their_ends(desk: Desk) -> None:
    old, new = desk.join("old", phone="+79160000001"), desk.join("new")
    desk.earn(old, 30, days=10)
    desk.earn(old, 20)
    desk.earn(new, 5, days=3)
    done = merged(desk.merge(old, new))
    assert json.loads(done.answer) == {
        "id": done.id,
        "status": "merged",
        "member": new,
        "merged": old,
        "points": [{"unit": "points", "points": 50}],
        "identities": ["phone"],
        "until": "2026-12-25T12:00:00Z",
        "balance": [{"unit": "points", "available": 55, "pending": 0, "held": 0, "debt": 0}],
    }
    assert desk.balance(old).available == 0
    assert desk.ends(new) == {NOW + 3 * DAY: 5, NOW + 10 * DAY: 30}
    assert members.find_holders(desk.conn, desk.program_id, [("id", old)]) == {("id", old): new}
    assert desk.events() == ["members.merged.v1"]
    desk.check()


def test_undone_what_is_left_goes_home(desk: Desk) -> None:
    old, new = desk.join("old", email="old@example.com"), desk.join("new")
    desk.earn(old, 30, days=10)
    desk.earn(new, 5, days=3)
    done = merged(desk.merge(old, new))
    desk.post(new, Spend(new, desk.shop.unit.id, 15, NOW))
    undone = undo(desk, done.id)
    answer = json.loads(undone.answer)
    assert (answer["status"], answer["points"]) == ("undone", [{"unit": "points", "points": 20}])
    assert answer["identities"] == ["email"]
    assert (desk.balance(old).available, desk.balance(new).available) == (20, 0)
    assert desk.ends(old) == {NOW + 10 * DAY: 20}
    assert members.find_holders(desk.conn, desk.program_id, [("id", old)]) == {("id", old): old}
    (row,) = queries.merges_of(desk.conn, desk.program_id, old)
    assert row.undone_at == NOW + DAY
    assert undo(desk, done.id) == Unmerged(done.id, undone.answer, replayed=True)
    assert desk.events() == ["members.merged.v1", "members.unmerged.v1"]
    desk.check()


def test_the_same_merge_again_is_a_replay(desk: Desk) -> None:
    old, new = desk.join("old"), desk.join("new")
    done = merged(desk.merge(old, new))
    again = merged(desk.merge(old, new))
    assert (again.id, again.answer, again.replayed) == (done.id, done.answer, True)
    undo(desk, done.id)
    third = merged(desk.merge(old, new))
    assert (third.replayed, third.id != done.id) == (False, True)


def test_who_cannot_be_merged(desk: Desk) -> None:
    a, b, c = desk.join("a"), desk.join("b"), desk.join("c")
    assert refused(desk.merge(a, a)) is Refusal.SAME_MEMBER
    assert refused(desk.merge(a, holder())) is Refusal.UNKNOWN_MEMBER
    assert refused(desk.merge(holder(), a)) is Refusal.UNKNOWN_MEMBER
    merged(desk.merge(a, b))
    assert refused(desk.merge(a, c)) is Refusal.ALREADY_MERGED
    assert refused(desk.merge(b, a)) is Refusal.ALREADY_MERGED, "a circle"
    desk.earn(c, 10)
    desk.hold(c, 4)
    assert refused(desk.merge(c, b)) is Refusal.OPEN_HOLDS
    assert members.survivors(desk.conn, desk.program_id, [c]) == {}


def test_chains_come_apart_from_their_end(desk: Desk) -> None:
    a, b, c = desk.join("a"), desk.join("b"), desk.join("c")
    for who, points in ((a, 1), (b, 10), (c, 100)):
        desk.earn(who, points)
    first, second = merged(desk.merge(a, b)), merged(desk.merge(b, c))
    assert desk.balance(c).available == 111
    assert refused(service.undo(desk.conn, desk.shop.program, first.id, KEY, now=NOW)) is Refusal.MERGED_SINCE
    undo(desk, second.id)
    assert (desk.balance(b).available, desk.balance(c).available) == (11, 100)
    undo(desk, first.id)
    assert (desk.balance(a).available, desk.balance(b).available) == (1, 10)
    desk.check()


def test_into_one_who_was_merged_means_the_survivor(desk: Desk) -> None:
    a, b, c = desk.join("a"), desk.join("b"), desk.join("c")
    merged(desk.merge(b, c))
    desk.earn(a, 7)
    done = merged(desk.merge(a, b))
    assert json.loads(done.answer)["member"] == c
    assert desk.balance(c).available == 7


def test_who_is_forgotten_is_not_made_two_again(desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(journal, "folders", lambda: [tmp_path])
    old, new = desk.join("old"), desk.join("new")
    done = merged(desk.merge(old, new))
    asked = privacy.request(desk.conn, desk.program_id, new, by=SYSTEM, now=NOW)
    assert isinstance(asked, Erasure), asked
    gone = privacy.carry_out(desk.conn, desk.program_id, asked.id, by=SYSTEM, now=NOW + DAY)
    assert isinstance(gone, Forgotten), gone
    again = service.undo(desk.conn, desk.shop.program, done.id, KEY, now=NOW + 2 * DAY)
    assert isinstance(again, Refused)
    assert again.reason is Refusal.UNKNOWN_MEMBER


def test_thirty_days(desk: Desk) -> None:
    old, new = desk.join("old"), desk.join("new")
    done = merged(desk.merge(old, new))
    late = service.undo(desk.conn, desk.shop.program, done.id, KEY, now=NOW + 30 * DAY)
    assert refused(late) is Refusal.UNDO_OVER
    undo(desk, done.id, after=30 * DAY - timedelta(seconds=1))
    assert refused(service.undo(desk.conn, desk.shop.program, holder(), KEY, now=NOW)) is Refusal.UNKNOWN


def test_debts_go_along_and_are_repaid(desk: Desk) -> None:
    old, new = desk.join("old"), desk.join("new")
    unit = desk.shop.unit.id
    sale = desk.post(old, Earn(old, unit, 10, NOW))
    desk.post(old, Spend(old, unit, 10, NOW))
    desk.post(old, TakeBack(old, unit, 10, NOW, sale.operation_id, NOW))
    assert desk.balance(old).debt == 10
    desk.earn(new, 25)
    merged(desk.merge(old, new))
    assert (desk.balance(new).available, desk.balance(new).debt, desk.balance(old).debt) == (15, 0, 0)
    desk.check()


def test_nothing_to_move_is_a_merge_all_the_same(desk: Desk) -> None:
    old, new = desk.join("old"), desk.join("new")
    desk.earn(old, 10, days=1, at=NOW - 2 * DAY)
    done = merged(desk.merge(old, new))
    assert json.loads(done.answer)["points"] == []
    undo(desk, done.id)
    desk.check()


def test_what_comes_to_the_old_account_goes_after_the_rest(desk: Desk) -> None:
    old, new = desk.join("old"), desk.join("new")
    desk.earn(old, 10)
    done = merged(desk.merge(old, new))
    assert service.move_stragglers(desk.conn, desk.program_id, now=NOW) == 0
    desk.earn(old, 5, days=9)  # a receipt that had looked the member up right before
    assert service.move_stragglers(desk.conn, desk.program_id, now=NOW + timedelta(minutes=1)) == 1
    assert (desk.balance(old).available, desk.balance(new).available) == (0, 15)
    assert service.move_stragglers(desk.conn, desk.program_id, now=NOW + timedelta(minutes=2)) == 0
    undo(desk, done.id)
    assert (desk.balance(old).available, desk.balance(new).available) == (15, 0)
    assert desk.ends(old) == {NOW + 9 * DAY: 5}
    desk.check()


def test_stragglers_of_a_chain_go_step_by_step(desk: Desk) -> None:
    a, b, c = desk.join("a"), desk.join("b"), desk.join("c")
    first, second = merged(desk.merge(a, b)), merged(desk.merge(b, c))
    desk.earn(a, 5)
    while service.move_stragglers(desk.conn, desk.program_id, now=NOW):
        pass
    assert desk.balance(c).available == 5
    undo(desk, second.id)
    undo(desk, first.id)
    assert desk.balance(a).available == 5
    desk.check()


def test_merges_of_a_batch_build_on_each_other(desk: Desk) -> None:
    a, b, c = desk.join("a"), desk.join("b"), desk.join("c")
    desk.earn(a, 3)
    one, two, bad = service.merge(
        desk.conn, desk.shop.program, [NewMerge(a, b, KEY), NewMerge(b, c, KEY), NewMerge(a, a, KEY)], now=NOW
    )
    assert merged(one).id != merged(two).id
    assert refused(bad) is Refusal.SAME_MEMBER
    assert desk.balance(c).available == 3


@pytest.mark.parametrize("spent", [0, 10, 30])
def test_merging_and_undoing_keeps_every_point(desk: Desk, spent: int) -> None:
    old, new = desk.join("old"), desk.join("new")
    desk.earn(old, 20, days=20)
    desk.earn(new, 15, days=10)
    done = merged(desk.merge(old, new))
    if spent:
        desk.post(new, Spend(new, desk.shop.unit.id, spent, NOW))
    undo(desk, done.id)
    assert desk.balance(old).available + desk.balance(new).available == 35 - spent
    assert desk.balance(old).available == min(20, 35 - spent), "what ends first was spent first"
    desk.check()
