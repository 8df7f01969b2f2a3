"""Several servers at once, each with connections of its own: one winner a hold, nothing comes back twice."""

from collections import Counter as Tally
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

import pytest

from tests.builders import BEGINNING, NOW
from tests.intake.conftest import Counter, open_counter
from tests.intake.tillwork import give, have, returned, rule, sale, spending
from verno.intake import context, groups
from verno.intake.returns import applying
from verno.intake.returns import service as returning
from verno.intake.returns.types import Original
from verno.intake.sold import target
from verno.intake.steps import service as stepping
from verno.intake.steps.types import Asked, Cancel, Capture, Claim
from verno.intake.types import MemberRef, Outcome, Parked, Refused, Replayed, Settled
from verno.kit import db
from verno.kit.errors import TryAgain
from verno.ledger import service as ledger
from verno.ledger.types import Balance
from verno.promotions import service as promotions
from verno.promotions.types import StoredRulebook
from verno.rules.effects import DiscountPercent, EarnFixed
from verno.rules.types import Budget, Counts, Period, Rule, Rulebook
from verno.verify import service as verify

T = TypeVar("T")
SERVERS = 6


@pytest.fixture
def shop(database: str) -> Counter:
    """A committed shop where a point is worth 1.00, and a regular who has 1000 of them."""
    with db.transaction() as conn:
        counter = open_counter(conn)
        rule(conn, counter, "spend.value", 100)
        give(conn, counter, 1000)
    return counter


def crowd(jobs: Sequence[Callable[[db.Connection], T]]) -> list[T]:
    """Do all jobs over as many connections as there are servers, as much at the same time as can be."""
    start = Barrier(SERVERS)

    def serve(mine: Sequence[tuple[int, Callable[[db.Connection], T]]]) -> list[tuple[int, T]]:
        with db.connect_for_batches() as conn:
            start.wait()
            return [(i, job(conn)) for i, job in mine]

    numbered = list(enumerate(jobs))
    with ThreadPoolExecutor(SERVERS) as servers:
        parts = list(servers.map(serve, [numbered[i::SERVERS] for i in range(SERVERS)]))
    return [result for _, result in sorted((pair for part in parts for pair in part), key=lambda pair: pair[0])]


def resolve(shop: Counter, name: str, step: Capture | Cancel | Claim) -> Callable[[db.Connection], Outcome | None]:
    asked = [Asked(target(name) or pytest.fail(name), step)]
    return lambda conn: groups.serve(conn, shop.program.id, asked, stepping.take, now=NOW)[0]


def in_order() -> None:
    with db.transaction() as conn:
        found = verify.run(conn)
    assert found.ok, found.problems


def kinds(outcomes: Sequence[Outcome | None]) -> Tally[str]:
    return Tally(one.reason if isinstance(one, Refused) else type(one).__name__ for one in outcomes)


@pytest.mark.parametrize("points", [0, 10])
def test_each_hold_ends_once(shop: Counter, points: int) -> None:
    """P7 in short: captures, cancels and the sweep race; each hold has one winner, and no point is lost or made."""
    holds = [sale(f"H-{i}", 1000, spend=spending(points), hold=True) for i in range(30)]
    with db.connect_for_batches() as conn:
        groups.commit(conn, shop.program.id, holds, now=NOW)

    def sweep(conn: db.Connection) -> None:
        ledger.settle_due(conn, shop.program.id, now=NOW)
        conn.commit()

    jobs: list[Callable[[db.Connection], object]] = []
    for i in range(30):
        jobs += [resolve(shop, f"msk-1~~H-{i}", step) for step in (Capture(), Cancel(), Capture())]
        jobs.append(sweep)
    outcomes = crowd(jobs)
    captured = 0
    for i in range(30):
        first, other, again = outcomes[4 * i : 4 * i + 3]
        told = kinds([first, other, again])  # type: ignore[list-item]
        if isinstance(other, Settled):
            assert told == {"Settled": 1, "already-resolved": 2}
        else:
            assert told == {"Settled": 1, "Replayed": 1, "already-resolved": 1}
            captured += 1
    with db.transaction() as conn:
        assert have(conn, shop) == Balance(shop.shop.unit.id, 1000 - captured * points + captured * (10 - points))
    in_order()


