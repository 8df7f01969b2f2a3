"""Members are persons or companies, buy as a group, and have badges."""

from datetime import timedelta

import psycopg

from tests.builders import NOW, make_shop
from verno.members import merging, queries, service
from verno.members.types import Created, GivenBadge, MemberKind, NewBadge, NewMember
from verno.workspace.types import Program

DAY = timedelta(days=1)


def member(conn: psycopg.Connection, program: Program, code: str, **more: object) -> str:
    (stored,) = service.upsert(conn, program, [NewMember(code, **more)], now=NOW)  # type: ignore[arg-type]
    assert isinstance(stored, Created)
    return stored.member_id


def events(conn: psycopg.Connection) -> list[tuple[str, str]]:
    return conn.execute("SELECT type, body ->> 'badge' FROM kit_event WHERE type LIKE 'badge.%' ORDER BY id").fetchall()


def test_a_member_is_a_person_unless_said_otherwise(conn: psycopg.Connection) -> None:
    program = make_shop(conn).program
    ann, firm = (
        member(conn, program, "ann"),
        member(conn, program, "firm", kind=MemberKind.COMPANY, buying_group="north"),
    )
    found = queries.members(conn, program.id, [ann, firm])
    assert (found[ann].kind, found[ann].buying_group) == (MemberKind.PERSON, None)
    assert (found[firm].kind, found[firm].buying_group) == (MemberKind.COMPANY, "north")
    service.upsert(conn, program, [NewMember("firm", name="Firm")], now=NOW)
    kept = queries.members(conn, program.id, [firm])[firm]
    assert (kept.kind, kept.buying_group) == (MemberKind.COMPANY, "north")
    service.upsert(conn, program, [NewMember("firm", kind=None, buying_group=None)], now=NOW)
    cleared = queries.members(conn, program.id, [firm])[firm]
    assert (cleared.kind, cleared.buying_group) == (MemberKind.PERSON, None)


def test_a_badge_is_given_once_lasts_the_longest_and_begins_anew_when_it_is_over(conn: psycopg.Connection) -> None:
    program = make_shop(conn).program
    ann = member(conn, program, "ann")

    def give(until: int | None, *, on: int) -> int:
        end = None if until is None else NOW + until * DAY
        return len(service.give_badges(conn, program.id, [NewBadge(ann, "vip", end, "test")], now=NOW + on * DAY))

    assert (give(10, on=0), give(5, on=1), give(20, on=2)) == (1, 0, 0)
    assert queries.badges(conn, program.id, [ann])[ann] == [GivenBadge("vip", NOW, NOW + 20 * DAY, "test")]
    assert queries.badges(conn, program.id, [ann], at=NOW + 20 * DAY) == {}
    assert (give(None, on=30), give(40, on=31)) == (1, 0)
    assert queries.badges(conn, program.id, [ann])[ann] == [GivenBadge("vip", NOW + 30 * DAY, None, "test")]
    then = NOW + 40 * DAY
    taken = [NewBadge(ann, "vip", then, "other"), NewBadge(ann, "vip", then, "test")]
    assert service.take_badges(conn, program.id, taken, now=then) == 1
    assert queries.badges(conn, program.id, [ann], at=NOW + 41 * DAY) == {}
    assert events(conn) == [("badge.given.v1", "vip"), ("badge.given.v1", "vip"), ("badge.taken.v1", "vip")]


def test_what_one_source_takes_back_another_still_gives(conn: psycopg.Connection) -> None:
    program = make_shop(conn).program
    ann = member(conn, program, "ann")
    hand, rule = NewBadge(ann, "vip", NOW + 9 * DAY, "hand"), NewBadge(ann, "vip", None, "rule")
    service.give_badges(conn, program.id, [hand, rule, NewBadge(ann, "vip", NOW + 5 * DAY, "hand")], now=NOW)
    service.lock_badges(conn, program.id, [(ann, "vip", "rule")])
    assert service.take_badges(conn, program.id, [NewBadge(ann, "vip", NOW + DAY, "rule")], now=NOW + DAY) == 0
    assert queries.badges(conn, program.id, [ann])[ann] == [GivenBadge("vip", NOW, NOW + 9 * DAY, "hand")]
    shorter = NewBadge(ann, "vip", NOW + 3 * DAY, "hand")
    assert service.take_badges(conn, program.id, [shorter], now=NOW + DAY) == 0, "two days more"
    assert queries.badges(conn, program.id, [ann], at=NOW + 2 * DAY)
    ended = [NewBadge(ann, "vip", NOW + 2 * DAY, source) for source in ("hand", "rule")]
    assert service.take_badges(conn, program.id, ended, now=NOW + 2 * DAY) == 1
    assert events(conn) == [("badge.given.v1", "vip"), ("badge.taken.v1", "vip")]


def test_a_merge_brings_badges_along_and_its_undoing_takes_them_home(conn: psycopg.Connection) -> None:
    program = make_shop(conn).program
    ann, double = member(conn, program, "ann"), member(conn, program, "double")
    service.give_badges(conn, program.id, [NewBadge(double, "vip", None, "test")], now=NOW)
    merging.redirect(conn, program.id, double, ann, now=NOW)
    assert [badge.code for badge in queries.badges(conn, program.id, [ann])[ann]] == ["vip"]
    merging.restore(conn, program.id, double, ann, now=NOW)
    assert queries.badges(conn, program.id, [ann]) == {}
