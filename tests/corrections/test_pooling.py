"""Households: who may join and leave, and a pool that nobody spends twice."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import msgspec
import pytest

from tests.builders import NOW, make_shop
from tests.corrections.desk import KEY, Desk, done, merged, refused
from verno.corrections import pooling, service
from verno.corrections.naming import fingerprint
from verno.corrections.pooling import Moving
from verno.corrections.types import Kind, NewMerge, Outcome, Pooling, Refusal, Unmerged
from verno.intake.types import MemberRef
from verno.kit import db
from verno.ledger.types import Earn, Spend
from verno.members.households import service as households
from verno.members.households.types import (
    MAX_INVITATIONS,
    Invited,
    Joined,
    Left,
    NotJoined,
    Role,
    Rules,
)
from verno.members.households.types import Refused as NotDone
from verno.members.types import MemberKind
from verno.verify import service as verify
from verno.workspace import service as workspace

DAY = timedelta(days=1)
RULES = Rules(most=3, cooling_days=30)


def home(desk: Desk, head: str) -> str:
    made = households.open_household(desk.conn, desk.program_id, head, now=NOW)
    assert isinstance(made, Joined), made
    return made.household_id


def add(desk: Desk, house: str, who: str, role: Role = Role.ADULT, *, days: int = 0) -> Joined | NotDone:
    return households.add(desk.conn, desk.program_id, house, who, role, RULES, now=NOW + days * DAY)


def why(outcome: object) -> NotJoined:
    assert isinstance(outcome, NotDone), outcome
    return outcome.reason


def moving(desk: Desk, house: str, who: str, points: int, key: str | None = None) -> Moving:
    body = Pooling(MemberRef(id=who), "points", points)
    return Moving(house, who, body, f"pool/{key or desk.next()}", fingerprint(Kind.TRANSFER, house, body), KEY)


def put(desk: Desk, house: str, who: str, points: int) -> Outcome:
    return pooling.contribute(desk.conn, desk.shop.program, moving(desk, house, who, points), now=NOW)


def take(desk: Desk, house: str, who: str, points: int) -> Outcome:
    return pooling.draw(desk.conn, desk.shop.program, moving(desk, house, who, points), now=NOW)


def roles(desk: Desk, who: str) -> dict[str, Role]:
    found = households.of(desk.conn, desk.program_id, [who]).get(who)
    return {one.holder_id: one.role for one in found.mates} if found else {}


def leave(desk: Desk, house: str, who: str) -> object:
    return pooling.leave(desk.conn, desk.shop.program, house, who, KEY, now=NOW)


def test_a_code_lets_one_in_once(desk: Desk) -> None:
    ann, bob, eve = (desk.join(name) for name in ("ann", "bob", "eve"))
    house = home(desk, ann)
    invited = households.invite(desk.conn, desk.program_id, house, Role.ADULT, now=NOW)
    assert isinstance(invited, Invited)
    assert invited.code not in str(desk.conn.execute("SELECT i::text FROM members_household_invitation i").fetchall())

    def accept(who: str, code: str, *, days: int = 0) -> Joined | NotDone:
        return households.accept(desk.conn, desk.program_id, code, who, RULES, now=NOW + days * DAY)

    assert why(accept(bob, "0000000000")) is NotJoined.BAD_CODE
    assert why(accept(bob, invited.code, days=7)) is NotJoined.BAD_CODE, "seven days are over"
    assert why(accept(ann, invited.code)) is NotJoined.IN_A_HOUSEHOLD
    typed = f" {invited.code[:5].lower()}-{invited.code[5:]} "
    assert accept(bob, typed) == Joined(house), "the one who could not use it did not use it up"
    assert why(accept(eve, invited.code)) is NotJoined.BAD_CODE
    assert roles(desk, ann) == roles(desk, bob) == {ann: Role.HEAD, bob: Role.ADULT}


def test_a_household_with_two_heads_goes_on_when_one_leaves(desk: Desk) -> None:
    """Two who were one while the head left are both head once they are two again."""
    desk.set("households.pools", True)
    ann, bob, eve = (desk.join(name) for name in ("ann", "bob", "eve"))
    house = home(desk, ann)
    for who in (bob, eve):
        assert add(desk, house, who) == Joined(house)
    desk.earn(bob, 100)
    done(put(desk, house, bob, 100))
    made = merged(desk.merge(eve, bob))
    assert leave(desk, house, ann) == Left(house, bob)
    assert isinstance(service.undo(desk.conn, desk.shop.program, made.id, KEY, now=NOW + DAY), Unmerged)
    assert roles(desk, eve) == {bob: Role.HEAD, eve: Role.HEAD}
    assert leave(desk, house, bob) == Left(house, eve)
    assert roles(desk, eve) == {eve: Role.HEAD}
    assert desk.balance(bob).available == 0, "the pool stays with the household"


def test_limits_are_kept(desk: Desk) -> None:
    ann, bob, eve, max_ = (desk.join(name) for name in ("ann", "bob", "eve", "max"))
    firm = desk.join("firm", kind=MemberKind.COMPANY)
    house = home(desk, ann)
    assert add(desk, house, bob) == Joined(house)
    assert add(desk, house, eve, Role.CHILD) == Joined(house)
    assert why(add(desk, house, max_)) is NotJoined.FULL
    assert why(add(desk, house, max_, Role.HEAD)) is NotJoined.NOT_THE_HEAD
    assert why(add(desk, house, firm)) is NotJoined.NOT_A_PERSON
    assert why(add(desk, house, "nobody")) is NotJoined.UNKNOWN_MEMBER
    assert why(add(desk, ann, max_)) is NotJoined.UNKNOWN_HOUSEHOLD
    assert why(households.open_household(desk.conn, desk.program_id, bob, now=NOW)) is NotJoined.IN_A_HOUSEHOLD
    for _ in range(MAX_INVITATIONS):
        assert isinstance(households.invite(desk.conn, desk.program_id, house, Role.CHILD, now=NOW), Invited)
    more = households.invite(desk.conn, desk.program_id, house, Role.CHILD, now=NOW)
    assert why(more) is NotJoined.TOO_MANY_INVITATIONS
    assert leave(desk, house, bob) == Left(house, ann)
    other = home(desk, max_)
    assert why(add(desk, other, bob, days=29)) is NotJoined.COOLING
    assert add(desk, other, bob, days=30) == Joined(other)


def test_points_go_in_and_out_with_their_ends(desk: Desk) -> None:
    desk.set("households.pools", True)
    ann, bob, kid = (desk.join(name) for name in ("ann", "bob", "kid"))
    house = home(desk, ann)
    add(desk, house, bob)
    add(desk, house, kid, Role.CHILD)
    desk.earn(ann, 30, days=10)
    desk.earn(kid, 20, days=3)
    done(put(desk, house, ann, 30))
    done(put(desk, house, kid, 20))
    assert (desk.balance(house).available, desk.balance(ann).available) == (50, 0)
    assert refused(take(desk, house, kid, 1)) is Refusal.NOT_ALLOWED
    assert refused(take(desk, house, desk.join("eve"), 1)) is Refusal.NOT_IN_HOUSEHOLD
    assert refused(take(desk, house, bob, 51)) is Refusal.INSUFFICIENT_POINTS
    done(take(desk, house, bob, 25))
    assert desk.ends(bob) == {NOW + 3 * DAY: 20, NOW + 10 * DAY: 5}, "those that end first"
    once = moving(desk, house, bob, 5, "once")
    replay = [pooling.draw(desk.conn, desk.shop.program, once, now=NOW) for _ in range(2)]
    assert replay[0].answer == replay[1].answer  # type: ignore[union-attr]
    assert desk.balance(house).available == 20
    desk.check()


def test_without_the_setting_there_is_no_pool(desk: Desk) -> None:
    ann = desk.join("ann")
    house = home(desk, ann)
    desk.earn(ann, 30)
    assert refused(put(desk, house, ann, 10)) is Refusal.NOT_ALLOWED
    assert desk.balance(ann).available == 30


def test_the_head_is_followed_and_the_last_adult_takes_the_pool(desk: Desk) -> None:
    desk.set("households.pools", True)
    ann, bob, kid = (desk.join(name) for name in ("ann", "bob", "kid"))
    house = home(desk, ann)
    add(desk, house, bob)
    add(desk, house, kid, Role.CHILD)
    desk.earn(ann, 30, days=10)
    done(put(desk, house, ann, 30))
    assert leave(desk, house, ann) == Left(house, bob)
    assert roles(desk, bob) == {bob: Role.HEAD, kid: Role.CHILD}
    assert desk.balance(house).available == 30, "what was given is the household's"
    assert why(leave(desk, house, ann)) is NotJoined.NOT_IN_IT
    assert leave(desk, house, bob) == Left(house, None)
    assert (desk.balance(house).available, desk.balance(bob).available) == (0, 30)
    assert roles(desk, kid) == {}
    assert why(leave(desk, house, kid)) is NotJoined.UNKNOWN_HOUSEHOLD
    assert isinstance(households.open_household(desk.conn, desk.program_id, kid, now=NOW), Joined), "free at once"
    desk.check()


def test_a_pool_of_two_units_goes_whole_or_not_at_all(desk: Desk) -> None:
    desk.set("households.pools", True)
    stars = workspace.add_unit(desk.conn, desk.program_id, "stars", life_days=None, now=NOW)
    bob = desk.join("bob")
    house = home(desk, bob)

    def stars_of(holder: str) -> int:
        return sum(one.available for one in pooling.balances(desk.conn, holder, now=NOW) if one.unit_id == stars.id)

    desk.post(bob, Earn(bob, stars.id, 10, NOW))
    body = Pooling(MemberRef(id=bob), "stars", 10)
    given = msgspec.structs.replace(moving(desk, house, bob, 10), body=body)
    done(pooling.contribute(desk.conn, desk.shop.program, given, now=NOW))
    desk.earn(bob, 30)
    done(put(desk, house, bob, 30))
    desk.set("points.max_balance", 100)
    desk.earn(bob, 95)
    assert refused(leave(desk, house, bob)) is Refusal.OVER_LIMIT
    assert (stars_of(house), stars_of(bob), desk.balance(house).available) == (10, 0, 30)
    desk.post(bob, Spend(bob, desk.shop.unit.id, 95, NOW))
    assert leave(desk, house, bob) == Left(house, None)
    assert (stars_of(house), stars_of(bob), desk.balance(bob).available) == (0, 10, 30)
    desk.check()


def test_a_merge_brings_the_household_along_and_never_joins_two(desk: Desk) -> None:
    ann, double, bob = (desk.join(name) for name in ("ann", "double", "bob"))
    house = home(desk, double)
    add(desk, house, bob)
    done_ = merged(desk.merge(double, ann))
    assert roles(desk, ann) == {ann: Role.HEAD, bob: Role.ADULT}
    assert why(households.open_household(desk.conn, desk.program_id, ann, now=NOW)) is NotJoined.IN_A_HOUSEHOLD
    undone = service.undo(desk.conn, desk.shop.program, done_.id, KEY, now=NOW + DAY)
    assert isinstance(undone, Unmerged)
    assert (roles(desk, ann), list(roles(desk, double))) == ({}, [double, bob])
    home(desk, ann)
    two = service.merge(desk.conn, desk.shop.program, [NewMerge(double, ann, KEY)], now=NOW)[0]
    assert refused(two) is Refusal.TWO_HOUSEHOLDS


def test_who_is_somebody_else_by_now_joins_nothing(desk: Desk) -> None:
    """Named right before a merge, and let in right after it: the survivor would be in two households."""
    ann, bob, eve = (desk.join(name) for name in ("ann", "bob", "eve"))
    home(desk, ann)
    merged(desk.merge(bob, ann))
    assert why(add(desk, home(desk, eve), bob)) is NotJoined.UNKNOWN_MEMBER
    assert why(households.open_household(desk.conn, desk.program_id, bob, now=NOW)) is NotJoined.UNKNOWN_MEMBER
    assert roles(desk, ann) == {ann: Role.HEAD}


@pytest.mark.parametrize("rounds", [3])
def test_a_pool_is_not_overspent_from_many_tills_at_once(database: str, rounds: int) -> None:
    """P2: sixteen adults' devices, a pool of a thousand, a hundred each: ten succeed, and nothing else goes wrong."""
    with db.transaction() as conn:
        desk = Desk(conn, make_shop(conn))
        program = desk.shop.program
        db.enter(conn, program.id)
        desk.set("households.pools", True)
        ann, bob = desk.join("ann"), desk.join("bob")
        house = home(desk, ann)
        add(desk, house, bob)
        desk.earn(ann, 1000 * rounds)
    for turn in range(rounds):
        with db.transaction(program.id) as conn:
            wanted = Desk(conn, desk.shop)
            wanted.count = 1000 * (turn + 1)
            done(put(wanted, house, ann, 1000))
        gate = threading.Barrier(16)

        def till(number: int, turn: int = turn, gate: threading.Barrier = gate) -> str:
            gate.wait()

            def once() -> Outcome:
                with db.transaction(program.id) as conn:
                    who = (ann, bob)[number % 2]
                    return pooling.draw(conn, program, moving(desk, house, who, 100, f"{turn}-{number}"), now=NOW)

            outcome = db.retrying(once)
            return getattr(outcome, "reason", "taken")

        with ThreadPoolExecutor(16) as threads:
            told = Counter(threads.map(till, range(16)))
        assert told == {"taken": 10, "insufficient-points": 6}
    with db.transaction(program.id) as conn:
        there = Desk(conn, desk.shop)
        assert there.balance(house).available == 0
        assert there.balance(ann).available + there.balance(bob).available == 1000 * rounds
    with db.across_programs() as conn:
        report = verify.run(conn)
        assert report.ok, report.problems
