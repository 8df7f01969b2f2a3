"""Falsified progress: what days have counted, and where somebody stands."""

from datetime import date, timedelta

import psycopg
import pytest

from tests.builders import NOW
from tests.progress.builders import track
from tests.progress.shop import Shop, noon
from tests.verify.shop import tell
from verno.kit.ids import new_id
from verno.progress import engine, queries, service
from verno.progress.types import Achievement, Fresh, Lifetime, Metric, Moved, Published
from verno.rules.fields import Known
from verno.verify import service as verify
from verno.workspace import queries as workspace

TODAY = date(2026, 11, 25)
SPENT = 30_090 + 90 + 90 - 40
SABOTAGE = [
    # (name, what the insider writes, the checks that must turn red)
    ("a day counts more", "UPDATE progress_bucket SET amount = amount + 1",
     {"progress-counts", "progress-tiers"}),
    ("a day is forgotten", "DELETE FROM progress_bucket", {"progress-counts", "progress-tiers"}),
    ("a day out of nothing",
     "INSERT INTO progress_bucket SELECT holder_id, counter_id, day + 1, program_id, 5, changed_at"
     " FROM progress_bucket",
     {"progress-counts", "progress-tiers"}),
    ("a day of somebody else", "UPDATE progress_bucket SET holder_id = gen_random_uuid()",
     {"progress-counts", "progress-tiers"}),
    ("on another day", "UPDATE progress_bucket SET day = day - 1", {"progress-counts"}),
    ("a value on paper", "UPDATE progress_tier SET value = value + 1", {"progress-tiers"}),
    ("a step on paper", "UPDATE progress_tier SET step = 'c'", {"progress-tiers"}),
    ("a step of no track", "UPDATE progress_tier SET step = 'gold'", {"progress-tiers"}),
]  # fmt: skip


@pytest.fixture
def member(owner: psycopg.Connection) -> str:
    """Tell a story of receipts, and have two tracks count it as the street does."""
    story = tell(owner)
    program = workspace.program(owner, story.program)
    since = TODAY - timedelta(days=100)
    for metric, thresholds in ((Metric.SPEND, (100, 20_000, 90_000)), (Metric.VISITS, (1, 2, 9))):
        made = track(*thresholds, settings=Achievement(), window=Lifetime(), metric=metric, code=metric.value)
        then = noon(since - timedelta(days=3))
        done = service.publish(owner, program, made, Fresh(since), known=Known(), now=then)
        assert isinstance(done, Published)
    stored = queries.tracks(owner, program.id)
    shop = Shop.__new__(Shop)
    shop.conn, shop.program = owner, program
    board = shop.board(TODAY)
    moved = [
        Moved(story.member, one.counter_id, TODAY, SPENT if one.track.metric is Metric.SPEND else 3) for one in stored
    ]
    service.count(owner, program.id, moved, on=board, now=NOW)
    assert engine.today_of(board, NOW) == TODAY
    return story.member


def test_honest_progress(owner: psycopg.Connection, member: str) -> None:
    report = verify.run(owner)
    assert report.ok, report.problems


@pytest.mark.parametrize(("name", "sql", "red"), SABOTAGE, ids=[row[0] for row in SABOTAGE])
def test_sabotage_is_noticed(owner: psycopg.Connection, member: str, name: str, sql: str, red: set[str]) -> None:
    assert owner.execute(sql).rowcount > 0, name
    report = verify.run(owner)
    assert set(report.totals) == red, report.problems
    assert any(problem.where["holder"] == member for problem in report.problems)


def test_a_merge_changes_nothing(owner: psycopg.Connection, member: str) -> None:
    (program,) = owner.execute("SELECT id::text FROM workspace_program").fetchone() or ("",)
    survivor = new_id(now=NOW)
    owner.execute(
        "INSERT INTO members_redirect (holder_id, program_id, into_id, survivor_id, merged_at)"
        " VALUES (%s, %s, %s, %s, %s)",
        (member, program, survivor, survivor, NOW),
    )
    assert verify.run(owner).ok
