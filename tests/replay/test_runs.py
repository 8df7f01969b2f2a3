"""Runs: started, done by a worker, cancelled, interrupted, started again; what came out is kept with the draft."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import psycopg
import pytest
from msgspec.structs import replace

from tests.builders import NOW
from tests.cli.commands import wait_for
from tests.intake.conftest import Counter, open_counter
from tests.intake.test_rulebooks import BASE, publish
from tests.intake.tillwork import back, rule, sale, sold
from tests.replay.test_replay import EVER
from verno.intake import context
from verno.kit import db
from verno.promotions.drafts import service as drafting
from verno.promotions.drafts.service import Desk
from verno.promotions.drafts.types import Draft, NewDraft, Review
from verno.promotions.types import Refusal as NotDone
from verno.promotions.types import Refused as Undone
from verno.promotions.types import StoredRulebook
from verno.replay import reading
from verno.replay.runs import queries, service, working
from verno.replay.runs.types import KEEP, MOST_OPEN, SILENCE, NewRun, Refusal, Refused, Run, State
from verno.replay.types import Loss, Period, Report
from verno.workspace import audit
from verno.workspace.audit import Actor, ActorKind

ANNA, BORIS = (Actor(ActorKind.STAFF, name) for name in ("anna", "boris"))
HALF: dict[str, object] = {
    "rules": [{"id": "base", "effects": [{"type": "earn_per_full", "unit": "points", "points": 1, "per": 200}]}]
}
BONUS: dict[str, object] = {
    "rules": [
        {"id": "base", "effects": [{"type": "earn_per_full", "unit": "points", "points": 1, "per": 100}]},
        {"id": "bonus", "effects": [{"type": "earn_per_full", "unit": "points", "points": 1, "per": 600}],
         "budgets": [{"counts": "points", "most": 100}]},
    ]
}  # fmt: skip


@pytest.fixture
def counter(database: str) -> Counter:
    """A committed shop: points worth 0.10, three sales of 300.00."""
    with db.transaction() as conn:
        counter = open_counter(conn)
        db.enter(conn, counter.program.id)
        rule(conn, counter, "spend.value", 10)
        publish(conn, counter, BASE)
        for n in range(3):
            sold(conn, counter, sale(f"S-{n}", 300_00, at=NOW - timedelta(days=n)))
    context.forget()
    return counter


def at_desk(counter: Counter, verb: Callable[[Desk], object]) -> object:
    with db.transaction(counter.program.id) as conn:
        return verb(drafting.open_desk(conn, counter.program.id, context.known_to_rules(conn, counter.program.id)))


def draft(counter: Counter, body: dict[str, object], number: int | None = None) -> int:
    wanted = NewDraft(title="Spring", body=body, number=number)
    done = at_desk(counter, lambda desk: drafting.save(desk, wanted, by=ANNA, now=NOW))
    assert isinstance(done, Draft), done
    return done.row.number


def row(counter: Counter, number: int) -> Draft:
    found = at_desk(counter, lambda desk: desk.read(number))
    assert isinstance(found, Draft)
    return found


def started(counter: Counter, wanted: NewRun) -> Run:
    done = at_desk(counter, lambda desk: service.start(desk, wanted, by=ANNA, now=NOW))
    assert isinstance(done, Run), done
    return done


def read(counter: Counter, id_: str, *, now: datetime = NOW) -> Run:
    with db.transaction(counter.program.id) as conn:
        found = queries.run(conn, counter.program.id, id_, now=now)
    assert found is not None
    return found


def report(counter: Counter, id_: str) -> Report | None:
    with db.transaction(counter.program.id) as conn:
        return queries.report(conn, counter.program.id, id_)


def work(counter: Counter, *, stopping: Callable[[], bool] = lambda: False) -> int:
    return working.work(counter.program.id, now=NOW, stopping=stopping)


def test_a_run_is_done_and_kept_with_its_draft(counter: Counter) -> None:
    number = draft(counter, HALF)
    run = started(counter, NewRun(period=EVER, draft=number))
    assert (run.state, run.title, run.revision) == (State.WAITING, "Spring", 1)
    assert work(counter) == 3
    assert work(counter) == 0
    found, told = read(counter, run.id), report(counter, run.id)
    assert (found.state, found.done, found.total, found.kept) == (State.DONE, 3, 3, True)
    assert told is not None
    assert (told.current.cost, told.draft.cost, told.losers, told.loss) == (9000, 4500, 1, 4500)
    assert told.losses == (Loss(counter.member_id, 90000, 9000, 4500),)
    with db.transaction(counter.program.id) as conn:
        assert list(queries.losses(conn, counter.program.id, run.id)) == [list(told.losses)]
        assert "replay.start" in [entry.action for entry in audit.page(conn, counter.program.id)]
    kept = row(counter, number).row
    assert isinstance(kept.result, dict)
    assert (kept.result["revision"], kept.result["run"], kept.result["loss"]) == (1, run.id, 4500)
    assert not kept.above_budget


@pytest.mark.parametrize("as_sold", [False, True])
def test_a_run_takes_out_what_came_back_or_not(counter: Counter, *, as_sold: bool) -> None:
    with db.transaction(counter.program.id) as conn:
        back(conn, counter, "R-1")
    wanted = NewRun(period=replace(EVER, as_sold=as_sold), draft=draft(counter, HALF))
    run = started(counter, wanted)
    at_desk(counter, lambda desk: service.cancel(desk, run.id, by=ANNA, now=NOW))
    again = at_desk(counter, lambda desk: service.again(desk, run.id, by=ANNA, now=NOW))
    assert isinstance(again, Run)
    assert work(counter) == 3
    told = report(counter, again.id)
    assert told is not None
    assert (again.as_sold, told.as_sold, told.receipts) == (as_sold, as_sold, 3 if as_sold else 2)


def test_a_draft_edited_meanwhile_keeps_nothing_of_it(counter: Counter) -> None:
    number = draft(counter, HALF)
    run = started(counter, NewRun(period=EVER, draft=number))
    draft(counter, BONUS, number=number)
    work(counter)
    found = read(counter, run.id)
    assert (found.state, found.kept, found.revision) == (State.DONE, False, 1)
    assert row(counter, number).row.result is None
    told = report(counter, run.id)
    assert told is not None
    assert told.draft.points == {"points": 450}, "what was replayed is what was there"
    again = started(counter, NewRun(period=EVER, draft=number))
    work(counter)
    draft(counter, HALF, number=number)
    later = row(counter, number).row
    assert isinstance(later.result, dict)
    assert (later.result["run"], later.result["revision"], later.revision) == (again.id, 2, 3), "stale, and it shows"


def test_above_the_budget_is_published_knowingly(counter: Counter) -> None:
    number = draft(counter, BONUS)
    run = started(counter, NewRun(period=EVER, draft=number))
    work(counter)
    told = report(counter, run.id)
    assert told is not None
    assert [(one.rule, one.used, one.missed, one.times) for one in told.over] == [("bonus", 100, 1, 1)]
    assert told.above_budget
    at_desk(counter, lambda desk: drafting.submit(desk, number, by=ANNA, now=NOW))
    no = at_desk(counter, lambda desk: drafting.review(desk, number, Review(agreed=True), by=BORIS, now=NOW))
    assert isinstance(no, Undone)
    assert no.reason is NotDone.ABOVE_BUDGET
    knowing = Review(agreed=True, above_budget=True)
    assert isinstance(at_desk(counter, lambda desk: drafting.review(desk, number, knowing, by=BORIS, now=NOW)), Draft)
    assert isinstance(at_desk(counter, lambda desk: drafting.publish(desk, number, by=ANNA, now=NOW)), StoredRulebook)


@pytest.mark.parametrize(("share", "dear"), [(500, False), (499, True), (None, False)])
def test_the_share_of_the_sales_is_a_budget_too(counter: Counter, share: int | None, *, dear: bool) -> None:
    """45.00 of 900.00 are 5 %."""
    with db.transaction(counter.program.id) as conn:
        rule(conn, counter, "promotions.replay_most_share", share)
    run = started(counter, NewRun(period=EVER, body=HALF, title="half.json"))
    work(counter)
    told = report(counter, run.id)
    assert told is not None
    assert (told.share, told.is_dear, told.above_budget) == (500, dear, dear)


def test_what_cannot_be_replayed_is_refused(counter: Counter) -> None:
    bad: dict[str, object] = {"rules": [{"id": "x", "effects": [{"type": "gift", "sku": 7}]}]}
    cases: list[tuple[NewRun, Refusal, str]] = [
        (NewRun(period=EVER, draft=77), Refusal.UNKNOWN_DRAFT, "there is no draft 77"),
        (NewRun(period=EVER, body=bad), Refusal.NOT_VALID, "effects"),
        (NewRun(period=EVER, body={"rules": 5}), Refusal.NOT_VALID, "a rulebook has rules"),
        (NewRun(period=EVER), Refusal.NOT_VALID, "a rulebook has rules"),
        (NewRun(period=EVER, draft=draft(counter, bad)), Refusal.NOT_VALID, "effects"),
        (NewRun(period=Period(NOW, NOW), body=HALF), Refusal.EMPTY_PERIOD, "ends before"),
    ]
    for wanted, reason, said in cases:
        no = at_desk(counter, lambda desk, wanted=wanted: service.start(desk, wanted, by=ANNA, now=NOW))  # type: ignore[misc]
        assert isinstance(no, Refused), no
        assert (no.reason, said in " ".join((no.detail, *no.problems))) == (reason, True), no
    for _ in range(MOST_OPEN):
        started(counter, NewRun(period=EVER, body=HALF))
    no = at_desk(counter, lambda desk: service.start(desk, NewRun(period=EVER, body=HALF), by=ANNA, now=NOW))
    assert isinstance(no, Refused)
    assert no.reason is Refusal.TOO_MANY


def test_what_has_become_wrong_since_is_told(counter: Counter) -> None:
    share: dict[str, object] = {
        "rules": [{"id": "a", "effects": [{"type": "earn_percent", "unit": "points", "rate": 100}]}]
    }
    run = started(counter, NewRun(period=EVER, body=share))
    with db.transaction(counter.program.id) as conn:
        rule(conn, counter, "spend.value", None)
    work(counter)
    found = read(counter, run.id)
    assert found.state is State.REFUSED
    assert "worth" in found.problems[0]
    again = at_desk(counter, lambda desk: service.again(desk, run.id, by=ANNA, now=NOW))
    assert isinstance(again, Refused)
    assert again.reason is Refusal.NOT_VALID


def test_a_cancelled_run_stops_within_a_piece(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each piece is one receipt here; the run is cancelled while it is at the first."""
    monkeypatch.setattr(reading, "PIECE", 1)
    monkeypatch.setattr(working, "SECONDS", 0.0)
    number = draft(counter, HALF)
    run = started(counter, NewRun(period=EVER, draft=number))
    waiting = started(counter, NewRun(period=EVER, body=HALF))

    def cancel() -> bool:
        at_desk(counter, lambda desk: service.cancel(desk, run.id, by=BORIS, now=NOW))
        return False

    assert work(counter, stopping=cancel) == 1
    assert read(counter, run.id).state is State.CANCELLED
    assert report(counter, run.id) is None
    assert row(counter, number).row.result is None
    at_desk(counter, lambda desk: service.cancel(desk, waiting.id, by=BORIS, now=NOW))
    assert work(counter) == 0
    done = at_desk(counter, lambda desk: service.again(desk, run.id, by=ANNA, now=NOW))
    assert isinstance(done, Run)
    assert work(counter) == 3
    assert read(counter, done.id).state is State.DONE
    late = at_desk(counter, lambda desk: service.cancel(desk, done.id, by=BORIS, now=NOW))
    assert isinstance(late, Run)
    assert late.state is State.DONE, "what is done stays done"


