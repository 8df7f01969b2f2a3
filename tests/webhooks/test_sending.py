"""Events go out signed, at least once, each to whoever listens; each manner of an endpoint has its consequence."""

import os
from collections.abc import Sequence
from datetime import timedelta

import psycopg
import pytest

from tests.builders import NOW, Shop, holder
from tests.webhooks.conftest import listen, tell
from tests.webhooks.receiver import Receiver
from verno.kit import db, quarantine
from verno.webhooks import queries, service, signing
from verno.webhooks.sending import desk
from verno.webhooks.sending.sender import send_due
from verno.webhooks.types import Delivery, DeliveryState, EndpointChange, EndpointState, Replay, Stop, Wanted
from verno.workspace.audit import SYSTEM


def send(at: timedelta = timedelta(0), seconds: float = 0.5) -> int:
    return send_due(lambda: NOW + at, worker_name="test", seconds=seconds)


def log(shop: Shop, endpoint: str) -> list[Delivery]:
    with db.transaction(shop.program.id) as conn:
        return queries.deliveries(conn, shop.program.id, endpoint, limit=1000)


def state(shop: Shop, endpoint: str) -> tuple[EndpointState, Stop | None]:
    with db.transaction(shop.program.id) as conn:
        found = queries.endpoint(conn, shop.program.id, endpoint)
    assert found
    return found.state, found.reason


def test_an_event_arrives_signed_and_as_a_cloud_event(shop: Shop, receiver: Receiver) -> None:
    made = listen(shop, f"{receiver.url}/ok")
    who = holder()
    tell(shop, who)
    assert send() == 1
    (call,) = receiver.calls["ok"]
    assert call.signed_by(made.secret)
    assert abs(call.timestamp - NOW.timestamp()) < 5
    event = call.event
    assert call.id == event.pop("id")
    assert event.pop("sequence").isdigit()
    assert event == {
        "specversion": "1.0",
        "datacontenttype": "application/json",
        "source": f"/programs/{shop.program.id}",
        "type": "badge.given.v1",
        "time": "2026-11-25T12:00:00Z",
        "subject": who,
        "data": {"n": 0},
    }
    (row,) = log(shop, made.endpoint.id)
    assert (row.state, row.status, row.attempts, row.event) == (DeliveryState.DELIVERED, 200, 1, call.id)
    assert send() == 0


def test_nothing_leaves_after_a_restore_until_it_is_released(shop: Shop, receiver: Receiver) -> None:
    listen(shop, f"{receiver.url}/ok")
    tell(shop, holder())
    with psycopg.connect(os.environ["VERNO_OWNER_URL"]) as conn:
        quarantine.impose(conn, restored_to=NOW, now=NOW)
    assert (send(), receiver.calls["ok"]) == (0, [])
    with psycopg.connect(os.environ["VERNO_OWNER_URL"]) as conn:
        quarantine.release(conn, now=NOW)
    assert send() == 1


def test_each_hears_what_it_listens_to(shop: Shop, receiver: Receiver) -> None:
    listen(shop, f"{receiver.url}/all")
    listen(shop, f"{receiver.url}/tiers", "tier.reached.v1")
    tell(shop, holder())
    tell(shop, holder(), type_="tier.reached.v1")
    send()
    assert [len(receiver.calls[name]) for name in ("all", "tiers")] == [2, 1]


def test_what_happened_before_is_not_told(shop: Shop, receiver: Receiver) -> None:
    tell(shop, holder())
    listen(shop, f"{receiver.url}/ok")
    tell(shop, holder())
    send()
    assert len(receiver.calls["ok"]) == 1


@pytest.mark.parametrize("name", ["500", "302", "drop", "hang", "404"])
def test_what_was_not_taken_comes_again_under_the_same_id(shop: Shop, receiver: Receiver, name: str) -> None:
    made = listen(shop, f"{receiver.url}/{name}")
    tell(shop, holder())
    send()
    assert send(timedelta(seconds=3)) == 0, "its time has not come"
    assert send(timedelta(seconds=6)) == 1
    assert len(receiver.calls[name]) == 2
    assert len(receiver.ids(name)) == 1
    assert receiver.canary == 0
    (row,) = log(shop, made.endpoint.id)
    assert (row.state, row.attempts) == (DeliveryState.WAITING, 2)
    assert timedelta(seconds=246) <= row.due_at - NOW <= timedelta(seconds=306)
    assert state(shop, made.endpoint.id) == (EndpointState.ACTIVE, None)


