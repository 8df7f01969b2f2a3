"""Plans of the statements that meet crowds, with figures that say nothing of the crowd: it has only just come."""

import json

import psycopg
import pytest

from tests.builders import Shop
from tests.messaging.news import NEWS, NOW, plan, readers
from tests.messaging.test_planning import draft
from verno.kit import db
from verno.members.queries import SQL as WORDS
from verno.messaging.facts import SQL

MEMBERS = 60
AN_ID = "01a21293-b600-74c6-8000-a6f1cd6d33e8"


@pytest.fixture
def crowd(shop: Shop) -> Shop:
    """Members whose letters came after the figures were taken; nothing had been sent by then."""
    holders = readers(shop, MEMBERS)
    with psycopg.connect(db.owner_url(), autocommit=True) as conn:
        conn.execute("ANALYZE")
    plan(shop, *[draft(h, f"k{n}", topic=NEWS) for n in range(20) for h in holders])
    return shop


def explained(statement: str, **parameters: object) -> str:
    with db.across_programs() as conn:
        return "\n".join(row[0] for row in conn.execute(f"EXPLAIN {statement}", parameters))


def test_a_claim_takes_what_is_due_in_the_order_of_its_index(crowd: Shop) -> None:
    told = explained(
        SQL["claim"],
        now=NOW,
        until=NOW,
        channel="email",
        lane="marketing",
        claim="w/1",
        limit=200,
        suspects=False,
    )
    assert "messaging_message_lane" in told, told
    assert "Sort" not in told, told
    assert "Bitmap" not in told, told


@pytest.mark.parametrize("topics", [[NEWS], None])
def test_what_somebody_said_is_read_by_their_own_range(crowd: Shop, topics: list[str] | None) -> None:
    """Withdrawals are few in the figures: all of them must not be read for each member of a broadcast."""
    told = explained(WORDS["consents"], ids=json.dumps([AN_ID]), now=NOW, topics=topics, channel="email")
    assert "members_consent_newest" in told, told
    assert "members_consent_left" not in told, told


@pytest.mark.parametrize("name", ["hand_over", "conclude"])
def test_a_hand_over_reads_no_index_of_states(crowd: Shop, name: str) -> None:
    rows = json.dumps([{"holder_id": AN_ID, "id": AN_ID}])
    told = explained(SQL[name], rows=rows, claim="w/1", now=NOW, until=NOW)
    assert "messaging_message_pkey" in told or "Seq Scan on messaging_message" in told, told
    assert "by_state" not in told, told
    assert "leases" not in told, told


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("mark_recipients", {"rows": json.dumps([{"holder_id": AN_ID}])}),
        ("cancel_recipients", {"holders": json.dumps([AN_ID])}),
    ],
)
def test_a_chunk_reads_no_range_of_its_broadcast(crowd: Shop, name: str, parameters: dict[str, object]) -> None:
    """An earlier broadcast is all that the figures know of; this one's range seems to be empty."""
    with psycopg.connect(db.owner_url(), autocommit=True) as conn:
        conn.execute(
            "INSERT INTO messaging_recipient (broadcast_id, holder_id, program_id, bucket, wave, state, step,"
            " messages, send_at, changed_at) SELECT '01a21293-b600-74c6-8000-a6f1cd6d0000', gen_random_uuid(), %s,"
            " 0, 0, 'planned', 1, 1, now(), now() FROM generate_series(1, 5000)",
            (crowd.program.id,),
        )
        conn.execute("VACUUM ANALYZE messaging_recipient")
    with db.across_programs() as conn:
        conn.execute(SQL["by_key"])
        asked = {**parameters, "id": AN_ID, "now": NOW}
        told = "\n".join(row[0] for row in conn.execute(f"EXPLAIN {SQL[name]}", asked))
    (condition,) = [line for line in told.splitlines() if "Index Cond" in line]
    assert "holder_id" in condition, told


@pytest.mark.parametrize(
    ("statement", "asked"),
    [
        (WORDS["page_back"], {"before": AN_ID, "limit": 20}),
        (SQL["month_told"], {"month": "2026-10-01"}),
    ],
    ids=["page_back", "month_told"],
)
def test_who_is_told_next_is_found_by_the_index_of_ids(crowd: Shop, statement: str, asked: dict[str, object]) -> None:
    with db.across_programs() as conn:
        conn.execute("SET LOCAL enable_seqscan = off")
        parameters = asked | {"program": crowd.program.id}
        told = "\n".join(row[0] for row in conn.execute(f"EXPLAIN {statement}", parameters))
    assert "Sort" not in told, told
    assert "Index" in told, told
    assert "Seq Scan on members_member" not in told, told
