"""The bulk path through real lanes: order, failures, and going on."""

import os
import signal
import threading
from collections import Counter as Tally
from collections.abc import Iterator, Sequence

import psutil
import psycopg
import pytest

from tests.builders import NOW
from tests.intake.conftest import Counter, open_counter
from verno.intake import bulk, lane
from verno.intake.types import Line, MemberRef, Outcome, Receipt, Refused, Replayed, Settled
from verno.kit import db
from verno.kit.errors import Unavailable

COUNT = 600


@pytest.fixture
def shop(database: str, monkeypatch: pytest.MonkeyPatch) -> Counter:
    """A committed shop; streams of 600 count as long."""
    monkeypatch.setattr(bulk, "SHORT", 50)
    monkeypatch.setattr(bulk, "BATCH", 40)
    with db.transaction() as conn:
        return open_counter(conn)


def stream(start: int = 0) -> Iterator[Receipt]:
    """Receipts of the regular and of strangers in turn; each hundredth names an unknown place."""
    for i in range(start, COUNT):
        member = MemberRef(external_id="m-1") if i % 3 else MemberRef(phone=f"+7916{i:07d}")
        place = "nowhere" if i % 100 == 99 else "msk-1"
        yield Receipt(f"B-{i}", place, NOW, [Line("tea", "1", 100 * i)], member=member)


def lanes() -> list[psutil.Process]:
    """The lanes that run now; one that has died and is not buried yet runs no more."""
    return [p for p in psutil.Process().children() if p.status() != psutil.STATUS_ZOMBIE and _is_lane(p)]


def _is_lane(process: psutil.Process) -> bool:
    try:
        return "verno.intake.lane" in " ".join(process.cmdline())
    except psutil.NoSuchProcess:  # dead between the two questions; ZombieProcess is one, too
        return False


def count(table: str) -> int:
    """Count rows."""
    with db.transaction() as conn:
        row = conn.execute(f"SELECT count(*) FROM {table}").fetchone()
    assert row
    return int(row[0])


def test_every_receipt_has_its_outcome_and_a_members_keep_their_order(shop: Counter) -> None:
    seen: dict[int, Outcome | None] = {}
    of_regular: list[int] = []

    def hear(positions: Sequence[int], receipts: Sequence[Receipt], outcomes: Sequence[Outcome | None]) -> None:
        seen.update(zip(positions, outcomes, strict=True))
        of_regular.extend(p for p, r in zip(positions, receipts, strict=True) if r.member and r.member.external_id)

    bulk.load(shop.program.id, stream(), now=NOW, on_batch=hear)
    kinds = Tally(type(outcome).__name__ for outcome in seen.values())
    assert kinds == {"Settled": COUNT - 6, "Refused": 6}
    refused = [position for position, outcome in sorted(seen.items()) if isinstance(outcome, Refused)]
    assert refused == [99, 199, 299, 399, 499, 599]
    assert of_regular == sorted(of_regular)
    points = {p: o.points for p, o in seen.items() if isinstance(o, Settled) and o.matched}
    assert points == {i: i for i in range(COUNT) if i % 3 and i % 100 != 99}
    assert count("intake_receipt") == COUNT - 6
    assert not lanes()


def batches_of(names: Sequence[str]) -> list[tuple[list[int], list[str], int]]:
    """Gather receipts of members; returns positions, members and lane of each batch, in the order they go."""
    stream = (
        Receipt(str(i), "msk-1", NOW, [Line("tea", "1", 1)], member=MemberRef(card=n)) for i, n in enumerate(names)
    )
    return [
        (positions, [receipt.member.card or "" for receipt in batch if receipt.member], lane)
        for positions, batch, lane in bulk._batches(stream)
    ]


def test_a_batch_has_many_receipts_of_few_members(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "BATCH", 40)
    names = [f"c-{i % 640}" for i in range(12_800)]
    made = batches_of(names)
    assert sorted(position for positions, _, _ in made for position in positions) == list(range(len(names)))
    assert max(len(batch) for _, batch, _ in made) == 40
    full = [batch for _, batch, _ in made[:200]]
    assert max(len(set(batch)) for batch in full) < 40
    for name in names[:5]:
        of_one = [position for positions, batch, _ in made for position, who in zip(positions, batch, strict=True)
                  if who == name]  # fmt: skip
        assert of_one == sorted(of_one)
        assert len({lane for _, batch, lane in made if name in batch}) == 1