def test_tries_end_within_three_days(shop: Shop, receiver: Receiver) -> None:
    made = listen(shop, f"{receiver.url}/500")
    tell(shop, holder())
    at = timedelta(0)
    for _ in range(desk.MOST_ATTEMPTS):
        assert send(at) == 1
        (row,) = log(shop, made.endpoint.id)
        at = max(at, row.due_at - NOW)
    (row,) = log(shop, made.endpoint.id)
    assert (row.state, row.attempts) == (DeliveryState.FAILED, desk.MOST_ATTEMPTS)
    assert timedelta(days=2) < at <= timedelta(days=3)
    assert send(at + timedelta(days=1)) == 0


def test_410_disables_and_what_happens_meanwhile_waits(shop: Shop, receiver: Receiver) -> None:
    made = listen(shop, f"{receiver.url}/410")
    tell(shop, holder())
    send()
    assert state(shop, made.endpoint.id) == (EndpointState.DISABLED, Stop.GONE)
    tell(shop, holder())
    assert send() == 0
    with db.transaction(shop.program.id) as conn:
        change = EndpointChange(url=f"{receiver.url}/ok", state=Wanted.ACTIVE)
        service.change(conn, shop.program.id, made.endpoint.id, change, now=NOW, by=SYSTEM)
    assert state(shop, made.endpoint.id) == (EndpointState.ACTIVE, None)
    assert send() == 1
    assert not receiver.ids("ok") & receiver.ids("410")


def test_days_of_failure_disable(shop: Shop, receiver: Receiver) -> None:
    made = listen(shop, f"{receiver.url}/500")
    tell(shop, holder())
    send()
    tell(shop, holder())
    send(timedelta(days=4, hours=23))
    assert state(shop, made.endpoint.id) == (EndpointState.ACTIVE, None)
    send(timedelta(days=5, hours=23))
    assert state(shop, made.endpoint.id) == (EndpointState.DISABLED, Stop.FAILING)


def test_success_between_failures_is_not_days_of_failure(shop: Shop, receiver: Receiver) -> None:
    made = listen(shop, f"{receiver.url}/flaky")
    for day in range(0, 12, 2):
        tell(shop, holder())
        send(timedelta(days=day))
        send(timedelta(days=day, seconds=10))
    assert state(shop, made.endpoint.id) == (EndpointState.ACTIVE, None)


def test_retry_after_leaves_the_whole_endpoint_alone(shop: Shop, receiver: Receiver) -> None:
    listen(shop, f"{receiver.url}/429")
    tell(shop, holder())
    send()
    tell(shop, holder())
    assert send(timedelta(seconds=590)) == 0
    assert send(timedelta(seconds=601)) == 2


@pytest.mark.parametrize(
    "nonsense",
    [
        "Mon, 01 Jan 99999999999999999999 00:00:00 GMT",
        "Mon, 01 Jan 2026 00:00:00 -9999999999999999999",
        "Mon, 01 Jan 2026 00:00:00 +99999999999",
        "soon",
        "-1",
    ],
)
def test_nonsense_in_retry_after_ends_nobodys_run(shop: Shop, receiver: Receiver, nonsense: str) -> None:
    receiver.retry_after = nonsense
    rude = listen(shop, f"{receiver.url}/429")
    listen(shop, f"{receiver.url}/ok")
    tell(shop, holder())
    assert send() == 2
    assert send() == 0, "what was taken goes out again"
    (row,) = log(shop, rude.endpoint.id)
    assert (row.state, row.status, row.attempts) == (DeliveryState.WAITING, 429, 1)
    assert row.due_at - NOW <= timedelta(seconds=6)
    assert len(receiver.calls["ok"]) == 1