def test_nothing_comes_back_twice_from_two_servers(shop: Counter) -> None:
    with db.connect_for_batches() as conn:
        groups.commit(conn, shop.program.id, [sale("S-1", 10000)], now=NOW)

    def back(i: int) -> Callable[[db.Connection], Outcome | None]:
        wanted = [returned(f"R-{i}", (1, "0.5"))]
        return lambda conn: groups.serve(conn, shop.program.id, wanted, returning.take, now=NOW)[0]

    # one number from two servers is one return
    outcomes = crowd([back(i // 2) for i in range(24)])
    told = kinds(outcomes)
    assert told["Settled"] == 4
    assert set(told) <= {"Settled", "Replayed", "over-return"}
    with db.transaction() as conn:
        assert have(conn, shop).available == 1000
    in_order()


def test_returns_of_many_sales_at_the_same_moment_keep_nothing(shop: Counter) -> None:
    """What one return writes off another recovers, whichever server is first."""
    with db.transaction() as conn:
        rule(conn, shop, "points.take_back", "write_off")
    with db.connect_for_batches() as conn:
        for number in range(20):
            groups.commit(conn, shop.program.id, [sale(f"S-{number}", 10000)], now=NOW)
        for number in range(15):
            groups.commit(conn, shop.program.id, [sale(f"T-{number}", 20000, spend=spending(200))], now=NOW)

    def back(name: str) -> Callable[[db.Connection], Outcome | None]:
        wanted = [returned(f"R-{name}", original=Original(place="msk-1", number=name))]
        return lambda conn: groups.serve(conn, shop.program.id, wanted, returning.take, now=NOW)[0]

    # Every server begins with what had earned, so that there is something to write off.
    names = [f"S-{i}" for i in range(SERVERS)]
    names += [name for i in range(15) for name in (f"T-{i}", f"S-{i + SERVERS}") if name != "S-20"]
    outcomes = crowd([back(name) for name in names])
    assert kinds(outcomes) == {"Settled": 35}
    with db.transaction() as conn:
        assert have(conn, shop) == Balance(shop.shop.unit.id, 1000)
        (recovered,) = conn.execute("SELECT count(*) FROM ledger_transfer WHERE kind = 'recover'").fetchone() or (0,)
        assert recovered
    in_order()


def test_a_sale_and_its_return_at_the_same_moment_find_each_other(shop: Counter) -> None:
    def sell(i: int) -> Callable[[db.Connection], Outcome | None]:
        return lambda conn: groups.commit(conn, shop.program.id, [sale(f"S-{i}", 10000)], now=NOW)[0]

    def back(i: int) -> Callable[[db.Connection], Outcome | None]:
        wanted = [returned(f"R-{i}", original=Original(place="msk-1", number=f"S-{i}"))]
        return lambda conn: groups.serve(conn, shop.program.id, wanted, returning.take, now=NOW)[0]

    outcomes = crowd([job for i in range(60) for job in (sell(i), back(i))])
    assert all(isinstance(one, Settled) for one in outcomes[::2])
    strange = [one for one in outcomes[1::2] if not isinstance(one, Settled | Parked)]
    assert not strange, strange

    def sweep(conn: db.Connection) -> int:
        try:
            done = applying.sweep(conn, context.of(conn, shop.program.id), now=NOW)
            conn.commit()
        except TryAgain:
            conn.rollback()
            return 0
        return done

    crowd([sweep] * SERVERS)
    with db.transaction() as conn:
        assert conn.execute("SELECT count(*) FROM intake_parked").fetchone() == (0,)
        assert conn.execute("SELECT count(*) FROM intake_return WHERE status = 'settled'").fetchone() == (60,)
        assert have(conn, shop).available == 1000
    in_order()


def test_a_receipt_of_nobody_finds_one_member(shop: Counter) -> None:
    with db.connect_for_batches() as conn:
        strangers = [sale(f"S-{i}", 1000, member=None) for i in range(10)]
        groups.commit(conn, shop.program.id, strangers, now=NOW)
    claims = [Claim(MemberRef(external_id="m-1")), Claim(MemberRef(card="CARD-0001"))]
    jobs = [resolve(shop, f"msk-1~~S-{i}", claim) for i in range(10) for claim in claims * 2]
    outcomes = crowd(jobs)
    for i in range(10):
        assert kinds(outcomes[4 * i : 4 * i + 4]) == {"Settled": 1, "Replayed": 1, "already-resolved": 2}
    assert not any(isinstance(one, Replayed) and not one.answer for one in outcomes)
    with db.transaction() as conn:
        assert have(conn, shop).available == 1100
    in_order()


def test_parallel_tills_do_not_overspend_a_budget(shop: Counter) -> None:
    """Sales, holds, captures, cancels and returns of a rule that may act seven times and take 10.00 off in all."""
    gift = Rule(id="gift", budgets=(Budget(Counts.USES, 7),), effects=(EarnFixed(unit="points", points=5),))
    off = Rule(id="off", budgets=(Budget(Counts.MONEY, 1000),), effects=(DiscountPercent(share=1000),))
    mine = Budget(Counts.USES, 3, each_member=True, period=Period.DAY)
    own = Rule(id="own", budgets=(mine,), effects=(EarnFixed(unit="points", points=1),))
    with db.transaction() as conn:
        db.enter(conn, shop.program.id)
        book = Rulebook((gift, off, own))
        done = promotions.publish(
            conn, shop.program.id, book, units=[shop.shop.unit], effective_from=BEGINNING, now=NOW
        )
        assert isinstance(done, StoredRulebook), done

    def sell(i: int) -> Callable[[db.Connection], Outcome | None]:
        # Each sale takes 1.00 to 3.00 off.
        one = sale(f"B-{i}", 1000 + 1000 * (i % 3), hold=True)
        return lambda conn: groups.commit(conn, shop.program.id, [one], now=NOW)[0]

    sold = crowd([sell(i) for i in range(36)])
    assert kinds(sold) == {"Settled": 36}
    steps = [resolve(shop, f"msk-1~~B-{i}", Cancel() if i % 4 == 0 else Capture()) for i in range(36)]
    assert kinds(crowd(steps)) == {"Settled": 36}
    crowd([sell(i) for i in range(36, 60)])
    with db.transaction() as conn:
        db.enter(conn, shop.program.id)
        used = dict(conn.execute("SELECT rule, used + held FROM promotions_budget_counter").fetchall())
        fired = conn.execute(
            "SELECT f->>'rule', count(DISTINCT id), sum(coalesce((f->>'discount')::int, 0)) FROM intake_receipt,"
            " jsonb_array_elements(verdict) AS f WHERE status IN ('held', 'settled') GROUP BY 1"
        ).fetchall()
    acted = {rule: (uses, money) for rule, uses, money in fired}
    assert used == {"gift": acted["gift"][0], "off": acted["off"][1], "own": acted["own"][0]}
    assert (used["gift"], used["own"]) == (7, 3), "all that was there was given, and no more"
    assert 700 < used["off"] <= 1000
    in_order()
