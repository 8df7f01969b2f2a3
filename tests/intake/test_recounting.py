"""A new track counts the receipts that there were, as if it had been there all along."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.builders import NOW
from tests.intake import test_rulebooks as rules
from tests.intake.conftest import Counter, open_counter
from tests.intake.test_brought import LARGE, SMALL, STAMPS
from tests.intake.test_rulebooks import asks
from tests.intake.test_tracks import SPENT, stands
from tests.intake.tillwork import VOUCHED, back, sale, sold, step
from verno.catalogue import service as catalogue
from verno.catalogue.types import NewGoods
from verno.intake import context
from verno.intake.reading import recounting
from verno.intake.returns.types import Original
from verno.intake.steps.types import Capture, Claim
from verno.intake.types import LineQuantity
from verno.kit import db
from verno.progress import queries, service
from verno.progress.types import NotPublished, Recount, Step, Track
from verno.verify import service as verify

YESTERDAY = NOW - timedelta(days=1)
LATER = NOW + timedelta(seconds=10)


@pytest.fixture
def counter(database: str) -> Counter:
    """A shop of its own database, whose regular has bought, returned, captured and claimed."""
    with db.transaction() as conn:
        counter = open_counter(conn)
        catalogue.upsert_goods(conn, counter.program.id, [NewGoods("sku-1", category=["tea"])], now=NOW)
        sold(conn, counter, sale("S-1", 30_000, 10_000))
        back(conn, counter, "R-1", (1, "1"))
        sold(conn, counter, sale("S-2", 20_000, 20_000, hold=True))
        step(conn, counter, "msk-1~~S-2", Capture(lines=[LineQuantity(2, "2")]))
        sold(conn, counter, sale("S-3", 5_000, member=None))
        step(conn, counter, "msk-1~~S-3", Claim(VOUCHED))
        sold(conn, counter, sale("S-4", 7_000, hold=True))
        sold(conn, counter, sale("S-5", 7_000))
        back(conn, counter, "R-5", original=Original(place="msk-1", number="S-5"))
    return counter


def publish(counter: Counter, track: Track) -> None:
    with db.transaction(counter.program.id) as conn:
        known = context.of(conn, counter.program.id).known
        done = service.publish(conn, counter.program, track, Recount(), known=known, now=NOW)
    assert not isinstance(done, NotPublished), done
    assert done.waits
    context.forget()


def fill(counter: Counter, *, stop_after: int | None = None) -> int:
    calls = iter(range(10**6))

    def stopping() -> bool:
        return stop_after is not None and next(calls) >= stop_after

    done = recounting.fill(counter.program.id, now=LATER, stopping=stopping)
    context.forget()
    return done


def value(counter: Counter) -> int:
    with db.transaction(counter.program.id) as conn:
        return stands(conn, counter).value


def test_what_is_kept_counts_and_the_street_goes_on(counter: Counter) -> None:
    publish(counter, SPENT)
    assert recounting.fill(counter.program.id, now=NOW, stopping=lambda: False) == 0, "not every process counts yet"
    with db.transaction(counter.program.id) as conn:
        sold(conn, counter, sale("S-6", 1_000))
    assert fill(counter) == 4, "the two that are kept, the claimed one and the new one"
    # 150.00 + 100.00 are kept of the first, 200.00 of the second, 50.00 of the third, and 10.00 came meanwhile.
    assert value(counter) == 25_000 + 20_000 + 5_000 + 1_000
    with db.transaction(counter.program.id) as conn:
        sold(conn, counter, sale("S-7", 2_000))
    assert value(counter) == 53_000
    assert fill(counter) == 0, "it is done once"


def test_conditions_on_goods_are_asked_of_what_goods_are(counter: Counter) -> None:
    publish(counter, replace(SPENT, lines=asks("category", "inCategory", [["tea"]])))
    fill(counter)
    assert value(counter) == 15_000 + 5_000


def test_events_of_rules_are_recounted_as_the_street_would_have(counter: Counter) -> None:
    with db.transaction(counter.program.id) as conn:
        rules.publish(conn, counter, rules.BASE, LARGE, SMALL)
        context.forget()
        sold(conn, counter, sale("S-6", 30_000, 30_000, at=YESTERDAY))
        back(conn, counter, "R-6", (1, "2"), original=Original(place="msk-1", number="S-6"))
        sold(conn, counter, sale("S-7", 30_000, 20_000, hold=True, at=YESTERDAY))
        step(conn, counter, "msk-1~~S-7", Capture(lines=[LineQuantity(1, "2")]))
        sold(conn, counter, sale("S-8", 50_000, at=YESTERDAY - timedelta(days=1)))
        sold(conn, counter, sale("S-9", 50_000, at=YESTERDAY - timedelta(days=1)))
        back(conn, counter, "R-9", original=Original(place="msk-1", number="S-9"))
    publish(counter, replace(STAMPS, steps=(Step(code="cup", threshold=100),)))
    fill(counter)
    with db.transaction(counter.program.id) as conn:
        assert stands(conn, counter, "stamps").value == 1 + 1 + 3
        sold(conn, counter, sale("S-10", 50_000, at=YESTERDAY - timedelta(days=1)))
        back(conn, counter, "R-8", original=Original(place="msk-1", number="S-8"))
        assert stands(conn, counter, "stamps").value == 1 + 1 + 3
        assert not verify.run(conn).problems
        conn.execute("UPDATE progress_bucket SET amount = amount - 1 WHERE amount = 3")
        assert set(verify.run(conn).totals) == {"progress-counts"}, "a stamp that was emitted is missing"


def test_a_stopped_recount_is_done_again(counter: Counter) -> None:
    publish(counter, SPENT)
    assert fill(counter, stop_after=1) == 3
    with db.transaction(counter.program.id) as conn:
        assert not queries.standings(
            conn, counter.program.id, [counter.member_id], on=context.of(conn, counter.program.id).board(NOW), at=NOW
        ).get(counter.member_id)
    context.forget()
    assert fill(counter) == 3
    assert value(counter) == 50_000