def test_a_call_that_breaks_here_is_that_events_trouble_alone(
    shop: Shop, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = listen(shop, f"{receiver.url}/bad", "tier.lost.v1")
    good = listen(shop, f"{receiver.url}/ok", "badge.given.v1")
    real, key = signing.signature, signing.key_of(bad.secret)

    def breaking(keys: Sequence[bytes], id_: str, timestamp: int, body: bytes) -> str:
        if key in keys:
            raise OverflowError
        return real(keys, id_, timestamp, body)

    monkeypatch.setattr(signing, "signature", breaking)
    tell(shop, holder(), type_="tier.lost.v1")
    tell(shop, holder())
    assert send() == 2
    (row,) = log(shop, bad.endpoint.id)
    assert (row.state, row.status, row.attempts, row.response) == (
        DeliveryState.WAITING,
        None,
        1,
        "the call broke: OverflowError",
    )
    assert [one.state for one in log(shop, good.endpoint.id)] == [DeliveryState.DELIVERED]


def test_both_secrets_sign_while_one_replaces_the_other(shop: Shop, receiver: Receiver) -> None:
    made = listen(shop, f"{receiver.url}/ok")
    with db.transaction(shop.program.id) as conn:
        rotated = service.rotate(conn, shop.program.id, made.endpoint.id, now=NOW, by=SYSTEM)
    assert rotated
    tell(shop, holder())
    send()
    tell(shop, holder())
    send(timedelta(hours=24, seconds=1))
    during, after = receiver.calls["ok"]
    assert [during.signed_by(one.secret) for one in (made, rotated)] == [True, True]
    assert [after.signed_by(one.secret) for one in (made, rotated)] == [False, True]


def test_a_slow_endpoint_delays_no_other(shop: Shop, receiver: Receiver) -> None:
    listen(shop, f"{receiver.url}/hang", "tier.lost.v1")
    listen(shop, f"{receiver.url}/ok", "badge.given.v1")
    tell(shop, *(holder() for _ in range(desk.LINES + 1)), type_="tier.lost.v1")
    tell(shop, *(holder() for _ in range(3 * desk.LINES)))
    send(seconds=5)
    hanging = sorted(call.at for call in receiver.calls["hang"])
    assert hanging[desk.LINES] - hanging[0] > 4, "more lines than one endpoint has"
    assert len(receiver.ids("ok")) == 3 * desk.LINES
    assert receiver.calls["ok"][-1].at < hanging[desk.LINES], "it waited for the one that hangs"


def test_a_paused_endpoint_gets_all_of_it_later(shop: Shop, receiver: Receiver) -> None:
    made = listen(shop, f"{receiver.url}/ok")
    for wanted, tries in ((Wanted.PAUSED, 0), (Wanted.ACTIVE, 2)):
        with db.transaction(shop.program.id) as conn:
            service.change(conn, shop.program.id, made.endpoint.id, EndpointChange(state=wanted), now=NOW, by=SYSTEM)
        tell(shop, holder())
        assert send() == tries


def test_a_test_event_goes_to_its_endpoint_alone(shop: Shop, receiver: Receiver) -> None:
    made = listen(shop, f"{receiver.url}/ok", "tier.lost.v1")
    listen(shop, f"{receiver.url}/other")
    with db.transaction(shop.program.id) as conn:
        assert service.send_test(conn, shop.program.id, made.endpoint.id, now=NOW, by=SYSTEM)
    tell(shop)
    send()
    assert [call.event["type"] for call in receiver.calls["ok"]] == ["webhook.test.v1"]
    assert not receiver.calls["other"]


def test_a_replay_sends_the_same_ids_again(shop: Shop, receiver: Receiver) -> None:
    made = listen(shop, f"{receiver.url}/ok")
    tell(shop, holder(), holder(), holder())
    send()
    first = receiver.calls["ok"][0]
    cases = [
        (Replay(events=[first.id]), 1),
        (Replay(since=NOW, until=NOW + timedelta(seconds=1)), 3),
        (Replay(since=NOW + timedelta(seconds=1)), 0),
        (Replay(until=NOW), 0),
        (Replay(state=DeliveryState.FAILED), 0),
    ]
    for wanted, count in cases:
        with db.transaction(shop.program.id) as conn:
            again = service.replay(conn, shop.program.id, made.endpoint.id, wanted, now=NOW, by=SYSTEM)
        assert again == count, wanted
        assert send() == count, wanted
    assert len(receiver.ids("ok")) == 3
    bodies = {call.id: call.body for call in receiver.calls["ok"]}
    assert all(bodies[call.id] == call.body for call in receiver.calls["ok"])


def test_private_addresses_are_not_called_until_the_program_says_so(
    shop: Shop, receiver: Receiver, database: str
) -> None:
    made = listen(shop, f"{receiver.url}/ok")
    with psycopg.connect(db.owner_url()) as owner:
        owner.execute("DELETE FROM workspace_setting WHERE key = 'webhooks.private_networks'")
    tell(shop, holder())
    send()
    (row,) = log(shop, made.endpoint.id)
    assert (row.state, row.status) == (DeliveryState.WAITING, None)
    assert row.response == "not sent: the address lies in a private or reserved network"
    assert not receiver.calls


def test_the_log_is_kept_for_thirty_days(shop: Shop, receiver: Receiver) -> None:
    made = listen(shop, f"{receiver.url}/ok")
    tell(shop, holder())
    for days, left in ((30, 1), (31, 0)):
        with db.across_programs() as conn:
            service.forget(conn, now=NOW + timedelta(days=days))
        assert len(log(shop, made.endpoint.id)) == left


def test_secrets_are_sealed(shop: Shop) -> None:
    made = listen(shop, "https://shop.example/hooks")
    with psycopg.connect(db.owner_url()) as owner:
        row = owner.execute("SELECT secret, w::text FROM webhooks_endpoint w").fetchone()
    assert row
    assert made.secret not in row[1]
    assert made.secret.encode() not in bytes(row[0])
    assert service.opened(made.endpoint.id, bytes(row[0]))
