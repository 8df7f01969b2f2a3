"""The bench's sums and its scratch database; its figures are for a machine that has nothing else to do."""

import os

import psycopg
import pytest

from verno.bench import http, scratch, tpcb
from verno.bench.types import FileImport, Http, Result, Round


def test_ratios_are_of_the_same_round_and_medians() -> None:
    rounds = [
        Round(1000, 4000, Http(900, 0.1, 200)),
        Round(2000, 6000, Http(2000, 0.2, 250)),
        Round(500, 1000, Http(600, 0.3, 220)),
    ]
    summary = Result(2, 20, rounds, FileImport(100, 500, 2.0, 300)).summary()
    assert summary["bulk_ratio"] == 3.0
    assert summary["http_ratio"] == 1.0
    assert summary["pgbench_per_second"] == 1000
    assert summary["server_peak_mb"] == 250
    assert summary["import_per_second"] == 50


def test_without_wrk_the_rest_is_told() -> None:
    summary = Result(2, 20, [Round(1000, 4000, None)], FileImport(100, 500, 2.0, 300)).summary()
    assert summary["http_ratio"] is None
    assert summary["bulk_ratio"] == 4.0


@pytest.mark.xdist_group("bench")
@pytest.mark.usefixtures("database")
def test_the_scratch_database_comes_and_goes() -> None:
    before = os.environ["VERNO_DATABASE_URL"]
    owner = os.environ["VERNO_OWNER_URL"]
    with scratch.database():
        assert f"/{scratch.NAME}?" in os.environ["VERNO_DATABASE_URL"]
        tpcb.prepare()
        assert tpcb.measure(1) > 0
    assert os.environ["VERNO_DATABASE_URL"] == before
    with psycopg.connect(owner) as conn:
        assert conn.execute("SELECT 1 FROM pg_database WHERE datname = %s", (scratch.NAME,)).fetchone() is None


@pytest.mark.parametrize(
    ("told", "bad"),
    [
        ("  100 requests in 2.00s, 1.00MB read\n", False),
        ("  100 requests in 2.00s, 1.00MB read\n  Non-2xx or 3xx responses: 7\n", True),
        ("  100 requests in 2.00s\n  Socket errors: connect 0, read 3, write 0, timeout 0\n", True),
    ],
)
def test_answers_that_are_no_201_are_seen(told: str, bad: bool) -> None:
    assert (http._BAD.search(told) is not None) is bad
    assert http._REQUESTS.search(told)