def test_a_receipt_that_nobody_follows_goes_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a file that is cut off would begin again at its first row."""
    monkeypatch.setattr(bulk, "BATCH", 40)
    room = bulk.LATEST * bulk.BUCKETS * 40
    made = batches_of(["rare"] + ["often"] * (2 * room))
    went = next(number for number, (_, batch, _) in enumerate(made) if batch == ["rare"])
    before = sum(len(batch) for _, batch, _ in made[:went])
    assert room <= before <= room + 80


def test_a_killed_lane_is_told_and_a_second_run_goes_on(shop: Counter) -> None:
    def kill_one(*_: object) -> None:
        for one in lanes()[:1]:
            os.kill(one.pid, signal.SIGKILL)

    with pytest.raises(Unavailable, match="goes on where it was"):
        bulk.load(shop.program.id, stream(), now=NOW, on_batch=kill_one)
    assert not lanes()
    before = count("intake_receipt")
    outcomes: list[Outcome | None] = []
    bulk.load(shop.program.id, stream(), now=NOW, on_batch=lambda _, __, new: outcomes.extend(new))
    kinds = Tally(type(outcome) for outcome in outcomes)
    assert kinds[Replayed] == before
    assert kinds[Settled] == COUNT - 6 - before
    with db.transaction() as conn:
        total = conn.execute("SELECT sum(available) FROM ledger_account WHERE kind = 'member'").fetchone()
    assert total == (sum(i for i in range(COUNT) if i % 3 and i % 100 != 99),)


@pytest.mark.parametrize("ending", ["finish", "stop"])
def test_a_lane_that_was_killed_in_mid_sentence_is_told_in_our_words(shop: Counter, ending: str) -> None:
    """What was half written cannot be read by anybody any more, and is no second error."""
    with pytest.raises(Unavailable, match="goes on where it was"):
        _kill_in_mid_sentence(shop, ending)
    assert not lanes()


def _kill_in_mid_sentence(shop: Counter, ending: str) -> None:
    with bulk.opened(shop.program.id, now=NOW, on_batch=lambda *_: None) as opened:
        opened.wait()
        for one in opened.lanes:
            one.child.kill()
            one.listener.join()
            assert one.child.stdin is not None
            one.child.stdin.write(b"half a frame")
            if ending == "finish":
                one.finish()
            one.check()


def test_what_the_listener_raises_stops_the_load(shop: Counter) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "no space left")

    with pytest.raises(OSError, match="no space left"):
        bulk.load(shop.program.id, stream(), now=NOW, on_batch=full)
    assert not lanes()


def test_a_database_that_goes_away_is_told(shop: Counter) -> None:
    once = threading.Event()

    def cut(*_: object) -> None:
        if not once.is_set():
            once.set()
            with psycopg.connect(db.owner_url(), autocommit=True) as owner:
                owner.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE usename = 'verno' AND datname = current_database()"
                )

    with pytest.raises(Unavailable):
        bulk.load(shop.program.id, stream(), now=NOW, on_batch=cut)
    assert not lanes()


def test_a_short_stream_needs_no_lanes(shop: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "Lane", None)
    outcomes: list[Outcome | None] = []
    bulk.load(shop.program.id, list(stream())[:50], now=NOW, on_batch=lambda _, __, new: outcomes.extend(new))
    assert Tally(type(outcome) for outcome in outcomes) == {Settled: 50}


def test_numbers_are_looked_up_only_where_one_was_taken(shop: Counter) -> None:
    sold = [list(stream())[start : start + 20] for start in (0, 20, 40, 60)]
    other = [Receipt("B-1", "msk-1", NOW, [Line("tea", "1", 7)], member=MemberRef(external_id="m-1"))]
    told: list[tuple[set[type], int]] = []
    with db.connect_for_batches() as conn:
        taker = lane.Taker(conn, shop.program.id, NOW)
        for batch in (sold[0], sold[0] + sold[1], sold[0] + other, sold[2], sold[3], sold[3]):
            retries = db.RETRIES["UniqueViolation"]
            outcomes = taker.take(batch)
            told.append(({type(outcome) for outcome in outcomes}, db.RETRIES["UniqueViolation"] - retries))
    assert told == [
        ({Settled}, 0),
        ({Settled, Replayed}, 1),
        ({Replayed, Refused}, 0),
        ({Settled}, 0),
        ({Settled}, 0),
        ({Replayed}, 1),
    ]


def test_a_stream_that_breaks_off_leaves_no_lane_behind(shop: Counter) -> None:
    def broken() -> Iterator[Receipt]:
        yield from list(stream())[:300]
        message = "the file ends here"
        raise ValueError(message)

    with pytest.raises(ValueError, match="ends here"):
        bulk.load(shop.program.id, broken(), now=NOW, on_batch=lambda *_: None)
    assert not lanes()
