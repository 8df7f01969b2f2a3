"""Webhooks over the API: endpoints, log, replay, and events for whoever asks."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.test import Client

from tests.api.conftest import Api, problem
from tests.builders import NOW, holder
from tests.waiting import until_readable
from verno.kit import db, outbox
from verno.kit.clock import clock
from verno.webhooks import signing
from verno.webhooks.events import cursor_of
from verno.webhooks.sending import reader
from verno.webhooks.types import Position

URL = "https://shop.example/hooks?shop=1"


@pytest.fixture
def owner(caller: Callable[..., Api]) -> Api:
    return caller("settings:write", "events:read")


def add(owner: Api, **more: object) -> dict[str, Any]:
    answer = owner.post("/webhooks", {"url": URL, **more})
    assert answer.status_code == 201, answer.content
    return dict(answer.json())


def happen(owner: Api, count: int, type_: str = "badge.given.v1") -> None:
    with db.transaction(owner.shop.program.id) as conn:
        outbox.append(
            conn, [outbox.NewEvent(owner.shop.program.id, holder(), type_, {"n": n}, NOW) for n in range(count)]
        )
    until_readable()
    while reader.step(now=NOW):
        pass


def test_the_secret_is_shown_once(owner: Api) -> None:
    made = add(owner, types=["tier.reached.v1"], description="CRM")
    assert signing.key_of(made["secret"])
    (row,) = owner.get("/webhooks").json()["webhooks"]
    assert row == made["webhook"] == owner.get(f"/webhooks/{row['id']}").json()
    assert (row["url"], row["types"], row["state"]) == (URL, ["tier.reached.v1"], "active")
    rotated = owner.post(f"/webhooks/{row['id']}:rotate-secret", b"").json()
    assert rotated["secret"] != made["secret"]
    assert rotated["webhook"]["old_secret_until"]


@pytest.mark.parametrize(
    ("body", "type_"),
    [
        ({"url": "shop.example/hooks"}, "bad-url"),
        ({"url": "ftp://shop.example"}, "bad-url"),
        ({"url": "https://user:password@shop.example/"}, "bad-url"),
        ({"url": "https://shop.example:99999/"}, "bad-url"),
        ({"url": "https://магазин.рф/"}, "bad-url"),
        ({"url": "https://[::1/"}, "bad-url"),
        ({"url": "http://shop.example/"}, "plain-http"),
        ({"url": URL, "types": ["tier.reched.v1"]}, "unknown-event-type"),
        ({"url": URL, "type": "x"}, "invalid"),
        ({}, "invalid"),
    ],
)
def test_what_cannot_be_called_is_refused(owner: Api, body: object, type_: str) -> None:
    assert problem(owner.post("/webhooks", body)) == (422, type_)
    assert owner.get("/webhooks").json() == {"webhooks": []}


def test_twenty_are_enough(owner: Api) -> None:
    for _ in range(20):
        add(owner)
    assert problem(owner.post("/webhooks", {"url": URL})) == (409, "too-many-webhooks")


def test_an_endpoint_is_changed_and_deleted(owner: Api) -> None:
    id_ = add(owner, types=["tier.reached.v1"])["webhook"]["id"]
    changes: list[dict[str, object]] = [
        {"state": "paused"},
        {"types": []},
        {"description": "new"},
        {"url": "https://other.example/"},
    ]
    for change in changes:
        assert owner.patch(f"/webhooks/{id_}", change).status_code == 200
    row = owner.get(f"/webhooks/{id_}").json()
    assert (row["state"], row["types"], row["description"]) == ("paused", [], "new")
    assert problem(owner.patch(f"/webhooks/{id_}", {"state": "disabled"})) == (422, "invalid")
    assert owner.delete(f"/webhooks/{id_}").json() == {"deleted": id_}
    for answer in (owner.get(f"/webhooks/{id_}"), owner.delete(f"/webhooks/{id_}"), owner.get("/webhooks/x")):
        assert problem(answer) == (404, "not-found")


def test_the_log_is_paged_and_filtered_and_replayed(owner: Api) -> None:
    id_ = add(owner)["webhook"]["id"]
    happen(owner, 3)
    happen(owner, 2, "tier.reached.v1")
    found, cursor = [], ""
    for _ in range(3):
        page = owner.get(f"/webhooks/{id_}/deliveries?limit=2&cursor={cursor}").json()
        found += page["deliveries"]
        cursor = page["next"] or ""
    assert not cursor
    assert len({row["event"] for row in found}) == 5
    assert [row["type"] for row in found] == ["tier.reached.v1"] * 2 + ["badge.given.v1"] * 3
    assert {row["state"] for row in found} == {"waiting"}
    assert found[0]["next_try_at"]
    assert len(owner.get(f"/webhooks/{id_}/deliveries?type=tier.reached.v1").json()["deliveries"]) == 2
    assert owner.get(f"/webhooks/{id_}/deliveries?state=failed").json()["deliveries"] == []
    assert problem(owner.get(f"/webhooks/{id_}/deliveries?state=lost")) == (422, "invalid")
    assert problem(owner.get(f"/webhooks/{id_}/deliveries?type=%00")) == (422, "invalid")
    assert problem(owner.get(f"/webhooks/{id_}/deliveries?cursor=x")) == (422, "invalid")
    cases: list[tuple[object, object]] = [
        ({"events": [found[0]["event"]]}, {"replayed": 1}),
        ({"since": NOW.isoformat()}, {"replayed": 5}),
        ({"since": NOW.isoformat(), "until": NOW.isoformat()}, {"replayed": 0}),
        ({"since": (NOW - timedelta(days=1)).isoformat(), "state": "failed"}, {"replayed": 0}),
    ]
    for body, answered in cases:
        assert owner.post(f"/webhooks/{id_}:replay", body).json() == answered, body
    assert problem(owner.post(f"/webhooks/{id_}:replay", {})) == (422, "invalid")
    assert problem(owner.post(f"/webhooks/{id_}:replay", {"since": "2026-11-25T12:00:00"})) == (422, "invalid")
    assert problem(owner.post(f"/webhooks/{id_}:replay", {"events": ["x"]})) == (422, "unknown-event")


def test_events_are_read_from_a_cursor_on(owner: Api) -> None:
    happen(owner, 5)
    happen(owner, 3, "tier.reached.v1")
    first = owner.get("/events?limit=6").json()
    assert [event["data"]["n"] for event in first["events"]] == [0, 1, 2, 3, 4, 0]
    assert first["more"]
    rest = owner.get(f"/events?after={first['next']}").json()
    assert [event["data"]["n"] for event in rest["events"]] == [1, 2]
    assert not rest["more"]
    nothing = owner.get(f"/events?after={rest['next']}").json()
    assert (nothing["events"], nothing["next"]) == ([], rest["next"])
    happen(owner, 1)
    assert len(owner.get(f"/events?after={rest['next']}").json()["events"]) == 1
    chosen = owner.get("/events?type=tier.reached.v1,tier.lost.v1").json()["events"]
    assert [event["type"] for event in chosen] == ["tier.reached.v1"] * 3
    sequences = [event["sequence"] for event in first["events"] + rest["events"]]
    assert sequences == sorted(sequences)
    assert problem(owner.get("/events?type=x")) == (422, "invalid")
    assert problem(owner.get("/events?after=x")) == (422, "invalid")
    assert problem(owner.get("/events?limit=0")) == (422, "invalid")


def test_a_cursor_from_time_that_a_restore_took_away_says_where_to_go_on(owner: Api) -> None:
    happen(owner, 2)
    kept = owner.get("/events").json()
    happen(owner, 3)
    lost = owner.get(f"/events?after={kept['next']}").json()
    restore(lost=3)
    happen(owner, 2, "tier.reached.v1")
    beyond = cursor_of(Position(2**62, 7))
    for cursor in (lost["next"], beyond):
        answer = owner.get(f"/events?after={cursor}")
        assert problem(answer) == (410, "lost-cursor")
        assert "restored" in answer.json()["detail"]
        assert answer.json()["next"] == kept["next"]
    since = owner.get(f"/events?after={kept['next']}").json()
    assert [event["type"] for event in since["events"]] == ["tier.reached.v1"] * 2, "nothing is missed"
    known = [event["sequence"] for event in kept["events"] + lost["events"]]
    assert min(event["sequence"] for event in since["events"]) > max(known), "receivers would put them aside"


def test_where_nothing_was_before_the_lost_time_it_begins_anew(owner: Api) -> None:
    happen(owner, 1)
    lost = owner.get("/events").json()["next"]
    restore(lost=1)
    happen(owner, 1)
    begin = owner.get(f"/events?after={lost}").json()["next"]
    assert begin == cursor_of(Position(0, 0))
    assert len(owner.get(f"/events?after={begin}").json()["events"]) == 1


def restore(*, lost: int) -> None:
    """Do to the outbox what a restore does: the last events have not happened."""
    with psycopg.connect(db.owner_url()) as conn:
        conn.execute(
            "DELETE FROM kit_event WHERE (xid, id) IN"
            " (SELECT xid, id FROM kit_event ORDER BY xid DESC, id DESC LIMIT %s)",
            (lost,),
        )
        conn.execute("SELECT setval('kit_event_id_seq', greatest((SELECT max(id) FROM kit_event), 1))")
        outbox.skip_lost(conn)


def test_events_need_a_right_of_their_own(caller: Callable[..., Api]) -> None:
    assert problem(caller("settings:write").get("/events")) == (403, "missing-scope")


def test_webhook_and_pull_say_the_same(owner: Api) -> None:
    id_ = add(owner)["webhook"]["id"]
    happen(owner, 2)
    asked = [event["id"] for event in owner.get("/events").json()["events"]]
    told = [row["event"] for row in owner.get(f"/webhooks/{id_}/deliveries").json()["deliveries"]]
    assert asked == told[::-1]


def test_a_test_event_reaches_one_log(owner: Api) -> None:
    one, other = (add(owner, types=["tier.lost.v1"])["webhook"]["id"] for _ in range(2))
    assert owner.post(f"/webhooks/{one}:test", b"").status_code == 200
    happen(owner, 0)
    rows = owner.get(f"/webhooks/{one}/deliveries").json()["deliveries"]
    assert [row["type"] for row in rows] == ["webhook.test.v1"]
    assert owner.get(f"/webhooks/{other}/deliveries").json()["deliveries"] == []


def test_sources_are_added_with_a_secret_of_theirs_or_ours(owner: Api) -> None:
    made = owner.post("/webhook-sources", {"name": "sms-gateway"}).json()
    assert signing.key_of(made["secret"])
    assert made["source"]["url"].endswith(f"/hooks/{made['source']['id']}")
    theirs = signing.new_secret()
    assert owner.post("/webhook-sources", {"name": "push", "secret": theirs}).json()["secret"] == theirs
    rows = owner.get("/webhook-sources").json()["sources"]
    assert [row["name"] for row in rows] == ["sms-gateway", "push"]
    assert "secret" not in rows[0]
    for body, told in (
        ({"name": "push"}, (409, "name-taken")),
        ({"name": "Push!"}, (422, "bad-name")),
        ({"name": "other", "secret": "whsec_short"}, (422, "bad-secret")),
    ):
        assert problem(owner.post("/webhook-sources", body)) == told
    changed = owner.patch(f"/webhook-sources/{rows[0]['id']}", {"secret": signing.new_secret()})
    assert (changed.status_code, changed.json()) == (200, rows[0])
    assert problem(owner.patch(f"/webhook-sources/{rows[0]['id']}", {"secret": "x"})) == (422, "bad-secret")
    assert owner.get(f"/webhook-sources/{rows[0]['id']}/events").json() == {"events": []}
    assert owner.delete(f"/webhook-sources/{rows[0]['id']}").json() == {"deleted": rows[0]["id"]}
    for answer in (owner.delete(f"/webhook-sources/{rows[0]['id']}"), owner.get("/webhook-sources/x/events")):
        assert problem(answer) == (404, "not-found")


def test_what_a_source_sent_is_listed(owner: Api) -> None:
    made = owner.post("/webhook-sources", {"name": "sms-gateway"}).json()
    key = signing.key_of(made["secret"])
    assert key
    body, stamp = b'{"type": "message.delivered"}', int(clock.now().timestamp())
    headers = {
        "Webhook-Id": "m-1",
        "Webhook-Timestamp": str(stamp),
        "Webhook-Signature": signing.signature([key], "m-1", stamp, body),
    }
    where = f"/hooks/{made['source']['id']}"
    strict = Client(enforce_csrf_checks=True)
    assert strict.generic("POST", where, body, "application/json", headers=headers).status_code == 204
    assert problem(strict.generic("POST", where, body + b" ", "application/json", headers=headers)) == (
        401,
        "not-genuine",
    )
    (row,) = owner.get(f"/webhook-sources/{made['source']['id']}/events").json()["events"]
    assert (row["id"], row["type"], row["state"]) == ("m-1", "message.delivered", "stored")
    assert owner.get("/webhook-sources").json()["sources"][0]["events"] == 1