def test_a_worker_that_stops_leaves_it_to_the_next(counter: Counter) -> None:
    run = started(counter, NewRun(period=EVER, body=HALF))
    work(counter, stopping=lambda: True)
    assert read(counter, run.id).state is State.WAITING
    assert work(counter) == 3


def test_a_failure_is_told_as_interrupted(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    run = started(counter, NewRun(period=EVER, body=HALF))

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr("verno.replay.service.judged", broken)
        with pytest.raises(ZeroDivisionError):
            work(counter)
    assert read(counter, run.id).state is State.INTERRUPTED
    done = at_desk(counter, lambda desk: service.again(desk, run.id, by=ANNA, now=NOW))
    assert isinstance(done, Run)


WORKER = """
import time
import django; django.setup()
from datetime import UTC, datetime
from verno.replay import service
from verno.replay.runs import working
judged = service.judged
def slowly(*words):
    time.sleep(30)
    return judged(*words)
service.judged = slowly
working.work({program!r}, now=datetime.now(UTC), stopping=lambda: False)
"""


def test_a_killed_worker_leaves_an_interrupted_run(counter: Counter) -> None:
    run = started(counter, NewRun(period=EVER, body=HALF))
    code = WORKER.format(program=counter.program.id)
    with subprocess.Popen([sys.executable, "-c", code], env=os.environ) as process:
        now = datetime.now(NOW.tzinfo)
        wait_for("it is under way", 20, lambda: read(counter, run.id, now=now).state is State.RUNNING)
        process.send_signal(signal.SIGKILL)
        process.wait()
    late = datetime.now(NOW.tzinfo) + SILENCE
    assert read(counter, run.id, now=late + timedelta(seconds=1)).state is State.INTERRUPTED
    began = time.monotonic()
    assert working.work(counter.program.id, now=late + timedelta(seconds=1), stopping=lambda: False) == 0
    assert time.monotonic() - began < 5
    assert read(counter, run.id).state is State.INTERRUPTED, "it is written, too"
    done = at_desk(counter, lambda desk: service.again(desk, run.id, by=ANNA, now=NOW))
    assert isinstance(done, Run)
    assert work(counter) == 3
    assert read(counter, done.id).state is State.DONE


def test_only_the_newest_are_kept(counter: Counter) -> None:
    first = started(counter, NewRun(period=EVER, body=HALF))
    work(counter)
    with db.transaction(counter.program.id) as conn:
        conn.execute(
            "INSERT INTO replay_run"
            " (id, program_id, title, body, since, until, state, done, started_by, created_at, kept)"
            " SELECT gen_random_uuid(), %s, 'old', '{}', now(), now(), 'cancelled', 0, 'x', %s, false"
            " FROM generate_series(1, %s)",
            (counter.program.id, NOW + timedelta(hours=1), KEEP),
        )
    at_desk(
        counter, lambda desk: service.start(desk, NewRun(period=EVER, body=HALF), by=ANNA, now=NOW + timedelta(hours=2))
    )
    with psycopg.connect(os.environ["VERNO_OWNER_URL"]) as owner:
        assert owner.execute("SELECT count(*) FROM replay_run").fetchone() == (KEEP,)
        assert owner.execute("SELECT count(*) FROM replay_loss WHERE run_id = %s", (first.id,)).fetchone() == (0,)
